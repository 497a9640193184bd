"""The smallest change of facts that makes a rule fire: which facts to move, add or take away.

Searched, not guessed: each step asks which conditions the rule fails at and what would mend them (`rules.mends`), runs
the real engine again, and goes on until the rule fires. Fewest changes come first, then the shortest way of numbers.
What is returned is checked: it makes the rule fire, no part of it can be left out, and no number of it need move less.

A search has its budget (A*: Hart, Nilsson, Raphael, "A formal basis for the heuristic determination of minimum cost
paths", 1968, with an estimate that may be too high). What it returns is the smallest change it came upon, not a proof
that there is none smaller; None says that it came upon none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from heapq import heappop, heappush
from itertools import combinations

from knowledge.clips import tree
from knowledge.clips.session import Inference
from knowledge.facts import Fact, ordered, value_text
from knowledge.values import text
from rules.change import Change, Changes, moved_numbers, step_of, with_value
from rules.mends import World

__all__ = ["Change", "Changes", "least_change"]

MOST_RUNS = 500
"""How often the rules are run for one answer."""
MOST_CHANGES = 8
Infer = Callable[[Sequence[Fact]], Inference]


def least_change(
    program: tree.Program, told: Iterable[Fact], rule: str, instrument: str, infer: Infer
) -> Changes | None:
    """The changes that make `rule` conclude something about `instrument`; empty where it does already, None where none
    was found. `told` are the facts that no rule concluded; `infer` runs the rules on facts in canonical order.
    """
    return _Search(program, ordered(told), rule, instrument, infer).answer()


_Waiting = tuple[int, int, Fraction, Fraction, tuple[str, ...]]
"""Whose turn it is: changes in all, changes still lacking, the gap of numbers, the way of numbers, words."""


class _Spent(Exception):
    """The budget is used up."""


class _Search:
    def __init__(self, program: tree.Program, told: Sequence[Fact], rule: str, instrument: str, infer: Infer) -> None:
        self.program = program
        self.rule = next(one for one in program.rules if one.name == rule)
        self.told = {fact.ref: fact for fact in told}
        self.about = {"instrument": instrument}
        self.infer = infer
        self.runs = 0
        self.known: dict[Changes, Inference] = {}

    def answer(self) -> Changes | None:
        waiting: list[_Waiting] = [(0, 0, Fraction(0), Fraction(0), ())]
        meant: dict[tuple[str, ...], Changes] = {(): ()}
        seen: set[Changes] = {()}
        try:
            while waiting:
                changes = meant[heappop(waiting)[-1]]
                if self.fires(changes):
                    self.runs = 0  # what was found is worth as much again
                    return self.tightened(self.irreducible(changes))
                for further in self.after(changes):
                    if further not in seen and len(further) <= MOST_CHANGES:
                        seen.add(further)
                        cost = sum((one.distance for one in further), Fraction(0))
                        words = tuple(one.words for one in further)
                        count, gap = self.lacks(further)
                        meant[words] = further
                        heappush(waiting, (len(further) + count, count, gap, cost, words))
        except _Spent:
            return None
        return None

    def irreducible(self, changes: Changes) -> Changes:
        """The smallest part of the changes that does."""
        for count in range(len(changes)):
            for part in combinations(changes, count):
                if self.fires(part):
                    return part
        return changes

    def tightened(self, changes: Changes) -> Changes:
        """The same with each number moved no further than it takes: one step less, and the rule does not fire."""
        for place, change in enumerate(changes):
            for name in moved_numbers(change):
                changes = self.halved(changes, place, name)
        return changes

    def halved(self, changes: Changes, place: int, name: str) -> Changes:
        """Halve the way of one number between where the rule does not fire and where it does."""
        change = changes[place]
        assert change.before is not None and change.after is not None
        step = step_of(change.before, name)
        start, end = change.before.number(name), change.after.number(name)
        short, enough = 0, int(abs(end - start) / step)
        best = changes
        while enough - short > 1:
            middle = (short + enough) // 2
            value = start + (step if end > start else -step) * middle
            made = with_value(change.after, name, text(value))
            tried = (*changes[:place], Change(change.before, made), *changes[place + 1 :])
            if made is not None and self.fires(tried):
                enough, best = middle, tried
            else:
                short = middle
        return best

    def after(self, changes: Changes) -> Iterator[Changes]:
        """The changes with one more fact changed, or one of them changed otherwise."""
        world = self.world(changes)
        base = {one.ref: one for one in changes}
        for change in world.mends():
            before = self.told.get(change.ref)
            after = {**base, change.ref: Change(before, change.after)}
            kept = [one for one in after.values() if one.before != one.after]
            yield tuple(sorted(kept, key=lambda one: one.ref))

    def lacks(self, changes: Changes) -> tuple[int, Fraction]:
        """How many changes more it may take, by the conditions the rule fails at then, and by how much numbers fail."""
        if self.fires(changes):
            return 0, Fraction(0)
        world = self.world(changes)
        return world.lacks(), world.gap()

    def world(self, changes: Changes) -> World:
        return World(self.program, self.rule, self.about, self.facts(changes), self.run(changes))

    def facts(self, changes: Changes) -> tuple[Fact, ...]:
        facts = dict(self.told)
        for change in changes:
            facts.pop(change.ref, None)
            if change.after is not None:
                facts[change.after.ref] = change.after
        return ordered(facts.values())

    def run(self, changes: Changes) -> Inference:
        if changes not in self.known:
            self.runs += 1
            if self.runs > MOST_RUNS:
                raise _Spent
            self.known[changes] = self.infer(self.facts(changes))
        return self.known[changes]

    def fires(self, changes: Changes) -> bool:
        found = self.run(changes)
        facts = {fact.ref: fact for fact in (*self.facts(changes), *found.derived)}
        return any(
            all(value_text(fact[slot]) == word for slot, word in self.about.items() if slot in dict(fact.slots))
            for firing in found.firings
            if firing.rule == self.rule.name
            for fact in (facts[ref] for ref in firing.concluded)
        )
