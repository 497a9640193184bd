"""Logs made by hand: a desk's records as far as surveillance reads them, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.surveillance.finding import Finding
from engine.surveillance.parameters import Parameters
from engine.surveillance.survey import survey
from engine.surveillance.trace import Trace
from knowledge.values import Json

KINDS = {
    "order.value": "order_value", "order.collar": "price_collar", "portfolio.gross": "gross",
    "portfolio.sector": "group_gross", "portfolio.volatility": "volatility", "model.heads": "healthy_heads",
}  # fmt: skip
"""Of the limits in force, whatever the digest."""


def trace_of(records: list[Json]) -> Trace:
    trace = Trace()
    for record in records:
        trace.take(record, lambda _: KINDS)
    return trace


BY = Parameters()


def found(records: list[Json], by: Parameters = BY) -> tuple[Finding, ...]:
    return survey(trace_of(records), by)


@dataclass
class Log:
    """A log that grows. `day` is the session, `time` of the day that of the next record (HH:MM)."""

    day: str = "2026-03-02"
    time: str = "15:00"
    records: list[Json] = field(default_factory=list)

    @property
    def as_of(self) -> str:
        return f"{self.day}T{self.time}:00Z"

    def put(self, kind: str, **said: Any) -> None:
        seq = len(self.records)
        common = {"kind": kind, "seq": seq, "record_id": f"{seq:016x}", "as_of": self.as_of}
        self.records.append({**common, **said})

    def send(self, order: str, side: str, quantity: int = 100, limit: str | None = "10", **said: Any) -> None:
        """Submit an order: an entry with a limit price, where nothing else is said."""
        name = said.pop("instrument", "AAPL")
        terms = {
            "client_order_id": order, "instrument": name, "side": side, "role": "entry", "quantity": str(quantity),
            "kind": "market" if limit is None else "limit", "limit_price": limit, "strategy": "swing", **said,
        }  # fmt: skip
        warrant = terms.pop("warrant", f"W-{order}")
        self.put("order", event="submit", state="submitted", client_order_id=order, warrant_id=warrant, order=terms)
        self.put("order", event="accept", state="working", client_order_id=order, warrant_id=warrant)

    def fill(
        self, order: str, quantity: int = 100, price: str = "10", volume: int = 100_000, whole: bool = True
    ) -> None:
        event, state = ("fill-all", "filled") if whole else ("fill-part", "partly-filled")
        self.put("fill", event=event, state=state, client_order_id=order, quantity=str(quantity), price=price,
                 session=self.day, volume=str(volume))  # fmt: skip

    def cancel(self, order: str, replaced_by: str | None = None) -> None:
        more = {"replaced_by": replaced_by} if replaced_by else {}
        self.put("cancel", event="request-cancel", state="cancel-pending", client_order_id=order, **more)
        self.put("cancel", event="confirm-cancel", state="cancelled", client_order_id=order, **more)

    def bar(self, **closes: str) -> None:
        """The close of a bar within the session."""
        self.put("books", entry="closes", session=self.day, closes=closes)

    def end(self, **closes: str) -> None:
        """The end of the session, and the next day."""
        self.put("books", entry="session", session=self.day, closes=closes)
        year, month, day = self.day.split("-")
        self.day = f"{year}-{month}-{int(day) + 1:02}"

    def split(self, instrument: str, ratio: str) -> None:
        self.put("books", entry="split", instrument=instrument, ratio=ratio, event_id=f"split:{instrument}:{self.day}")

    def state(self, state: str) -> None:
        self.put("state", state=state)

    def decide(self, *entries: str, outcome: str = "granted", **said: Any) -> None:
        """A decision with entries in these instruments. `readings` are measure, value, bound and base."""
        orders = [{"client_order_id": f"{self.day}-{name}", "instrument": name, "role": "entry"} for name in entries]
        readings = [
            {"measure": measure, "limit": measure.partition("[")[0], "value": value, "bound": bound, "base": base,
             **({"corner": None} if measure.startswith("portfolio.volatility") else {})}
            for measure, value, bound, base in said.get("readings", ())
        ]  # fmt: skip
        verdicts = [{"instrument": name, "outcome": outcome,
                     "binding": [{"limit": one} for one in said.get("binding", ())]} for name in entries]  # fmt: skip
        verdicts += [{"instrument": "IBM", "outcome": "denied", "cores": [{"limit": one} for one in said["refused"]]}
                     ] if "refused" in said else []  # fmt: skip
        self.put("decision", period=self.day, inputs={"limits": "sha256:0"}, verdicts=verdicts, readings=readings,
                 warrants=[{"order": one} for one in orders])  # fmt: skip
