"""Fetch bars from one source after the other until one gives them, and bring them through the door of an import.

- Each source is asked a few times, longer apart each time; then the next one. Every failure is told and written into
  the manifest.
- Bars that have not ended are left out, and that is told. By default only sessions after the stored ones are asked for.
- What came is merged as a file would be: a revision is refused, bars that contradict themselves are stored and told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from adapters.importing.bringing import Brought, bring
from adapters.importing.from_files import Door, merge_actions
from adapters.importing.manifest import append
from adapters.importing.merging import Trouble
from adapters.importing.moments import Moments, NotEnded, Unreadable
from adapters.importing.sources import Answer, NoBars, Request, Source
from advisors.actions import Action
from advisors.quality import COLUMNS
from knowledge.faults import Fault
from knowledge.values import Json

ATTEMPTS = 3


@dataclass(frozen=True)
class Wanted:
    """What to fetch: `symbol` as the desk calls it, `there` as the sources do; None for `since`: what is not stored."""

    symbol: str
    there: str
    since: date | None


@dataclass(frozen=True)
class Fetched:
    """What came of one symbol. `source` is empty where no source gave bars, or where none were due."""

    symbol: str
    source: str = ""
    brought: Brought | None = None
    failures: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    actions: int = 0

    @property
    def failed(self) -> bool:
        """Whether bars were due and no source gave them."""
        return bool(self.failures) and not self.source

    def to_json(self) -> Json:
        """For machines."""
        return {
            "symbol": self.symbol,
            "source": self.source or None,
            "failures": [{"source": source, "reason": reason} for source, reason in self.failures],
            "notes": list(self.notes),
            "actions": self.actions,
            "bars": self.brought.to_json().get(self.symbol) if self.brought else None,
        }


@dataclass(frozen=True)
class Sources:
    """The sources in order of preference, by name; where each stands, if elsewhere; seconds for each request."""

    known: Sequence[tuple[str, Source]]
    gateways: dict[str, str] = field(default_factory=dict)
    timeout: float = 20.0


def fetch(
    door: Door, wanted: Wanted, sources: Sources, say: Callable[[str], None], *, replace: bool = False
) -> Fetched:
    """Bring one symbol's bars from the first source that gives them. Raises `Faulty` for what the door refuses."""
    since = wanted.since or _first_missing(door, wanted.symbol)
    if since and since.isoformat() > newest_ended(door):
        return Fetched(wanted.symbol, notes=("nothing newer has ended",))
    failures: list[tuple[str, str]] = []
    for at, (name, source) in enumerate(sources.known):
        request = Request(
            wanted.there, since, door.interval, door.calendar.exchange, sources.timeout, sources.gateways.get(name, "")
        )
        try:
            answer = _asked(source, request)
            table, notes = _table(door, wanted.symbol, answer)
        except NoBars as error:
            failures.append((name, str(error)))
            following = sources.known[at + 1][0] if at + 1 < len(sources.known) else None
            say(f"{wanted.symbol}: {error}" + (f"; asking {following} next" if following else ""))
            _note(door, wanted, name, str(error), following)
            continue
        return _brought(door, wanted, name, answer, table, tuple(failures), notes, replace=replace)
    return Fetched(wanted.symbol, failures=tuple(failures))


def newest_ended(door: Door) -> str:
    """The last session that is over, as an ISO date; empty where the calendar has none."""
    today = (door.now + timedelta(days=1)).date().isoformat()
    sessions = [day for day in door.calendar.all_sessions if day <= today][-10:]
    over = [day for day in sessions if datetime.fromisoformat(door.calendar.close_instant(day)) <= door.now]
    return over[-1] if over else ""


def _first_missing(door: Door, symbol: str) -> date | None:
    """The day from which bars are missing: after the last stored one; its own day, where bars are shorter."""
    if not door.store.path(symbol).exists():
        return None
    last = max(door.store.read(symbol).dates, default="")
    if not last:
        return None
    return date.fromisoformat(last[:10]) + timedelta(days=1 if len(last) == 10 else 0)


def _asked(source: Source, request: Request) -> Answer:
    """The answer of a source, asked again after failures that may pass. Raises `NoBars`."""
    import stamina

    # what failed is told by us, once, when it failed for good
    stamina.instrumentation.set_on_retry_hooks(())

    def again(error: Exception) -> bool:
        return isinstance(error, NoBars) and error.again

    for attempt in stamina.retry_context(on=again, attempts=ATTEMPTS, timeout=None, wait_initial=1.0, wait_max=10.0):
        with attempt:
            return source(request)
    raise AssertionError("a retry ends in an answer or an error")


def _table(door: Door, symbol: str, answer: Answer) -> tuple[Any, tuple[str, ...]]:
    """The answer as a table of bars that have ended. Raises `NoBars`."""
    import pyarrow as pa

    moments = Moments("iso", "", door.calendar, door.interval, door.now)
    labels: list[str] = []
    kept: list[tuple[float, ...]] = []
    early = 0
    for written, numbers in zip(answer.written, answer.numbers, strict=True):
        try:
            labels.append(moments.label(written))
            kept.append(numbers)
        except NotEnded:
            early += 1
        except Unreadable as error:
            raise NoBars(f"the answer has a bar at {error}", again=False) from None
    if not labels:
        raise NoBars("every bar of the answer is still being made", again=False)
    columns = {name: pa.array([row[at] for row in kept], pa.float64()) for at, name in enumerate(COLUMNS)}
    columns["adj_close"] = pa.array([float("nan")] * len(kept), pa.float64())
    table = pa.table(
        {
            "symbol": pa.array([symbol] * len(kept)).dictionary_encode(),
            "label": pa.array(labels, pa.string()),
            **columns,
            "row": pa.array(range(len(kept)), pa.int64()),
        }
    )
    return table, (f"{early} bars that have not ended are left out",) if early else ()


def _brought(
    door: Door,
    wanted: Wanted,
    name: str,
    answer: Answer,
    table: Any,  # noqa: ANN401  (the library ships no types)
    failures: tuple[tuple[str, str], ...],
    notes: tuple[str, ...],
    *,
    replace: bool,
) -> Fetched:
    def place(troubles: list[Trouble]) -> list[Fault]:
        return [Fault(name, row + 1, 1, said) for row, _, said in troubles]

    told = (*answer.notes, *notes)
    origin = {"what": "fetch", "source": name, "asked": wanted.there, "notes": list(told)}
    given = tuple(Action(day, wanted.symbol, kind, amount) for day, kind, amount in answer.actions)
    counts: dict[str, int] = {}

    def actions() -> None:
        # in one transaction with the bars: a split whose bars are there is never asked for again
        if given:
            counts.update(merge_actions(door, given, {**origin, "what": "fetch-actions"}, name, replace=replace))

    brought = bring(door.store, [table], place, door.calendar, origin, door.now, replace=replace, within=actions)
    return Fetched(wanted.symbol, name, brought, failures, told, counts.get(wanted.symbol, 0))


def _note(door: Door, wanted: Wanted, name: str, reason: str, following: str | None) -> None:
    line = {"what": "fetch-failed", "source": name, "asked": wanted.there, "symbol": wanted.symbol, "reason": reason}
    append(door.store.manifest, door.now, {**line, "next": following})
