"""Generators of `docs/reference`: what the code says of itself, written down. `python -m deploy.docs write|check`."""
