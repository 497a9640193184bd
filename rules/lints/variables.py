"""Variables that are bound and never used, and symbols where a slot never holds them: compared, or concluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from knowledge.clips.tree import (
    VARIABLE,
    AllOf,
    AnyOf,
    Call,
    Constraint,
    Literal,
    Pattern,
    Rule,
    SlotTest,
    Unlike,
    Value,
    Variable,
)
from knowledge.templates import Slot, Vocabulary
from rules.findings import Edit, Finding, Fix
from rules.lints.catalogue import found
from rules.lints.parts import assertions, binding_uses, bound_slots, condition_parts, conjuncts, variables
from rules.signatures import meant


def variable_findings(rule: Rule, source: str, words: Vocabulary) -> Iterator[Finding]:
    """Every finding about the variables of a sound rule in a file with this text."""
    yield from _unused(rule, source)
    slots = bound_slots(rule, words)
    for part in condition_parts(rule):
        if isinstance(part, Call) and part.function in ("eq", "neq"):
            yield from _never_equal(rule, source, part, slots, words)
    for assertion in assertions(rule):
        for one in assertion.slots:
            slot = words.templates[assertion.template].slots[one.slot]
            if isinstance(one.value, Variable) and slot.allowed and not any(_tests(rule, one.value.name)):
                yield from _refused(rule, source, one.value, slot, slots.get(one.value.name))


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


def _tests(rule: Rule, name: str) -> Iterator[Call]:
    """Comparisons of words that may keep a variable from some of them."""
    for part in condition_parts(rule):
        if isinstance(part, Call) and part.function in ("eq", "neq") and name in {one.name for one in variables(part)}:
            yield part


def _refused(rule: Rule, source: str, value: Variable, slot: Slot, bound: Slot | None) -> Iterator[Finding]:
    """A conclusion with a symbol that the slot of the variable holds, and the slot of the conclusion never."""
    held = set(bound.allowed) if bound is not None else set()
    for condition in rule.conditions:
        if isinstance(condition, Pattern):
            for test in condition.slots:
                parts = conjuncts(test.constraint)
                if any(isinstance(one, Value) and one.term == value for one in parts):
                    held = {word for word in held if all(_may_be(one, word) for one in parts)}
    beyond = sorted(held - set(slot.allowed))
    if beyond:
        listed = " or ".join(f"`{word}`" for word in beyond)
        said = f"`?{value.name}` may be {listed}, which the slot `{slot.name}` never holds"
        advice = "such a conclusion leaves the whole cycle undetermined, so ask for the others: "
        advice += "&".join((f"`?{value.name}", "|".join(sorted(held & set(slot.allowed)) or slot.allowed))) + "`"
        yield found("R405", source, rule.file, value.at, said, advice, rule.name)


def _may_be(constraint: Constraint, word: str) -> bool:
    """Whether a constraint lets a symbol pass, as far as it names symbols."""
    match constraint:
        case Value(term=Literal(value=one)):
            return one == word
        case Unlike(part=Value(term=Literal(value=one))):
            return one != word
        case AnyOf(parts=parts):
            return any(_may_be(one, word) for one in parts)
        case _:
            return True
