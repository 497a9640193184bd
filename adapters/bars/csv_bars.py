"""Reads one CSV file of bars, with file:line:column for everything that cannot be read.

The first line names the columns: `date,open,high,low,close,volume` and, if there is one, `adj_close`, in any order and
any case. A date is `2011-01-03`; a number has digits and a point, no thousands separator. An empty cell, `nan`, `NA`,
`null` or `inf` is a value the feed does not have: that is the bar's fault and not the file's, and `advisors.quality`
reports it. Everything else that is not a number is a fault of the file, and then nothing of it is used.

Where the desk's bars are shorter than a session, a date is the instant at which the bar begins, in UTC and to the
minute: `2026-03-02T14:35`, also with `:00` or `:00Z` behind.

Left out: quoted cells, other separators, other clocks than UTC (`warrant data import` knows them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from adapters.calendars.periods import DAILY
from advisors.actions import DividendRule
from advisors.panel import Floats
from advisors.quality import COLUMNS, Rows
from knowledge.faults import Fault, Faulty

NEEDED = ("date", *COLUMNS)
OPTIONAL = ("adj_close",)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\Z")
_ABSENT = frozenset({"", "nan", "na", "n/a", "null", "none", "inf", "+inf", "-inf", "infinity", "-infinity"})
_LABEL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:00Z?|Z)?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
MOST_FAULTS = 20
"""A file in another format has a fault in every cell; the first ones say enough."""
MOST_READ = 300
"""Files of which it is remembered what was read."""


def read_bars(path: Path, instrument: str, dividends: DividendRule, interval: str = DAILY) -> Rows:
    """Read a file of bars in file order. Raises `Faulty` with the first 20 faults.

    Of a file that was read before and has the same bytes with lines behind them, only these lines are read.
    """
    asked = str(path.absolute()), instrument, dividends, interval
    content = _content(path, instrument)
    found = _longer(path, _read.get(asked), content, interval) or _anew(path, content, instrument, dividends, interval)
    if content.endswith(b"\n"):
        _read[asked] = found
        if len(_read) > MOST_READ:
            del _read[next(iter(_read))]
    return found.rows


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it was read: how long it was and the digest of its bytes, its columns in order, its bars."""

    size: int
    digest: bytes
    names: tuple[str, ...]
    rows: Rows


_read: dict[tuple[str, str, DividendRule, str], _Read] = {}


def _content(path: Path, instrument: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        message = f"there is no file of bars for `{instrument}`; put one here, see docs/bars.md"
        raise Faulty(Fault(str(path), 1, 1, message)) from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _anew(path: Path, content: bytes, instrument: str, dividends: DividendRule, interval: str) -> _Read:
    """Read all of a file."""
    try:
        # With the line ends of a text file: `splitlines` knows all of them.
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _unreadable(path, error) from None
    names = _header(path, lines)
    dates, columns = _columns(path, names, lines[1:], interval)
    if not dates:
        raise Faulty(Fault(str(path), 1, 1, "there are no bars below the first line"))
    rows = Rows(instrument, tuple(dates), **columns, dividends=dividends, actions=None)
    return _Read(len(content), sha256(content).digest(), names, rows)


def _longer(path: Path, before: _Read | None, content: bytes, interval: str) -> _Read | None:
    """A file of which whole lines were read before and are still there; None where it has to be read anew."""
    if before is None or len(content) < before.size:
        return None
    hashed = sha256(memoryview(content)[: before.size])
    if hashed.digest() != before.digest:
        return None
    try:
        lines = content[before.size :].decode("utf-8").splitlines()
        dates, columns = _columns(path, before.names, lines, interval)
    except (Faulty, UnicodeDecodeError):
        # Read as a whole the fault has its line.
        return None
    grids = {name: np.concatenate([getattr(before.rows, name), values]) for name, values in columns.items()}
    hashed.update(memoryview(content)[before.size :])
    was, labels = before.rows, (*before.rows.dates, *dates)
    rows = Rows(was.instrument, labels, **grids, dividends=was.dividends, actions=None)
    return _Read(len(content), hashed.digest(), before.names, rows)


def _columns(
    path: Path, names: tuple[str, ...], lines: list[str], interval: str
) -> tuple[list[str], dict[str, Floats]]:
    """Labels and numbers of lines below the first one of a file, an adjusted close in any case. Raises `Faulty`."""
    written = _Dates() if interval == DAILY else _Labels()
    dates: list[str] = []
    columns: dict[str, list[float]] = {name: [] for name in (*COLUMNS, *OPTIONAL) if name in names}
    faults: list[Fault] = []
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        cells = list(_cells(line))
        if len(cells) != len(names):
            message = f"the line has {len(cells)} cells where the first line names {len(names)} columns"
            faults.append(Fault(str(path), number, 1, message))
            continue
        for name, (column, cell) in zip(names, cells, strict=True):
            fault = written.keep(dates, cell) if name == "date" else _keep_number(columns[name], cell, name)
            if fault:
                faults.append(Fault(str(path), number, column, fault))
        if len(faults) >= MOST_FAULTS:
            break
    if faults:
        raise Faulty(*faults)
    arrays = {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
    arrays.setdefault("adj_close", np.full(len(dates), np.nan))
    return dates, arrays


def _header(path: Path, lines: list[str]) -> tuple[str, ...]:
    cells = [(column, cell.lower().replace(" ", "_")) for column, cell in _cells(lines[0] if lines else "")]
    faults = []
    seen: set[str] = set()
    for column, name in cells:
        if name in seen:
            faults.append(Fault(str(path), 1, column, f"the column `{name}` stands twice; keep one"))
        elif name not in NEEDED and name not in OPTIONAL:
            known = ", ".join(f"`{one}`" for one in (*NEEDED, *OPTIONAL))
            faults.append(Fault(str(path), 1, column, f"unknown column `{name}`; known are {known}"))
        seen.add(name)
    missing = ", ".join(f"`{name}`" for name in NEEDED if name not in seen)
    if missing:
        faults.append(Fault(str(path), 1, 1, f"the first line must name the columns, and lacks {missing}"))
    if faults:
        raise Faulty(*faults)
    return tuple(name for _, name in cells)


def _cells(line: str) -> Iterator[tuple[int, str]]:
    """The cells of a line with the column each begins at, counted from 1."""
    start = 0
    for cell in line.split(","):
        yield start + len(cell) - len(cell.lstrip()) + 1, cell.strip()
        start += len(cell) + 1


class _Dates:
    """Keeps the dates of daily bars."""

    wanted = "`{}` is no date; write it like `2011-01-03`"

    def keep(self, dates: list[str], cell: str) -> str | None:
        """Append a label; the complaint if it is none."""
        label = self.label(cell)
        dates.append(label or cell)
        return None if label else self.wanted.format(cell)

    def label(self, cell: str) -> str:
        """What the bar is called; empty where the cell is none."""
        try:
            return date.fromisoformat(cell).isoformat() if _DATE.match(cell) else ""
        except ValueError:
            return ""


class _Labels(_Dates):
    """Keeps the beginnings of bars that are shorter than a session."""

    wanted = "`{}` is not when a bar begins; write it in UTC to the minute, like `2026-03-02T14:35`"

    def label(self, cell: str) -> str:
        try:
            return datetime.fromisoformat(cell[:16]).isoformat()[:16] if _LABEL.match(cell) else ""
        except ValueError:
            return ""


def _keep_number(values: list[float], cell: str, name: str) -> str | None:
    """Append a number, or NaN for a value the feed does not have; the complaint if it is neither."""
    if _NUMBER.match(cell):
        values.append(float(cell))
        return None
    values.append(float("nan"))
    if cell.lower() in _ABSENT:
        return None
    return f"`{cell}` in column `{name}` is no number; write digits and a point, or leave the cell empty"


def _unreadable(path: Path, error: OSError | UnicodeDecodeError) -> Faulty:
    return Faulty(Fault(str(path), 1, 1, f"the file cannot be read as UTF-8 text: {_reason(error)}"))


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unknown reason" if isinstance(error, OSError) else f"byte {error.start} is no text"
