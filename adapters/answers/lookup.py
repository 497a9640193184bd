"""Finds what a person means: a record by its id or an order's, a session by its date, a bar by its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from adapters.answers.evidence import evidence_of
from adapters.answers.reading import check_date, is_date, reading, unknown
from adapters.audit.kinds import period_of
from adapters.audit.reader import LogReader
from knowledge.values import Json

if TYPE_CHECKING:
    from adapters.running.world import World

__all__ = [
    "Found",
    "check_date",
    "check_symbol",
    "decision_at",
    "decision_of",
    "evidence_of",
    "is_date",
    "is_label",
    "orders_of",
    "reading",
    "record_of",
    "session_date",
]

_DIGITS = re.compile(r"[0-9a-fA-F]{1,16}\Z")
_ORDER = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z-")
MOST = 5
"""Records that are looked for where an id is short."""
_TIME = re.compile(r"T([01][0-9]|2[0-3]):[0-5][0-9]\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """A record, and the order in it that was meant, by its id; empty where the record as a whole was."""

    record: Json
    order: str = ""

    @property
    def instrument(self) -> str:
        """That of the order."""
        return next((one["instrument"] for warrant, one in orders_of(self.record) if self._is(warrant, one)), "")

    def _is(self, warrant: Json, order: Json) -> bool:
        return bool(self.order) and self.order in (order["client_order_id"], warrant["warrant_id"])


def record_of(log: LogReader, name: str) -> Found:
    """The record meant: by its id or the beginning of it, or the decision with an order or warrant of this id.

    Raises `Faulty` where nothing, or more than one record, answers to the name.
    """
    found = log.find(name, MOST) if _DIGITS.match(name) else ()
    if len(found) > 1:
        raise unknown(
            name, f"{len(found)} records begin so{' or more' if len(found) == MOST else ''}; give more digits"
        )
    if found:
        return Found(log.record(found[0]))
    for decision in _candidates(log, name):
        for warrant, order in orders_of(decision):
            if name in (order["client_order_id"], warrant["warrant_id"]):
                return Found(decision, order["client_order_id"])
    hint = "`warrant audit find` lists records; for a day, write its date, such as 2011-03-01"
    raise unknown(name, f"no record, order or warrant has this id; {hint}")


def orders_of(decision: Json) -> Iterator[tuple[Json, Json]]:
    """The orders of a decision, each behind its warrant."""
    for warrant in decision.get("warrants", []):
        for order in (warrant["order"], warrant.get("protective_stop"), warrant.get("take_profit")):
            if order is not None:
                yield warrant, order


def decision_of(log: LogReader, name: str) -> tuple[Json, str]:
    """The decision meant by a record id (or its beginning), an order's id or a warrant's; and the instrument, if one.

    Raises `Faulty` where nothing, or more than one record, answers to the name, or a record that is no decision.
    """
    found = record_of(log, name)
    if found.record["kind"] != "decision":
        raise unknown(name, f"this is a record of kind `{found.record['kind']}`, and a decision is asked for")
    return found.record, found.instrument


def _candidates(log: LogReader, name: str) -> Iterator[Json]:
    """Decisions that may have made an order or warrant of this id: those of the instant it begins with, or all."""
    begins = _ORDER.match(name)
    if begins:
        year, month, day, hour, minute, second = begins.groups()
        as_of = f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"
        yield from log.records(["decision"], since=as_of, until=as_of)
    elif name.startswith("W-"):
        submitted = next((one for one in log.records(["order"]) if one["warrant_id"] == name), None)
        if submitted is not None:
            yield log.record(submitted["decision_id"])
            return
    if name:
        yield from log.records(["decision"])


def decision_at(log: LogReader, session: str) -> Json:
    """The decision of a session, or of a bar by its label. Raises `Faulty` where the log has none, or several."""
    if not is_label(session):
        raise unknown(session, "this is no date; write one such as 2011-03-01")
    day = session[:10]
    found = [one for one in log.records(["decision", "fault"], since=day, until=f"{day}T23:59:59Z")
             if session in (day, period_of(one))]  # fmt: skip
    if len({period_of(record) for record in found}) > 1:
        labels = f"{found[0]['period']} to {found[-1]['period']}"
        raise unknown(session, f"it was decided {len(found)} times on this date; write a bar's label, from {labels}")
    if found:
        return found[0]
    days = [period_of(record) for record in log.records(["decision"])]
    span = f"its decisions run from {days[0]} to {days[-1]}" if days else "it has no decisions yet"
    before = [day for day in days if day < session][-1:]
    near = f"; the one before is of {before[0]}" if before and session < days[-1] else ""
    raise unknown(session, f"the log has no decision of this date (no session, or not decided); {span}{near}")


def is_label(words: str) -> bool:
    """Whether a bar may be called so: a date, or when it begins, such as 2011-03-01T14:35."""
    return is_date(words) or bool(_TIME.match(words[10:]) and is_date(words[:10]))


def check_symbol(record: Json, symbol: str | None) -> None:
    """Raises `Faulty` where a decision has no verdict on this instrument."""
    names = [one["instrument"] for one in record["verdicts"]]
    if symbol is not None and symbol not in names:
        near = get_close_matches(symbol.upper(), names, n=1)
        meant = f"; did you mean `{near[0]}`?" if near else ""
        on = period_of(record)
        raise unknown(symbol, f"this was not in the universe on {on}, which had {', '.join(names)}{meant}")


def session_date(day: str | None, world: World) -> str | None:
    """A bar of the feed, as given on the command line: by its label, or the last of a date. Raises `Faulty`."""
    if day is None:
        return None
    if not is_label(day):
        raise unknown(day, "this is no date; write one such as 2011-03-01")
    sessions = world.survey.market.panel.sessions
    if is_date(day) and world.sessions(day, day):
        return world.sessions(day, day)[-1]
    if day not in sessions:
        near = [one for one in sessions if one <= day][-1:] or [sessions[0]]
        hint = f"the feed runs from {sessions[0]} to {sessions[-1]}; the session before is {near[0]}"
        raise unknown(day, f"this is no session of the feed; {hint}")
    return day
