"""Named persons: their keys, what they approve, and where two of them are needed."""
