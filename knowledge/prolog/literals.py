"""Remarks on what a policy writes out: numbers beyond a slot's range, words nearly like others, days of no calendar.

A comparison is followed where its variable is a slot of a fact that the same clause asks for, and its other side a
number. A word counts as misspelt where it stands once in all policies and is nearly one that stands elsewhere, unless
the two differ in digits alone, as `group-1` and `group-2` do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from fractions import Fraction

from knowledge.faults import Fault
from knowledge.prolog.lint import ORDER, REQUIRED, Name, predicate
from knowledge.prolog.text import Clause, PolicyText, Tree
from knowledge.templates import Measure, Slot, Template, vocabulary
from knowledge.values import text as plain_text

_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\Z")
_Bound = Fraction | None
_Decided = Callable[[_Bound, _Bound, Fraction], bool]


def _outside(low: _Bound, high: _Bound, number: Fraction) -> bool:
    return (low is not None and number < low) or (high is not None and number > high)


def _nowhere(low: _Bound, high: _Bound, number: Fraction) -> bool:
    return False


_HOLDS: Mapping[str, tuple[_Decided, _Decided]] = {
    "<": (lambda low, high, n: high is not None and high < n, lambda low, high, n: low is not None and low >= n),
    "=<": (lambda low, high, n: high is not None and high <= n, lambda low, high, n: low is not None and low > n),
    ">": (lambda low, high, n: low is not None and low > n, lambda low, high, n: high is not None and high <= n),
    ">=": (lambda low, high, n: low is not None and low >= n, lambda low, high, n: high is not None and high < n),
    "=:=": (_nowhere, _outside),
    "=\\=": (_outside, _nowhere),
}
"""For each comparison with a number: when it always holds of a range, and when it never does."""
_TURNED = {"<": ">", ">": "<", "=<": ">=", ">=": "=<"}
NEAR = 0.87
"""How alike two words are that are taken for one."""


def literal_remarks(text: PolicyText) -> Iterator[Fault]:
    """Every remark on what stands written in the clauses."""
    templates = {predicate(name): shape for name, shape in vocabulary().templates.items()}
    for clause in text.clauses:
        yield from _beyond(clause, templates)
        yield from _days(clause)
    yield from _alike(text, templates)
    yield from _never_asked(text, templates)


def _beyond(clause: Clause, templates: Mapping[str, Template]) -> Iterator[Fault]:
    slots: dict[str, Slot | Measure] = {}
    for goal, _ in clause.goals():
        shape = templates.get(goal.value)
        if shape is not None and len(goal.args) == len(shape.slots):
            slots |= {one.value: slot for one, slot in _numbers(goal, shape) if one.kind == "variable"}
    for goal, _ in clause.goals():
        if goal.value not in ORDER or len(goal.args) != 2:
            continue
        for one, other, operator in (
            (*goal.args, goal.value),
            (*goal.args[::-1], _TURNED.get(goal.value, goal.value)),
        ):
            slot = slots.get(one.value) if one.kind == "variable" else None
            if slot is not None and (number := _number(other)) is not None:
                yield from _decided(clause, goal, one.value, slot, operator, number)


def _decided(
    clause: Clause, goal: Tree, name: str, slot: Slot | Measure, operator: str, number: Fraction
) -> Iterator[Fault]:
    low, high = (None if bound is None else Fraction(bound) for bound in (slot.low, slot.high))
    always, never = (decided(low, high, number) for decided in _HOLDS[operator])
    if always or never:
        bounds = [f"at least {plain_text(slot.low)}"] if slot.low is not None else []
        bounds += [f"at most {plain_text(slot.high)}"] if slot.high is not None else []
        what = f"`{clause.file.written(goal)}` {'always' if always else 'never'} holds"
        reason = f"`{name}`, a `{slot.name}`, is {' and '.join(bounds)}"
        yield clause.file.fault(goal, f"{what}: {reason}; correct the number", "P124")


def _numbers(goal: Tree, shape: Template) -> Iterator[tuple[Tree, Slot | Measure]]:
    """The arguments of a fact that are numbers, each with its slot, or the measure that the fact names."""
    order = list(shape.slots)
    for argument, slot in zip(goal.args, shape.slots.values(), strict=True):
        if slot.many or slot.type not in ("number", "integer"):
            continue
        named = goal.args[order.index(slot.by)] if slot.by else None
        measure = vocabulary().measure(shape.name, named.value) if named is not None and named.kind == "atom" else None
        yield argument, measure or slot


def _number(tree: Tree) -> Fraction | None:
    if tree.kind == "number":
        return Fraction(tree.value)
    if tree.name == ("-", 1) and tree.args[0].kind == "number":
        return -Fraction(tree.args[0].value)
    return None


def _days(clause: Clause) -> Iterator[Fault]:
    for part in clause.tree.walk():
        if part.kind == "atom" and _DAY.match(part.value) and not _is_day(part.value):
            message = f"`{clause.file.written(part)}` is no day, and days compare letter by letter; write `2012-06-07`"
            yield clause.file.fault(part, message, "P126")


def _is_day(word: str) -> bool:
    try:
        return date.fromisoformat(word).isoformat() == word
    except ValueError:
        return False


def _alike(text: PolicyText, templates: Mapping[str, Template]) -> Iterator[Fault]:
    atoms = [
        (clause, part)
        for clause in text.clauses
        for part in clause.tree.walk()
        if part.kind == "atom" and len(part.value) > 5 and not _DAY.match(part.value)
    ]
    count = Counter(part.value for _, part in atoms)
    declared = {word for shape in templates.values() for slot in shape.slots.values() for word in slot.allowed}
    if len(count) > MOST_WORDS:
        return
    seen: set[str] = set()
    for clause, part in atoms:
        word = part.value
        others = [one for one in count if _letters(one) != _letters(word) and (count[one] > 1 or one in seen)]
        near = get_close_matches(word, others, n=1, cutoff=NEAR) if count[word] == 1 and word not in declared else []
        if near:
            message = f"`{clause.file.written(part)}` stands nowhere else, and `{near[0]}` does; is that one meant?"
            yield clause.file.fault(part, message, "P125")
        seen.add(word)


def _never_asked(text: PolicyText, templates: Mapping[str, Template]) -> Iterator[Fault]:
    """Facts of the policies with a symbol that no clause asks them for: `trading(hlf)`, asked for a session."""
    asked: dict[tuple[Name, int], set[str] | None] = {}
    for clause in text.clauses:
        slots = _symbols(clause, templates)
        for goal, _ in clause.goals():
            for place, one in enumerate(goal.args):
                words = {one.value} if one.kind == "atom" else slots.get(one.value) if one.kind == "variable" else None
                before = asked.get((goal.name, place), set())
                asked[goal.name, place] = None if words is None or before is None else before | words
    for clause in text.clauses:
        stated = clause.body is None and clause.head.name not in REQUIRED  # the judge asks for those
        for place, one in enumerate(clause.head.args if stated else ()):
            words = asked.get((clause.head.name, place))
            if words and one.kind == "atom" and one.value not in words:
                listed = ", ".join(f"`{word}`" for word in sorted(words))
                message = f"`{clause.file.written(one)}` is never asked for here, only {listed}; write one of these"
                yield clause.file.fault(one, message, "P127")


def _symbols(clause: Clause, templates: Mapping[str, Template]) -> dict[str, set[str]]:
    """The variables of a clause that hold one of a closed list of symbols."""
    found: dict[str, set[str]] = {}
    for part in clause.tree.walk():
        shape = templates.get(part.value) if part.kind == "compound" else None
        if shape is not None and len(part.args) == len(shape.slots):
            for one, slot in zip(part.args, shape.slots.values(), strict=True):
                if one.kind == "variable" and one.value != "_" and slot.allowed and not slot.many:
                    found.setdefault(one.value, set(slot.allowed)).intersection_update(slot.allowed)
    return found


MOST_WORDS = 2_000
"""Words that are compared with each other."""


def _letters(word: str) -> str:
    return re.sub("[0-9]", "", word)
