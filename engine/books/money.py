"""Exact money: sums and products that refuse to round, and the one place where a fraction becomes a decimal."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from fractions import Fraction
from typing import Literal

NOTHING = Decimal(0)
Rounding = Literal["ROUND_CEILING", "ROUND_FLOOR", "ROUND_HALF_EVEN"]

_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero])


def total(*terms: Decimal) -> Decimal:
    """The exact sum. Raises `decimal.Inexact` rather than round."""
    result = NOTHING
    for term in terms:
        result = _EXACT.add(result, term)
    return result


def product(*factors: Decimal) -> Decimal:
    """The exact product. Raises `decimal.Inexact` rather than round."""
    result = Decimal(1)
    for factor in factors:
        result = _EXACT.multiply(result, factor)
    return result


def to_multiple(value: Fraction, quantum: Decimal, rounding: Rounding) -> Decimal:
    """A fraction as a multiple of `quantum`: up, down (towards minus infinity) or to the nearest, ties to even."""
    scaled = value / Fraction(quantum)
    low = scaled.numerator // scaled.denominator
    rest = scaled - low
    nearest_is_up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1)
    up = rest > 0 and (rounding == ROUND_CEILING or (rounding == ROUND_HALF_EVEN and nearest_is_up))
    return _EXACT.multiply(Decimal(low + up), quantum)
