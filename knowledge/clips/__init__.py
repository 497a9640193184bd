"""CLIPS: text with places, one session a cycle, the derivation."""
