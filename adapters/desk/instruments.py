"""Reads `instruments.yaml` with a place for every complaint. All faults are collected; nothing is half-loaded.

Refused: an unknown or repeated key, an instrument twice, a missing key, a symbol the door would not let in, a number
that is not exact digits, a date that is none, releases out of order. The file is read as a tree of marked
nodes, so `no` stays the word it is and `0.01` the digits it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from adapters.calendars.exchanges import EXCHANGES
from adapters.desk.settings import shown
from advisors.reference import Instrument
from knowledge.door import SYMBOL, Refused, fact
from knowledge.faults import Fault, Faulty

_WORDS = ("issuer", "sector", "currency", "exchange", "country", "shortable")
_NUMBERS = ("lot", "tick", "multiplier")
_NEEDED = ("name", *_WORDS, *_NUMBERS)
_KNOWN = (*_NEEDED, "earnings", "borrow_rate")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


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
    try:
        root = YAML(typ="rt", pure=True).compose(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Faulty(Fault(file, line, column, f"not YAML: {error.problem or error.context}")) from None
    except YAMLError as error:
        raise Faulty(Fault(file, 1, 1, f"not YAML: {str(error).splitlines()[0]}")) from None
    reader = _Reader(file, traded, none_yet)
    found = reader.file_of(root)
    if reader.faults:
        raise Faulty(*reader.faults)
    return tuple(sorted(found, key=lambda one: one.symbol))


class _Reader:
    """Collects faults while it reads; a method returns None or a neutral value after one."""

    def __init__(self, file: str, traded: Collection[str] | None, none_yet: bool) -> None:
        self.none_yet = none_yet
        self.file = file
        self.traded = traded
        self.faults: list[Fault] = []

    def fault(self, node: Node | None, message: str) -> None:
        mark = node.start_mark if node is not None else None
        self.faults.append(Fault(self.file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, message))

    def file_of(self, root: Node | None) -> list[Instrument]:
        sections = self.mapping(root, "the file", ("instruments",))
        if sections is None:
            return []
        if "instruments" not in sections:
            self.fault(root, "the file lacks `instruments`")
            return []
        body = sections["instruments"][1]
        # nothing behind the colon is as empty as `{}`
        bare = isinstance(body, ScalarNode) and body.value == ""
        entries = {} if bare else self.mapping(body, "`instruments`", None) or {}
        if not entries and not self.faults and not self.none_yet:
            said = "`instruments` is empty; a desk needs at least one: `warrant data instruments --add` adds it"
            self.fault(body, said)
        found = [self.instrument(symbol, key, body) for symbol, (key, body) in entries.items()]
        return [one for one in found if one is not None]

    def mapping(
        self, node: Node | None, what: str, known: tuple[str, ...] | None
    ) -> dict[str, tuple[Node, Node]] | None:
        """The entries as key -> (key node, value node); repeated keys, and keys outside `known`, are faults."""
        if not isinstance(node, MappingNode):
            self.fault(node, f"{what} is a mapping of keys to values")
            return None
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "…"
            if name in found:
                self.fault(key, f"`{name}` stands twice in {what}; keep one")
            elif known is not None and name not in known:
                self.fault(key, f"unknown key `{name}` in {what}; known are {_list(known)}")
            found.setdefault(name, (key, value))
        return found

    def instrument(self, symbol: str, key: Node, body: Node) -> Instrument | None:
        before = len(self.faults)
        if not SYMBOL.match(symbol):
            self.fault(key, f"`{symbol}` is no symbol; use letters, digits and ._:+- after a first letter or digit")
        elif self.traded is not None and symbol not in self.traded:
            self.fault(key, f"the feed has no bars of `{symbol}`; it has {_list(sorted(self.traded))}")
        entries = self.mapping(body, f"`{symbol}`", _KNOWN)
        if entries is None:
            return None
        exchange = entries["exchange"][1] if "exchange" in entries else None
        if isinstance(exchange, ScalarNode) and exchange.value not in EXCHANGES:
            self.fault(
                exchange, f"the exchange `{exchange.value}` has no calendar here; known are {_list([*EXCHANGES])}"
            )
        missing = [name for name in _NEEDED if name not in entries]
        if missing:
            self.fault(key, f"`{symbol}` lacks {_list(missing)}")
        texts = {name: self.scalar(*entries[name]) for name in _NEEDED if name in entries}
        numbers = {name: self.number(entries[name][1], name) for name in _NUMBERS if name in entries}
        earnings = self.dates(entries["earnings"][1]) if "earnings" in entries else ()
        rate = self.number(entries["borrow_rate"][1], "borrow_rate") if "borrow_rate" in entries else None
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
        self, symbol: str, slots: Mapping[str, object], entries: Mapping[str, tuple[Node, Node]], key: Node
    ) -> None:
        """What is wrong for the `reference` template is wrong here, where the person who wrote it can see it."""
        lot = slots["lot"]
        whole = int(lot) if isinstance(lot, Decimal) and lot == lot.to_integral_value() else lot
        try:
            venue = str(slots["exchange"]).replace("/", "-")
            fact("reference", instrument=symbol, **{**slots, "lot": whole, "exchange": venue})
        except Refused as error:
            said = str(error)
            place = next((entries[name][1] for name in slots if f"`reference.{name}`" in said), key)
            self.fault(place, said)

    def scalar(self, key: Node, node: Node) -> str:
        if isinstance(node, ScalarNode) and str(node.value).strip():
            return str(node.value)
        # An empty value has no place of its own: its key has one.
        self.fault(key, f"`{key.value}` takes one value")
        return ""

    def number(self, node: Node, name: str) -> Decimal:
        written = str(node.value) if isinstance(node, ScalarNode) else "…"
        if _NUMBER.match(written):
            return Decimal(written)
        self.fault(node, f"`{written}` in `{name}` is no number; write digits such as `1` or `0.01`")
        return Decimal(0)

    def dates(self, node: Node) -> tuple[str, ...]:
        if not isinstance(node, SequenceNode):
            self.fault(node, "`earnings` is a list of dates")
            return ()
        found: list[str] = []
        for item in node.value:
            written = str(item.value) if isinstance(item, ScalarNode) else "…"
            if not _is_date(written):
                self.fault(item, f"`{written}` is no date; write it like `2011-01-18`")
            elif found and written <= found[-1]:
                self.fault(
                    item, f"`{written}` does not come after `{found[-1]}`; list the releases in order, each once"
                )
            else:
                found.append(written)
        return tuple(found)


def _is_date(written: str) -> bool:
    if not _DATE.match(written):
        return False
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
