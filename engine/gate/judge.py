"""The gate's exact arithmetic: which entries fit, all together, and how large they may be.

Exits come first and are never refused by a number (they are part of the book that entries are judged against).
Entries follow, highest conviction first, ties by instrument. Each is as large as its target and every measure allow,
found in closed form (`Tally.lots`), rounded down to whole lots. A basket is judged as one: in whole units of its ratio,
all legs or none, so that what forbids one leg forbids them all and each leg's ruling says the same. What is refused
carries every minimal core: a set of limits, conditions and earlier grants that cannot hold together with even one lot
(of a basket, one unit). A single limit that admits no lot is a core by itself, so a core never holds two limits; where
a limit refuses only because of earlier grants, the core names a smallest set of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations

from engine.gate.convex import Corner
from engine.gate.market import Market
from engine.gate.measures import Scope, measures
from engine.gate.proposals import Bundle, Entry, Grant, bundled, step_of
from engine.gate.reach import Book, state_of
from engine.gate.tally import Standing, Tally
from engine.limits.model import UNKNOWN_STATE, Limits

SIZE = "sizing.target"
"""The core of an entry whose sizing allows less than one lot."""
WHOLE = "basket.whole"
"""The core of a basket of which a leg is not among the entries, or is not what its ratio says."""
MOST_GRANTS_ENUMERATED = 8
"""Up to here every minimal set of crowding grants is listed; beyond, one is found by deletion."""


class Outcome(StrEnum):
    """The verdict for one instrument."""

    GRANTED = "granted"
    CUT = "cut"
    DENIED = "denied"
    NO_CANDIDATE = "no-candidate"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure, read: what the worst filling makes it, and what it may be."""

    measure: str
    limit: str
    value: Fraction
    bound: Fraction
    base: Fraction
    corner: Corner | None = None
    """Where a convex measure is worst; its three numbers are squares. None for the others."""

    @property
    def slack(self) -> Fraction:
        """How much is left; below zero only where a convex measure's base already stood above its bound."""
        return (max(self.bound, self.base) if self.corner is None else self.bound) - self.value


@dataclass(frozen=True, slots=True)
class Core:
    """Constraints that cannot hold together with one lot: a limit or condition, and the grants that crowd it."""

    constraint: str
    limit: str
    grants: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """True where no earlier grant is part of the reason."""
        return not self.grants


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says of one entry.

    `binding` are the measures that one more lot would break (for a cut), `cores` the minimal reasons (for a denial),
    `crowding` what each crowding grant takes of the core's measure.
    """

    entry: Entry
    outcome: Outcome
    quantity: Fraction
    binding: tuple[Reading, ...] = ()
    cores: tuple[Core, ...] = ()
    crowding: tuple[tuple[str, str, Fraction], ...] = ()
    """(measure, instrument or basket of an earlier grant, its part of the measure's value)."""
    lacking: tuple[Reading, ...] = ()
    """The measures that stand in the way of the target (of a cut) or of the smallest quantity (of a denial), read there
    beside the earlier grants: what would have to be repaired."""
    spare: tuple[tuple[str, Fraction], ...] = ()
    """(earlier grant, shares): had it so many shares fewer (of a basket: units), the smallest quantity would fit."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a ruling is not simply a grant; the fields of `Ruling` of the same names."""

    binding: tuple[Reading, ...] = ()
    cores: tuple[Core, ...] = ()
    crowding: tuple[tuple[str, str, Fraction], ...] = ()
    lacking: tuple[Reading, ...] = ()
    spare: tuple[tuple[str, Fraction], ...] = ()


UNREASONED = Reasons()


@dataclass(frozen=True)
class Judgement:
    """All rulings in the order in which they were made, the final readings, and what exits worsen."""

    rulings: tuple[Ruling, ...]
    readings: tuple[Reading, ...]
    grants: tuple[Grant, ...]
    scope: Scope


def judge(
    book: Book, entries: Sequence[Entry], market: Market, limits: Limits, regime: str, state: str = UNKNOWN_STATE
) -> Judgement:
    """Rule on every entry. Entries whose instrument has no terms must carry a failing finding."""
    queue = bundled(entries)
    free = [one for one in queue if _is_free(one, market)]
    asked = tuple(entry for one in free for entry in one.entries)
    scope = Scope(book, asked, market, limits, regime, state)
    tally = Tally(scope, measures(scope), state_of(book, (), market, limits), asked)
    granted: list[Granted] = []
    rulings: list[Ruling] = []
    for bundle in queue:
        ruled = _rule(scope, tally, granted, bundle, bundle in free)
        rulings += ruled
        if all(one.quantity > 0 for one in ruled):
            granted.append(Granted(bundle.name, tuple(Grant(one.entry, one.quantity) for one in ruled)))
    grants = _all(granted)
    readings = _read(tally, range(len(tally.measures)), tally.standing(grants))
    return Judgement(tuple(rulings), readings, grants, scope)


@dataclass(frozen=True, slots=True)
class Granted:
    """What was granted as one: an entry by its instrument's name, or a basket's legs."""

    name: str
    grants: tuple[Grant, ...]


def _all(granted: Iterable[Granted]) -> tuple[Grant, ...]:
    return tuple(grant for one in granted for grant in one.grants)


def _is_free(bundle: Bundle, market: Market) -> bool:
    """Whether only numbers can refuse it."""
    return not forbidding(bundle) and all(one.instrument in market.terms for one in bundle.entries)


def forbidding(bundle: Bundle) -> list[Core]:
    """What forbids every quantity: conditions that do not hold (of a basket, with the leg), a basket without a leg."""
    found = [] if bundle.whole else [Core(WHOLE, WHOLE, ())]
    for entry in bundle.entries:
        leg = "" if bundle.basket is None else f"[{entry.instrument}]"
        found += [Core(f"{one.limit}{leg}", one.limit, ()) for one in entry.findings if not one.holds]
    return found


def _rule(scope: Scope, tally: Tally, granted: list[Granted], bundle: Bundle, free: bool) -> list[Ruling]:
    """One ruling for each entry, all with the same outcome and reasons."""
    steps, forbidden = bundle.steps(scope.terms), forbidding(bundle)
    most = min(int(one.target // step) for one, step in zip(bundle.entries, steps, strict=True))

    def ruled(outcome: Outcome, count: int, why: Reasons = UNREASONED) -> list[Ruling]:
        because = (why.binding, why.cores, why.crowding, why.lacking, why.spare)
        return [Ruling(one.entry, outcome, one.quantity, *because) for one in bundle.grants(steps, count)]

    unknown = [one.instrument for one in bundle.entries if one.instrument not in scope.terms]
    if unknown:
        assert forbidden, f"{unknown[0]} has no terms and no finding that says so"
        return ruled(Outcome.DENIED, 0, Reasons(cores=_unique(forbidden)))
    if most < 1:
        forbidden.append(Core(SIZE, SIZE, ()))
    count = 0 if forbidden else _room(tally, granted, bundle, steps, most)
    if count < 1:
        if not free:
            return ruled(Outcome.DENIED, 0, Reasons(cores=_unique(forbidden)))
        step = bundle.grants(steps, 1)
        cores, crowding = _cores(tally, granted, step)
        lacking = _broken(tally, granted, step)
        spare = _spare(tally, granted, step, {name for _, name, _ in crowding}, scope)
        return ruled(Outcome.DENIED, 0, Reasons((), _unique([*forbidden, *cores]), tuple(crowding), lacking, spare))
    if all(one.quantity == one.entry.target for one in bundle.grants(steps, count)):
        return ruled(Outcome.GRANTED, count)
    binding, lacking = (_broken(tally, granted, bundle.grants(steps, more)) for more in (count + 1, most))
    return ruled(Outcome.CUT, count, Reasons(binding, lacking=lacking))


def _broken(tally: Tally, granted: Sequence[Granted], asked: Sequence[Grant]) -> tuple[Reading, ...]:
    """The measures that break when this is granted beside the earlier grants, read there."""
    here = tally.standing([*_all(granted), *asked])
    return _read(tally, tally.broken(here), here)


def _spare(
    tally: Tally, granted: Sequence[Granted], step: Sequence[Grant], crowding: Collection[str], scope: Scope
) -> tuple[tuple[str, Fraction], ...]:
    """Of each crowding grant by itself the fewest steps less that let one step in; none where even all do not.

    Found by bisection: a smaller grant never breaks what a larger one keeps (promise 3), so that only what all of them
    break needs a look.
    """
    found = []
    broken = tally.broken(tally.standing([*_all(granted), *step])) if crowding else []
    for name in sorted(crowding):
        one = next(one for one in granted if one.name == name)
        others = [other for other in granted if other is not one]
        unit = [step_of(grant.entry, scope.terms) for grant in one.grants]
        most = int(one.grants[0].quantity // unit[0])

        def fits(fewer: int, one: Granted = one, others: Sequence[Granted] = others,
                 unit: Sequence[Fraction] = unit) -> bool:  # fmt: skip
            left = [Grant(grant.entry, grant.quantity - each * fewer)
                    for grant, each in zip(one.grants, unit, strict=True)]  # fmt: skip
            kept = [grant for grant in left if grant.quantity > 0]
            here = tally.standing([*_all(others), *kept, *step])
            return not any(tally.breaks(at, here) for at in broken)

        if fits(most):
            low, high = 0, most
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if fits(middle) else (middle, high)
            found.append((name, high * (unit[0] if len(unit) == 1 else Fraction(1))))
    return tuple(found)


def _read(tally: Tally, which: Iterable[int], here: Standing) -> tuple[Reading, ...]:
    """These measures, read."""
    return tuple(
        Reading(
            tally.measures[at].key,
            tally.measures[at].limit.id,
            tally.amount(at, tally.value(at, here)),
            tally.amount(at, tally.bound(at, here)),
            tally.amount(at, tally.rows[at].base),
            tally.corner(at, here),
        )
        for at in which
    )


def _room(tally: Tally, granted: list[Granted], bundle: Bundle, steps: Sequence[Fraction], most: int) -> int:
    """The largest number of steps that every measure admits; up to `most`."""
    here = tally.standing([*_all(granted), *bundle.grants(steps, 0)])
    return tally.lots(tuple(zip(bundle.entries, steps, strict=True)), here, most)


def _cores(
    tally: Tally, granted: list[Granted], one_step: Sequence[Grant]
) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:
    """Every minimal core of the numeric limits for one lot or unit, and what the crowding grants take."""
    by_itself = tally.standing(one_step)
    cores: list[Core] = []
    crowding: list[tuple[str, str, Fraction]] = []
    for at in tally.broken(tally.standing([*_all(granted), *one_step])):
        measure = tally.measures[at]
        if tally.breaks(at, by_itself):
            cores.append(Core(measure.key, measure.limit.id, ()))
            continue
        sets = _smallest_sets(tally, at, granted, one_step)
        cores.extend(Core(measure.key, measure.limit.id, names) for names in sets)
        total = tally.value(at, tally.standing(_all(granted)))
        for name in sorted({name for names in sets for name in names}):
            rest = _all(one for one in granted if one.name != name)
            crowding.append((measure.key, name, tally.amount(at, total - tally.value(at, tally.standing(rest)))))
    return cores, crowding


def _smallest_sets(
    tally: Tally, at: int, granted: list[Granted], one_step: Sequence[Grant]
) -> list[tuple[str, ...]]:  # fmt: skip
    """The minimal sets of earlier grants beside which one lot or unit breaks this measure."""

    def breaks(chosen: Sequence[Granted]) -> bool:
        return tally.breaks(at, tally.standing([*_all(chosen), *one_step]))

    if len(granted) > MOST_GRANTS_ENUMERATED:
        kept = list(granted)
        for one in granted:
            without = [other for other in kept if other is not one]
            if breaks(without):
                kept = without
        return [tuple(sorted(one.name for one in kept))]
    found: list[frozenset[str]] = []
    for size in range(1, len(granted) + 1):
        for chosen in combinations(granted, size):
            names = frozenset(one.name for one in chosen)
            if not any(smaller <= names for smaller in found) and breaks(chosen):
                found.append(names)
    return sorted(tuple(sorted(names)) for names in found)


def _unique(cores: Sequence[Core]) -> tuple[Core, ...]:
    return tuple(sorted(set(cores), key=lambda core: (not core.alone, core.constraint, core.grants)))
