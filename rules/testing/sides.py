"""The comparisons of a rule, and which side of each some facts show.

A comparison shows a side only where it decides, all else being as it is: the side *true* in a match that would be none
if it were false, the side *false* in what would be a match if it were true (modified condition/decision coverage in
its unique-cause form: Chilenski, Miller, "Applicability of modified condition/decision coverage to software testing",
1994). Beneath `not` a match is what is in the way. So a case of three conditions that fail at once shows no side.

Left out: comparisons under several `not` or `exists`, one in another, which are taken as the innermost shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from knowledge.clips import tree
from rules.arithmetic import Bindings, Term, Unanswerable, evaluation, test
from rules.conditions import Compiled, CompiledGroup, WorkingMemory, compiled, conjunction
from rules.matching import slots_of

COMPARISONS = ("<", "<=", ">", ">=", "=", "<>")
MOST_MATCHES = 2_000
"""Matches of one rule that are looked at, in the order of the facts."""
_NOWHERE = tree.Place(1, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """One observation: the side, and how far apart the two numbers were; None where words were compared."""

    is_true: bool
    value: Fraction | None
    apart: Fraction | None


@dataclass(frozen=True, eq=False)
class Side:
    """A comparison of a rule."""

    rule: tree.Rule
    call: tree.Call
    group: tree.Not | tree.Exists | tree.Forall | None
    """The condition that holds it inside, where its variables have values there alone."""

    @property
    def words(self) -> str:
        """The text of the comparison."""
        return " ".join(self.rule.words(self.call).split())

    @property
    def unit(self) -> str:
        """The unit of what is compared; empty where it has none."""
        slots = slots_of(self.rule)
        return next((slots[name].unit for name in _variables(self.call) if name in slots), "")

    @cached_property
    def _taken(self) -> dict[bool, tuple[Compiled, ...]]:
        return {
            truth: compiled(replace(self.rule, conditions=_taken_for(self.rule.conditions, self.call, truth)))
            for truth in (True, False)
        }

    def shown(self, memory: WorkingMemory) -> Iterator[Shown]:
        """Every side that the facts show."""
        true, false = (_matches(self._taken[truth], memory) for truth in (True, False))
        negative = isinstance(self.group, tree.Not | tree.Forall)
        more, fewer = (false, true) if negative else (true, false)
        undecided = {frozenset(match.items()) for match in fewer}
        for match in more:
            if frozenset(match.items()) not in undecided:
                yield from self._seen(match) if self.group is None else self._inside(match, memory)

    def _inside(self, match: Bindings, memory: WorkingMemory) -> Iterator[Shown]:
        """The same for a comparison whose variables have values inside of a group only: one that is true settles it."""
        place = next(at for at, one in enumerate(self.rule.conditions) if one is self.group)
        group = self._taken[True][place]
        assert isinstance(group, CompiledGroup)
        found = [shown for inner in conjunction(group.parts, memory, match) for shown in self._seen(inner)]
        settled = any(shown.is_true for shown in found)
        yield from (shown for shown in found if shown.is_true is settled)

    def _seen(self, bindings: Bindings) -> Iterator[Shown]:
        try:
            holds = test(self.call)(bindings)
            values: list[Term] = [evaluation(one)(bindings) for one in self.call.arguments]
        except (Unanswerable, KeyError):
            return
        if len(values) != 2 or any(isinstance(one, str) for one in values) or _is_of_words(self.call):
            yield Shown(holds, None, None)
            return
        first, second = (Fraction(one) for one in values)
        mine = second if isinstance(self.call.arguments[0], tree.Literal) else first
        yield Shown(holds, mine, abs(first - second))


def sides(rule: tree.Rule) -> list[Side]:
    """The comparisons of a rule's conditions, in order."""
    found = []
    for condition in rule.conditions:
        group = condition if isinstance(condition, tree.Not | tree.Exists | tree.Forall) else None
        for call in _calls(condition):
            if call.function in COMPARISONS:
                found.append(Side(rule, call, group))
    return found


def _matches(conditions: Sequence[Compiled], memory: WorkingMemory) -> list[Bindings]:
    found = []
    for match in conjunction(conditions, memory, {}):
        found.append(match)
        if len(found) == MOST_MATCHES:
            break
    return found


def _taken_for(node: Any, call: tree.Call, truth: bool) -> Any:  # noqa: ANN401 - every kind of node, as it came
    """The tree with one comparison replaced by what is always true, or never."""
    if node is call:
        one = tree.Literal("integer", 1, _NOWHERE)
        return tree.Call("=" if truth else "<>", (one, one), call.at)
    if isinstance(node, tuple):
        return tuple(_taken_for(one, call, truth) for one in node)
    if is_dataclass(node) and not isinstance(node, type | tree.Place):
        changes = {one.name: _taken_for(getattr(node, one.name), call, truth) for one in fields(node)}
        if all(changes[name] is getattr(node, name) for name in changes):
            return node
        return replace(node, **changes)
    return node


def _calls(node: object) -> Iterator[tree.Call]:
    if isinstance(node, tree.Call):
        yield node
    if isinstance(node, tuple):
        for one in node:
            yield from _calls(one)
    elif is_dataclass(node) and not isinstance(node, type | tree.Place):
        for one in fields(node):
            yield from _calls(getattr(node, one.name))


def _variables(expression: tree.Expression) -> Iterator[str]:
    if isinstance(expression, tree.Variable):
        yield expression.name
    elif isinstance(expression, tree.Call):
        for argument in expression.arguments:
            yield from _variables(argument)


def _is_of_words(call: tree.Call) -> bool:
    return any(isinstance(one, tree.Call) and one.function == "str-compare" for one in call.arguments)
