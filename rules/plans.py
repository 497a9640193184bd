"""Rules prepared for questions that run backwards: who concludes what, and a rule's conditions once its conclusion is
known in part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from knowledge.clips import tree
from knowledge.clips.asked import symbols_of
from knowledge.facts import Single, Value
from knowledge.templates import Slot, vocabulary
from rules.arithmetic import Term
from rules.conditions import Compiled, compiled
from rules.matching import slots_of
from rules.stages import patterns

SILENT = {"advisory": "abstention"}
"""Where a missing fact has a template that says why."""


@dataclass(frozen=True, slots=True)
class Count:
    """A run of patterns that stands for "at least `needed` facts of `template` that agree".

    `shared` are the slots (with their variables) in which they agree, `slot` the one that tells them apart.
    """

    template: str
    needed: int
    slot: str
    shared: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule's conditions, compiled for what is known beforehand; counts by the place where they start."""

    rule: tree.Rule
    conditions: tuple[Compiled, ...]
    counts: Mapping[int, Count]
    slots: Mapping[str, Slot]


@dataclass(frozen=True, slots=True)
class Approach:
    """A rule that may have concluded what is asked for in some slots, and what its variables must be then.

    Slots are places in the question: those that the rule writes a word into, and those that it fills from a variable.
    """

    plan: Plan
    words: tuple[tuple[int, Single], ...]
    variables: tuple[tuple[str, int], ...]
    alike: tuple[tuple[int, int], ...]
    """Places that one variable fills."""

    def given(self, values: Sequence[Term]) -> dict[str, Term] | None:
        """What the variables are where the slots hold these values; None where they can not."""
        for place, word in self.words:
            if values[place] != word:
                return None
        for place, other in self.alike:
            if values[place] != values[other]:
                return None
        return {name: values[place] for name, place in self.variables}


class Rules:
    """The rules of a program by what they conclude, with the plans made so far."""

    def __init__(self, program: tree.Program) -> None:
        self._words = vocabulary()
        self._concluding: dict[str, list[tuple[tree.Rule, tree.Assertion]]] = {}
        for rule in program.rules:
            for assertion in self.conclusions(rule):
                self._concluding.setdefault(assertion.template, []).append((rule, assertion))
        self._plans: dict[tuple[str, frozenset[str]], Plan] = {}
        self._approaches: dict[tuple[str, tuple[str, ...]], tuple[Approach, ...]] = {}
        self._symbols: dict[tuple[str, tuple[str, ...]], tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._about: dict[tuple[str, tuple[str, ...]], tuple[tuple[int, ...], tuple[int, ...]]] = {}
        # By the assertion itself, which lives as long as the program that is asked about.
        self._sources: dict[tuple[str, int, str], tuple[tuple[str, str], ...]] = {}

    def concluding(self, template: str) -> Sequence[tuple[tree.Rule, tree.Assertion]]:
        """The rules that conclude a template, in the order of the program."""
        return self._concluding.get(template, ())

    @staticmethod
    def conclusions(rule: tree.Rule) -> Sequence[tree.Assertion]:
        """What a rule asserts, in order."""
        return [one for action in rule.actions if isinstance(action, tree.Assert) for one in action.assertions]

    def plan(self, rule: tree.Rule, given: Iterable[str]) -> Plan:
        """The rule's plan for bindings that hold the variables of `given`."""
        asked = rule.name, frozenset(given)
        if asked not in self._plans:
            self._plans[asked] = Plan(rule, compiled(rule, asked[1]), dict(_counts(rule)), slots_of(rule))
        return self._plans[asked]

    def approaches(self, template: str, slots: tuple[str, ...]) -> Sequence[Approach]:
        """How each rule that concludes a template may come to these slots, in the order of the program."""
        asked = template, slots
        if asked not in self._approaches:
            self._approaches[asked] = tuple(
                self._approach(rule, assertion, slots) for rule, assertion in self.concluding(template)
            )
        return self._approaches[asked]

    def _approach(self, rule: tree.Rule, assertion: tree.Assertion, slots: tuple[str, ...]) -> Approach:
        written = {slot.slot: slot.value for slot in assertion.slots}
        words: list[tuple[int, Single]] = []
        places: dict[str, int] = {}
        alike: list[tuple[int, int]] = []
        for place, slot in enumerate(slots):
            expression = written.get(slot)
            if isinstance(expression, tree.Literal):
                words.append((place, expression.value))
            elif isinstance(expression, tree.Variable) and places.setdefault(expression.name, place) != place:
                alike.append((place, places[expression.name]))
        return Approach(self.plan(rule, places), tuple(words), tuple(places.items()), tuple(alike))

    @cached_property
    def templates(self) -> frozenset[str]:
        """Whose facts a question may look at: what conditions name, what rules conclude, and why a fact is silent."""
        read = {pattern.template for found in self._concluding.values() for rule, _ in found
                for pattern, _ in patterns(rule.conditions)}  # fmt: skip
        return frozenset(read | self._concluding.keys() | set(SILENT.values()))

    @cached_property
    def named(self) -> Mapping[str, tuple[int, frozenset[str]]]:
        """Templates of which a question looks only at facts with one of some words in a slot that identifies them.

        That slot's place and the words. Not where the facts tell which ones a rule might have counted.
        """
        every = [pattern for found in self._concluding.values() for rule, _ in found
                 for pattern, _ in patterns(rule.conditions)]  # fmt: skip
        counted = {count.template for found in self._concluding.values() for rule, _ in found
                   for _, count in _counts(rule)}  # fmt: skip
        sources = {pattern.template for name in counted for rule, _ in self.concluding(name)
                   for pattern, _ in patterns(rule.conditions)}  # fmt: skip
        found: dict[str, tuple[int, frozenset[str]]] = {}
        for template in self.templates - self._concluding.keys() - set(SILENT.values()) - sources:
            own = [pattern for pattern in every if pattern.template == template]
            for place, slot in enumerate(self._words.templates[template].slots):
                if slot in self.key(template):
                    words = [some for pattern in own for test in pattern.slots
                             if test.slot == slot and (some := symbols_of(test.constraint)) is not None]  # fmt: skip
                    if len(words) == len(own):
                        found[template] = place, frozenset().union(*words)
        return found

    @cached_property
    def deepest(self) -> int | None:
        """How many rules may stand behind one another for a conclusion; None where some conclusion leads to itself."""
        needs = {
            template: {
                pattern.template for rule, _ in found for pattern, _ in patterns(rule.conditions)
            } & self._concluding.keys()
            for template, found in self._concluding.items()
        }  # fmt: skip
        found: dict[str, int] = {}
        while len(found) < len(needs):
            known = {name: 1 + max((found[one] for one in below), default=0) for name, below in needs.items()
                     if name not in found and below <= found.keys()}  # fmt: skip
            if not known:
                return None
            found |= known
        return max(found.values(), default=0)

    def key(self, template: str) -> tuple[str, ...]:
        """The slots that identify a fact."""
        return self._words.templates[template].key

    def words(self, template: str, slots: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Which of these slots hold symbols, and the places of those in their template."""
        asked = template, slots
        if asked not in self._symbols:
            shape = self._words.templates[template].slots
            symbols = tuple(at for at, slot in enumerate(slots) if shape[slot].type == "symbol")
            self._symbols[asked] = symbols, tuple(list(shape).index(slots[at]) for at in symbols)
        return self._symbols[asked]

    def about(self, template: str, slots: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The same of those slots that identify a fact."""
        asked = template, slots
        if asked not in self._about:
            places = tuple(at for at, slot in enumerate(slots) if slot in self.key(template))
            among, positions = self.words(template, tuple(slots[at] for at in places))
            self._about[asked] = tuple(places[at] for at in among), positions
        return self._about[asked]

    def sources(self, rule: tree.Rule, assertion: tree.Assertion, slot: str) -> Sequence[tuple[str, str]]:
        """The template and slot of each pattern that gives an asserted slot its value."""
        asked = rule.name, id(assertion), slot
        if asked not in self._sources:
            self._sources[asked] = tuple(self._found_sources(rule, assertion, slot))
        return self._sources[asked]

    def _found_sources(self, rule: tree.Rule, assertion: tree.Assertion, slot: str) -> Iterator[tuple[str, str]]:
        value = next((one.value for one in assertion.slots if one.slot == slot), None)
        for pattern in rule.conditions:
            if isinstance(pattern, tree.Pattern) and isinstance(value, tree.Variable):
                for test in pattern.slots:
                    if value.name in _named(test.constraint):
                        yield pattern.template, test.slot


_MOST_KEPT = 4
_kept: list[tuple[tree.Program, Rules]] = []


def rules_of(program: tree.Program) -> Rules:
    """The program's rules; prepared once for each of the last few programs."""
    for known, rules in _kept:
        if known is program:
            return rules
    rules = Rules(program)
    _kept.insert(0, (program, rules))
    del _kept[_MOST_KEPT:]
    return rules


def seeds(assertion: tree.Assertion, known: Iterable[tuple[str, Term | Value]]) -> dict[str, Term] | None:
    """What a rule's variables must be for its assertion to have these slots; None where it can not."""
    written = {slot.slot: slot.value for slot in assertion.slots}
    given: dict[str, Term] = {}
    for slot, value in known:
        expression = written.get(slot)
        if isinstance(expression, tree.Variable):
            if given.setdefault(expression.name, value) != value:  # type: ignore[arg-type]  # rules conclude no lists
                return None
        elif isinstance(expression, tree.Literal) and expression.value != value:
            return None
    return given


def _counts(rule: tree.Rule) -> Iterator[tuple[int, Count]]:
    at = 0
    while at < len(rule.conditions):
        run = list(_run(rule.conditions[at:]))
        first = rule.conditions[at]
        if len(run) > 1 and isinstance(first, tree.Pattern):
            others = [{test.slot: _term(test)[0] for test in pattern.slots} for pattern in run[1:]]
            shared = tuple(
                (test.slot, term.name)
                for test in first.slots
                if isinstance(term := _term(test)[0], tree.Variable) and all(one[test.slot] == term for one in others)
            )
            ordered = next(test.slot for test in run[1].slots if _term(test)[1])
            yield at, Count(first.template, len(run), ordered, shared)
        at += max(1, len(run))


def _run(conditions: Sequence[tree.Condition]) -> Iterator[tree.Pattern]:
    """The first pattern, and those after it that differ only by variables of their own and stand in order after it."""
    before: tree.Pattern | None = None
    for condition in conditions:
        if not isinstance(condition, tree.Pattern) or (before is not None and not _follows(before, condition)):
            return
        yield condition
        before = condition


def _follows(before: tree.Pattern, after: tree.Pattern) -> bool:
    one = {test.slot: _term(test) for test in before.slots}
    other = {test.slot: _term(test) for test in after.slots}
    if before.template != after.template or one.keys() != other.keys():
        return False
    ordered = [slot for slot, (_, order) in other.items() if order]
    if len(ordered) != 1 or other[ordered[0]][1] != (one[ordered[0]][0], other[ordered[0]][0]):
        return False
    pairs = [(one[slot][0], other[slot][0]) for slot in one]
    return all(
        first is not None
        and (first == second or (isinstance(first, tree.Variable) and isinstance(second, tree.Variable)))
        for first, second in pairs
    )


def _term(test: tree.SlotTest) -> tuple[tree.Literal | tree.Variable | None, tuple[tree.Expression, ...]]:
    """The value a slot asks for, and the two terms of `&:(< (str-compare one other) 0)` where that follows it."""
    constraint = test.constraint
    if isinstance(constraint, tree.Value):
        return constraint.term, ()
    match constraint:
        case tree.AllOf((tree.Value(term), tree.Predicate(call))) if call.function == "<" and len(call.arguments) == 2:
            compared, zero = call.arguments
            is_order = isinstance(compared, tree.Call) and compared.function == "str-compare"
            if is_order and isinstance(zero, tree.Literal) and zero.value == 0:
                assert isinstance(compared, tree.Call)
                return term, compared.arguments
    return None, ()


def _named(constraint: tree.Constraint) -> set[str]:
    parts = constraint.parts if isinstance(constraint, tree.AllOf) else (constraint,)
    return {part.term.name for part in parts if isinstance(part, tree.Value) and isinstance(part.term, tree.Variable)}
