"""What a file writes as the time of a bar, and the label it means here.

- A date without a time is a session's date, in whatever zone.
- An instant with an offset, or a number of unix seconds and the like, is a moment: a daily bar's session is its date at
  the exchange's clock, a shorter bar's label is its minute in UTC.
- A date and time without an offset need `zone`. Midnight is a date, as programs write one, where bars are daily.
- `as-written` for a zone takes the date that stands there, for makers who write the session's date at midnight UTC.
- A time that a zone's clock skips or shows twice is a fault, and so is a bar that has not ended at `now`.

Left out: two-digit years, names of months, times of day alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from adapters.calendars.calendar import ExchangeCalendar, NoSession
from adapters.calendars.exchanges import KNOWN
from adapters.calendars.periods import DAILY, minutes_of

Form = Literal["iso", "ymd", "dmy", "mdy", "s", "ms", "us", "ns"]
"""How a file writes dates: `2011-01-03`, `20110103`, `03.01.2011`, `01/03/2011`, or unix time in a unit."""
FORMS: tuple[Form, ...] = get_args(Form)
AS_WRITTEN = "as-written"
PER_SECOND: dict[str, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DIGITS: dict[int, Form] = {8: "ymd", 10: "s", 13: "ms", 16: "us", 19: "ns"}
"""How many digits each has from 2001 to 2286."""
_DAY = {
    "iso": r"(?P<y>\d{4})[-/](?P<m>\d{2})[-/](?P<d>\d{2})",
    "ymd": r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    "dmy": r"(?P<d>\d{1,2})[./-](?P<m>\d{1,2})[./-](?P<y>\d{4})",
    "mdy": r"(?P<m>\d{1,2})[./-](?P<d>\d{1,2})[./-](?P<y>\d{4})",
}
_TIME = (
    r"(?:[T ]+(?P<H>\d{2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:\.\d{1,9})?)?\s*(?P<z>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_WRITTEN = {form: re.compile(day + _TIME + r"\Z", re.ASCII) for form, day in _DAY.items()}
_PARTS = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-]\d{4}(?:[T ].*)?\Z", re.ASCII)
_SLIP = timedelta(days=1)


def guess_form(written: Iterable[str]) -> Form | None:
    """How these are written, where only one way fits them all; None where none does, or two do."""
    cells = list(written)
    if cells and all(cell.isascii() and cell.isdigit() for cell in cells):
        found = {_DIGITS.get(len(cell)) for cell in cells}
        return found.pop() if len(found) == 1 else None
    if cells and all(_WRITTEN["iso"].match(cell) for cell in cells):
        return "iso"
    if cells and all(_WRITTEN["ymd"].match(cell) for cell in cells):
        return "ymd"
    parts = [_PARTS.match(cell) for cell in cells]
    if not cells or not all(parts):
        return None
    first = any(one is not None and int(one[1]) > 12 for one in parts)
    second = any(one is not None and int(one[3]) > 12 for one in parts)
    if first != second:
        return "dmy" if first else "mdy"
    # points between the parts are written where the day comes first
    return "dmy" if not second and all(one is not None and one[2] == "." for one in parts) else None


class Unreadable(ValueError):
    """What is written is no moment that can be used; the message is a sentence."""


class NotEnded(Unreadable):
    """The bar is still being made."""


@dataclass
class Moments:
    """Reads what one file writes for bars of one exchange; remembers what it has read.

    `zone` is empty, an IANA name or `AS_WRITTEN`; `now` an aware instant.
    """

    form: Form
    zone: str
    calendar: ExchangeCalendar
    interval: str
    now: datetime
    _known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._clock = ZoneInfo(KNOWN[self.calendar.exchange].zone)
        self._zone = ZoneInfo(self.zone) if self.zone not in ("", AS_WRITTEN) else None
        self._daily = self.interval == DAILY
        self._length = timedelta(minutes=minutes_of(self.interval) or 0)
        # what any exchange's session of today can be dated at most, before its calendar is asked
        self._today = (self.now + timedelta(hours=14)).date().isoformat()

    def label(self, written: str) -> str:
        """The label of the bar that a file writes so. Raises `Unreadable`."""
        if written not in self._known:
            found = self._moment(written)
            label = self._session(found) if self._daily else self._minute(found)
            self._not_before_its_end(label)
            self._known[written] = label
        return self._known[written]

    def moved(self) -> bool:
        """Whether any label is another day than the one written: then a wrong zone can have moved them all."""
        return any(label[:10] not in written for written, label in self._known.items())

    def _moment(self, written: str) -> date | datetime:
        if self.form in PER_SECOND:
            if not re.fullmatch(r"-?\d{1,19}", written, re.ASCII):
                raise Unreadable(f"`{written}` is no unix time in {self.form}")
            whole = int(written) // PER_SECOND[self.form]
            try:
                return datetime.fromtimestamp(whole, UTC)
            except (OverflowError, ValueError, OSError):
                raise Unreadable(f"`{written}` is no unix time in {self.form}") from None
        found = _WRITTEN[self.form].match(written)
        if not found:
            raise Unreadable(f"`{written}` is no date like {EXAMPLES[self.form]}")
        try:
            day = date(int(found["y"]), int(found["m"]), int(found["d"]))
            if found["H"] is None:
                return day
            moment = datetime(day.year, day.month, day.day, int(found["H"]), int(found["M"]), int(found["S"] or 0))
        except ValueError:
            raise Unreadable(f"`{written}` is no day or time that there is") from None
        if found["z"] is None:
            return self._placed(written, moment)
        return moment.replace(tzinfo=_offset(found["z"]))

    def _placed(self, written: str, moment: datetime) -> date | datetime:
        if self._zone is None:
            if self._daily and (self.zone == AS_WRITTEN or moment.time() == moment.min.time()):
                return moment.date()
            raise Unreadable(f"`{written}` has no offset; give its zone: `--zone {self._clock.key}` or another")
        early, late = (moment.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() != late.utcoffset():
            raise Unreadable(f"`{written}` is skipped or comes twice at the clock of {self.zone}; write its offset")
        return early

    def _session(self, found: date | datetime) -> str:
        if isinstance(found, datetime):
            return (found if self.zone == AS_WRITTEN else found.astimezone(self._clock)).date().isoformat()
        return found.isoformat()

    def _minute(self, found: date | datetime) -> str:
        if not isinstance(found, datetime) or found.tzinfo is None:
            raise Unreadable(f"`{found}` has no time of day, and bars of {self.interval} need one")
        if found.second:
            raise Unreadable(f"`{found}` is no whole minute")
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")

    def _not_before_its_end(self, label: str) -> None:
        if label[:10] < (self.now - _SLIP).date().isoformat():
            return
        try:
            ended = datetime.fromisoformat(self.calendar.close_instant(label[:10])) <= self.now
            if not self._daily:
                ended = datetime.fromisoformat(label).replace(tzinfo=UTC) + self._length <= self.now
        except NoSession:
            ended = label[:10] <= self._today
        if not ended:
            raise NotEnded(f"the bar of {label} has not ended: it is {self.now.strftime('%Y-%m-%dT%H:%MZ')} now")


EXAMPLES: dict[str, str] = {"iso": "`2011-01-03`", "ymd": "`20110103`", "dmy": "`03.01.2011`", "mdy": "`01/03/2011`"}


def _offset(written: str) -> timezone:
    if written in ("Z", "UTC", "GMT"):
        return UTC
    digits = written[1:].replace(":", "").ljust(4, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if away >= timedelta(days=1):
        raise Unreadable(f"`{written}` is no offset from UTC")
    return timezone(-away if written[0] == "-" else away)
