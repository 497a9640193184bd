"""What a long search is at, on one line of a terminal; nothing where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Seconds before anything is shown: what is quick needs no progress."""
_WIDTH = 78


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Gives a function that is told what is being done. The line is taken away in the end."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    began, shown = time.monotonic(), False

    def told(words: str) -> None:
        nonlocal shown
        if time.monotonic() - began >= PATIENCE:
            shown = True
            sys.stderr.write(f"\r{words[:_WIDTH]:<{_WIDTH}}")
            sys.stderr.flush()

    try:
        yield told
    finally:
        if shown:
            sys.stderr.write(f"\r{' ' * _WIDTH}\r")
            sys.stderr.flush()
