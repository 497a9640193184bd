"""The search over the log."""
