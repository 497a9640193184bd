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

from engine.gate.convex import Corner
from engine.gate.market import Market
from engine.gate.measures import Scope, measures
from engine.gate.proposals import Bundle, Entry, Grant, bundled, step_of
from engine.gate.reach import Book, state_of
from engine.gate.running import Part, Running
from engine.gate.tally import Tally, whole
from engine.limits.model import UNKNOWN_STATE, Limits

SIZE = "sizing.target"
"""The core of an entry whose sizing allows less than one lot."""
WHOLE = "basket.whole"
"""The core of a basket of which a leg is not among the entries, or is not what its ratio says."""


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
    running = Running(tally)
    rulings: list[Ruling] = []
    for bundle in queue:
        ruled = _rule(scope, running, bundle, bundle in free)
        rulings += ruled
        if all(one.quantity > 0 for one in ruled):
            running.grant(running.part(bundle.name, [Grant(one.entry, one.quantity) for one in ruled]))
    grants = tuple(grant for part in running.parts for grant in part.grants)
    readings = _read(running, range(len(tally.measures)))
    return Judgement(tuple(rulings), readings, grants, scope)


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


def _rule(scope: Scope, running: Running, bundle: Bundle, free: bool) -> list[Ruling]:
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
    count = 0 if forbidden else _room(running, bundle, steps, most)
    if count < 1:
        if not free:
            return ruled(Outcome.DENIED, 0, Reasons(cores=_unique(forbidden)))
        step = running.part(bundle.name, bundle.grants(steps, 1))
        broken = running.broken(step)
        cores, crowding = _cores(running, broken, step)
        lacking = _read(running, broken, step)
        spare = _spare(running, broken, step, {name for _, name, _ in crowding}, scope)
        return ruled(Outcome.DENIED, 0, Reasons((), _unique([*forbidden, *cores]), tuple(crowding), lacking, spare))
    if all(one.quantity == one.entry.target for one in bundle.grants(steps, count)):
        return ruled(Outcome.GRANTED, count)
    beyond = [running.part(bundle.name, bundle.grants(steps, more)) for more in (count + 1, most)]
    binding, lacking = (_read(running, running.broken(one), one) for one in beyond)
    return ruled(Outcome.CUT, count, Reasons(binding, lacking=lacking))


def _room(running: Running, bundle: Bundle, steps: Sequence[Fraction], most: int) -> int:
    """The largest number of steps that every measure admits; up to `most`."""
    return running.room(tuple(zip(bundle.entries, steps, strict=True)), most)


def _spare(
    running: Running, broken: Sequence[int], step: Part, crowding: Collection[str], scope: Scope
) -> tuple[tuple[str, Fraction], ...]:
    """Of each crowding grant by itself the fewest steps less that let one step in; none where even all do not."""
    found = []
    tally = running.tally
    for name in sorted(crowding):
        one = next(one for one in running.parts if one.name == name)
        unit = [step_of(grant.entry, scope.terms) for grant in one.grants]
        most = int(one.grants[0].quantity // unit[0])
        grown = [(tally.place(grant.entry), whole(each, tally.units.shares))
                 for grant, each in zip(one.grants, unit, strict=True)]  # fmt: skip
        fewer = running.fewer(one, step, broken, grown, most)
        if fewer is not None:
            found.append((name, fewer * (unit[0] if len(unit) == 1 else Fraction(1))))
    return tuple(found)


def _read(running: Running, which: Iterable[int], *more: Part) -> tuple[Reading, ...]:
    """These measures, read beside what is granted."""
    tally, found = running.tally, []
    for at, value, bound, corner in running.read(which, *more):
        measure, base = tally.measures[at], tally.amount(at, tally.rows[at].base)
        found.append(Reading(measure.key, measure.limit.id, value, bound, base, corner))
    return tuple(found)


def _cores(
    running: Running, broken: Iterable[int], step: Part
) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:  # fmt: skip
    """Every minimal core of the numeric limits for one lot or unit, and what the crowding grants take."""
    cores: list[Core] = []
    crowding: list[tuple[str, str, Fraction]] = []
    for at in broken:
        measure = running.tally.measures[at]
        if running.breaks(at, [step]):
            cores.append(Core(measure.key, measure.limit.id, ()))
            continue
        sets = running.smallest_sets(at, step)
        cores.extend(Core(measure.key, measure.limit.id, names) for names in sets)
        names = sorted({name for names in sets for name in names})
        crowding.extend((measure.key, name, running.taken(at, name)) for name in names)
    return cores, crowding


def _unique(cores: Sequence[Core]) -> tuple[Core, ...]:
    return tuple(sorted(set(cores), key=lambda core: (not core.alone, core.constraint, core.grants)))
