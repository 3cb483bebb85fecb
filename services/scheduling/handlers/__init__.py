"""What scheduling does: load, call the domain's verb, save, announce, on adjacent lines."""
