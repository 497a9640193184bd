"""One process of the soak: the running desk's own loop over the made market, and what faults may reach into.

The parent measures the market and trains the heads once and forks: a process that is killed costs a fork, not a minute.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from adapters.audit.log import LogReader
from adapters.paper.venue import Bar
from adapters.running.clock import ReplayClock
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.watch import Unwatched
from adapters.schedule.loop import Loop
from adapters.schedule.revealed import RevealedWorld
from adapters.schedule.timetable import Timetable
from engine.orders.warrants import instant
from knowledge.values import Json


class SetClock(ReplayClock):
    """A replay's clock that somebody sets."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._set_by = 0.0

    def begin(self, start: datetime) -> None:
        """Stand here, at the start of a process."""
        self._now = start

    def set_by(self, seconds: float) -> None:
        """Set the clock."""
        self._now += timedelta(seconds=seconds)
        self._set_by += seconds

    def jumped(self) -> float:
        found, self._set_by = self._set_by, 0.0
        return found


@dataclass(frozen=True)
class FailingWorld(RevealedWorld):
    """A market whose feed fails while `failing` says why."""

    failing: list[str] = field(kw_only=True, default_factory=list)
    slow: list[float] = field(kw_only=True, default_factory=list)
    """Seconds that the next reading of the feed takes."""

    def refreshed(self) -> Self:
        if self.slow:
            self.clock.wait_until(self.clock.now() + timedelta(seconds=self.slow.pop()))
        if self.failing:
            raise OSError(self.failing[-1])
        return self

    def bars(self, day: str) -> dict[str, Bar]:
        if self.failing:
            raise OSError(self.failing[-1])
        return super().bars(day)


class Listener(Unwatched):
    """Calls `on_record`, where a fault wants to strike right after a record is durable."""

    def __init__(self) -> None:
        self.on_record: Callable[[Json], None] | None = None

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        if self.on_record is not None:
            self.on_record(record)


@dataclass
class Stage:
    """A running desk in this process."""

    world: FailingWorld
    clock: SetClock
    listener: Listener
    runner: Runner
    loop: Loop
    before: int
    """Cycles that the log had settled when this process began."""

    @property
    def settled(self) -> int:
        return self.before + self.loop.settled


@contextmanager
def staged(world: FailingWorld, clock: SetClock) -> Iterator[Stage]:
    """The desk, opened as `warrant run --replay` opens it, where the log left it."""
    before, last = settled(world.desk.store)
    clock.begin(instant(last or world.calendar.open_instant(world.first_decision)))
    listener = Listener()
    with opened(world.desk, world, listener, clock) as runner:
        loop = Loop(runner, Timetable(world.calendar, world.desk.settings.schedule), clock)
        yield Stage(world, clock, listener, runner, loop, before)


def settled(store: Path) -> tuple[int, str]:
    """How many cycles the log has settled, and the last close of them."""
    if not store.exists():
        return 0, ""
    with LogReader.read(store) as log:
        found = list(log.records(["decision", "fault", "missed"]))
    count = sum(one["cycles"] if one["kind"] == "missed" else 1 for one in found)
    last = found[-1] if found else None
    return count, "" if last is None else last["close"] if last["kind"] == "missed" else last["as_of"]


def die() -> None:
    """End this process as a power cut would: no handler, no flush, no release."""
    os.kill(os.getpid(), signal.SIGKILL)
