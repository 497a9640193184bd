"""The log that only grows: writing, reading, verifying, exporting, replaying."""
