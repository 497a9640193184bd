"""The patterns over a desk's log: looked for, held against what is recorded, recorded once.

Rules:
- whatever is read goes through the trace from the log's beginning on: a finding hangs on no window that was asked for.
  Where decisions went by retention, nearness to limits is counted in those that are left;
- a finding that is recorded is not recorded again, whoever finds it: the id is the finding's own;
- a desk looks at the end of each session, behind everything that trades. A backtest does not: its log says what the
  rules decided and is compared by its root, and nobody reads an alert of 2011. The command tells the same of it;
- where looking itself fails, that is a record and an alert, and the desk goes on: nothing that trades hangs on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adapters.audit.kinds import Kind
from adapters.audit.reader import LogReader
from adapters.verifying.findings import CLEARED, CLOSE, FIND, NAMED, kinds_in
from engine.surveillance.finding import Finding
from engine.surveillance.parameters import Parameters
from engine.surveillance.survey import survey
from engine.surveillance.trace import RECORDS, Trace
from knowledge.values import Json

READ = (*RECORDS, Kind.SURVEILLANCE.value)


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, the id of its record where it has one, and what a person made of it last."""

    finding: Finding
    record: str = ""
    closed: Json = None

    @property
    def open(self) -> bool:
        """Whether somebody has to look at it still."""
        return self.closed is None or self.closed["outcome"] != CLEARED

    def to_json(self) -> Json:
        """The finding, its record, and how it was closed."""
        names = ("record_id", "outcome", "who", "why", "asked_at")
        closed = None if self.closed is None else {name: self.closed[name] for name in names}
        return {**self.finding.to_json(), "record_id": self.record or None, "closed": closed}


@dataclass
class Lookout:
    """What was read of a log so far. `look` reads on."""

    log: LogReader
    by: Parameters
    _trace: Trace = field(default_factory=Trace)
    _reached: int = -1
    _recorded: dict[str, str] = field(default_factory=dict)
    """Record by finding."""
    _closed: dict[str, Json] = field(default_factory=dict)
    """By the record of a finding, how it was closed last."""

    def look(self) -> tuple[Told, ...]:
        """Every finding of the log as it is now. Raises `LogUnreadable`."""
        kinds = kinds_in(self.log.blob)
        for record in self.log.records(READ, after=self._reached, gone=True):
            self._reached = record["seq"]
            if record["kind"] != Kind.SURVEILLANCE:
                if "gone" not in record:
                    self._trace.take(record, kinds)
            elif record["action"] == FIND:
                self._recorded[record["finding_id"]] = record["record_id"]
            elif record["action"] == CLOSE and "gone" not in record:
                self._closed[record["finding"]] = record
        return tuple(self._told(one) for one in survey(self._trace, self.by))

    def _told(self, finding: Finding) -> Told:
        record = self._recorded.get(finding.id, "")
        return Told(finding, record, self._closed.get(record))

    def unrecorded(self, found: Sequence[Told]) -> Iterator[Json]:
        """Records of those that have none."""
        for one in found:
            if not one.record:
                yield {
                    "kind": Kind.SURVEILLANCE.value,
                    "action": FIND,
                    **one.finding.to_json(),
                    NAMED: self.by.to_json(),
                }
