"""An unknown world in which rules fire: the facts they match, and the facts and rules those rest on.

Every condition of a rule that fires asks for a fact, and a fact that rules conclude asks for one of them to fire: so a
scene grows from one firing down to facts that come from outside. Two facts of one key are one.
All that is said of a scene is necessary: what no world satisfies, no facts make true. What is asked to be absent is
said of the facts of the scene alone; `grow` adds those that CLIPS was seen to conclude besides.

What only helps to find facts is said under the assumption `EXACT`: that rules which rest on their own conclusion go
round a circle no more than once, that what is absent from the scene is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from knowledge.clips import tree
from knowledge.templates import Measure, Slot, Template, Vocabulary
from rules.meaning.expressions import EXACT, Arithmetic, spelling
from rules.meaning.script import (
    FALSE,
    TRUE,
    Lexicon,
    Num,
    Script,
    Term,
    Untranslated,
    Word,
    both,
    either,
    equal,
    implied,
    negated,
    real,
)

TIDY = "tidy"
"""The assumption under which words that nothing names are none of the rulebook's own."""
Emit = Callable[[tree.Node, str], None]
"""Says that a condition of a firing holds: the node it comes from, and the formula."""
Absent = Callable[["tree.Not | tree.Forall", dict[str, Term]], str]
"""What is said of a condition that asks for an absence."""
MOST_ROUNDS = 4
COMPARED = "*"
"""The pool of words that tests write, which may be of any slot."""
BAND = 1_000_000
"""Numbers for the unknown words of one pool of slots."""
_IS_INSTRUMENT = frozenset(("instrument", "rich", "cheap", "first", "second"))
MOST_NODES = 300
MOST_WAYS = 20_000


@dataclass(frozen=True)
class Ground:
    """What scenes of one rulebook share: its rules, its words, the words a slot is known to hold."""

    program: tree.Program
    words: Vocabulary
    domains: Mapping[str, tuple[str, ...]]
    """By slot (`head`): the words it holds on this desk."""
    lexicon: Lexicon = field(init=False)
    marks: tuple[Fraction, ...] = field(init=False)
    written: Mapping[str, tuple[str, ...]] = field(init=False)
    """Words that rules write, by the pool of the slots they are written for."""
    concluding: Mapping[str, tuple[tuple[tree.Rule, tree.Assertion], ...]] = field(init=False)

    def __post_init__(self) -> None:
        literals = [one for rule in self.program.rules for one in literals_of(rule)]
        written = tuple(dict.fromkeys(spelling(one) for one in literals if one.kind in ("symbol", "string")))
        declared = [
            word for shape in self.words.templates.values() for slot in shape.slots.values() for word in slot.allowed
        ]
        measures = [name for group in self.words.measures.values() for name in group]
        domains = [word for words in self.domains.values() for word in words]
        numbers = {Fraction(one.value) for one in literals if one.kind in ("integer", "float")}
        concluding: dict[str, list[tuple[tree.Rule, tree.Assertion]]] = {}
        for rule in self.program.rules:
            for assertion in assertions_of(rule):
                concluding.setdefault(assertion.template, []).append((rule, assertion))
        put = object.__setattr__
        put(self, "lexicon", Lexicon([*written, *declared, *measures, *domains]))
        put(self, "marks", tuple(sorted(numbers)))
        put(self, "written", _by_pool(self.program, self.words))
        put(self, "concluding", {name: tuple(found) for name, found in concluding.items()})


@dataclass(eq=False)
class Node:
    """A fact of the scene, there or not: `present` is the name of the truth of that."""

    template: str
    slots: dict[str, Term]
    present: str
    is_told: bool
    chain: tuple[str, ...] = ()
    """The rules whose firing it was asked for by."""
    is_supposed: bool = False
    """Whether it is only there to keep a rule from firing."""
    choices: list[tuple[str, tree.Rule, tree.Assertion]] = field(default_factory=list)

    def key(self, shape: Template) -> tuple[str, ...]:
        """The terms of its key."""
        return tuple(self.slots[name].text for name in shape.key)


@dataclass(eq=False)
class Atom:
    """One condition of a rule that is asked about, or one part of it: assuming `name` says that it holds."""

    name: str
    at: tree.Node
    formula: str


@dataclass(eq=False)
class Fired:
    """A firing that the scene is about: what its variables stand for, and its conditions one by one."""

    rule: tree.Rule
    known: dict[str, Term]
    atoms: list[Atom]
    concluded: list[tuple[tree.Assertion, dict[str, Term]]] = field(default_factory=list)
    """What it concludes, slot by slot."""

    @property
    def names(self) -> list[str]:
        """What to assume for it to fire."""
        return [one.name for one in self.atoms]


@dataclass(eq=False)
class Absence:
    """A condition that something is not there."""

    condition: tree.Not | tree.Forall
    known: dict[str, Term]
    emit: Emit
    when: str
    """The truth of its firing; empty for one that is asked about, whose conditions are assumed by name."""
    chain: tuple[str, ...]
    seen: int = 0


class Scene:
    """Facts and firings over one script."""

    def __init__(self, ground: Ground, expand: bool = True) -> None:
        self.ground = ground
        self.expand = expand
        """Whether facts that rules conclude rest on those rules; else they are free."""
        self.script = Script()
        self.arithmetic = Arithmetic(self.script, ground.lexicon, ground.marks)
        self.script.lines.append(f"(declare-const {TIDY} Bool)")
        self.nodes: list[Node] = []
        self.absences: list[Absence] = []
        self.untranslated: list[str] = []
        """Why something that the scene rests on says nothing."""
        self._by_key: dict[tuple[str, tuple[str, ...]], Node] = {}
        self._pending: list[Node] = []
        self._unique = 0
        self._ways = 0
        self._pools: dict[str, int] = {}

    # --- firings --------------------------------------------------------------------------------------------------

    def fire(self, rule: tree.Rule, seeds: Mapping[str, Term] | None = None) -> Fired:
        """Add a firing to be asked about. Raises `Untranslated`."""
        fired = Fired(rule, dict(seeds or {}), [])

        def emit(node: tree.Node, formula: str) -> None:
            if formula == TRUE:
                return
            known = next((one for one in fired.atoms if one.at is node), None)
            if known is None:
                known = Atom(self.script.declare("a", "Bool"), node, formula)
                fired.atoms.append(known)
            else:
                known.formula = both((known.formula, formula))
            self.script.say(implied(known.name, formula))

        self.conditions(rule.conditions, fired.known, emit, "", (rule.name,))
        for assertion in assertions_of(rule):
            slots = self.conclusion(assertion, fired.known)
            fired.concluded.append((assertion, slots))
            self._in_range(assertion, slots)
        return fired

    def _in_range(self, assertion: tree.Assertion, slots: Mapping[str, Term]) -> None:
        """Facts are looked for on which the door does not refuse the conclusion."""
        shape = self.ground.words.templates[assertion.template]
        for name, term in slots.items():
            if isinstance(term, Num) and term.known is None:
                low, high = shape.slots[name].low, shape.slots[name].high
                self.script.say(implied(EXACT, f"(<= {real(low)} {term.text})") if low is not None else TRUE)
                self.script.say(implied(EXACT, f"(<= {term.text} {real(high)})") if high is not None else TRUE)

    def settle(self) -> None:
        """Expand what is not expanded yet, and say what follows from facts that are there now."""
        for _ in range(MOST_ROUNDS):
            while self._pending:
                self._derive(self._pending.pop(0))
            for absence in self.absences:
                self._absent(absence)
            if not self._pending:
                break
        if self._pending:
            self.untranslated.append("it rests on more rules than are followed")
        self._one_of_a_key()

    def conditions(
        self,
        conditions: Sequence[tree.Condition],
        known: dict[str, Term],
        emit: Emit,
        when: str,
        chain: tuple[str, ...],
    ) -> None:
        """Say that conditions hold, in order; `known` grows. Raises `Untranslated`."""
        for condition in conditions:
            match condition:
                case tree.Pattern():
                    self._expect(condition, known, emit, chain)
                case tree.Test():
                    for call in conjuncts(condition.call):
                        emit(call, self.arithmetic.test(call, known))
                case tree.Exists():
                    self.conditions(condition.conditions, dict(known), emit, when, chain)
                case tree.Not() | tree.Forall():
                    self.absences.append(Absence(condition, dict(known), emit, when, chain))
                case tree.And():
                    self.conditions(condition.conditions, known, emit, when, chain)
                case tree.Or():
                    self._one_of(condition, known, emit, chain)

    def _one_of(self, condition: tree.Or, known: dict[str, Term], emit: Emit, chain: tuple[str, ...]) -> None:
        choices = []
        for part in condition.conditions:
            choice = self.script.declare("c", "Bool")
            self.conditions((part,), dict(known), self.under(choice), choice, chain)
            choices.append(choice)
        emit(condition, either(choices))

    def under(self, when: str) -> Emit:
        """Says conditions of a firing that takes place where `when` is true."""
        return lambda _, formula: self.script.say(implied(when, formula))

    # --- facts ----------------------------------------------------------------------------------------------------

    def _expect(self, pattern: tree.Pattern, known: dict[str, Term], emit: Emit, chain: tuple[str, ...]) -> None:
        """Ask for a fact that satisfies a pattern."""
        shape = self.ground.words.templates[pattern.template]
        node = self.node(pattern.template, self._named(pattern, shape, known), chain)
        emit(pattern, node.present)
        for at, formula in self.matched(pattern, node, known):
            emit(at, formula)

    def _named(self, pattern: tree.Pattern, shape: Template, known: Mapping[str, Term]) -> dict[str, Term]:
        """The key slots whose value the pattern says."""
        found: dict[str, Term] = {}
        for test in pattern.slots:
            for part in parts_of(test.constraint):
                if test.slot in shape.key and isinstance(part, tree.Value):
                    if isinstance(part.term, tree.Literal):
                        found.setdefault(test.slot, self.arithmetic.literal(part.term))
                    elif part.term.name in known:
                        found.setdefault(test.slot, known[part.term.name])
        return found

    def matched(self, pattern: tree.Pattern, node: Node, known: dict[str, Term]) -> Iterator[tuple[tree.Node, str]]:
        """Each part of a pattern, as a formula about one fact; `known` grows by what the pattern binds."""
        for test in pattern.slots:
            for part in parts_of(test.constraint):
                yield part, self._holds(part, node.slots[test.slot], known)

    def _holds(self, part: tree.Constraint, term: Term, known: dict[str, Term]) -> str:  # noqa: PLR0911, one a kind
        match part:
            case tree.Wildcard():
                return TRUE
            case tree.Value(term=tree.Variable(name=name)):
                if name not in known:
                    known[name] = term
                    return TRUE
                return equal(term, known[name])
            case tree.Value(term=tree.Literal() as literal):
                return equal(term, self.arithmetic.literal(literal))
            case tree.Unlike():
                return negated(self._holds(part.part, term, known))
            case tree.AllOf():
                return both([self._holds(one, term, known) for one in part.parts])
            case tree.AnyOf():
                return either([self._holds(one, term, known) for one in part.parts])
            case tree.Predicate():
                return self.arithmetic.test(part.test, known)
            case tree.Return():
                return self.arithmetic.same(term, self.arithmetic.value(part.call, known))
        raise Untranslated(f"`{type(part).__name__}` is not translated")

    def node(self, template: str, named: Mapping[str, Term], chain: tuple[str, ...] = ()) -> Node:
        """The fact with this key; key slots that are not named are free."""
        shape = self.ground.words.templates[template]
        if any(slot.many for slot in shape.slots.values()):
            raise Untranslated(f"facts of `{template}` hold lists")
        known = tuple(named[name].text for name in shape.key) if all(name in named for name in shape.key) else None
        if known is not None and (template, known) in self._by_key:
            return self._by_key[template, known]
        if len(self.nodes) >= MOST_NODES:
            raise Untranslated("it rests on more facts than are followed")
        present = self.script.declare("f", "Bool")
        slots: dict[str, Term] = {}
        for name in sorted(shape.slots, key=lambda one: bool(shape.slots[one].by)):
            slot = shape.slots[name]
            slots[name] = named[name] if name in named else self._free(template, shape, slot, slots)
            if name in named and slot.type == "symbol":
                self._in_domain(present, slot, slots[name])
        told = shape.origin != "rules"
        node = Node(template, {name: slots[name] for name in shape.slots}, present, told, chain)
        self.nodes.append(node)
        self._by_key.setdefault((template, node.key(shape)), node)
        if not told and self.expand:
            self._pending.append(node)
        return node

    def _free(self, template: str, shape: Template, slot: Slot, slots: Mapping[str, Term]) -> Term:
        if slot.type in ("symbol", "text"):
            word = Word(self.script.declare("w", "Int"))
            self._in_domain(TRUE, slot, word)
            return word
        if slot.type == "integer":
            return self.script.number(slot.low, slot.high, Decimal(1))
        if not slot.by:
            assert slot.quantum is not None, slot
            return self.script.number(slot.low, slot.high, slot.quantum)
        return self._measured(template, slots[slot.by])

    def _measured(self, template: str, name: Term) -> Num:
        """The value of a measure: in its range where its name is known, else in the range of whichever it is."""
        words = self.ground.words
        assert isinstance(name, Word)
        if name.known is not None:
            measure = words.measure(template, name.known)
            assert measure is not None, name
            return self.script.number(measure.low, measure.high, measure.quantum)
        group = next(slot.measures for slot in words.templates[template].slots.values() if slot.measures)
        all_: list[Measure] = list(words.measures[group].values())
        number = self.script.number(min(one.low for one in all_), max(one.high for one in all_), min(one.quantum for one in all_))  # fmt: skip  # noqa: E501
        for one in all_:
            inside = f"(<= {real(one.low)} {number.text} {real(one.high)})"
            self.script.say(implied(equal(name, self.ground.lexicon.word(one.name)), inside))
        return number

    def _in_domain(self, when: str, slot: Slot, term: Term) -> None:
        """A word is one that the slot can hold."""
        assert isinstance(term, Word)
        lexicon, words = self.ground.lexicon, self.ground.words
        allowed = slot.allowed or tuple(words.measures[slot.measures] if slot.measures else ())
        allowed = allowed or self.ground.domains.get(slot.name, ())
        if allowed:
            self.script.say(implied(when, either(equal(term, lexicon.word(one)) for one in allowed)))
        elif term.known is None and when == TRUE:
            pools = self.ground.written
            named = (*pools.get(pool_of(slot), ()), *pools.get(COMPARED, ()))
            own = [equal(term, lexicon.word(one)) for one in named if one.startswith('"') == (slot.type == "text")]
            first = lexicon.last + BAND * self._pools.setdefault(pool_of(slot), len(self._pools))
            self.script.say(implied(TIDY, either([*own, f"(< {first} {term.text} {first + BAND})"])))

    def _one_of_a_key(self) -> None:
        """Two facts of one key are the same fact."""
        for place in range(self._unique, len(self.nodes)):
            node = self.nodes[place]
            shape = self.ground.words.templates[node.template]
            for other in self.nodes[:place]:
                if other.template == node.template:
                    alike = both(equal(node.slots[name], other.slots[name]) for name in shape.key)
                    if alike != FALSE:
                        rest = both(equal(node.slots[name], other.slots[name]) for name in shape.slots)
                        self.script.say(implied(both((node.present, other.present, alike)), rest))
        self._unique = len(self.nodes)

    # --- facts that rules conclude ----------------------------------------------------------------------------------

    def _derive(self, node: Node) -> None:
        """A fact that rules conclude is there only where one of them fires."""
        choices = []
        for rule, assertion in self.ground.concluding.get(node.template, ()):
            if not self._can_conclude(assertion, node):
                continue
            choice = self.script.declare("c", "Bool")
            choices.append(choice)
            node.choices.append((choice, rule, assertion))
            if node.chain.count(rule.name) > 1:
                self.untranslated.append(f"`{rule.name}` rests on its own conclusion")
                self.script.say(implied(EXACT, negated(choice)))
                continue
            self._concluded(node, choice, rule, assertion)
        self.script.say(implied(node.present, either(choices)))

    def _concluded(self, node: Node, choice: str, rule: tree.Rule, assertion: tree.Assertion) -> None:
        """Where `choice` is true a rule fires and concludes the fact."""
        known: dict[str, Term] = {}
        for one in assertion.slots:
            if isinstance(one.value, tree.Variable) and isinstance(node.slots[one.slot], Word):
                known.setdefault(one.value.name, node.slots[one.slot])
        try:
            self.conditions(rule.conditions, known, self.under(choice), choice, (*node.chain, rule.name))
            for slot, term in self.conclusion(assertion, known).items():
                self.script.say(implied(choice, equal(node.slots[slot], term)))
        except Untranslated as error:
            # What is not said of it leaves it free: nothing is taken for impossible.
            self.untranslated.append(f"`{rule.name}`: {error}")

    def _can_conclude(self, assertion: tree.Assertion, node: Node) -> bool:
        for one in assertion.slots:
            term = node.slots[one.slot]
            known = term.known if isinstance(term, Word) else None
            if known is not None and isinstance(one.value, tree.Literal) and known != spelling(one.value):
                return False
        return True

    def conclusion(self, assertion: tree.Assertion, known: Mapping[str, Term]) -> dict[str, Term]:
        """What an assertion puts into each slot. Raises `Untranslated`."""
        shape = self.ground.words.templates[assertion.template]
        found: dict[str, Term] = {}
        for one in assertion.slots:
            term = self.arithmetic.value(one.value, known)
            slot = shape.slots[one.slot]
            if isinstance(term, Num) and slot.type == "number":
                assert slot.quantum is not None, slot
                term = self.arithmetic.on_grid(term, Fraction(slot.quantum))
            found[one.slot] = term
        return found

    # --- absence ----------------------------------------------------------------------------------------------------

    def _absent(self, absence: Absence) -> None:
        first, absence.seen = absence.seen, len(self.nodes)
        condition = absence.condition
        try:
            if isinstance(condition, tree.Forall):
                self._for_all(condition, absence, first)
            elif isinstance(condition.condition, tree.Pattern):
                for node in self.nodes[first : absence.seen]:
                    if node.template == condition.condition.template:
                        absence.emit(condition, negated(self._there(condition.condition, node, absence.known)))
            elif first < absence.seen:
                there = self.satisfied((condition.condition,), absence.known)
                # Inside of it something may be asked to be absent, which is known of the scene alone.
                absence.emit(
                    condition, implied(EXACT, negated(there)) if has_absence(condition.condition) else negated(there)
                )
        except Untranslated as error:
            self.untranslated.append(str(error))

    def _there(self, pattern: tree.Pattern, node: Node, known: Mapping[str, Term]) -> str:
        return both([node.present, *(formula for _, formula in self.matched(pattern, node, dict(known)))])

    def _for_all(self, condition: tree.Forall, absence: Absence, first: int) -> None:
        if not isinstance(condition.first, tree.Pattern):
            raise Untranslated("`forall` of several facts is not translated")
        for node in self.nodes[first : absence.seen]:
            if node.template == condition.first.template:
                known = dict(absence.known)
                there = both([node.present, *(formula for _, formula in self.matched(condition.first, node, known))])
                then = self.script.declare("c", "Bool")
                absence.emit(condition, implied(there, then))
                self.conditions(condition.conditions, known, self.under(then), then, absence.chain)

    def satisfied(
        self,
        conditions: Sequence[tree.Condition],
        known: Mapping[str, Term],
        then: Callable[[dict[str, Term]], str] | None = None,
        absent: Absent | None = None,
    ) -> str:
        """That facts of the scene satisfy conditions; `then` is asked of what they bind, `absent` of what is absent.

        Without `absent`, what is not in the scene is taken to be absent.
        """
        return either(
            both((held, then(bound) if then is not None else TRUE))
            for bound, held in self.ways(conditions, known, absent)
        )

    def ways(
        self, conditions: Sequence[tree.Condition], known: Mapping[str, Term], absent: Absent | None = None
    ) -> Iterator[tuple[dict[str, Term], str]]:
        """Each way in which facts of the scene may satisfy conditions: what it binds, and that it does."""
        if not conditions:
            yield dict(known), TRUE
            return
        first, rest = conditions[0], conditions[1:]
        if isinstance(first, tree.And):
            yield from self.ways((*first.conditions, *rest), known, absent)
            return
        for bound, here in self._first(first, known, absent):
            if here != FALSE:
                for further, held in self.ways(rest, bound, absent):
                    yield further, both((here, held))

    def _first(
        self, condition: tree.Condition, known: Mapping[str, Term], absent: Absent | None
    ) -> Iterator[tuple[dict[str, Term], str]]:
        """The ways of one condition; all but patterns bind nothing that counts outside."""
        match condition:
            case tree.Pattern():
                for node in [one for one in self.nodes if one.template == condition.template and not one.is_supposed]:
                    self._ways += 1
                    if self._ways > MOST_WAYS:
                        raise Untranslated("there are more ways to match it than are followed")
                    bound = dict(known)
                    yield bound, both([node.present, *(each for _, each in self.matched(condition, node, bound))])
                return
            case tree.Test():
                here = self.arithmetic.test(condition.call, known)
            case tree.Exists():
                here = self.satisfied(condition.conditions, known, None, absent)
            case tree.Or():
                here = either([self.satisfied((one,), known, None, absent) for one in condition.conditions])
            case tree.Not() | tree.Forall() if absent is not None:
                here = absent(condition, dict(known))
            case tree.Not():
                here = negated(self.satisfied((condition.condition,), known))
            case tree.Forall():
                lacking = tree.Not(tree.And(condition.conditions, condition.at), condition.at)
                here = negated(self.satisfied((condition.first, lacking), known))
            case _:
                raise Untranslated(f"`{type(condition).__name__}` is not translated")
        yield dict(known), here

    def disturbed(self, condition: tree.Not | tree.Forall, known: dict[str, Term]) -> str:
        """That nothing disturbs what a condition asks to be absent: a fact that does is supposed, there or not.

        What it would be is free, but for what everything in the scene has to obey.
        """
        if isinstance(condition, tree.Not) and isinstance(condition.condition, tree.Pattern):
            pattern = condition.condition
            shape = self.ground.words.templates[pattern.template]
            before = len(self.nodes)
            node = self.node(pattern.template, self._named(pattern, shape, known))
            node.is_supposed = len(self.nodes) > before
            return negated(both([node.present, *(formula for _, formula in self.matched(pattern, node, dict(known)))]))
        return negated(self.script.declare("b", "Bool"))

    # --- what was concluded besides ---------------------------------------------------------------------------------

    def grow(self, rule: tree.Rule, matched: Sequence[Node | None]) -> list[Node]:
        """The facts that a rule concludes from facts of the scene, each assertion's: there where its conditions hold.

        `matched` has one entry for each condition, as a firing's. Raises `Untranslated`.
        """
        known: dict[str, Term] = {}
        held: list[str] = []
        sure = True
        for condition, node in zip(rule.conditions, matched, strict=True):
            if isinstance(condition, tree.Pattern):
                assert node is not None
                held += [node.present, *(formula for _, formula in self.matched(condition, node, known))]
            elif isinstance(condition, tree.Test):
                held.append(self.arithmetic.test(condition.call, known))
            else:
                sure = sure and not has_absence(condition)
                held.append(self.satisfied((condition,), known))
        there = both(held)
        return [
            self._concluded_there(assertion, known, there if sure else both((EXACT, there)))
            for assertion in assertions_of(rule)
        ]

    def _concluded_there(self, assertion: tree.Assertion, known: Mapping[str, Term], there: str) -> Node:
        """The fact that an assertion concludes wherever `there` is true."""
        slots = self.conclusion(assertion, known)
        shape = self.ground.words.templates[assertion.template]
        key = assertion.template, tuple(slots[name].text for name in shape.key)
        node = self._by_key.get(key)
        if node is None:
            node = Node(assertion.template, slots, self.script.declare("f", "Bool"), False)
            self.nodes.append(node)
            self._by_key[key] = node
        alike = both(equal(node.slots[name], slots[name]) for name in shape.slots)
        self.script.say(implied(there, both((node.present, alike))))
        return node


def _by_pool(program: tree.Program, words: Vocabulary) -> dict[str, tuple[str, ...]]:
    """The words that rules write, by the pool of the slot they stand in; those in tests by `COMPARED`."""
    found: dict[str, dict[str, None]] = {}
    for node in walk(program.rules):
        if isinstance(node, tree.Pattern | tree.Assertion):
            shape = words.templates[node.template]
            for slot in node.slots:
                for one in walk(slot.constraint if isinstance(slot, tree.SlotTest) else slot.value):
                    if isinstance(one, tree.Literal) and isinstance(one.value, str):
                        found.setdefault(pool_of(shape.slots[slot.slot]), {})[spelling(one)] = None
        elif isinstance(node, tree.Call):
            for one in node.arguments:
                if isinstance(one, tree.Literal) and isinstance(one.value, str):
                    found.setdefault(COMPARED, {})[spelling(one)] = None
    return {pool: tuple(some) for pool, some in found.items()}


def pool_of(slot: Slot) -> str:
    """What the words of a slot are names of."""
    return slot.unit if slot.unit in ("date", "instant") else "instrument" if slot.name in _IS_INSTRUMENT else slot.name


def parts_of(constraint: tree.Constraint) -> tuple[tree.Constraint, ...]:
    """What is joined by `&`."""
    return constraint.parts if isinstance(constraint, tree.AllOf) else (constraint,)


def conjuncts(call: tree.Call) -> Iterator[tree.Call]:
    """What is joined by `and` in a test."""
    if call.function == "and":
        for one in call.arguments:
            if isinstance(one, tree.Call):
                yield from conjuncts(one)
    else:
        yield call


def assertions_of(rule: tree.Rule) -> Iterator[tree.Assertion]:
    """What a rule concludes."""
    for action in rule.actions:
        if isinstance(action, tree.Assert):
            yield from action.assertions


def has_absence(condition: tree.Condition) -> bool:
    """Whether something is asked to be absent in it."""
    match condition:
        case tree.Not() | tree.Forall():
            return True
        case tree.And() | tree.Or() | tree.Exists():
            return any(map(has_absence, condition.conditions))
    return False


def literals_of(rule: tree.Rule) -> Iterator[tree.Literal]:
    """Every constant that a rule writes."""
    for node in walk(rule):
        if isinstance(node, tree.Literal):
            yield node


def walk(node: object) -> Iterator[object]:
    """Every node of a tree, itself first."""
    yield node
    if isinstance(node, tuple):
        for one in node:
            yield from walk(one)
    elif hasattr(node, "__dataclass_fields__") and not isinstance(node, tree.Place):
        for name in node.__dataclass_fields__:
            value = getattr(node, name)
            if isinstance(value, tuple) or hasattr(value, "__dataclass_fields__"):
                yield from (
                    walk(value) if not isinstance(value, tuple) else (found for one in value for found in walk(one))
                )
