"""Fixtures of the shell's tests."""

from tests.shared_run import shared

__all__ = ["shared"]
