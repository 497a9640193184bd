"""What is fixed about an instrument, and what the shell must be able to say about its exchange's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument of the desk. `tick` is in its currency, `lot` in shares, `earnings` are ISO dates, ascending."""

    symbol: str
    name: str
    issuer: str
    sector: str
    currency: str
    exchange: str
    country: str
    shortable: Literal["yes", "no"]
    lot: int
    tick: Decimal
    multiplier: Decimal
    earnings: tuple[str, ...] = ()
    borrow_rate: Decimal | None = None
    """What borrowing it costs a year, as a share of its value; None where the broker's usual rate holds."""

    @property
    def venue(self) -> str:
        """The exchange as a word the door takes: `24/7` is `24-7` there."""
        return self.exchange.replace("/", "-")

    def next_earnings(self, session: str) -> str | None:
        """The first release date on or after a session; None where none is known."""
        return next((date for date in self.earnings if date >= session), None)


class Calendar(Protocol):
    """The sessions of one exchange. Days are ISO dates; a day outside what is known raises `ValueError`."""

    def kind(self, day: str) -> Literal["open", "half", "closed"]:
        """Whether a day is a whole session, a half day, or none."""

    def next_session(self, day: str) -> str:
        """The first session after a day."""

    def close_instant(self, session: str) -> str:
        """When a session ends, in UTC: `2011-01-03T21:00:00Z`."""

    def distance(self, session: str, day: str) -> int:
        """Sessions after `session` up to `day` inclusive."""
