"""What leaves scheduling to be read outside of it: calendars, sheets and papers."""
