"""`make bench`: what Caibei does in how much time and memory, beside what the machine can do at all."""
