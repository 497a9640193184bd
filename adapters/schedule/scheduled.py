"""A desk run by the clock, from its folder to its end: `warrant run`.

Rules:
- by the machine's clock only a `paper` desk runs: a backtest says of each record that it was known when it was true;
- a replay runs a desk of either mode over bars of the past, revealed by its own clock as they close, through the same
  loop, runner, worker, log and broker. Its clock begins at the close that the log has settled last: the time during
  which a replay does not run does not pass;
- it ends with the last session of its bars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.audit.log import LogReader
from adapters.desk.folder import SETTINGS, Desk, shown
from adapters.frame import Failed
from adapters.importing.layout import Said
from adapters.running.clock import MACHINE, REPLAY, Clock, ReplayClock, WallClock
from adapters.running.continuity import check_clock
from adapters.running.reloading import Reloading
from adapters.running.session import Claim, opened
from adapters.running.watch import Watch, unwatched
from adapters.running.world import World
from adapters.schedule.driving import Stopping, asked_to_stop, drive, drive_by_wall
from adapters.schedule.letters import LetterBox
from adapters.schedule.loop import Loop, Told
from adapters.schedule.replayed import NOTHING_SAID, Noted, no_file, replayed
from adapters.schedule.revealed import RevealedWorld
from adapters.schedule.timetable import Timetable
from adapters.sealing.keeping import seal_by_itself
from engine.orders.warrants import instant
from knowledge.faults import Fault, Faulty


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asks for."""

    replay: str | None = None
    """A file or folder of bars, or `feed` for the desk's own; None for the machine's clock."""
    said: Said = NOTHING_SAID
    """How a file of bars is written."""
    speed: str = "max"
    cycles: int | None = None
    until: str | None = None
    wait: bool = False
    """Whether to wait where another process runs the desk."""


def run_scheduled(desk: Desk, plan: Plan, told: Told, watch: Watch = unwatched, noted: Noted = lambda _: None) -> None:
    """Run until somebody stops it or nothing is left. Raises `Faulty`, `Failed`.

    `told` hears each cycle's record, `noted` what a person should know of the file that is replayed.
    """
    _check(desk, plan)
    check_clock(desk, MACHINE if plan.replay is None else REPLAY)
    with (
        _stage(desk, plan, noted) as (world, clock),
        asked_to_stop() as asked,
        opened(world.desk, world, watch, clock, Claim("run", plan.wait, asked)) as runner,
    ):
        seal_by_itself(runner, clock.now())
        letters, reloading = LetterBox(world.desk, runner), Reloading(world.desk, runner)

        def between() -> None:
            letters.look()
            reloading.look()

        timetable = Timetable(world.calendar, desk.settings.schedule, world.interval)
        loop = Loop(runner, timetable, clock, told, between)
        if plan.replay is None:
            drive_by_wall(loop, _enough(loop, plan, plan.until, asked))
            if loop.ended:
                words = f"the calendar of {world.calendar.exchange} ends, and no cycle is known after it"
                raise Failed(f"{words}; update exchange_calendars, or write `until` into the desk's sessions.yaml")
        else:
            drive(loop, clock, _enough(loop, plan, min(plan.until or "9999", _last(world)), asked))


@contextmanager
def _stage(desk: Desk, plan: Plan, noted: Noted) -> Iterator[tuple[World, Clock]]:
    """The world the loop runs over, and the clock it runs by."""
    if plan.replay is None:
        yield World.of(desk), WallClock()
        return
    with replayed(desk, plan.replay, plan.said, datetime.now(UTC), noted) as found:
        world = World.of(found.desk, found.instruments)
        clock = ReplayClock(_begin(found.desk, world), _speed(plan.speed))
        yield RevealedWorld.over(world, clock), clock


def _enough(loop: Loop, plan: Plan, until: str | None, asked: Stopping) -> Stopping:
    def enough() -> bool:
        if asked() or (plan.cycles is not None and loop.settled >= plan.cycles):
            return True
        following = loop.next_cycle
        return until is not None and following is not None and following.label > f"{until}~"

    return enough


def _begin(desk: Desk, world: World) -> datetime:
    """Where a replay's clock stands: the close that was settled last, or the first one there is to decide."""
    if desk.store.exists():
        with LogReader.read(desk.store) as log:
            last = next(log.records(["decision", "fault", "missed"], newest_first=True), None)
        if last is not None:
            return instant(last["close"] if last["kind"] == "missed" else last["as_of"])
    return instant(world.session(world.first_decision).opens_at)


def _last(world: World) -> str:
    return world.survey.market.panel.sessions[-1]


def _speed(written: str) -> float | None:
    if written == "max":
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", written) or float(written) <= 0:
        raise Faulty(Fault("command line", 1, 1, f"`{written}` is no speed; write a number above 0, or `max`"))
    return float(written)


def _check(desk: Desk, plan: Plan) -> None:
    if plan.until is not None:
        try:
            datetime.strptime(plan.until, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            raise Faulty(Fault("command line", 1, 1, f"`{plan.until}` is no date; write one like 2011-03-01")) from None
    _speed(plan.speed)
    if plan.replay is None and plan.said != NOTHING_SAID:
        raise no_file()
    if plan.replay is None and desk.settings.desk.mode != "paper":
        message = 'only a desk with `mode = "paper"` runs by the clock; change it, or give `--replay feed`'
        raise Faulty(Fault(shown(desk.folder / SETTINGS), 1, 1, message))
