"""Real inputs to measure with: the snapshots and portfolios of the shipped desk's run from 2011-01-03 to 2013-03-01."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.audit.log import AuditLog, LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.desk.making import make_desk
from adapters.running.backtest import remaining, run
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.worker import Worker
from adapters.running.world import Law, World, read_law
from engine.orders.portfolio import Portfolio
from knowledge.door import snapshot_from_json
from knowledge.facts import Snapshot
from knowledge.values import parse

LAST = "2013-03-01"


@dataclass(frozen=True, slots=True)
class Case:
    """The stored inputs of one cycle, and whether its rules proposed anything."""

    day: str
    snapshot: bytes
    portfolio: bytes
    proposed: bool

    def frozen(self) -> tuple[Snapshot, Portfolio]:
        """The values as a runner has them: frozen, not encoded yet."""
        return snapshot_from_json(parse(self.snapshot)), Portfolio.from_json(parse(self.portfolio))


@dataclass(frozen=True)
class Scene:
    """A desk, its law, and the inputs of every cycle of its run, in order."""

    desk: Desk
    law: Law
    world: World
    cases: tuple[Case, ...]

    @contextmanager
    def runner(self, folder: Path, worker: Worker) -> Iterator[Runner]:
        """A runner over a new log in this folder, whose cycles are only decided and committed."""
        with AuditLog.open(folder / "bench.sqlite") as log:
            yield Runner(self.desk, self.law, self.world, log, worker)


def make_scene(folder: Path) -> Scene:
    """Make a desk in `folder`, run it, and read the inputs of its cycles back from its log."""
    make_desk(folder, None)
    desk = read_desk(folder)
    world = World.of(desk)
    with opened(desk, world) as runner:
        for _ in run(runner, remaining(runner, world.first_decision, LAST)):
            pass
    with LogReader.read(desk.store) as log:
        return Scene(desk, read_law(desk), World.of(desk), tuple(_cases(log)))


def _cases(log: LogReader) -> Iterator[Case]:
    for record in log.records(["decision"]):
        inputs = record["inputs"]
        proposed = any(one["outcome"] != "no-candidate" for one in record["verdicts"])
        yield Case(record["as_of"][:10], log.blob(inputs["snapshot"]), log.blob(inputs["portfolio"]), proposed)
