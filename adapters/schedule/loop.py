"""The loop of a desk that runs by the clock: what is due now, and when to look again.

Rules:
- what was decided or missed is in the audit log and nowhere else, so a restart neither repeats nor loses a cycle: the
  next cycle is the first of the timetable whose close lies after the last one that the log has settled;
- a cycle begins between its due instant and its latest one, when its bars are there; one that could not is recorded as
  *missed*, with the reason, and never run late. Bars that passed meanwhile are booked: resting orders filled at the
  venue whether we looked or not;
- bars of a session that lack an instrument which had one the session before are waited for until half of the grace is
  over; then it is decided without that instrument. Without any bars the cycle is missed when the grace is over;
- a clock that is set back repeats nothing, as the log has the cycle; what it was set by is the clock skew of the next
  decision, and the limits say what follows;
- one turn at a time: a turn does one thing and returns, so that whoever drives it can stop it between two.

A gap of more than `MOST_APART` cycles is one record for all but the last ones: a desk that slept for years need not
write thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from adapters.running.clock import Clock
from adapters.running.runner import Runner
from adapters.running.watch import Happening
from adapters.schedule.timetable import Cycle, Timetable
from engine.orders.warrants import instant
from knowledge.faults import Faulty
from knowledge.values import Json

MOST_APART = 50
MOST_GRACE = timedelta(days=2)
"""No cycle may begin so long after its close: what the settings allow, and more."""
RETRY = timedelta(seconds=5)
"""How often a feed that does not have the bars yet is looked at."""
Told = Callable[[Json], None]


def waits_for(timetable: Timetable, settled: str, started: datetime, first: str) -> Iterator[Cycle]:
    """The cycles after the last settled close, in order; `settled` as `Standing` has it.

    A desk that never had one waits for those that may still begin when it starts, from the one labelled `first` on: it
    missed nothing.
    """
    if settled:
        return timetable.after(instant(settled))
    cycles = timetable.after(started - MOST_GRACE)
    return (one for one in cycles if one.label >= first and one.latest_at >= started)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the feed has of a session."""

    lacking: str
    """What it lacks, in words; empty where everything is there."""
    some: bool = False
    """Whether it has anything."""


class Loop:
    """Drives one runner. `turn` does what is due; `ended` says that nothing ever will be again."""

    def __init__(
        self,
        runner: Runner,
        timetable: Timetable,
        clock: Clock,
        told: Told = lambda _: None,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        """`told` hears each cycle that is settled; `asked` answers what people ask of the desk, between two turns."""
        self.runner, self.timetable, self.clock, self._told, self.asked = runner, timetable, clock, told, asked
        self.settled = 0
        """Cycles decided, failed or missed since the start."""
        self._started = clock.now()
        self._unready: tuple[str, str] = ("", "")
        """A cycle that waits for its bars, and why."""
        self._announced = ""
        """The cycle that the watch knows to be next."""
        self._failing = ""
        """What the watch knows of the feed: why it fails; empty where it does not."""
        self._jump = 0.0
        """Seconds the clock was set by since the last decision."""
        self._worked = (self._started, self._started)
        """When the last turn began and ended."""
        clock.jumped()

    @property
    def next_cycle(self) -> Cycle | None:
        """The first cycle that the log has not settled, or None where the calendar ends before it."""
        return next(self._open(), None)

    @property
    def ended(self) -> bool:
        """Whether the calendar has no cycle left."""
        return self.next_cycle is None

    def turn(self) -> datetime | None:
        """Do what is due now. Returns when to look again; None where no cycle is left.

        Raises `LogUnwritable` where nothing can be recorded and `Failed` where another process runs the desk: then
        nothing goes on.
        """
        self._tell()
        if self.runner.lease is not None:
            self.runner.lease.check()
        self.asked()
        began = self.clock.now()
        self._jump += self.clock.jumped()
        try:
            return self._turn(began)
        finally:
            self._worked = (began, self.clock.now())

    def _turn(self, now: datetime) -> datetime | None:
        cycle = self.next_cycle
        if cycle is None:
            return None
        if now < cycle.due_at:
            return cycle.due_at
        if now > cycle.latest_at:
            return self._miss(now)
        began, seen = now, self._look(cycle)
        now = self.clock.now()
        if now > cycle.latest_at:
            self._worked = (began, now)
            return self._miss(now)
        if seen.lacking and not (seen.some and now >= _half(cycle)):
            self._unready = (cycle.label, seen.lacking)
            return self._miss(now) if now == cycle.latest_at else min(now + RETRY, cycle.latest_at)
        return self._decide(cycle)

    def _decide(self, cycle: Cycle) -> datetime | None:
        self.runner.clock_skew_ms = round(self._jump * 1000)
        try:
            record = self.runner.cycle(cycle.label)
        except Faulty as fault:
            self._unready, now = (cycle.label, _sentence(fault)), self.clock.now()
            return self._miss(now) if now >= cycle.latest_at else min(now + RETRY, cycle.latest_at)
        self._jump = 0.0
        self._settle(record)
        # What is to be trained at this close is trained now, so that no close waits for it.
        self.runner.world.prepare()
        following = self.next_cycle
        return None if following is None else following.due_at

    # --- who watches --------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """A sign of life, and what is lost or comes next."""
        watch = self.runner.watch
        watch.happened(Happening.ALIVE)
        if self.runner.lease is not None and self.runner.lease.lost:
            watch.happened(Happening.LEASE_LOST, holder=self.runner.lease.holder, reason=self.runner.lease.lost)
        self._announce()

    def _announce(self) -> None:
        """Tell which cycle comes next, once each."""
        cycle = self.next_cycle
        if cycle is not None and cycle.label != self._announced:
            self._announced = cycle.label
            self.runner.watch.happened(
                Happening.NEXT_CYCLE,
                cycle_id=self.runner.cycle_id(cycle.label),
                due_at=_z(cycle.due_at),
                latest_at=_z(cycle.latest_at),
            )

    def _feed(self, failing: str) -> None:
        """Tell that the feed fails, with the reason, or that it does no more; once each."""
        if failing != self._failing:
            self._failing = failing
            what = Happening.FEED_FAILING if failing else Happening.FEED_FINE
            self.runner.watch.happened(what, source=self.runner.desk.settings.feed.kind, reason=failing)

    # --- bars ---------------------------------------------------------------------------------------------------

    def _look(self, cycle: Cycle) -> _Seen:
        """What the feed has of a cycle's bars now."""
        try:
            self.runner.refresh()
            found = self._bars(cycle)
            self._feed("")
            return found
        except (Faulty, OSError, LookupError) as error:
            self._feed(_sentence(error))
            return _Seen(_sentence(error))

    def _bars(self, cycle: Cycle) -> _Seen:
        world = self.runner.world
        if cycle.label not in world.sessions(cycle.label, cycle.label):
            return _Seen(f"the feed has no bars of {cycle.label}")
        there = set(world.bars(cycle.label))
        if not there:
            return _Seen(f"the feed has no whole bar of {cycle.label}")
        before = self.runner.standing.passed_session
        # What is booked may be this very session, where a crash came between its bars and its decision.
        expected = set(world.bars(before)) if before and world.sessions(before, before) else there
        missing = sorted(expected - there)
        return _Seen(f"the feed has no bar of {', '.join(missing)} for {cycle.label}" if missing else "", some=True)

    # --- cycles that were not run -------------------------------------------------------------------------------

    def _miss(self, now: datetime) -> datetime | None:
        """Book what passed, and record each cycle that may not begin any more, with the reason."""
        missed = list(takewhile(lambda one: one.latest_at <= now and self._over(one, now), self._open()))
        while missed:
            group = missed[:-MOST_APART] or missed[:1]
            self._book(group[-1])
            cycle_id = self.runner.cycle_id(group[-1].label)
            body = _missed(group, now, *self._why(group[-1]))
            self._settle(self.runner.miss({"cycle_id": cycle_id, **body}), len(group))
            missed = missed[len(group) :]
        following = self.next_cycle
        return None if following is None else following.due_at

    def _over(self, cycle: Cycle, now: datetime) -> bool:
        """Whether a cycle may not begin: its latest instant is past, or is now and its bars are not there."""
        return cycle.latest_at < now or self._unready[0] == cycle.label

    def _book(self, cycle: Cycle) -> None:
        """Book the bars up to a cycle's close that the feed has. Where it is away, a later cycle books them."""
        try:
            self.runner.refresh()
            self.runner.book(cycle.label)
        except (Faulty, OSError, LookupError) as error:
            self._unready = (cycle.label, self._unready[1] or _sentence(error))

    def _why(self, cycle: Cycle) -> tuple[str, str]:
        """Cause and reason of a missed cycle."""
        began, ended = self._worked
        if self._started > cycle.latest_at:
            return "not-running", "the desk was not running"
        if self._unready[0] == cycle.label:
            return "feed", self._unready[1]
        if self._jump > 0:
            return "clock", f"the clock jumped forward by {self._jump:.0f} s"
        if began <= cycle.latest_at <= ended:
            return "busy", f"the desk was at work from {_z(began)} to {_z(ended)}"
        return "held-up", f"the process was held up after {_z(ended)}: suspended, or the machine was too busy"

    # --- what is left -------------------------------------------------------------------------------------------

    def _open(self) -> Iterator[Cycle]:
        """The cycles that the log has not settled, in order."""
        first = "" if self.runner.standing.settled else self.runner.world.first_decision
        return waits_for(self.timetable, self.runner.standing.settled, self._started, first)

    def _settle(self, record: Json, cycles: int = 1) -> None:
        self.settled += cycles
        self._unready = ("", "")
        self._told(record)
        self._announce()


def _half(cycle: Cycle) -> datetime:
    """When half of a cycle's grace is over."""
    return cycle.due_at + (cycle.latest_at - cycle.due_at) / 2


def _missed(cycles: list[Cycle], now: datetime, cause: str, reason: str) -> Json:
    """The body of a record: `label` and what follows are those of the last of `cycles` cycles, the first is named."""
    last = cycles[-1]
    return {
        "label": last.label,
        "first_label": cycles[0].label,
        "cycles": len(cycles),
        "close": _z(last.as_of),
        "due_at": _z(last.due_at),
        "latest_at": _z(last.latest_at),
        "noticed_at": _z(now),
        "cause": cause,
        "reason": reason,
    }


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _sentence(error: Exception) -> str:
    found = str(error.faults[0]) if isinstance(error, Faulty) else str(error)
    return f"the feed can not be used: {found}"
