"""Units: what is compared or added has one.

The unit of a number is that of its slot or measure. A constant has any, and so have products and quotients of two
units, which are not followed. A symbol that is a day or an instant has a unit as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from knowledge.clips.tree import Call, Expression, Literal, Node, Pattern, Rule, Value, Variable
from knowledge.templates import Slot, Vocabulary
from rules.findings import Finding
from rules.lints.catalogue import found
from rules.lints.parts import assertions, condition_parts, conjuncts
from rules.matching import measured

_ALIKE = {"<", "<=", ">", ">=", "=", "<>", "eq", "neq", "+", "-", "min", "max", "str-compare"}
"""Functions whose arguments are of one unit."""
_KEEPING = {"+", "-", "min", "max", "abs", "round", "integer", "float"}
"""Functions whose value has the unit of their arguments."""


def unit_findings(rule: Rule, source: str, slots: Mapping[str, Slot], words: Vocabulary) -> Iterator[Finding]:
    """Where a rule compares, adds or concludes numbers of different units."""
    for part in condition_parts(rule):
        if isinstance(part, Call):
            yield from _call(rule, source, part, slots)
        elif isinstance(part, Pattern):
            yield from _joined(rule, source, part, slots, words)
    for assertion in assertions(rule):
        shape = words.templates[assertion.template]
        for one in assertion.slots:
            yield from _inside(rule, source, one.value, slots)
            unit, wanted = _unit(one.value, slots), shape.slots[one.slot].unit
            if unit and wanted and unit != wanted:
                yield _mixed(rule, source, one.value, f"the slot `{one.slot}` holds {wanted}", unit)


def _inside(rule: Rule, source: str, value: Expression, slots: Mapping[str, Slot]) -> Iterator[Finding]:
    if isinstance(value, Call):
        yield from _call(rule, source, value, slots)
        for argument in value.arguments:
            yield from _inside(rule, source, argument, slots)


def _call(rule: Rule, source: str, call: Call, slots: Mapping[str, Slot]) -> Iterator[Finding]:
    if call.function not in _ALIKE:
        return
    known = [(argument, unit) for argument in call.arguments if (unit := _unit(argument, slots))]
    for argument, unit in known[1:]:
        if unit != known[0][1]:
            first = " ".join(rule.words(known[0][0]).split())
            yield _mixed(rule, source, argument, f"`{first}` is in {known[0][1]}", unit)


def _joined(
    rule: Rule, source: str, pattern: Pattern, slots: Mapping[str, Slot], words: Vocabulary
) -> Iterator[Finding]:
    """A variable that two slots of different units share."""
    shape = words.templates[pattern.template]
    for test in pattern.slots:
        unit = measured(words, pattern, shape.slots[test.slot]).unit
        for part in conjuncts(test.constraint):
            if isinstance(part, Value) and isinstance(part.term, Variable) and part.term.name in slots:
                other = slots[part.term.name].unit
                if unit and other and unit != other:
                    yield _mixed(rule, source, part.term, f"the slot `{test.slot}` holds {unit}", other)


def _mixed(rule: Rule, source: str, node: Node, sentence: str, unit: str) -> Finding:
    words = " ".join(rule.words(node).split())
    advice = "bring both to one unit first, or name the number that was meant"
    return found("R106", source, rule.file, node.at, f"{sentence}, but `{words}` is in {unit}", advice, rule.name)


def _unit(expression: Expression, slots: Mapping[str, Slot]) -> str:
    """The unit of a value; empty where it has any, or one that is not followed."""
    if isinstance(expression, Literal):
        return ""
    if isinstance(expression, Variable):
        return slots[expression.name].unit if expression.name in slots else ""
    units = [unit for one in expression.arguments if (unit := _unit(one, slots))]
    if expression.function in _KEEPING:
        return units[0] if units else ""
    if expression.function in ("*", "/") and len(units) == 1 and _scaled(expression):
        return units[0]
    return ""


def _scaled(call: Call) -> bool:
    """A number of some unit times constants, or over constants."""
    others = [one for one in call.arguments if not isinstance(one, Literal)]
    return len(others) == 1 and (call.function == "*" or others[0] is call.arguments[0])
