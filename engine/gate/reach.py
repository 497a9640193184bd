"""Reach: where any partial filling of the orders may take each position.

Orders become legs, positions become the shares they start from, and for each instrument the reach is
`[h - s, h + b]`. Exits and stops of one instrument count for at most the position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from engine.gate.market import Market, Terms
from engine.gate.proposals import Exit, Grant
from engine.limits.model import Limits
from engine.orders.basket import Basket
from engine.orders.order import Role, Side
from engine.orders.portfolio import Portfolio

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Leg:
    """An order as the limits see it: shares, and per share the worst slippage and the loss at the stop."""

    instrument: str
    sign: int
    quantity: Fraction
    slippage: Fraction
    risk: Fraction
    entry: bool
    new: bool
    strategy: str
    horizon: str
    basket: str = ""
    """The name of the basket that an entry is a leg of."""

    @property
    def reducing(self) -> bool:
        """Exits and stops: together at most the position."""
        return not self.entry


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares held now, and the loss of one share at its protective stop."""

    instrument: str
    shares: Fraction
    risk: Fraction
    strategy: str
    horizon: str
    basket: str = ""


@dataclass(frozen=True)
class Book:
    """Positions and the orders that stand apart from this decision's entries, and the account's figures."""

    nav: Fraction
    settled_cash: Fraction
    lost_today: Fraction
    traded_today: Fraction
    holdings: Mapping[str, Holding]
    legs: tuple[Leg, ...]
    unpriced: tuple[str, ...]
    """Held or worked instruments whose figures are missing: with one of them, no entry can be judged."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The shares one instrument may come to hold."""

    low: Fraction
    high: Fraction

    @property
    def least(self) -> Fraction:
        """The smallest absolute number of shares inside the reach."""
        return ZERO if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))


_FLAT = Reach(ZERO, ZERO)


@dataclass(frozen=True)
class State:
    """The book with some entries granted: reaches, legs, and the NAV that limits refer to."""

    reaches: Mapping[str, Reach]
    legs: tuple[Leg, ...]
    fees: Fraction
    nav: Fraction

    def least(self, exposures: Mapping[str, Fraction]) -> Fraction:
        """The least exposure of everything together, by the exposures of one share; each sum is kept."""
        known = self._least.get(id(exposures))
        if known is None or known[0] is not exposures:
            total = sum((one.least * exposures[name] for name, one in self.reaches.items()), ZERO)
            known = self._least[id(exposures)] = exposures, total
        return known[1]

    @cached_property
    def _least(self) -> dict[int, tuple[Mapping[str, Fraction], Fraction]]:
        return {}


def read_book(portfolio: Portfolio, exits: Sequence[Exit], market: Market, limits: Limits) -> Book:
    """Positions, working orders and this decision's exits, priced by the market's terms."""
    collar = limits.collar(market.session)
    holdings: dict[str, Holding] = {}
    unpriced: list[str] = []
    for held in portfolio.positions:
        terms = market.terms.get(held.instrument)
        shares = Fraction(held.quantity)
        if shares == 0:
            continue
        if terms is None or (shares < 0 and held.stop is None):
            unpriced.append(held.instrument)
            continue
        stop = ZERO if held.stop is None else Fraction(held.stop)
        side = 1 if shares > 0 else -1
        risk = max(ZERO, side * (terms.price - stop)) * terms.unit
        holdings[held.instrument] = Holding(
            held.instrument, shares, risk, held.strategy, held.horizon, _basket(held.basket)
        )
    legs: list[Leg] = []
    for one in portfolio.working:
        terms, order = market.terms.get(order_name := one.order.instrument), one.order
        entry = order.role is Role.ENTRY
        if terms is None or (entry and order.side is Side.SELL and order.stop_price is None):
            unpriced.append(order_name)
            continue
        worst = _worst_price(terms, order.side.sign, order.limit_price if entry else None, collar)
        stop = ZERO if order.stop_price is None else Fraction(order.stop_price)
        risk = max(ZERO, order.side.sign * (worst - stop)) * terms.unit if entry else ZERO
        slippage = max(ZERO, order.side.sign * (worst - terms.price)) * terms.unit
        quantity = Fraction(one.remaining)
        owner = (order.strategy, order.horizon, _basket(order.basket) if entry else "")
        legs.append(Leg(order_name, order.side.sign, quantity, slippage, risk, entry, False, *owner))
    for proposed in exits:
        terms = market.terms.get(proposed.instrument)
        if terms is not None:
            slippage = collar * terms.exposure
            sign = proposed.side.sign
            legs.append(Leg(proposed.instrument, sign, proposed.quantity, slippage, ZERO, False, True, "", ""))
    return Book(
        nav=Fraction(portfolio.nav),
        settled_cash=Fraction(portfolio.settled_cash),
        lost_today=max(ZERO, -Fraction(portfolio.day_pnl)),
        traded_today=Fraction(portfolio.traded_today),
        holdings=holdings,
        legs=tuple(legs),
        unpriced=tuple(sorted(set(unpriced))),
    )


def _basket(one: Basket | None) -> str:
    return "" if one is None else one.name


def entry_leg(grant: Grant, terms: Terms) -> Leg:
    """The leg of an entry of this decision."""
    entry, sign = grant.entry, grant.entry.side.sign
    slippage = max(ZERO, sign * (entry.limit_price - terms.price)) * terms.unit
    risk = max(ZERO, sign * (entry.limit_price - entry.stop_price)) * terms.unit
    return Leg(
        entry.instrument, sign, grant.quantity, slippage, risk, True, True, entry.strategy, entry.horizon,
        _basket(entry.basket),
    )  # fmt: skip


def state_of(book: Book, grants: Iterable[Grant], market: Market, limits: Limits) -> State:
    """The book with these entries beside its own orders; an entry of 0 shares still costs its fee per order."""
    legs = (*book.legs, *(entry_leg(one, market.terms[one.entry.instrument]) for one in grants))
    legs = _capped(book, legs)
    reaches = {name: Reach(held.shares, held.shares) for name, held in book.holdings.items()}
    for leg in legs:
        reach = reaches.get(leg.instrument, _FLAT)
        if leg.sign > 0:
            reaches[leg.instrument] = Reach(reach.low, reach.high + leg.quantity)
        else:
            reaches[leg.instrument] = Reach(reach.low - leg.quantity, reach.high)
    fees = sum((order_fee(leg.quantity, limits) for leg in legs), ZERO)
    slippage = sum((leg.slippage * leg.quantity for leg in legs), ZERO)
    return State(reaches, legs, fees, book.nav - slippage - fees)


def order_fee(quantity: Fraction, limits: Limits) -> Fraction:
    """The most an order of this size can cost in fees."""
    return limits.parameters.fee_per_order + limits.parameters.fee_per_share * quantity


def _capped(book: Book, legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """Exits and stops truncated, in order, so that an instrument's together are at most its position."""
    left = {name: abs(held.shares) for name, held in book.holdings.items()}
    result: list[Leg] = []
    for leg in legs:
        if leg.entry:
            result.append(leg)
            continue
        held = book.holdings.get(leg.instrument)
        reduces = held is not None and held.shares * leg.sign < 0
        quantity = min(leg.quantity, left[leg.instrument]) if reduces else ZERO
        if reduces:
            left[leg.instrument] -= quantity
        name, strategy, horizon = leg.instrument, leg.strategy, leg.horizon
        result.append(Leg(name, leg.sign, quantity, leg.slippage, leg.risk, False, leg.new, strategy, horizon))
    return tuple(result)


def _worst_price(terms: Terms, sign: int, limit_price: Decimal | None, collar: Fraction) -> Fraction:
    return terms.price * (1 + sign * collar) if limit_price is None else Fraction(limit_price)
