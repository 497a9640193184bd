"""Sealing and retention of the small logs of `tests.adapters.records`, as the commands do it on a desk."""

from __future__ import annotations

from adapters.audit.log import AuditLog, Entry
from adapters.sealing.retention import due, gone
from adapters.sealing.sealing import sealed, segments_of
from adapters.store.address import Address
from knowledge.values import Json
from tests.adapters.records import at, body

YEARS = {"decision": 5, "surveillance": 5}
LATER = "2017-01-01"
"""A day by which all that these logs hold is over five years old."""


def last_as_of(log: AuditLog) -> str:
    return str(next(log.records(newest_first=True))["as_of"])


def append(log: AuditLog, record: Json, also: object = None) -> Json:
    rest = {name: value for name, value in record.items() if name != "kind"}
    entry = Entry(record["kind"], {**body(last_as_of(log)), **rest})
    return log.append_many([entry], also=also)[0].record  # type: ignore[arg-type]


def seal(where: Address, session: int) -> list[Json]:
    """Seal what was true before the day of this session."""
    with AuditLog.open(where) as log:
        return [append(log, *sealed(content, log.size, log.root)) for content in segments_of(log, at(session)[:10])]


def hold(where: Address, **more: Json) -> Json:
    with AuditLog.open(where) as log:
        about = {"action": "place", "who": "Ada", "why": "case 7", "asked_at": at(0), **more}
        return append(log, {"kind": "hold", **about})


def expire(where: Address, by: str = LATER) -> list[Json]:
    """Let go of what is over its time by a day and not held."""
    with AuditLog.open(where) as log:
        going = due(log, YEARS, by).going
        if not going:
            return []
        record, move = gone(log, going, YEARS["decision"], by)
        return [append(log, {**record, "asked_at": f"{by}T00:00:00Z"}, move)]
