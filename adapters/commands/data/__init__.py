"""Bring in your own bars, check them, and say whose they are."""
