"""The desk: its files, its settings, its making and its check-up."""
