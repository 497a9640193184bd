"""Looking after a desk's old records: sealing, legal holds, and letting go of what need not be kept any more.

While a process runs the desk this is refused, as the log takes records of one process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from adapters.audit.kinds import Kind
from adapters.audit.reader import LogReader
from adapters.desk.folder import Desk, refuse_packaged
from adapters.frame import Failed
from adapters.running.continuity import check_account
from adapters.running.desk_log import DeskLog
from adapters.running.intervention import lenient, named, now_text, opened
from adapters.running.lease import held
from adapters.running.watch import Watch, unwatched
from adapters.sealing.retention import LIFT, PLACE, Due, due, gone, in_force
from adapters.sealing.sealing import sealed, segments_of
from adapters.sealing.segments import SEALED, instruments_of
from adapters.store import engine
from adapters.store.faults import StoreFailed
from adapters.store.opening import failing, is_there
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

AT_ONCE = 8
"""Segments that go for one record: each is held in memory meanwhile."""


@contextmanager
def log_of(desk: Desk, what: str, watch: Watch) -> Iterator[DeskLog]:
    """The log of a desk that does not run, under its lease; `what` asks. Raises `Faulty`, `Failed`."""
    refuse_packaged(desk)
    try:
        if not is_there(desk.store):
            raise Faulty(Fault("command line", 1, 1, "the desk has no log yet; the first cycle makes it"))
        with held(desk.store, what), opened(desk, lenient, watch) as desk_log:
            check_account(desk, desk_log.log)
            yield desk_log
    except StoreFailed as error:
        raise Failed(str(error)) from error


def seal(desk: Desk, before: str, watch: Watch = unwatched) -> list[Json]:
    """Seal what was true before a day (ISO date); the `seal` records. A crash between two leaves the first sealed.

    Raises `Faulty`, `Failed`.
    """
    with log_of(desk, "audit seal", watch) as desk_log:
        found = []
        for content in segments_of(desk_log.log, before):
            found.append(desk_log.record(*sealed(content, desk_log.log.size, desk_log.log.root)))
    if found:
        compact(desk)
    return found


def seal_by_itself(desk_log: DeskLog, now: datetime) -> list[Json]:
    """Seal what is older than `[retention] seal_after_days` says, of a desk that starts; nothing where that is 0.

    The room that this leaves in a SQLite file takes the records to come. Raises `LogUnwritable`.
    """
    days, log = desk_log.desk.settings.retention.seal_after_days, desk_log.log
    if days == 0:
        return []
    before = (now - timedelta(days=days)).date().isoformat()
    return [desk_log.record(*sealed(content, log.size, log.root)) for content in segments_of(log, before)]


def compact(desk: Desk) -> None:
    """Give the room of what has moved back to the disk: a SQLite file keeps it else. Raises `Failed`."""
    if not isinstance(desk.store, Path):
        # A server's own housekeeping does that.
        return
    try:
        with failing(desk.store), engine.connect(desk.store, write=True) as connection:
            engine.compact(connection)
    except StoreFailed as error:
        raise Failed(f"{error}; what was sealed stays sealed, and the file keeps its size") from error


@dataclass(frozen=True, slots=True)
class Asked:
    """A hold as the command line asks for it."""

    who: str
    why: str
    first: str = ""
    last: str = ""
    symbols: tuple[str, ...] = ()


def place_hold(desk: Desk, asked: Asked, watch: Watch = unwatched) -> Json:
    """Keep what these days and symbols have, whatever its age, until it is lifted. Raises `Faulty`, `Failed`."""
    who, why = named(asked.who, asked.why)
    if asked.first and asked.last and asked.last < asked.first:
        raise _wrong(f"`--to {asked.last}` is before `--from {asked.first}`; turn them round")
    record: Json = {"kind": Kind.HOLD.value, "action": PLACE, "who": who, "why": why, "asked_at": _now()}
    record |= {name: said for name, said in (("from", asked.first), ("to", asked.last)) if said}
    with log_of(desk, "audit hold", watch) as desk_log:
        if asked.symbols:
            record["symbols"] = _symbols(desk_log.log, asked.symbols)
        return desk_log.record(record)


def _symbols(log: LogReader, asked: Sequence[str]) -> list[str]:
    """The instruments as the records write them. Raises `Faulty` where one is not among them: it would hold nothing."""
    known = {name for record in log.records(SEALED, gone=True) for name in _about(record)}
    spelt = {name.upper(): name for name in known}
    found = {name if name in known else spelt.get(name.upper(), "") for name in asked}
    if "" in found:
        without = ", ".join(f"`{name}`" for name in asked if name.upper() not in spelt)
        words = f"no record is about {without}, and a hold on it keeps nothing"
        raise _wrong(f"{words}; there is {', '.join(sorted(known)) or 'none'}; leave `--symbol` out to keep all")
    return sorted(found)


def _about(record: Json) -> Iterable[str]:
    return cast("list[str]", record["about"]) if "gone" in record else instruments_of(record)


def lift_hold(desk: Desk, name: str, who: str, why: str, watch: Watch = unwatched) -> Json:
    """End the hold that the record with this id (or its beginning) placed. Raises `Faulty`, `Failed`."""
    who, why = named(who, why)
    with log_of(desk, "audit hold", watch) as desk_log:
        standing = in_force(desk_log.log.records([Kind.HOLD]))
        found = [one for one in standing if one.startswith(name.lower())]
        if len(found) != 1:
            words = f"stand: {', '.join(standing)}" if standing else "stands none"
            raise _wrong(f"`{name}` is not the beginning of one hold's id; of holds there {words}")
        about = {"action": LIFT, "hold": found[0], "who": who, "why": why, "asked_at": _now()}
        return desk_log.record({"kind": Kind.HOLD.value, **about})


def expire(desk: Desk, by: str, years: Mapping[str, int], watch: Watch = unwatched) -> tuple[list[Json], Due]:
    """Let segments go whose time is over by a day (ISO date); the `retention` records, and what was due.

    Raises `Faulty`, `Failed`.
    """
    with log_of(desk, "audit expire", watch) as desk_log:
        if by > _now()[:10]:
            raise _wrong(f"`--by {by}` is still to come, and nothing goes before its time; give a day that is over")
        found, records = due(desk_log.log, years, by), []
        for kind in dict.fromkeys(one.kind for one in found.going):
            going = [one for one in found.going if one.kind == kind]
            for some in (going[at : at + AT_ONCE] for at in range(0, len(going), AT_ONCE)):
                record, move = gone(desk_log.log, some, years[kind], by)
                records.append(desk_log.record({**record, "asked_at": _now()}, move))
    if records:
        compact(desk)
    return records, found


def _now() -> str:
    return now_text(datetime.now(UTC))


def _wrong(words: str) -> Faulty:
    return Faulty(Fault("command line", 1, 1, words))
