"""A second reader of the rules: which facts satisfy a rule's conditions, computed exactly and without CLIPS.

It serves explanations (what a variable stood for, what was missing) and is the oracle beside the CLIPS session: on
the facts at the end of a cycle, a rule matches here exactly when it fired there. That holds for rulebooks that only
assert, and whose `not` looks at facts that an earlier stage concludes. Left out: the order of firings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from knowledge.clips import tree
from knowledge.facts import Fact, Single, value_text
from knowledge.templates import Slot, Vocabulary, vocabulary
from rules.arithmetic import Term, Text
from rules.conditions import WorkingMemory, bind, compiled, conjunction, pattern_after


def matches(rule: tree.Rule, facts: Iterable[Fact], known: Mapping[str, Term] | None = None) -> list[dict[str, Term]]:
    """The bindings of every way in which the facts satisfy the rule, those in `known` given beforehand."""
    known = known or {}
    return [dict(one) for one in conjunction(compiled(rule, known), WorkingMemory.of(facts), known)]


def bindings(rule: tree.Rule, matched: Sequence[Fact | None]) -> dict[str, Single]:
    """What the rule's variables stood for in a firing, from the facts it matched.

    `matched` holds the facts of the positive patterns in order, as the trace names them; None, for conditions that
    match no fact, is passed over. Raises `ValueError` when the facts do not belong to the rule.
    """
    facts = [fact for fact in matched if fact is not None]
    for patterns in _positive(rule.conditions):
        if tuple(pattern.template for pattern in patterns) == tuple(fact.template for fact in facts):
            known: dict[str, Term] = {}
            for pattern, fact in zip(patterns, facts, strict=True):
                known = bind(pattern_after(pattern, set(known), vocabulary()).binds, fact, known)
            return {name: str(value) if isinstance(value, Text) else value for name, value in known.items()}  # type: ignore[misc]
    raise ValueError(f"the facts {', '.join(fact.ref for fact in facts)} do not belong to the rule `{rule.name}`")


@dataclass(frozen=True, slots=True)
class Filled:
    """A value in a rule's sentence: as it is spoken, what it is, and the slot that bound it, if one did."""

    text: str
    value: Term
    slot: Slot | None


def sentence(rule: tree.Rule, values: Mapping[str, Term]) -> str:
    """The rule's sentence with its variables replaced by their values; fractions read as percentages."""
    return "".join([one if isinstance(one, str) else one.text for one in filled(rule, values, slots_of(rule))])


def filled(rule: tree.Rule, values: Mapping[str, Term], slots: Mapping[str, Slot]) -> Iterator[str | Filled]:
    """The same in pieces; `slots` are those of the rule (`slots_of`)."""
    at = 0
    for found in tree.VARIABLE.finditer(rule.sentence):
        name = found[1]
        yield rule.sentence[at : found.start()]
        at = found.end()
        slot = slots.get(name)
        if name in values:
            yield Filled(spoken(values[name], slot.unit if slot is not None else ""), values[name], slot)
        else:
            yield f"?{name}"
    yield rule.sentence[at:]


def spoken(value: Term, unit: str) -> str:
    """A value for a reader: fractions as percentages, everything else with its exact digits."""
    if isinstance(value, str):
        return value
    if unit.startswith("fraction"):
        return f"{value_text(value * 100)} %"  # type: ignore[arg-type]
    return value_text(value)  # type: ignore[arg-type]


def slots_of(rule: tree.Rule) -> dict[str, Slot]:
    """For each variable the slot that binds it, with the unit and quantum of the measure where one is named."""
    words = vocabulary()
    found: dict[str, Slot] = {}
    for pattern in _all_patterns(rule.conditions):
        shape = words.templates[pattern.template]
        for slot_test in pattern.slots:
            slot = shape.slots[slot_test.slot]
            for name in _binding_names(slot_test.constraint):
                found.setdefault(name, measured(words, pattern, slot))
    return found


def measured(words: Vocabulary, pattern: tree.Pattern, slot: Slot) -> Slot:
    """The slot with unit, range and quantum of the measure that the pattern names, if it names one."""
    if not slot.by:
        return slot
    for other in pattern.slots:
        if other.slot == slot.by and isinstance(other.constraint, tree.Value):
            term = other.constraint.term
            measure = words.measure(pattern.template, str(term.value)) if isinstance(term, tree.Literal) else None
            if measure:
                return Slot(measure.name, slot.type, measure.unit, measure.low, measure.high, measure.quantum)
    return slot


def _binding_names(constraint: tree.Constraint) -> Iterator[str]:
    parts = constraint.parts if isinstance(constraint, tree.AllOf) else (constraint,)
    for part in parts:
        if isinstance(part, tree.Value) and isinstance(part.term, tree.Variable):
            yield part.term.name


def _all_patterns(conditions: Iterable[tree.Condition]) -> Iterator[tree.Pattern]:
    for condition in conditions:
        match condition:
            case tree.Pattern():
                yield condition
            case tree.And() | tree.Or() | tree.Exists():
                yield from _all_patterns(condition.conditions)


def _positive(conditions: Sequence[tree.Condition]) -> Iterator[tuple[tree.Pattern, ...]]:
    """The positive patterns in order, once for each choice among `or` alternatives."""
    if not conditions:
        yield ()
        return
    first, rest = conditions[0], conditions[1:]
    match first:
        case tree.Pattern():
            heads: Iterable[tuple[tree.Pattern, ...]] = ((first,),)
        case tree.And():
            heads = _positive(first.conditions)
        case tree.Or():
            heads = (patterns for part in first.conditions for patterns in _positive((part,)))
        case _:
            heads = ((),)
    for head in heads:
        for tail in _positive(rest):
            yield (*head, *tail)
