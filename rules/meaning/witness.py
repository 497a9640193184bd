"""From the solver's numbers to facts, and to facts that differ from them by a step.

A word that the rulebook knows is itself; a word it does not know gets a name that fits its slot, in the order that was
asked for. Numbers are multiples of their quantum by construction, and every fact passes the door.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from knowledge.door import Refused, admit
from knowledge.facts import Fact, Value, ordered
from knowledge.templates import Slot, Vocabulary
from knowledge.values import text
from rules.meaning.ground import pool_of
from rules.meaning.memory import Node
from rules.meaning.scene import Scene
from rules.meaning.script import Num, Term, Word
from rules.meaning.solver import Solver

_INSTRUMENTS = ("AAPL", "IBM", "KO", "MSFT", "NVDA", "ORCL", "PFE", "QCOM", "TSLA", "XOM")


@dataclass(frozen=True)
class Reading:
    """One world of a scene: its facts from outside, and which fact each node is."""

    facts: tuple[Fact, ...]
    refs: Mapping[Node, str]
    """Of the facts that are there, derived ones too."""

    @property
    def by_ref(self) -> dict[str, Node]:
        """The other way round."""
        return {ref: node for node, ref in self.refs.items()}


def reading(scene: Scene, solver: Solver) -> Reading:
    """The world that the solver found. Raises `Refused` where a fact does not pass the door."""
    there = [node for node in scene.nodes if solver.truth(node.present)]
    spelled = _spelled(scene, solver, there)
    words = scene.ground.words
    facts: dict[str, Fact] = {}
    refs: dict[Node, str] = {}
    for node in there:
        shape = words.templates[node.template]
        said = {name: _value(solver, term, spelled) for name, term in node.slots.items()}
        refs[node] = f"{node.template}({','.join(said[name] for name in shape.key)})"
        if node.is_told or not scene.expand:
            facts[refs[node]] = admit(node.template, said, words)
    return Reading(ordered(facts.values()), refs)


def _value(solver: Solver, term: Term, spelled: Mapping[int, str]) -> str:
    if isinstance(term, Num):
        return text(solver.number(term)) if solver.counts(term) else ""
    assert isinstance(term, Word)
    return term.known.removeprefix('"') if term.known is not None else spelled[solver.code(term)]


def _spelled(scene: Scene, solver: Solver, there: Sequence[Node]) -> dict[int, str]:
    """A word for each number that stands for one."""
    found: dict[int, str] = {}
    strange: dict[int, Slot] = {}
    for node in there:
        shape = scene.ground.words.templates[node.template]
        for name, term in node.slots.items():
            if isinstance(term, Word):
                code = solver.code(term)
                known = scene.ground.lexicon.spelled(code)
                if known is not None:
                    found[code] = known.removeprefix('"')
                else:
                    strange.setdefault(code, shape.slots[name])
    names: dict[str, Iterator[str]] = {}
    for code, slot in sorted(strange.items()):
        pool = pool_of(slot)
        names.setdefault(pool, _names(pool))
        found[code] = next(names[pool])
    return found


def _names(pool: str) -> Iterator[str]:
    """Names in their order."""
    if pool == "instrument":
        yield from _INSTRUMENTS
    for count in range(1, 10_000):
        if pool == "date":
            yield f"2024-{(count - 1) // 28 + 1:02}-{(count - 1) % 28 + 1:02}"
        elif pool == "instant":
            yield f"2024-01-01T{count // 60:02}:{count % 60:02}:00Z"
        else:
            yield f"{pool}-{count:04}" if pool != "instrument" else f"Z{count:04}"


MOST_BESIDE = 40


def beside(facts: Sequence[Fact], marks: Iterable[Fraction], words: Vocabulary) -> list[tuple[Fact, ...]]:
    """The same facts with one number moved: a step up, a step down, to a number that rules write and beside it."""
    found: list[tuple[Fact, ...]] = []
    wanted = [Decimal(one.numerator) / Decimal(one.denominator) for one in marks]
    for place, fact in enumerate(facts):
        for slot, value in fact.slots:
            if isinstance(value, str | tuple):
                continue
            step = _step(words, fact, slot)
            points = [Decimal(value), *wanted]
            for number in dict.fromkeys(point + move for point in points for move in (-step, Decimal(0), step)):
                other = _moved(fact, slot, number, words)
                if other is not None and other != fact:
                    found.append((*facts[:place], other, *facts[place + 1 :]))
    return found if len(found) <= MOST_BESIDE else found[:: len(found) // MOST_BESIDE + 1]


def _moved(fact: Fact, slot: str, number: Decimal, words: Vocabulary) -> Fact | None:
    """The fact with another number; None where the door refuses it, or it would be another fact's key."""
    said: dict[str, Value | str] = {
        name: text(value) if isinstance(value, int | Decimal) else value for name, value in fact.slots
    }
    said[slot] = text(number)
    try:
        other = admit(fact.template, said, words)
    except Refused:
        return None
    return other if other.ref == fact.ref else None


def _step(words: Vocabulary, fact: Fact, slot: str) -> Decimal:
    shape = words.templates[fact.template].slots[slot]
    if shape.by:
        measure = words.measure(fact.template, fact.word(shape.by))
        assert measure is not None
        return measure.quantum
    return shape.quantum or Decimal(1)
