"""What starts, fills and packages Caibei: embedded servers, the `caibei` executable, containers, the demo chain."""
