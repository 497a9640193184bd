"""Sessions that are not in the library's calendars: a table that ships, and a desk's own `sessions.yaml`.

    until: {XBOM: 2027-12-31}          # optional: weekdays up to here are sessions unless a row says otherwise
    sessions:
      - {exchange: XBOM, date: 2027-01-26, kind: closed, reason: Republic Day}
      - {exchange: XBOM, date: 2027-10-29, kind: half, hours: ["18:00-19:00"], reason: Muhurat trading}

- `kind` is `open` (at regular hours, unless there are `hours`), `half` (with `hours`) or `closed` (without).
- `hours` are at the exchange's own clock, `HH:MM-HH:MM`, in order; several are a session with pauses.
- A session lies in one day of UTC, since labels of bars begin with the session's date: hours beyond it are a fault.
- Each exchange has a day once. All faults are collected; nothing is half-loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

from adapters.calendars.exchanges import KNOWN, Windows, instants
from knowledge.faults import Fault, Faulty
from knowledge.marked_yaml import Items, MarkedReader, Node, compose, named

SHIPPED = Path(__file__).with_name("special_sessions.yaml")
OWN = "sessions.yaml"
"""What a desk calls its own table."""
DayKind = Literal["open", "half", "closed"]

_KINDS: tuple[DayKind, ...] = get_args(DayKind)
_KEYS = ("exchange", "date", "kind", "hours", "reason", "source")
_NEEDED = ("exchange", "date", "kind", "reason")
_DAY = "2027-01-26"
_HOURS = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]\Z")


@dataclass(frozen=True, slots=True)
class Special:
    """One row: what an exchange does on a day. `windows` is empty where it keeps regular hours or is closed."""

    kind: DayKind
    windows: Windows
    reason: str


@dataclass(frozen=True, eq=False)
class SpecialSessions:
    """Rows by exchange and day, and up to which day each exchange's sessions are known by this table."""

    rows: Mapping[tuple[str, str], Special] = field(default_factory=dict)
    until: Mapping[str, str] = field(default_factory=dict)

    def of(self, exchange: str) -> dict[str, Special]:
        """The rows of one exchange by day."""
        return {day: row for (name, day), row in self.rows.items() if name == exchange}


NONE = SpecialSessions()


@cache
def shipped() -> SpecialSessions:
    """The table that ships."""
    return read_sessions(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)


def load_sessions(path: Path, shown: str) -> SpecialSessions:
    """A desk's own table; an empty one where it has none. `shown` is its name in complaints. Raises `Faulty`."""
    try:
        return read_sessions(path.read_text(encoding="utf-8"), shown)
    except FileNotFoundError:
        return NONE
    except (OSError, UnicodeDecodeError):
        raise Faulty(Fault(shown, 1, 1, "the file cannot be read as UTF-8 text")) from None


def read_sessions(source: str, file: str) -> SpecialSessions:
    """Parse the text of a table of sessions. Raises `Faulty`."""
    root = compose(source, file)
    reader = _Reader(file)
    found = reader.sessions(root)
    reader.done()
    return found


class _Reader(MarkedReader):
    """Says what the rows mean."""

    def sessions(self, root: Node | None) -> SpecialSessions:
        """The whole file."""
        parts = self.table(root, "the file", ("sessions", "until"))
        until = {
            name: self.day(value, _DAY)
            for name, (key, value) in (self.table(parts["until"].value, "`until`") if "until" in parts else {}).items()
            if self.known(name, key)
        }
        rows: dict[tuple[str, str], Special] = {}
        listed = self.items(parts["sessions"].value, "`sessions` is a list of rows") if "sessions" in parts else ()
        for node in listed:
            exchange, day, row = self.row(node)
            if row is None:
                continue
            if (exchange, day) in rows:
                self.fault(node, f"`{exchange}` has {day} twice; keep one row")
            self.within(node, exchange, day, until)
            rows[exchange, day] = row
        return SpecialSessions(rows, until)

    def row(self, node: Node) -> tuple[str, str, Special | None]:
        before = len(self.faults)
        entries = self.table(node, "a row", _KEYS)
        if len(self.faults) > before or self.lacks(node, "the row", entries, _NEEDED):
            return "", "", None
        texts = {name: self.text(entries[name]) for name in _NEEDED}
        exchange, day = texts["exchange"], self.day(entries["date"].value, _DAY)
        kind = next((one for one in _KINDS if one == texts["kind"]), None)
        if kind is None:
            self.fault(entries["kind"].value, f"`{texts['kind']}` is no kind of day; write {named(_KINDS)}")
        self.known(exchange, entries["exchange"].value)
        if ("hours" in entries and kind == "closed") or ("hours" not in entries and kind == "half"):
            words = "a closed day has no hours" if kind == "closed" else "a half day needs its `hours`"
            self.fault(entries["kind"].value, f'{words}; write them like `["09:30-13:00"]` where there is trading')
        if len(self.faults) > before:
            return "", "", None
        windows = self.windows(entries["hours"].value, exchange, day) if "hours" in entries else ()
        if len(self.faults) > before or kind is None:
            return "", "", None
        return exchange, day, Special(kind, windows, texts["reason"])

    def windows(self, node: Node, exchange: str, day: str) -> Windows:
        if not isinstance(node, Items) or not node.nodes:
            self.fault(node, '`hours` is a list such as `["09:30-13:00"]`')
            return ()
        found: list[tuple[str, str]] = []
        for item in node.nodes:
            written = item.written
            if not _HOURS.match(written):
                self.fault(item, f"`{written}` are no hours; write them like `09:30-13:00`")
                return ()
            begin, end = instants(day, written, KNOWN[exchange].zone)
            if begin >= end:
                self.fault(item, f"`{written}` ends before it begins")
            elif not begin[:10] == end[:10] == day:
                self.fault(item, f"`{written}` of {exchange} reaches out of {day} in UTC, and a session may not")
            found.append((begin, end))
        if any(after[0] <= before[1] for before, after in pairwise(found)):
            self.fault(node, "`hours` come in order, with a pause between them")
        return tuple(found)

    def within(self, node: Node, exchange: str, day: str, until: Mapping[str, str]) -> None:
        first, last = KNOWN[exchange].first, max(KNOWN[exchange].last, until.get(exchange, ""))
        if not first <= day <= last:
            words = f"sessions of {exchange} are known from {first} to {last}, without {day}"
            self.fault(node, f"{words}; for later ones, write `until: {{{exchange}: …}}` and every closed weekday")

    def known(self, exchange: str, node: Node) -> bool:
        if exchange not in KNOWN:
            self.fault(node, f"the exchange `{exchange}` has no calendar here; known are {named(KNOWN)}")
        return exchange in KNOWN
