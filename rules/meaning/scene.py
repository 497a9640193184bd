"""An unknown world in which rules fire: the facts they match, and the facts and rules those rest on.

Every condition of a rule that fires asks for a fact, and a fact that rules conclude asks for one of them to fire: so a
scene grows from one firing down to facts that come from outside. All that is said of a scene is necessary: what no
world satisfies, no facts make true. What is asked to be absent is said of the facts of the scene alone; `grow` adds
those that CLIPS was seen to conclude besides.

What only helps to find facts is said under the assumption `EXACT`: that rules which rest on their own conclusion go
round a circle no more than once, that what is absent from the scene is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.clips import tree
from rules.meaning.expressions import EXACT, spelling
from rules.meaning.ground import Ground, assertions_of, conjuncts, has_absence
from rules.meaning.memory import Memory, Node
from rules.meaning.script import TRUE, Num, Term, Untranslated, Word, both, either, equal, implied, negated, real

Emit = Callable[[tree.Node, str], None]
"""Says that a condition of a firing holds: the node it comes from, and the formula."""
MOST_ROUNDS = 4


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


class Scene(Memory):
    """Facts and firings over one script."""

    def __init__(self, ground: Ground, expand: bool = True) -> None:
        super().__init__(ground)
        self.expand = expand
        """Whether facts that rules conclude rest on those rules; else they are free."""
        self.absences: list[Absence] = []
        self.untranslated: list[str] = []
        """Why something that the scene rests on says nothing."""
        self._pending: list[Node] = []

    def came(self, node: Node) -> None:
        """A fact that rules conclude waits to be expanded."""
        if not node.is_told and self.expand:
            self._pending.append(node)

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
        self.one_of_a_key()

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
        node = self.node(pattern.template, self.named(pattern, shape, known), chain)
        emit(pattern, node.present)
        for at, formula in self.matched(pattern, node, known):
            emit(at, formula)

    # --- facts that rules conclude ----------------------------------------------------------------------------------

    def _derive(self, node: Node) -> None:
        """A fact that rules conclude is there only where one of them fires."""
        choices = []
        for rule, assertion in self.ground.concluding.get(node.template, ()):
            if not self._can_conclude(assertion, node):
                continue
            choice = self.script.declare("c", "Bool")
            choices.append(choice)
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

    def disturbed(self, condition: tree.Not | tree.Forall, known: dict[str, Term]) -> str:
        """That nothing disturbs what a condition asks to be absent: a fact that does is supposed, there or not.

        What it would be is free, but for what everything in the scene has to obey.
        """
        if isinstance(condition, tree.Not) and isinstance(condition.condition, tree.Pattern):
            pattern = condition.condition
            shape = self.ground.words.templates[pattern.template]
            before = len(self.nodes)
            node = self.node(pattern.template, self.named(pattern, shape, known))
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
        # Its other slots are free: where another rule fires instead, it says something else.
        waiting = len(self._pending)
        node = self.node(assertion.template, {name: slots[name] for name in shape.key})
        del self._pending[waiting:]
        alike = both(equal(node.slots[name], slots[name]) for name in shape.slots)
        self.script.say(implied(there, both((node.present, alike))))
        return node
