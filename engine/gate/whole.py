"""Fractions over one denominator, as whole numbers of it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import lcm


def whole(number: Fraction, unit: int) -> int:
    """The number in units of which it is a whole number."""
    top, bottom = number.as_integer_ratio()
    times, left = divmod(unit, bottom)
    assert not left, (number, unit)
    return top * times


def common(numbers: Iterable[Fraction]) -> int:
    """The smallest denominator that all of them have."""
    return lcm(*{one.denominator for one in numbers})
