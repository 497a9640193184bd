"""The life of each order: warranted, submitted, acknowledged, filled, ended; and what it stood for.

A fold over the log's order records. What replaced a stop is said; an order that never went out is there, too, from its
warrant on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from knowledge.values import Json

KINDS = ("order", "fill", "cancel", "expiry", "rejection")
_ENDED = frozenset({"filled", "cancelled", "expired", "rejected"})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an order."""

    as_of: str
    day: str
    kind: str
    event: str
    state: str
    words: str
    record_id: str


@dataclass(slots=True)
class Life:
    """One order."""

    order_id: str
    decision_id: str
    terms: Json
    """As warranted or submitted; empty where the log does not say."""
    warranted: str = ""
    """The instant of its warrant, where that is at hand."""
    events: list[Event] = field(default_factory=list)
    filled: Decimal = Decimal(0)
    paid: Fraction = Fraction(0)
    """Sum of quantity by price."""
    commission: Fraction = Fraction(0)
    slippage: Fraction = Fraction(0)
    """In money."""

    @property
    def state(self) -> str:
        """Where it stands."""
        return self.events[-1].state if self.events else "warranted"

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return self.state in _ENDED

    @property
    def price(self) -> Fraction | None:
        """The mean price of its fills."""
        return self.paid / Fraction(self.filled) if self.filled else None

    def term(self, name: str) -> str:
        """One of its terms, empty where there is none."""
        return str(self.terms.get(name) or "")

    def first(self, event: str) -> Event | None:
        """The first event so called."""
        return next((one for one in self.events if one.event == event), None)

    def of(self, *kinds: str) -> Iterator[Event]:
        """Events of these kinds."""
        return (one for one in self.events if one.kind in kinds)


@dataclass
class Lives:
    """A fold over decisions and order records; with `minutes` a day of an event is its minute."""

    minutes: bool = False
    found: dict[str, Life] = field(default_factory=dict)
    terms: dict[str, tuple[Json, str]] = field(default_factory=dict)
    """Of stops and targets: their terms as they were warranted with an entry, and when."""

    def take(self, record: Json) -> None:
        """Read one record; kinds that are about no order pass by."""
        if record["kind"] == "decision":
            for one in record["warrants"]:
                self._warranted(record, one)
        elif record["kind"] in KINDS:
            self._event(record)

    def _warranted(self, record: Json, warrant: Json) -> None:
        name = warrant["order"]["client_order_id"]
        life = self.found.setdefault(name, Life(name, record["record_id"], warrant["order"]))
        life.warranted, life.terms, life.decision_id = record["as_of"], warrant["order"], record["record_id"]
        for part in ("protective_stop", "take_profit"):
            if warrant.get(part):
                other = warrant[part]["client_order_id"]
                self.terms[other] = (warrant[part], record["as_of"])
                if other in self.found:
                    self.found[other].warranted = record["as_of"]

    def _event(self, record: Json) -> None:
        name = record["client_order_id"]
        terms, warranted = self.terms.get(name, ({}, ""))
        life = self.found.setdefault(name, Life(name, record.get("decision_id", ""), terms, warranted))
        if isinstance(record.get("order"), dict):
            life.terms = record["order"]
        if record["kind"] == "fill":
            quantity = Decimal(record["quantity"])
            life.filled += quantity
            life.paid += Fraction(quantity) * Fraction(record["price"])
            life.commission += Fraction(record["commission"])
            each = Fraction(record.get("slippage", "0")) * Fraction(record.get("multiplier", "1"))
            life.slippage += each * Fraction(quantity)
            life.terms = {**{part: record.get(part) for part in ("instrument", "side", "role")}, **life.terms}
        life.events.append(
            Event(record["as_of"], self._day(record), record["kind"], record["event"], record["state"], _words(record),
                  record["record_id"])
        )  # fmt: skip

    def _day(self, record: Json) -> str:
        """The session, or the minute."""
        return str(record["as_of"][:16] if self.minutes else (record.get("session") or record["as_of"])[:10])


def _words(record: Json) -> str:
    """What the event says beyond its name."""
    if record["kind"] == "fill":
        return f"{record['quantity']} at {record['price']}"
    said = [record.get(part) for part in ("why", "reason", "detail", "refused")]
    if record.get("replaced_by"):
        said.append(f"by {record['replaced_by']}")
    return "; ".join(str(one) for one in said if one)
