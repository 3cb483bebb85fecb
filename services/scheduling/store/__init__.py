"""Every query of scheduling, by noun. Statements are set-based; each function says how many it runs if not one."""
