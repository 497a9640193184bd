"""A desk that runs over files of bars: real files, feed, quality, facts, loop, worker, log and broker.

Only the heads' word is given: without training, a test says who is long. The clock is one that a test moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Self

from adapters.audit.log import AuditLog, LogReader
from adapters.bars.feeds import INDEX, SampleFeed
from adapters.desk.folder import Desk, read_desk
from adapters.desk.making import make_desk
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.standing import Standing
from adapters.running.watch import Happening
from adapters.running.worker import Worker
from adapters.running.world import Law, World
from adapters.schedule.loop import Loop
from adapters.schedule.timetable import Timetable
from adapters.verifying.sequence import SequenceCheck
from advisors.market_facts import market_facts
from advisors.quality import COLUMNS, Rows
from knowledge.door import freeze
from knowledge.facts import Snapshot
from knowledge.values import Json
from tests.adapters.clocks import MadeClock
from tests.promises.cycles import HEADS, advisory, head_fact, limits, rulebook

NAMES = ("AAPL", "IBM", "MSFT")
TUE, WED, THU, FRI, MON = "2010-11-09", "2010-11-10", "2010-11-11", "2010-11-12", "2010-11-15"
FIRST = "2008-06-02"
SETTINGS = """\
[desk]
name = "files"
account = "PAPER-1"
currency = "USD"
capital = 1_000_000
mode = "paper"

[feed]
kind = "csv"
path = "bars"

[advisors]
trained_until = "2010-11-08"

[schedule]
grace_seconds = 60
"""
Cells = list[str]
Spoil = Callable[[list[Cells]], None]


@dataclass(frozen=True)
class FiledWorld(World):
    """A world whose heads say what they are told to."""

    said: Mapping[str, str] = field(kw_only=True, default_factory=dict)
    """The direction of all heads by instrument, flat where none is given; a test may change it while the desk runs."""

    def refreshed(self) -> Self:
        found = super().refreshed()
        object.__setattr__(found, "said", self.said)
        return found

    def snapshot(self, day: str) -> Snapshot:
        heads = [head_fact(name, payoff="0.825") for name in HEADS]
        said = [advisory(name, head, self.said.get(name, "flat")) for name in NAMES for head in HEADS]
        return freeze(self.period(day).closes_at, self.listed(day), [*market_facts(self.survey, day), *said, *heads])


class Heard:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.happenings: list[tuple[Happening, Mapping[str, Json]]] = []
        self.records: list[Json] = []

    def opened(self, standing: Standing, records: int) -> None:
        pass

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        self.records.append(record)

    def happened(self, what: Happening, **fields: Json) -> None:
        self.happenings.append((what, fields))

    def reasons(self, what: Happening) -> list[str]:
        return [str(fields["reason"]) for one, fields in self.happenings if one is what]


@cache
def lines_of(name: str) -> tuple[tuple[str, ...], ...]:
    """The sample's bars of an instrument: date, open, high, low, close, volume."""
    feed = SampleFeed(NAMES)
    rows: Rows = next(one for one in (*feed.series(), feed.index()) if one.instrument == name)
    grids = [getattr(rows, column) for column in COLUMNS]
    return tuple((day, *(repr(float(grid[at])) for grid in grids)) for at, day in enumerate(rows.dates) if day >= FIRST)


def made_desk(folder: Path) -> Desk:
    """A paper desk over CSV files that have bars up to Tuesday; its first cycle is Wednesday's."""
    make_desk(folder, None)
    (folder / "warrant.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "bars").mkdir()
    desk = read_desk(folder)
    show(desk, TUE)
    return desk


def show(desk: Desk, last: str, **spoiled: Spoil) -> None:
    """Let the files have bars up to this session, some of them spoiled."""
    for name in (*NAMES, INDEX):
        lines = [list(line) for line in lines_of(name) if line[0] <= last]
        if name in spoiled:
            spoiled[name](lines)
        write(desk, name, lines)


def write(desk: Desk, name: str, lines: list[Cells]) -> None:
    """A file as a vendor's job replaces it."""
    path = desk.folder / "bars" / f"{name}.csv"
    part = path.with_suffix(".part")
    part.write_text("\n".join(",".join(line) for line in [["date", *COLUMNS], *lines]) + "\n", encoding="utf-8")
    part.replace(path)


@dataclass
class Running:
    """A desk under way."""

    desk: Desk
    loop: Loop
    clock: MadeClock
    heard: Heard
    said: dict[str, str]

    def to(self, day: str, hour: str = "22:00:00") -> None:
        """Turn the loop as a driver would, until this instant."""
        end = datetime.fromisoformat(f"{day}T{hour}Z")
        while (following := self.loop.turn()) is not None and following <= end:
            self.clock.wait_until(following)
        self.clock.wait_until(end)

    @property
    def held(self) -> dict[str, str]:
        return {name: str(one.quantity) for name, one in self.loop.runner.standing.books.holdings.items()}


@contextmanager
def running(
    desk: Desk, begin: str, said: Mapping[str, str] | None = None, worker: Worker | None = None
) -> Iterator[Running]:
    """The desk from this instant on, as `warrant run` opens it; with a worker of the test's, but for law and lease."""
    clock, heard, words = MadeClock(begin), Heard(), dict(said or {})
    world = replace(FiledWorld.of(desk, NAMES), said=words)
    with ExitStack() as stack:
        if worker is None:
            runner = stack.enter_context(opened(desk, world, heard, clock))
        else:
            log = stack.enter_context(AuditLog.open(desk.store, busy_seconds=0.2))
            runner = Runner(desk, Law(rulebook(), limits()), world, log, worker, heard, clock)
            runner.start({"capital": str(desk.settings.desk.capital)})
            runner.recover()
            runner.reconcile()
        loop = Loop(runner, Timetable(world.calendar, desk.settings.schedule), clock)
        yield Running(desk, loop, clock, heard, words)


def records(desk: Desk, *kinds: str) -> list[Json]:
    with LogReader.read(desk.store) as log:
        return list(log.records(kinds))


def settled(desk: Desk) -> list[tuple[str, str]]:
    """Kind and label of every cycle in the log, which must tell a possible story."""
    check, found = SequenceCheck(), []
    for one in records(desk):
        complaints = [str(complaint) for complaint in check.feed(one["seq"], one["record_id"], one)]
        assert not complaints
        if one["kind"] in ("decision", "missed", "fault"):
            found.append((one["kind"], one.get("label") or one["period"]))
    return found


def denied(record: Json, name: str) -> list[str]:
    """Why an instrument has no entry; empty where it was no candidate."""
    verdict = next(one for one in record["verdicts"] if one["instrument"] == name)
    assert verdict["outcome"] in ("denied", "no_candidate", "undetermined", "no-candidate"), verdict["outcome"]
    return list(verdict["reasons"])


def entered(record: Json) -> set[str]:
    orders = (one["order"] for one in record["warrants"])
    return {one["instrument"] for one in orders if one["role"] == "entry"}
