"""Benchmarks: they measure and print tables, and assert nothing (`python -m tests.bench`, docs/benchmarks.md)."""
