"""What a run came to: tallies, figures, pictures, a page."""
