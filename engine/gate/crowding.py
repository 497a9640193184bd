"""Which earlier grants crowd an entry out: the smallest sets of them, what each takes, and what each could spare.

With one sum for each row, a set of grants breaks a row beside a step exactly where what its grants weigh — what they
add, and what they take from the bound — exceeds what the step leaves. The smallest such sets are listed without trying
the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, combinations

from engine.gate.running import Part, Running
from engine.gate.whole import parted

MOST_GRANTS_ENUMERATED = 8
"""Up to here every minimal set of crowding grants is listed; beyond, one is found by deletion."""


def smallest_sets(running: Running, at: int, step: Part) -> list[tuple[str, ...]]:
    """The minimal sets of earlier grants beside which the step breaks this row. Alone it must not."""
    if len(running.parts) > MOST_GRANTS_ENUMERATED:
        return [_deleted(running, at, step)]
    if at in running.rows.curves.rows:
        return _tried(running, at, step)
    rows, nav = running.rows, running.desk.nav - step.cost
    own, share, parts = step.effects.get(at, 0), rows.shares[at], running.parts
    weights = [(each, name) for name, one in parts.items() if (each := one.effects.get(at, 0) + share * one.cost) > 0]
    sets = heavier(sorted(weights, reverse=True), share * nav + rows.gaps[at] - own)
    # To break a row, it must rise at all: where the step does nothing to it, somebody in the set has to.
    if own <= 0 and not all(any(parts[name].effects.get(at, 0) > 0 for name in names) for names in sets):
        return _tried(running, at, step)
    return sorted([tuple(sorted(names)) for names in sets])


def heavier(weights: Sequence[tuple[int, str]], most: int) -> list[tuple[str, ...]]:
    """The minimal sets that weigh more than `most`, of weights above 0 that come largest first.

    A set that exceeds it only with its lightest is minimal: without another one it would weigh no more.
    """
    left = [*accumulate([each for each, _ in reversed(weights)])][::-1]
    found: list[tuple[str, ...]] = []

    def add(at: int, over: int, names: tuple[str, ...]) -> None:
        for place in range(at, len(weights)):
            if left[place] <= over:
                return
            each, name = weights[place]
            if each > over:
                found.append((*names, name))
            else:
                add(place + 1, over - each, (*names, name))

    add(0, most, ())
    return found


def _tried(running: Running, at: int, step: Part) -> list[tuple[str, ...]]:
    """The same by trying every set, smaller ones first."""
    found: list[frozenset[str]] = []
    for size in range(1, len(running.parts) + 1):
        for chosen in combinations(running.parts.values(), size):
            names = frozenset([one.name for one in chosen])
            if not any(smaller <= names for smaller in found) and running.breaks(at, (*chosen, step)):
                found.append(names)
    return sorted(tuple(sorted(names)) for names in found)


def _deleted(running: Running, at: int, step: Part) -> tuple[str, ...]:
    """One smallest set, found by leaving out one after the other."""
    kept = dict(running.parts)
    if at in running.rows.curves.rows:
        for name in running.parts:
            without = {other: one for other, one in kept.items() if other != name}
            if running.breaks(at, (*without.values(), step)):
                kept = without
        return tuple(sorted(kept))
    rise, nav = running.rises[at] + step.effects.get(at, 0), running.nav - step.cost
    for name, one in running.parts.items():
        less = rise - one.effects.get(at, 0)
        if running.exceeds(at, less, nav + one.cost):
            rise, nav = less, nav + one.cost
            del kept[name]
    return tuple(sorted(kept))


def taken(running: Running, at: int, name: str) -> Fraction:
    """What the grant of this name adds to a row."""
    parts, curves = running.parts, running.rows.curves
    if at not in curves.rows:
        return running.amount(at, parts[name].effects.get(at, 0))
    everything = curves.read(at, running.standing(parts.values()))[0]
    rest = curves.read(at, running.standing(one for one in parts.values() if one.name != name))[0]
    return running.amount(at, everything - rest)


def spare(running: Running, broken: Sequence[int], step: Part, names: Iterable[str]) -> Iterator[tuple[str, Fraction]]:
    """Of each of these grants by itself the fewest steps less that let the step in; none where even all do not.

    Of a single entry in shares, of a basket in units. A smaller grant never breaks what a larger one keeps (promise 3),
    so that only what is broken needs a look.
    """
    rows, nav, shares = running.rows, running.nav - step.cost, running.desk.units.shares
    plain = rows.curves.rows.keys().isdisjoint(broken)
    lacks = [(at, rise, rows.shares[at], rise - rows.shares[at] * nav - rows.gaps[at])
             for at in broken for rise in [running.rises[at] + step.effects.get(at, 0)]]  # fmt: skip
    for name in names:
        one = running.parts[name]
        single, (place, each) = len(one.grown) == 1, one.grown[0]
        if single and plain and not (rows.least and running.fall(place, each * one.size)):
            less = _fewer(running, one, nav, lacks)
        else:
            less = _bisected(running, one, step, broken)
        if less is not None:
            yield name, parted(less * each, shares) if single else Fraction(less)


def _fewer(running: Running, one: Part, nav: int, lacks: Iterable[tuple[int, int, int, int]]) -> int | None:
    """So many steps less of a single entry, of this NAV⁻.

    `lacks` are rows, what they rise by, their shares of NAV⁻, and by how much they exceed their bound.
    """
    rows, desk, found = running.rows, running.desk, 0
    place, shares = one.grown[0]
    slopes, bent, cost = rows.slopes[place], rows.lines[place], desk.asks[place].cost
    for at, rise, share, lack in lacks:
        effect = one.effects.get(at, 0)
        if rise > effect and effect + share * one.cost < lack:
            return None
        if at in bent or rise <= effect:
            left = running.longest(at, one.grown, rise - effect, nav + one.cost - desk.flat_fee, one.size)
            found = max(found, one.size - left)
        else:
            each = (slopes.get(at, 0) + share * cost) * shares
            # Without all of it, not even its fee per order is left.
            found = max(found, min(one.size, -(-lack // each))) if each else one.size
    return found


def _bisected(running: Running, one: Part, step: Part, broken: Sequence[int]) -> int | None:
    others = [other for other in running.parts.values() if other is not one]

    def fits(less: int) -> bool:
        # A grant of nothing is no grant, and costs no fee.
        kept = [running.part(one.name, one.grown, one.size - less)] if less < one.size else []
        return not any(running.breaks(at, (*others, *kept, step)) for at in broken)

    if not fits(one.size):
        return None
    low, high = 0, one.size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high
