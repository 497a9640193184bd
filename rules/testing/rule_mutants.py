"""The mistakes one makes in a rule.

- *comparison*: the bound is let in or left out, or the sign turned round; `eq` and `neq`, `and` and `or` exchanged;
- *threshold*: a number moved by one step of what it is compared with, or by one of its own last digit;
- *dropped*: a condition, a slot of a pattern, a part joined by `&`, `|`, `and` or `or`, a conclusion among several;
- *negation*: `not` and `~` taken away, `exists` turned into `not`;
- *symbol*: another word that the slot may hold, another measure;
- *swapped*: two slots of a kind exchanged, or the operands of what is not symmetric;
- *arithmetic*: `+` and `-`, `*` and `/`, `min` and `max` exchanged.

Left out: saliences (the order of stages is checked when the rulebook loads, and decides nothing else), sentences, and
the order of words in `(< (str-compare …) 0)`, which only says that one set of facts is matched once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations

from knowledge.clips import tree
from knowledge.templates import Slot, vocabulary
from knowledge.values import plain
from rules.matching import slots_of
from rules.testing.mutants import Edit, Mutant

COMPARISONS = {
    ">=": (">", "<"), ">": (">=", "<="), "<=": ("<", ">"), "<": ("<=", ">="), "=": ("<>",), "<>": ("=",),
    "eq": ("neq",), "neq": ("eq",),
}  # fmt: skip
"""What a comparison is mistaken for: its bound, its direction."""
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "min": "max", "max": "min", "and": "or", "or": "and"}
ORDERED = ("-", "/", "str-compare")
"""Functions whose operands are no equals."""
MOST_SYMBOLS = 3
"""Other words tried for one."""


def rule_mutants(rule: tree.Rule) -> Iterator[Mutant]:
    """The mutants of a rule, with offsets in its file."""
    yield from _Mutating(rule).mutants()


class _Mutating:
    def __init__(self, rule: tree.Rule) -> None:
        self.rule = rule
        self.slots = slots_of(rule)
        self.templates = vocabulary().templates

    def mutants(self) -> Iterator[Mutant]:
        conditions = self.rule.conditions
        for condition in conditions:
            if len(conditions) > 1:
                yield self.dropped(condition, "the condition")
            yield from self.condition(condition)
        for action in self.rule.actions:
            assertions = action.assertions if isinstance(action, tree.Assert) else ()
            for assertion in assertions:
                if len(assertions) > 1:
                    yield self.dropped(assertion, "the conclusion")
                yield from self.assertion(assertion)

    # Conditions.

    def condition(self, condition: tree.Condition) -> Iterator[Mutant]:
        match condition:
            case tree.Pattern():
                yield from self.pattern(condition)
            case tree.Test():
                yield from self.call(condition.call)
            case tree.Not():
                inner = self.rule.words(condition.condition)
                yield self.made("negation", condition, inner, "`not` was taken away from `{}`", condition.condition)
                yield from self.condition(condition.condition)
            case tree.Exists():
                parts = " ".join(map(self.rule.words, condition.conditions))
                inner = f"(not (and {parts}))" if len(condition.conditions) > 1 else f"(not {parts})"
                yield self.made("negation", condition, inner, "`exists` became `not` in `{}`", condition)
                for part in condition.conditions:
                    yield from self.condition(part)
            case tree.Forall():
                for part in (condition.first, *condition.conditions):
                    yield from self.condition(part)
            case tree.And() | tree.Or():
                for part in condition.conditions:
                    yield from self.condition(part)

    def pattern(self, pattern: tree.Pattern) -> Iterator[Mutant]:
        shapes = self.templates[pattern.template].slots
        for one in pattern.slots:
            yield self.dropped(one, "the slot")
            yield from self.constraint(one.constraint, self.declared(pattern, shapes[one.slot]))
        for first, second in combinations(pattern.slots, 2):
            yield from self.swapped(first.constraint, second.constraint, shapes[first.slot], shapes[second.slot])

    def declared(self, pattern: tree.Pattern, slot: Slot) -> Slot:
        """The slot, with the step of the measure that the pattern names."""
        for one in pattern.slots if slot.by else ():
            if one.slot == slot.by and isinstance(one.constraint, tree.Value):
                name = one.constraint.term
                measure = vocabulary().measure(pattern.template, str(getattr(name, "value", "")))
                if measure is not None:
                    return Slot(slot.name, slot.type, measure.unit, measure.low, measure.high, measure.quantum)
        return slot

    def constraint(self, constraint: tree.Constraint, slot: Slot) -> Iterator[Mutant]:
        match constraint:
            case tree.Value(term=tree.Literal() as literal):
                yield from self.literal(literal, slot)
            case tree.Unlike():
                words = self.rule.words(constraint.part)
                yield self.made("negation", constraint, words, "`~` was taken away from `{}`", constraint)
                yield from self.constraint(constraint.part, slot)
            case tree.AllOf() | tree.AnyOf():
                mark = "&" if isinstance(constraint, tree.AllOf) else "|"
                for part in constraint.parts:
                    others = mark.join(self.rule.words(one) for one in constraint.parts if one is not part)
                    yield self.made("dropped", constraint, others, "`{}` was dropped", part)
                    yield from self.constraint(part, slot)
            case tree.Predicate():
                yield from self.call(constraint.test)
            case tree.Return():
                yield from self.call(constraint.call)

    # Expressions.

    def call(self, call: tree.Call) -> Iterator[Mutant]:
        words_only = any(isinstance(one, tree.Call) and one.function == "str-compare" for one in call.arguments)
        for other in COMPARISONS.get(call.function, ()):
            yield self.function(call, other, "comparison")
        if call.function in ARITHMETIC:
            kind = "comparison" if call.function in ("and", "or") else "arithmetic"
            yield self.function(call, ARITHMETIC[call.function], kind)
        if call.function in ("and", "or"):
            for part in call.arguments:
                others = [self.rule.words(one) for one in call.arguments if one is not part]
                left = others[0] if len(others) == 1 else f"({call.function} {' '.join(others)})"
                yield self.made("dropped", call, left, "`{}` was dropped", part)
        if call.function in ORDERED and len(call.arguments) == 2:
            first, second = call.arguments
            words = self.rule.words(call)
            swapped = f"({call.function} {self.rule.words(second)} {self.rule.words(first)})"
            if first != second:
                yield self.made("swapped", call, swapped, f"`{words}` became `{{}}`", None)
        for argument in call.arguments:
            if isinstance(argument, tree.Call):
                yield from self.call(argument)
            elif isinstance(argument, tree.Literal) and _is_number(argument) and not words_only:
                yield from self.number(argument, self.step(call, argument))

    def step(self, call: tree.Call, literal: tree.Literal) -> Decimal:
        """The step of what a number is compared with, where that is a variable; else one of its own last digit."""
        if call.function in COMPARISONS:
            steps = [_step(self.slots[name]) for one in call.arguments for name in _variables(one)
                     if name in self.slots]  # fmt: skip
            if steps:
                return min(steps)
        return self.last_digit(literal)

    def last_digit(self, literal: tree.Literal) -> Decimal:
        digits = self.rule.words(literal)
        return Decimal(1).scaleb(min(0, int(Decimal(digits).as_tuple().exponent)))

    def function(self, call: tree.Call, other: str, operator: str) -> Mutant:
        found = re.match(r"\(\s*", self.rule.words(call))
        assert found is not None
        start = call.at.start + found.end()
        sentence = f"`{call.function}` became `{other}` in `{self.shown(call)}`"
        return self.of(operator, call, (Edit(start, start + len(call.function), other),), sentence)

    def literal(self, literal: tree.Literal, slot: Slot) -> Iterator[Mutant]:
        if _is_number(literal):
            yield from self.number(literal, _step(slot))
        elif literal.kind == "symbol":
            known = list(vocabulary().measures[slot.measures] if slot.measures else slot.allowed)
            place = known.index(str(literal.value)) if literal.value in known else -1
            others = [*known[place + 1 :], *known[: max(place, 0)]]
            for other in others[: 1 if slot.measures else MOST_SYMBOLS]:
                yield self.made("symbol", literal, other, f"`{{}}` became `{other}`", literal)

    def number(self, literal: tree.Literal, step: Decimal) -> Iterator[Mutant]:
        if not isinstance(literal.value, int | Decimal):
            return
        for moved in (plain(literal.value + step), plain(literal.value - step)):
            digits = f"{moved:f}"
            if literal.kind == "float" and "." not in digits:
                digits += ".0"
            yield self.made("threshold", literal, digits, f"`{{}}` became `{digits}`", literal)

    # Conclusions.

    def assertion(self, assertion: tree.Assertion) -> Iterator[Mutant]:
        shapes = self.templates[assertion.template].slots
        for one in assertion.slots:
            slot = shapes[one.slot]
            if slot.name == "rule":
                continue
            if isinstance(one.value, tree.Call):
                yield from self.call(one.value)
            elif isinstance(one.value, tree.Literal) and one.value.kind == "symbol":
                yield from self.literal(one.value, slot)
            elif isinstance(one.value, tree.Literal) and _is_number(one.value):
                yield from self.number(one.value, self.last_digit(one.value))
        for first, second in combinations(assertion.slots, 2):
            yield from self.swapped(first.value, second.value, shapes[first.slot], shapes[second.slot])

    def swapped(self, first: tree.Node, second: tree.Node, one: Slot, other: Slot) -> Iterator[Mutant]:
        """Two slots that hold the same kind of thing, exchanged."""
        alike = (one.type, one.allowed, one.measures, one.unit) == (
            other.type,
            other.allowed,
            other.measures,
            other.unit,
        )
        mine, theirs = self.rule.words(first), self.rule.words(second)
        if alike and mine != theirs and "rule" not in (one.name, other.name):
            edits = (Edit(first.at.start, first.at.end, theirs), Edit(second.at.start, second.at.end, mine))
            yield self.of("swapped", first, edits, f"`{mine}` and `{theirs}` were swapped")

    # The mutant.

    def dropped(self, node: tree.Node, what: str) -> Mutant:
        return self.made("dropped", node, "", f"{what} `{{}}` was dropped", node)

    def made(self, operator: str, node: tree.Node, text: str, sentence: str, shown: tree.Node | None) -> Mutant:
        """`{}` in the sentence stands for the text of `shown`, or else for the new text."""
        words = text if shown is None else self.shown(shown)
        edits = (Edit(node.at.start, node.at.end, text), *self.unspoken(node, text))
        return self.of(operator, shown or node, edits, sentence.format(words))

    def unspoken(self, node: tree.Node, text: str) -> Iterator[Edit]:
        """The sentence without the variables that nothing binds any more: the mistake is in the rule, not in them."""
        rule, at = self.rule, self.rule.docstring_at
        start, end = (one - rule.at.start for one in (at.start, at.end))
        before, after = node.at.start - rule.at.start, node.at.end - rule.at.start
        left = set(tree.VARIABLE.findall(rule.text[end:before] + text + rule.text[after:]))
        for found in tree.VARIABLE.finditer(rule.text, start, end):
            if found[1] not in left:
                yield Edit(rule.at.start + found.start(), rule.at.start + found.start() + 1, "")

    def of(self, operator: str, node: tree.Node, edits: tuple[Edit, ...], sentence: str) -> Mutant:
        return Mutant(
            "rule", self.rule.name, operator, self.rule.file, node.at.line, node.at.column, sentence, edits
        )  # fmt: skip

    def shown(self, node: tree.Node) -> str:
        return " ".join(self.rule.words(node).split())


def _is_number(literal: tree.Literal) -> bool:
    return literal.kind in ("integer", "float")


def _step(slot: Slot) -> Decimal:
    return Decimal(1) if slot.type == "integer" else slot.quantum or Decimal("0.0001")


def _variables(expression: tree.Expression) -> Sequence[str]:
    if isinstance(expression, tree.Variable):
        return (expression.name,)
    if isinstance(expression, tree.Call):
        return [name for one in expression.arguments for name in _variables(one)]
    return ()
