"""Whether recorded findings of surveillance, and what persons made of them, follow from the log.

Rules:
- *sequence*: a finding is recorded once; its orders were submitted before it, and the record that completed it stands
  before it; who closes a finding names one that is recorded, and whoever closes one that was cleared says so anew;
- *arithmetic* (`Surveyed`): the same patterns with the parameters that the record names, over the records before it,
  have this finding with these figures. Where decisions went by retention it is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from adapters.audit.kinds import Kind
from engine.surveillance.parameters import Parameters
from engine.surveillance.survey import survey
from engine.surveillance.trace import RECORDS, Trace
from knowledge.values import Json, canonical, parse

FIND, CLOSE, FAILED = "find", "close", "failed"
CLEARED, ESCALATED = "cleared", "escalated"
NAMED: Final = "parameters"
_ADDED: Final = frozenset(
    {"format", "record_id", "kind", "seq", "as_of", "recorded_at", "desk", "mode", "blobs", "action", NAMED}
)
"""What a record has beside its finding."""


def kinds_in(blob: Callable[[str], bytes]) -> Callable[[str], Mapping[str, str]]:
    """Reads the kind of each limit of a limits file, by the file's digest; each file once."""
    from engine.limits.text import recorded_limits

    known: dict[str, Mapping[str, str]] = {}

    def kinds(name: str) -> Mapping[str, str]:
        if name not in known:
            known[name] = {one.id: one.kind for one in recorded_limits(parse(blob(name))).limits}
        return known[name]

    return kinds


class FindingsCheck:
    """Reads the records in order; `feed` says what is wrong, as field and sentence."""

    def __init__(self) -> None:
        self._orders: set[str] = set()
        self._found: set[str] = set()
        self._records: set[str] = set()

    def feed(self, record: Json) -> Iterator[tuple[str, str]]:
        """What is wrong with this record, which has the shape of its kind."""
        if record["kind"] == Kind.ORDER:
            self._orders.add(record["client_order_id"])
        if record["kind"] != Kind.SURVEILLANCE:
            return
        if record["action"] == FIND:
            yield from self._find(record)
        elif record["action"] == CLOSE and record.get("finding") not in self._records and "about" not in record:
            yield "finding", f"no finding is recorded before it as `{record['finding']}`"

    def _find(self, record: Json) -> Iterator[tuple[str, str]]:
        if record["finding_id"] in self._found:
            yield "finding_id", "this finding was recorded before"
        self._found.add(record["finding_id"])
        self._records.add(record["record_id"])
        if "about" in record:
            # No more is left of it.
            return
        if missing := sorted(set(record["orders"]) - self._orders):
            yield "orders", f"no order `{missing[0]}` was submitted before it"
        if record["completed_by"] >= record["seq"]:
            yield "completed_by", "what completed it does not stand before it"


class Surveyed:
    """Looks for each recorded finding anew, in walks over a log, one after another."""

    def __init__(self) -> None:
        self.checked = 0
        """Findings that were looked for."""
        self._begin()

    def _begin(self) -> None:
        self._trace = Trace()
        self._next = 0
        self._whole = True
        self._kinds: Callable[[str], Mapping[str, str]] | None = None
        self._answers: dict[bytes, dict[str, Json]] = {}

    def __call__(self, record: Json, blob: Callable[[str], bytes]) -> list[str]:
        """One sentence for each thing in a recorded finding that the records before it do not bear out."""
        if record["seq"] == 0:
            self._begin()
        self._whole = self._whole and record["seq"] == self._next
        self._next = record["seq"] + 1
        if self._kinds is None:
            self._kinds = kinds_in(blob)
        if record["kind"] in RECORDS:
            self._trace.take(record, self._kinds)
            self._answers.clear()
        if record["kind"] != Kind.SURVEILLANCE or record.get("action") != FIND or not self._whole:
            return []
        self.checked += 1
        found = self._all(record[NAMED]).get(record["finding_id"])
        if found is None:
            return ["finding_id: by its parameters the records before it show no such finding"]
        told = {name: value for name, value in record.items() if name not in _ADDED}
        return [
            f"{name}: the records before it give `{found.get(name)}`, and not `{told.get(name)}`"
            for name in sorted({*told, *found})
            if told.get(name) != found.get(name)
        ]

    def _all(self, by: Json) -> dict[str, Json]:
        """Every finding of the log so far, by its id."""
        key = canonical(by)
        if key not in self._answers:
            found = survey(self._trace, Parameters.from_json(by))
            self._answers[key] = {one.id: one.to_json() for one in found}
        return self._answers[key]
