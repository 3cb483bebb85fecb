"""Screening's rules without IO: what is asked, what it decides, and how long that holds."""
