"""Which orders the paper venue takes: closed reasons, each with a sentence.

- An entry extends a position or starts one from flat, with no opposite entry working; it has a limit price, a
  protective stop on the losing side of it, and may have a target on the gaining side.
- An exit is reduce-only and meets a position on the other side.
- A stop is reduce-only; one that replaces another comes closer to the market, and the position stays covered.

Left out: stop entries and stops with a limit (one that gaps past its limit protects nothing).
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from adapters.paper.state import PaperState, Ticket
from adapters.paper.venue import Listing
from engine.books.money import NOTHING, total
from engine.orders.order import Kind, Order, Role, Side, State, TimeInForce
from engine.orders.warrants import Warrant


class Reason(StrEnum):
    """Why the venue rejected a submission."""

    NO_RECEIPT = "no-receipt"
    WRONG_MODE = "wrong-mode"
    WRONG_ACCOUNT = "wrong-account"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    ID_TAKEN = "id-taken"
    NOT_LISTED = "not-listed"
    BAD_TERMS = "bad-terms"
    OPPOSITE = "opposite"
    NOTHING_TO_REDUCE = "nothing-to-reduce"
    NOT_CLOSER = "not-closer"
    NOT_SHORTABLE = "not-shortable"


class Rejected(Exception):
    """A submission that the venue does not take; becomes a rejection record and leaves the broker no other way."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def check(warrant: Warrant, state: PaperState) -> tuple[str, ...]:
    """The stops that the order replaces, by client order id. Raises `Rejected`."""
    order, stop, target = warrant.order, warrant.protective_stop, warrant.take_profit
    listing = state.listings.get(order.instrument)
    if listing is None:
        raise Rejected(Reason.NOT_LISTED, f"`{order.instrument}` is not listed here")
    _check_terms(order, listing)
    if order.role is Role.ENTRY:
        _check_entry(order, stop, state)
        if target is not None:
            _check_target(target, order, stop, state)
        return ()
    if stop is not None or target is not None or order.role is Role.TARGET:
        raise Rejected(Reason.BAD_TERMS, "only an entry carries a protective stop or a target")
    if not order.reduce_only:
        raise Rejected(Reason.BAD_TERMS, f"an {order.role} is reduce-only")
    if state.position(order.instrument) * order.side.sign >= 0:
        raise Rejected(Reason.NOTHING_TO_REDUCE, f"no position in `{order.instrument}` that a {order.side} reduces")
    return _replaced(order, state) if order.role is Role.STOP else ()


def _check_terms(order: Order, listing: Listing) -> None:
    prices = [price for price in (order.limit_price, order.stop_price) if price is not None]
    if not all(number > 0 for number in (order.quantity, *prices)):
        raise Rejected(Reason.BAD_TERMS, "quantity and prices are positive")
    if (order.currency, order.multiplier) != (listing.currency, listing.multiplier):
        wanted = f"{listing.currency} with multiplier {listing.multiplier}"
        raise Rejected(Reason.BAD_TERMS, f"`{order.instrument}` trades in {wanted}")
    if order.kind is Kind.LIMIT and order.limit_price is None:
        raise Rejected(Reason.BAD_TERMS, "a limit order has a limit price")
    if (order.role is Role.STOP) != (order.kind is Kind.STOP):
        raise Rejected(Reason.BAD_TERMS, f"this venue takes no {order.role} of the kind {order.kind}")
    if (order.role in (Role.STOP, Role.TARGET)) and order.time_in_force is not TimeInForce.GTC:
        raise Rejected(Reason.BAD_TERMS, f"a {order.role} rests until it is cancelled")
    if order.kind is Kind.STOP and (order.stop_price is None or order.limit_price is not None):
        raise Rejected(Reason.BAD_TERMS, "a stop has a stop price and no limit price")


def _check_entry(order: Order, stop: Order | None, state: PaperState) -> None:
    if order.reduce_only or order.limit_price is None:
        raise Rejected(Reason.BAD_TERMS, "an entry has a limit price and is not reduce-only")
    if stop is None or not _closes(stop, order, Role.STOP, Kind.STOP):
        raise Rejected(Reason.BAD_TERMS, "an entry carries a reduce-only stop of its own size on the other side")
    _check_terms(stop, state.listings[order.instrument])
    if stop.stop_price is None or (order.limit_price - stop.stop_price) * order.side.sign <= 0:
        raise Rejected(Reason.BAD_TERMS, "a protective stop lies on the losing side of its entry's limit price")
    if stop.client_order_id in state.tickets:
        raise Rejected(Reason.ID_TAKEN, f"the client order id `{stop.client_order_id}` is taken")
    if order.side is Side.SELL and not state.listings[order.instrument].shortable:
        raise Rejected(Reason.NOT_SHORTABLE, f"no shares of `{order.instrument}` can be borrowed")
    if state.position(order.instrument) * order.side.sign < 0:
        raise Rejected(Reason.OPPOSITE, "an entry against the position would cross zero; it is an exit first")
    for other in state.on(order.instrument):
        if other.order.role is Role.ENTRY and other.order.side is not order.side:
            raise Rejected(Reason.OPPOSITE, f"the opposite entry `{other.order.client_order_id}` is working")


def _check_target(target: Order, entry: Order, stop: Order | None, state: PaperState) -> None:
    if not _closes(target, entry, Role.TARGET, Kind.LIMIT) or target.limit_price is None or entry.limit_price is None:
        raise Rejected(Reason.BAD_TERMS, "a target is a reduce-only limit order of its entry's size on the other side")
    _check_terms(target, state.listings[entry.instrument])
    if (target.limit_price - entry.limit_price) * entry.side.sign <= 0:
        raise Rejected(Reason.BAD_TERMS, "a target lies on the gaining side of its entry's limit price")
    if target.client_order_id in state.tickets or (stop and target.client_order_id == stop.client_order_id):
        raise Rejected(Reason.ID_TAKEN, f"the client order id `{target.client_order_id}` is taken")


def _closes(order: Order, entry: Order, role: Role, kind: Kind) -> bool:
    return (
        order.client_order_id != entry.client_order_id
        and (order.role, order.kind, order.reduce_only) == (role, kind, True)
        and (order.instrument, order.quantity) == (entry.instrument, entry.quantity)
        and order.side is not entry.side
    )


def _replaced(order: Order, state: PaperState) -> tuple[str, ...]:
    """The resting stops that this one comes closer than. What is left must still cover the position."""
    resting = [ticket for ticket in state.on(order.instrument) if _is_replaceable(ticket, order, state)]
    # One that has begun to fill is a market order by now: no stop is closer.
    farther = [one for one in resting if closeness(order) > closeness(one.order) and not one.filled]
    kept = total(*(ticket.remaining for ticket in resting if ticket not in farther))
    held = abs(state.position(order.instrument))
    if not farther and kept >= held:
        raise Rejected(Reason.NOT_CLOSER, f"a stop at {order.stop_price} is no closer than those that rest")
    if total(kept, order.quantity) < held:
        raise Rejected(Reason.BAD_TERMS, f"a stop for {order.quantity} leaves a part of the position bare")
    return tuple(ticket.order.client_order_id for ticket in farther)


def _is_replaceable(ticket: Ticket, order: Order, state: PaperState) -> bool:
    """An active stop on the same side whose entry can fill no more: what may still fill keeps its own stop."""
    if ticket.order.role is not Role.STOP or ticket.state is State.WARRANTED or ticket.order.side is not order.side:
        return False
    return ticket.guards is None or not state.tickets[ticket.guards].live


def closeness(stop: Order) -> Decimal:
    """Greater for the stop that the market reaches first: a high one below a long, a low one above a short.

    Of two targets the other way round.
    """
    if stop.role is Role.TARGET and stop.limit_price is not None:
        return stop.limit_price * stop.side.sign
    price = NOTHING if stop.stop_price is None else stop.stop_price
    return price if stop.side is Side.SELL else -price
