"""Sessions of exchanges: which days are open, which are half days, when they begin and end in UTC.

By exchange_calendars, imported at first use because it brings pandas along. Every span is given explicitly: the
library's default bounds move with the day on which it runs, and an answer must not. Over it lie two tables of special
sessions: the one that ships, and the desk's own (`adapters.calendars.special`), which has the last word.

Left out: auctions; the hours that Bombay kept before 2010, which the library gives as today's.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from adapters.calendars.exchanges import ALWAYS, FIRST, KNOWN, Exchange, Windows
from adapters.calendars.special import NONE, DayKind, Special, SpecialSessions, shipped


class NoSession(ValueError):
    """A day on which the exchange is closed, or outside the span of its calendar."""


@dataclass(frozen=True, slots=True)
class _Day:
    kind: DayKind
    windows: Windows


@dataclass(frozen=True)
class ExchangeCalendar:
    """The sessions of one exchange (ISO 10383 code or `24/7`, one of `KNOWN`) from `first` to `last` (ISO dates).

    The span is at most what is known of the exchange, which `own` may extend.
    """

    exchange: str
    first: str = FIRST
    last: str = ""
    own: SpecialSessions = field(default=NONE, repr=False)

    def __post_init__(self) -> None:
        if self.exchange not in KNOWN:
            raise ValueError(f"the exchange `{self.exchange}` has no calendar here; known are {', '.join(KNOWN)}")
        known = KNOWN[self.exchange]
        object.__setattr__(self, "first", max(self.first, known.first))
        latest = max(known.last, self.own.until.get(self.exchange, ""))
        object.__setattr__(self, "last", min(self.last or latest, latest))

    @cached_property
    def _days(self) -> Mapping[str, _Day]:
        """Every session with its kind and hours, in order."""
        shared, own = _shared_days(self.exchange, self.first, self.last), self.own.of(self.exchange)
        if not own:
            return shared
        found = dict(shared)
        _apply(found, KNOWN[self.exchange], own, self.first, self.last)
        return {day: found[day] for day in sorted(found)}

    @cached_property
    def all_sessions(self) -> tuple[str, ...]:
        """Every session of the span, as ISO dates."""
        return tuple(self._days)

    @property
    def sessions_a_year(self) -> int:
        """How many sessions a year has, as annual figures reckon."""
        return KNOWN[self.exchange].sessions_a_year

    @property
    def regular_minutes(self) -> int:
        """Minutes of a regular session."""
        begin, end = (int(one[:2]) * 60 + int(one[3:]) for one in KNOWN[self.exchange].hours.split("-"))
        return 24 * 60 if self.exchange == ALWAYS else end - begin

    def sessions(self, first: str, last: str) -> tuple[str, ...]:
        """The sessions from `first` to `last`, both included. Raises `NoSession` outside the span."""
        if first < self.first or last > self.last:
            raise NoSession(self._span(first if first < self.first else last))
        return self.all_sessions[bisect_left(self.all_sessions, first) : bisect_right(self.all_sessions, last)]

    def kind(self, day: str) -> DayKind:
        """Whether a day is a whole session, a half day, or none."""
        found = self._days.get(day)
        return "closed" if found is None else found.kind

    def next_session(self, day: str) -> str:
        """The first session after a day. Raises `NoSession` where the span has none."""
        return self.all_sessions[self._at_or_after(day, after=True)]

    def distance(self, session: str, day: str) -> int:
        """Sessions after `session` up to `day` inclusive; 0 for the session itself. `day` need not be a session.

        A day without a session counts to the session after it. Raises `NoSession` outside the span, or for a
        `day` before `session`.
        """
        start, end = self._at_or_after(session), self._at_or_after(day)
        if end < start:
            raise NoSession(f"{day} is before {session}")
        return end - start

    def windows(self, session: str) -> Windows:
        """When trading begins and ends in a session, in UTC; more than one where it pauses. Raises `NoSession`."""
        found = self._days.get(session)
        if found is None:
            beyond = not self.first <= session <= self.last
            raise NoSession(self._span(session) if beyond else f"{self.exchange} has no session on {session}")
        return found.windows

    def open_instant(self, session: str) -> str:
        """When a session begins, in UTC: `2011-01-03T14:30:00Z`. Raises `NoSession`."""
        return self.windows(session)[0][0]

    def close_instant(self, session: str) -> str:
        """When a session ends, in UTC: `2011-01-03T21:00:00Z`. Raises `NoSession`."""
        return self.windows(session)[-1][1]

    def _at_or_after(self, day: str, *, after: bool = False) -> int:
        place = (bisect_right if after else bisect_left)(self.all_sessions, day)
        if day < self.first or place >= len(self.all_sessions):
            raise NoSession(self._span(day))
        return place

    def _span(self, day: str) -> str:
        words = f"the calendar of {self.exchange} runs from {self.first} to {self.last}, without {day}"
        later = "; update exchange_calendars, or write `until` and the closed days into the desk's `sessions.yaml`"
        return words + (later if day >= self.last else "")


def calendars_of(exchanges: Iterable[str], own: SpecialSessions = NONE) -> dict[str, ExchangeCalendar]:
    """A calendar for each exchange, by its code. Raises `ValueError` for one that is not known."""
    return {exchange: ExchangeCalendar(exchange, own=own) for exchange in sorted(set(exchanges))}


@lru_cache(maxsize=32)
def _shared_days(exchange: str, first: str, last: str) -> Mapping[str, _Day]:
    """What the library and the table that ships say of an exchange: the same for every calendar of a process."""
    known = KNOWN[exchange]
    found = dict(_regular(exchange, first, last))
    _apply(found, known, shipped().of(known.table), first, last)
    return MappingProxyType({day: found[day] for day in sorted(found)})


def _apply(found: dict[str, _Day], known: Exchange, table: Mapping[str, Special], first: str, last: str) -> None:
    for day, row in table.items():
        if row.kind == "closed":
            found.pop(day, None)
        elif first <= day <= last:
            found[day] = _Day(row.kind, row.windows or known.windows(day))


def _regular(exchange: str, first: str, last: str) -> Iterator[tuple[str, _Day]]:
    known = KNOWN[exchange]
    if known.table == ALWAYS:
        for day in _days(first, last):
            yield day, _Day("open", known.windows(day))
        return
    if first <= known.last:
        yield from _published(known, first, min(last, known.last))
    for day in _days(max(first, _after(known.last)), last):
        if date.fromisoformat(day).weekday() < 5:
            yield day, _Day("open", known.windows(day))


def _published(known: Exchange, first: str, last: str) -> Iterator[tuple[str, _Day]]:
    library = _library(known.table, first, last)
    half = frozenset(library.early_closes.strftime("%Y-%m-%d"))
    days = library.sessions.strftime("%Y-%m-%d")
    for day, opens, closes in zip(days, _instants(library, "open"), _instants(library, "close"), strict=True):
        yield day, _Day("half" if day in half else "open", ((opens, closes),))


def _library(table: str, first: str, last: str) -> Any:  # noqa: ANN401  (the library ships no types)
    import exchange_calendars

    with warnings.catch_warnings():
        # The library reads a pandas attribute that will change in pandas 4; what it reads is right in pandas 3.
        warnings.filterwarnings("ignore", message="Series.values returning", category=DeprecationWarning)
        return exchange_calendars.get_calendar(table, start=first, end=last)


def _instants(library: Any, which: str) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(library.schedule[which].dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _days(first: str, last: str) -> Iterator[str]:
    day = date.fromisoformat(first)
    while day.isoformat() <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def _after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
