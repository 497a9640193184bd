"""(e) The cycle of a desk with many instruments, from new bars to the committed record; (f) its backtest.

The bars are those of `tests.bench.universe`, in memory: a session is added, the world refreshed, the session booked,
the snapshot frozen, the decision made and committed. Reading files is not in it, nor are the orders that go out
afterwards.
"""

from __future__ import annotations

import os
import tempfile
import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from adapters.audit.log import AuditLog
from adapters.bars.feeds import Feed
from adapters.desk.folder import Desk, read_desk
from adapters.running.backtest import remaining, run
from adapters.running.memory import settled_memory, uncollected
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.watch import Unwatched
from adapters.running.world import World, feed_of, read_law
from advisors.quality import COLUMNS, Rows
from tests.bench.cycle import quantile
from tests.bench.memory import resident
from tests.bench.stages import STAGES, TimedWorker
from tests.bench.universe import make_universe, symbols

FIRST = "2012-01-03"
WARMING = 5
SLOWEST = 10
"""Cycles that are shown one by one."""
PAUSE = 0.05
"""Seconds between cycles, of which a desk has more: real-time processes may not fill a whole second on a core."""
REFRESH, PASS, PUBLISH, PIPE, COMMIT, WHOLE = (
    "refresh",
    "book the session",
    "snapshot",
    "encode, pipe",
    "commit",
    "whole",
)


@dataclass
class Shown:
    """A feed of which only the sessions up to `last` are seen; all of them begin and end together."""

    rows: tuple[Rows, ...]
    beside: Rows
    due: tuple[str, ...]
    last: str

    @classmethod
    def of(cls, whole: Feed, last: str) -> Self:
        index = whole.index()
        assert index is not None
        return cls(whole.series(), index, whole.sessions(), last)

    def series(self) -> tuple[Rows, ...]:
        return tuple(map(self._cut, self.rows))

    def index(self) -> Rows:
        return self._cut(self.beside)

    def sessions(self) -> tuple[str, ...]:
        return self.due[: self.due.index(self.last) + 1]

    def fingerprint(self) -> str:
        return self.last

    def _cut(self, rows: Rows) -> Rows:
        end = bisect_right(rows.dates, self.last)
        grids: dict[str, Any] = {name: getattr(rows, name)[:end] for name in (*COLUMNS, "adj_close")}
        return replace(rows, dates=rows.dates[:end], **grids)


class GrowingWorld(World):
    """A world whose feed grows as `shown` says."""

    shown: ClassVar[Shown]

    @classmethod
    def of(cls, desk: Desk, instruments: tuple[str, ...] = ()) -> World:
        opened_anew = World.of(desk, instruments)
        return cls(desk, opened_anew.instruments, replace(cls.shown), cls.shown.last, opened_anew.files)

    def reveal(self, day: str) -> World:
        """Refreshed when `day` has come."""
        type(self).shown = replace(self.shown, last=day)
        # What the files beside the bars say is read once: only bars come here.
        anew = type(self)(self.desk, self.instruments, replace(self.shown), day, self.files)
        anew._go_on_from(self)
        return anew


class _Noted(Unwatched):
    def __init__(self) -> None:
        self.decisions: list[tuple[Any, dict[str, int]]] = []

    def recorded(self, record: Any, timings: Any) -> None:
        if record["kind"] == "decision":
            self.decisions.append((record, dict(timings)))


def measure_cycles(count: int, cycles: int) -> None:
    """Print what each stage takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_universe(folder / "desk", count)
        desk = read_desk(folder / "desk")
        whole = feed_of(desk, symbols(count))
        days = [day for day in whole.sessions() if day >= FIRST][: cycles + 1]
        GrowingWorld.shown = Shown.of(whole, days[0])
        world: Any = GrowingWorld.of(desk)
        world.snapshot(days[0])
        law, noted = read_law(desk), _Noted()
        with (
            TimedWorker(law.rulebook, law.limits, report=folder / "stages") as worker,
            AuditLog.open(folder / "log.sqlite") as log,
            settled_memory(),
        ):
            runner = Runner(desk, law, world, log, worker, noted)
            runner.cycle(days[0])
            found = []
            for day in days[1:]:
                found.append(_one(runner, day))
                time.sleep(PAUSE)
            inside = worker.times(len(found) + 1)[1:]
        rows = []
        for times, (record, timings), stages in zip(found, noted.decisions[1:], inside, strict=True):
            proposed = sum(one["outcome"] != "no-candidate" for one in record["verdicts"])
            pipe = timings["decide"] - sum(stages.values())
            row = {**times, **stages, PASS: timings["pass"], PUBLISH: timings["publish"], PIPE: pipe}
            rows.append({**row, COMMIT: times[WHOLE] - times[REFRESH] - sum(timings.values()), "proposed": proposed})
        rows = rows[WARMING:]
        _print(count, rows)


def _print(count: int, rows: list[dict[str, int]]) -> None:
    """Each stage over all cycles, and in each of the slowest, which are the p99: is it a stage, or all of them?"""
    most = max(row["proposed"] for row in rows)
    slowest = sorted(range(len(rows)), key=lambda at: -rows[at][WHOLE])[:SLOWEST]
    print(f"\n{count} instruments, {len(rows)} cycles, up to {most} entries proposed")
    print(f"{'':<28}median ms   p90 ms   p99 ms   the slowest cycles, ms")
    for title in (REFRESH, PASS, PUBLISH, PIPE, *STAGES, COMMIT, WHOLE):
        times = [row.get(title, 0) for row in rows]
        spread = "".join(f"{quantile(times, part):9.2f}" for part in (0.5, 0.9, 0.99))
        print(f"  {title:<26}{spread}  {''.join(f'{times[at] / 1e6:7.1f}' for at in slowest)}")
    for title, found in (("entries proposed", [rows[at]["proposed"] for at in slowest]), ("cycle", slowest)):
        print(f"  {title:<55}{''.join(f'{one:7d}' for one in found)}")


def _one(runner: Runner, day: str) -> dict[str, int]:
    """Nanoseconds from the new bars to the committed record; what goes out afterwards goes out unmeasured."""
    committed: list[int] = []
    submit = Runner._submit

    def when_committed(*args: Any) -> None:
        committed.append(time.perf_counter_ns())
        submit(runner, *args)

    runner._submit = when_committed  # type: ignore[method-assign]
    begun = time.perf_counter_ns()
    with uncollected():
        runner.world = runner.world.reveal(day)  # type: ignore[attr-defined]
    refreshed = time.perf_counter_ns()
    runner.cycle(day)
    runner.world.prepare()
    return {REFRESH: refreshed - begun, WHOLE: committed[0] - begun}


def measure_backtest(count: int, sessions: int) -> None:
    """Print how long so many sessions take after training, on one core for the shell and one for the worker."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "desk"
        make_universe(folder, count)
        desk = read_desk(folder)
        world = World.of(desk)
        begun = time.perf_counter()
        assert world.council
        trained = time.perf_counter()
        with opened(desk, world) as runner:
            days = remaining(runner, world.first_decision, "2013-03-01")[:sessions]
            started = time.perf_counter()
            for _ in run(runner, days):
                pass
            taken = time.perf_counter() - started
            pid = runner.worker.pid
            assert pid is not None
            memory = f"shell {resident(os.getpid()):.0f} MB, worker {resident(pid):.0f} MB"
        size = desk.store.stat().st_size / 1e6 if isinstance(desk.store, Path) else float("nan")
        print(f"\nbacktest of {count} instruments over {len(days)} sessions with full records: {taken:.1f} s")
        print(f"  {1000 * taken / len(days):.1f} ms a session; training {trained - begun:.1f} s")
        print(f"  {memory}; log {size:.0f} MB")
