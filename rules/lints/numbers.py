"""Numbers: thresholds that decide nothing, digits below the grid, equality, units, conclusions that are refused.

A range is what `knowledge/templates.yaml` declares of a slot or measure. That a comparison always or never holds is
claimed only where no value inside the ranges says otherwise (`rules.lints.ranges`).
Left out: what follows from several conditions together; that is the meaning's (`rules.meaning`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from knowledge.clips.tree import Call, Expression, Literal, Node, Pattern, Rule, Unlike, Value, Variable
from knowledge.templates import Slot, Vocabulary
from knowledge.values import text
from rules.findings import Edit, Finding, Fix
from rules.lints.catalogue import found
from rules.lints.parts import assertions, binding_uses, bound_slots, condition_parts, conjuncts
from rules.lints.ranges import ANY, of_expression, of_slot, verdict
from rules.lints.units import unit_findings
from rules.matching import measured

_ORDER = {"<": ROUND_CEILING, "<=": ROUND_FLOOR, ">": ROUND_FLOOR, ">=": ROUND_CEILING}
"""To which side a threshold moves so that the same numbers of the grid pass, where the variable stands first."""
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def number_findings(rule: Rule, source: str, words: Vocabulary) -> Iterator[Finding]:
    """Every finding about the numbers of a sound rule in a file with this text."""
    slots = bound_slots(rule, words)
    uses = binding_uses(rule)
    for part in condition_parts(rule):
        if isinstance(part, Call):
            yield from _comparison(rule, source, part, slots)
        elif isinstance(part, Pattern):
            yield from _pattern(rule, source, part, uses, words)
    for assertion in assertions(rule):
        shape = words.templates[assertion.template]
        for one in assertion.slots:
            yield from _conclusion(rule, source, one.value, shape.slots[one.slot], slots)
    yield from unit_findings(rule, source, slots, words)


def _comparison(rule: Rule, source: str, call: Call, slots: Mapping[str, Slot]) -> Iterator[Finding]:
    answer = verdict(call, slots)
    if answer is not None:
        always = "always holds" if answer else "never holds"
        known = [one for one in _variables(call) if one.name in slots and of_slot(slots[one.name]) != ANY]
        about = " and ".join(dict.fromkeys(_declared(one, slots) for one in known))
        yield found(
            "R401",
            source,
            rule.file,
            call.at,
            f"`{_line(rule.words(call))}` {always}{': ' if about else ''}{about}",
            "correct the threshold" if not answer else "correct the threshold, or leave the test out",
            rule.name,
        )
    elif call.function in ("=", "<>", "eq", "neq") and any(_is_measured(one, slots) for one in call.arguments):
        yield _equality(rule, source, call, f"`{_line(rule.words(call))}` compares numbers for equality")
    elif call.function in _ORDER and len(call.arguments) == 2:
        for literal, other, operator in (
            (call.arguments[1], call.arguments[0], call.function),
            (call.arguments[0], call.arguments[1], _FLIPPED[call.function]),
        ):
            if isinstance(literal, Literal) and isinstance(other, Variable) and other.name in slots:
                yield from _grid(rule, source, literal, slots[other.name], operator)


def _pattern(rule: Rule, source: str, pattern: Pattern, uses: frozenset[int], words: Vocabulary) -> Iterator[Finding]:
    shape = words.templates[pattern.template]
    for test in pattern.slots:
        slot = measured(words, pattern, shape.slots[test.slot])
        if slot.type not in ("number", "integer"):
            continue
        for part in conjuncts(test.constraint):
            term = part.part.term if isinstance(part, Unlike) and isinstance(part.part, Value) else None
            term = part.term if isinstance(part, Value) else term
            if isinstance(term, Literal) and not isinstance(term.value, str):
                yield from _asked_value(rule, source, term, slot)
            elif isinstance(term, Variable) and slot.type == "number" and term.at.start not in uses:
                said = f"`?{term.name}` asks the slot `{slot.name}` for a number equal to another one"
                yield _equality(rule, source, term, said)


def _asked_value(rule: Rule, source: str, literal: Literal, slot: Slot) -> Iterator[Finding]:
    assert not isinstance(literal.value, str)
    if Fraction(literal.value) not in of_slot(slot):
        said = f"`{slot.name}` is never {rule.words(literal)}: it {_between(slot)}"
        yield found("R401", source, rule.file, literal.at, said, "correct the value", rule.name)
    elif slot.type == "number":
        said = f"`{rule.words(literal)}` asks the slot `{slot.name}` for one number exactly"
        yield _equality(rule, source, literal, said)


def _equality(rule: Rule, source: str, node: Node, sentence: str) -> Finding:
    advice = "a measured number is rarely equal to anything, so ask for `>=`, `<=`, or a band of both"
    return found("R402", source, rule.file, node.at, sentence, advice, rule.name)


def _grid(rule: Rule, source: str, literal: Literal, slot: Slot, operator: str) -> Iterator[Finding]:
    if slot.quantum is None or not isinstance(literal.value, Decimal) or not literal.value % slot.quantum:
        return
    steps = (literal.value / slot.quantum).to_integral_value(_ORDER[operator])
    nearest = text(steps * slot.quantum)
    nearest = nearest if "." in nearest else f"{nearest}.0"
    fix = Fix(f"write `{nearest}`, which lets the same numbers pass", (_put(rule, literal, nearest),))
    said = f"`{slot.name}` comes in steps of {text(slot.quantum)}, and {rule.words(literal)} lies between two of them"
    yield found("R403", source, rule.file, literal.at, said, f"write `{nearest}`", rule.name, fix)


def _conclusion(rule: Rule, source: str, value: Expression, slot: Slot, slots: Mapping[str, Slot]) -> Iterator[Finding]:
    if slot.type not in ("number", "integer") or not of_expression(value, slots).apart(of_slot(slot)):
        return
    said = f"`{_line(rule.words(value))}` is never a `{slot.name}`: it {_between(slot)}"
    advice = "such a conclusion leaves the whole cycle undetermined, so correct it"
    yield found("R404", source, rule.file, value.at, said, advice, rule.name)


def _is_measured(expression: Expression, slots: Mapping[str, Slot]) -> bool:
    if isinstance(expression, Variable):
        return expression.name in slots and slots[expression.name].type == "number"
    if isinstance(expression, Literal):
        return False
    return expression.function in ("/", "float") or any(_is_measured(one, slots) for one in expression.arguments)


def _variables(call: Call) -> Iterator[Variable]:
    for argument in call.arguments:
        if isinstance(argument, Variable):
            yield argument
        elif isinstance(argument, Call):
            yield from _variables(argument)


def _declared(variable: Variable, slots: Mapping[str, Slot]) -> str:
    return f"`?{variable.name}`, a `{slots[variable.name].name}`, {_between(slots[variable.name])}"


def _between(slot: Slot) -> str:
    """`lies between 0 and 100 (index points)`."""
    low, high = (None if bound is None else text(bound) for bound in (slot.low, slot.high))
    unit = f" ({slot.unit})" if slot.unit else ""
    if low is not None and high is not None:
        return f"lies between {low} and {high}{unit}"
    return f"is at least {low}{unit}" if low is not None else f"is at most {high}{unit}"


def _put(rule: Rule, node: Node, words: str) -> Edit:
    return Edit(rule.file, node.at.start, node.at.end, words)


def _line(words: str) -> str:
    return " ".join(words.split())
