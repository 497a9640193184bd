"""The timetable: which cycles a desk has, at which close each decides, and when it may begin.

Rules:
- a cycle decides at a close (`as_of`), is due `delay_seconds` later, and may begin until `grace_seconds` after that;
- `close` has a cycle for each session, `week` one for the last session of each calendar week (Monday to Sunday);
- `N minutes` has one at the end of every N minutes from the open (anew after a pause), and at the close;
- once the next cycle's close is reached a cycle may begin no more, however long the grace: its close is stale then;
- everything follows from the calendar and the settings: nothing is stored, and no clock is read.

The calendar has an end, and no cycle is invented behind it. Left out: cycles before a close.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.periods import DAILY, Period, minutes_of, periods_of
from adapters.desk.settings import ScheduleSection

MOST_MINUTES = 999


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle; all instants in UTC."""

    label: str
    """What the runner calls it."""
    session: str
    as_of: datetime
    """The close it decides at."""
    due_at: datetime
    latest_at: datetime
    """The last instant at which it may begin."""


@dataclass(frozen=True)
class Timetable:
    """The cycles of one desk."""

    calendar: ExchangeCalendar
    schedule: ScheduleSection
    interval: str = DAILY
    """Of the feed's bars, as `adapters.calendars.periods` writes it: a cycle is called by the last bar it sees."""

    def __post_init__(self) -> None:
        every, bars = self._minutes, minutes_of(self.interval)
        if every is not None and (bars is None or every % bars or every > MOST_MINUTES):
            raise ValueError(
                f'`every = "{self.schedule.every}"` goes with bars of as many minutes or a part of them, and at most'
                f" {MOST_MINUTES}; the feed has bars of `{self.interval}`"
            )

    @property
    def _minutes(self) -> int | None:
        number, _, unit = self.schedule.every.partition(" ")
        return int(number) if unit else None

    def after(self, instant: datetime) -> Iterator[Cycle]:
        """The cycles that decide at closes after this instant, in order, to the end of the calendar."""
        # A session that closes after the instant is of that date or later, wherever on earth the exchange lies.
        first = (instant.date() - timedelta(days=1)).isoformat()
        return (cycle for cycle in self._from(first) if cycle.as_of > instant)

    def between(self, first: str, last: str) -> tuple[Cycle, ...]:
        """The cycles of the sessions from `first` to `last` (ISO dates), both included."""
        return tuple(takewhile(lambda cycle: cycle.session <= last, self._from(first)))

    def _from(self, first: str) -> Iterator[Cycle]:
        """The cycles of this session and later ones."""
        closes = self._closes(first)
        at = next(closes, None)
        while at is not None:
            following = next(closes, None)
            yield self._cycle(*at, None if following is None else following[2])
            at = following

    def _closes(self, first: str) -> Iterator[tuple[str, str, datetime]]:
        """Label, session and close of each cycle, from this session on."""
        sessions = self.calendar.all_sessions
        for at in range(bisect_left(sessions, first), len(sessions)):
            day = sessions[at]
            # Whether the calendar's last session ends its week is not known.
            if self.schedule.every == "week" and (at + 1 == len(sessions) or _week(day) == _week(sessions[at + 1])):
                continue
            for one in self._decided(day):
                yield one.label, day, datetime.fromisoformat(one.closes_at)

    def _decided(self, day: str) -> tuple[Period, ...]:
        """The bars of a session at whose ends it is decided."""
        bars, every = periods_of(self.calendar, self.interval, day), self._minutes
        if every is None:
            return bars[-1:]
        ends = {one.closes_at for one in periods_of(self.calendar, f"{every}m", day)}
        return tuple(one for one in bars if one.closes_at in ends)

    def _cycle(self, label: str, session: str, as_of: datetime, following: datetime | None) -> Cycle:
        due = as_of + timedelta(seconds=self.schedule.delay_seconds)
        latest = due + timedelta(seconds=self.schedule.grace_seconds)
        if following is not None:
            latest = max(due, min(latest, following))
        return Cycle(label, session, as_of, due, latest)


def _week(day: str) -> tuple[int, int]:
    year, week, _ = date.fromisoformat(day).isocalendar()
    return year, week
