"""What is fixed about the exchanges known here: clock, regular hours, and how far their sessions are known.

`24/7` is no exchange but what never closes: each day of UTC is a session, and it ends at 23:59:59Z. At midnight it
would end on the date of the next one, and a session's date must be that of its close: records are found by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Windows = tuple[tuple[str, str], ...]
"""When trading begins and ends, as instants in UTC (`2011-01-03T14:30:00Z`), in order; more than one with pauses."""
FIRST = "1990-01-01"
"""Where the default span begins."""
ALWAYS = "24/7"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is fixed about an exchange: whose table of the library it follows, its clock and regular hours, its span.

    `sessions_a_year` is what annual figures reckon with.
    """

    table: str
    zone: str
    hours: str
    first: str
    last: str
    sessions_a_year: int = 252

    def windows(self, day: str) -> Windows:
        """Its regular hours on a day, in UTC."""
        if self.table == ALWAYS:
            return ((f"{day}T00:00:00Z", f"{day}T23:59:59Z"),)
        return (instants(day, self.hours, self.zone),)


_NEW_YORK = Exchange("XNYS", "America/New_York", "09:30-16:00", FIRST, "2028-12-31")
_BOMBAY = Exchange("XBOM", "Asia/Kolkata", "09:15-15:30", "1997-01-01", "2026-12-31")
KNOWN: Mapping[str, Exchange] = {
    "XNYS": _NEW_YORK,
    "XNAS": _NEW_YORK,
    "XBOM": _BOMBAY,
    "XNSE": _BOMBAY,
    ALWAYS: Exchange(ALWAYS, "UTC", "00:00-23:59", FIRST, "2099-12-31", 365),
}
"""The exchanges known here. Nasdaq keeps the sessions and hours of New York, the National Stock Exchange of India those
of Bombay. New York has published its holidays, which are rules, up to 2028; Bombay announces its own by year."""
EXCHANGES = {code: one.table for code, one in KNOWN.items()}


def instants(day: str, hours: str, zone: str) -> tuple[str, str]:
    """`09:15-15:30` of a day at a zone's clock, as two instants in UTC."""
    begin, end = (datetime.fromisoformat(f"{day}T{one}:00").replace(tzinfo=ZoneInfo(zone)) for one in hours.split("-"))
    return _utc(begin), _utc(end)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
