"""One id over several windows of time: rows with one id are the same limit, one after the other.

Refused: two rows of one id on the same day, rows of one id that are not the same limit (another kind, group or state),
and a mandatory limit with a day on which it is not in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from engine.limits.kinds import MANDATORY
from engine.limits.model import Limit
from knowledge.marked_yaml import Node, Table

SAME = ("kind", "layer", "by", "only", "then")
"""What rows of one id have in common; their bounds, sources, owners and circumstances may differ."""


@dataclass(frozen=True, slots=True)
class Row:
    """A limit and where it was written."""

    limit: Limit
    node: Node

    def at(self, part: str) -> Node:
        """Where one of its values was written; the row itself where it was not."""
        entries = self.node.entries if isinstance(self.node, Table) else ()
        return next((entry.value for entry in entries if entry.key.written == part), self.node)


Complaint = tuple[Node, str]


def over_time(rows: Sequence[Row]) -> Iterator[Complaint]:
    """What is wrong with the windows of each id."""
    by_id: dict[str, list[Row]] = {}
    for row in rows:
        by_id.setdefault(row.limit.id, []).append(row)
    for same in by_id.values():
        ordered = sorted(same, key=lambda row: row.limit.effective)
        for before, after in pairwise(ordered):
            yield from _one_after_the_other(before, after)
        if ordered[0].limit.kind in MANDATORY:
            yield from _without_a_gap(ordered)


def _one_after_the_other(before: Row, after: Row) -> Iterator[Complaint]:
    one, two, line = before.limit, after.limit, before.node.line
    for part in SAME:
        if getattr(one, part) != getattr(two, part):
            words = f"the limit id `{one.id}` is used twice, and with another `{part}` in line {line}"
            yield after.at(part), f"{words}; rows of one id are one limit: rename one"
            return
    if not one.until:
        begins = (date.fromisoformat(two.effective) - timedelta(days=1)).isoformat()
        words = f"the limit id `{one.id}` is used twice: the row in line {line} has no end"
        if one.effective < two.effective:
            yield after.at("effective"), f"{words}, so both would be in force; write `until: {begins}` there"
        else:
            yield after.at("id"), f"{words}; rename one"
    elif one.until >= two.effective:
        words = (
            f"the limit id `{one.id}` is used twice from {two.effective} on: the row in line {line} ends on {one.until}"
        )
        yield after.at("effective"), f"{words}; let this one begin later or that one end earlier"


def _without_a_gap(ordered: Sequence[Row]) -> Iterator[Complaint]:
    kind = ordered[0].limit.kind
    for before, after in pairwise(ordered):
        one, two = before.limit, after.limit
        if one.until and one.until < two.effective and _next_day(one.until) != two.effective:
            begins = _next_day(one.until)
            yield after.at("effective"), f"no `{kind}` is in force from {begins} until here; no desk trades without one"
    last = ordered[-1]
    if last.limit.until:
        words = f"no `{kind}` is in force after {last.limit.until}, and no desk trades without one; remove `until`"
        yield last.at("until"), words


def _next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
