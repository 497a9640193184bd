"""The bars of a calendar: when each begins and ends, and what it is called.

- A *period* is the time of one bar: a whole session (`1d`), or some minutes or hours inside it (`5m`, `2h`).
- Periods tile a session from its open; the last one is cut at the close, and at a pause the count begins anew.
- A period's *label* names it everywhere: the session's ISO date for a daily bar, else the instant at which the bar
  begins, in UTC and to the minute (`2026-03-02T14:35`). Labels sort as their bars come, and the first ten characters
  are the session's date. It is the beginning, not the end, because that is what makers of bars write.
- What was known in a period was known at its end, `closes_at`.

Left out: bars that span sessions, other than days; weeks and months.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from adapters.calendars.calendar import ExchangeCalendar, NoSession

DAILY = "1d"
MOST_MINUTES = 999
INTERVAL = r"^(1d|[1-9][0-9]{0,2}m|([1-9]|1[0-9]|2[0-4])h)$"
"""How an interval is written: a day, up to 999 minutes, or up to 24 hours."""


@dataclass(frozen=True, slots=True)
class Period:
    """One bar's time. `last` says that its session ends with it."""

    label: str
    session: str
    opens_at: str
    closes_at: str
    last: bool


def minutes_of(interval: str) -> int | None:
    """The minutes of a bar; None for a whole session. Raises `ValueError`."""
    if not re.fullmatch(INTERVAL[1:-1], interval):
        raise ValueError(f"`{interval}` is no interval of bars; write `1d`, or minutes or hours like `15m` or `2h`")
    if interval == DAILY:
        return None
    return int(interval[:-1]) * (60 if interval.endswith("h") else 1)


def periods(calendar: ExchangeCalendar, interval: str, first: str, last: str) -> tuple[Period, ...]:
    """All periods of the sessions from `first` to `last` (ISO dates, both included).

    Raises `NoSession` outside the calendar's span, `ValueError` for what is no interval.
    """
    found = (periods_of(calendar, interval, session) for session in calendar.sessions(first, last))
    return tuple(one for session in found for one in session)


def periods_of(calendar: ExchangeCalendar, interval: str, session: str) -> tuple[Period, ...]:
    """The periods of one session, in order. Raises `NoSession`, `ValueError`."""
    return _cut(session, calendar.windows(session), minutes_of(interval))


def period(calendar: ExchangeCalendar, interval: str, label: str) -> Period:
    """The period of a label. Raises `NoSession` where the calendar has none of that name."""
    for one in periods_of(calendar, interval, label[:10]):
        if one.label == label:
            return one
    raise NoSession(f"{calendar.exchange} has no bar of {interval} that begins at {label}")


def bars_a_year(calendar: ExchangeCalendar, interval: str) -> int:
    """How many bars a year of regular sessions has, to scale variances with."""
    minutes = minutes_of(interval)
    return calendar.sessions_a_year * (1 if minutes is None else -(-calendar.regular_minutes // minutes))


@lru_cache(maxsize=4096)
def _cut(session: str, windows: tuple[tuple[str, str], ...], minutes: int | None) -> tuple[Period, ...]:
    if minutes is None:
        return (Period(session, session, windows[0][0], windows[-1][1], last=True),)
    spans = [span for begin, end in windows for span in _spans(begin, end, timedelta(minutes=minutes))]
    end_of_session = windows[-1][1]
    return tuple(Period(begin[:16], session, begin, end, end == end_of_session) for begin, end in spans)


def _spans(begin: str, end: str, step: timedelta) -> Iterator[tuple[str, str]]:
    at, close = datetime.fromisoformat(begin), datetime.fromisoformat(end)
    while at < close:
        following = min(at + step, close)
        yield _text(at), _text(following)
        at = following


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
