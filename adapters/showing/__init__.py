"""The rulebook as people read it: one page with sentences, sources, and a picture of who feeds whom."""
