"""The changes of a desk's limits as its log has them: when, what, who, why, up to when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.audit.kinds import Kind
from adapters.audit.log import LogReader
from adapters.people.approvals import objection
from adapters.people.four_eyes import LIMITS, subject_of
from adapters.verifying.law import REFUSED, LawInForce
from knowledge.values import Json

_SHOWN = 12
"""Digits of a digest that a reader needs to tell two files apart."""


def amendments(log: LogReader) -> list[Json]:
    """Approvals and changes in order, each with the limits in force behind it.

    A change has `who`, `how` and `changes` of the approval it used. Approvals of anything but limits are left out.
    """
    law, approvals, found = LawInForce(), dict[str, Json](), []
    for record in log.records([Kind.APPROVAL, Kind.CHANGE]):
        law.take(record)
        if record["kind"] == Kind.APPROVAL and subject_of(record) != LIMITS:
            continue
        row = {name: record.get(name) for name in ("record_id", "as_of", "verdict", "old", "new", "reason", "until")}
        if record["kind"] == Kind.APPROVAL:
            approvals[record["record_id"]] = record
            found.append({**row, "outcome": "approved", **_people(record, approvals), "current": record["old"]})
            continue
        approval = approvals.get(record.get("approval") or "")
        person = {} if approval is None else _people(approval, approvals)
        current = record["old"] if record["outcome"] == REFUSED else law.current
        found.append({**row, "outcome": record["outcome"], **person, "current": current})
    return found


def _people(approval: Json, approvals: Mapping[str, Json]) -> Json:
    """Who approved, and where it seconds somebody's proposal, who proposed."""
    first = approvals.get(approval.get("proposal") or "")
    if first is None:
        return _person(approval)
    return {**_person(approval), "proposed": _person(first)}


def _person(approval: Json) -> Json:
    how = "claimed" if approval.get("claimed") else "signed"
    return {
        "who": approval["who"],
        "how": f"{how}, and it does not hold" if objection(approval) else how,
        "key": approval.get("key"),
        "asked_at": approval["asked_at"],
        "changes": approval.get("changes", []),
    }


def lines(rows: list[Json]) -> Iterator[str]:
    """For a risk officer: one paragraph for each."""
    if not rows:
        yield "the limits have not changed since the first decision"
    for row in rows:
        end = f", up to {row['until']}" if row["until"] else ""
        yield f"{row['as_of']}  {row['outcome']:<8}  {row['verdict']}{end}"
        yield f"    limits {_short(row['old'])} → {_short(row['new'])}; in force {_short(row['current'])}"
        if "who" in row:
            if "proposed" in row:
                yield f"    proposed by {_signed(row['proposed'])}"
            yield f"    {'approved by ' if 'proposed' in row else ''}{_signed(row)}"
        yield f"    {row['reason']}"
        yield from (f"      {one}" for one in row.get("changes", []))


def _signed(person: Json) -> str:
    return f"{person['who']}, {person['how']}, at {person['asked_at']}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_SHOWN]
