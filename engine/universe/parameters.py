"""What of two files differs besides bounds: parameters, and what a person changed, limit by limit.

Parameters shape orders, sizes, clusters and worst prices; they are no bounds, and a change of one lets more through
here and less there. Dearer fees are the exception: every order costs more, NAV⁻ and cash fall, and nothing else moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from engine.limits.model import Limit, Limits, Parameters
from engine.universe.cases import Case
from knowledge.values import Json, text

FEES = ("fee_per_share", "fee_per_order")
AT_LEAST = ("cash_reserve", "healthy_heads")
"""Kinds whose bound is a least and not a most."""
TALKED = ("id", "owner", "source", "unit")
"""Fields of a limit that bind nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in the text: of a limit by id, a parameter, a scenario or a regime's multiplier."""

    what: str
    part: str
    before: str
    after: str

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"what": self.what, "part": self.part, "old": self.before, "new": self.after}

    def __str__(self) -> str:
        part = f" {self.part}" if self.part else ""
        return f"{self.what}{part}: {self.before or 'absent'} → {self.after or 'absent'}"


def parameter_changes(old: Limits, new: Limits, cases: list[Case]) -> list[Change]:
    """Parameters that differ, with the collar among them."""
    found = [
        Change("parameter", one.name, _shown(before), _shown(after))
        for one in fields(Parameters)
        if (before := getattr(old.parameters, one.name)) != (after := getattr(new.parameters, one.name))
    ]
    collars = {(old.collar(case.session), new.collar(case.session)) for case in cases}
    found += [Change("parameter", "collar", _shown(a), _shown(b)) for a, b in sorted(collars) if a != b]
    return found


def only_dearer(changes: list[Change]) -> bool:
    """Whether all that changed among the parameters makes every order cost more."""
    return all(one.part in FEES and Fraction(one.after) >= Fraction(one.before) for one in changes)


def on_its_face(old: Limits, new: Limits) -> bool:
    """Whether the new file can let nothing more through on any market, seen from the text alone.

    Every row of the old file stands in the new one, with a bound no wider and nothing else changed; multipliers are no
    larger, scenarios only more, parameters the same but for dearer fees. Whatever else is shown to be no looser, by
    other limits that bind first, is so on the market it was shown for.
    """
    rows = {(one.id, one.effective): one for one in new.limits}
    for one in old.limits:
        other = rows.get((one.id, one.effective))
        if other is None or replace(other, **{name: getattr(one, name) for name in ("bound", *TALKED)}) != one:
            return False
        if (other.bound < one.bound) if one.kind in AT_LEAST else (other.bound > one.bound):
            return False
    multipliers = new.regime_multipliers
    smaller = all(multipliers.get(name, 2) <= each for name, each in old.regime_multipliers.items())
    parameters = [
        Change(
            "parameter", one.name, _shown(getattr(old.parameters, one.name)), _shown(getattr(new.parameters, one.name))
        )
        for one in fields(Parameters)
        if getattr(old.parameters, one.name) != getattr(new.parameters, one.name)
    ]
    collars = {one.id: one.bound for one in old.limits if one.kind == "price_collar"}
    same_collars = all(collars.get(one.id) == one.bound for one in new.limits if one.kind == "price_collar")
    return smaller and only_dearer(parameters) and same_collars and set(old.scenarios) <= set(new.scenarios)


def text_changes(old: Limits, new: Limits) -> Iterator[Change]:
    """Every difference that could bind, in the words of the file."""
    before, after = _rows(old), _rows(new)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            yield Change(name[0], _window(name[1], bool(name[1])), _told(one), _told(other))
            continue
        for part in (each.name for each in fields(Limit) if each.name not in TALKED):
            a, b = getattr(one, part), getattr(other, part)
            if a != b:
                yield Change(name[0], part, _shown(a), _shown(b))
    for regime in sorted(old.regime_multipliers.keys() | new.regime_multipliers.keys()):
        a, b = old.regime_multipliers.get(regime), new.regime_multipliers.get(regime)
        if a != b:
            yield Change("regime multiplier", regime, _shown(a), _shown(b))
    scenarios = [{one.id: one for one in file.scenarios} for file in (old, new)]
    for scenario in sorted(scenarios[0].keys() | scenarios[1].keys()):
        first, second = (known.get(scenario) for known in scenarios)
        if first is None or second is None:
            yield Change("scenario", scenario, "" if first is None else "present", "" if second is None else "present")
            continue
        for part in (each.name for each in fields(first) if each.name not in TALKED):
            a, b = getattr(first, part), getattr(second, part)
            if a != b:
                yield Change(f"scenario {scenario}", part, _shown(a), _shown(b))


def _rows(limits: Limits) -> dict[tuple[str, str], Limit]:
    """Rows by id; by id and first day where an id has several windows."""
    count: dict[str, int] = {}
    for one in limits.limits:
        count[one.id] = count.get(one.id, 0) + 1
    return {(one.id, one.effective if count[one.id] > 1 else ""): one for one in limits.limits}


def _window(effective: str, several: bool) -> str:
    return f"from {effective}" if several else ""


def _told(limit: Limit | None) -> str:
    return "" if limit is None else f"{limit.kind} {_shown(limit.bound)}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return text(value)
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(_shown, one)) if isinstance(one, tuple) else _shown(one) for one in value)
    return "" if value is None else str(value)
