"""Surveillance."""
