"""Every numeric limit in force as rows of whole numbers, made once for a decision.

A row is one limit applied to one subject. The book alone makes it worth `base`; it may rise by `share·NAV⁻ + gap`; and
what an entry adds is a line in its quantity. All of a row is in one unit of its own, so that a question about grants is
a sum and a comparison (`engine.gate.running`). What rows each kind of limit has says `engine.gate.compiled`.

Almost every line is a slope alone. Others bend, where an instrument is held or worked, or begin above zero, with a fee
per order or where the presence of an order counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from engine.gate.convex import ConvexMeasure
from engine.gate.curves import Curves
from engine.gate.desk import Desk
from engine.gate.whole import whole
from engine.limits.model import Limit

Bend = tuple[int, int, int, int, int]
"""(w, p, n, end, sign): at q shares `max(w, p·x, n·x) - w` with `x = end + sign·q`."""


class Line(NamedTuple):
    """What one entry adds to one row: `fixed + slope·q`, and what a bend does."""

    slope: int
    fixed: int = 0
    bend: Bend | None = None

    def at(self, shares: int) -> int:
        """At this quantity."""
        total = self.fixed + self.slope * shares
        if self.bend is None:
            return total
        w, p, n, end, sign = self.bend
        end += sign * shares
        return total + max(w, p * end, n * end) - w


class Rows:
    """The rows by their place, and of each entry the lines in them."""

    def __init__(self, desk: Desk, convex: bool) -> None:
        """Of no limit yet; `convex` says whether there will be one that asks for the covariance."""
        self.desk = desk
        self.limits: list[Limit] = []
        self.subjects: list[str] = []
        self.units: list[int] = []
        self.shares: list[int] = []
        self.gaps: list[int] = []
        """What may be added at a NAV⁻ of nothing; `shares[at]·NAV⁻` more at another."""
        self.bases: list[int] = []
        self.slopes: list[dict[int, int]] = [{} for _ in desk.asks]
        """By the place of the entry: of each row that it moves in a straight line from zero the slope."""
        self.lines: list[dict[int, Line]] = [{} for _ in desk.asks]
        """All other rows that it moves."""
        self.least: list[tuple[int, str, int]] = []
        """Rows off which the least exposure of others is taken: the row, its subject, what of it is taken (times)."""
        self.curves = Curves(desk, convex)
        self._straight = [(place, ask.exposure) for place, ask in enumerate(desk.asks) if ask.flat]
        self._kinked = [(place, ask) for place, ask in enumerate(desk.asks) if not ask.flat]

    def key(self, at: int) -> str:
        """A name that is unique among the rows of a decision: `portfolio.sector[technology]`."""
        limit, subject = self.limits[at].id, self.subjects[at]
        return f"{limit}[{subject}]" if subject else limit

    def line(self, place: int, at: int) -> Line | None:
        """What an entry adds to a row; None where nothing."""
        found = self.lines[place].get(at)
        if found is None and (slope := self.slopes[place].get(at)):
            return Line(slope)
        return found

    # --- making them ----------------------------------------------------------------------------------------------

    def family(self, limit: Limit, subjects: Sequence[str], times: int, share: Fraction, bases: Sequence[int]) -> int:
        """Rows in units of an amount divided by `times`; the bound is a share of NAV⁻. Returns the first place."""
        first, count = len(self.limits), len(subjects)
        self.limits += [limit] * count
        self.subjects += subjects
        self.units += [self.desk.units.amount * times] * count
        self.shares += [whole(share, times)] * count
        self.gaps += [-base for base in bases]
        self.bases += bases
        return first

    def row(self, limit: Limit, subject: str, times: int, share: Fraction, base: int, constant: int = 0) -> int:
        """A single row, bounded by a share of NAV⁻ and a constant."""
        at = self.family(limit, (subject,), times, share, (base,))
        self.gaps[at] += constant
        return at

    def absolute(self, ats: Mapping[str, Iterable[int]], times: int) -> None:
        """Rows that the exposure of an instrument adds to, whatever its side; their places by instrument."""
        for place, exposure in self._straight:
            slopes = self.slopes[place]
            for at in ats.get(self.desk.asks[place].name, ()):
                slopes[at] = exposure * times
        for place, ask in self._kinked:
            for at in ats.get(ask.name, ()):
                self.profile(place, at, ask.exposure * times, -ask.exposure * times)

    def signed(self, at: int, weights: Iterable[tuple[int, int]]) -> None:
        """One row that what is bought adds to, and what is sold takes from; weights by the place of the entry."""
        for place, weight in weights:
            # A fall leaves the worst filling where it is, and from either end a rise is straight.
            if (rise := weight * self.desk.asks[place].sign) > 0:
                self.slopes[place][at] = rise

    def profile(self, place: int, at: int, p: int, n: int) -> None:
        """One entry in a row to which a position of x shares adds max(p·x, n·x)."""
        ask = self.desk.asks[place]
        steep, end = max(p * ask.sign, n * ask.sign), ask.ends[ask.sign > 0]
        before = weight(p, n, ask.ends)
        if end * ask.sign >= 0 and before == max(0, steep) * abs(end):
            if steep > 0:
                self.slopes[place][at] = steep
        else:
            self.lines[place][at] = Line(0, 0, (before, p, n, end, ask.sign))

    def priced(self, at: int, prices: Iterable[int], times: int) -> None:
        """One row to which each share of an entry adds a price; prices by the place of the entry."""
        for slopes, price in zip(self.slopes, prices, strict=True):
            if price:
                slopes[at] = price * times

    def curve(self, limit: Limit) -> None:
        """The row of a convex limit."""
        scope, at = self.desk.scope, len(self.limits)
        curve = self.curves.add(at, ConvexMeasure(limit, scope.terms, scope.share_of_nav(limit)))
        self.limits.append(limit)
        self.subjects.append("")
        self.units.append(curve.unit)
        self.bases.append(curve.base)
        # No sum is asked of it.
        self.shares.append(0)
        self.gaps.append(0)


def weight(p: int, n: int, ends: tuple[int, int]) -> int:
    """The largest `max(p·x, n·x)` between two ends."""
    low, high = ends
    return max(p * low, n * low, p * high, n * high)
