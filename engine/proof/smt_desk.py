"""What the encoding reads of a desk: shares held and orders that may fill, each with its exact coefficients.

The rows of `docs/limits.md` that speak of one order or one share: `e` (exposure), `κ` (worst slippage), `ν = e + κ`,
`ℓ` (loss at the stop). What is missing a figure is left out; a condition (`data_complete`) then forbids every entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from engine.gate.market import Market, Terms
from engine.gate.proposals import Entry, Exit, Grant
from engine.limits.kinds import MANDATORY, REGIMES, TRADING_STATES
from engine.limits.model import UNKNOWN_STATE, Limit, Limits
from engine.orders.order import Role
from engine.orders.portfolio import Portfolio
from engine.proof.smt_text import Unaskable, name


@dataclass(frozen=True, slots=True)
class Held:
    """Shares of one instrument and what one of them loses at its stop."""

    shares: Fraction
    loss: Fraction
    strategy: str
    horizon: str
    basket: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order: the name of its fill, what it is called, its shares, and what one of them costs at worst.

    The fill is counted in money, `unit` for each share: the weights of most rows are short numbers so.
    """

    fill: str
    label: str
    instrument: str
    sign: int
    quantity: Fraction
    slippage: Fraction
    loss: Fraction
    reducing: bool
    strategy: str
    horizon: str
    basket: str = ""
    """The name of the basket that an entry is a leg of."""
    unit: Fraction = Fraction(1)


@dataclass(frozen=True)
class Desk:
    """Everything that stands apart from this decision's entries, and the entries by instrument (for groups)."""

    portfolio: Portfolio
    market: Market
    limits: Limits
    regime: str
    held: Mapping[str, Held]
    resting: tuple[Order, ...]
    entries: Mapping[str, Entry]
    names: tuple[str, ...]
    """Instruments with shares, orders or entries; all others stay at zero in every filling."""
    state: str = UNKNOWN_STATE

    @cached_property
    def standing_names(self) -> tuple[str, ...]:
        """Those of `names` with shares or orders; the others are only moved by an entry."""
        return tuple(one for one in self.names if one in self.standing_set)

    @cached_property
    def standing_set(self) -> frozenset[str]:
        """The same, for looking up."""
        return frozenset((*self.held, *(one.instrument for one in self.resting)))

    @cached_property
    def name_set(self) -> frozenset[str]:
        """`names`, for looking up."""
        return frozenset(self.names)

    @cached_property
    def resting_in(self) -> Mapping[str, tuple[Order, ...]]:
        """The resting orders of each instrument."""
        found: dict[str, list[Order]] = {}
        for one in self.resting:
            found.setdefault(one.instrument, []).append(one)
        return {one: tuple(orders) for one, orders in found.items()}

    def terms(self, instrument: str) -> Terms:
        """The figures of one of `names`."""
        return self.market.terms[instrument]

    @cached_property
    def _exposures(self) -> Mapping[str, Fraction]:
        return {one: terms.price * terms.unit for one, terms in self.market.terms.items()}

    def exposure(self, instrument: str) -> Fraction:
        """`e` of one share."""
        return self._exposures[instrument]

    def value(self, order: Order) -> Fraction:
        """`ν` of one share of an order."""
        return self.exposure(order.instrument) + order.slippage

    @cached_property
    def _units(self) -> Mapping[str, Fraction]:
        return {one: _unit(self.terms(one)) for one in self.names}

    @cached_property
    def _worth(self) -> Mapping[str, Fraction]:
        return {one: self.exposure(one) / unit for one, unit in self._units.items()}

    def unit(self, instrument: str) -> Fraction:
        """What fills and shares of it are counted in: its exposure, without a sign."""
        return self._units[instrument]

    def worth(self, instrument: str) -> Fraction:
        """Its exposure in that unit: one, of whatever has a price."""
        return self._worth[instrument]

    def position(self, instrument: str) -> Fraction:
        """Shares held, 0 where there are none."""
        held = self.held.get(instrument)
        return Fraction(0) if held is None else held.shares

    def standing(self) -> tuple[Limit, ...]:
        """The limits in force here, by the section of docs/limits.md that says which are."""
        return self._standing

    @cached_property
    def _standing(self) -> tuple[Limit, ...]:
        return tuple(self._in_force())

    def _in_force(self) -> Iterator[Limit]:
        day = self.market.session
        for limit in self.limits.limits:
            earlier = any(one.id == limit.id and one.effective < limit.effective for one in self.limits.limits)
            early = day < limit.effective and (limit.kind not in MANDATORY or earlier)
            late = limit.until != "" and day > limit.until
            if not early and not late and not self._spared(limit):
                yield limit

    def _spared(self, limit: Limit) -> bool:
        """Whether something that is known says that the limit's circumstances are not these."""
        when = limit.when
        value = self.market.figures.get(when.figure)
        return (
            (len(when.regimes) > 0 and self.regime in {*REGIMES} - {*when.regimes})
            or (len(when.states) > 0 and self.state in {*TRADING_STATES} - {*when.states})
            or (value is not None and when.above is not None and value <= when.above)
            or (value is not None and when.below is not None and value >= when.below)
        )


def read_desk(
    portfolio: Portfolio,
    exits: Sequence[Exit],
    entries: Iterable[Entry],
    market: Market,
    limits: Limits,
    regime: str,
    state: str = UNKNOWN_STATE,
) -> Desk:
    """Read a desk. Raises `Unaskable` on two entries in one instrument."""
    by_instrument: dict[str, Entry] = {}
    for entry in entries:
        if by_instrument.setdefault(entry.instrument, entry) is not entry:
            raise Unaskable(f"two entries in {entry.instrument}")
    held = dict(_held(portfolio, market))
    resting = (*_working(portfolio, market, limits), *_exits(exits, market, limits))
    touched = {*held, *by_instrument, *(one.instrument for one in resting)} & market.terms.keys()
    return Desk(portfolio, market, limits, regime, held, resting, by_instrument, tuple(sorted(touched)), state)


def entry_order(grant: Grant, terms: Terms) -> Order:
    """The order of an entry of this decision; its worst price is its limit price."""
    entry, sign = grant.entry, grant.entry.side.sign
    slippage, loss = _adverse(sign, entry.limit_price, terms), _lost(sign, entry.limit_price, entry.stop_price, terms)
    words = ("entry", entry.instrument)
    return Order(name(*words), f"the entry in {entry.instrument}", entry.instrument, sign, grant.quantity, slippage,
                 loss, False, entry.strategy, entry.horizon,
                 "" if entry.basket is None else entry.basket.name, _unit(terms))  # fmt: skip


def _held(portfolio: Portfolio, market: Market) -> Iterator[tuple[str, Held]]:
    for one in portfolio.positions:
        terms, shares = market.terms.get(one.instrument), Fraction(one.quantity)
        if terms is None or shares == 0 or (shares < 0 and one.stop is None):
            continue
        stop = Fraction(one.stop) if one.stop is not None else Fraction(0)
        loss = _lost(1 if shares > 0 else -1, terms.price, stop, terms)
        yield (
            one.instrument,
            Held(shares, loss, one.strategy, one.horizon, "" if one.basket is None else one.basket.name),
        )


def _working(portfolio: Portfolio, market: Market, limits: Limits) -> Iterator[Order]:
    for at, one in enumerate(portfolio.working, 1):
        order, terms, sign = one.order, market.terms.get(one.order.instrument), one.order.side.sign
        reducing = order.role is not Role.ENTRY
        if terms is None or (not reducing and sign < 0 and order.stop_price is None):
            continue
        worst = terms.price * (1 + sign * limits.collar(market.session))
        loss = Fraction(0)
        if not reducing:
            worst = worst if order.limit_price is None else Fraction(order.limit_price)
            stop = Fraction(order.stop_price) if order.stop_price is not None else Fraction(0)
            loss = _lost(sign, worst, stop, terms)
        fill = name(f"{order.role.value} {at}", order.instrument)
        label = f"the working {order.role.value} {'of' if reducing else 'in'} {order.instrument}"
        yield Order(fill, label, order.instrument, sign,
                    Fraction(one.remaining), _adverse(sign, worst, terms), loss, reducing, order.strategy,
                    order.horizon, "" if reducing or order.basket is None else order.basket.name,
                    _unit(terms))  # fmt: skip


def _exits(exits: Sequence[Exit], market: Market, limits: Limits) -> Iterator[Order]:
    for at, one in enumerate(exits, 1):
        terms, sign = market.terms.get(one.instrument), one.side.sign
        if terms is not None:
            worst = terms.price * (1 + sign * limits.collar(market.session))
            slippage = _adverse(sign, worst, terms)
            fill, label = name(f"new exit {at}", one.instrument), f"the exit from {one.instrument}"
            yield Order(
                fill, label, one.instrument, sign, one.quantity, slippage, Fraction(0), True, "", "", unit=_unit(terms)
            )


def _unit(terms: Terms) -> Fraction:
    """What a share is worth; one where it is worth nothing, so that its fill can be told all the same."""
    return abs(terms.price * terms.unit) or Fraction(1)


def _adverse(sign: int, worst: Fraction, terms: Terms) -> Fraction:
    """What one share costs more at this price than at the reference; a better price is no gain."""
    beyond = (worst - terms.price) * sign
    return beyond * terms.unit if beyond > 0 else Fraction(0)


def _lost(sign: int, price: Fraction, stop: Fraction, terms: Terms) -> Fraction:
    """What one share bought (+1) or sold short (-1) at this price loses at its stop."""
    fall = (price - stop) * sign
    return fall * terms.unit if fall > 0 else Fraction(0)
