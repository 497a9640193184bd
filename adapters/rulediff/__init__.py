"""Two rulebooks beside each other: what changes in meaning, and in what would have been decided."""
