"""Old records in sealed segments, and letting go of those whose time is over."""
