"""Warrants for what was decided: granted entries, exits that may go, stops that move closer.

Entries and exits are for the day; stops and targets rest. A target's distance is a parameter of the limits, beside that
of the stop: both shape an order and bound nothing. Without one (as the desk ships) the rules close at their target.

Client order ids derive from the decision's instant, the instrument and what the order is for, so the same decision
names the same orders however often it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from engine.decision import Decision, ExitVerdict
from engine.exits import left_to_close, tighter_stop
from engine.gate.market import Market, Terms
from engine.gate.proposals import Grant
from engine.orders.order import Kind, Order, Role, Side, TimeInForce
from engine.orders.portfolio import Portfolio, Position
from engine.orders.warrants import Warrant, issue
from knowledge.facts import Snapshot

WITHOUT_CALENDAR = timedelta(days=5)
"""How long an exit may work where the next session is not known, or said to be one that has passed."""
TRAIL = "trail"
"""What a stop that moves closer is called in its client order id; other orders are called by their role."""


def issue_warrants(
    decision: Decision,
    grants: Sequence[Grant],
    snapshot: Snapshot,
    portfolio: Portfolio,
    market: Market,
    take_profit: Fraction | None = None,
) -> tuple[Warrant, ...]:
    """All warrants of a decision: exits first, then trailing stops, then entries in the order of their grants.

    `take_profit` is the parameter of the limits: where there is one, each entry carries a target as well.
    """
    closing = {one.exit.instrument for one in decision.exits if _closes(one, portfolio)}
    orders: list[tuple[Order, Order | None, Order | None]] = [
        (one, None, None)
        for one in (*_exit_orders(decision, portfolio), *_trail_orders(decision, portfolio, market, closing))
    ]
    for one in grants:
        terms = market.terms[one.entry.instrument]
        entry, stop = _entry_orders(decision.as_of, one, terms)
        orders.append((entry, stop, None if take_profit is None else _target(entry, stop, terms, take_profit)))
    return tuple(
        issue(
            order,
            stop,
            account=portfolio.account,
            mode=portfolio.mode,
            inputs=decision.inputs,
            issued_as_of=decision.as_of,
            expires_at=_expiry(snapshot, order.instrument),
            take_profit=target,
        )
        for order, stop, target in orders
    )


def _closes(one: ExitVerdict, portfolio: Portfolio) -> bool:
    """Whether an exit leaves nothing to protect, once all that it asks for has gone out."""
    position = portfolio.position(one.exit.instrument)
    return position is None or Fraction(one.asked) >= left_to_close(position, portfolio)


def _exit_orders(decision: Decision, portfolio: Portfolio) -> Iterator[Order]:
    for one in decision.exits:
        position = portfolio.position(one.exit.instrument)
        if one.held_back is None and position is not None:
            quantity = _decimal(one.exit.quantity)
            yield _reducing(decision.as_of, position, one.exit.side, Role.EXIT, quantity, None)


def _trail_orders(decision: Decision, portfolio: Portfolio, market: Market, closing: set[str]) -> Iterator[Order]:
    """The closest stop any rule asks for, one an instrument; none where the position is closing anyway."""
    best: dict[str, tuple[Position, Decimal]] = {}
    for fact in decision.derived:
        if fact.template == "trail" and fact.word("instrument") not in closing:
            found = tighter_stop(fact, portfolio, market.terms.get(fact.word("instrument")))
            if found is not None:
                position, stop = found
                sign = 1 if position.quantity > 0 else -1
                known = best.get(position.instrument)
                if known is None or sign * (stop - known[1]) > 0:
                    best[position.instrument] = found
    for name in sorted(best):
        position, stop = best[name]
        side = Side.SELL if position.quantity > 0 else Side.BUY
        moved = _reducing(decision.as_of, position, side, Role.STOP, abs(position.quantity), stop)
        # An entry of this decision in the same instrument brings a stop of its own, which has the other name.
        yield replace(moved, client_order_id=_order_id(decision.as_of, name, TRAIL))


def _entry_orders(as_of: str, grant: Grant, terms: Terms) -> tuple[Order, Order]:
    entry, quantity = grant.entry, _decimal(grant.quantity)
    order = Order(
        client_order_id=_order_id(as_of, entry.instrument, Role.ENTRY),
        instrument=entry.instrument,
        side=entry.side,
        role=Role.ENTRY,
        kind=Kind.LIMIT,
        quantity=quantity,
        limit_price=_decimal(entry.limit_price),
        stop_price=_decimal(entry.stop_price),
        reduce_only=False,
        strategy=entry.strategy,
        horizon=entry.horizon,
        currency=terms.currency,
        multiplier=_decimal(terms.multiplier),
        basket=entry.basket,
    )
    stop = Order(
        client_order_id=_order_id(as_of, entry.instrument, Role.STOP),
        instrument=entry.instrument,
        side=Side.SELL if entry.side is Side.BUY else Side.BUY,
        role=Role.STOP,
        kind=Kind.STOP,
        quantity=quantity,
        limit_price=None,
        stop_price=_decimal(entry.stop_price),
        reduce_only=True,
        strategy=entry.strategy,
        horizon=entry.horizon,
        currency=terms.currency,
        multiplier=_decimal(terms.multiplier),
        time_in_force=TimeInForce.GTC,
    )
    return order, stop


def _target(entry: Order, stop: Order, terms: Terms, take_profit: Fraction) -> Order:
    """The other of the stop's pair: a gain at whatever price the entry filled, as it lies beyond its worst one."""
    assert entry.limit_price is not None
    price = Fraction(entry.limit_price) * (1 + entry.side.sign * take_profit) / terms.tick
    # Rounded away from the entry, so that it is never less than asked; a price is at least one tick.
    ticks = max(1, price.__ceil__() if entry.side is Side.BUY else price.__floor__())
    return replace(
        stop,
        client_order_id=stop.client_order_id.removesuffix(Role.STOP) + Role.TARGET,
        role=Role.TARGET,
        kind=Kind.LIMIT,
        limit_price=_decimal(ticks * terms.tick),
        stop_price=None,
    )


def _reducing(as_of: str, position: Position, side: Side, role: Role, quantity: Decimal, stop: Decimal | None) -> Order:
    return Order(
        client_order_id=_order_id(as_of, position.instrument, role),
        instrument=position.instrument,
        side=side,
        role=role,
        kind=Kind.MARKET if stop is None else Kind.STOP,
        quantity=quantity,
        limit_price=None,
        stop_price=stop,
        reduce_only=True,
        strategy=position.strategy,
        horizon=position.horizon,
        currency=position.currency,
        multiplier=position.multiplier,
        time_in_force=TimeInForce.DAY if stop is None else TimeInForce.GTC,
    )


def _order_id(as_of: str, instrument: str, purpose: str) -> str:
    return f"{as_of.replace('-', '').replace(':', '')}-{instrument}-{purpose}"


def _expiry(snapshot: Snapshot, instrument: str) -> str:
    calendar, session = snapshot.find("calendar", instrument), snapshot.as_of[:10]
    # Where bars are shorter than a session, the next one may lie in this session still.
    goes_on = bool(snapshot.all("period"))
    if calendar is not None and (calendar.word("next") > session or (goes_on and calendar.word("next") == session)):
        return f"{calendar['next']}T23:59:59Z"
    return f"{(date.fromisoformat(session) + WITHOUT_CALENDAR).isoformat()}T23:59:59Z"


def _decimal(number: Fraction) -> Decimal:
    """Exact: quantities are whole lots and prices whole ticks, so the digits end."""
    value = Decimal(number.numerator) / Decimal(number.denominator)
    assert Fraction(value) == number, number
    return value
