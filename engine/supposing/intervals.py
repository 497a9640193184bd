"""The values of one input within which an answer stays the same, all else equal.

An input takes values on a grid (the door's quantum, the digits of a limit), and the answer at a place of the grid is
found by deciding. From where the input stands, each side is looked at on its own:

1. places that are likely to matter (numbers that rules compare with, what the arithmetic of a limit names) with their
   neighbours, places around it, the end of the grid and one on the way to it are tried, from near to far;
2. between the last one with the same answer and the first with another, halving finds two neighbours of which one
   answers the same and one does not: the end of the interval, exact on the grid;
3. that nothing changes in between is not taken for granted: places between where it stands and the end are tried, and
   where one answers otherwise, the end is sought nearer. What was tried beyond the end and answers as it does now is
   told, too: then the answer does not change once and for all.

What was never tried is not known; the number of places tried is told. A search has a budget of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

T = TypeVar("T")
SPREAD = (Fraction(1, 3),)
"""Where on the way to the end of the grid places are tried, of every input."""
WITHIN = (Fraction(1, 3), Fraction(4, 5))
"""Where between the place it stands at and an end that was found places are tried."""
NEAR = (2, 16, 128)
"""How many places inside an end that was found places are tried: where amounts are rounded, answers may alternate."""
BEYOND = (Fraction(1, 2), Fraction(1))
"""Where between an end and that of the grid places are tried."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Evenly spaced values, `low`, `low + step` …, of which there are `size`."""

    low: Fraction
    step: Fraction
    size: int

    def value(self, place: int) -> Fraction:
        """The value at a place."""
        return self.low + place * self.step

    def nearest(self, value: Fraction) -> int:
        """The place next to a value, inside the grid."""
        return min(max(round((value - self.low) / self.step), 0), self.size - 1)

    @property
    def last(self) -> int:
        """The highest place."""
        return self.size - 1


class Spent(Exception):
    """The budget is used up."""


class Asked(Generic[T]):
    """Answers by place, each found once; `budget` counts those found."""

    def __init__(self, answer: Callable[[int], T], budget: Budget) -> None:
        self._answer, self._budget = answer, budget
        self.known: dict[int, T] = {}

    def __call__(self, place: int) -> T:
        """The answer at a place. Raises `Spent`."""
        if place not in self.known:
            self._budget.take()
            self.known[place] = self._answer(place)
        return self.known[place]


@dataclass
class Budget:
    """How many answers may still be found."""

    left: int
    used: int = 0

    def take(self) -> None:
        """Count one. Raises `Spent`."""
        if self.left <= 0:
            raise Spent
        self.left -= 1
        self.used += 1


@dataclass(frozen=True, slots=True)
class End:
    """Where an interval ends: the last place that answers the same, and the next one, which answers otherwise.

    `beyond` is None where the grid ends there; `again` are places tried beyond that answer as it does now. `known` is
    False where the budget ended the search: then the end may lie anywhere from here on.
    """

    last: int
    beyond: int | None
    again: tuple[int, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Interval:
    """The places around `at` that answer the same; `tried` counts the places inside that were looked at."""

    at: int
    low: End
    high: End
    tried: int

    @property
    def whole(self) -> bool:
        """Whether no value that was tried changes the answer."""
        return self.low.beyond is None and self.high.beyond is None and self.low.known and self.high.known


def interval(
    grid: Grid,
    at: int,
    asked: Asked[T],
    same: Callable[[T], bool],
    likely: Iterable[int] = (),
    around: Iterable[int] = (),
) -> Interval:
    """The interval around `at` in which `same` holds of the answer; it has to hold there.

    `likely` are places that may matter, which are tried with their neighbours, and `around` some that are tried, too.
    Where the budget ends before the search, its ends say so.
    """
    near = {place + by for place in likely for by in (-1, 0, 1)} | {*around}
    low = _end(at, 0, near, lambda place: same(asked(place)))
    high = _end(at, grid.last, near, lambda place: same(asked(place)))
    again = [tuple(sorted(place for place, answer in asked.known.items() if beyond(place) and same(answer)))
             for beyond in (_below(low), _above(high))]  # fmt: skip
    tried = sum(low.last <= place <= high.last for place in asked.known)
    return Interval(at, _with(low, again[0]), _with(high, again[1]), tried)


def _below(end: End) -> Callable[[int], bool]:
    return lambda place: end.beyond is not None and place < end.beyond


def _above(end: End) -> Callable[[int], bool]:
    return lambda place: end.beyond is not None and place > end.beyond


def _with(end: End, again: tuple[int, ...]) -> End:
    return End(end.last, end.beyond, again, end.known)


def _end(at: int, edge: int, near: Iterable[int], same: Callable[[int], bool]) -> End:
    """The end of the interval on the side of `edge`."""
    if edge == at:
        return End(at, None)
    sign, way = (1, edge - at) if edge > at else (-1, at - edge)
    named = {sign * (place - at) for place in near if 0 < sign * (place - at) <= way}
    tried = named | {way, *(int(way * part) for part in SPREAD)}
    good, bad = 0, None
    try:
        for step in sorted(tried - {0}):
            if not same(at + sign * step):
                bad = step
                break
            good = step
        while bad is not None:
            good, bad = _halved(good, bad, lambda step: same(at + sign * step))
            # Where an end was expected nothing alternates.
            inside = set() if {good, bad} <= named else {bad - 1 - by for by in NEAR}
            nearer = _first_otherwise(bad, inside, lambda step: same(at + sign * step))
            if nearer is None:
                for part in BEYOND:
                    same(at + sign * (bad + int((way - bad) * part)))
                break
            good, bad = nearer
    except Spent:
        return End(
            at + sign * good, None if bad is None else at + sign * bad, known=bad is not None and bad - good == 1
        )
    return End(at + sign * good, None if bad is None else at + sign * bad)


def _halved(good: int, bad: int, same: Callable[[int], bool]) -> tuple[int, int]:
    """Two neighbours, of which the nearer one answers the same."""
    while bad - good > 1:
        middle = (good + bad) // 2
        if same(middle):
            good = middle
        else:
            bad = middle
    return good, bad


def _first_otherwise(bad: int, places: set[int], same: Callable[[int], bool]) -> tuple[int, int] | None:
    """The first place tried before `bad` that answers otherwise, and the last before it that does not."""
    before = 0
    places = places | {int(bad * part) for part in WITHIN}
    for step in sorted(place for place in places if 0 < place < bad):
        if not same(step):
            return before, step
        before = step
    return None
