"""Finds what a person means: a record by its id or an order's, a session by its date, a bar by its label."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from adapters.answers.reading import check_date, is_date, reading, unknown
from adapters.audit.envelope import period_of
from adapters.audit.log import LogReader, LogUnreadable, verify_receipt
from engine.limits.text import recorded_limits
from engine.orders.portfolio import Portfolio
from engine.telling.explain import Evidence
from knowledge.door import snapshot_from_json
from knowledge.values import Json, parse
from rules.rulebook import Rulebook

if TYPE_CHECKING:
    from adapters.running.world import World

__all__ = [
    "check_date",
    "check_symbol",
    "decision_at",
    "decision_of",
    "evidence_of",
    "is_date",
    "is_label",
    "reading",
    "session_date",
]

_TIME = re.compile(r"T([01][0-9]|2[0-3]):[0-5][0-9]\Z")


def evidence_of(log: LogReader, record: Json) -> Evidence:
    """A decision record with everything it names, each read back from its digest.

    Raises `LogUnreadable` where the record is not the one that the log's tree holds: what was changed is not told.
    """
    receipt = log.receipt(record["record_id"])
    if receipt.record != record or not verify_receipt(receipt, log.root_at(receipt.tree_size)):
        raise LogUnreadable(f"the record {record['record_id']} is not the one the log was written over")
    inputs = record["inputs"]
    return Evidence(
        record,
        snapshot_from_json(parse(log.blob(inputs["snapshot"]))),
        Portfolio.from_json(parse(log.blob(inputs["portfolio"]))),
        Rulebook.from_json(parse(log.blob(inputs["rulebook"]))),
        recorded_limits(parse(log.blob(inputs["limits"]))),
    )


def decision_of(log: LogReader, name: str) -> tuple[Json, str]:
    """The decision meant by a record id (or its beginning), an order's id or a warrant's; and the instrument, if one.

    Raises `Faulty` where nothing, or more than one decision, answers to the name.
    """
    found: list[tuple[Json, str]] = []
    for record in log.records(["decision"]):
        if record["record_id"].startswith(name):
            found.append((record, ""))
        for one in record["warrants"]:
            orders = (one["order"], one["protective_stop"], one.get("take_profit"))
            if name in (one["warrant_id"], *(order["client_order_id"] for order in orders if order)):
                found.append((record, one["order"]["instrument"]))
    if not found:
        hint = "ids stand before each decision of `warrant cycle`; for a day, write its date, such as 2011-03-01"
        raise unknown(name, f"no decision, order or warrant has this id; {hint}")
    if len({record["record_id"] for record, _ in found}) > 1:
        raise unknown(name, f"{len(found)} decisions begin so; give more digits")
    return found[0]


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
