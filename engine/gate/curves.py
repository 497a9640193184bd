"""The convex limits of a decision beside its other rows: σ² of the same reach, asked for once for all of them.

A convex measure is no sum of what the grants add: it is asked of the ends that they move (`engine.gate.convex`). A
convex limit that its base breaks admits no entry, whatever that moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.gate.convex import ConvexMeasure, Corner, Curve, Form, Variance
from engine.gate.desk import Desk, Ends

Step = tuple[int, int]
"""The place of an entry, and so many shares of it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What some grants make of the desk: NAV⁻, and the ends that they move."""

    nav: int
    ends: Mapping[str, Ends]


class Curves:
    """The convex rows, by their place among all rows."""

    def __init__(self, desk: Desk, asked: bool) -> None:
        """Nothing is read of the covariance unless it is asked for."""
        self._desk = desk
        names = {*desk.ends, *desk.places} if asked else ()
        self._variance = Variance(desk.scope.terms, names, desk.units.shares)
        self._forms: dict[tuple[tuple[str, Ends], ...], Form] = {}
        self.rows: dict[int, Curve] = {}

    def add(self, at: int, measure: ConvexMeasure) -> Curve:
        """One more row."""
        curve = self.rows[at] = Curve(measure, self._variance.unit, self._desk.units.amount)
        curve.base = curve.slope * self._form({}).worst
        return curve

    def standing(self, steps: Iterable[Step]) -> Standing:
        """The desk with so many shares of these entries; one of 0 shares still costs its fee per order."""
        desk = self._desk
        nav, ends = desk.nav, dict[str, Ends]()
        for place, shares in steps:
            ask = desk.asks[place]
            nav -= ask.cost * shares + desk.flat_fee
            ends[ask.name] = after(ask.ends, ask.sign * shares)
        return Standing(nav, ends)

    def breaks(self, at: int, here: Standing) -> bool:
        """Not `worst ≤ bound`, whatever the base."""
        return self._form(here.ends).exceeds(self.rows[at].most(here.nav))

    def read(self, at: int, here: Standing) -> tuple[int, int, Corner]:
        """Value, bound and where the value is."""
        row = self.rows[at]
        corner = self._variance.corner({**self._desk.ends, **here.ends})
        return row.slope * self._form(here.ends).worst, row.bound(here.nav), corner

    def room(self, grown: Sequence[Step], here: Standing, most: int) -> int:
        """The most steps, up to `most`, that these rows admit: more never fit where fewer do not.

        `here` has the entries that grow with a quantity of 0, so that their flat fees count.
        """
        desk, rows = self._desk, self.rows.values()

        def fits(steps: int) -> bool:
            nav, ends = here.nav, dict(here.ends)
            for place, step in grown:
                ask = desk.asks[place]
                nav -= ask.cost * steps * step
                ends[ask.name] = after(ask.ends, ask.sign * steps * step)
            return not self._form(ends).exceeds(min([one.most(nav) for one in rows]))

        fitting, beyond, steps = 0, most + 1, most
        while beyond - fitting > 1:
            fitting, beyond = (steps, beyond) if fits(steps) else (fitting, steps)
            steps = (fitting + beyond) // 2
        return fitting

    def _form(self, moved: Mapping[str, Ends]) -> Form:
        """σ² with these ends in place of the base's."""
        key = tuple(sorted(moved.items()))
        if key not in self._forms:
            self._forms[key] = self._variance.over({**self._desk.ends, **moved})
        return self._forms[key]


def after(ends: Ends, signed: int) -> Ends:
    """The ends when so many shares more may be bought, or sold (negative)."""
    low, high = ends
    return (low, high + signed) if signed > 0 else (low + signed, high)
