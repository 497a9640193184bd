"""Look for patterns of market abuse and of nearness to limits in the log, and say what became of each."""
