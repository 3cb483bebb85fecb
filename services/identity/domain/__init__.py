"""Rules of identity without IO: who may ask for what, and how long a guesser waits."""
