"""Where bars come from: the feeds, the desk's own store, and the check of both."""
