"""Which difference between two cases made a verdict another one, found by putting pieces of the one into the other.

For each instrument that was decided otherwise, the smallest sets of groups are sought that, taken from B and put into
A, give B's verdict; then, inside them, the smallest sets of single pieces. What is compared is the outcome; where that
is the same, the reasons; where they are, too, the quantity; else everything. Every case in between is decided by the
same engine, as an outline; whoever tells what was found asks for it in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.supposing.apart import Apart
from engine.supposing.difference import outcome
from engine.supposing.intervals import Budget
from engine.supposing.minimal import Causes, causes
from engine.supposing.sure import amount_of, kind_of
from knowledge.values import Json

MOST_DECISIONS = 2_000
"""Decisions that one question may take."""
MOST_REFINED = 3
"""Sets of groups that are looked into, where each of several makes the difference."""
Suppose = Callable[[Json], Json]
Aspect = Callable[[Json], object]


@dataclass(frozen=True)
class Cause:
    """A set of groups that makes the difference, and the sets of single pieces in them that do."""

    groups: tuple[str, ...]
    pieces: Causes


@dataclass(frozen=True)
class Changed:
    """An instrument that was decided otherwise, and what caused it."""

    instrument: str
    before: Json
    after: Json
    aspect: str
    """What is another one: `outcome`, `reasons`, `quantity` or `prices`."""
    found: Causes
    causes: tuple[Cause, ...]


class Substitution:
    """Answers about cases between two; what was decided once is not decided again."""

    def __init__(self, apart: Apart, suppose: Suppose, budget: int = MOST_DECISIONS) -> None:
        self.apart = apart
        self.budget = Budget(budget)
        self._suppose = suppose
        self.a: Json = suppose(apart.change(()))
        """The outline of A, and of B: A with everything of B in its place."""
        self.b: Json = suppose(apart.change(apart.pieces))
        self._known: dict[frozenset[str], Json] = {frozenset(): self.a, frozenset(apart.pieces): self.b}

    def between(self, pieces: frozenset[str]) -> Json:
        """The outline of A with these pieces of B. Raises `Spent`."""
        if pieces not in self._known:
            self.budget.take()
            self._known[pieces] = self._suppose(self.apart.change(pieces))
        return self._known[pieces]

    def instruments(self) -> tuple[str, ...]:
        """Those that were decided otherwise."""
        names = {*self.apart.a.snapshot.universe, *self.apart.b.snapshot.universe}
        names |= {
            one["instrument"] for side in (self.a, self.b) for part in ("verdicts", "exits") for one in side[part]
        }
        return tuple(sorted(name for name in names if outcome(self.a, name) != outcome(self.b, name)))

    def changed(self, instrument: str) -> Changed:
        """What caused the verdict on an instrument to be another one."""
        before, after = (outcome(side, instrument) for side in (self.a, self.b))
        name, aspect = _aspect(before, after)
        wanted = aspect(after)

        def makes(pieces: frozenset[str]) -> bool:
            told = self.between(pieces)
            return not told["fault"] and aspect(outcome(told, instrument)) == wanted

        groups = self.apart.groups
        found = causes(tuple(groups), lambda some: makes(_pieces(groups, some)))
        inside = []
        for one in found.sets[:MOST_REFINED]:
            pieces = tuple(piece for group in one for piece in groups[group])
            inside.append(Cause(one, causes(pieces, makes)))
        return Changed(instrument, before, after, name, found, tuple(inside))


def _pieces(groups: dict[str, tuple[str, ...]], some: frozenset[str]) -> frozenset[str]:
    return frozenset(piece for group in some for piece in groups[group])


def _aspect(before: Json, after: Json) -> tuple[str, Aspect]:
    """The first thing in which two outcomes differ."""
    for name, aspect in _ASPECTS:
        if aspect(before) != aspect(after):
            return name, aspect
    return "prices", _whole


def _whole(told: Json) -> object:
    return told


def _reasons(told: Json) -> object:
    return kind_of(told), tuple((told or {}).get("reasons", ()))


_ASPECTS: Sequence[tuple[str, Aspect]] = (("outcome", kind_of), ("reasons", _reasons), ("quantity", amount_of))


def makes_too(one: Changed, told: Json) -> bool:
    """Whether a decision in full bears out what was found by outlines."""
    aspect = dict(_ASPECTS).get(one.aspect, _whole)
    return not told.get("fault") and aspect(outcome(told, one.instrument)) == aspect(one.after)
