"""Which orders we believe are open, and what is left of each: a fold over the log, apart from what the venue says.

A protective order (stop, target) waits with its entry, and grows by what the entry fills. What the stop of a pair fills
the target loses, and the other way round; a stop that replaces another takes its place in the pair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from engine.books.money import to_multiple, total
from engine.orders.order import FINAL, Event, Role, State
from knowledge.values import Json, fraction

PROTECTIVE = ("protective_stop", "take_profit")
"""Fields of a submission that bring an order which waits with it."""


@dataclass
class Open:
    """An open order as both sides count it."""

    instrument: str
    side: str
    role: str
    remaining: Decimal
    waiting: tuple[str, ...] = ()
    """For an entry, the ids of the orders that protect what it fills."""
    paired: str = ""
    """For a target, the id of the stop that is the other of its pair."""


@dataclass
class OpenOrders:
    """Open orders by client order id."""

    orders: dict[str, Open] = field(default_factory=dict)

    def take(self, record: Json) -> None:
        """Fold one record of the log; kinds that do not concern orders pass by."""
        if record["kind"] == "books":
            if record.get("entry") == "split":
                self._split(record["instrument"], fraction(record["ratio"]))
            return
        if "event" not in record or record.get("stray") is True:
            return
        if record["event"] == Event.SUBMIT:
            self._submitted(record)
        elif record["kind"] == "fill":
            self._filled(record["client_order_id"], Decimal(record["quantity"]))
        if State(record["state"]) in FINAL:
            self.orders.pop(record["client_order_id"], None)
            for one in self.orders.values():
                if one.paired == record["client_order_id"] and record.get("replaced_by"):
                    one.paired = record["replaced_by"]

    def _submitted(self, record: Json) -> None:
        identity = record["client_order_id"]
        if identity in self.orders:
            # A protective order that waited becomes active; it was here all along.
            return
        waiting = [record[name] for name in PROTECTIVE if record.get(name) is not None]
        self.orders[identity] = _open(record["order"], tuple(one["client_order_id"] for one in waiting))
        for one in waiting:
            self.orders[one["client_order_id"]] = _open({**one, "quantity": "0"}, ())
            if one["role"] == Role.TARGET:
                self.orders[one["client_order_id"]].paired = record["protective_stop"]["client_order_id"]

    def _filled(self, identity: str, quantity: Decimal) -> None:
        filled = self.orders[identity]
        filled.remaining = total(filled.remaining, -quantity)
        for name in filled.waiting:
            if name in self.orders:
                self.orders[name].remaining = total(self.orders[name].remaining, quantity)
        if filled.paired in self.orders:
            _less(self.orders[filled.paired], quantity)
        for name in sorted(self.orders):
            if self.orders[name].paired == identity:
                quantity = total(quantity, -_less(self.orders[name], quantity))

    def _split(self, instrument: str, ratio: Fraction) -> None:
        """Whole new shares: of an entry never more, of what a position truncates never less."""
        for one in self.orders.values():
            if one.instrument == instrument:
                left, entry = Fraction(one.remaining) * ratio, one.role == Role.ENTRY
                one.remaining = to_multiple(left, Decimal(1), ROUND_FLOOR if entry else ROUND_CEILING)


def _less(one: Open, quantity: Decimal) -> Decimal:
    """Take up to `quantity` away; what was taken."""
    taken = min(one.remaining, quantity)
    one.remaining = total(one.remaining, -taken)
    return taken


def _open(order: Json, waiting: tuple[str, ...]) -> Open:
    return Open(order["instrument"], order["side"], order["role"], Decimal(order["quantity"]), waiting)
