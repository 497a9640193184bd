"""Running the cases of a rulebook: what passes, what it exercises, and what a changed rule would get past it."""
