"""A sample of the random books that `tests/many_books.py` looks at by the hundred thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from engine.gate import judge as gate
from tests.many_books import book, chunk

SAMPLE = range(200)


def test_two_hundred_books_agree_and_keep_the_promises() -> None:
    counts, failed = chunk(7, SAMPLE)
    assert failed == []
    for name in (
        "baskets",
        "convex limits",
        "working entries",
        "orders partly filled",
        "limits broken before",
        "exits",
    ):
        assert counts[f"books with {name}"] > 10, name
    assert min(counts[f"entries {name}"] for name in ("granted", "cut", "denied")) > 10


def test_a_book_is_the_same_whoever_makes_it() -> None:
    assert book(7, 11) == book(7, 11)
    assert book(7, 11) != book(7, 13)
    assert book(7, 11) != book(8, 11)


def generous(*of: Any) -> int:
    return int(ROOM(*of)) + 1


def meagre(*of: Any) -> int:
    return max(0, int(ROOM(*of)) - 1)


ROOM = gate._room


@pytest.mark.parametrize(("room", "who"), [(generous, "promise 1"), (generous, "Z3"), (generous, "checker"),
                                           (meagre, "checker"), (meagre, "Z3")])  # fmt: skip
def test_a_gate_that_errs_by_one_lot_is_noticed(room: Callable[..., int], who: str) -> None:
    with patch.object(gate, "_room", room):
        _, failed = chunk(7, range(1, 60, 2))
    assert [one for one in failed if who in one]
