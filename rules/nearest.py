"""Why nothing was concluded: the rule that came closest, the condition that failed, and by how much.

A rule is followed in the order of its conditions, through every way to satisfy them; the way that gets furthest counts,
then the one whose failing condition is missed by the least. Where the missing thing is a fact that rules conclude,
the question is asked again for that fact (backwards, bounded, never in a circle).

Several patterns of one template in a row that differ only by an order among them (`&:(< (str-compare ?a ?b) 0)`) are
a count: "only 2 of the 3 needed". The ones that are there are named, and each one missing says why.

How close a rule came is worked out as far as it takes to tell which is the closest (`rules.closeness`), and the words
only for those that are told: both take long.

Left out: rules that hold in full although their conclusion is absent (an undetermined cycle), and misses of several
conditions at once; a rule is judged by its first failing condition.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TypeVar

from knowledge.clips import tree
from knowledge.facts import Fact, Value
from knowledge.templates import Slot
from rules.arithmetic import Bindings, Term
from rules.closeness import Closeness, closest
from rules.conditions import Compiled, CompiledGroup, CompiledPattern, CompiledTest, WorkingMemory, conjunction
from rules.matching import sentence, spoken
from rules.miss import Miss
from rules.plans import SILENT, Count, Plan, Rules, rules_of, seeds
from rules.shortfall import Shortfall, of_check, of_test
from rules.ways import Stop, reached

__all__ = ["Miss", "miss_of", "nearest"]

DEEPEST = 6
"""How far back a missing fact is followed."""

Known = tuple[tuple[str, Term], ...]
T = TypeVar("T")


def nearest(
    program: tree.Program, facts: Iterable[Fact], instrument: str, goals: Sequence[str] = ("candidate",)
) -> Miss | None:
    """Why none of the `goals` was concluded for an instrument; None if one was, or if no rule concludes them.

    `facts` are all of working memory at the end of the cycle: the snapshot's, the portfolio's and the derived ones.
    Pass a `WorkingMemory` to share its indexes among instruments.
    """
    search = _Search(rules_of(program), WorkingMemory.of(facts))
    known: Known = (("instrument", instrument),)
    if any(search.standing(goal, known) for goal in goals):
        return None
    found = [answer for goal in goals if (answer := search.missing(goal, known, 0))]
    return closest(found)[0].miss if found else None


def miss_of(
    program: tree.Program, facts: Iterable[Fact], rule: str, slots: Mapping[str, str] | None = None
) -> Miss | None:
    """Why one rule did not conclude a fact with these symbols in its slots; None if it did, or if it never does.

    `facts` as in `nearest`; slots that a conclusion of the rule has not are passed over.
    """
    search = _Search(rules_of(program), WorkingMemory.of(facts))
    found = []
    for one in program.rules:
        for assertion in search.rules.conclusions(one) if one.name == rule else ():
            asserted = {slot.slot for slot in assertion.slots}
            given = seeds(assertion, [(slot, word) for slot, word in (slots or {}).items() if slot in asserted])
            if given is None:
                continue
            plan = search.rules.plan(one, given)
            ends = reached(plan, search.memory, given)
            if ends[0].at == len(plan.conditions):
                return None
            found.append(search.of_rule(plan, ends, 0))
    return closest(found)[0].miss if found else None


class _Answer:
    """Why nothing was concluded: how close it came, and what is told of it, if that is asked for."""

    __slots__ = ("_miss", "_tell", "closeness")

    def __init__(self, closeness: Closeness, tell: Callable[[], Miss]) -> None:
        self.closeness = closeness
        self._tell = tell
        self._miss: Miss | None = None

    @property
    def miss(self) -> Miss:
        """What is told."""
        if self._miss is None:
            self._miss = self._tell()
        return self._miss


@dataclass(frozen=True, slots=True)
class _Words:
    """A failing condition in words."""

    text: str
    numbers: Shortfall | None = None
    because: Miss | None = None


class _Failure:
    """A failing condition: how close it was, and the words for it, if they are asked for."""

    __slots__ = ("_tell", "_words", "closeness")

    def __init__(self, closeness: Closeness, tell: Callable[[], _Words]) -> None:
        self.closeness = closeness
        self._tell = tell
        self._words: _Words | None = None

    @property
    def words(self) -> _Words:
        """What is told."""
        if self._words is None:
            self._words = self._tell()
        return self._words


def _closest(failures: Sequence[_Failure]) -> _Failure:
    """The closest one; among equals by words, so that the order of facts decides nothing."""
    equals = closest(failures)
    return equals[0] if len(equals) == 1 else min(equals, key=lambda one: one.words.text)


class _Search:
    """The questions of one call of `nearest`, each answered once."""

    def __init__(self, rules: Rules, memory: WorkingMemory) -> None:
        self.rules = rules
        self.memory = memory
        self.answers: dict[tuple[str, Known], _Answer | None] = {}
        # Put off, a question would be asked from elsewhere: another answer where it leads to itself or too far back.
        self.lazy = rules.deepest is not None and rules.deepest <= DEEPEST

    def standing(self, template: str, known: Known) -> Sequence[Fact]:
        """The facts of a template with these words in their slots."""
        places, positions = self.rules.words(template, tuple([slot for slot, _ in known]))
        return self.memory.find(template, positions, tuple([known[place][1] for place in places]))

    def missing(self, template: str, known: Known, depth: int) -> _Answer | None:
        """Why no rule concluded a fact of a template with these slots."""
        goal = template, known
        if goal not in self.answers:
            self.answers[goal] = None  # a rule that needs its own conclusion finds nothing here
            self.answers[goal] = self._missing(template, known, depth) if depth < DEEPEST else None
        return self.answers[goal]

    def _missing(self, template: str, known: Known, depth: int) -> _Answer | None:
        found: list[tuple[Plan, list[Stop]]] = []
        values = [value for _, value in known]
        for approach in self.rules.approaches(template, tuple([slot for slot, _ in known])):
            given = approach.given(values)
            if given is not None:
                plan = approach.plan
                ends = reached(plan, self.memory, given)
                if ends[0].at < len(plan.conditions):
                    found.append((plan, ends))
        # Closeness begins with the conditions that held: a rule with fewer of them is not asked for its words.
        most = max([ends[0].held for _, ends in found], default=0)
        answers = [self.of_rule(plan, ends, depth) for plan, ends in found if ends[0].held == most]
        return closest(answers)[0] if answers else None

    def of_rule(self, plan: Plan, ends: Sequence[Stop], depth: int) -> _Answer:
        """Why one rule did not conclude, whose conditions hold up to these ends."""
        rule = plan.rule
        failure = self._when_asked(lambda: _closest([self._failure(plan, end, depth) for end in ends]))
        held, total = ends[0].held, len(rule.conditions)

        def miss() -> Miss:
            words = failure().words
            numbers = words.numbers
            return Miss(
                rule.name,
                rule.owner,
                f"{rule.file}:{rule.at.line}",
                held,
                total,
                words.text,
                _sentence(rule, held, words.text),
                numbers.value if numbers else None,
                numbers.threshold if numbers else None,
                numbers.gap if numbers else None,
                numbers.unit if numbers else "",
                words.because,
            )

        return _Answer(Closeness(-held, more=lambda: failure().closeness), miss)

    def _when_asked(self, make: Callable[[], T]) -> Callable[[], T]:
        """What is made when it is asked for, once."""
        made: list[T] = [] if self.lazy else [make()]

        def asked() -> T:
            if not made:
                made.append(make())
            return made[0]

        return asked

    def _failure(self, plan: Plan, stop: Stop, depth: int) -> _Failure:
        if stop.members is not None:
            return self._count(plan.counts[stop.at], stop, depth)
        return self._condition(plan, plan.conditions[stop.at], stop.bindings, depth)

    def _condition(self, plan: Plan, condition: Compiled, bindings: Bindings, depth: int) -> _Failure:
        if isinstance(condition, CompiledPattern):
            return self._pattern(plan, condition, bindings, depth)
        if isinstance(condition, CompiledTest):
            found = of_test(condition.source.call, bindings, plan.slots)
            assert found is not None, plan.rule.name
            return _Failure(Closeness(0, found.distance), lambda: _Words(found.text, found))
        match condition.source:
            case tree.Or():
                parts = [self._condition(plan, part, bindings, depth) for part in condition.parts]
                return _closest(parts)
            case tree.And() | tree.Exists():
                inner = Plan(plan.rule, condition.parts, {}, plan.slots)
                ends = reached(inner, self.memory, bindings)
                return _closest([self._failure(inner, end, depth) for end in ends])
            case _:
                return self._blocked(plan, condition, bindings)

    def _pattern(self, plan: Plan, pattern: CompiledPattern, bindings: Bindings, depth: int) -> _Failure:
        """No fact satisfies a pattern: the one that nearly does, or why there is none."""
        asked = _asked(pattern, bindings)
        near = [
            _near(lacking)
            for fact in self._alike(pattern.template, asked)
            if (lacking := _lacking(pattern, fact, bindings, plan.slots))
        ]
        if near:
            return _closest(near)
        return self._absent(pattern.template, asked, depth)

    def _alike(self, template: str, asked: Known) -> Sequence[Fact]:
        """The facts that are about the same thing: equal in the key slots that a pattern names."""
        places, positions = self.rules.about(template, tuple([slot for slot, _ in asked]))
        return self.memory.find(template, positions, tuple([asked[place][1] for place in places]))

    def _absent(self, template: str, known: Known, depth: int) -> _Failure:
        silence = SILENT.get(template)
        if silence and {"instrument", "head"} <= dict(known).keys():
            about = tuple((slot, value) for slot, value in known if slot in ("instrument", "head"))
            for fact in self.standing(silence, about):
                return _Failure(Closeness(2), partial(_Words, f"{fact['head']} abstains: {fact['reason']}"))
        answer = self.missing(template, known, depth + 1)
        if answer is None:
            return _Failure(Closeness(2), lambda: _Words(_none(template, known)))
        return _Failure(
            Closeness(1, more=lambda: answer.closeness), lambda: _Words(_none(template, known), None, answer.miss)
        )

    def _blocked(self, plan: Plan, group: CompiledGroup, bindings: Bindings) -> _Failure:
        """A `not` that fails: name the fact that stands in the way, and the rule that put it there."""
        part = group.parts[0]
        if isinstance(group.source, tree.Not) and isinstance(part, CompiledPattern):
            return _Failure(Closeness(0, 1), lambda: self._in_the_way(part, bindings))
        return _Failure(Closeness(0, 1), lambda: _Words(f"`{plan.rule.words(group.source)}` does not hold"))

    def _in_the_way(self, part: CompiledPattern, bindings: Bindings) -> _Words:
        fact = min((one for one, _ in part.satisfying(self.memory, bindings)), key=lambda one: one.ref)
        return _Words(f"there must be no {self._titled(fact)}, but there is one{self._reason(fact)}")

    def _titled(self, fact: Fact) -> str:
        return " ".join([fact.template, *(str(fact[slot]) for slot in self.rules.key(fact.template))])

    def _reason(self, fact: Fact) -> str:
        """The sentence of the rule that concluded a fact; empty for facts that came in."""
        for rule, assertion in self.rules.concluding(fact.template):
            given = seeds(assertion, fact.slots)
            if given is not None:
                ways = conjunction(self.rules.plan(rule, given).conditions, self.memory, given)
                if said := sorted(sentence(rule, way) for way in ways):
                    return f": {said[0]}"
        return ""

    def _count(self, count: Count, stop: Stop, depth: int) -> _Failure:
        """Fewer facts than a rule counts: who is there, and for each other one why not."""
        assert stop.members is not None
        shared = tuple((slot, stop.bindings[name]) for slot, name in count.shared if name in stop.bindings)
        there = {fact[count.slot] for fact in stop.members}
        possible = self._when_asked(lambda: self._others(count, shared, there, depth))
        lacking = count.needed - len(there)

        def words() -> _Words:
            ordered = _in_order(possible())
            names = ", ".join(sorted(str(name) for name in there)) or "none"
            reasons = "".join(f"; {answer.miss.failing}" for answer in ordered)
            needed = f"{count.needed} needed {count.template}s{_described(shared)}"
            text = f"only {len(there)} of the {needed}: {names}{reasons}"
            return _Words(text, None, ordered[0].miss if ordered else None)

        def more() -> Closeness | None:
            others = possible()
            return closest(others)[0].closeness if others else None

        return _Failure(Closeness(1, lacking, more=more), words)

    def _others(self, count: Count, shared: Known, there: Collection[Value], depth: int) -> list[_Answer]:
        """For each fact that a rule would count and that is not there, why not."""
        return [
            answer
            for value in self._possible(count, dict(shared))
            if value not in there
            and (answer := self.missing(count.template, (*shared, (count.slot, value)), depth + 1))
        ]

    def _possible(self, count: Count, shared: Mapping[str, Term]) -> list[Term]:
        """The values that tell the counted facts apart, as far as other facts know them."""
        found: set[str] = set()
        for rule, assertion in self.rules.concluding(count.template):
            for source, slot in self.rules.sources(rule, assertion, count.slot):
                for template in (source, SILENT.get(source, source)):
                    same = tuple((name, value) for name, value in shared.items() if name in self.rules.key(template))
                    found |= {fact.word(slot) for fact in self.standing(template, same)}
        return sorted(found)


def _near(lacking: Sequence[Shortfall]) -> _Failure:
    """A fact that lacks this to satisfy a pattern."""
    distance = sum((one.distance for one in lacking), Fraction(0))
    return _Failure(Closeness(0, distance), lambda: _Words("; ".join(one.text for one in lacking), lacking[0]))


def _in_order(answers: Sequence[_Answer]) -> list[_Answer]:
    """The closest first; among equals by what failed."""
    ordered: list[_Answer] = []
    left = list(answers)
    while left:
        equals = closest(left)
        ordered += sorted(equals, key=lambda one: one.miss.failing)
        left = [one for one in left if one not in equals]
    return ordered


def _none(template: str, known: Known) -> str:
    return f"there is no {template}{_described(known)}"


def _lacking(pattern: CompiledPattern, fact: Fact, bindings: Bindings, slots: Mapping[str, Slot]) -> list[Shortfall]:
    known = pattern.bind(fact, bindings)
    return [one for check in pattern.checks if (one := of_check(check, fact, known, slots))]


def _sentence(rule: tree.Rule, held: int, failing: str) -> str:
    if held == 0:
        return f"{rule.name} fails at its first condition: {failing}"
    return f"{rule.name} holds in {held} of its {len(rule.conditions)} conditions, but {failing}"


def _asked(pattern: CompiledPattern, bindings: Bindings) -> Known:
    """The slots for which a pattern asks for one word, and the word."""
    return tuple(zip(pattern.asked, pattern.key(bindings), strict=True))


def _described(known: Known) -> str:
    words = ", ".join(f"{slot} {spoken(value, '')}" for slot, value in known)
    return f" ({words})" if words else ""
