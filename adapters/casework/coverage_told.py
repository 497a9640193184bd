"""Coverage as a table in text, as JSON, and as rows for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.casework.covering import Measured
from knowledge.values import Json, text
from rules.matching import spoken
from rules.testing.coverage import Item, Near, Seen


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen of one rule or of the clauses of one policy."""

    about: str
    file: str
    fired: Seen
    practised: Seen
    conditions: tuple[Item, ...]
    sides: tuple[Item, ...]


def rows(measured: Measured) -> list[Row]:
    """A row for each rule and each policy's predicate, in order of the text."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in measured.items:
        groups.setdefault((item.file, item.about), []).append(item)
    found = []
    for (file, about), items in groups.items():
        whole = [one for one in items if one.level in ("rule", "clause")]
        fired, practised = (
            sum((seen(one) for one in whole), Seen()) for seen in (measured.case_of, measured.practice_of)
        )
        conditions = tuple(one for one in items if one.level in ("condition", "goal"))
        found.append(Row(about, file, fired, practised, conditions, tuple(one for one in items if one.level == "side")))
    return found


def told(measured: Measured, every: bool = False) -> list[str]:
    """The table, then what no case shows, then what practice never showed; with `every`, each comparison's sides."""
    table = list(_table(measured))
    lines = [*table, ""]
    if every:
        lines += [line for item in measured.items if item.level == "side" for line in _side(item, measured)]
    lines += [f"{_place(item)}: {item.about}: {_lacking(item, measured.case_of(item))}" for item in measured.missing]
    lines += measured.odd
    return [*lines, *_summary(measured)]


def _table(measured: Measured) -> Iterator[str]:
    found = rows(measured)
    width = max((len(row.about) for row in found), default=4)
    head = f"{'rule or policy':<{width}}  fires in  conditions   sides"
    yield head + ("  in practice   sides" if measured.is_practice_asked else "")
    for row in found:
        fired = f"{row.fired.true}/{row.fired.true + row.fired.false}"
        shown = [
            f"{sum(measured.case_of(one).both for one in some)}/{len(some)}" for some in (row.conditions, row.sides)
        ]
        line = f"{row.about:<{width}}  {fired:>8}  {shown[0]:>10}  {shown[1]:>6}"
        if measured.is_practice_asked:
            practised = f"{row.practised.true}/{row.practised.true + row.practised.false}"
            both = sum(measured.practice_of(one).both for one in row.sides)
            line += f"  {practised:>11}  {f'{both}/{len(row.sides)}':>6}"
        yield line


def _side(item: Item, measured: Measured) -> Iterator[str]:
    yield f"{_place(item)}: {item.about}: {item.words}"
    for name, seen in (("cases", measured.case_of(item)), ("practice", measured.practice_of(item))):
        if name == "cases" or measured.is_practice_asked:
            true, false = side_words(item, seen)
            yield f"    {name}: true {true}; false {false}"


def side_words(item: Item, seen: Seen) -> tuple[str, str]:
    """How often each side was seen, and the closest value: `3, closest 20`."""
    return _words(seen.true, seen.near_true, item.unit), _words(seen.false, seen.near_false, item.unit)


def _words(count: int, near: Near | None, unit: str) -> str:
    if near is None or not count:
        return str(count) if count else "never"
    apart = "at the number" if near.apart == 0 else f"{_spoken(near.apart, unit)} away"
    return f"{count}, closest {_spoken(near.value, unit)} ({apart})"


def _spoken(number: object, unit: str) -> str:
    return spoken(number, unit)  # type: ignore[arg-type]


def _lacking(item: Item, seen: Seen) -> str:
    if item.level == "rule":
        return "no case in which it fires" if not seen.true else "no case in which it does not fire"
    both = {"condition": ("held", "failed"), "clause": ("held", "failed")}.get(item.level, ("true", "false"))
    missing = [word for word, count in zip(both, (seen.true, seen.false), strict=True) if not count]
    alone = ", all else being as it must" if item.level == "side" else ""
    return f"`{item.words}` was never {' and never '.join(missing)}{alone}"


def _place(item: Item) -> str:
    return f"{item.file}:{item.line}:{item.column}"


def _summary(measured: Measured) -> Iterator[str]:
    yield f"cases: {_share(measured, measured.cases, 'case', practice=False)}"
    if measured.is_practice_asked:
        yield f"practice: {_share(measured, measured.cycles, 'cycle', practice=True)}"


def _share(measured: Measured, count: int, noun: str, practice: bool) -> str:
    seen = measured.practice_of if practice else measured.case_of
    fired = [seen(one).true > 0 for one in measured.items if one.level == "rule"]
    conditions = [seen(one).both for one in measured.items if one.level == "condition"]
    halves = [way for one in measured.items if one.level == "side" for way in (seen(one).true > 0, seen(one).false > 0)]
    named = ((fired, "rules fire"), (conditions, "conditions hold and fail"), (halves, "sides"))
    parts = [f"{sum(some)} of {len(some)} {what}" for some, what in named]
    return f"{count} {noun if count == 1 else f'{noun}s'}; {', '.join(parts)}"


def to_json(measured: Measured) -> Json:
    """The JSON value."""

    def near(one: Near | None) -> Json:
        return None if one is None else {"value": text(one.value), "apart": text(one.apart)}

    def seen(one: Seen) -> Json:
        return {"true": one.true, "false": one.false, "closest_true": near(one.near_true),
                "closest_false": near(one.near_false)}  # fmt: skip

    def item(one: Item) -> Json:
        told = {"level": one.level, "about": one.about, "file": one.file, "line": one.line, "column": one.column,
                "words": one.words, "cases": seen(measured.case_of(one))}  # fmt: skip
        return told | ({"practice": seen(measured.practice_of(one))} if measured.is_practice_asked else {})

    return {
        "cases": measured.cases,
        "cycles": measured.cycles,
        "items": [item(one) for one in measured.items],
        "missing": [item(one) for one in measured.missing],
        "odd": list(measured.odd),
    }
