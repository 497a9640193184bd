"""What people ask of a log."""
