"""The conditions of a rule, compiled: each extends bindings by every fact that satisfies it.

Which slots an index can look up follows from the order of the conditions alone, so a rule is compiled once and a
pattern then costs one look-up. Left out: fact addresses (`?f <- (…)` binds nothing, because actions only assert), and
slots that hold lists, which no rule of a rulebook looks into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from knowledge.clips import tree
from knowledge.facts import Fact, Value
from knowledge.templates import Slot, Vocabulary, vocabulary
from rules.arithmetic import Bindings, Term, Text, Unanswerable, evaluation, same, test

Holds = Callable[[Term, Bindings], bool]


class WorkingMemory:
    """Facts with the indexes that were asked for so far. Facts keep the order in which they came."""

    def __init__(self, facts: Iterable[Fact], before: Mapping[str, Sequence[Fact]] | None = None) -> None:
        """Of these facts, and of those `before` them by template, which nobody changes afterwards."""
        self._facts: dict[str, Sequence[Fact]] = dict(before or {})
        fresh: dict[str, list[Fact]] = {}
        for fact in facts:
            fresh.setdefault(fact.template, []).append(fact)
        for template, found in fresh.items():
            self._facts[template] = [*self._facts.get(template, ()), *found]
        self._indexes: dict[tuple[str, tuple[int, ...]], dict[tuple[Value, ...], list[Fact]]] = {}

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> WorkingMemory:
        """The same memory, or a new one of these facts."""
        return facts if isinstance(facts, WorkingMemory) else cls(facts)

    def __iter__(self) -> Iterator[Fact]:
        return (fact for facts in self._facts.values() for fact in facts)

    def find(self, template: str, positions: tuple[int, ...], key: tuple[Term, ...]) -> Sequence[Fact]:
        """The facts of a template whose slots at these positions hold these symbols."""
        if not positions:
            return self._facts.get(template, ())
        try:
            return self._indexes[template, positions].get(key, ())  # type: ignore[arg-type]
        except KeyError:
            self._indexes[template, positions] = self._indexed(template, positions)
            return self.find(template, positions, key)

    def _indexed(self, template: str, positions: tuple[int, ...]) -> dict[tuple[Value, ...], list[Fact]]:
        index: dict[tuple[Value, ...], list[Fact]] = {}
        for fact in self._facts.get(template, ()):
            slots = fact.slots
            key = tuple([slots[position][1] for position in positions])
            if key in index:
                index[key].append(fact)
            else:
                index[key] = [fact]
        return index


@dataclass(frozen=True, slots=True)
class SlotCheck:
    """One constraint of a slot. `equals` is set where it asks for a symbol that is known before the pattern."""

    slot: Slot
    position: int
    constraint: tree.Constraint
    holds: Holds
    equals: tree.Literal | tree.Variable | None


@dataclass(frozen=True, slots=True)
class CompiledPattern:
    """A pattern whose variables before it are known: what to look up, what to bind, what is left to check."""

    source: tree.Pattern
    template: str
    positions: tuple[int, ...]
    key: Callable[[Bindings], tuple[Term, ...]]
    binds: tuple[tuple[str, int, bool], ...]
    """Variable, position, and whether the slot holds a STRING."""
    checks: tuple[SlotCheck, ...]
    """All constraints, those of the index too."""
    residual: tuple[SlotCheck, ...]
    """The constraints the index does not answer."""
    asked: tuple[str, ...]
    """The slots whose words the index looks up."""

    def bind(self, fact: Fact, bindings: Bindings) -> dict[str, Term]:
        """The bindings with this pattern's own variables."""
        return bind(self.binds, fact, bindings)

    def satisfying(self, memory: WorkingMemory, bindings: Bindings) -> Iterator[tuple[Fact, dict[str, Term]]]:
        """Every fact that satisfies the pattern, with the bindings it gives."""
        return self._among(memory.find(self.template, self.positions, self.key(bindings)), bindings)

    def _among(self, facts: Sequence[Fact], bindings: Bindings) -> Iterator[tuple[Fact, dict[str, Term]]]:
        for fact in facts:
            new = bind(self.binds, fact, bindings)
            for check in self.residual:
                if not check.holds(fact.slots[check.position][1], new):  # type: ignore[arg-type]
                    break
            else:
                yield fact, new

    def ways(self, memory: WorkingMemory, bindings: Bindings) -> list[dict[str, Term]]:
        """The bindings of every fact that satisfies the pattern."""
        facts = memory.find(self.template, self.positions, self.key(bindings))
        return [new for _, new in self._among(facts, bindings)] if facts else []

    def extend(self, memory: WorkingMemory, bindings: Bindings) -> Iterator[Bindings]:
        """The same, one after the other."""
        return (new for _, new in self.satisfying(memory, bindings))


@dataclass(frozen=True, slots=True)
class CompiledTest:
    """A test condition."""

    source: tree.Test
    holds: Callable[[Bindings], bool]

    def extend(self, memory: WorkingMemory, bindings: Bindings) -> Iterator[Bindings]:
        """The same bindings, if the test holds."""
        if self.holds(bindings):
            yield bindings


@dataclass(frozen=True, slots=True)
class CompiledGroup:
    """`and`, `or`, `not`, `exists` or `forall` over compiled conditions."""

    source: tree.And | tree.Or | tree.Not | tree.Exists | tree.Forall
    parts: tuple[Compiled, ...]

    def extend(self, memory: WorkingMemory, bindings: Bindings) -> Iterator[Bindings]:
        """The bindings of every way to satisfy the group; `not`, `exists` and `forall` bind nothing outside."""
        match self.source:
            case tree.And():
                yield from conjunction(self.parts, memory, bindings)
            case tree.Or():
                for part in self.parts:
                    yield from part.extend(memory, bindings)
            case tree.Not():
                if next(self.parts[0].extend(memory, bindings), None) is None:
                    yield bindings
            case tree.Exists():
                if next(conjunction(self.parts, memory, bindings), None) is not None:
                    yield bindings
            case tree.Forall():
                first, *rest = self.parts
                every = first.extend(memory, bindings)
                if all(next(conjunction(rest, memory, one), None) is not None for one in every):
                    yield bindings


Compiled = CompiledPattern | CompiledTest | CompiledGroup


def bind(binds: Iterable[tuple[str, int, bool]], fact: Fact, bindings: Bindings) -> dict[str, Term]:
    """The bindings and, besides, what a fact gives to these variables."""
    new = dict(bindings)
    for name, position, is_text in binds:
        value = fact.slots[position][1]
        new[name] = Text(value) if is_text else value  # type: ignore[assignment]
    return new


def conjunction(parts: Sequence[Compiled], memory: WorkingMemory, bindings: Bindings) -> Iterator[Bindings]:
    """The bindings of every way to satisfy all conditions, in order."""
    if not parts:
        yield bindings
        return
    for new in parts[0].extend(memory, bindings):
        yield from conjunction(parts[1:], memory, new)


def compiled(rule: tree.Rule, known: Iterable[str] = ()) -> tuple[Compiled, ...]:
    """The rule's conditions, compiled for bindings that already hold the `known` variables."""
    return _in_order(rule.conditions, set(known), vocabulary())


def _in_order(conditions: Sequence[tree.Condition], known: set[str], words: Vocabulary) -> tuple[Compiled, ...]:
    """Compile conditions in order; `known` grows by the variables they bind."""
    return tuple(_condition(condition, known, words) for condition in conditions)


def _condition(condition: tree.Condition, known: set[str], words: Vocabulary) -> Compiled:  # noqa: PLR0911, one a kind
    match condition:
        case tree.Pattern():
            return pattern_after(condition, known, words)
        case tree.Test():
            return CompiledTest(condition, test(condition.call))
        case tree.And():
            return CompiledGroup(condition, _in_order(condition.conditions, known, words))
        case tree.Or():
            before = set(known)
            parts = []
            for part in condition.conditions:
                inside = set(before)
                parts.append(_condition(part, inside, words))
                known |= inside
            return CompiledGroup(condition, tuple(parts))
        case tree.Not():
            return CompiledGroup(condition, (_condition(condition.condition, set(known), words),))
        case tree.Exists():
            return CompiledGroup(condition, _in_order(condition.conditions, set(known), words))
        case tree.Forall():
            return CompiledGroup(condition, _in_order((condition.first, *condition.conditions), set(known), words))


def pattern_after(pattern: tree.Pattern, known: set[str], words: Vocabulary) -> CompiledPattern:
    """Compile a pattern for bindings that hold the `known` variables, which grow by those it binds."""
    shape = words.templates[pattern.template]
    places = {name: position for position, name in enumerate(shape.slots)}
    before = frozenset(known)
    binds: list[tuple[str, int, bool]] = []
    checks: list[SlotCheck] = []
    for slot_test in pattern.slots:
        slot, position = shape.slots[slot_test.slot], places[slot_test.slot]
        constraint = slot_test.constraint
        for part in constraint.parts if isinstance(constraint, tree.AllOf) else (constraint,):
            name = part.term.name if isinstance(part, tree.Value) and isinstance(part.term, tree.Variable) else None
            if isinstance(part, tree.Wildcard):
                continue
            if name is not None and name not in known:
                known.add(name)
                binds.append((name, position, slot.type == "text"))
            else:
                checks.append(SlotCheck(slot, position, part, slot_holds(part, slot), _equal(part, slot, before)))
    indexed = tuple(check for check in checks if check.equals is not None)
    residual = tuple(check for check in checks if check.equals is None)
    key = _key(tuple(check.equals for check in indexed if check.equals is not None))
    positions = tuple(check.position for check in indexed)
    asked = tuple(check.slot.name for check in indexed)
    return CompiledPattern(pattern, pattern.template, positions, key, tuple(binds), tuple(checks), residual, asked)


def _equal(part: tree.Constraint, slot: Slot, before: frozenset[str]) -> tree.Literal | tree.Variable | None:
    """The symbol an index can look up, if this constraint is one."""
    if slot.type != "symbol" or not isinstance(part, tree.Value):
        return None
    if isinstance(part.term, tree.Variable):
        return part.term if part.term.name in before else None
    return part.term if part.term.kind == "symbol" else None


def _key(terms: tuple[tree.Literal | tree.Variable, ...]) -> Callable[[Bindings], tuple[Term, ...]]:
    names = [term.name for term in terms if isinstance(term, tree.Variable)]
    if len(names) == len(terms) > 1:
        return itemgetter(*names)
    values = tuple(map(evaluation, terms))
    if not names:
        words = tuple([value({}) for value in values])
        return lambda bindings: words
    if len(values) == 1:
        name = names[0]
        return lambda bindings: (bindings[name],)
    return lambda bindings: tuple([value(bindings) for value in values])


def slot_holds(part: tree.Constraint, slot: Slot) -> Holds:  # noqa: PLR0911, one a kind
    """Compile one constraint of a slot."""
    match part:
        case tree.Wildcard():
            return lambda value, bindings: True
        case tree.Value(tree.Literal(kind="symbol", value=word)) if slot.type == "symbol":
            return lambda value, bindings: value == word and type(value) is str
        case tree.Value():
            term = evaluation(part.term)
            is_text = slot.type == "text"
            return lambda value, bindings: same(Text(value) if is_text else value, term(bindings))
        case tree.Unlike():
            unlike = slot_holds(part.part, slot)
            return lambda value, bindings: not unlike(value, bindings)
        case tree.AllOf():
            every = tuple(slot_holds(one, slot) for one in part.parts)
            return lambda value, bindings: all(holds(value, bindings) for holds in every)
        case tree.AnyOf():
            some = tuple(slot_holds(one, slot) for one in part.parts)
            return lambda value, bindings: any(holds(value, bindings) for holds in some)
        case tree.Predicate():
            call = test(part.test)
            return lambda value, bindings: call(bindings)
        case tree.Return():
            return _returned(evaluation(part.call))


def _returned(call: Callable[[Bindings], Term]) -> Holds:
    def holds(value: Term, bindings: Bindings) -> bool:
        try:
            return same(value, call(bindings))
        except Unanswerable:
            return False

    return holds
