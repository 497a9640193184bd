"""Verify the audit log, or export it for somebody else's program."""
