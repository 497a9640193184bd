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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from adapters.calendars.exchanges import KNOWN, Windows, instants
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

SHIPPED = Path(__file__).with_name("special_sessions.yaml")
OWN = "sessions.yaml"
"""What a desk calls its own table."""
DayKind = Literal["open", "half", "closed"]

_KINDS: tuple[DayKind, ...] = get_args(DayKind)
_KEYS = ("exchange", "date", "kind", "hours", "reason", "source")
_NEEDED = ("exchange", "date", "kind", "reason")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
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
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        root = YAML(typ="rt", pure=True).compose(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Faulty(Fault(file, line, column, f"not YAML: {error.problem or error.context}")) from None
    except YAMLError as error:
        raise Faulty(Fault(file, 1, 1, f"not YAML: {str(error).splitlines()[0]}")) from None
    reader = _Reader(file)
    found = reader.table(root)
    if reader.faults:
        raise Faulty(*reader.faults)
    return found


class _Reader:
    """Collects faults while it reads; a method returns a neutral value after one."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def fault(self, node: Node | None, message: str) -> None:
        mark = node.start_mark if node is not None else None
        self.faults.append(Fault(self.file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, message))

    def table(self, root: Node | None) -> SpecialSessions:
        from ruamel.yaml.nodes import SequenceNode

        parts = self.mapping(root, "the file", ("sessions", "until"))
        until: dict[str, str] = {}
        for name, (key, value) in (
            self.mapping(parts["until"][1], "`until`", None) if "until" in parts else {}
        ).items():
            if self.known(name, key):
                until[name] = self.day(value)
        rows: dict[tuple[str, str], Special] = {}
        listed = parts["sessions"][1] if "sessions" in parts else None
        if listed is not None and not isinstance(listed, SequenceNode):
            self.fault(listed, "`sessions` is a list of rows")
            return NONE
        for node in listed.value if listed is not None else ():
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
        entries = self.mapping(node, "a row", _KEYS)
        missing = [name for name in _NEEDED if name not in entries]
        if missing and len(self.faults) == before:
            self.fault(node, f"the row lacks {_list(missing)}")
        if len(self.faults) > before:
            return "", "", None
        texts = {name: self.word(*entries[name]) for name in _NEEDED}
        exchange, day = texts["exchange"], self.day(entries["date"][1])
        kind = next((one for one in _KINDS if one == texts["kind"]), None)
        if kind is None:
            self.fault(entries["kind"][1], f"`{texts['kind']}` is no kind of day; write {_list(_KINDS)}")
        self.known(exchange, entries["exchange"][1])
        if ("hours" in entries and kind == "closed") or ("hours" not in entries and kind == "half"):
            words = "a closed day has no hours" if kind == "closed" else "a half day needs its `hours`"
            self.fault(entries["kind"][1], f'{words}; write them like `["09:30-13:00"]` where there is trading')
        if len(self.faults) > before:
            return "", "", None
        windows = self.windows(entries["hours"][1], exchange, day) if "hours" in entries else ()
        if len(self.faults) > before or kind is None:
            return "", "", None
        return exchange, day, Special(kind, windows, texts["reason"])

    def windows(self, node: Node, exchange: str, day: str) -> Windows:
        from ruamel.yaml.nodes import ScalarNode, SequenceNode

        if not isinstance(node, SequenceNode) or not node.value:
            self.fault(node, '`hours` is a list such as `["09:30-13:00"]`')
            return ()
        found: list[tuple[str, str]] = []
        for item in node.value:
            written = str(item.value) if isinstance(item, ScalarNode) else "…"
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
            self.fault(node, f"the exchange `{exchange}` has no calendar here; known are {_list(KNOWN)}")
        return exchange in KNOWN

    def day(self, node: Node) -> str:
        written = str(node.value)
        try:
            if not _DATE.match(written):
                raise ValueError
            date.fromisoformat(written)
        except ValueError:
            self.fault(node, f"`{written}` is no date; write it like `2027-01-26`")
        return written

    def word(self, key: Node, node: Node) -> str:
        from ruamel.yaml.nodes import ScalarNode

        if isinstance(node, ScalarNode) and str(node.value).strip():
            return str(node.value)
        self.fault(key, f"`{key.value}` takes one value")
        return ""

    def mapping(self, node: Node | None, what: str, keys: tuple[str, ...] | None) -> dict[str, tuple[Node, Node]]:
        """The entries as key -> (key node, value node); repeated keys, and keys outside `keys`, are faults."""
        from ruamel.yaml.nodes import MappingNode, ScalarNode

        if not isinstance(node, MappingNode):
            self.fault(node, f"{what} is a mapping of keys to values")
            return {}
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else "…"
            if name in found:
                self.fault(key, f"`{name}` stands twice in {what}; keep one")
            elif keys is not None and name not in keys:
                self.fault(key, f"unknown key `{name}` in {what}; known are {_list(keys)}")
            found.setdefault(name, (key, value))
        return found


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
