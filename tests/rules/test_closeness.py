from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from rules.closeness import Closeness, closest

NUMBERS = st.one_of(st.integers(-2, 2), st.fractions(0, 1, max_denominator=3))
PARTS = st.lists(st.lists(NUMBERS, max_size=3), min_size=1, max_size=3)


@dataclass(frozen=True)
class One:
    numbers: tuple[Fraction | int, ...]
    closeness: Closeness


def put_off(parts: list[list[Fraction | int]]) -> Closeness:
    first, *rest = parts
    return Closeness(*first, more=partial(put_off, rest) if rest else None)


@given(st.lists(PARTS, min_size=1, max_size=6))
def test_numbers_put_off_are_ordered_like_tuples(found: list[list[list[Fraction | int]]]) -> None:
    all_of_them = [One(tuple(chain(*parts)), put_off(parts)) for parts in found]
    least = min(one.numbers for one in all_of_them)
    assert [one.numbers for one in closest(all_of_them)] == [one.numbers for one in all_of_them if one.numbers == least]


def test_what_breaks_no_tie_is_not_asked_for() -> None:
    def never() -> Closeness:
        raise AssertionError("nobody needs this number")

    near, far = (One((), Closeness(-held, more=never)) for held in (3, 2))
    assert closest([far, near]) == [near]
    assert closest([near]) == [near]
