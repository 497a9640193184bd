"""Many statements of one template through the door at once, given as columns: a list for each slot.

The same facts and the same refusals as `knowledge.door.admit` row by row, which stays the one that says no: a column
that is not plainly good is not judged here, and then every row goes through that door by itself. What is plainly good:
words that the slot lists or has let in before, and floats near no tie of their quantum, all of them in range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby, repeat
from operator import is_, lt

from knowledge.door import LONGEST_LIST, Check, Guard, Refused, admit, facts_from_json, guards
from knowledge.facts import Fact, Value, form_of, list_text, quoted
from knowledge.templates import Slot, Vocabulary, vocabulary
from knowledge.values import Inexact, Json, places, rounded_all

Column = tuple[Sequence[Value], Sequence[str]]
"""Values of one slot, and their canonical texts."""


def admit_all(
    template: str, columns: Mapping[str, Sequence[object]], words: Vocabulary | None = None
) -> list[Fact | Refused]:
    """What the door says to each row. Raises `ValueError` where the columns are not of one length."""
    words = words or vocabulary()
    count = len(next(iter(columns.values()), ()))
    if any(len(column) != count for column in columns.values()):
        raise ValueError(f"the columns of `{template}` are not of one length")
    guard = guards(words).get(template)
    if count and guard is not None and columns.keys() == guard.names:
        facts = _all_good(words, guard, columns)
        if facts is not None:
            return facts
    return [_said(template, dict(zip(columns, row, strict=True)), words) for row in zip(*columns.values(), strict=True)]


def facts_of(rows: Sequence[Json]) -> list[Fact]:
    """The facts that `knowledge.door.facts_from_json` reads, in their order. Raises as it does."""
    facts: list[Fact] = []
    for template, same in groupby(rows, key=_template):
        said = [slots for _, slots in same]
        names = said[0].keys() if type(said[0]) is dict else ()
        columns = {name: [slots[name] for slots in said] for name in names if all(name in slots for slots in said)}
        whole = columns and all(type(slots) is dict and len(slots) == len(columns) for slots in said)
        for one in admit_all(template, columns) if whole else facts_from_json([[template, slots] for slots in said]):
            if isinstance(one, Refused):
                raise one
            facts.append(one)
    return facts


def _template(row: Json) -> Json:
    template, _ = row
    return template


def _said(template: str, slots: dict[str, object], words: Vocabulary) -> Fact | Refused:
    try:
        return admit(template, slots, words)
    except Refused as refusal:
        return refusal


def _all_good(words: Vocabulary, guard: Guard, columns: Mapping[str, Sequence[object]]) -> list[Fact | Refused] | None:
    """The facts of columns that are plainly good; None where one is not."""
    found: list[Column] = []
    for place, name in enumerate(guard.order):
        checked = _good(words, guard, place, columns[name], columns)
        if checked is None:
            return None
        found.append(checked)
    for one, other in guard.along:
        if list(map(len, found[one][0])) != list(map(len, found[other][0])):  # type: ignore[arg-type]
            return None
    slots = zip(*[[(name, value) for value in found[at][0]] for at, name in enumerate(guard.order)], strict=True)
    texts = list(zip(*[written for _, written in found], strict=True))
    template, key = guard.shape.name, guard.key
    if len(key) == 1:
        refs = [f"{template}({one})" for one in found[key[0]][1]]
    else:
        refs = [f"{template}({','.join([row[at] for at in key])})" for row in texts]
    lines = _lines(guard, [written for _, written in found])
    return [Fact.told(template, *row) for row in zip(slots, texts, refs, lines, strict=True)]


def _lines(guard: Guard, texts: list[Sequence[str]]) -> list[str]:
    form, order = form_of(guard.shape.name, guard.order)
    shown = [texts[at] if guard.shape.slots[guard.order[at]].many else list(map(quoted, texts[at])) for at in order]
    return [form % row for row in zip(*shown, strict=True)]


def _good(
    words: Vocabulary, guard: Guard, place: int, values: Sequence[object], columns: Mapping[str, Sequence[object]]
) -> Column | None:
    """Values and texts of one slot, if all of them are plainly good."""
    slot = guard.shape.slots[guard.order[place]]
    if (one := guard.one[place]) is not None:
        return _good_lists(slot, one, values)
    check = guard.checks[place][1]
    if slot.by:
        names = columns[slot.by]
        measure = words.measure(guard.shape.name, str(names[0]))
        if measure is not None and type(values[0]) is float and _constant(names):
            return _floats(values, measure.low, measure.high, measure.quantum)
        return _each(check, values, [{slot.by: name} for name in names])
    if slot.type == "number" and type(values[0]) is float:
        return _floats(values, slot.low, slot.high, slot.quantum)
    return _each(check, values)


def _constant(values: Sequence[object]) -> bool:
    """Whether one text stands in every row."""
    first = values[0]
    return type(first) is str and all(map(is_, values, repeat(first, len(values))))


def _each(check: Check, values: Sequence[object], rows: Sequence[Mapping[str, object]] = ()) -> Column | None:
    try:
        if rows:
            found = list(map(check, values, rows))
        elif _constant(values):
            # What stands in every row is looked at once.
            found = [check(values[0], {})] * len(values)
        else:
            found = [check(value, {}) for value in values]
    except (Refused, Inexact):
        return None
    values, texts = zip(*found, strict=True)
    return values, texts


def _good_lists(slot: Slot, check: Check, rows: Sequence[object]) -> Column | None:
    found: list[Value] = []
    texts = []
    for row in rows:
        if not isinstance(row, list | tuple) or type(row) not in (list, tuple) or not 0 < len(row) <= LONGEST_LIST:
            return None
        one = _good_list(slot, check, row)
        if one is None:
            return None
        values, written = one
        if slot.ascending and not all(map(lt, values, values[1:])):
            return None
        found.append(tuple(values))  # type: ignore[arg-type]
        # A number or a symbol has nothing that JSON would write otherwise.
        texts.append(list_text(written) if slot.type == "text" else '["' + '","'.join(written) + '"]')
    return found, texts


def _good_list(slot: Slot, check: Check, row: Sequence[object]) -> Column | None:
    if slot.type == "number" and type(row[0]) is float:
        return _floats(row, slot.low, slot.high, slot.quantum)
    return _each(check, row)


def _floats(
    values: Sequence[object], low: Decimal | None, high: Decimal | None, quantum: Decimal | None
) -> Column | None:
    decimals = None if quantum is None else places(quantum)
    if decimals is None or set(map(type, values)) != {float}:
        return None
    texts = rounded_all(values, decimals)  # type: ignore[arg-type]
    if texts is None:
        return None
    found = list(map(Decimal, texts))
    if (low is not None and min(found) < low) or (high is not None and max(found) > high):
        return None
    return found, texts
