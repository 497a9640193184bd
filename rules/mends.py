"""Which changes of facts would help a rule past the conditions it fails at, and how many more it may take.

A number of a told fact goes to what the condition needs and no further; a told fact that is not there is made like
another of its template; what stands in the way is taken away. For a fact that rules conclude the change is looked for
among the facts that it rests on, or would rest on. What a portfolio holds can be moved or taken away, not made up.
Left out: conditions under `forall`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from knowledge.clips import tree
from knowledge.clips.asked import patterns
from knowledge.clips.session import Inference
from knowledge.facts import Fact, Value, value_text
from knowledge.templates import Slot, vocabulary
from knowledge.values import text
from rules.arithmetic import Bindings, Term
from rules.change import Change, admitted, step_of, with_value
from rules.conditions import Compiled, CompiledGroup, CompiledPattern, CompiledTest, SlotCheck, WorkingMemory
from rules.plans import SILENT, Count, Plan, rules_of, seeds
from rules.shortfall import Shortfall, of_check, of_test, subject
from rules.ways import Stop, reached

MOST_ENDS = 6
DEEPEST = 6


class World:
    """Facts as they are after some changes, with what the rules made of them: which further changes would help."""

    def __init__(
        self, program: tree.Program, rule: tree.Rule, about: Mapping[str, str], told: Sequence[Fact], found: Inference
    ) -> None:
        """`about`: words in the slots of the rule's conclusion; `found`: what the rules made of `told`."""
        self.program = program
        self.rules = rules_of(program)
        self.rule = rule
        self.about = about
        self.told = {fact.ref: fact for fact in told}
        self.facts = {fact.ref: fact for fact in (*told, *found.derived)}
        self.firings = found.firings
        self.memory = WorkingMemory(self.facts.values())
        self.templates = vocabulary().templates

    def mends(self) -> Iterator[Change]:
        """The changes that let the rule get past the conditions it fails at."""
        for plan, given in self._starts():
            yield from self._of_rule(plan, given, 0)

    def lacks(self) -> int:
        """How many facts seem to be missing, changed or in the way: at least one."""
        return min((self._lacks(plan, given, 0) for plan, given in self._starts()), default=1)

    def gap(self) -> Fraction:
        """By how much the numbers of a fact that rules conclude fall short of what the rule needs; 0 where none do."""
        found = [
            sum(
                (one.distance for check in condition.checks if (one := of_check(check, fact, known, plan.slots))),
                Fraction(0),
            )
            for plan, given in self._starts()
            for stop in reached(plan, self.memory, given)[:MOST_ENDS]
            if stop.members is None and stop.at < len(plan.conditions)
            if isinstance(condition := plan.conditions[stop.at], CompiledPattern)
            for fact in self._near(condition, stop.bindings)
            if self._lacks_numbers(condition, fact, stop.bindings)
            for known in [condition.bind(fact, stop.bindings)]
        ]
        return min(found, default=Fraction(0))

    def _starts(self) -> Iterator[tuple[Plan, Bindings]]:
        rule = self.rule
        for assertion in self.rules.conclusions(rule):
            written = {slot.slot for slot in assertion.slots}
            given = seeds(assertion, [(slot, word) for slot, word in self.about.items() if slot in written])
            if given is not None:
                yield self.rules.plan(rule, given), given

    def _lacks(self, plan: Plan, given: Bindings, depth: int) -> int:
        stops = [stop for stop in reached(plan, self.memory, given)[:MOST_ENDS] if stop.at < len(plan.conditions)]
        return min((self._lacks_at(plan, stop, depth) for stop in stops), default=0 if depth else 1)

    def _lacks_at(self, plan: Plan, stop: Stop, depth: int) -> int:
        return self._lacks_here(plan, stop, depth) + sum(
            self._lacks_later(condition, stop.bindings) for condition in plan.conditions[stop.at + 1 :]
        )

    def _lacks_later(self, condition: Compiled, bindings: Bindings) -> int:
        """The facts in the way of a condition behind the one that fails, where it is known what it asks."""
        if not isinstance(condition, CompiledGroup) or not isinstance(condition.source, tree.Not):
            return 0
        (part,) = condition.parts
        if not isinstance(part, CompiledPattern):
            return 0
        try:
            return len(part.ways(self.memory, bindings))
        except KeyError:
            return 0  # it asks for what a condition before it would give

    def _lacks_here(self, plan: Plan, stop: Stop, depth: int) -> int:
        condition = plan.conditions[stop.at]
        if depth >= DEEPEST or not isinstance(condition, CompiledPattern):
            return 1
        if stop.members is not None:
            count = plan.counts[stop.at]
            shared = {slot: stop.bindings[name] for slot, name in count.shared if name in stop.bindings}
            there = {value_text(fact[count.slot]) for fact in stop.members}
            others = [one for one in self._countable(count) if one not in there]
            lacking = sorted(self._lacks_of(count.template, {**shared, count.slot: one}, depth) for one in others)
            return max(1, sum(lacking[: count.needed - len(there)]))
        if self.templates[condition.template].origin != "rules":
            return 1
        asked = dict(zip(condition.asked, condition.key(stop.bindings), strict=True))
        return max(1, self._lacks_of(condition.template, asked, depth))

    def _lacks_of(self, template: str, known: Mapping[str, Term], depth: int) -> int:
        """The same for a fact that rules conclude."""
        slots = tuple(known)
        found = [
            self._lacks(approach.plan, given, depth + 1)
            for approach in self.rules.approaches(template, slots)
            if (given := approach.given([known[slot] for slot in slots])) is not None
        ]
        return min(found, default=1)

    def _of_rule(self, plan: Plan, given: Bindings, depth: int) -> Iterator[Change]:
        """What lets a rule get past the conditions it fails at."""
        for stop in reached(plan, self.memory, given)[:MOST_ENDS]:
            if stop.at < len(plan.conditions):
                yield from self._of_stop(plan, stop, depth)

    def _of_stop(self, plan: Plan, stop: Stop, depth: int) -> Iterator[Change]:
        if stop.members is not None:
            count = plan.counts[stop.at]
            shared = {slot: stop.bindings[name] for slot, name in count.shared if name in stop.bindings}
            there = {value_text(fact[count.slot]) for fact in stop.members}
            for value in self._countable(count):
                if value not in there:
                    yield from self._conclude(count.template, {**shared, count.slot: value}, depth)
            return
        yield from self._of_condition(plan, plan.conditions[stop.at], stop, depth)

    def _of_condition(self, plan: Plan, condition: Compiled, stop: Stop, depth: int) -> Iterator[Change]:
        bindings = stop.bindings
        if isinstance(condition, CompiledPattern):
            yield from self._of_pattern(plan, condition, bindings, depth)
        elif isinstance(condition, CompiledTest):
            yield from self._of_test(plan, condition, stop)
        else:
            yield from self._of_group(plan, condition, stop, depth)

    def _of_group(self, plan: Plan, group: CompiledGroup, stop: Stop, depth: int) -> Iterator[Change]:
        match group.source:
            case tree.Or():
                for part in group.parts:
                    yield from self._of_condition(plan, part, stop, depth)
            case tree.And() | tree.Exists():
                yield from self._of_rule(Plan(plan.rule, group.parts, {}, plan.slots), stop.bindings, depth)
            case tree.Not() if isinstance(group.parts[0], CompiledPattern):
                for fact, _ in group.parts[0].satisfying(self.memory, stop.bindings):
                    yield from self._undo(fact, depth)

    def _countable(self, count: Count) -> list[str]:
        """The words that tell the counted facts apart, as far as facts they may come from know them."""
        found: set[str] = set()
        for rule, assertion in self.rules.concluding(count.template):
            for template, slot in self.rules.sources(rule, assertion, count.slot):
                for name in (template, SILENT.get(template, template)):
                    found |= {value_text(fact[slot]) for fact in self.memory.find(name, (), ())}
        return sorted(found)

    # A pattern that no fact satisfies.

    def _of_pattern(self, plan: Plan, pattern: CompiledPattern, bindings: Bindings, depth: int) -> Iterator[Change]:
        asked = dict(zip(pattern.asked, pattern.key(bindings), strict=True))
        is_told = self.templates[pattern.template].origin != "rules"
        for fact in self._near(pattern, bindings):
            if is_told:
                yield from self._moved(pattern, fact, bindings, plan.slots)
            elif self._lacks_numbers(pattern, fact, bindings):
                yield from self._levers(fact, set())
        if is_told:
            yield from self._added(pattern, asked, bindings, plan.slots)
        else:
            yield from self._conclude(pattern.template, asked, depth)

    def _near(self, pattern: CompiledPattern, bindings: Bindings) -> list[Fact]:
        """The facts about the same thing: equal in the key slots that a pattern names."""
        key = self.templates[pattern.template].key
        about = [
            (slot, str(word)) for slot, word in zip(pattern.asked, pattern.key(bindings), strict=True) if slot in key
        ]
        facts = self.memory.find(pattern.template, (), ())
        return [fact for fact in facts if all(value_text(fact[slot]) == word for slot, word in about)]

    def _lacks_numbers(self, pattern: CompiledPattern, fact: Fact, bindings: Bindings) -> bool:
        known = pattern.bind(fact, bindings)
        failing = [check for check in pattern.checks if not check.holds(fact.slots[check.position][1], known)]  # type: ignore[arg-type]
        return bool(failing) and all(check.slot.type in ("number", "integer") for check in failing)

    def _moved(
        self, pattern: CompiledPattern, fact: Fact, bindings: Bindings, slots: Mapping[str, Slot]
    ) -> Iterator[Change]:
        """A told fact with the slots that fail set to what just holds."""
        current = fact
        for _ in pattern.checks:
            known = pattern.bind(current, bindings)
            failing = next((one for one in pattern.checks if of_check(one, current, known, slots)), None)
            if failing is None:
                yield Change(fact, current)
                return
            made = self._holding(pattern, failing, current, bindings, slots)
            if made is None or made.ref != fact.ref:
                return
            current = made
        if all(of_check(one, current, pattern.bind(current, bindings), slots) is None for one in pattern.checks):
            yield Change(fact, current)

    def _holding(
        self, pattern: CompiledPattern, check: SlotCheck, fact: Fact, bindings: Bindings, slots: Mapping[str, Slot]
    ) -> Fact | None:
        """The fact with the value nearest to its own for which a check holds."""
        lacking = of_check(check, fact, pattern.bind(fact, bindings), slots)
        assert lacking is not None
        for value in _nearest(lacking, fact.slots[check.position][1], subject(check, fact).slot):
            made = with_value(fact, check.slot.name, value)
            if made is not None:
                known = pattern.bind(made, bindings)
                if of_check(check, made, known, slots) is None:
                    return made
        return None

    def _added(
        self, pattern: CompiledPattern, asked: Mapping[str, Term], bindings: Bindings, slots: Mapping[str, Slot]
    ) -> Iterator[Change]:
        """A told fact that is not there, like another of its template where one is."""
        shape = self.templates[pattern.template]
        if shape.origin != "door":
            return  # what a portfolio holds is not made up
        alike = min(self.memory.find(pattern.template, (), ()), key=lambda fact: fact.ref, default=None)
        values = {name: value_text(value) for name, value in alike.slots} if alike else {}
        values |= {slot: str(word) for slot, word in asked.items()}
        for name, slot in shape.slots.items():
            if slot.by or name not in values:
                measure = vocabulary().measure(pattern.template, values.get(slot.by, "")) if slot.by else None
                low = measure.low if measure else slot.low if slot.low is not None else Decimal(0)
                high = measure.high if measure else slot.high
                start = Decimal(0) if low <= 0 and (high is None or high >= 0) else low
                values[name] = text(start) if slot.type in ("number", "integer") else next(iter(slot.allowed), "")
        made = admitted(pattern.template, values)
        if made is None or made.ref in self.told:
            return
        for change in self._moved(pattern, made, bindings, slots):
            yield Change(None, change.after)

    # A test of numbers that facts before it gave.

    def _of_test(self, plan: Plan, condition: CompiledTest, stop: Stop) -> Iterator[Change]:
        lacking = of_test(condition.source.call, stop.bindings, plan.slots)
        if lacking is None:
            return
        for before in plan.conditions[: stop.at]:
            if isinstance(before, CompiledPattern):
                for fact, new in before.satisfying(self.memory, stop.bindings):
                    if all(stop.bindings.get(name) == new[name] for name, _, _ in before.binds):
                        yield from self._levers(fact, set())

    # A fact that rules conclude: to have it, to be rid of it, to move its numbers.

    def _conclude(self, template: str, known: Mapping[str, Term], depth: int) -> Iterator[Change]:
        if depth >= DEEPEST:
            return
        slots = tuple(known)
        for approach in self.rules.approaches(template, slots):
            given = approach.given([known[slot] for slot in slots])
            if given is not None:
                yield from self._of_rule(approach.plan, given, depth + 1)

    def _undo(self, fact: Fact, depth: int) -> Iterator[Change]:
        """What takes a fact away."""
        if fact.ref in self.told:
            yield Change(fact, None)
            return
        if depth < DEEPEST:
            for firing in self.firings:
                if fact.ref in firing.concluded:
                    for ref in firing.matched:
                        if ref is not None and ref != fact.ref:
                            yield from self._levers(self.facts[ref], set())
                            yield from self._undo(self.facts[ref], depth + 1)

    def _levers(self, fact: Fact, seen: set[str]) -> Iterator[Change]:
        """The numbers of told facts that a fact rests on, each moved to where some rule says otherwise."""
        if fact.ref in seen:
            return
        seen.add(fact.ref)
        if fact.ref not in self.told:
            for firing in self.firings:
                if fact.ref in firing.concluded:
                    for ref in firing.matched:
                        if ref is not None:
                            yield from self._levers(self.facts[ref], seen)
            return
        shape = self.templates[fact.template]
        for name, value in fact.slots:
            slot = shape.slots[name]
            if not isinstance(value, int | Decimal):
                continue
            measure = vocabulary().measure(fact.template, fact.word(slot.by)) if slot.by else None
            step = step_of(fact, name)
            low, high = (measure.low, measure.high) if measure else (slot.low, slot.high)
            points = {mark + side * step for mark in self._marks(fact, name) for side in (-1, 0, 1)}
            points |= {point for point in (low, high) if point is not None}
            for point in sorted(points - {Decimal(value)}, key=lambda one: (abs(one - Decimal(value)), one)):
                made = with_value(fact, name, text(point))
                if made is not None and made.ref == fact.ref:
                    yield Change(fact, made)

    def _marks(self, fact: Fact, name: str) -> set[Decimal]:
        """The numbers that patterns of rules compare a slot of such a fact with."""
        found: set[Decimal] = set()
        for rule in self.program.rules:
            for pattern in patterns(rule.conditions):
                if pattern.template == fact.template and _may_match(pattern, fact):
                    for test in pattern.slots:
                        if test.slot == name:
                            found |= set(_numbers(test.constraint))
        return found


def _nearest(lacking: Shortfall, value: Value, slot: Slot) -> Iterator[str]:
    """The values that may mend what is lacking, the nearest first."""
    if isinstance(value, int | Decimal) and lacking.gap is not None and lacking.threshold and lacking.value:
        step = Fraction(slot.quantum or 1)
        steps = -(-Fraction(lacking.gap) // step)
        signs = (1, -1) if Fraction(lacking.threshold) >= Fraction(lacking.value) else (-1, 1)
        for sign in signs:
            for count in (steps, steps + 1):
                moved = Fraction(value) + sign * count * step
                yield text(Decimal(moved.numerator) / Decimal(moved.denominator))
    elif isinstance(value, str) and lacking.threshold:
        yield from lacking.threshold.split(" or ")
        yield from slot.allowed


def _may_match(pattern: tree.Pattern, fact: Fact) -> bool:
    """Whether no word that a pattern asks for is another than the fact's."""
    for test in pattern.slots:
        match test.constraint:
            case tree.Value(term=tree.Literal(kind="symbol", value=word)) if fact[test.slot] != word:
                return False
    return True


def _numbers(node: object) -> Iterator[Decimal]:
    """The numbers written in a constraint."""
    match node:
        case tree.Literal(kind="integer" | "float", value=number):
            yield Decimal(number)
        case tree.Value(term=inner) | tree.Unlike(part=inner) | tree.Predicate(test=inner) | tree.Return(call=inner):
            yield from _numbers(inner)
        case tree.AllOf(parts=parts) | tree.AnyOf(parts=parts) | tree.Call(arguments=parts):
            for part in parts:
                yield from _numbers(part)
