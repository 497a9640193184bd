"""What the paper venue remembers, as a fold over the log's records and over nothing else.

Every change of the venue's state is one record, and every record changes it through `PaperState.apply`, while the desk
trades and when it starts again: a restart therefore can not come back to another state. Records are numbered
within their order (`event_id`), so a repeated one changes nothing and a missing one is noticed.

A protective stop, and a target beside it, stay *warranted* while their entry waits, and become as large as what it has
filled. The two are one-cancels-other: what one fills, the other loses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from adapters.paper.venue import Listing, narrowed
from engine.books.holdings import split_quantity
from engine.books.money import NOTHING, to_multiple, total
from engine.orders.order import FINAL, Event, Order, Role, State, follow
from knowledge.values import Json, fraction

ENVELOPE = frozenset({"format", "seq", "record_id", "recorded_at", "desk", "mode", "blobs"})
"""Fields that the log adds; the venue neither writes nor reads them."""
ONE = Decimal(1)


@dataclass
class Ticket:
    """One order at the venue.

    `remaining` of a protective stop or a target is what its entry has filled, less what both of the pair have.
    """

    order: Order
    decision_id: str
    warrant_id: str
    expires_at: str | None
    """None rests until it is cancelled."""
    guards: str | None
    """For a protective stop or a target, the entry it belongs to."""
    guarded_by: str | None
    """For an entry, its protective stop."""
    remaining: Decimal
    aimed_by: str | None = None
    """For an entry, its target."""
    paired: str | None = None
    """For a target, the stop that is the other of its pair now."""
    grown: str = ""
    """For a target, the close of the last bar in which its entry filled."""
    replaces: tuple[str, ...] = ()
    refused: tuple[str, str] | None = None
    """Reason and detail, where the submission is to be rejected."""
    accepted_at: str = ""
    session: str = ""
    """For a protective stop or a target, the session in which it became active."""
    state: State = State.WARRANTED
    filled: Decimal = NOTHING
    commission: Decimal = NOTHING
    events: int = 0

    @property
    def live(self) -> bool:
        """Whether anything can still happen to it."""
        return self.state not in FINAL


@dataclass
class PaperState:
    """Tickets by client order id, signed positions, and the answer that each submission got."""

    listings: Mapping[str, Listing]
    tickets: dict[str, Ticket] = field(default_factory=dict)
    live: dict[str, Ticket] = field(default_factory=dict)
    positions: dict[str, Decimal] = field(default_factory=dict)
    answers: dict[str, list[Json]] = field(default_factory=dict)
    splits: set[str] = field(default_factory=set)
    traded: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    """The close of the last bar in which an instrument filled, and its shares in it: what its volume has given."""

    def position(self, instrument: str) -> Decimal:
        """The signed net position."""
        return self.positions.get(instrument, NOTHING)

    def on(self, instrument: str) -> list[Ticket]:
        """The live tickets of one instrument, by client order id."""
        found = (self.live[identity] for identity in sorted(self.live))
        return [ticket for ticket in found if ticket.order.instrument == instrument]

    def apply(self, record: Json) -> None:
        """Fold one record in. Raises `ValueError` (so `ImpossibleEvent`), `KeyError` where it can not follow."""
        record = {name: value for name, value in record.items() if name not in ENVELOPE}
        if record["kind"] == "books":
            if record.get("entry") == "split":
                self._split(record)
            return
        step = _STEPS.get(record["kind"])
        if step is None or record.get("stray") is True:
            return
        if "order" in record and record["client_order_id"] not in self.tickets:
            self._open(record)
        ticket = self.tickets[record["client_order_id"]]
        number = int(record["event_id"].rpartition(":")[2])
        if number <= ticket.events:
            return
        if number != ticket.events + 1:
            raise ValueError(f"`{record['event_id']}` comes after event {ticket.events} of its order; one is missing")
        ticket.events = number
        step(self, ticket, record)
        self._follow(ticket, record)

    def _open(self, record: Json) -> None:
        """A first record makes the ticket of its order and, for an entry, of the protective stop that waits with it."""
        order, stop, target = Order.from_json(record["order"]), record["protective_stop"], record.get("take_profit")
        shared = {"decision_id": record["decision_id"], "warrant_id": record["warrant_id"]}
        self._add(
            Ticket(
                order=order,
                expires_at=record["expires_at"],
                guards=None,
                guarded_by=None if stop is None else stop["client_order_id"],
                aimed_by=None if target is None else target["client_order_id"],
                remaining=order.quantity,
                replaces=tuple(record["replaces"]),
                refused=None if record["refused"] is None else tuple(record["refused"]),
                **shared,
            )
        )
        for one in (stop, target):
            if one is not None:
                paired = stop["client_order_id"] if one is target and stop is not None else None
                ticket = Ticket(
                    order=Order.from_json(one),
                    expires_at=None,
                    guards=order.client_order_id,
                    guarded_by=None,
                    remaining=NOTHING,
                    paired=paired,
                    **shared,
                )
                self._add(ticket)

    def _add(self, ticket: Ticket) -> None:
        identity = ticket.order.client_order_id
        if identity in self.tickets:
            raise ValueError(f"the client order id `{identity}` is used twice")
        self.tickets[identity] = self.live[identity] = ticket

    def _follow(self, ticket: Ticket, record: Json) -> None:
        ticket.state = follow(ticket.state, Event(record["event"]))
        if ticket.state != record["state"]:
            raise ValueError(f"`{record['event_id']}` says {record['state']}, the table says {ticket.state}")
        if not ticket.live:
            self.live.pop(ticket.order.client_order_id)

    def _submitted(self, ticket: Ticket, record: Json) -> None:
        if record["event"] == Event.SUBMIT:
            ticket.accepted_at = record["as_of"]
            ticket.session = record["session"]
        if ticket.guards is None:
            self.answers.setdefault(record["client_order_id"], []).append(record)

    def _filled(self, ticket: Ticket, record: Json) -> None:
        quantity = Decimal(record["quantity"])
        order = ticket.order
        ticket.remaining = total(ticket.remaining, -quantity)
        ticket.filled = total(ticket.filled, quantity)
        ticket.commission = total(ticket.commission, Decimal(record["commission"]))
        if ticket.remaining < 0:
            raise ValueError(f"`{record['fill_id']}` fills more than was left of its order")
        self._move(order.instrument, total(self.position(order.instrument), quantity * order.side.sign))
        before = self.traded.get(order.instrument, ("", NOTHING))
        so_far = before[1] if before[0] == record["as_of"] else NOTHING
        self.traded[order.instrument] = (record["as_of"], total(so_far, quantity))
        for name in (ticket.guarded_by, ticket.aimed_by):
            if name is not None and self.tickets[name].live:
                guard = self.tickets[name]
                guard.remaining = total(guard.remaining, quantity)
                guard.grown = record["as_of"]
        self._take_from_the_other(ticket, quantity)

    def _take_from_the_other(self, ticket: Ticket, quantity: Decimal) -> None:
        """One cancels the other: what a target fills its stop loses, and what a stop fills its targets lose."""
        others = [self.tickets[ticket.paired]] if ticket.paired is not None else self.paired_with(ticket)
        for other in others:
            taken = min(quantity, other.remaining) if other.live else NOTHING
            other.remaining = total(other.remaining, -taken)
            quantity = total(quantity, -taken)

    def paired_with(self, stop: Ticket) -> list[Ticket]:
        """The live targets whose pair this stop is in."""
        return [one for one in self.on(stop.order.instrument) if one.paired == stop.order.client_order_id]

    def _ended(self, ticket: Ticket, record: Json) -> None:
        answered = ticket.order.client_order_id if "order" in record else record.get("replaced_by")
        if answered is not None:
            self.answers.setdefault(answered, []).append(record)
        if "replaced_by" in record and record["event"] == Event.CONFIRM_CANCEL:
            for target in self.paired_with(ticket):
                target.paired = record["replaced_by"]

    def _move(self, instrument: str, quantity: Decimal) -> None:
        if quantity:
            self.positions[instrument] = quantity
        else:
            self.positions.pop(instrument, None)

    def _split(self, record: Json) -> None:
        if record["event_id"] in self.splits:
            return
        self.splits.add(record["event_id"])
        instrument, ratio = record["instrument"], fraction(record["ratio"])
        self._move(instrument, split_quantity(self.position(instrument), ratio)[0])
        for ticket in self.on(instrument):
            ticket.remaining = _split_shares(ticket.remaining, ticket.order.role, ratio)
            ticket.order = split_order(ticket.order, ratio, self.listings[instrument].tick)
        for ticket in self.live.values():
            if ticket.order.basket is not None:
                ticket.order = replace(ticket.order, basket=ticket.order.basket.after_split(instrument, ratio))


def split_order(order: Order, ratio: Fraction, tick: Decimal) -> Order:
    """The order in new shares: prices divided, a limit never wider and a stop never farther than it was."""

    def divided(price: Decimal | None) -> Decimal | None:
        return None if price is None else max(tick, narrowed(order, Fraction(price) / ratio, tick))

    return replace(
        order,
        quantity=_split_shares(order.quantity, order.role, ratio),
        limit_price=divided(order.limit_price),
        stop_price=divided(order.stop_price),
    )


def _split_shares(quantity: Decimal, role: Role, ratio: Fraction) -> Decimal:
    """Whole shares: reduce-only orders round up (they are truncated at the position), entries down."""
    return to_multiple(Fraction(quantity) * ratio, ONE, ROUND_FLOOR if role is Role.ENTRY else ROUND_CEILING)


_STEPS: dict[str, Callable[[PaperState, Ticket, Json], None]] = {
    "order": PaperState._submitted,
    "rejection": PaperState._submitted,
    "fill": PaperState._filled,
    "cancel": PaperState._ended,
    "expiry": PaperState._ended,
}
