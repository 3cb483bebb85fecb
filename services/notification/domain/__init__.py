"""Rules of notification without IO: what is worth a message, whether it is still true, and how it reads."""
