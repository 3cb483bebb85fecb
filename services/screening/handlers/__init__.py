"""What screening does: load, decide, save, announce, on adjacent lines."""
