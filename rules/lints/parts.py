"""Walks over a rule's tree that several lints take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from knowledge.clips.tree import (
    AllOf,
    And,
    AnyOf,
    Assert,
    Assertion,
    Call,
    Condition,
    Constraint,
    Exists,
    Expression,
    Forall,
    Literal,
    Not,
    Or,
    Pattern,
    Predicate,
    Return,
    Rule,
    SlotTest,
    SlotValue,
    Test,
    Unlike,
    Value,
    Variable,
    Wildcard,
)
from knowledge.templates import Slot, Vocabulary
from rules.matching import measured

Part: TypeAlias = Expression | Constraint | SlotTest | Condition | SlotValue | Assertion | Assert


def children(part: Part) -> tuple[Part, ...]:  # noqa: PLR0911, PLR0912 - one for each kind of part
    """What stands inside a part, in the order of the text."""
    match part:
        case Literal() | Variable() | Wildcard():
            return ()
        case Call():
            return part.arguments
        case Value():
            return (part.term,)
        case Unlike():
            return (part.part,)
        case AllOf() | AnyOf():
            return part.parts
        case Predicate():
            return (part.test,)
        case Return() | Test():
            return (part.call,)
        case SlotTest():
            return (part.constraint,)
        case Pattern():
            return part.slots
        case Not():
            return (part.condition,)
        case And() | Or() | Exists():
            return part.conditions
        case Forall():
            return (part.first, *part.conditions)
        case SlotValue():
            return (part.value,)
        case Assertion():
            return part.slots
        case Assert():
            return part.assertions


def walk(part: Part) -> Iterator[Part]:
    """A part and everything inside of it."""
    yield part
    for one in children(part):
        yield from walk(one)


def condition_parts(rule: Rule) -> Iterator[Part]:
    """Everything in the conditions of a rule."""
    for condition in rule.conditions:
        yield from walk(condition)


def assertions(rule: Rule) -> tuple[Assertion, ...]:
    """What a rule concludes, in order."""
    return tuple(one for action in rule.actions if isinstance(action, Assert) for one in action.assertions)


def concluded(rule: Rule) -> frozenset[str]:
    """The templates of which a rule concludes facts."""
    return frozenset(one.template for one in assertions(rule))


def conjuncts(constraint: Constraint) -> tuple[Constraint, ...]:
    """The parts of which every one holds."""
    if isinstance(constraint, AllOf):
        return tuple(one for part in constraint.parts for one in conjuncts(part))
    return (constraint,)


def variable_of(constraint: Constraint) -> str | None:
    """The variable that a slot's value goes by: one that stands alone, or is joined to others by `&`."""
    for part in conjuncts(constraint):
        if isinstance(part, Value) and isinstance(part.term, Variable):
            return part.term.name
    return None


def variables(part: Part) -> Iterator[Variable]:
    """Every use of a variable in a part."""
    return (one for one in walk(part) if isinstance(one, Variable))


def binding_uses(rule: Rule) -> frozenset[int]:
    """The offsets of the uses of variables that give them a value; what is bound inside of a group stays inside."""
    found: set[int] = set()
    _bind(rule.conditions, set(), found)
    return frozenset(found)


def _bind(conditions: Iterable[Condition], bound: set[str], found: set[int]) -> None:
    for condition in conditions:
        match condition:
            case Pattern():
                for slot in condition.slots:
                    for part in conjuncts(slot.constraint):
                        term = part.term if isinstance(part, Value) else None
                        if isinstance(term, Variable) and term.name not in bound:
                            bound.add(term.name)
                            found.add(term.at.start)
            case Not():
                _bind((condition.condition,), set(bound), found)
            case Exists():
                _bind(condition.conditions, set(bound), found)
            case Forall():
                _bind((condition.first, *condition.conditions), set(bound), found)
            case And() | Or():
                _bind(condition.conditions, bound, found)
            case Test():
                pass


def bound_slots(rule: Rule, words: Vocabulary) -> dict[str, Slot]:
    """For each variable the slot that binds it, with unit, range and quantum of the measure where one is named.

    A name that groups apart from each other bind to different slots is left out.
    """
    uses = binding_uses(rule)
    found: dict[str, Slot | None] = {}
    for pattern in condition_parts(rule):
        if not isinstance(pattern, Pattern):
            continue
        for test in pattern.slots:
            slot = measured(words, pattern, words.templates[pattern.template].slots[test.slot])
            for part in conjuncts(test.constraint):
                term = part.term if isinstance(part, Value) else None
                if isinstance(term, Variable) and term.at.start in uses:
                    found[term.name] = slot if found.get(term.name, slot) == slot else None
    return {name: slot for name, slot in found.items() if slot is not None}
