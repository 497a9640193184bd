"""Cycles in the shell: the world of a desk, the worker, the order in which things become durable."""
