"""What scenes of one rulebook share: its rules, its words and numbers, and what slots are known to hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from knowledge.clips import tree
from knowledge.templates import Slot, Vocabulary
from rules.meaning.expressions import spelling
from rules.meaning.script import Lexicon

COMPARED = "*"
"""The pool of words that tests write, which may be of any slot."""
_IS_INSTRUMENT = frozenset(("instrument", "rich", "cheap", "first", "second"))


@dataclass(frozen=True)
class Ground:
    """What scenes of one rulebook share: its rules, its words, the words a slot is known to hold."""

    program: tree.Program
    words: Vocabulary
    domains: Mapping[str, tuple[str, ...]]
    """By slot (`head`): the words it holds on this desk."""
    lexicon: Lexicon = field(init=False)
    marks: tuple[Fraction, ...] = field(init=False)
    written: Mapping[str, tuple[str, ...]] = field(init=False)
    """Words that rules write, by the pool of the slots they are written for."""
    concluding: Mapping[str, tuple[tuple[tree.Rule, tree.Assertion], ...]] = field(init=False)

    def __post_init__(self) -> None:
        literals = [one for rule in self.program.rules for one in literals_of(rule)]
        written = tuple(dict.fromkeys(spelling(one) for one in literals if one.kind in ("symbol", "string")))
        declared = [
            word for shape in self.words.templates.values() for slot in shape.slots.values() for word in slot.allowed
        ]
        measures = [name for group in self.words.measures.values() for name in group]
        domains = [word for words in self.domains.values() for word in words]
        numbers = {Fraction(one.value) for one in literals if one.kind in ("integer", "float")}
        concluding: dict[str, list[tuple[tree.Rule, tree.Assertion]]] = {}
        for rule in self.program.rules:
            for assertion in assertions_of(rule):
                concluding.setdefault(assertion.template, []).append((rule, assertion))
        put = object.__setattr__
        put(self, "lexicon", Lexicon([*written, *declared, *measures, *domains]))
        put(self, "marks", tuple(sorted(numbers)))
        put(self, "written", _by_pool(self.program, self.words))
        put(self, "concluding", {name: tuple(found) for name, found in concluding.items()})


def _by_pool(program: tree.Program, words: Vocabulary) -> dict[str, tuple[str, ...]]:
    """The words that rules write, by the pool of the slot they stand in; those in tests by `COMPARED`."""
    found: dict[str, dict[str, None]] = {}
    for node in walk(program.rules):
        if isinstance(node, tree.Pattern | tree.Assertion):
            shape = words.templates[node.template]
            for slot in node.slots:
                for one in walk(slot.constraint if isinstance(slot, tree.SlotTest) else slot.value):
                    if isinstance(one, tree.Literal) and isinstance(one.value, str):
                        found.setdefault(pool_of(shape.slots[slot.slot]), {})[spelling(one)] = None
        elif isinstance(node, tree.Call):
            for one in node.arguments:
                if isinstance(one, tree.Literal) and isinstance(one.value, str):
                    found.setdefault(COMPARED, {})[spelling(one)] = None
    return {pool: tuple(some) for pool, some in found.items()}


def pool_of(slot: Slot) -> str:
    """What the words of a slot are names of."""
    return slot.unit if slot.unit in ("date", "instant") else "instrument" if slot.name in _IS_INSTRUMENT else slot.name


def parts_of(constraint: tree.Constraint) -> tuple[tree.Constraint, ...]:
    """What is joined by `&`."""
    return constraint.parts if isinstance(constraint, tree.AllOf) else (constraint,)


def conjuncts(call: tree.Call) -> Iterator[tree.Call]:
    """What is joined by `and` in a test."""
    if call.function == "and":
        for one in call.arguments:
            if isinstance(one, tree.Call):
                yield from conjuncts(one)
    else:
        yield call


def assertions_of(rule: tree.Rule) -> Iterator[tree.Assertion]:
    """What a rule concludes."""
    for action in rule.actions:
        if isinstance(action, tree.Assert):
            yield from action.assertions


def has_absence(condition: tree.Condition) -> bool:
    """Whether something is asked to be absent in it."""
    match condition:
        case tree.Not() | tree.Forall():
            return True
        case tree.And() | tree.Or() | tree.Exists():
            return any(map(has_absence, condition.conditions))
    return False


def literals_of(rule: tree.Rule) -> Iterator[tree.Literal]:
    """Every constant that a rule writes."""
    for node in walk(rule):
        if isinstance(node, tree.Literal):
            yield node


def walk(node: object) -> Iterator[object]:
    """Every node of a tree, itself first."""
    yield node
    if isinstance(node, tuple):
        for one in node:
            yield from walk(one)
    elif hasattr(node, "__dataclass_fields__") and not isinstance(node, tree.Place):
        for name in node.__dataclass_fields__:
            value = getattr(node, name)
            if isinstance(value, tuple) or hasattr(value, "__dataclass_fields__"):
                yield from (
                    walk(value) if not isinstance(value, tuple) else (found for one in value for found in walk(one))
                )
