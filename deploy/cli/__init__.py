"""The executable `caibei`: one module a command, loaded when it is called."""
