"""How often a walk over a log looks for garbage: seldom, because what it reads of a record holds no cycles.

Values that are read and let go again free themselves; a look at everything that a long walk holds would find nothing,
and takes a tenth of its time. What makes cycles all the same (a fault, a model of the envelope) is still found.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (100_000, 20, 20)
"""The collector's thresholds meanwhile."""


@contextmanager
def seldom() -> Iterator[None]:
    """Look for garbage seldom, as long as this lasts."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
