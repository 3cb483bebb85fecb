"""Scheduling over HTTP, by noun."""
