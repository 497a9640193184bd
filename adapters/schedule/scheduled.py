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
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from adapters.audit.log import LogReader
from adapters.desk.settings import SETTINGS, Desk, shown
from adapters.frame import Failed
from adapters.running.clock import MACHINE, REPLAY, Clock, ReplayClock, WallClock
from adapters.running.continuity import check_clock
from adapters.running.session import Claim, opened
from adapters.running.watch import Watch, unwatched
from adapters.running.world import World
from adapters.schedule.driving import Stopping, asked_to_stop, drive, drive_by_wall
from adapters.schedule.letters import LetterBox
from adapters.schedule.loop import Loop, Told
from adapters.schedule.revealed import RevealedWorld
from adapters.schedule.timetable import Timetable
from engine.orders.warrants import instant
from knowledge.faults import Fault, Faulty

OWN_FEED = "feed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asks for."""

    replay: str | None = None
    """A folder of bars, or `feed` for the desk's own; None for the machine's clock."""
    speed: str = "max"
    cycles: int | None = None
    until: str | None = None
    wait: bool = False
    """Whether to wait where another process runs the desk."""


def run_scheduled(desk: Desk, plan: Plan, told: Told, watch: Watch = unwatched) -> None:
    """Run until somebody stops it or nothing is left. Raises `Faulty`, `Failed`."""
    _check(desk, plan)
    check_clock(desk, MACHINE if plan.replay is None else REPLAY)
    if plan.replay is None:
        world: World = World.of(desk)
        clock: Clock = WallClock()
    else:
        desk = _over(desk, plan.replay)
        world = World.of(desk)
        clock = ReplayClock(_begin(desk, world), _speed(plan.speed))
        world = RevealedWorld.over(world, clock)
    with asked_to_stop() as asked, opened(desk, world, watch, clock, Claim("run", plan.wait, asked)) as runner:
        letters = LetterBox(desk, runner)
        timetable = Timetable(world.calendar, desk.settings.schedule, world.interval)
        loop = Loop(runner, timetable, clock, told, letters.look)
        if plan.replay is None:
            drive_by_wall(loop, _enough(loop, plan, plan.until, asked))
            if loop.ended:
                words = f"the calendar of {world.calendar.exchange} ends, and no cycle is known after it"
                raise Failed(f"{words}; update exchange_calendars, or write `until` into the desk's sessions.yaml")
        else:
            drive(loop, clock, _enough(loop, plan, min(plan.until or "9999", _last(world)), asked))


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


def _over(desk: Desk, source: str) -> Desk:
    """The desk with its feed replaced by a folder of bars."""
    if source == OWN_FEED:
        return desk
    folder = Path(source)
    if folder.is_file():
        message = f"`{source}` is one file; bring it in with `warrant data import`, then replay `{OWN_FEED}`"
        raise Faulty(Fault("command line", 1, 1, message))
    if not folder.is_dir():
        message = f"there is no folder `{source}`; name one with a file of bars for each instrument, or `{OWN_FEED}`"
        raise Faulty(Fault("command line", 1, 1, message))
    kind = "bars" if any(folder.glob("*.parquet")) else "csv"
    feed = desk.settings.feed.model_copy(update={"kind": kind, "path": str(folder.absolute())})
    return replace(desk, settings=desk.settings.model_copy(update={"feed": feed}))


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
    if plan.replay is None and desk.settings.desk.mode != "paper":
        message = 'only a desk with `mode = "paper"` runs by the clock; change it, or give `--replay feed`'
        raise Faulty(Fault(shown(desk.folder / SETTINGS), 1, 1, message))
