"""What a report reads: the sessions that were asked for, and the log up to their end.

A report of the past stays what it is: it sees the records up to the end of its last session and none after them, so the
desk may go on and the same question gives the same bytes. Sessions are found by the instants of their records, as
elsewhere (`--from`, `--to`: days in UTC).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from adapters.answers.lookup import check_date
from adapters.audit.kinds import Kind, period_of
from adapters.audit.log import LogReader
from adapters.reports.frame.page import Origin
from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, parse

FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"


@dataclass(frozen=True)
class Span:
    """Days `first` to `last`, both in it; `size` is how many records of the log a report of them may see."""

    log: LogReader
    desk: str
    mode: str
    first: str
    last: str
    size: int
    command: str
    _limits: dict[str, Limits] = field(default_factory=dict)

    @cached_property
    def root(self) -> str:
        """Of the tree over those records."""
        return self.log.root_at(self.size).hex()

    @property
    def origin(self) -> Origin:
        """What stands at the end of every report."""
        return Origin(self.desk, self.mode, self.size, self.root, self._checkpoint(), self.command)

    def _checkpoint(self) -> str:
        """The first that covers these records, else the last before them."""
        known = self.log.checkpoints()
        covering = [one for one in known if one.signed.size >= self.size]
        one = covering[0] if covering else known[-1] if known else None
        if one is None:
            return "the store keeps none; `warrant audit checkpoint` signs the log as it is"
        much = "all of them and " if one.signed.size > self.size else "just these, " if covering else "only the first "
        records = f"{one.signed.size - self.size if one.signed.size > self.size else one.signed.size:,}"
        more = f"{records} more" if one.signed.size > self.size else f"{records} records"
        return f"number {one.number}, of {much}{more}, by the key {one.vkey.rpartition('+')[0]}"

    @cached_property
    def minutes(self) -> bool:
        """Whether its bars are shorter than a session."""
        last = next(self.newest([Kind.DECISION]), None)
        return last is not None and len(period_of(last)) > len(FIRST_DAY)

    @property
    def words(self) -> str:
        """The days, for a heading."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"

    def records(self, kinds: Iterable[Kind | str] = ()) -> Iterator[Json]:
        """Records of these kinds in these days, in order of the log."""
        return self._read(kinds, since=self.first)

    def history(self, kinds: Iterable[Kind | str]) -> Iterator[Json]:
        """Records of these kinds from the beginning of the log to the end of these days."""
        return self._read(kinds)

    def before(self, kinds: Iterable[Kind | str]) -> Iterator[Json]:
        """Records of these kinds before these days."""
        return takewhile(lambda record: record["as_of"][:10] < self.first, self._read(kinds))

    def newest(self, kinds: Iterable[Kind | str]) -> Iterator[Json]:
        """Records of these kinds up to the end of these days, the newest first."""
        return self._read(kinds, newest_first=True)

    def limits(self, digest: str) -> Limits:
        """The limits with this digest, read once. Raises `KeyError`."""
        if digest not in self._limits:
            self._limits[digest] = recorded_limits(parse(self.log.blob(digest)))
        return self._limits[digest]

    def _read(
        self, kinds: Iterable[Kind | str], since: str | None = None, *, newest_first: bool = False
    ) -> Iterator[Json]:
        found = self.log.records(kinds, since=since, until=ending(self.last), newest_first=newest_first)
        return takewhile(lambda record: record["seq"] < self.size, found) if not newest_first else found


def ending(day: str) -> str:
    """The last instant of a day, as bounds of the log's records are written."""
    return f"{day}T23:59:59Z"


def span(log: LogReader, desk: str, first: str | None, last: str | None, command: str) -> Span:
    """The days from `first` to `last`, where not given those of the whole log. Raises `Faulty`."""
    check_date(first)
    check_date(last)
    if first and last and first > last:
        raise Faulty(Fault("command line", 1, 1, f"`--from {first}` is after `--to {last}`; turn them round"))
    begin = next(log.records(), None)
    until = None if last is None else ending(last)
    newest = next(log.records(until=until, newest_first=True), None)
    ends = next(log.records(["decision", "fault", "books"], until=until, newest_first=True), newest)
    return Span(
        log=log,
        desk=desk if begin is None else begin["desk"],
        mode="" if begin is None else begin["mode"],
        first=first or (FIRST_DAY if begin is None else begin["as_of"][:10]),
        last=last or (LAST_DAY if ends is None else ends["as_of"][:10]),
        size=0 if newest is None else newest["seq"] + 1,
        command=command,
    )


def last_session(log: LogReader) -> str | None:
    """The day of the newest decision, fault or close of the log."""
    newest = next(log.records(["decision", "fault", "books"], newest_first=True), None)
    return None if newest is None else newest["as_of"][:10]
