"""The one door for facts.

Whatever enters working memory enters here, checked against the declared template: NaN, infinity, a wrong type, a
value out of range, an unknown template, slot or measure are refused with a sentence. There is no other way in: what
can not be said exactly is not said, and an absent fact makes no rule fire by accident.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import lt

from knowledge.facts import Fact, Snapshot, Value, list_text, ordered
from knowledge.templates import Slot, Template, Vocabulary, vocabulary
from knowledge.values import Inexact, Json, exact_and_text, places

INSTANT = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z\Z")
SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+\-]*\Z")
"""What a symbol may look like: it reads the same in CLIPS, Prolog, YAML and a file name."""
LONGEST_TEXT = 500
LONGEST_LIST = 10_000
"""Values a slot that is `many` may hold."""
MOST_SEEN = 20_000
"""Texts of one slot, at most, that are kept as known to be good."""


class Refused(ValueError):
    """A value the door does not let in; the message is a sentence for the person who sent it."""


def fact(template: str, /, **slots: object) -> Fact:
    """Make a fact from Python values; `_` in a slot name stands for `-`. Raises `Refused`."""
    return admit(template, {name.replace("_", "-") if "_" in name else name: slots[name] for name in slots})


def admit(template: str, slots: Mapping[str, object], words: Vocabulary | None = None) -> Fact:
    """Check one statement against its template and make it a fact. Raises `Refused`."""
    words = words or vocabulary()
    guard = guards(words).get(template)
    if guard is None:
        raise Refused(f"unknown template `{template}`; declared are {_list(words.templates)}")
    if type(slots) is not dict or slots.keys() != guard.names:
        _refuse_slots(guard.shape, slots)
    try:
        checked = [check(slots[name], slots) for name, check in guard.checks]
    except Inexact as error:
        raise Refused(f"`{template}`: {error}") from None
    values, texts = zip(*checked, strict=True)
    for place, other in guard.along:
        if len(values[place]) != len(values[other]):
            raise Refused(_unequal(guard.shape, guard.order[place], guard.order[other]))
    ref = f"{template}({','.join([texts[place] for place in guard.key])})"
    return Fact.told(template, tuple(zip(guard.order, values, strict=True)), texts, ref)


def freeze(as_of: str, universe: Iterable[str], facts: Iterable[Fact]) -> Snapshot:
    """Make a snapshot: canonical order, unique keys. Raises `Refused` on two facts with one key."""
    facts = ordered(facts)
    frozen = Snapshot(as_of, tuple(sorted(set(universe))), facts)
    if len(frozen.refs) != len(facts):
        seen: set[str] = set()
        for one in facts:
            if one.ref in seen:
                raise Refused(f"two facts say `{one.ref}`; a key has one value in a snapshot")
            seen.add(one.ref)
    return frozen


def facts_from_json(value: Json) -> list[Fact]:
    """Read facts, each through the door again. Raises `Refused`, `KeyError`, `TypeError`, `ValueError`."""
    return [admit(name, slots) for name, slots in value]


def snapshot_from_json(value: Json, told: Iterable[Fact] = ()) -> Snapshot:
    """Read a snapshot; `told` are facts of it that were read before. Raises as `facts_from_json` does."""
    return freeze(value["as_of"], value["universe"], [*told, *facts_from_json(value["facts"])])


# --- one check for each slot of each template, made once -----------------------------------------------------------

Checked = tuple[Value, str]
"""A slot's value and its canonical text."""
Check = Callable[[object, Mapping[str, object]], Checked]
"""Takes the value and all slots of the statement. Raises `Refused`, `Inexact`."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A template's checks, in the order of its slots."""

    shape: Template
    names: frozenset[str]
    order: tuple[str, ...]
    checks: tuple[tuple[str, Check], ...]
    one: tuple[Check | None, ...]
    """Of slots that are lists, the check of a single value."""
    key: tuple[int, ...]
    """Places of the slots that identify a fact."""
    along: tuple[tuple[int, int], ...]
    """Places of lists that have to be as long as each other."""


_made: list[tuple[Vocabulary, dict[str, Guard]]] = []


def guards(words: Vocabulary) -> dict[str, Guard]:
    """The guards of a vocabulary by template; made once for each of the few there are."""
    for known, made in _made:
        if known is words:
            return made
    _made.insert(0, (words, {name: _guard(words, shape) for name, shape in words.templates.items()}))
    del _made[4:]
    return _made[0][1]


def _guard(words: Vocabulary, shape: Template) -> Guard:
    order = tuple(shape.slots)
    checks = tuple((name, _check(words, shape, slot)) for name, slot in shape.slots.items())
    one = tuple(_single_check(words, shape, slot) if slot.many else None for slot in shape.slots.values())
    key = tuple(order.index(name) for name in shape.key)
    along = tuple((order.index(one.name), order.index(one.along)) for one in shape.slots.values() if one.along)
    return Guard(shape, frozenset(order), order, checks, one, key, along)


def _unequal(shape: Template, one: str, other: str) -> str:
    return f"`{shape.name}.{one}` and `{shape.name}.{other}` belong together, and are not of one length"


def _refuse_slots(shape: Template, slots: Iterable[str]) -> None:
    for name in slots:
        if name not in shape.slots:
            raise Refused(f"`{shape.name}` has no slot `{name}`; it has {_list(shape.slots)}")
    missing = [name for name in shape.slots if name not in slots]
    if missing:
        raise Refused(f"`{shape.name}` lacks {_list(missing)}; an unknown value is an absent fact, not an empty slot")


def _check(words: Vocabulary, shape: Template, slot: Slot) -> Check:
    check = _single_check(words, shape, slot)
    return _list_check(slot, check, f"`{shape.name}.{slot.name}`") if slot.many else check


def _list_check(slot: Slot, check: Check, where: str) -> Check:
    """Each value passes the check of one, in its order."""

    def check_all(values: object, slots: Mapping[str, object]) -> Checked:
        if type(values) is not list and type(values) is not tuple:
            raise Refused(f"{where} takes a list, not {_shown(values)}")
        if not 0 < len(values) <= LONGEST_LIST:
            raise Refused(f"{where} takes a list of 1 to {LONGEST_LIST} values, not of {len(values)}")
        found, texts = zip(*[check(value, slots) for value in values], strict=True)
        if slot.ascending and not all(map(lt, found, found[1:])):
            raise Refused(f"{where} takes values that rise from one to the next, each once")
        return found, list_text(texts)

    return check_all


def _single_check(words: Vocabulary, shape: Template, slot: Slot) -> Check:
    where = f"`{shape.name}.{slot.name}`"
    if slot.type in ("symbol", "text"):
        return _word_check(words, slot, where)
    if slot.type == "integer":
        return lambda value, _: _whole(slot, value, where)
    if not slot.by:
        assert slot.quantum is not None, slot
        return _number_check(slot.low, slot.high, slot.quantum, where)
    return _measure_check(words, shape, slot)


def _whole(slot: Slot, value: object, where: str) -> Checked:
    if type(value) is str and re.fullmatch(r"-?[0-9]{1,18}", value):
        value = int(value)
    if type(value) is not int or abs(value) >= 10**18:
        raise Refused(f"{where} takes a whole number, not {_shown(value)}")
    _in_range(Decimal(value), slot.low, slot.high, where)
    return value, str(value)


def _number_check(low: Decimal | None, high: Decimal | None, quantum: Decimal, where: str) -> Check:
    decimals = places(quantum)
    # Where a slot has few values they come again and again, a correlation for each pair of instruments.
    is_small = low is not None and high is not None and (high - low) / quantum <= MOST_SEEN
    seen: dict[str, Checked] = {}

    def check(value: object, _: Mapping[str, object]) -> Checked:
        is_text = is_small and type(value) is str
        if is_text and value in seen:
            return seen[value]
        checked = exact_and_text(value, quantum, decimals)
        _in_range(checked[0], low, high, where)
        # Only the canonical text, of which there are as many as values.
        if is_text and value == checked[1]:
            seen[checked[1]] = checked
        return checked

    return check


def _measure_check(words: Vocabulary, shape: Template, slot: Slot) -> Check:
    """Unit, range and quantum are those of the measure that another slot names."""
    group = next(one.measures for one in shape.slots.values() if one.measures)
    checks = {
        name: _number_check(one.low, one.high, one.quantum, f"`{name}`") for name, one in words.measures[group].items()
    }

    def check(value: object, slots: Mapping[str, object]) -> Checked:
        name = str(slots[slot.by])
        if name not in checks:
            raise Refused(f"unknown measure `{name}` in `{shape.name}.{slot.by}`")
        return checks[name](value, slots)

    return check


def _word_check(words: Vocabulary, slot: Slot, where: str) -> Check:
    plain = slot.type == "symbol" and slot.unit not in _CALENDAR and not slot.measures and not slot.allowed
    # What is listed needs no second look; what is not is looked at for the sentence that refuses it.
    listed = frozenset(words.measures[slot.measures] if slot.measures else slot.allowed)
    good = {one for one in listed if slot.type == "symbol" and slot.unit not in _CALENDAR and SYMBOL.match(one)}

    def check(value: object, _: Mapping[str, object]) -> Checked:
        if type(value) is str:
            if value in good:
                return value, value
            if plain and SYMBOL.match(value):
                if len(good) < MOST_SEEN:
                    good.add(value)
                return value, value
        word = _admit_word(words, slot, value, where)
        return word, word

    return check


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
    if slot.unit == "instant" and not INSTANT.match(value):
        raise Refused(f"{where} takes an instant in UTC like `2011-01-03T21:00:00Z`, not `{value}`")
    allowed: Iterable[str] = words.measures[slot.measures] if slot.measures else slot.allowed
    if allowed and value not in allowed:
        raise Refused(f"{where} takes one of {_list(allowed)}, not `{value}`")
    return value


_CALENDAR = ("date", "instant")
"""Units whose words are symbols of a form of their own."""


@lru_cache(1024)
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
