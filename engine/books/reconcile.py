"""Do the books agree with the broker? Positions, cash and open orders, one by one; every difference is named.

A difference stops entries (`operations.books`, a condition of the gate) and no exit: what brings a position closer to
zero is truncated by the broker at what it holds. RTS 6 art. 17 asks for the comparison.

Left out: which of the two is right. A person finds out; entries go on when both agree again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.books.books import Books
from engine.books.money import NOTHING
from engine.orders.working import Open
from knowledge.values import Json, text

NONE = "none"


@dataclass(frozen=True, slots=True)
class Statement:
    """What the broker says of the account. `positions` are signed; an order is (instrument, side, shares left)."""

    positions: Mapping[str, Decimal]
    cash: Decimal
    settled_cash: Decimal
    orders: Mapping[str, tuple[str, str, Decimal]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the two do not agree; `name` is an instrument, an order's id, or empty for money."""

    what: str
    name: str
    books: str
    broker: str

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"what": self.what, "name": self.name, "books": self.books, "broker": self.broker}

    def __str__(self) -> str:
        about = f"{self.what} {self.name}".rstrip()
        return f"{about}: the books say {self.books}, the broker says {self.broker}"


def reconcile(books: Books, orders: Mapping[str, Open], statement: Statement) -> tuple[Difference, ...]:
    """Every difference between our books and orders and the broker's statement; empty where they agree."""
    return (*_money(books, statement), *_positions(books, statement), *_orders(orders, statement))


def _money(books: Books, statement: Statement) -> Iterator[Difference]:
    for what, ours, theirs in (
        ("cash", books.cash, statement.cash),
        ("settled cash", books.settled_cash, statement.settled_cash),
    ):
        if ours != theirs:
            yield Difference(what, "", text(ours), text(theirs))


def _positions(books: Books, statement: Statement) -> Iterator[Difference]:
    ours = {name: held.quantity for name, held in books.holdings.items()}
    for name in sorted({*ours, *statement.positions}):
        here, there = ours.get(name, NOTHING), statement.positions.get(name, NOTHING)
        if here != there:
            yield Difference("position", name, text(here), text(there))


def _orders(orders: Mapping[str, Open], statement: Statement) -> Iterator[Difference]:
    ours = {name: (one.instrument, one.side, one.remaining) for name, one in orders.items()}
    for name in sorted({*ours, *statement.orders}):
        here, there = ours.get(name), statement.orders.get(name)
        if here != there:
            yield Difference("order", name, _told(here), _told(there))


def _told(order: tuple[str, str, Decimal] | None) -> str:
    if order is None:
        return NONE
    instrument, side, remaining = order
    return f"{side} {text(remaining)} {instrument}"
