"""Conditions and trading states as numbers to compare: what they measure is free in every question about all markets.

A condition reads only the snapshot and the desk's operational state, and no two kinds read the same thing, so that of
several limits of one kind the tightest decides. Each kind has a range in which its figure can lie at all: a bound at
the edge of the range never binds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.limits.kinds import BOUNDLESS, KINDS
from engine.limits.model import Limit

NEVER = Fraction(10**12)
"""The bound of what no limit bounds."""


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure can lie; `whole` for counts, `floor` for kinds that ask for at least their bound."""

    low: Fraction
    high: Fraction
    whole: bool = False
    floor: bool = False


def _range(low: int, high: int | None = None, whole: bool = False, floor: bool = False) -> Range:
    return Range(Fraction(low), NEVER if high is None else Fraction(high), whole, floor)


RANGES: Mapping[str, Range] = {
    "head_brier": _range(0, 1),
    "head_psi": _range(0, 100),
    "head_age": _range(0, whole=True),
    "healthy_heads": _range(0, whole=True, floor=True),
    "interval_width": _range(0),
    "data_age": _range(0, whole=True),
    "clock_skew": _range(0, whole=True),
    "message_rate": _range(1, whole=True),
    "repeated_execution": _range(1, whole=True),
}
"""Ranges of the conditions that hold a number; `message_rate` and `repeated_execution` count the entry itself."""
STATE_RANGES: Mapping[str, Range] = {
    "day_loss": _range(0, 1),
    "drawdown": _range(0, 1),
    "index_volatility": _range(0, 1),
}
"""Ranges of the figures that name a trading state; their bound is where the state begins."""
FLAGS = frozenset(
    name
    for name, kind in KINDS.items()
    if kind.form in ("condition", "state") and name in BOUNDLESS and "names" not in kind.needed
)
"""Conditions that hold or do not, without a bound or a list."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The figures of one kind that permit an entry: `figure ≤ most`, for states `figure < most`, for floors `≥ most`.

    `limit` is the one that decides; None where no limit of the kind is in force.
    """

    kind: str
    most: Fraction
    limit: Limit | None


def admitted(kind: str, limits: Iterable[Limit]) -> Admitted:
    """What the limits of one kind admit together. A flag admits 0 where a limit asks for it, 1 where none does."""
    own = [one for one in limits if one.kind == kind]
    if kind in FLAGS:
        return Admitted(kind, Fraction(0 if own else 1), own[0] if own else None)
    span = RANGES.get(kind) or STATE_RANGES[kind]
    if span.floor:
        decides = max(own, key=lambda one: one.bound, default=None)
        least = span.low if decides is None else max(span.low, decides.bound)
        return Admitted(kind, Fraction(-(-least // 1)) if span.whole else least, decides)
    decides = min(own, key=lambda one: one.bound, default=None)
    # A figure has to stay below the bound of a state, and a figure at the end of its range reaches none beyond it.
    most = NEVER if decides is None or decides.bound > span.high else decides.bound
    if decides is not None and kind in RANGES and decides.bound >= span.high:
        most = NEVER
    return Admitted(kind, Fraction(most // 1) if span.whole else most, decides)


def halting(kind: str, limits: Iterable[Limit]) -> Admitted:
    """From which figure on a state limit of this kind halts the desk, which only a named person ends."""
    return admitted(kind, [one for one in limits if one.kind == kind and one.then == "halted"])


def wider(one: Admitted, other: Admitted) -> bool:
    """Whether the first admits figures that the second refuses."""
    floor = one.kind in RANGES and RANGES[one.kind].floor
    return one.most < other.most if floor else one.most > other.most


def between(one: Admitted, other: Admitted) -> Fraction:
    """A figure that the wider of both admits and the other does not, near the narrower bound."""
    narrow, wide = sorted((one.most, other.most))
    if one.kind in FLAGS:
        return Fraction(1)
    if one.kind in STATE_RANGES:
        return narrow
    span = RANGES[one.kind]
    if span.floor:
        return narrow
    if span.whole:
        return narrow + 1
    top = min(wide, span.high, narrow + 1)
    return narrow + (top - narrow) / 2


def impossible(one: Admitted) -> bool:
    """Whether no figure in the kind's range permits an entry."""
    if one.limit is None or one.kind in FLAGS:
        return False
    if one.kind in STATE_RANGES:
        return one.most <= STATE_RANGES[one.kind].low
    span = RANGES[one.kind]
    return one.most > span.high if span.floor else one.most < span.low
