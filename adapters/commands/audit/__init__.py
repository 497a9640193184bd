"""Verify the audit log, sign it, prove what is in it, search it, export it, look after its age."""
