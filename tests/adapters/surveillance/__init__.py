"""Surveillance of a desk's log."""
