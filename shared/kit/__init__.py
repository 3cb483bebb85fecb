"""The technical kit: database, outbox, inbox, HTTP, jobs, telemetry. It knows no word of a spa."""
