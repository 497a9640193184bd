"""What has been granted so far, as one sum of whole numbers for each row of the tally.

Where no two entries are in one instrument, what an entry adds to a measure does not depend on the others: a measure is
its base plus one number for each grant, and NAV⁻ is the book's less one number for each. So a question about any set
of grants is a sum, and the state that everything earlier has left is kept instead of being made anew. Rows that an
entry does not move can only break because NAV⁻ falls: one comparison with the largest NAV⁻ that any moved row needs.

What is no such sum is asked of `engine.gate.tally`, from the grants as they are: convex measures, and every measure
where two entries share an instrument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from engine.gate.convex import Corner, Curve
from engine.gate.proposals import Entry, Grant
from engine.gate.tally import Standing, Tally, least_shares, longest, whole

MOST_GRANTS_ENUMERATED = 8
"""Up to here every minimal set of crowding grants is listed; beyond, one is found by deletion."""

Grown = Sequence[tuple[int, int]]
"""Places of entries, and the shares of one step of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """An entry or a basket's legs at some quantity: what they take from NAV⁻, and add to each row that they move."""

    name: str
    grants: tuple[Grant, ...]
    cost: int
    effects: dict[int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """What one entry adds to one row: `fixed + slope·q`, and by a bend `max(w, p·x, n·x) - w` at `x = end + sign·q`."""

    slope: int
    fixed: int
    bend: tuple[int, int, int, int, int] | None = None
    """w, p, n, end, sign."""

    def at(self, shares: int) -> int:
        """At this quantity."""
        total = self.fixed + self.slope * shares
        if self.bend is None:
            return total
        w, p, n, end, sign = self.bend
        end += sign * shares
        return total + max(w, p * end, n * end) - w


class Running:
    """The grants so far, in order, and what they come to."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.parts: list[Part] = []
        rows = tally.rows
        self._rise = [0] * len(rows)
        self._moved: set[int] = set()
        self._cost = 0
        self._need: int | None = None
        # Of a row: `nav_share·NAV⁻ + gap` is what its value may rise by.
        self._shares = [0 if isinstance(row, Curve) else row.nav_share for row in rows]
        self._gaps = [0 if isinstance(row, Curve) else row.constant - row.base for row in rows]
        self._told = frozenset(range(len(rows)) if tally.shared else tally.curved)
        self._lines: list[dict[int, Line]] = [{} for _ in tally.legs]
        if not tally.shared:
            self._draw()

    # --- what there is --------------------------------------------------------------------------------------------

    def part(self, name: str, grants: Sequence[Grant]) -> Part:
        """What these grants take and add."""
        tally, cost = self.tally, 0
        effects: dict[int, int] = {}
        for grant in grants:
            place, shares = tally.place(grant.entry), whole(grant.quantity, tally.units.shares)
            cost += tally.costs[place] * shares + tally.flat_fee
            for at, line in self._lines[place].items():
                if effect := line.at(shares):
                    effects[at] = effects.get(at, 0) + effect
            fall = 0 if tally.shared else self._fall(place, shares)
            for at, each in tally.less(place, fall) if fall else ():
                effects[at] = effects.get(at, 0) + each
        return Part(name, tuple(grants), cost, effects)

    def grant(self, part: Part) -> None:
        """From now on this is granted."""
        self.parts.append(part)
        self._cost += part.cost
        for at, effect in part.effects.items():
            rise = self._rise[at] = self._rise[at] + effect
            self._moved.add(at)
            if rise > 0 and self._shares[at] > 0:
                need = -((self._gaps[at] - rise) // self._shares[at])
                self._need = need if self._need is None else max(self._need, need)

    def standing(self, *more: Part) -> Standing:
        """The desk with everything granted, and these."""
        return self.tally.standing(grant for part in (*self.parts, *more) for grant in part.grants)

    # --- questions ------------------------------------------------------------------------------------------------

    def broken(self, step: Part) -> list[int]:
        """The measures that break with this beside what is granted, in their order."""
        nav = self.tally.nav - self._cost - step.cost
        found = [at for at, effect in step.effects.items() if self._exceeds(at, self._rise[at] + effect, nav)]
        if self._need is not None and nav < self._need:
            others = self._moved - step.effects.keys()
            found += [at for at in others if self._exceeds(at, self._rise[at], nav)]
        if self._told:
            here = self.standing(step)
            found += [at for at in self._told if self.tally.breaks(at, here)]
        return sorted(found)

    def breaks(self, at: int, parts: Sequence[Part]) -> bool:
        """Whether a measure breaks with exactly these."""
        if at in self._told:
            return self.tally.breaks(at, self.tally.standing(grant for part in parts for grant in part.grants))
        rise = sum([part.effects.get(at, 0) for part in parts])
        return self._exceeds(at, rise, self.tally.nav - sum([part.cost for part in parts]))

    def read(self, which: Iterable[int], *more: Part) -> Iterator[tuple[int, Fraction, Fraction, Corner | None]]:
        """Value, bound and corner of each of these measures with everything granted, and these."""
        tally = self.tally
        here = self.standing(*more) if self._told else None
        nav = tally.nav - self._cost - sum([part.cost for part in more])
        for at in which:
            if here is not None and at in self._told:
                value, bound, corner = tally.value(at, here), tally.bound(at, here), tally.corner(at, here)
            else:
                row = tally.rows[at]
                value = row.base + self._rise[at] + sum([part.effects.get(at, 0) for part in more])
                bound, corner = self._shares[at] * nav + self._gaps[at] + row.base, None
            yield at, tally.amount(at, value), tally.amount(at, bound), corner

    def room(self, steps: Sequence[tuple[Entry, Fraction]], most: int) -> int:
        """The most steps, up to `most`, that every measure admits; a step is so many shares of each entry."""
        tally = self.tally
        grown = [(tally.place(entry), whole(step, tally.units.shares)) for entry, step in steps]
        if tally.shared:
            return tally.lots(grown, self._empty(steps), most)
        cost = sum([tally.costs[place] * step for place, step in grown])
        nav = tally.nav - self._cost - tally.flat_fee * len(grown)
        if self._need is not None and nav < self._need + cost * most:
            if nav < self._need:
                return 0
            most = (nav - self._need) // cost
        (place, step), alone = grown[0], len(grown) == 1
        lines = self._lines[place] if alone else {at: None for one, _ in grown for at in self._lines[one]}
        for at, line in lines.items():
            if line is not None and line.bend is None:
                share = self._shares[at]
                rise = self._rise[at] + line.fixed + (line.slope * step + share * cost) * most
                if rise <= share * nav + self._gaps[at]:
                    continue
            most = self._longest(at, grown, self._rise[at], nav, most)
            if most <= 0:
                return 0
        return tally.within_curves(grown, self._empty(steps), most) if tally.curved else most

    def fewer(self, one: Part, step: Part, broken: Sequence[int], grown: Grown, most: int) -> int | None:
        """How many of its `most` steps less of this grant let the step in; None where even all do not.

        A smaller grant never breaks what a larger one keeps (promise 3), so that only what all of them break needs a
        look.
        """
        if len(grown) > 1 or any(at in self._told for at in broken) or self._fall(*grown[0], most):
            return self._bisected(one, step, broken, grown, most)
        nav = self.tally.nav - self._cost + one.cost - step.cost
        flat, left = self.tally.flat_fee * len(grown), most
        for at in broken:
            rise = self._rise[at] - one.effects.get(at, 0) + step.effects.get(at, 0)
            if self._exceeds(at, rise, nav):
                return None
            left = self._longest(at, grown, rise, nav - flat, left)
        return most - left

    def smallest_sets(self, at: int, step: Part) -> list[tuple[str, ...]]:
        """The minimal sets of earlier grants beside which the step breaks this measure."""
        if len(self.parts) > MOST_GRANTS_ENUMERATED:
            return [tuple(sorted(one.name for one in self._deleted(at, step)))]
        told = at in self._told
        # What neither adds to the measure nor lowers its bound is in no minimal set.
        able = [one for one in self.parts if told or one.effects.get(at, 0) or (one.cost and self._shares[at])]
        found: list[frozenset[str]] = []
        for size in range(1, len(able) + 1):
            for chosen in combinations(able, size):
                names = frozenset([one.name for one in chosen])
                if not any(smaller <= names for smaller in found) and self.breaks(at, (*chosen, step)):
                    found.append(names)
        return sorted(tuple(sorted(names)) for names in found)

    def taken(self, at: int, name: str) -> Fraction:
        """What the grants of this name add to a measure."""
        parts = [one for one in self.parts if one.name == name]
        if at not in self._told:
            return self.tally.amount(at, sum([one.effects.get(at, 0) for one in parts]))
        rest = self.tally.standing(grant for one in self.parts if one.name != name for grant in one.grants)
        return self.tally.amount(at, self.tally.value(at, self.standing()) - self.tally.value(at, rest))

    # --- making it ------------------------------------------------------------------------------------------------

    def _exceeds(self, at: int, rise: int, nav: int) -> bool:
        """Not `worst ≤ max(bound, base)`, of a row whose value rises by so much."""
        return rise > 0 and rise > self._shares[at] * nav + self._gaps[at]

    def _longest(self, at: int, grown: Grown, rise: int, nav: int, most: int) -> int:
        """The most steps, up to `most`, that one row admits beside others that make it rise by so much; else 0.

        Of `nav`, the flat fees are taken already.
        """
        slope = drop = 0
        bends: list[tuple[tuple[int, int], ...]] = []
        for place, step in grown:
            drop += self.tally.costs[place] * step
            line = self._lines[place].get(at)
            if line is None:
                continue
            rise, slope = rise + line.fixed, slope + line.slope * step
            if line.bend is not None:
                w, p, n, end, sign = line.bend
                rise -= w
                bends.append(((w, 0), (p * end, p * sign * step), (n * end, n * sign * step)))
        share = self._shares[at]
        within = longest(rise - self._gaps[at] - share * nav, slope + share * drop, bends, most)
        return within if within == most else max(within, longest(rise, slope, bends, most))

    def _deleted(self, at: int, step: Part) -> list[Part]:
        """One smallest set, found by leaving out one after the other."""
        kept = list(self.parts)
        if at in self._told:
            for one in self.parts:
                without = [other for other in kept if other is not one]
                if self.breaks(at, (*without, step)):
                    kept = without
            return kept
        rise, nav = self._rise[at] + step.effects.get(at, 0), self.tally.nav - self._cost - step.cost
        for one in self.parts:
            less = rise - one.effects.get(at, 0)
            if self._exceeds(at, less, nav + one.cost):
                rise, nav = less, nav + one.cost
                kept.remove(one)
        return kept

    def _bisected(self, one: Part, step: Part, broken: Sequence[int], grown: Grown, most: int) -> int | None:
        others, shares = [other for other in self.parts if other is not one], self.tally.units.shares

        def fits(fewer: int) -> bool:
            less = [Grant(grant.entry, grant.quantity - Fraction(each, shares) * fewer)
                    for grant, (_, each) in zip(one.grants, grown, strict=True)]  # fmt: skip
            kept = self.part(one.name, [grant for grant in less if grant.quantity > 0])
            return not any(self.breaks(at, (*others, kept, step)) for at in broken)

        if not fits(most):
            return None
        low, high = 0, most
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high

    def _empty(self, steps: Sequence[tuple[Entry, Fraction]]) -> Standing:
        """With these entries at no shares, so that their flat fees count."""
        nothing = tuple(Grant(entry, step * 0) for entry, step in steps)
        return self.tally.standing([*(grant for part in self.parts for grant in part.grants), *nothing])

    def _fall(self, place: int, shares: int, steps: int = 1) -> int:
        """What the least shares of an entry's instrument fall by."""
        leg = self.tally.legs[place]
        low, high = ends = self.tally.ends(leg.instrument)
        if low <= 0 <= high:
            return 0
        shares *= steps
        return least_shares(ends) - least_shares((low, high + shares) if leg.sign > 0 else (low - shares, high))

    def _draw(self) -> None:
        """The line of each entry in each row that it moves."""
        tally = self.tally
        place_of = {leg.instrument: place for place, leg in enumerate(tally.legs)}
        sign_of = [leg.sign for leg in tally.legs]
        ends_of = [tally.ends(leg.instrument) for leg in tally.legs]
        every, fee = (
            range(len(tally.legs)),
            (tally.share_fee * tally.units.nav_share, tally.flat_fee * tally.units.nav_share),
        )
        for at, row in enumerate(tally.rows):
            if isinstance(row, Curve):
                continue
            slopes = dict.fromkeys(every, fee[0]) if row.fees else {}
            fixed = dict.fromkeys(row.prices, row.distance) if row.distance else {}
            if row.fees:
                fixed = {place: fee[1] + fixed.get(place, 0) for place in every}
            for place, price in row.prices.items():
                slopes[place] = slopes.get(place, 0) + price
            for name, (p, n, before) in row.profiles.items():
                place = place_of[name]
                sign, (low, high) = sign_of[place], ends_of[place]
                end, steep = high if sign > 0 else low, max(p * sign, n * sign)
                if end * sign >= 0 and before == max(0, steep) * abs(end):
                    if steep > 0:
                        slopes[place] = slopes.get(place, 0) + steep
                    continue
                bend = (before, p, n, end, sign)
                self._lines[place][at] = Line(slopes.pop(place, 0), fixed.pop(place, 0), bend)
            for place, slope in slopes.items():
                start = fixed.pop(place, 0)
                if slope or start:
                    self._lines[place][at] = Line(slope, start)
            for place, start in fixed.items():
                self._lines[place][at] = Line(0, start)
