"""The risk officer's limits: kinds, values, the file."""
