"""What a desk knows about each instrument, beside what its bar store has, and what is missing between the two.

What identifies a risk (sector, issuer, country) is never invented: a person says it. What is a convention of a market
(lot, tick, currency) has a default that is shown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from adapters.bars.given_actions import read_actions
from adapters.bars.store import BarStore
from adapters.desk.bar_store import store_of
from adapters.desk.folder import Desk, shown, text_of
from adapters.desk.instruments import load_instruments, read_instruments
from advisors.reference import Instrument
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, text

FIELDS = ("name", "issuer", "sector", "currency", "exchange", "country", "shortable", "lot", "tick", "multiplier")
UNKNOWN = "?"


@dataclass(frozen=True)
class Listed:
    """One symbol: its entry, if it has one; splits and dividends given; its bars' span, empty without any."""

    symbol: str
    entry: Instrument | None
    actions: int
    first: str
    last: str
    index: bool = False

    @property
    def missing(self) -> str:
        """What is missing, in words; empty where nothing is."""
        if self.entry is None:
            return "" if self.index else "not in instruments.yaml: it is not traded"
        return "" if self.first else "no bars: the desk cannot start; bring them, or take it out of instruments.yaml"

    def to_json(self) -> Json:
        """For machines."""
        entry = {} if self.entry is None else {name: _word(self.entry, name) for name in FIELDS}
        return {
            "symbol": self.symbol, **entry, "earnings": list(self.entry.earnings) if self.entry else [],
            "actions": self.actions, "first": self.first or None, "last": self.last or None,
            "index": self.index, "missing": self.missing or None,
        }  # fmt: skip


def listed(desk: Desk) -> list[Listed]:
    """Every symbol that has an entry, bars or both, in order. Raises `Faulty`."""
    store, entries = store_of(desk), {one.symbol: one for one in load_instruments(desk.instruments, none_yet=True)}
    actions = read_actions(store.actions)
    stored = set(store.symbols())
    found = []
    for symbol in sorted({*entries, *stored}):
        first, last = span(store, symbol) if symbol in stored else ("", "")
        index = symbol == desk.settings.feed.index
        found.append(Listed(symbol, entries.get(symbol), len(actions.get(symbol, ())), first, last, index))
    return found


def span(store: BarStore, symbol: str) -> tuple[str, str]:
    """The first and the last label of an instrument's bars, by the file's own statistics. Raises `Faulty`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with store.path(symbol).open("rb") as stream:
            parts = pq.ParquetFile(stream).metadata
            column = parts.schema.names.index("label")
            groups = [parts.row_group(at).column(column).statistics for at in range(parts.num_row_groups)]
            return min(str(one.min) for one in groups), max(str(one.max) for one in groups)
    except (OSError, ValueError, AttributeError, pa.ArrowException):
        rows = store.read(symbol)
        return (min(rows.dates), max(rows.dates)) if rows.dates else ("", "")


def unknown_symbols(desk: Desk) -> tuple[str, ...]:
    """Symbols with bars and without an entry, other than the index. Raises `Faulty`."""
    known = {one.symbol for one in load_instruments(desk.instruments, none_yet=True)} | {desk.settings.feed.index}
    return tuple(name for name in store_of(desk).symbols() if name not in known)


def missing_block(symbols: tuple[str, ...], exchange: str, said: dict[str, str] | None = None) -> str:
    """The text to add for symbols; what nobody said and no convention gives stands as `?`, which no desk takes."""
    currency = {"XBOM": "INR", "XNSE": "INR", "XNYS": "USD", "XNAS": "USD"}.get(exchange, UNKNOWN)
    usual = {
        "currency": currency, "exchange": exchange, "shortable": "no", "lot": "1", "tick": "0.01", "multiplier": "1",
    }  # fmt: skip
    lines = []
    for symbol in symbols:
        words = {"name": symbol, **usual, **(said or {})}
        lines.append(f"  {_quoted(symbol)}:")
        lines += [f"    {name}: {_quoted(words.get(name, UNKNOWN))}" for name in FIELDS]
    return "\n".join(lines)


def add_instrument(desk: Desk, symbol: str, said: dict[str, str]) -> None:
    """Add an entry to the desk's `instruments.yaml`; the rest of the file stays letter for letter.

    Raises `Faulty` where the symbol is there already or the entry is not sound, and then nothing is written.
    """
    before = text_of(desk.instruments)
    if any(one.symbol == symbol for one in read_instruments(before, shown(desk.instruments), none_yet=True)):
        raise Faulty(Fault(shown(desk.instruments), 1, 1, f"`{symbol}` is there already; edit its entry"))
    block = missing_block((symbol,), desk.settings.feed.calendar, said)
    opened = re.sub(r"(?m)^instruments:[ \t]*\{\s*\}", "instruments:", before)
    after = f"{opened.rstrip()}\n{block}\n"
    read_instruments(after, shown(desk.instruments))
    part = desk.instruments.with_name(f".{desk.instruments.name}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(after)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(desk.instruments)


def _word(entry: Instrument, name: str) -> str:
    value = getattr(entry, name)
    return value if isinstance(value, str) else text(value)


def _quoted(word: str) -> str:
    """A word of YAML, in quotes where it would be something else without."""
    plain = word.replace(".", "").replace(" ", "").replace("-", "").replace("_", "")
    if word == UNKNOWN or (plain.isalnum() and not word.startswith(("-", " ")) and ": " not in word):
        return word
    return "'" + word.replace("'", "''") + "'"
