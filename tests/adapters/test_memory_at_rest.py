"""Garbage is collected between cycles, and not within one."""

from __future__ import annotations

import gc

import pytest

from adapters.running.memory import MOST_YOUNG, collect, uncollected


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
