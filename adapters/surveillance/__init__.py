"""Surveillance of a desk: patterns looked for in its log, findings recorded, and closed by persons."""
