"""Writing SMT-LIB 2 terms over exact reals: numbers, sums, products, names and remarks."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache

ZERO = "0.0"
MOST_DIGITS = 15
"""Digits after the point, beyond which a number is written as a quotient."""


class Unaskable(ValueError):
    """What has no encoding."""


def real(number: Fraction | int) -> str:
    """An exact literal: `12.0`, `(/ 1.0 3.0)`, `(- 5.0)`."""
    signed, below = number.numerator, number.denominator
    above = abs(signed)
    digits = f"{above}.0" if below == 1 else f"(/ {above}.0 {below}.0)"
    return f"(- {digits})" if signed < 0 else digits


def number(value: Fraction | int) -> str:
    """An exact literal, as a decimal where that is short: `12.0`, `(- 0.25)`, `(/ 1.0 3.0)`."""
    signed, below = value.numerator, value.denominator
    above = abs(signed)
    if below == 1:
        digits = f"{above}.0"
    else:
        tenfold, places = _places(below)
        if places == 0:
            return real(value)
        shown = f"{above * tenfold:0{places + 1}d}"
        digits = f"{shown[:-places]}.{shown[-places:]}"
    return f"(- {digits})" if signed < 0 else digits


@cache
def _places(below: int) -> tuple[int, int]:
    """What makes this denominator a power of ten, and which; 0 where none within `MOST_DIGITS` is one."""
    for places in range(1, MOST_DIGITS + 1):
        if 10**places % below == 0:
            return 10**places // below, places
    return 0, 0


def weighted(factor: Fraction | int, term: str) -> str:
    """`factor * term` with a factor that is not zero, in decimals."""
    if factor == 1:
        return term
    return f"(- {term})" if factor == -1 else f"(* {number(factor)} {term})"


def times(factor: Fraction | int, term: str) -> str:
    """`factor * term`; the factor is a literal, so that the term stays linear."""
    above = factor.numerator
    if above == 0 or term == ZERO:
        return ZERO
    if above in (1, -1) and factor.denominator == 1:
        return term if above == 1 else f"(- {term})"
    return f"(* {real(factor)} {term})"


def plus(terms: Iterable[str]) -> str:
    """The sum of any number of terms; zeros are left out."""
    listed = [term for term in terms if term != ZERO]
    if not listed:
        return ZERO
    return listed[0] if len(listed) == 1 else f"(+ {' '.join(listed)})"


def minus(term: str, other: str) -> str:
    """`term - other`."""
    return term if other == ZERO else f"(- {term} {other})"


def name(*words: str) -> str:
    """A quoted symbol of these words. Raises `Unaskable` for words that SMT-LIB cannot quote."""
    written = " ".join(words)
    if not written.isascii() or not written.isprintable() or "|" in written or "\\" in written:
        raise Unaskable(f"`{written}` can be no name in SMT-LIB")
    return f"|{written}|"


def remark(words: str) -> str:
    """A comment to the end of the line; whatever could end it early is replaced."""
    if words.isascii() and words.isprintable():
        return f"; {words}"
    return "; " + "".join(one if one.isascii() and one.isprintable() else "?" for one in words)
