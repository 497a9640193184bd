"""Mutants that are no mistakes: the changed rule proposes the same on all facts. They do not count.

Proved here, from the text alone:
- only the sentence reads what was changed: a slot that may hold anything, a variable that nothing else uses;
- a comparison of one slot with a number holds for the same values of that slot's grid, between its ends.

Whatever is not proved counts as a survivor. `rules.meaning.difference` proves more where it can translate both rules,
and takes longer: it is asked about survivors alone (`rules.testing.killing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from fractions import Fraction

from knowledge.clips import tree
from knowledge.templates import Slot, vocabulary

_SIGNS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def equal(one: tree.Rule, other: tree.Rule) -> str | None:
    """Why two rules propose the same on all facts; None where it is not proved here."""
    mine, theirs = _bare(one), _bare(other)
    if mine == theirs:
        return "only the sentence reads what was changed"
    if _on_grid(mine) == _on_grid(theirs):
        return "no value of the slot lies between the two"
    return None


Bare = tuple[tuple[tree.Condition, ...], tuple[tree.Action, ...]]


def _bare(rule: tree.Rule) -> Bare:
    """Conditions and conclusions without the variables that only the sentence reads."""
    uses = Counter(node.name for node in _nodes((rule.conditions, rule.actions)) if isinstance(node, tree.Variable))
    return tuple(_without(one, uses) for one in rule.conditions), rule.actions


def _without(condition: tree.Condition, uses: Counter[str]) -> tree.Condition:
    match condition:
        case tree.Pattern():
            slots = tuple(kept for one in condition.slots if (kept := _slot(one, uses)) is not None)
            return replace(condition, slots=tuple(sorted(slots, key=lambda one: one.slot)), address=None)
        case tree.Not():
            return replace(condition, condition=_without(condition.condition, uses))
        case tree.And() | tree.Or() | tree.Exists():
            return replace(condition, conditions=tuple(_without(one, uses) for one in condition.conditions))
        case tree.Forall():
            rest = tuple(_without(one, uses) for one in condition.conditions)
            return replace(condition, first=_without(condition.first, uses), conditions=rest)
        case _:
            return condition


def _slot(one: tree.SlotTest, uses: Counter[str]) -> tree.SlotTest | None:
    """A slot's test without variables of one use; None where nothing is left to ask."""
    constraint = one.constraint
    parts = constraint.parts if isinstance(constraint, tree.AllOf) else (constraint,)
    kept = tuple(part for part in parts if not _is_idle(part, uses))
    if not kept:
        return None
    return replace(one, constraint=kept[0] if len(kept) == 1 else tree.AllOf(kept, constraint.at))


def _is_idle(part: tree.Constraint, uses: Counter[str]) -> bool:
    if isinstance(part, tree.Wildcard):
        return True
    return isinstance(part, tree.Value) and isinstance(part.term, tree.Variable) and uses[part.term.name] == 1


def _on_grid(rule: Bare) -> Bare:
    """Comparisons of a slot with a number, brought to one form for all that hold for the same values."""
    conditions, actions = rule
    return tuple(_gridded(one) for one in conditions), actions


def _gridded(condition: tree.Condition) -> tree.Condition:
    if not isinstance(condition, tree.Pattern):
        return condition
    shapes = vocabulary().templates[condition.template].slots
    slots = []
    for one in condition.slots:
        shape = _measured(condition, shapes[one.slot])
        parts = one.constraint.parts if isinstance(one.constraint, tree.AllOf) else ()
        name = _bound(parts)
        if name is not None and shape is not None:
            parts = tuple(_canonical(part, name, shape) for part in parts)
            one = replace(one, constraint=tree.AllOf(parts, one.constraint.at))  # noqa: PLW2901
        slots.append(one)
    return replace(condition, slots=tuple(slots))


def _measured(pattern: tree.Pattern, slot: Slot) -> Slot | None:
    """The slot with the range and step of the measure that the pattern names; None where they are not known."""
    if slot.type == "integer":
        return replace(slot, quantum=Decimal(1))
    if not slot.by:
        return slot if slot.type == "number" else None
    for one in pattern.slots:
        if one.slot == slot.by and isinstance(one.constraint, tree.Value):
            measure = vocabulary().measure(pattern.template, str(getattr(one.constraint.term, "value", "")))
            if measure is not None:
                return replace(slot, low=measure.low, high=measure.high, quantum=measure.quantum)
    return None


def _bound(parts: tuple[tree.Constraint, ...]) -> str | None:
    first = parts[0] if parts else None
    if isinstance(first, tree.Value) and isinstance(first.term, tree.Variable):
        return first.term.name
    return None


def _canonical(part: tree.Constraint, name: str, slot: Slot) -> tree.Constraint:
    """`(> ?x 20.0)` as the least value of the grid for which it holds, `(< ?x 20.0)` as the greatest."""
    if not isinstance(part, tree.Predicate) or len(part.test.arguments) != 2 or slot.quantum is None:
        return part
    sign, (left, right) = part.test.function, part.test.arguments
    if isinstance(left, tree.Literal):
        sign, left, right = _MIRRORED.get(sign, ""), right, left
    is_own = isinstance(left, tree.Variable) and left.name == name
    if sign not in _SIGNS or not is_own or not isinstance(right, tree.Literal) or isinstance(right.value, str):
        return part
    edge = _edge(sign, Fraction(right.value), Fraction(slot.quantum), slot)
    literal = tree.Literal("float", edge, right.at) if edge is not None else tree.Literal("symbol", "always", right.at)
    upward = sign in (">", ">=")
    call = tree.Call(">=" if upward else "<=", (left, literal), part.test.at)
    return tree.Predicate(call, part.at)


def _edge(sign: str, number: Fraction, quantum: Fraction, slot: Slot) -> Decimal | None:
    """The value of the grid at which a comparison begins to hold; None where it holds for every value there is."""
    upward = sign in (">", ">=")
    steps = -(-number // quantum) if upward else number // quantum
    edge = steps * quantum
    if not _SIGNS[sign](edge, number):
        edge += quantum if upward else -quantum
    end = slot.low if upward else slot.high
    if end is not None and (edge <= Fraction(end) if upward else edge >= Fraction(end)):
        return None
    return Decimal(edge.numerator) / Decimal(edge.denominator)


def _nodes(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        for one in node:
            yield from _nodes(one)
    elif is_dataclass(node):
        yield node
        for one in fields(node):
            yield from _nodes(getattr(node, one.name))
