"""What has been granted so far, as one sum of whole numbers for each row.

Every entry is in an instrument of its own, so that what it adds to a row does not depend on the others: a row is its
base plus one number for each grant, and NAV⁻ is the book's less one number for each. A question about any set of grants
is a sum, and the state that everything earlier has left is kept instead of being made anew. Rows that an entry does not
move can only break because NAV⁻ falls: one comparison with the largest NAV⁻ that any moved row needs.

Convex rows are no such sums: `engine.gate.curves` is asked, from the ends that the grants move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from engine.gate.convex import Corner
from engine.gate.curves import Standing, Step
from engine.gate.desk import least_shares
from engine.gate.proposals import Entry
from engine.gate.rows import Rows
from engine.gate.whole import parted


class Part(NamedTuple):
    """So many steps of an entry or of a basket's legs: what they take from NAV⁻, and add to each row they move."""

    name: str
    grown: Sequence[Step]
    """One step: a lot, or the legs of a unit."""
    size: int
    """How many steps."""
    cost: int
    effects: dict[int, int]

    @property
    def steps(self) -> list[Step]:
        """All of them."""
        return [(place, shares * self.size) for place, shares in self.grown]


class Running:
    """The grants so far, in order, and what they come to."""

    def __init__(self, rows: Rows) -> None:
        self.rows, self.desk = rows, rows.desk
        self.parts: dict[str, Part] = {}
        self.rises = [0] * len(rows.limits)
        self.cost = 0
        self._needs: dict[int, int] = {}
        """Of each row that has risen the NAV⁻ below which it breaks, and the largest of them."""
        self._need: int | None = None
        self._fractions: dict[tuple[int, int], Fraction] = {}

    @property
    def nav(self) -> int:
        """NAV⁻ with everything granted."""
        return self.desk.nav - self.cost

    # --- what there is --------------------------------------------------------------------------------------------

    def grown(self, entries: Sequence[Entry]) -> list[Step]:
        """A step of these entries: a lot of one, or a unit of a basket's legs."""
        desk = self.desk
        return [(place, desk.asks[place].step) for place in [desk.places[one.instrument] for one in entries]]

    def part(self, name: str, grown: Sequence[Step], count: int) -> Part:
        """What so many steps take and add; at none, each order still costs its fee."""
        desk, rows = self.desk, self.rows
        cost, effects = 0, dict[int, int]()
        for place, step in grown:
            quantity = step * count
            cost += desk.asks[place].cost * quantity + desk.flat_fee
            if effects:
                for at, slope in rows.slopes[place].items():
                    effects[at] = effects.get(at, 0) + slope * quantity
            else:
                effects = {at: slope * quantity for at, slope in rows.slopes[place].items()}
            for at, line in rows.lines[place].items():
                if effect := line.at(quantity):
                    effects[at] = effects.get(at, 0) + effect
            if rows.least and (fall := self.fall(place, quantity)):
                for at, each in self._less(place):
                    effects[at] = effects.get(at, 0) + each * fall
        return Part(name, grown, count, cost, effects)

    def grant(self, part: Part) -> None:
        """From now on this is granted."""
        rows, rises = self.rows, self.rises
        self.parts[part.name] = part
        self.cost += part.cost
        for at, effect in part.effects.items():
            rise = rises[at] = rises[at] + effect
            if rise > 0 and (share := rows.shares[at]) > 0:
                self._needs[at] = -((rows.gaps[at] - rise) // share)
        self._need = max(self._needs.values(), default=None)

    def standing(self, parts: Iterable[Part]) -> Standing:
        """The desk with these."""
        return self.rows.curves.standing(step for one in parts for step in one.steps)

    def exceeds(self, at: int, rise: int, nav: int) -> bool:
        """Not `worst ≤ max(bound, base)`, of a row whose value rises by so much."""
        return rise > 0 and rise > self.rows.shares[at] * nav + self.rows.gaps[at]

    def fall(self, place: int, shares: int) -> int:
        """What the least shares of an entry's instrument fall by, where a row counts them."""
        ask = self.desk.asks[place]
        low, high = ask.ends
        if not self.rows.least or low <= 0 <= high:
            return 0
        after = (low, high + shares) if ask.sign > 0 else (low - shares, high)
        return least_shares(ask.ends) - least_shares(after)

    # --- questions ------------------------------------------------------------------------------------------------

    def broken(self, step: Part) -> list[int]:
        """The rows that break with this beside what is granted, in their order."""
        rises, shares, gaps, nav = self.rises, self.rows.shares, self.rows.gaps, self.nav - step.cost
        found = [at for at, effect in step.effects.items()
                 if (rise := rises[at] + effect) > shares[at] * nav + gaps[at] and rise > 0]  # fmt: skip
        if self._need is not None and nav < self._need:
            found += [at for at, need in self._needs.items() if need > nav and at not in step.effects]
        if self.rows.curves.rows:
            here = self.standing((*self.parts.values(), step))
            found += [at for at in self.rows.curves.rows if self.rows.curves.breaks(at, here)]
        return sorted(found)

    def breaks(self, at: int, parts: Sequence[Part]) -> bool:
        """Whether a row breaks with exactly these."""
        if at in self.rows.curves.rows:
            return self.rows.curves.breaks(at, self.standing(parts))
        rise = sum([part.effects.get(at, 0) for part in parts])
        return self.exceeds(at, rise, self.desk.nav - sum([part.cost for part in parts]))

    def read(self, which: Iterable[int], *more: Part) -> Iterator[tuple[int, Fraction, Fraction, Corner | None]]:
        """Value, bound and corner of each of these rows with everything granted, and these."""
        rows, curves, amount = self.rows, self.rows.curves, self.amount
        here = self.standing((*self.parts.values(), *more)) if curves.rows else None
        nav, effects = self.nav - sum([part.cost for part in more]), [part.effects for part in more]
        for at in which:
            if here is not None and at in curves.rows:
                value, bound, corner = curves.read(at, here)
                yield at, amount(at, value), amount(at, bound), corner
            else:
                value = base = rows.bases[at]
                value += self.rises[at]
                for each in effects:
                    value += each.get(at, 0)
                yield at, amount(at, value), amount(at, rows.shares[at] * nav + rows.gaps[at] + base), None

    def amount(self, at: int, number: int) -> Fraction:
        """A number of a row as the fraction it is; rows of one limit have most of theirs in common."""
        key = number, self.rows.units[at]
        found = self._fractions.get(key)
        if found is None:
            found = self._fractions[key] = parted(*key)
        return found

    def room(self, grown: Sequence[Step], most: int) -> int:
        """The most of these steps, up to `most`, that every row admits."""
        desk, rows = self.desk, self.rows
        cost = sum([desk.asks[place].cost * step for place, step in grown])
        nav = self.nav - desk.flat_fee * len(grown)
        if self._need is not None and nav < self._need + cost * most:
            if nav < self._need:
                return 0
            most = (nav - self._need) // cost
        bent: Iterable[int] = rows.lines[grown[0][0]]
        if len(grown) == 1:
            most = self._straight(*grown[0], nav, most)
        else:
            bent = {at for place, _ in grown for at in (*rows.slopes[place], *rows.lines[place])}
        for at in bent:
            if most <= 0:
                return 0
            most = self.longest(at, grown, self.rises[at], nav, most)
        if rows.curves.rows and most > 0:
            nothing = [(place, 0) for place, _ in grown]
            here = rows.curves.standing([*(step for one in self.parts.values() for step in one.steps), *nothing])
            return rows.curves.room(grown, here, most)
        return most

    def _straight(self, place: int, step: int, nav: int, most: int) -> int:
        """The same of the rows to which a single entry adds a slope alone."""
        rises, shares, gaps, cost = self.rises, self.rows.shares, self.rows.gaps, self.desk.asks[place].cost
        for at, slope in self.rows.slopes[place].items():
            share = shares[at]
            each, left = (slope + share * cost) * step, share * nav + gaps[at] - rises[at]
            if each * most > left:
                most = left // each
                if most <= 0:
                    return 0
        return most

    def longest(self, at: int, grown: Sequence[Step], rise: int, nav: int, most: int) -> int:
        """The most steps, up to `most`, that one row admits beside others that make it rise by so much; else 0.

        Of `nav`, the flat fees are taken already.
        """
        slope = drop = 0
        bends: list[tuple[tuple[int, int], ...]] = []
        for place, step in grown:
            drop += self.desk.asks[place].cost * step
            line = self.rows.line(place, at)
            if line is None:
                continue
            rise, slope = rise + line.fixed, slope + line.slope * step
            if line.bend is not None:
                w, p, n, end, sign = line.bend
                rise -= w
                bends.append(((w, 0), (p * end, p * sign * step), (n * end, n * sign * step)))
        share = self.rows.shares[at]
        within = longest(rise - self.rows.gaps[at] - share * nav, slope + share * drop, bends, most)
        return within if within == most else max(within, longest(rise, slope, bends, most))

    def _less(self, place: int) -> Iterator[tuple[int, int]]:
        """What each row rises by for each share that the least of an entry's instrument falls by."""
        ask = self.desk.asks[place]
        for at, subject, times in self.rows.least:
            if subject != ask.name:
                yield at, ask.exposure * times


def longest(start: int, slope: int, bends: Sequence[Sequence[tuple[int, int]]], most: int) -> int:
    """The largest whole q in 0..most with `start + slope·q + Σ max(a + b·q) <= 0`, one maximum for each bend; else 0.

    The sum is convex, so it lies nowhere below the straight line that it follows at some q. From the right: where that
    line is above zero, nothing between its root and q can be the answer.
    """
    q = most
    while q > 0:
        height, rise = start + slope * q, slope
        for lines in bends:
            top, steepness = max((a + b * q, b) for a, b in lines)
            height, rise = height + top, rise + steepness
        if height <= 0:
            return q
        if rise <= 0:
            return 0
        # The root lies below q, so that this gets smaller each time.
        q -= -(-height // rise)
    return 0
