"""What is built in CLIPS from the vocabulary and a program: templates, two functions of our own, and the rules.

Rules keep their exact source; three insertions make what they conclude exact and traceable, and change no meaning:

- a number going into a slot is brought to the slot's quantum *inside* working memory, so that rules downstream compare
  the same digits that the record shows (binary arithmetic alone leaves a rest: 0.1 + 0.2 is not 0.3);
- the argument of `round` and `integer` must be one they can take: beyond 64 bits C answers with garbage;
- each firing reports itself: its rule, the facts its patterns matched and those it concluded, also where a fact was
  known already and the engine would say nothing. One line for each: to write costs more than to infer.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from knowledge.clips.tree import (
    AllOf,
    AnyOf,
    Assert,
    Call,
    Condition,
    Constraint,
    Expression,
    Forall,
    Not,
    Pattern,
    Predicate,
    Return,
    Rule,
    Test,
    Unlike,
)
from knowledge.templates import Slot, Template, Vocabulary

CONCLUSIONS = "conclusions"
"""The router that firings report to; `knowledge.clips.trace` reads it."""

_TYPES = {"number": "FLOAT", "integer": "INTEGER", "symbol": "SYMBOL", "text": "STRING"}

FUNCTIONS = (
    # NaN is both below and above zero for CLIPS; what is no number of reasonable size stops the run with a complaint.
    """(deffunction warrant-countable (?x)
  (if (and (< ?x 9.0e15) (> ?x -9.0e15) (not (and (< ?x 0) (> ?x 0)))) then ?x
   else (printout stderr "the number " ?x " is too large to be rounded" crlf) (halt) 0.0))""",
    """(deffunction warrant-grid (?x ?scale)
  (/ (round (warrant-countable (* ?x ?scale))) ?scale))""",
    f"""(deffunction warrant-report ($?what)
  (printout {CONCLUSIONS} (str-cat (implode$ ?what) "\n")))""",
)
"""Functions of our own, in the order they are built."""


def deftemplate(template: Template) -> str:
    """The CLIPS text of a declared template: typed slots, none with a default."""
    slots = " ".join(
        f"({'multislot' if slot.many else 'slot'} {slot.name} (type {_TYPES[slot.type]}) (default ?NONE))"
        for slot in template.slots.values()
    )
    return f"(deftemplate {template.name} {slots})"


def defrule(rule: Rule, words: Vocabulary) -> str:
    """The CLIPS text of a rule: its source with the insertions above. Raises `KeyError` on an unknown slot."""
    edits = [edit for condition in rule.conditions for edit in _in_condition(condition, 0)]
    report = [rule.name]
    for place, condition in enumerate(rule.conditions):
        if isinstance(condition, Pattern):
            address = condition.address or f"warrant-{place}"
            report.append(f"(fact-index ?{address})")
            if condition.address is None:
                edits.append((condition.at.start, 0, f"?{address} <- "))
    begun = f"(warrant-report {' '.join(report)}"
    if not (rule.actions and isinstance(rule.actions[0], Assert)):
        edits.append((rule.actions[0].at.start if rule.actions else rule.at.end - 1, 0, f"{begun}) "))
        begun = _FURTHER
    for action in rule.actions:
        if isinstance(action, Assert):
            edits += _in_assert(action, words, begun)
            begun = _FURTHER
        else:
            edits += _in_expression(action, 0)
    text, last = [], 0
    for position, _, piece in sorted(edits):
        text += [rule.text[last : position - rule.at.start], piece]
        last = position - rule.at.start
    return "".join((*text, rule.text[last:]))


_Edit = tuple[int, int, str]
"""Position, rank among the edits there, text. What closes comes before what opens, inner closes before outer."""


def _wrap(start: int, end: int, depth: int, before: str, after: str) -> tuple[_Edit, _Edit]:
    return (start, depth, before), (end, -1000 - depth, after)


def _in_condition(condition: Condition, depth: int) -> Iterator[_Edit]:
    match condition:
        case Pattern():
            for slot in condition.slots:
                yield from _in_constraint(slot.constraint, depth + 1)
        case Not():
            yield from _in_condition(condition.condition, depth + 1)
        case Test():
            yield from _in_expression(condition.call, depth + 1)
        case Forall():
            for part in (condition.first, *condition.conditions):
                yield from _in_condition(part, depth + 1)
        case _:
            for part in condition.conditions:
                yield from _in_condition(part, depth + 1)


def _in_constraint(constraint: Constraint, depth: int) -> Iterator[_Edit]:
    match constraint:
        case Predicate():
            yield from _in_expression(constraint.test, depth + 1)
        case Return():
            yield from _in_expression(constraint.call, depth + 1)
        case Unlike():
            yield from _in_constraint(constraint.part, depth + 1)
        case AllOf() | AnyOf():
            for part in constraint.parts:
                yield from _in_constraint(part, depth + 1)


def _in_expression(expression: Expression, depth: int) -> Iterator[_Edit]:
    if not isinstance(expression, Call):
        return
    for argument in expression.arguments:
        if expression.function in ("round", "integer"):
            yield from _wrap(argument.at.start, argument.at.end, depth + 1, "(warrant-countable ", ")")
        yield from _in_expression(argument, depth + 2)


_FURTHER = "(warrant-report 0"
"""How a report goes on; no fact has this index."""


def _in_assert(action: Assert, words: Vocabulary, begun: str) -> Iterator[_Edit]:
    """`(assert A B)` becomes `(warrant-report … (fact-index (assert A)) …)`, numbers on their grid."""
    yield from _wrap(action.at.start, action.at.end, 0, f"{begun} (fact-index ", "))")
    for place, assertion in enumerate(action.assertions):
        if place:
            yield assertion.at.start, 0, ")) (fact-index (assert "
        for slot in assertion.slots:
            shape = words.templates[assertion.template].slots[slot.slot]
            if shape.type == "number":
                yield from _wrap(slot.value.at.start, slot.value.at.end, 2, "(warrant-grid ", f" {_scale(shape)})")
            yield from _in_expression(slot.value, 3)


def _scale(slot: Slot) -> str:
    """The number of quanta in 1, as a CLIPS float. It must be whole: then dividing by it rounds correctly."""
    assert slot.quantum is not None, f"a slot with a measure is not concluded by rules: {slot.name}"
    scale = Decimal(1) / slot.quantum
    assert scale == scale.to_integral_value(), f"the quantum of {slot.name} must divide 1"
    return f"{scale:f}.0"
