"""Backtests: a desk's rules and limits over past sessions, on the code that also runs live."""
