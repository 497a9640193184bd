"""Key pairs of people who approve limits."""
