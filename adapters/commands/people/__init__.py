"""Persons of the desk: let another list of them in."""
