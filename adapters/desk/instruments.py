"""Reads `instruments.yaml` with a place for every complaint. All faults are collected; nothing is half-loaded.

Refused: an unknown or repeated key, an instrument twice, a missing key, a symbol the door would not let in, a number
that is not exact digits, a date that is none, releases out of order. The file is read as a tree of marked
nodes, so `no` stays the word it is and `0.01` the digits it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from adapters.calendars.exchanges import EXCHANGES
from adapters.desk.folder import shown
from advisors.reference import Instrument
from knowledge.door import SYMBOL, Refused, fact
from knowledge.faults import Fault, Faulty
from knowledge.marked_yaml import Entry, MarkedReader, Node, Scalar, Table, compose, is_day, named

_WORDS = ("issuer", "sector", "currency", "exchange", "country", "shortable")
_NUMBERS = ("lot", "tick", "multiplier")
_NEEDED = ("name", *_WORDS, *_NUMBERS)
_KNOWN = (*_NEEDED, "earnings", "borrow_rate")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?\Z")


def load_instruments(
    path: Path, traded: Collection[str] | None = None, *, none_yet: bool = False
) -> tuple[Instrument, ...]:
    """Read the file at `path`; see `read_instruments`. Raises `Faulty`."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Faulty(Fault(shown(path), 1, 1, "the desk has no instruments; put an `instruments.yaml` here")) from None
    except (OSError, UnicodeDecodeError):
        raise Faulty(Fault(shown(path), 1, 1, "the file cannot be read as UTF-8 text")) from None
    return _told(source, shown(path), None if traded is None else tuple(traded), none_yet)


@lru_cache(8)
def _told(source: str, file: str, traded: tuple[str, ...] | None, none_yet: bool) -> tuple[Instrument, ...]:
    """A desk that runs reads its file at each refresh, and hardly ever finds another text in it."""
    return read_instruments(source, file, traded, none_yet=none_yet)


def read_instruments(
    source: str, file: str = "instruments.yaml", traded: Collection[str] | None = None, *, none_yet: bool = False
) -> tuple[Instrument, ...]:
    """Parse the text of an instruments file; the instruments in order of their symbols.

    `traded` are the symbols for which the desk's feed has bars; None where any may be. `none_yet`: whether it may be
    empty, as before the first one is added. Raises `Faulty`.
    """
    root = compose(source, file)
    reader = _Reader(file, traded, none_yet)
    found = reader.file_of(root)
    reader.done()
    return tuple(sorted(found, key=lambda one: one.symbol))


class _Reader(MarkedReader):
    """Says what an entry means; returns None for one with a fault."""

    def __init__(self, file: str, traded: Collection[str] | None, none_yet: bool) -> None:
        super().__init__(file)
        self.traded, self.none_yet = traded, none_yet

    def file_of(self, root: Node | None) -> list[Instrument]:
        sections = self.table(root, "the file", ("instruments",))
        if not isinstance(root, Table) or self.lacks(root, "the file", sections, ("instruments",)):
            return []
        body = sections["instruments"].value
        # nothing behind the colon is as empty as `{}`
        bare = isinstance(body, Scalar) and body.text == ""
        entries = {} if bare else self.table(body, "`instruments`")
        if not entries and not self.faults and not self.none_yet:
            said = "`instruments` is empty; a desk needs at least one: `warrant data instruments --add` adds it"
            self.fault(body, said)
        found = [self.instrument(symbol, key, body) for symbol, (key, body) in entries.items()]
        return [one for one in found if one is not None]

    def instrument(self, symbol: str, key: Node, body: Node) -> Instrument | None:
        before = len(self.faults)
        if not SYMBOL.match(symbol):
            self.fault(key, f"`{symbol}` is no symbol; use letters, digits and ._:+- after a first letter or digit")
        elif self.traded is not None and symbol not in self.traded:
            self.fault(key, f"the feed has no bars of `{symbol}`; it has {named(sorted(self.traded))}")
        entries = self.table(body, f"`{symbol}`", _KNOWN)
        if not isinstance(body, Table):
            return None
        exchange = entries["exchange"].value if "exchange" in entries else None
        if isinstance(exchange, Scalar) and exchange.text not in EXCHANGES:
            self.fault(exchange, f"the exchange `{exchange.text}` has no calendar here; known are {named(EXCHANGES)}")
        self.lacks(key, f"`{symbol}`", entries, _NEEDED)
        texts = {name: self.text(entries[name]) for name in _NEEDED if name in entries}
        numbers = {name: self.digits(entries[name].value, name) for name in _NUMBERS if name in entries}
        earnings = self.releases(entries["earnings"].value) if "earnings" in entries else ()
        rate = self.digits(entries["borrow_rate"].value, "borrow_rate") if "borrow_rate" in entries else None
        if len(self.faults) > before:
            return None
        self.through_the_door(symbol, {**{name: texts[name] for name in _WORDS}, **numbers}, entries, key)
        if len(self.faults) > before:
            return None
        return Instrument(
            symbol=symbol,
            name=texts["name"],
            issuer=texts["issuer"],
            sector=texts["sector"],
            currency=texts["currency"],
            exchange=texts["exchange"],
            country=texts["country"],
            shortable="yes" if texts["shortable"] == "yes" else "no",
            lot=int(numbers["lot"]),
            tick=numbers["tick"],
            multiplier=numbers["multiplier"],
            earnings=earnings,
            borrow_rate=rate,
        )

    def through_the_door(
        self, symbol: str, slots: Mapping[str, object], entries: Mapping[str, Entry], key: Node
    ) -> None:
        """What is wrong for the `reference` template is wrong here, where the person who wrote it can see it."""
        lot = slots["lot"]
        whole = int(lot) if isinstance(lot, Decimal) and lot == lot.to_integral_value() else lot
        try:
            venue = str(slots["exchange"]).replace("/", "-")
            fact("reference", instrument=symbol, **{**slots, "lot": whole, "exchange": venue})
        except Refused as error:
            said = str(error)
            place = next((entries[name].value for name in slots if f"`reference.{name}`" in said), key)
            self.fault(place, said)

    def digits(self, node: Node, name: str) -> Decimal:
        """An exact number above or at 0, of few digits: no per cent here."""
        if _NUMBER.match(node.written):
            return Decimal(node.written)
        self.fault(node, f"`{node.written}` in `{name}` is no number; write digits such as `1` or `0.01`")
        return Decimal(0)

    def releases(self, node: Node) -> tuple[str, ...]:
        """The days of earnings, in order."""
        found: list[str] = []
        for item in self.items(node, "`earnings` is a list of dates"):
            written = self.day(item, "2011-01-18")
            if found and is_day(written) and written <= found[-1]:
                words = f"`{written}` does not come after `{found[-1]}`; list the releases in order, each once"
                self.fault(item, words)
            elif is_day(written):
                found.append(written)
        return tuple(found)
