"""The ways through a rule's conditions, and where each of them ends.

A count (see `rules.plans`) is taken as a whole: the facts that agree are collected first, so that too few of them end
one way, with their number, instead of many ways at whatever order among them failed last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from knowledge.facts import Fact
from rules.arithmetic import Bindings, Term
from rules.conditions import CompiledPattern, WorkingMemory, conjunction
from rules.plans import Count, Plan

MOST_WAYS = 2_000
"""Ways through one rule that are looked at. A rule that joins everything with everything has millions, and no
explanation may take longer than the decision; facts come in canonical order, so the first ones are always the same."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where one way through a rule's conditions ended. `members` are set where a count fell short."""

    held: int
    at: int
    bindings: Bindings
    members: tuple[Fact, ...] | None = None


def stops(plan: Plan, at: int, memory: WorkingMemory, bindings: Bindings) -> Iterator[Stop]:
    """Where each way through the conditions from `at` on ends; behind the last one if all of them hold."""
    conditions, counts = plan.conditions, plan.counts
    while at < len(conditions):
        if at in counts:
            yield from _counted(counts[at], plan, at, memory, bindings)
            return
        ways = list(conditions[at].extend(memory, bindings))
        if len(ways) != 1:
            break
        # Most conditions hold in one way or in none.
        at, bindings = at + 1, ways[0]
    else:
        ways = []
    for way in ways:
        yield from stops(plan, at + 1, memory, way)
    if not ways:
        yield Stop(at, at, bindings)


def reached(plan: Plan, memory: WorkingMemory, bindings: Bindings) -> list[Stop]:
    """The furthest of all stops. Most rules have one way, which is followed without asking for others."""
    conditions, counts = plan.conditions, plan.counts
    at = 0
    while at < len(conditions) and at not in counts:
        condition = conditions[at]
        pattern = condition if type(condition) is CompiledPattern else None
        ways = list(condition.extend(memory, bindings)) if pattern is None else pattern.ways(memory, bindings)
        if len(ways) > 1:
            break
        if not ways:
            return [Stop(at, at, bindings)]
        at, bindings = at + 1, ways[0]
    return furthest(stops(plan, at, memory, bindings))


def _counted(count: Count, plan: Plan, at: int, memory: WorkingMemory, bindings: Bindings) -> Iterator[Stop]:
    """The same from a count on: the facts that agree are told apart by what they share; enough of them go on."""
    pattern = plan.conditions[at]
    assert isinstance(pattern, CompiledPattern)
    agreeing: dict[tuple[Term, ...], list[tuple[Fact, Bindings]]] = {}
    for fact, new in pattern.satisfying(memory, bindings):
        agreeing.setdefault(tuple(new[name] for _, name in count.shared), []).append((fact, new))
    if not agreeing:
        yield Stop(at, at, bindings, ())
    for shared, found in agreeing.items():
        if len(found) < count.needed:
            names = (name for _, name in count.shared)
            known = {**bindings, **dict(zip(names, shared, strict=True))}
            yield Stop(at + len(found), at, known, tuple(fact for fact, _ in found))
            continue
        for _, first in found:
            for joined in conjunction(plan.conditions[at + 1 : at + count.needed], memory, first):
                yield from stops(plan, at + count.needed, memory, joined)


def furthest(ends: Iterable[Stop]) -> list[Stop]:
    """The ends before which most conditions held, among the first `MOST_WAYS`."""
    best: list[Stop] = []
    most = -1
    for stop in islice(ends, MOST_WAYS):
        if stop.held > most:
            best, most = [stop], stop.held
        elif stop.held == most:
            best.append(stop)
    return best
