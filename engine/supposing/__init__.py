"""What would have been decided: one cycle with other inputs, and which of them made the difference."""
