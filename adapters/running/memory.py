"""When the collector of garbage runs: never where somebody waits.

What a cycle makes is let go by counting references; the collector is there for circles. It walks through all that was
made since the start, 0.1 s and more after some hundred sessions of fifty instruments, and it would do so whenever the
facts of a session happen to fill its measure.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MOST_YOUNG = 64
"""Collections of what is young after which everything is walked through."""


@contextmanager
def settled_memory() -> Iterator[None]:
    """What is loaded by now stays: the collector need not walk through bars and models in the middle of a cycle.

    A process that has settled its memory before keeps what it settled, and no more.
    """
    gc.collect()
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected until the end. A cycle's facts are thousands of objects, and none of them is garbage."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def collect() -> None:
    """Collect what a cycle has left, while nobody waits."""
    gc.collect(2 if gc.get_count()[2] >= MOST_YOUNG else 1)
