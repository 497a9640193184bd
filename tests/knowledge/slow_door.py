"""The door once more, slow and obvious: every slot of every statement is looked up and looked at anew.

`knowledge.door.admit` must let in the same facts and refuse the rest with the same sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache

from knowledge.door import LONGEST_TEXT, SYMBOL, Refused
from knowledge.facts import Fact, Single, Value
from knowledge.templates import Slot, Template, Vocabulary, vocabulary
from knowledge.values import MOST_DIGITS, Inexact

_WIDE = Context(prec=50, rounding=ROUND_HALF_EVEN)


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
        made = Fact(template, tuple((name, _admit(words, shape, slots, slot)) for name, slot in shape.slots.items()))
    except Inexact as error:
        raise Refused(f"`{template}`: {error}") from None
    for name, slot in shape.slots.items():
        if slot.along and len(made[name]) != len(made[slot.along]):  # type: ignore[arg-type]
            pair = f"`{template}.{name}` and `{template}.{slot.along}`"
            raise Refused(f"{pair} belong together, and are not of one length")
    return made


def _admit(words: Vocabulary, shape: Template, slots: Mapping[str, object], slot: Slot) -> Value:
    if not slot.many:
        return _admit_one(words, shape, slots, slot)
    values = slots[slot.name]
    where = f"`{shape.name}.{slot.name}`"
    if not isinstance(values, list | tuple):
        raise Refused(f"{where} takes a list, not {_shown(values)}")
    if len(values) == 0 or len(values) > 10_000:
        raise Refused(f"{where} takes a list of 1 to 10000 values, not of {len(values)}")
    found = tuple(_admit_one(words, shape, {**slots, slot.name: value}, slot) for value in values)
    if slot.ascending and list(found) != sorted(set(found)):  # type: ignore[type-var]
        raise Refused(f"{where} takes values that rise from one to the next, each once")
    return found


def _admit_one(words: Vocabulary, shape: Template, slots: Mapping[str, object], slot: Slot) -> Single:
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


def exact(value: object, quantum: Decimal) -> Decimal:
    """Quantise a number, each step by itself."""
    kind = type(value)
    if kind is float:
        number = Decimal(repr(value))
    elif kind is int or kind is Decimal or kind is str:
        try:
            number = Decimal(value)  # type: ignore[arg-type]
        except ArithmeticError:
            raise Inexact(f"`{value}` is not a number") from None
    else:
        raise Inexact(f"a {kind.__name__} is not a number; convert it to int, float or Decimal first")
    if not number.is_finite():
        raise Inexact(f"`{value}` is not finite")
    places = _places(quantum)
    try:
        # A number too wide for its quantum signals here: it is refused, never rounded to fit.
        if places is None:
            scaled = _WIDE.divide(number, quantum).to_integral_value(ROUND_HALF_EVEN, _WIDE)
            number = _WIDE.multiply(scaled, quantum)
        else:
            number = number.quantize(quantum, ROUND_HALF_EVEN, _WIDE)
        result = plain(number)
    except ArithmeticError:
        raise Inexact(f"`{value}` does not fit the quantum {quantum}") from None
    # In units of a decimal quantum most numbers are visibly short enough; only the others' digits are counted.
    short = places is not None and number.adjusted() + places < MOST_DIGITS
    if not short and len(result.as_tuple().digits) > MOST_DIGITS:
        raise Inexact(f"`{value}` needs more than {MOST_DIGITS} significant digits at the quantum {quantum}")
    return result


def plain(number: Decimal) -> Decimal:
    """The same number with neither trailing zeros, exponent nor negative zero."""
    if number == 0:
        return Decimal(0)
    shorter = number.normalize(_WIDE)
    return shorter.quantize(Decimal(1), context=_WIDE) if int(shorter.as_tuple().exponent) > 0 else shorter


@cache
def _places(quantum: Decimal) -> int | None:
    """Decimal places of a quantum that is a power of ten, which `quantize` rounds to in one step; else None."""
    sign, digits, exponent = quantum.as_tuple()
    return -int(exponent) if (sign, digits) == (0, (1,)) else None
