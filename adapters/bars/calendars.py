"""Sessions of exchanges: which days are open, which are half days, when the close is in UTC.

By exchange_calendars, imported at first use because it brings pandas along. Every span is given explicitly: the
library's default bounds move with the day on which it runs, and an answer must not.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

FIRST, LAST = "1990-01-01", "2026-12-31"
"""The default span; holidays after 2026 are not all published yet."""
EXCHANGES = {"XNYS": "XNYS", "XNAS": "XNYS", "XBOM": "XBOM", "XNSE": "XBOM"}
"""The exchanges known here, and whose table of the library they follow: Nasdaq keeps the sessions and hours of New
York, the National Stock Exchange of India those of Bombay."""

_EARLIEST = {"XBOM": "1997-01-01"}
"""Where the library's table of an exchange begins; it knows no holidays before."""


class NoSession(ValueError):
    """A day on which the exchange is closed, or outside the span of its calendar."""


@dataclass(frozen=True)
class ExchangeCalendar:
    """The sessions of one exchange (ISO 10383 code, one of `EXCHANGES`) from `first` to `last` (ISO dates).

    `first` moves up to where the exchange's table begins.
    """

    exchange: str
    first: str = FIRST
    last: str = LAST

    @cached_property
    def _library(self) -> Any:  # noqa: ANN401  (the library ships no types)
        import exchange_calendars

        with warnings.catch_warnings():
            # The library reads a pandas attribute that will change in pandas 4; what it reads is right in pandas 3.
            warnings.filterwarnings("ignore", message="Series.values returning", category=DeprecationWarning)
            return exchange_calendars.get_calendar(EXCHANGES[self.exchange], start=self.first, end=self.last)

    @cached_property
    def all_sessions(self) -> tuple[str, ...]:
        """Every session of the span, as ISO dates."""
        return tuple(self._library.sessions.strftime("%Y-%m-%d"))

    @cached_property
    def _position(self) -> Mapping[str, int]:
        return {session: place for place, session in enumerate(self.all_sessions)}

    @cached_property
    def _half_days(self) -> frozenset[str]:
        return frozenset(self._library.early_closes.strftime("%Y-%m-%d"))

    @cached_property
    def _opens(self) -> tuple[str, ...]:
        return self._instants("open")

    @cached_property
    def _closes(self) -> tuple[str, ...]:
        return self._instants("close")

    def _instants(self, which: str) -> tuple[str, ...]:
        return tuple(self._library.schedule[which].dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def __post_init__(self) -> None:
        if self.exchange not in EXCHANGES:
            raise ValueError(f"the exchange `{self.exchange}` has no calendar here; known are {', '.join(EXCHANGES)}")
        object.__setattr__(self, "first", max(self.first, _EARLIEST.get(EXCHANGES[self.exchange], self.first)))

    def sessions(self, first: str, last: str) -> tuple[str, ...]:
        """The sessions from `first` to `last`, both included. Raises `NoSession` outside the span."""
        if first < self.first or last > self.last:
            raise NoSession(f"the calendar of {self.exchange} runs from {self.first} to {self.last}")
        return tuple(session for session in self.all_sessions if first <= session <= last)

    def kind(self, day: str) -> Literal["open", "half", "closed"]:
        """Whether a day is a whole session, a half day, or none."""
        if day not in self._position:
            return "closed"
        return "half" if day in self._half_days else "open"

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

    def open_instant(self, session: str) -> str:
        """When a session begins, in UTC: `2011-01-03T14:30:00Z`. Raises `NoSession`."""
        return self._opens[self._place(session)]

    def close_instant(self, session: str) -> str:
        """When a session ends, in UTC: `2011-01-03T21:00:00Z`. Raises `NoSession`."""
        return self._closes[self._place(session)]

    def _place(self, session: str) -> int:
        if session not in self._position:
            raise NoSession(f"{self.exchange} has no session on {session}")
        return self._position[session]

    def _at_or_after(self, day: str, *, after: bool = False) -> int:
        place = (bisect_right if after else bisect_left)(self.all_sessions, day)
        if day < self.first or place >= len(self.all_sessions):
            raise NoSession(f"the calendar of {self.exchange} runs from {self.first} to {self.last}, without {day}")
        return place


def calendars_of(exchanges: Iterable[str]) -> dict[str, ExchangeCalendar]:
    """A calendar for each exchange, by its code. Raises `ValueError` for one that is not known."""
    return {exchange: ExchangeCalendar(exchange) for exchange in sorted(set(exchanges))}
