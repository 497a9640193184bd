"""How resting orders meet bars, and what follows from a fill: the simulated venue's conduct, told as records.

Within one bar, this order of events is assumed; where a bar leaves room, it is to our disadvantage:

1. cancels are confirmed; orders that expire before the bar closes take no part in it;
2. at the open: exits, then stops that the bar opens through, then targets, then entries;
3. within the bar: entries, then stops (also those of entries that filled in this very bar, even if the low came
   first), the one nearest to the market first, then targets (never those of entries that filled in this bar), and limit
   exits last;
4. orders that expire with the bar expire, and what is left of an immediate-or-cancel order is cancelled.

All fills of one instrument together take at most `participation` of the bar's volume, in whole shares. What is left
keeps working; a stop that has begun to fill goes on at the next open as a market order.

An order takes part in a bar only if it was accepted no later than the bar's open, so no decision fills on a bar that it
has seen. Where an instrument has no usable bar nothing fills, and orders wait until they expire.

What follows from a change (`settle`) is found from the state alone and done at once, so that going on after a crash
tells the same records in the same order: a protective stop or target becomes active with its entry's first fill; a
stop takes the place of those it replaces; when the position is flat the other exits and stops are cancelled, and so is
an order whose pair has filled all of it; an entry whose stop is gone, or whose stop or target has begun to fill, is
cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from adapters.paper.state import PaperState, Ticket
from adapters.paper.terms import closeness
from adapters.paper.venue import Bar, Costs, Execution, Session, at_open, within
from engine.books.money import NOTHING, to_multiple, total
from engine.orders.order import Event, Kind, Order, Role, State, TimeInForce, follow
from engine.orders.warrants import instant
from knowledge.values import Json, text

Moment = Callable[[Order, Bar, Decimal, Costs], Execution | None]
Consequence = tuple[Ticket, Event, dict[str, Json]]

RECORD_KIND = {
    Event.SUBMIT: "order",
    Event.ACCEPT: "order",
    Event.REJECT: "rejection",
    Event.REQUEST_CANCEL: "cancel",
    Event.CONFIRM_CANCEL: "cancel",
    Event.REFUSE_CANCEL: "cancel",
    Event.EXPIRE: "expiry",
    Event.FILL_PART: "fill",
    Event.FILL_ALL: "fill",
}
_MAY_FILL = (State.WORKING, State.PARTLY_FILLED)
_SEQUENCE: tuple[tuple[Moment, Role], ...] = (
    (at_open, Role.EXIT),
    (at_open, Role.STOP),
    (at_open, Role.TARGET),
    (at_open, Role.ENTRY),
    (within, Role.ENTRY),
    (within, Role.STOP),
    (within, Role.TARGET),
    (within, Role.EXIT),
)


class Matching:
    """The venue at work on one state. Every change is a record: applied to the state, then kept for `collect`."""

    def __init__(self, state: PaperState, costs: Costs, participation: Decimal | None = None) -> None:
        self.state = state
        self.costs = costs
        self.participation = participation
        """The share of a bar's volume that fills; None for all that is asked."""
        self._told: list[Json] = []

    def collect(self) -> tuple[Json, ...]:
        """The records since the last call, in their order."""
        told, self._told = tuple(self._told), []
        return told

    def put(self, record: Json) -> None:
        """Apply one record and keep it."""
        self.state.apply(record)
        self._told.append(record)

    def tell(self, ticket: Ticket, event: Event, as_of: str, **details: Json) -> None:
        """One event in the life of an order."""
        self.put(
            {
                "kind": RECORD_KIND[event],
                "event_id": f"{ticket.order.client_order_id}:{ticket.events + 1}",
                "client_order_id": ticket.order.client_order_id,
                "decision_id": ticket.decision_id,
                "warrant_id": ticket.warrant_id,
                "event": event.value,
                "state": follow(ticket.state, event).value,
                "as_of": as_of,
                **details,
            }
        )

    def advance(self, session: Session, bars: Mapping[str, Bar]) -> None:
        """Let one session pass."""
        for instrument in sorted({ticket.order.instrument for ticket in self.state.live.values()}):
            bar = bars.get(instrument)
            self.settle(instrument, session.closes_at, session.date)
            for ticket in self.state.on(instrument):
                if ticket.state is State.CANCEL_PENDING:
                    self.tell(ticket, Event.CONFIRM_CANCEL, session.closes_at)
                    self.settle(instrument, session.closes_at, session.date)
            self._expire(instrument, session, with_the_bar=False)
            if bar is not None and bar.usable:
                for moment, role in _SEQUENCE:
                    self._execute(instrument, role, moment, session, bar)
            self._expire(instrument, session, with_the_bar=True)

    def settle(self, instrument: str, as_of: str, session: str, because_of: str = "") -> None:
        """Do what follows from an instrument's orders (or from one order and its stop) until nothing does."""
        while True:
            found = (one for one in self._consequences(instrument, session) if _concerns(one, because_of))
            consequence = next(found, None)
            if consequence is None:
                return
            ticket, event, details = consequence
            self.tell(ticket, event, as_of, **details)

    def _consequences(self, instrument: str, session: str) -> Iterator[Consequence]:
        tickets = self.state.tickets
        flat = self.state.position(instrument) == 0
        for ticket in self.state.on(instrument):
            entry = None if ticket.guards is None else tickets[ticket.guards]
            if ticket.state is State.SUBMITTED:
                yield ticket, *_taken(ticket)
            elif entry is not None and ticket.state is State.WARRANTED:
                if ticket.remaining:
                    yield ticket, Event.SUBMIT, {"order": ticket.order.to_json(), "session": session}
                elif not entry.live:
                    yield ticket, Event.EXPIRE, {"why": f"its entry `{ticket.guards}` never filled"}
            elif ticket.order.reduce_only and (flat or ticket.remaining == 0) and (entry is None or not entry.live):
                yield _ending(ticket, "the position is flat" if flat else "the other of its pair has filled")
            elif ticket.order.role is Role.ENTRY and self._is_bare(ticket):
                yield _ending(ticket, "its protective stop is gone, or a split left nothing of it")
            elif ticket.order.role is Role.ENTRY and self._is_leaving(ticket):
                yield _ending(ticket, "its protective stop or its target has begun to fill")
            for name in ticket.replaces:
                if ticket.state in _MAY_FILL and tickets[name].live:
                    yield _ending(tickets[name], "replaced by a closer stop", replaced_by=ticket.order.client_order_id)

    def _is_bare(self, entry: Ticket) -> bool:
        guard = entry.guarded_by
        return entry.remaining == 0 or guard is None or not self.state.tickets[guard].live

    def _is_leaving(self, entry: Ticket) -> bool:
        names = (entry.guarded_by, entry.aimed_by)
        return any(self.state.tickets[name].filled > 0 for name in names if name is not None)

    def _execute(self, instrument: str, role: Role, moment: Moment, session: Session, bar: Bar) -> None:
        tick = self.state.listings[instrument].tick
        here = [ticket for ticket in self.state.on(instrument) if ticket.order.role is role]
        for ticket in sorted(here, key=lambda one: -closeness(one.order)):
            takes_part = ticket.state in _MAY_FILL and _was_there(ticket, moment, session) and _is_believed(ticket, bar)
            quantity = min(self._fillable(ticket), self._left(instrument, session, bar)) if takes_part else NOTHING
            execution = moment(_as_it_works(ticket), bar, tick, self.costs) if quantity > 0 else None
            if execution is not None:
                self._fill(ticket, quantity, execution, session, bar)
                self.settle(instrument, session.closes_at, session.date)

    def _left(self, instrument: str, session: Session, bar: Bar) -> Decimal:
        """What this bar's volume still gives. From the state alone, so that going on after a crash gives no more."""
        if self.participation is None:
            return Decimal("Infinity")
        most = to_multiple(Fraction(max(0, bar.volume)) * Fraction(self.participation), Decimal(1), ROUND_FLOOR)
        bar_of, taken = self.state.traded.get(instrument, ("", NOTHING))
        return total(most, -taken) if bar_of == session.closes_at else most

    def _fillable(self, ticket: Ticket) -> Decimal:
        """All that is left of an entry; of a reduce-only order at most the position. Nothing ever crosses zero."""
        along = self.state.position(ticket.order.instrument) * ticket.order.side.sign
        if ticket.order.reduce_only:
            return min(ticket.remaining, max(NOTHING, -along))
        return ticket.remaining if along >= 0 else NOTHING

    def _fill(self, ticket: Ticket, quantity: Decimal, execution: Execution, session: Session, bar: Bar) -> None:
        order = ticket.order
        owed = self.costs.commission(total(ticket.filled, quantity))
        self.tell(
            ticket,
            Event.FILL_ALL if quantity == ticket.remaining else Event.FILL_PART,
            session.closes_at,
            fill_id=f"{order.client_order_id}/{ticket.events + 1}",
            instrument=order.instrument,
            side=order.side.value,
            role=order.role.value,
            quantity=text(quantity),
            price=text(execution.price),
            commission=text(max(NOTHING, total(owed, -ticket.commission))),
            slippage=text(execution.slippage),
            volume=text(bar.volume),
            session=session.date,
            strategy=order.strategy,
            horizon=order.horizon,
            currency=order.currency,
            multiplier=text(order.multiplier),
            **({} if order.basket is None else {"basket": order.basket.to_json()}),
        )

    def _expire(self, instrument: str, session: Session, *, with_the_bar: bool) -> None:
        close = instant(session.closes_at)
        for ticket in self.state.on(instrument):
            if ticket.expires_at is None or ticket.state not in _MAY_FILL:
                continue
            expiry = instant(ticket.expires_at)
            if with_the_bar and ticket.order.time_in_force is TimeInForce.IOC and _rested(ticket, session):
                for _ in range(2):
                    ending, event, details = _ending(ticket, "immediate or cancel: what its first open did not fill")
                    self.tell(ending, event, session.closes_at, **details)
            elif expiry < close or (with_the_bar and (expiry == close or _day_is_over(ticket, session))):
                self.tell(ticket, Event.EXPIRE, session.closes_at, why=f"good until {ticket.expires_at}")
            else:
                continue
            self.settle(instrument, session.closes_at, session.date)


def _concerns(consequence: Consequence, identity: str) -> bool:
    ticket, _, details = consequence
    return not identity or identity in (ticket.order.client_order_id, ticket.guards, details.get("replaced_by"))


def _taken(ticket: Ticket) -> tuple[Event, dict[str, Json]]:
    if ticket.refused is None:
        return Event.ACCEPT, {}
    reason, detail = ticket.refused
    return Event.REJECT, {"reason": reason, "detail": detail, "stray": False}


def _ending(ticket: Ticket, why: str, **details: Json) -> Consequence:
    """The next step of a cancel by the venue itself: request, then confirmation."""
    pending = ticket.state is State.CANCEL_PENDING
    return ticket, Event.CONFIRM_CANCEL if pending else Event.REQUEST_CANCEL, {"why": why, **details}


def _was_there(ticket: Ticket, moment: Moment, session: Session) -> bool:
    """Whether the order rested at the open; a protective stop also counts after the fill that made it active."""
    if ticket.order.role is Role.TARGET and ticket.grown == session.closes_at:
        return False
    if _rested(ticket, session):
        return moment is at_open or ticket.order.time_in_force is not TimeInForce.IOC
    return moment is within and ticket.guards is not None and ticket.session == session.date


def _is_believed(ticket: Ticket, bar: Bar) -> bool:
    """Whether this order may execute on this bar: a stop on any, others not where a leap would be their gain."""
    return ticket.order.role is Role.STOP or not bar.flatters(-ticket.order.side.sign)


def _rested(ticket: Ticket, session: Session) -> bool:
    return instant(ticket.accepted_at) <= instant(session.opens_at)


def _day_is_over(ticket: Ticket, session: Session) -> bool:
    """A day order ends with the session that it rested in first; an exit at its close, so that the next decision may
    ask for the rest. An entry whose warrant ends on that day is left to it: until then it counts as working.
    """
    if ticket.order.time_in_force is not TimeInForce.DAY or not (session.last and _rested(ticket, session)):
        return False
    return ticket.order.reduce_only or (ticket.expires_at is not None and ticket.expires_at[:10] > session.date)


def _as_it_works(ticket: Ticket) -> Order:
    """The order, or the market order that a stop is once it has begun to fill."""
    if ticket.order.role is Role.STOP and ticket.filled > 0:
        return replace(ticket.order, kind=Kind.MARKET, stop_price=None)
    return ticket.order
