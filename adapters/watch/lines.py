"""One record, one line: what an operator reads of it, under names that do not change.

Rules:
- every line says which record and which cycle it is about; an order's line has the cycle that warranted it;
- a decision is one line with its counts and what its stages took; `warrant explain` tells the verdicts;
- the end of a session's bars is no line. Every other kind of record is one, so that none is invisible.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from knowledge.values import Json

Level = Literal["info", "warning", "error"]
_REMEMBERED = 4096
"""Decisions whose cycle is remembered for the lines of their orders."""

_TOLD: Mapping[str, tuple[str, ...]] = {
    "start": ("program", "rulebook", "limits", "feed"),
    "order": ("event", "state"),
    "fill": ("event", "instrument", "side", "role", "quantity", "price", "commission", "slippage", "fill_id"),
    "rejection": ("reason", "detail"),
    "cancel": ("event", "state", "why", "detail"),
    "expiry": ("event", "state"),
    "state": ("state", "who", "why", "ends", "instrument", "executions", "asked_at"),
    "model": ("head", "model", "age", "outcome", "reason"),
    "stop": ("reason",),
    "recovery": ("lapsed", "reason"),
    "checkpoint": ("size", "root"),
    "books": ("entry", "instrument", "ratio", "per_share", "session", "amount"),
    "fault": ("fault",),
    "missed": ("label", "first_label", "cycles", "cause", "reason", "due_at", "latest_at"),
    "reconciliation": ("agrees", "differences", "reason"),
    "feed": ("source", "failed", "reason", "change"),
    "approval": ("who", "what", "about", "verdict", "reason", "until", "claimed"),
    "change": ("outcome", "verdict", "reason", "until", "approval"),
    "rulebook": ("outcome", "verdict", "reason", "files", "who"),
    "key": ("action", "vkey", "who", "reason", "claimed"),
    "seal": ("segment", "of", "first", "last", "digest"),
    "hold": ("action", "who", "why", "hold", "from", "to", "symbols"),
    "retention": ("rule", "by", "values"),
    "surveillance": (
        "action",
        "pattern",
        "instrument",
        "severity",
        "sentence",
        "finding",
        "outcome",
        "who",
        "why",
        "reason",
    ),
}
"""The fields of a record that its line repeats, by kind."""
_ORDER = ("instrument", "side", "role", "quantity", "limit_price", "stop_price")
_LEVELS: Mapping[str, Level] = {
    "fault": "error",
    "missed": "warning",
    "rejection": "warning",
    "recovery": "warning",
    "state": "warning",
    "approval": "warning",
    "change": "warning",
    "rulebook": "warning",
    "key": "warning",
    "hold": "warning",
    "retention": "warning",
    "surveillance": "warning",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its event, how loud it is, and its fields."""

    event: str
    level: Level
    fields: dict[str, Json]


class Lines:
    """Makes lines of records; remembers which cycle each recent decision was."""

    def __init__(self) -> None:
        self._cycles: OrderedDict[str, str] = OrderedDict()

    def of(self, record: Json, timings: Mapping[str, int]) -> Line | None:
        """The line of a record; None where it has none."""
        kind = record["kind"]
        if kind == "books" and record.get("entry") == "session":
            return None
        fields = {"cycle_id": self.cycle_of(record), **_common(record)}
        if kind == "decision":
            self._remember(record)
            return Line("cycle", _decision_level(record), {**fields, **_decision(record, timings)})
        fields |= {name: record[name] for name in ("client_order_id", "decision_id") if record.get(name)}
        # `event` is what a line itself is called by.
        told = {name: record[name] for name in _TOLD.get(kind, ()) if record.get(name) is not None}
        fields |= {"order_event" if name == "event" else name: value for name, value in told.items()}
        order = record.get("order")
        if isinstance(order, dict):
            fields |= {name: order[name] for name in _ORDER if order.get(name) is not None}
        loud = kind == "reconciliation" and bool(record.get("differences"))
        return Line(kind, "error" if loud else _LEVELS.get(kind, "info"), fields)

    def cycle_of(self, record: Json) -> str | None:
        """The cycle that a record belongs to: its own, or that of the decision it follows from."""
        if record.get("cycle_id"):
            return str(record["cycle_id"])
        if record["kind"] == "missed":
            return f"{record['desk']}:{record['label']}"
        return self._cycles.get(record.get("decision_id") or "")

    def _remember(self, record: Json) -> None:
        self._cycles[record["record_id"]] = record["cycle_id"]
        if len(self._cycles) > _REMEMBERED:
            self._cycles.popitem(last=False)


def counts(record: Json) -> dict[str, int]:
    """How many verdicts of each outcome a decision has."""
    return dict(Counter(one["outcome"] for one in record["verdicts"]))


def _common(record: Json) -> dict[str, Json]:
    return {name: record[name] for name in ("desk", "mode", "as_of", "recorded_at", "record_id", "seq")}


def _decision(record: Json, timings: Mapping[str, int]) -> dict[str, Json]:
    told = {
        "outcome": "undetermined" if record["fault"] else "decided",
        "trading_state": record["trading_state"],
        "regime": record["regime"],
        "verdicts": counts(record),
        "orders": len(record["warrants"]),
        "stage_ms": {stage: round(taken / 1e6, 3) for stage, taken in timings.items()},
    }
    return {**told, "fault": record["fault"]} if record["fault"] else told


def _decision_level(record: Json) -> Level:
    if record["fault"]:
        return "error"
    return "info" if record["trading_state"] == "active" else "warning"
