"""Load, decide in the domain, save, announce: on adjacent lines, in the caller's transaction."""
