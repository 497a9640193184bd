"""Lints: what is wrong with the text of a rulebook, each with a code and a page (`docs/lints`)."""
