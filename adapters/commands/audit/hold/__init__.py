"""Legal holds: keep records beyond their time, see what is held, and end it."""
