"""Exact numbers written for a reader: rounded for the eye, never for a decision."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import isqrt

_EXACT = re.compile(r"-?[0-9]+(\.[0-9]+|/[0-9]+)?\Z")


def amount(number: str | Fraction | Decimal | int, places: int = 4) -> str:
    """Up to `places` decimals, thousands separated; a word (`unknown`, `yes`) stays as it is."""
    if isinstance(number, str):
        if not _EXACT.match(number):
            return number
        number = Fraction(number)
    value = Fraction(number)
    if places > 2 and value.denominator == 1:
        return f"{value.numerator:,d}"
    rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(
        Decimal(1).scaleb(-places), ROUND_HALF_EVEN
    )
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if places > 2 and "." in text else text


def root(square: Fraction) -> Fraction:
    """The square root to twelve decimals, with the sign of what it is taken of."""
    digits = 10**12
    found = Fraction(isqrt(abs(square.numerator) * digits**2 // square.denominator), digits)
    return -found if square < 0 else found


def percent(share: Fraction) -> str:
    """A share as a percentage with two decimals."""
    return f"{amount(share * 100, 2)} %"


def short(digest: str) -> str:
    """The first digits of a digest, enough for a reader to compare."""
    return digest.removeprefix("sha256:")[:12]
