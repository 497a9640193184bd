"""Other limits in place of those of a case: a number of the file written anew, where it stands.

The file's text is what changes, and the whole of it is read again: a number that no limits file may hold, limits that
contradict each other, are faults with their places, as they would be in the file itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from engine.limits.model import Limit, Limits, Parameters
from engine.limits.text import read_limits
from engine.telling.figures import amount
from knowledge.marked_yaml import Items, Node, Scalar, Table, compose

FILE = "limits.yaml"
NUMBERS = ("bound", "long", "short", "once", "days")
"""What of a limit can be set: its numbers. Whatever else it says is changed in a file."""
SHARES = ("NAV", "NAV a year", "average daily volume", "reference price", "average price", "least gross", "close",
          "index", "a year")  # fmt: skip
"""Units of which a bound is a share, so that it may be written in per cent."""
_VALUE = re.compile(r"([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?)\s*(.*)\Z", re.DOTALL)


class Unknown(ValueError):
    """What was named is not there, or cannot be set so; the message is a sentence with the nearest spelling."""


@dataclass(frozen=True, slots=True)
class Written:
    """A number of a limits file: what it is called, what stood there and what stands there now."""

    name: str
    before: str
    after: str
    unit: str


def with_limit(limits: Limits, words: str, value: str, session: str) -> tuple[Limits, Written]:
    """The limits with one number of one limit changed, in the row that is in force on the session.

    `words` are an id, or an id and one of `NUMBERS`. Raises `Unknown`, and `Faulty` as `read_limits` does.
    """
    rows = limits.rows(session)
    name, part = (words, "bound") if words in rows else _split(words)
    if name not in rows:
        raise Unknown(f"there is no limit `{name}` on {session}{near(name, rows)}")
    row = rows[name]
    if part not in NUMBERS:
        raise Unknown(f"`{part}` of a limit cannot be set; numbers can: {', '.join(NUMBERS)}; give a file for the rest")
    node = _row(limits, row, part)
    if node is None:
        raise Unknown(f"the limit `{name}` has no `{part}`; its kind is `{row.kind}`")
    unit = row.unit if part == "bound" else ""
    return _rewritten(limits, node, f"limit {name} {part}", value, unit)


def with_parameter(limits: Limits, name: str, value: str) -> tuple[Limits, Written]:
    """The limits with one parameter changed. Raises as `with_limit` does."""
    entries = _entries(limits, "parameters")
    if name not in entries:
        raise Unknown(f"there is no parameter `{name}`{near(name, entries)}")
    table = _table(entries[name])
    unit = table["unit"].written if "unit" in table else ""
    return _rewritten(limits, table["value"], f"parameter {name}", value, unit)


def with_multiplier(limits: Limits, regime: str, value: str) -> tuple[Limits, Written]:
    """The limits with the multiplier of one regime changed. Raises as `with_limit` does."""
    entries = _entries(limits, "regime_multipliers")
    if regime not in entries:
        raise Unknown(f"there is no regime `{regime}`{near(regime, entries)}")
    return _rewritten(limits, entries[regime], f"multiplier of regime {regime}", value, "")


LIMIT, PARAMETER, MULTIPLIER, SCENARIO = "limit", "parameter", "multiplier", "scenario"


def parts(limits: Limits) -> dict[str, Any]:
    """Everything that limits say, piece by piece, by its name: `limit portfolio.sector`, `parameter fee_per_order`."""
    found: dict[str, Any] = {}
    for one in limits.limits:
        found.setdefault(f"{LIMIT} {one.id}", []).append(one)
    found |= {f"{PARAMETER} {one.name}": getattr(limits.parameters, one.name) for one in fields(limits.parameters)}
    found |= {f"{MULTIPLIER} {name}": value for name, value in limits.regime_multipliers.items()}
    return found | {f"{SCENARIO} {one.id}": one for one in limits.scenarios}


def mixed(base: Limits, other: Limits, names: Iterable[str]) -> Limits:
    """The limits of `base`, with those pieces of `other` in their place. The text stays that of `base`."""
    taken = set(names)
    found = {name: part for name, part in parts(base).items() if name not in taken}
    found |= {name: part for name, part in parts(other).items() if name in taken}
    rows: list[Limit] = [one for name, part in found.items() if name.startswith(f"{LIMIT} ") for one in part]
    scenarios = [part for name, part in found.items() if name.startswith(f"{SCENARIO} ")]
    figures = {one.name: found[f"{PARAMETER} {one.name}"] for one in fields(base.parameters)}
    multipliers = {name: found.get(f"{MULTIPLIER} {name}", value) for name, value in base.regime_multipliers.items()}
    return replace(
        base,
        limits=tuple(sorted(rows, key=lambda one: (one.layer, one.id, one.effective))),
        scenarios=tuple(sorted(scenarios, key=lambda one: one.id)),
        parameters=Parameters(**figures),
        regime_multipliers=MappingProxyType(multipliers),
    )


def bounded(limits: Limits, bounds: Mapping[str, Fraction], session: str) -> Limits:
    """The limits with numbers in place of theirs, by the names of `parts`; of a limit the bound in force."""
    rows, figures, multipliers = limits.rows(session), {}, dict(limits.regime_multipliers)
    changed: dict[tuple[str, str], Fraction] = {}
    for name, value in bounds.items():
        kind, _, rest = name.partition(" ")
        if kind == LIMIT:
            changed[rest, rows[rest].effective] = value
        elif kind == PARAMETER:
            figures[rest] = value
        else:
            multipliers[rest] = value
    found = replace(
        limits,
        limits=tuple(
            replace(one, bound=changed[one.id, one.effective]) if (one.id, one.effective) in changed else one
            for one in limits.limits
        ),
        parameters=replace(limits.parameters, **figures),
        regime_multipliers=MappingProxyType(multipliers),
    )
    # To write out and hash a law that nobody will read takes a third of the time of a decision.
    vars(found)["law_digest"] = ""
    return found


def near(name: str, known: object) -> str:
    """`; did you mean …?`, or what there is where nothing is near."""
    names = sorted(map(str, known))  # type: ignore[call-overload]
    found = get_close_matches(name, names, n=3, cutoff=0.6) or [one for one in names if name and name in one][:3]
    if found:
        return f"; did you mean {' or '.join(f'`{one}`' for one in found)}?"
    shown = ", ".join(f"`{one}`" for one in names[:12])
    return f"; there are {shown}{' and more' if len(names) > 12 else ''}" if names else ""


def _split(words: str) -> tuple[str, str]:
    name, _, part = words.rpartition(".")
    return (name, part) if name and part in NUMBERS else (words, "bound")


def _rewritten(limits: Limits, node: Node, name: str, value: str, unit: str) -> tuple[Limits, Written]:
    before = node.written.strip()
    digits = _digits(name, before, value, unit)
    start, end = node.span
    text = limits.source
    changed = read_limits(f"{text[:start]}{digits}{text[end:]}", FILE)
    in_hundredths = before.endswith("%") and not digits.endswith("%")
    after = f"{amount(Fraction(digits) * 100)} %" if in_hundredths else digits
    return changed, Written(name, before, after, "" if after.endswith("%") else unit)


def _digits(name: str, before: str, value: str, unit: str) -> str:
    """The number as the file writes it. Raises `Unknown` where it is none, or in another unit."""
    found = _VALUE.match(value.strip())
    if found is None:
        raise Unknown(f"`{value}` is no number for {name}; write digits such as `{before}`")
    number, named = found[1], found[2].strip()
    if named == "%" and not before.endswith("%") and unit not in SHARES:
        raise Unknown(f"{name} is in {unit or 'no unit'}, not in per cent; write it like `{before}`")
    if named == "%":
        return f"{number} %"
    if named and named != unit:
        raise Unknown(f"{name} is in {unit or 'no unit'}, not in `{named}`; write it like `{before}`")
    return number


def _row(limits: Limits, row: Limit, part: str) -> Node | None:
    for node in _items(limits, "limits"):
        entries = _table(node)
        same = "id" in entries and entries["id"].written == row.id
        if same and "effective" in entries and entries["effective"].written == row.effective:
            found = entries.get(part)
            return found if isinstance(found, Scalar) else None
    return None


def _root(limits: Limits) -> Table:
    root = compose(limits.source, FILE)
    if not isinstance(root, Table):
        raise Unknown("the limits are no mapping; give a file")
    return root


def _section(limits: Limits, name: str) -> Node | None:
    return next((entry.value for entry in _root(limits).entries if entry.key.written == name), None)


def _items(limits: Limits, name: str) -> Iterator[Node]:
    section = _section(limits, name)
    yield from section.nodes if isinstance(section, Items) else ()


def _entries(limits: Limits, name: str) -> dict[str, Node]:
    return _table(_section(limits, name))


def _table(node: Node | None) -> dict[str, Node]:
    return {entry.key.written: entry.value for entry in node.entries} if isinstance(node, Table) else {}
