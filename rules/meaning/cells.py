"""The measures that proposals rest on, cut where rules compare them: what a gap is a region of.

A measure's values are counted in its quanta, from `low` to `high`. A cut is the first count behind a threshold, so that
between two cuts every comparison with a number that a rule writes has one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from knowledge.clips import tree
from knowledge.templates import Measure
from knowledge.values import text
from rules.meaning.ground import Ground, assertions_of, parts_of, walk
from rules.stages import patterns

Span = tuple[int, int]
"""The first and the last count of an interval."""
_BEFORE = ("<", ">=")
"""Comparisons that change their answer at the threshold itself; the others do behind it."""


@dataclass(frozen=True)
class Axis:
    """One measure: the template of its facts, and its cuts."""

    template: str
    measure: Measure
    cuts: tuple[int, ...]

    @property
    def name(self) -> str:
        """The measure's name."""
        return self.measure.name

    @cached_property
    def whole(self) -> Span:
        """All its counts."""
        quantum = Fraction(self.measure.quantum)
        return int(-(-Fraction(self.measure.low) // quantum)), int(Fraction(self.measure.high) // quantum)

    @cached_property
    def cells(self) -> tuple[Span, ...]:
        """Its intervals."""
        low, high = self.whole
        ends = [low, *self.cuts, high + 1]
        return tuple((first, after - 1) for first, after in pairwise(ends))

    def share(self, span: Span) -> Fraction:
        """How much of its range an interval is."""
        low, high = self.whole
        return Fraction(span[1] - span[0] + 1, high - low + 1)

    def in_words(self, span: Span) -> str:
        """An interval for a reader."""
        first, last = (text(Decimal(count) * self.measure.quantum) for count in span)
        low, high = self.whole
        if span[0] == span[1]:
            return f"{self.name} at {first}"
        if span[0] == low:
            return f"{self.name} at most {last}"
        return f"{self.name} at least {first}" if span[1] == high else f"{self.name} from {first} to {last}"


def axes(ground: Ground, goals: Sequence[str]) -> tuple[Axis, ...]:
    """The measures that rules read which lead to facts of these templates, in the order of the vocabulary."""
    cuts: dict[tuple[str, str], set[int]] = {}
    for rule in leading(ground, goals):
        read = dict(_read(ground, rule))
        for place in read.values():
            cuts.setdefault(place, set())
        for name, behind, threshold in _thresholds(rule):
            if name in read:
                template, measured = read[name]
                measure = ground.words.measure(template, measured)
                assert measure is not None
                steps = threshold / Fraction(measure.quantum)
                cuts[template, measured].add(int(steps // 1) + 1 if behind else int(-(-steps // 1)))
    found = []
    for template, shape in ground.words.templates.items():
        group = next((slot.measures for slot in shape.slots.values() if slot.measures), None)
        for name, measure in ground.words.measures[group].items() if group else ():
            if (template, name) in cuts:
                plain = Axis(template, measure, ())
                inside = sorted(one for one in cuts[template, name] if plain.whole[0] < one <= plain.whole[1])
                found.append(Axis(template, measure, tuple(inside)))
    return tuple(found)


def leading(ground: Ground, goals: Sequence[str]) -> tuple[tree.Rule, ...]:
    """The rules whose conclusions lead to facts of these templates, or stand in their way."""
    wanted = set(goals)
    while True:
        rules = [one for one in ground.program.rules if any(each.template in wanted for each in assertions_of(one))]
        read = {pattern.template for rule in rules for pattern, _ in patterns(rule.conditions)}
        if read <= wanted:
            return tuple(rules)
        wanted |= read


def _read(ground: Ground, rule: tree.Rule) -> Iterator[tuple[str, tuple[str, str]]]:
    """The variables of a rule that stand for a measure's value; a measure without one gets an empty name of its own."""
    for pattern, _ in patterns(rule.conditions):
        shape = ground.words.templates[pattern.template]
        value = next((slot for slot in shape.slots.values() if slot.by), None)
        named = next((one for one in pattern.slots if value is not None and one.slot == value.by), None)
        if value is None or named is None or not isinstance(named.constraint, tree.Value):
            continue
        if isinstance(named.constraint.term, tree.Literal):
            place = pattern.template, str(named.constraint.term.value)
            yield f" {place}", place
            for test in pattern.slots:
                for part in parts_of(test.constraint):
                    if (
                        test.slot == value.name
                        and isinstance(part, tree.Value)
                        and isinstance(part.term, tree.Variable)
                    ):
                        yield part.term.name, place


def _thresholds(rule: tree.Rule) -> Iterator[tuple[str, bool, Fraction]]:
    """Each comparison of a variable with a number: the variable, whether the answer changes behind it, the number."""
    for call in walk(rule.conditions):
        if isinstance(call, tree.Call) and call.function in ("<", "<=", ">", ">=", "=", "<>"):
            for one, other in zip(call.arguments, call.arguments[1:], strict=False):
                mirrored = isinstance(one, tree.Literal)
                name, number = (other, one) if mirrored else (one, other)
                if (
                    isinstance(name, tree.Variable)
                    and isinstance(number, tree.Literal)
                    and not isinstance(number.value, str)
                ):
                    before = call.function in ((">", "<=") if mirrored else _BEFORE)
                    threshold = Fraction(number.value)
                    if call.function in ("=", "<>") or before:
                        yield name.name, False, threshold
                    if call.function in ("=", "<>") or not before:
                        yield name.name, True, threshold


Box = Mapping[str, Span]
"""A region: an interval of each measure, by its name."""


def size(space: Sequence[Axis], box: Box) -> Fraction:
    """How much of the space a region is."""
    share = Fraction(1)
    for axis in space:
        share *= axis.share(box[axis.name])
    return share


def in_words(space: Sequence[Axis], box: Box) -> str:
    """A region for a reader: the measures that bound it."""
    bounded = [axis.in_words(box[axis.name]) for axis in space if box[axis.name] != axis.whole]
    return ", ".join(bounded) or "whatever the measures"
