"""Many statements of one template through the door at once, given as columns: a list for each slot.

The same facts and the same refusals as `knowledge.door.admit` row by row, which stays the one that says no: a column
that is not plainly good is not judged here, and then every row goes through that door by itself. What is plainly good:
words that the slot lists or has let in before, and floats near no tie of their quantum, all of them in range.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import chain, groupby, repeat
from operator import is_, lt

from knowledge.door import LONGEST_LIST, Check, Guard, Refused, admit, freeze, guards
from knowledge.facts import Fact, Snapshot, Value, form_of, list_text, quoted
from knowledge.templates import Slot, Vocabulary, vocabulary
from knowledge.values import MOST_DIGITS, Inexact, Json, places, rounded_all

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


def columns_of(facts: Sequence[Fact]) -> str:
    """Facts as canonical JSON: of each stretch of one template a column of texts for each slot."""
    return f"[{','.join([_stretch(list(same)) for _, same in groupby(facts, key=_form)])}]"


def _form(fact: Fact) -> Json:
    """What facts that stand in the same columns have in common: the door's facts have the slots of their template."""
    return fact.template if fact.is_told else (fact.template, *[name for name, _ in fact.slots])


def _stretch(facts: Sequence[Fact]) -> str:
    columns = zip(facts[0].slots, zip(*[fact.texts for fact in facts], strict=True), strict=True)
    # A list's text is JSON already.
    said = {
        name: f"[{','.join(texts if type(value) is tuple else map(quoted, texts))}]" for (name, value), texts in columns
    }
    slots = ",".join([f"{quoted(name)}:{said[name]}" for name in sorted(said)])
    return f"[{quoted(facts[0].template)},{{{slots}}}]"


def facts_of(columns: Json) -> list[Fact]:
    """The facts that `columns_of` wrote, each through the door again. Raises `Refused`, `TypeError`, `ValueError`."""
    facts: list[Fact] = []
    for template, said in columns:
        if type(template) is not str or type(said) is not dict or not all(type(one) is list for one in said.values()):
            raise TypeError("no columns of a template")
        for one in admit_all(template, said):
            if isinstance(one, Refused):
                raise one
            facts.append(one)
    return facts


def snapshot_of(value: Json, told: Iterable[Fact] = ()) -> Snapshot:
    """What `knowledge.door.snapshot_from_json` reads, each stretch of one template at once. Raises as that does."""
    facts = list(told)
    for template, rows in groupby(value["facts"], key=_template):
        facts += _in_columns(template, [slots for _, slots in rows])
    return freeze(value["as_of"], value["universe"], facts)


def _template(fact: Json) -> Json:
    template, _ = fact
    return template


def _in_columns(template: str, rows: Sequence[Json]) -> Iterable[Fact]:
    words = vocabulary()
    guard = guards(words).get(template)
    if guard is not None and all(type(row) is dict and row.keys() == guard.names for row in rows):
        facts = _all_good(words, guard, {name: [row[name] for row in rows] for name in guard.order})
        if facts is not None:
            return facts  # type: ignore[return-value]
    return [admit(template, slots) for slots in rows]


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
        found = _measured(words, guard.shape.name, columns[slot.by], values)
        return found or _each(check, values, [{slot.by: name} for name in columns[slot.by]])
    if slot.type == "number":
        return _numbers(values, slot.low, slot.high, slot.quantum) or _each(check, values)
    return _each(check, values)


def _measured(words: Vocabulary, template: str, names: Sequence[object], values: Sequence[object]) -> Column | None:
    """Numbers with range and quantum of the measure that is named beside each; None where one is not good."""
    if _constant(names):
        one = words.measure(template, str(names[0]))
        return None if one is None else _numbers(values, one.low, one.high, one.quantum)
    if set(map(type, names)) != {str}:
        return None
    places: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name, []).append(at)  # type: ignore[arg-type]
    found: list[Value] = [""] * len(values)
    texts: list[str] = [""] * len(values)
    for name, ats in places.items():
        one = words.measure(template, name)
        if one is None or (column := _numbers([values[at] for at in ats], one.low, one.high, one.quantum)) is None:
            return None
        for at, value, text in zip(ats, *column, strict=True):
            found[at], texts[at] = value, text
    return found, texts


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
        elif set(map(type, values)) == {str}:
            # A text that comes again is not looked at again.
            known = {value: check(value, {}) for value in set(values)}
            found = list(map(known.__getitem__, values))
        else:
            found = [check(value, {}) for value in values]
    except (Refused, Inexact):
        return None
    values, texts = zip(*found, strict=True)
    return values, texts


def _good_lists(slot: Slot, check: Check, rows: Sequence[object]) -> Column | None:
    """All lists are looked at as one, and then taken apart again."""
    lists: list[Sequence[object]] = []
    for row in rows:
        if not isinstance(row, list | tuple) or type(row) not in (list, tuple) or not 0 < len(row) <= LONGEST_LIST:
            return None
        lists.append(row)
    flat = list(chain.from_iterable(lists))
    column = _numbers(flat, slot.low, slot.high, slot.quantum) if slot.type == "number" else None
    column = column or _each(check, flat)
    if column is None:
        return None
    found: list[Value] = []
    texts, end = [], 0
    for row in lists:
        start, end = end, end + len(row)
        values, written = column[0][start:end], column[1][start:end]
        if slot.ascending and not all(map(lt, values, values[1:])):
            return None
        found.append(tuple(values))  # type: ignore[arg-type]
        # A number or a symbol has nothing that JSON would write otherwise.
        texts.append(list_text(written) if slot.type == "text" else '["' + '","'.join(written) + '"]')
    return found, texts


def _numbers(
    values: Sequence[object], low: Decimal | None, high: Decimal | None, quantum: Decimal | None
) -> Column | None:
    """Floats, rounded, or canonical digits, as they stand; None where they are others, or one of them is not good."""
    decimals, kinds = None if quantum is None else places(quantum), set(map(type, values))
    texts: Sequence[str] | None = None
    if decimals is not None and kinds == {float}:
        texts = rounded_all(values, decimals)  # type: ignore[arg-type]
    elif decimals is not None and kinds == {str} and all(map(_written(decimals), values)):  # type: ignore[arg-type]
        texts = values if max(map(len, values)) <= MOST_DIGITS else None  # type: ignore[arg-type, assignment]
    if texts is None:
        return None
    found = list(map(Decimal, texts))
    if (low is not None and min(found) < low) or (high is not None and max(found) > high):
        return None
    return found, texts


@cache
def _written(decimals: int) -> Callable[[str], object]:
    """Tells whether a text is a number's canonical one, of at most so many decimals."""
    part = rf"(?:\.[0-9]{{0,{decimals - 1}}}[1-9])?" if decimals else ""
    return re.compile(rf"(?!-0\Z)-?(?:0|[1-9][0-9]*){part}").fullmatch
