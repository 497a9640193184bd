"""Positions and cash as a fold over what the log says happened."""
