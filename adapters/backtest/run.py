"""A backtest from its first session to its summary.

Its cycles are those of `warrant cycle` and `warrant run`: the same runner, worker, log and broker. What differs is that
the facts of coming sessions are published ahead (`ahead.py`), which no decision depends on. It decides at the closes
that the desk's schedule names. An interruption ends it between two sessions; the same command goes on there, and the
log is the one of a run that never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from adapters.answers.lookup import is_date
from adapters.audit.kinds import period_of
from adapters.audit.log import LogReader
from adapters.backtest.ahead import AheadWorld, published_ahead, train
from adapters.backtest.place import Span, claimed, place_of
from adapters.demo.progress import Progress
from adapters.demo.run import Stopping, interrupted
from adapters.desk.folder import Desk, refuse_packaged
from adapters.reports.results import Results, read_results
from adapters.running.backtest import run
from adapters.running.session import opened
from adapters.running.world import World
from adapters.schedule.timetable import Timetable
from knowledge.faults import Fault, Faulty


@dataclass(frozen=True)
class Backtest:
    """How a backtest ended."""

    folder: Path
    done: int
    """Sessions decided so far."""
    total: int
    last: str
    """The last session decided, empty before the first."""
    seconds: float
    """Wall time of deciding, without reading bars and training."""
    results: Results | None
    """None where it was interrupted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    first: str | None = None
    last: str | None = None
    into: Path | None = None
    jobs: int = 1
    """Processes beside the worker: one that drives, the others publish ahead."""
    fresh: bool = False


def backtest(desk: Desk, asked: Asked, progress: Progress, stopping: Stopping = interrupted) -> Backtest:
    """Run a backtest of this desk. Raises `Faulty` for what can not be used, `Failed` for the store and the engines."""
    if asked.into is None:
        refuse_packaged(desk)
    source = World.of(desk)
    progress.phase("reading bars and measuring the market")
    days = sessions(source, asked.first, asked.last)
    span = Span(days[0], days[-1])
    folder = place_of(desk, span, asked.into)
    with claimed(folder, source, span, fresh=asked.fresh) as copy:
        refuse_packaged(copy)
        decided = _decided(copy)
        left = tuple(day for day in days if day > decided)
        if decided and left:
            progress.phase(f"an interrupted run is here: going on after {decided}")
        world = AheadWorld.over(source, copy, _models(desk, copy), span.last)
        if left:
            progress.phase(f"training the heads on bars up to {world.trained_until}")
            train(world, asked.jobs)
            heads = world.council.seats
            progress.phase(f"checking the desk, starting the engines ({len(heads)} heads are ready)")
        done, begin = len(days) - len(left), monotonic()
        with published_ahead(world, left, asked.jobs - 1), opened(copy, world) as runner:
            with stopping() as stopped:
                steps = run(runner, left)
                while not stopped() and (step := next(steps, None)) is not None:
                    done += 1
                    progress.step(done, len(days), step[0])
            seconds, reached = monotonic() - begin, runner.standing.last_session
            if done < len(days):
                return Backtest(folder, done, len(days), reached, seconds, None)
            progress.phase("reading the log back")
            return Backtest(folder, done, len(days), reached, seconds, read_results(runner.log, world))


def sessions(world: World, first: str | None, last: str | None) -> tuple[str, ...]:
    """The sessions to decide, from the first on or after `first` to the last on or before `last`. Raises `Faulty`."""
    for written in (first, last):
        if written is not None and not is_date(written):
            raise _wrong(f"`{written}`: this is no date; write one such as 2011-03-01")
    known, begin = world.survey.market.panel.sessions, world.first_decision
    if first is not None and any(first <= day[:10] for day in known[: known.index(begin)]):
        words = f"the heads train on bars up to {world.trained_until} (`trained_until` in warrant.toml)"
        raise _wrong(f"`{first}` is too early: {words}, so the first session to decide is {begin}")
    chosen = [day for day in known if day >= begin and (first or begin[:10]) <= day[:10] <= (last or known[-1][:10])]
    try:
        timetable = Timetable(world.calendar, world.desk.settings.schedule, world.interval)
    except ValueError as error:
        raise _wrong(str(error)) from None
    cycles = timetable.between(chosen[0][:10], chosen[-1][:10]) if chosen else ()
    labels = {cycle.label for cycle in cycles}
    days = tuple(day for day in chosen if day in labels)
    if not days:
        span = f"from {first or begin} to {last or known[-1]}"
        raise _wrong(f"there is no session to decide {span}; the feed runs from {known[0]} to {known[-1]}")
    return days


def _decided(desk: Desk) -> str:
    """The last session that the log of an unfinished run has decided."""
    if not desk.store.exists():
        return ""
    with LogReader.read(desk.store) as log:
        last = next(log.records(["decision", "fault"], newest_first=True), None)
    return "" if last is None else period_of(last)


def _models(desk: Desk, copy: Desk) -> Path:
    """Where heads are kept: with the desk's own, so that no two backtests of one desk train the same head twice."""
    try:
        refuse_packaged(desk)
    except Faulty:
        return copy.models
    return desk.models


def _wrong(message: str) -> Faulty:
    return Faulty(Fault("command line", 1, 1, message))
