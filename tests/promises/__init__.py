"""The eight promises of a decision, each a theorem with a test of its name."""
