"""How close something came, as numbers in order of weight, of which the later ones are worked out only to break a tie.

The order is that of tuples: the first number that differs decides, and what ends is closer than what goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Protocol, TypeVar


class Closeness:
    """Numbers, smaller is closer: some that are known, and then those of `more`."""

    __slots__ = ("_known", "_more", "_rest")

    def __init__(self, *known: Fraction | int, more: Callable[[], Closeness | None] | None = None) -> None:
        self._known = known
        self._more = more
        self._rest: Closeness | None = None

    def at(self, place: int) -> Fraction | int | None:
        """The number at a place; None behind the last one."""
        one, known = self, self._known
        while place >= len(known):
            place -= len(known)
            if one._more is not None:
                one._rest, one._more = one._more(), None
            if one._rest is None:
                return None
            one = one._rest
            known = one._known
        return known[place]


class Close(Protocol):
    """Whatever came so close."""

    @property
    def closeness(self) -> Closeness:
        """How close."""


T = TypeVar("T", bound=Close)


def closest(found: Sequence[T]) -> Sequence[T]:
    """Those than which none is closer, in their order: more than one where they are equally close."""
    if len(found) == 1:
        return found
    place = 0
    while len(found) > 1:
        numbers = [one.closeness.at(place) for one in found]
        if None in numbers:
            return [one for one, number in zip(found, numbers, strict=True) if number is None]
        least = min(number for number in numbers if number is not None)
        found = [one for one, number in zip(found, numbers, strict=True) if number == least]
        place += 1
    return found
