"""The circumstances two limits files are compared in: days on which other limits are in force, regimes, market figures.

Regime and market figures are free in a question about all markets. Only what a file can tell apart matters: each regime
by its multiplier and its `when`, each figure by the intervals between the bounds that some `when` names, each day from
the snapshot's session on by the windows that begin or end. Circumstances in which both files say the same twice are
asked about once. Entries need the trading state `active`, so that limits for other states bind none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import product

from engine.limits.kinds import REGIMES as KNOWN_REGIMES
from engine.limits.model import UNKNOWN_REGIME, Limit, Limits
from knowledge.values import text

ACTIVE = "active"
VOLATILITY = "index-volatility-rank"
"""The market figure that the kind `index_volatility` reads."""
REGIMES = (*KNOWN_REGIMES, UNKNOWN_REGIME)
MOST_CASES = 200


class TooMany(Exception):
    """More circumstances than one question takes."""


@dataclass(frozen=True)
class Case:
    """One set of circumstances. `figures` holds those that some `when` names; None stands for unknown."""

    session: str
    regime: str
    figures: Mapping[str, Fraction | None] = field(default_factory=dict)

    def in_force(self, limits: Limits) -> tuple[Limit, ...]:
        """The limits that bind an entry."""
        return limits.in_force(self.session, self.regime, ACTIVE, self.known)

    @property
    def known(self) -> dict[str, Fraction]:
        """Figures of the market; a calm index where no `when` asks for its volatility."""
        named = {name: value for name, value in self.figures.items() if value is not None}
        return named if VOLATILITY in self.figures else {VOLATILITY: Fraction(0), **named}

    def open_under(self, limits: Limits) -> bool:
        """Whether the market's own figures leave the desk active under a file."""
        rank = self.known.get(VOLATILITY)
        states = limits.in_force(self.session, self.regime, figures=self.known)
        return all(rank is not None and rank < one.bound for one in states if one.kind == "index_volatility")

    def __str__(self) -> str:
        """For a reader: `2026-11-20, regime bull`."""
        told = [f"{name} {'unknown' if value is None else text(value)}" for name, value in self.figures.items()]
        regime = "unknown regime" if self.regime == UNKNOWN_REGIME else f"regime {self.regime}"
        return ", ".join((self.session, regime, *told))


def cases(files: Sequence[Limits], session: str) -> list[Case]:
    """Every set of circumstances these files tell apart, the widest bounds first. Raises `TooMany`."""
    figures = _figures(files)
    options = [_cells(points) for points in figures.values()]
    days, found = _days(files, session), dict[object, Case]()
    for day, regime, values in product(days, REGIMES, product(*options)):
        case = Case(day, regime, dict(zip(figures, values, strict=True)))
        # Rows are told apart by identity: each file holds a row of a limit once.
        seen = tuple(
            (one.multiplier(regime), tuple(id(row) for row in case.in_force(one)), case.open_under(one))
            for one in files
        )
        found.setdefault(seen, case)
        if len(found) > MOST_CASES:
            raise TooMany(f"the files tell more than {MOST_CASES} circumstances apart")
    place = {day: at for at, day in enumerate(days)}
    widest = {one: -sum(file.multiplier(one) for file in files) for one in REGIMES}
    return sorted(found.values(), key=lambda one: (place[one.session], widest[one.regime]))


def _days(files: Sequence[Limits], session: str) -> list[str]:
    """The snapshot's session, and every later day on which a window begins or has ended."""
    later = set()
    for limit in (one for file in files for one in file.limits):
        later.add(limit.effective)
        if limit.until and limit.until < date.max.isoformat():
            later.add((date.fromisoformat(limit.until) + timedelta(days=1)).isoformat())
    return [session, *sorted(day for day in later if day > session)]


def _figures(files: Sequence[Limits]) -> dict[str, set[Fraction]]:
    found: dict[str, set[Fraction]] = {}
    for when in (one.when for file in files for one in file.limits if one.when.figure):
        points = found.setdefault(when.figure, set())
        points |= {one for one in (when.above, when.below) if one is not None}
    if VOLATILITY in found:
        found[VOLATILITY] |= {one.bound for file in files for one in file.limits if one.kind == "index_volatility"}
    return {name: found[name] for name in sorted(found)}


def _cells(points: set[Fraction]) -> list[Fraction | None]:
    """A value in each interval between the points, the points themselves, and not knowing."""
    return [None, *_between(sorted(points))]


def _between(points: Sequence[Fraction]) -> Iterator[Fraction]:
    yield points[0] / 2
    for at, point in enumerate(points):
        yield point
        yield (point + points[at + 1]) / 2 if at + 1 < len(points) else min(point + 1, (point + 1) / 2)
