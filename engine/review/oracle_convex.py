"""The convex limits of the oracle: every corner is priced, one after the other, and the worst is kept.

Written from `docs/limits.md` alone: what each factor and each residual has at a corner is added up anew, and squared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm

from engine.gate.convex import Corner
from engine.gate.market import Terms
from engine.limits.model import Limit

MOST_MOVING = 10
"""Instruments that move, up to which every corner is looked at."""


@dataclass(frozen=True, slots=True)
class Range:
    """An instrument with the least and the most shares that some filling leaves it with."""

    terms: Terms
    least: Fraction
    most: Fraction


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of one day's result where it is worst."""

    variance: Fraction
    corner: Corner


def times_square(limit: Limit) -> Fraction:
    """What the variance is multiplied with before it is compared with the square of the bound."""
    match limit.kind:
        case "volatility":
            return Fraction(252)
        case "value_at_risk":
            return Fraction(1_644_854, 1_000_000) ** 2 * limit.days
        case "expected_shortfall":
            return Fraction(2_062_713, 1_000_000) ** 2
        case other:
            raise AssertionError(f"the oracle knows no kind {other}")


def bound_square(share: Fraction, nav: Fraction) -> Fraction:
    """The square of the bound; a NAV below zero bounds everything away."""
    square = (share * nav) ** 2
    return -square if nav < 0 else square


def spread(ranges: Mapping[str, Range]) -> Spread:
    """The worst variance over these ranges."""
    known = {name: one for name, one in sorted(ranges.items()) if one.terms.factors}
    moving = [name for name, one in known.items() if one.least != one.most]
    if len(moving) > MOST_MOVING:
        return Spread(_apart(list(known.values())), Corner(False))
    scale, still, ends = _scaled(known, moving)
    worst = -1
    at: tuple[int, ...] = ()
    for chosen in product((0, 1), repeat=len(moving)):
        parts = [still, *(pair[end] for pair, end in zip(ends, chosen, strict=True))]
        found = sum(sum(column) ** 2 for column in zip(*(factors for factors, _ in parts), strict=True))
        found += sum(residual for _, residual in parts)
        if found > worst:
            worst, at = found, chosen
    shares = tuple((name, (known[name].least, known[name].most)[end]) for name, end in zip(moving, at, strict=True))
    return Spread(Fraction(worst, scale**2), Corner(True, shares))


Part = tuple[tuple[int, ...], int]
"""What some instruments have of each factor and of the residual variance, in whole numbers."""


def _scaled(known: Mapping[str, Range], moving: Sequence[str]) -> tuple[int, Part, list[tuple[Part, Part]]]:
    """A denominator, what stands still, and each moving instrument at its two ends."""
    pairs = {name: (_priced(one.terms, one.least), _priced(one.terms, one.most)) for name, one in known.items()}
    flat = [pair for both in pairs.values() for pair in both]
    scale = lcm(*(each.denominator for factors, _ in flat for each in factors), *(one.denominator for _, one in flat))

    def whole(part: tuple[tuple[Fraction, ...], Fraction]) -> Part:
        factors, residual = part
        return tuple(int(each * scale) for each in factors), int(residual * scale**2)

    count = len(next(iter(known.values())).terms.factors) if known else 0
    fixed = [whole(pairs[name][0]) for name in known if name not in moving]
    still = tuple(sum(factors[at] for factors, _ in fixed) for at in range(count)), sum(part for _, part in fixed)
    return scale, still, [(whole(pairs[name][0]), whole(pairs[name][1])) for name in moving]


def _priced(terms: Terms, shares: Fraction) -> tuple[tuple[Fraction, ...], Fraction]:
    exposure = shares * terms.exposure
    return tuple(each * exposure for each in terms.factors), terms.residual * exposure**2


def _apart(ranges: Sequence[Range]) -> Fraction:
    """Each factor, and each residual, where it is worst by itself."""
    total = Fraction(0)
    for column in zip(*(one.terms.factors for one in ranges), strict=True):
        each = [
            (loading * one.least * one.terms.exposure, loading * one.most * one.terms.exposure)
            for loading, one in zip(column, ranges, strict=True)
        ]
        total += max(sum(map(min, each), Fraction(0)) ** 2, sum(map(max, each), Fraction(0)) ** 2)
    for one in ranges:
        total += one.terms.residual * max(abs(one.least), abs(one.most)) ** 2 * one.terms.exposure**2
    return total
