"""Scheduling's rules without IO: standard library and `shared.errors` only; time and ids come in as arguments."""
