"""The measures of one decision in whole numbers, for every combination of grants.

A decision asks hundreds of times what some grants make of a measure, and fractions spend that time on common divisors.
Here every number is brought to one denominator at the start: shares to `shares`, amounts and prices to what makes
`amount = price · shares` whole, values and bounds to `value`, a multiple of both. From then on there are only sums and
products of integers, and a comparison is a comparison: nothing is rounded anywhere. What the grants change is added to
what the book alone makes of a measure, so that a question costs what the grants touch and not what the desk holds.

`Measure.value` and `Measure.bound` say the same slowly; the tests hold both against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import lcm

from engine.gate.convex import ConvexMeasure, Corner, Curve, Ends, Form, Variance
from engine.gate.measures import Measure, Scope
from engine.gate.proposals import Entry, Grant, step_of
from engine.gate.reach import Leg, State, entry_leg

Measures = Sequence[Measure | ConvexMeasure]


@dataclass(frozen=True, slots=True)
class Units:
    """Denominators: of shares, of amounts, of shares of NAV, and of values, which is the product of the last two."""

    shares: int
    amount: int
    nav_share: int

    @property
    def value(self) -> int:
        """Of values and bounds."""
        return self.amount * self.nav_share

    @property
    def price(self) -> int:
        """Of what one share adds to a value."""
        return self.value // self.shares


def whole(number: Fraction, unit: int) -> int:
    """The number in units of which it is a whole number."""
    assert unit % number.denominator == 0, (number, unit)
    return number.numerator * (unit // number.denominator)


@dataclass(frozen=True, slots=True)
class Standing:
    """What some grants make of the desk: NAV⁻, fees, shares by entry, ends and least shares of what they move."""

    nav: int
    fees: int
    shares: Mapping[int, int]
    """By the place of the entry."""
    ends: Mapping[str, Ends]
    """The lowest and the highest shares, in units of `Units.shares`."""
    least: Mapping[str, int]
    """What the least shares of an instrument fall by, where they do."""


@dataclass(slots=True)
class Row:
    """One measure in whole numbers."""

    base: int
    """Its value without any grant."""
    nav_share: int
    constant: int
    fees: bool
    distance: int
    profiles: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Slopes and the weight at the base's ends, for instruments that an entry moves."""
    prices: dict[int, int] = field(default_factory=dict)
    """Of one share of an entry, by its place."""
    least_share: Fraction | None = None
    subject: str = ""


class Tally:
    """Whole numbers for a scope's measures, its base state and the entries that may be granted."""

    def __init__(self, scope: Scope, measures: Measures, base: State, entries: Sequence[Entry]) -> None:
        self.measures = measures
        linear = [one for one in measures if isinstance(one, Measure)]
        self._places = {id(entry): place for place, entry in enumerate(entries)}
        self._entries = tuple(entries)
        self.legs = [entry_leg(Grant(one, one.target * 0), scope.terms[one.instrument]) for one in entries]
        self._moved = frozenset(leg.instrument for leg in self.legs)
        self._exposures = scope.exposures
        parameters = scope.limits.parameters
        self.units = _units(scope, linear, base, self.legs, entries)
        shares, amount = self.units.shares, self.units.amount
        self._ends = {name: (whole(one.low, shares), whole(one.high, shares)) for name, one in base.reaches.items()}
        self.nav, self._fees = whole(base.nav, amount), whole(base.fees, amount)
        self.flat_fee = whole(parameters.fee_per_order, amount)
        self.share_fee = whole(parameters.fee_per_share, amount // shares)
        self.costs = [whole(leg.slippage, amount // shares) + self.share_fee for leg in self.legs]
        self._by_instrument: dict[str, list[Leg]] = {}
        for leg in base.legs:
            self._by_instrument.setdefault(leg.instrument, []).append(leg)
        self._base = base
        asked = len(linear) < len(measures)
        self._variance = Variance(scope.terms, {*self._ends, *self._moved} if asked else (), shares)
        self._forms: dict[tuple[tuple[str, Ends], ...], Form] = {}
        self.rows = [self._row(one) if isinstance(one, Measure) else self._curve(one) for one in measures]
        self._curves = [one for one in self.rows if isinstance(one, Curve)]
        self.curved = [at for at, row in enumerate(self.rows) if isinstance(row, Curve)]
        self._touching: list[set[int]] = [set() for _ in entries]
        # A convex limit that its base breaks admits no entry, whatever that moves.
        self._everywhere = {at for at, row in enumerate(self.rows) if isinstance(row, Curve) or row.fees}
        for at, row in enumerate(self.rows):
            if isinstance(row, Curve):
                continue
            for place in row.prices:
                self._touching[place].add(at)
            for place, leg in enumerate(self.legs):
                if leg.instrument in row.profiles:
                    self._touching[place].add(at)

    # --- questions ------------------------------------------------------------------------------------------------

    @cached_property
    def shared(self) -> bool:
        """Whether what an entry adds to a measure may depend on the others: two are in one instrument."""
        twice = (isinstance(row, Row) and row.distance and len(row.prices) > 1 for row in self.rows)
        return len(self._moved) < len(self.legs) or any(twice)

    def place(self, entry: Entry) -> int:
        """Where an entry stands among those that may be granted."""
        return self._places[id(entry)]

    def ends(self, name: str) -> Ends:
        """The lowest and the highest shares of an instrument without any grant."""
        return self._ends.get(name, (0, 0))

    def less(self, place: int, fall: int) -> Iterator[tuple[int, int]]:
        """What each measure rises by because the least shares of an entry's instrument have fallen."""
        name = self.legs[place].instrument
        for at, row in enumerate(self.rows):
            if isinstance(row, Row) and row.least_share is not None and row.subject != name:
                yield at, self._least_price(row.least_share, name) * fall

    def standing(self, grants: Iterable[Grant]) -> Standing:
        """What these grants make of the desk; an entry of 0 shares still costs its fee per order."""
        nav, fees = self.nav, 0
        shares: dict[int, int] = {}
        ends: dict[str, Ends] = {}
        for grant in grants:
            place = self._places[id(grant.entry)]
            leg, quantity = self.legs[place], whole(grant.quantity, self.units.shares)
            shares[place] = shares.get(place, 0) + quantity
            nav -= self.costs[place] * quantity + self.flat_fee
            fees += self.share_fee * quantity + self.flat_fee
            low, high = ends.get(leg.instrument) or self._ends.get(leg.instrument, (0, 0))
            ends[leg.instrument] = (low, high + quantity) if leg.sign > 0 else (low - quantity, high)
        least = {}
        for name, after in ends.items():
            fall = least_shares(self._ends.get(name, (0, 0))) - least_shares(after)
            if fall:
                least[name] = fall
        return Standing(nav, fees * self.units.nav_share, shares, ends, least)

    def value(self, at: int, here: Standing) -> int:
        """The worst value of a measure over all fillings."""
        row = self.rows[at]
        if isinstance(row, Curve):
            return row.slope * self._form(here.ends).worst
        total = row.base
        # What the grants move is less than what a row that counts everything counts.
        profiles, prices = row.profiles, row.prices
        if profiles:
            for name in here.ends if len(here.ends) < len(profiles) else profiles:
                if name in profiles and name in here.ends:
                    p, n, before = profiles[name]
                    total += _weight(p, n, here.ends[name]) - before
        present = False
        if prices:
            for place in here.shares if len(here.shares) < len(prices) else prices:
                if place in prices and place in here.shares:
                    total += prices[place] * here.shares[place]
                    present = True
        if present:
            total += row.distance
        if row.fees:
            total += here.fees
        if here.least and row.least_share is not None:
            total += self._less(row, here)
        return total

    def bound(self, at: int, here: Standing) -> int:
        """The bound of a measure."""
        row = self.rows[at]
        if isinstance(row, Curve):
            return row.bound(here.nav)
        return row.nav_share * here.nav + row.constant

    def breaks(self, at: int, here: Standing) -> bool:
        """Not `worst ≤ max(bound, base)`; not `worst ≤ bound` of a convex measure, whatever the base."""
        row = self.rows[at]
        if isinstance(row, Curve):
            return self._form(here.ends).exceeds(row.most(here.nav))
        value = self.value(at, here)
        return value > row.base and value > self.bound(at, here)

    def broken(self, here: Standing) -> list[int]:
        """The measures that break, in their order."""
        return [at for at in self._touched(here) if self.breaks(at, here)]

    def lots(self, grown: Sequence[tuple[int, int]], here: Standing, most: int) -> int:
        """The most steps, up to `most`, that every measure admits; a step is so many shares of each of these places.

        `here` has the entries with a quantity of 0, so that their flat fees count. In the number of steps a measure is
        a straight line and, for each instrument that is moved, the highest of three.
        """
        for at in self._touched(here):
            row = self.rows[at]
            if isinstance(row, Curve):
                continue
            here_value, bound = self.value(at, here), self.bound(at, here)
            flat, slope, drop = here_value, 0, 0
            bends: list[tuple[tuple[int, int], ...]] = []
            for place, step in grown:
                leg = self.legs[place]
                slope += (row.prices.get(place, 0) + (self.share_fee * self.units.nav_share if row.fees else 0)) * step
                drop += row.nav_share * self.costs[place] * step
                profile = row.profiles.get(leg.instrument)
                if profile is not None:
                    p, n, _ = profile
                    ends = here.ends[leg.instrument]
                    weight, end = _weight(p, n, ends), ends[1] if leg.sign > 0 else ends[0]
                    flat -= weight
                    bends.append(((weight, 0), *((w * end, w * leg.sign * step) for w in (p, n))))
            within_bound = longest(flat - bound, slope + drop, bends, most)
            if within_bound < most:
                most = max(within_bound, longest(flat - row.base, slope, bends, most))
                if most <= 0:
                    return 0
        return self.within_curves(grown, here, most) if self._curves else most

    def amount(self, at: int, number: int) -> Fraction:
        """A value or a bound of a measure as the fraction it is."""
        row = self.rows[at]
        return Fraction(number, row.unit if isinstance(row, Curve) else self.units.value)

    def corner(self, at: int, here: Standing) -> Corner | None:
        """Where a convex measure is worst; None for the others."""
        if not isinstance(self.rows[at], Curve):
            return None
        return self._variance.corner({**self._ends, **here.ends})

    # --- making it ------------------------------------------------------------------------------------------------

    def _touched(self, here: Standing) -> list[int]:
        """Measures whose value the grants move: no other one can break."""
        found = set(self._everywhere)
        for place in here.shares:
            found |= self._touching[place]
        if here.least:
            found |= {at for at, row in enumerate(self.rows) if isinstance(row, Row) and row.least_share is not None}
        return sorted(found)

    def within_curves(self, grown: Sequence[tuple[int, int]], here: Standing, most: int) -> int:
        """The most steps, up to `most`, that the convex measures admit: more never fit where fewer do not."""

        def fits(steps: int) -> bool:
            nav, ends = here.nav, dict(here.ends)
            for place, step in grown:
                leg, shares = self.legs[place], steps * step
                nav -= self.costs[place] * shares
                low, high = ends[leg.instrument]
                ends[leg.instrument] = (low, high + shares) if leg.sign > 0 else (low - shares, high)
            return not self._form(ends).exceeds(min([one.most(nav) for one in self._curves]))

        fitting, beyond, steps = 0, most + 1, most
        while beyond - fitting > 1:
            if fits(steps):
                fitting = steps
            else:
                beyond = steps
            steps = (fitting + beyond) // 2
        return fitting

    def _form(self, moved: Mapping[str, Ends]) -> Form:
        """σ² with these ends in place of the base's; the convex measures all ask for the same."""
        key = tuple(sorted(moved.items()))
        if key not in self._forms:
            self._forms[key] = self._variance.over({**self._ends, **moved})
        return self._forms[key]

    def _curve(self, one: ConvexMeasure) -> Curve:
        curve = Curve(one, self._variance.unit, self.units.amount)
        curve.base = curve.slope * self._form({}).worst
        return curve

    def _row(self, one: Measure) -> Row:
        units, base = self.units, self._base
        total = whole(one.start, units.value)
        row = Row(0, whole(one.nav_share, units.nav_share), whole(one.constant, units.value), one.fees,
                  whole(one.distance, units.value), subject=one.subject)  # fmt: skip
        for name, (p, n) in one.profiles.items():
            if name in self._ends or name in self._moved:
                slopes = whole(p, units.price), whole(n, units.price)
                before = _weight(*slopes, self._ends.get(name, (0, 0)))
                total += before
                if name in self._moved:
                    row.profiles[name] = (*slopes, before)
        if one.leg_price is not None or one.distance:
            price = one.leg_price or _nothing
            own = self._by_instrument.get(one.about, []) if one.about else base.legs
            legs = [leg for leg in own if one.prices(leg)]
            total += sum(whole(price(leg), units.price) * whole(leg.quantity, units.shares) for leg in legs)
            for place, leg in enumerate(self.legs):
                if one.prices(leg):
                    row.prices[place] = whole(price(leg), units.price)
        if one.fees:
            total += self._fees * units.nav_share
        if one.least_share:
            row.least_share = one.least_share
            total -= sum(
                self._least_price(one.least_share, name) * least_shares(ends)
                for name, ends in self._ends.items()
                if name != one.subject
            )
        row.base = total
        return row

    def _less(self, row: Row, here: Standing) -> int:
        """What a measure rises by because the others' least exposure has fallen."""
        assert row.least_share is not None
        return sum(self._least_price(row.least_share, name) * fall for name, fall in here.least.items()
                   if name != row.subject)  # fmt: skip

    def _least_price(self, share: Fraction, name: str) -> int:
        return whole(share * self._exposures[name], self.units.price)


def _units(
    scope: Scope, measures: Sequence[Measure], base: State, legs: Sequence[Leg], entries: Sequence[Entry]
) -> Units:
    """The smallest denominators in which everything is whole."""
    parameters = scope.limits.parameters
    every = (*base.legs, *legs)
    ends = (end for one in base.reaches.values() for end in (one.low, one.high))
    steps = (step_of(entry, scope.terms) for entry in entries)
    shares = _common([*ends, *(leg.quantity for leg in base.legs), *(entry.target for entry in entries), *steps])
    price = _common([parameters.fee_per_share, *(leg.slippage for leg in every), *_prices(scope, measures, every)])
    amounts = [base.nav, base.fees, parameters.fee_per_order]
    amounts += [part for one in measures for part in (one.start, one.distance, one.constant)]
    return Units(shares, lcm(shares * price, _common(amounts)), _common([one.nav_share for one in measures]))


def _prices(scope: Scope, measures: Sequence[Measure], legs: Sequence[Leg]) -> Iterator[Fraction]:
    """Every number that is multiplied with shares."""
    for one in measures:
        for profile in one.profiles.values():
            yield from profile
        if one.leg_price is not None:
            yield from (one.leg_price(leg) for leg in legs if one.prices(leg))
    for share in {one.least_share for one in measures}:
        yield from (share * exposure for exposure in scope.exposures.values())


def _common(numbers: Iterable[Fraction]) -> int:
    return lcm(*{one.denominator for one in numbers})


def _nothing(_: Leg) -> Fraction:
    return Fraction(0)


def least_shares(ends: Ends) -> int:
    """The smallest absolute number of shares between two ends."""
    low, high = ends
    return 0 if low <= 0 <= high else min(abs(low), abs(high))


def _weight(p: int, n: int, ends: Ends) -> int:
    """The largest `max(p·x, n·x)` between two ends."""
    low, high = ends
    if p == n:
        return p * (high if p >= 0 else low)
    return max(p * low, n * low, p * high, n * high)


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
