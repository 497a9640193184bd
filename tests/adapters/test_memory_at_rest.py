"""Garbage is collected between cycles, and not within one."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.running.memory import MOST_YOUNG, collect, settled_memory, uncollected


class Circle:
    """Something that only the collector lets go of."""

    gone: list[int]

    def __init__(self, gone: list[int]) -> None:
        self.own, self.gone = self, gone

    def __del__(self) -> None:
        self.gone.append(1)


def churn() -> None:
    """More than any threshold of the collector."""
    assert len([[] for _ in range(200_000)]) == 200_000


def test_nothing_is_collected_within_and_everything_young_after_it() -> None:
    gone: list[int] = []
    with uncollected(), uncollected():
        assert not gc.isenabled()
        Circle(gone)
        churn()
        assert gone == []
    assert gc.isenabled()
    collect()
    assert gone == [1]


def test_it_begins_again_also_after_a_fault() -> None:
    with pytest.raises(ZeroDivisionError), uncollected():
        _ = 1 // 0
    assert gc.isenabled()


def test_what_is_old_is_walked_through_now_and_then() -> None:
    gone: list[int] = []
    gc.collect()
    old = Circle(gone)
    gc.collect()
    del old
    for _ in range(MOST_YOUNG):
        collect()
    assert gone == [], "it is old"
    collect()
    assert gone == [1]


def test_what_is_loaded_stays_as_long_as_a_desk_is_open() -> None:
    """In a process of its own, which has settled nothing before: pytest has."""
    said = subprocess.run(
        [sys.executable, "-P", "-c", SETTLING],
        env={"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    before, within, after = map(int, said.stdout.split())
    assert before == after == 0 < within


SETTLING = """
import gc
from adapters.running.memory import settled_memory
print(gc.get_freeze_count())
with settled_memory():
    print(gc.get_freeze_count())
print(gc.get_freeze_count())
"""


def test_what_a_process_has_settled_before_stays_settled() -> None:
    before = gc.get_freeze_count()
    assert before > 0, "tests and modules are, once they are collected"
    with settled_memory():
        assert gc.get_freeze_count() == before
    assert gc.get_freeze_count() == before
