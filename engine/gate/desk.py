"""The desk in whole numbers: one denominator for shares, one for amounts of money.

A decision asks thousands of times what some grants make of a limit, and fractions would spend that time on common
divisors. So every number is brought to its denominator once: shares to `Units.shares`, amounts to `Units.amount`, which
also makes `exposure · shares` whole. From then on there are only sums and products of integers, and a comparison is a
comparison. They are Python's integers, which have no largest: nothing is rounded, and nothing overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import NamedTuple

from engine.gate.market import Terms
from engine.gate.proposals import Entry, step_of
from engine.gate.reach import Leg, State
from engine.gate.scope import Scope
from engine.gate.whole import common, whole

Ends = tuple[int, int]
"""The lowest and the highest shares of a reach, in units of `Units.shares`."""


@dataclass(frozen=True, slots=True)
class Units:
    """Denominators of shares and of amounts; the second is a multiple of the first."""

    shares: int
    amount: int

    @property
    def price(self) -> int:
        """Of amounts per share: `price · shares` is an amount."""
        return self.amount // self.shares


class Ask(NamedTuple):
    """An entry: what one share of it comes to, and the reach of its instrument without any grant."""

    name: str
    sign: int
    target: int
    step: int
    """Shares asked for, and those by which it grows: a lot, or a leg of a basket's unit."""
    price: int
    """The reference price, in ticks of which `Desk.ticks` make one."""
    beyond: int
    """The limit price less the reference, towards its side."""
    exposure: int
    value: int
    """At its worst price: exposure and slippage."""
    risk: int
    cost: int
    """Slippage and the fee per share: what NAV⁻ falls by."""
    ends: Ends

    @property
    def flat(self) -> bool:
        """Whether nothing but this entry can move its instrument from zero."""
        return self.ends == (0, 0)


class Resting(NamedTuple):
    """An order of the book, whole: what it may trade and lose if it fills."""

    name: str
    sign: int
    entry: bool
    value: int
    risk: int


def least_shares(ends: Ends) -> int:
    """The smallest absolute number of shares between two ends."""
    low, high = ends
    return 0 if low <= 0 <= high else min(abs(low), abs(high))


class Desk:
    """A scope with its base state and the entries that may be granted, each in an instrument of its own."""

    def __init__(self, scope: Scope, base: State, entries: Sequence[Entry]) -> None:
        """Raises `ValueError` on two entries in one instrument: what one adds would depend on the other."""
        self.scope, self.entries = scope, tuple(entries)
        self.places = {one.instrument: place for place, one in enumerate(entries)}
        if len(self.places) < len(entries):
            names = [one.instrument for one in entries]
            raise ValueError(f"two entries in {next(one for one in names if names.count(one) > 1)}")
        book, fees = scope.book, scope.limits.parameters
        mine = [scope.terms[one.instrument] for one in entries]
        self.ticks = common([each for one, of in zip(entries, mine, strict=True)
                             for each in (of.price, one.limit_price, one.stop_price)])  # fmt: skip
        points = common([of.unit for of in mine])
        self.units = _units(scope, base, entries, self.ticks * points)
        shares, amount, price = self.units.shares, self.units.amount, self.units.price
        self.nav, self.fees = whole(base.nav, amount), whole(base.fees, amount)
        self.lost, self.traded = whole(book.lost_today, amount), whole(book.traded_today, amount)
        self.settled, self.nav_now = whole(book.settled_cash, amount), whole(book.nav, amount)
        self.flat_fee, self.share_fee = whole(fees.fee_per_order, amount), whole(fees.fee_per_share, price)
        self.ends = {name: (whole(one.low, shares), whole(one.high, shares)) for name, one in base.reaches.items()}
        self.exposures = {name: whole(scope.exposures[name], price) for name in (*self.ends, *self.places)}
        self.gross = {name: max(-low, high, low, -high) * self.exposures[name]
                      for name, (low, high) in self.ends.items()}  # fmt: skip
        self.resting = [self._resting(leg) for leg in base.legs]
        self.at_stops = {name: whole(abs(one.shares) * one.risk, amount) for name, one in book.holdings.items()}
        for one in self.resting:
            self.at_stops[one.name] = self.at_stops.get(one.name, 0) + one.risk
        self.asks = [self._ask(one, of, points) for one, of in zip(entries, mine, strict=True)]

    def _resting(self, leg: Leg) -> Resting:
        size, price = whole(leg.quantity, self.units.shares), self.units.price
        value = self.exposures[leg.instrument] + whole(leg.slippage, price)
        return Resting(leg.instrument, leg.sign, leg.entry, size * value, size * whole(leg.risk, price))

    def _ask(self, entry: Entry, terms: Terms, points: int) -> Ask:
        """An entry, its amounts counted from prices in ticks."""
        name, sign, ticks = entry.instrument, entry.side.sign, self.ticks
        price, limit = whole(terms.price, ticks), whole(entry.limit_price, ticks)
        point = whole(terms.unit, points) * (self.units.price // (ticks * points))
        beyond = sign * (limit - price)
        slippage, risk = max(0, beyond) * point, max(0, sign * (limit - whole(entry.stop_price, ticks))) * point
        ends, cost = self.ends.get(name, (0, 0)), slippage + self.share_fee
        shares = self.units.shares
        target, step = whole(entry.target, shares), whole(step_of(entry, self.scope.terms), shares)
        return Ask(name, sign, target, step, price, beyond, price * point, price * point + slippage, risk, cost, ends)


def _units(scope: Scope, base: State, entries: Sequence[Entry], points: int) -> Units:
    """The smallest denominators in which everything is whole; that of an amount per share is a multiple of `points`."""
    book, fees, known = scope.book, scope.limits.parameters, scope.exposures
    ends = (end for one in base.reaches.values() for end in (one.low, one.high))
    steps = (step_of(entry, scope.terms) for entry in entries)
    shares = common([*ends, *(leg.quantity for leg in base.legs), *(one.target for one in entries), *steps])
    prices = [fees.fee_per_share, *(known[name] for name in base.reaches), *(known[one.instrument] for one in entries)]
    prices += [each for leg in base.legs for each in (leg.slippage, leg.risk)]
    amounts = [base.nav, base.fees, book.nav, book.settled_cash, book.lost_today, book.traded_today, fees.fee_per_order]
    amounts += [abs(one.shares) * one.risk for one in book.holdings.values()]
    return Units(shares, lcm(shares * lcm(points, common(prices)), common(amounts)))
