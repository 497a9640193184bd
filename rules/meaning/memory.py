"""The facts of a scene: each there or not, its slots terms, and the ways in which they match conditions.

A fact is known by its key: two facts of one key are one. A number of a slot is free inside the slot's range, a word
among those that the slot can hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from knowledge.clips import tree
from knowledge.templates import Measure, Slot, Template
from rules.meaning.expressions import Arithmetic
from rules.meaning.ground import COMPARED, Ground, parts_of, pool_of
from rules.meaning.script import (
    FALSE,
    TRUE,
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
Absent = Callable[["tree.Not | tree.Forall", dict[str, Term]], str]
"""What is said of a condition that asks for an absence."""
BAND = 1_000_000
"""Numbers for the unknown words of one pool of slots."""
MOST_NODES = 300
MOST_WAYS = 20_000


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

    def key(self, shape: Template) -> tuple[str, ...]:
        """The terms of its key."""
        return tuple(self.slots[name].text for name in shape.key)


class Memory:
    """Facts over one script."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.script = Script()
        self.arithmetic = Arithmetic(self.script, ground.lexicon, ground.marks)
        self.script.lines.append(f"(declare-const {TIDY} Bool)")
        self.nodes: list[Node] = []
        self._by_key: dict[tuple[str, tuple[str, ...]], Node] = {}
        self._unique = 0
        self._ways = 0
        self._pools: dict[str, int] = {}

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
        self.came(node)
        return node

    def came(self, node: Node) -> None:
        """A fact was added; whoever derives from this may follow it further."""

    def named(self, pattern: tree.Pattern, shape: Template, known: Mapping[str, Term]) -> dict[str, Term]:
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

    def one_of_a_key(self) -> None:
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
