"""The four heads: technical, volume, sentiment and rules-based, behind one protocol (`base`)."""
