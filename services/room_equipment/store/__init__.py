"""Every query of this service, by noun. SQL is text: what the constraints are written in, and what is measured."""
