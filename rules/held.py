"""A rule's conditions one by one on the facts of a cycle: which held, by which fact, and which one failed.

Of all ways through the conditions the one that gets furthest is told, as in `rules.nearest`; among equals, the first in
canonical order. Behind the condition that fails nothing is asked: its variables have no value there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from knowledge.clips import tree
from knowledge.facts import Fact
from rules.conditions import CompiledPattern, WorkingMemory
from rules.matching import sentence
from rules.plans import rules_of, seeds
from rules.ways import Stop, reached

State = Literal["held", "failed", "not asked"]


@dataclass(frozen=True, slots=True)
class Held:
    """One condition as the rule writes it, its state, and the fact that satisfied it (empty where none is named)."""

    words: str
    state: State
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a rule got. `sentence` is what it says where it fired; empty where it did not."""

    conditions: tuple[Held, ...]
    sentence: str


def walked(program: tree.Program, facts: Iterable[Fact], rule: tree.Rule, slots: Mapping[str, str]) -> Walked | None:
    """How far a rule got towards a conclusion with these words in its slots; None where it concludes nothing such."""
    memory, rules = WorkingMemory.of(facts), rules_of(program)
    best: tuple[Stop, tuple[Held, ...]] | None = None
    for assertion in rules.conclusions(rule):
        written = {slot.slot for slot in assertion.slots}
        given = seeds(assertion, [(slot, word) for slot, word in slots.items() if slot in written])
        if given is None:
            continue
        plan = rules.plan(rule, given)
        stop = reached(plan, memory, given)[0]
        told = []
        for place, condition in enumerate(plan.conditions):
            state: State = "held" if place < stop.held else "failed" if place == stop.held else "not asked"
            fact = ""
            if state == "held" and isinstance(condition, CompiledPattern):
                fact = _fact(condition, memory, stop)
            told.append(Held(" ".join(rule.words(condition.source).split()), state, fact))
        if best is None or stop.held > best[0].held:
            best = stop, tuple(told)
    if best is None:
        return None
    stop, conditions = best
    fired = stop.held == len(conditions)
    return Walked(conditions, sentence(rule, stop.bindings) if fired else "")


def _fact(pattern: CompiledPattern, memory: WorkingMemory, stop: Stop) -> str:
    """The fact that satisfies a pattern on the way that was taken."""
    members = iter(stop.members or ())
    for fact, new in pattern.satisfying(memory, stop.bindings):
        if all(stop.bindings.get(name, value) == value for name, value in new.items()):
            return fact.ref
    return next((fact.ref for fact in members), "")
