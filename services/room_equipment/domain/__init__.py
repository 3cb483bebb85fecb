"""The rules of rooms, bars and sessions without IO: time, ids and what is known come in as arguments."""
