"""Indicators and model heads: bars in, advisories out. Advisors advise; they never decide."""
