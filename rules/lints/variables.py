"""Variables that are bound and never used, and comparisons with symbols that a slot never holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from knowledge.clips.tree import VARIABLE, AllOf, Call, Literal, Rule, SlotTest, Value, Variable
from knowledge.templates import Slot, Vocabulary
from rules.findings import Edit, Finding, Fix
from rules.lints.catalogue import found
from rules.lints.parts import binding_uses, bound_slots, condition_parts, variables
from rules.signatures import meant


def variable_findings(rule: Rule, source: str, words: Vocabulary) -> Iterator[Finding]:
    """Every finding about the variables of a sound rule in a file with this text."""
    yield from _unused(rule, source)
    slots = bound_slots(rule, words)
    for part in condition_parts(rule):
        if isinstance(part, Call) and part.function in ("eq", "neq"):
            yield from _never_equal(rule, source, part, slots, words)


def _unused(rule: Rule, source: str) -> Iterator[Finding]:
    uses = binding_uses(rule)
    everywhere = [one for one in condition_parts(rule) if isinstance(one, Variable)]
    concluded = {one.name for action in rule.actions for one in variables(action)}
    spoken = set(VARIABLE.findall(rule.sentence))
    count = Counter(one.name for one in everywhere)
    bound = Counter(one.name for one in everywhere if one.at.start in uses)
    for test in condition_parts(rule):
        if not isinstance(test, SlotTest):
            continue
        for one in variables(test):
            alone = count[one.name] == bound[one.name] and one.name not in concluded | spoken
            if one.at.start in uses and alone:
                yield found(
                    "R108",
                    source,
                    rule.file,
                    one.at,
                    f"`?{one.name}` is bound here and used nowhere",
                    "leave it out, or name it in the sentence",
                    rule.name,
                    _without(rule, source, test, one),
                )


def _without(rule: Rule, source: str, test: SlotTest, variable: Variable) -> Fix | None:
    """A slot without its variable, or a pattern without the slot: any value satisfies it as before."""
    constraint = test.constraint
    if isinstance(constraint, Value):
        start = test.at.start
        while start and source[start - 1] in " \t":
            start -= 1
        edit = Edit(rule.file, start, test.at.end, "")
        return Fix(f"leave out `({test.slot} ?{variable.name})`, which any value satisfies", (edit,))
    first = constraint.parts[0] if isinstance(constraint, AllOf) else None
    if isinstance(constraint, AllOf) and isinstance(first, Value) and first.term is variable:
        edit = Edit(rule.file, variable.at.start, constraint.parts[1].at.start, "")
        return Fix(f"leave out `?{variable.name}&`", (edit,))
    return None


def _never_equal(
    rule: Rule, source: str, call: Call, slots: Mapping[str, Slot], words: Vocabulary
) -> Iterator[Finding]:
    named = [one.name for one in call.arguments if isinstance(one, Variable) and one.name in slots]
    for literal in call.arguments:
        if not isinstance(literal, Literal) or literal.kind != "symbol":
            continue
        word = str(literal.value)
        for name in named:
            slot = slots[name]
            allowed = words.measures[slot.measures] if slot.measures else dict.fromkeys(slot.allowed)
            if allowed and word not in allowed:
                said = f"`?{name}` is never `{word}`, as the slot `{slot.name}` never holds it"
                advice = meant(word, allowed).removeprefix("; ") or "compare it with a symbol that the slot holds"
                yield found("R120", source, rule.file, literal.at, said, advice, rule.name)
