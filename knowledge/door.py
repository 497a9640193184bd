"""The one door for facts.

Whatever enters working memory enters here, checked against the declared template: NaN, infinity, a wrong type, a
value out of range, an unknown template, slot or measure are refused with a sentence. There is no other way in: what
can not be said exactly is not said, and an absent fact makes no rule fire by accident.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from knowledge.facts import Fact, Snapshot, Value, ordered
from knowledge.templates import Slot, Template, Vocabulary, vocabulary
from knowledge.values import Inexact, Json, exact

SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+\-]*\Z")
"""What a symbol may look like: it reads the same in CLIPS, Prolog, YAML and a file name."""
LONGEST_TEXT = 500


class Refused(ValueError):
    """A value the door does not let in; the message is a sentence for the person who sent it."""


def fact(template: str, /, **slots: object) -> Fact:
    """Make a fact from Python values; `_` in a slot name stands for `-`. Raises `Refused`."""
    return admit(template, {name.replace("_", "-"): value for name, value in slots.items()})


def admit(template: str, slots: Mapping[str, object], words: Vocabulary | None = None) -> Fact:
    """Check one statement against its template and make it a fact. Raises `Refused`."""
    words = words or vocabulary()
    shape = words.templates.get(template)
    if shape is None:
        raise Refused(f"unknown template `{template}`; declared are {_list(words.templates)}")
    for name in slots:
        if name not in shape.slots:
            raise Refused(f"`{template}` has no slot `{name}`; it has {_list(shape.slots)}")
    missing = [name for name in shape.slots if name not in slots]
    if missing:
        raise Refused(f"`{template}` lacks {_list(missing)}; an unknown value is an absent fact, not an empty slot")
    try:
        return Fact(template, tuple((name, _admit(words, shape, slots, slot)) for name, slot in shape.slots.items()))
    except Inexact as error:
        raise Refused(f"`{template}`: {error}") from None


def freeze(as_of: str, universe: Iterable[str], facts: Iterable[Fact]) -> Snapshot:
    """Make a snapshot: canonical order, unique keys. Raises `Refused` on two facts with one key."""
    facts = ordered(facts)
    seen: set[str] = set()
    for one in facts:
        if one.ref in seen:
            raise Refused(f"two facts say `{one.ref}`; a key has one value in a snapshot")
        seen.add(one.ref)
    return Snapshot(as_of, tuple(sorted(set(universe))), facts)


def snapshot_from_json(value: Json) -> Snapshot:
    """Read a snapshot, every fact through the door again. Raises `Refused`, `KeyError`, `TypeError`, `ValueError`."""
    return freeze(value["as_of"], value["universe"], (admit(name, slots) for name, slots in value["facts"]))


def _admit(words: Vocabulary, shape: Template, slots: Mapping[str, object], slot: Slot) -> Value:
    value = slots[slot.name]
    where = f"`{shape.name}.{slot.name}`"
    if slot.type in ("symbol", "text"):
        return _admit_word(words, slot, value, where)
    if slot.type == "integer":
        if type(value) is str and re.fullmatch(r"-?[0-9]{1,18}", value):
            value = int(value)
        if type(value) is not int or abs(value) >= 10**18:
            raise Refused(f"{where} takes a whole number, not {_shown(value)}")
        _in_range(Decimal(value), slot.low, slot.high, where)
        return value
    low, high, quantum = slot.low, slot.high, slot.quantum
    if slot.by:
        measure = words.measure(shape.name, str(slots[slot.by]))
        if measure is None:
            raise Refused(f"unknown measure `{slots[slot.by]}` in `{shape.name}.{slot.by}`")
        low, high, quantum = measure.low, measure.high, measure.quantum
        where = f"`{slots[slot.by]}`"
    assert quantum is not None, slot
    number = exact(value, quantum)
    _in_range(number, low, high, where)
    return number


def _admit_word(words: Vocabulary, slot: Slot, value: object, where: str) -> str:
    if type(value) is not str:
        raise Refused(f"{where} takes a {slot.type}, not {_shown(value)}")
    if slot.type == "text":
        if len(value) > LONGEST_TEXT or not value.isprintable():
            raise Refused(f"{where} takes printable text of at most {LONGEST_TEXT} characters")
        return value
    if not SYMBOL.match(value):
        raise Refused(
            f"{where} takes a symbol of letters, digits and ._:+- that starts with a letter or digit, not `{value!r}`"
        )
    if slot.unit == "date" and not _is_date(value):
        raise Refused(f"{where} takes a date like `2011-01-03`, not `{value}`")
    allowed: Iterable[str] = words.measures[slot.measures] if slot.measures else slot.allowed
    if allowed and value not in allowed:
        raise Refused(f"{where} takes one of {_list(allowed)}, not `{value}`")
    return value


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _shown(value: object) -> str:
    """A value in a complaint. A type nobody knows is named and not looked into: its `repr` may do anything."""
    kind = type(value)
    return f"the {kind.__name__} `{value!r}`" if kind in _PLAIN else f"a {kind.__name__}"


_PLAIN = (str, int, float, bool, bytes, Decimal, type(None))


def _in_range(number: Decimal, low: Decimal | None, high: Decimal | None, where: str) -> None:
    if (low is not None and number < low) or (high is not None and number > high):
        raise Refused(f"{where} lies in [{low}, {'∞' if high is None else high}], and {number} does not")


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
