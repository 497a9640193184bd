"""Explanations from the record."""
