"""Every query of screening, by noun."""
