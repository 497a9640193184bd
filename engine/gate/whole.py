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


def parted(number: int, unit: int) -> Fraction:
    """So many parts of which `unit` make one, as the fraction it is."""
    full, left = divmod(number, unit)
    # Most are whole, and then there is no common divisor to look for.
    return Fraction(number, unit) if left else Fraction(full)


def common(numbers: Iterable[Fraction]) -> int:
    """The smallest denominator that all of them have."""
    return lcm(*{one.denominator for one in numbers})
