"""A year of sessions, each close compared with an oracle that knows nothing of the library.

The oracle has the exchanges' published holidays, half days and special sessions in a small table below, their hours,
and the zone database of Python: weekdays that are no holiday are sessions, and local hours become UTC by zoneinfo.

    python -m tests.year_of_sessions [YEAR ...]     (2025 and 2026 are known; default: both)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.periods import periods_of

Hours = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Published:
    """What an exchange published for a year, at its own clock."""

    zone: str
    hours: Hours
    holidays: str
    special: dict[str, Hours] = field(default_factory=dict)
    """Half days, and sessions on days that would have none."""


_EARLY: Hours = (("09:30", "13:00"),)
_NYSE: Hours = (("09:30", "16:00"),)
_BSE: Hours = (("09:15", "15:30"),)
PUBLISHED: dict[tuple[str, int], Published] = {
    ("XNYS", 2025): Published(
        "America/New_York",
        _NYSE,
        "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
        {"07-03": _EARLY, "11-28": _EARLY, "12-24": _EARLY},
    ),
    ("XNYS", 2026): Published(
        "America/New_York",
        _NYSE,
        "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
        {"11-27": _EARLY, "12-24": _EARLY},
    ),
    ("XBOM", 2025): Published(
        "Asia/Kolkata",
        _BSE,
        "02-26 03-14 03-31 04-10 04-14 04-18 05-01 08-15 08-27 10-02 10-21 10-22 11-05 12-25",
        {"02-01": _BSE, "10-21": (("13:45", "14:45"),)},
    ),
    ("XBOM", 2026): Published(
        "Asia/Kolkata",
        _BSE,
        "01-15 01-26 03-03 03-26 03-31 04-03 04-14 05-01 05-28 06-26 09-14 10-02 10-20 11-10 11-24 12-25",
        {"02-01": _BSE},
    ),
}


@dataclass(frozen=True)
class Year:
    """What was found of an exchange's year."""

    exchange: str
    year: int
    sessions: int
    short: int
    weekend: int
    changes: tuple[str, ...]
    """Days from which on a session closes at another hour of UTC than the one before, half days left aside."""
    apart: tuple[str, ...]
    """Where calendar and oracle do not say the same."""


def oracle(exchange: str, year: int) -> dict[str, tuple[str, str]]:
    """The sessions of a year with open and close in UTC, from what the exchange published."""
    known = PUBLISHED[exchange, year]
    holidays, found = set(known.holidays.split()), {}
    day = date(year, 1, 1)
    while day.year == year:
        name = day.isoformat()[5:]
        hours = known.special.get(name, known.hours)
        if name in known.special or (day.weekday() < 5 and name not in holidays):
            found[day.isoformat()] = _utc(day, hours[0][0], known.zone), _utc(day, hours[-1][1], known.zone)
        day += timedelta(days=1)
    return found


def compare(exchange: str, year: int) -> Year:
    """Every session of the year: its date, open and close, and the ends of its bars of a quarter of an hour."""
    calendar, expected = ExchangeCalendar(exchange), oracle(exchange, year)
    found = calendar.sessions(f"{year}-01-01", f"{year}-12-31")
    return Year(
        exchange=exchange,
        year=year,
        sessions=len(found),
        short=sum(calendar.kind(day) == "half" for day in found),
        weekend=sum(date.fromisoformat(day).weekday() >= 5 for day in found),
        changes=tuple(_changes(calendar, found)),
        apart=tuple(_apart(calendar, found, expected)),
    )


def _apart(calendar: ExchangeCalendar, found: tuple[str, ...], expected: dict[str, tuple[str, str]]) -> Iterator[str]:
    for day in sorted({*found, *expected}):
        if day not in expected or day not in found:
            yield f"{day} is {'no ' if day in found else 'a '}session by what was published"
            continue
        told = calendar.open_instant(day), calendar.close_instant(day)
        bars = periods_of(calendar, "15m", day)
        if told != expected[day] or (bars[0].opens_at, bars[-1].closes_at) != expected[day]:
            yield f"{day} is from {told[0]} to {told[1]}, and {expected[day][0]} to {expected[day][1]} was published"


def _changes(calendar: ExchangeCalendar, found: tuple[str, ...]) -> Iterator[str]:
    whole = [day for day in found if calendar.kind(day) == "open"]
    for before, day in pairwise(whole):
        if calendar.close_instant(before)[11:] != calendar.close_instant(day)[11:]:
            yield f"{day} closes at {calendar.close_instant(day)[11:16]}"


def _utc(day: date, clock: str, zone: str) -> str:
    local = datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone))
    return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main(years: list[int]) -> int:
    """Print the table; 1 where anything is apart."""
    wanted = [key for key in PUBLISHED if not years or key[1] in years]
    print("exchange  year  sessions  half  weekend  closes in UTC change        apart")
    results = [compare(*key) for key in wanted]
    for one in results:
        changes = ", ".join(change[5:10] + change[-6:] for change in one.changes) or "never"
        line = f"{one.exchange:<8}  {one.year}  {one.sessions:>8}  {one.short:>4}  {one.weekend:>7}"
        print(f"{line}  {changes:<26}  {len(one.apart):>5}")
        for sentence in one.apart:
            print(f"    {sentence}")
    closes = sum(one.sessions for one in results)
    print(f"{closes} closes compared with the oracle, {sum(len(one.apart) for one in results)} apart")
    return 1 if any(one.apart for one in results) else 0


if __name__ == "__main__":
    sys.exit(main([int(one) for one in sys.argv[1:]]))
