"""The gate's exact arithmetic: which entries fit, all together, and how large they may be.

Exits come first and are never refused by a number (they are part of the book that entries are judged against).
Entries follow, highest conviction first, ties by instrument. Each is as large as its target and every measure allow,
found in closed form (`Tally.lots`), rounded down to whole lots. What is refused carries every minimal core: a set
of limits, conditions and earlier grants that cannot hold together with even one lot. A single limit that admits no lot
is a core by itself, so a core never holds two limits; where a limit refuses only because of earlier grants, the core
names a smallest set of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations

from engine.gate.market import Market
from engine.gate.measures import Scope, measures
from engine.gate.proposals import Entry, Grant
from engine.gate.reach import ZERO, Book, state_of
from engine.gate.tally import Standing, Tally
from engine.limits.model import UNKNOWN_STATE, Limits

SIZE = "sizing.target"
"""The core of an entry whose sizing allows less than one lot."""
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

    @property
    def slack(self) -> Fraction:
        """How much is left; below zero only where the base already stood above the bound."""
        return max(self.bound, self.base) - self.value


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
    """(measure, instrument of an earlier grant, its part of the measure's value)."""


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
    queue = sorted(entries, key=lambda entry: (-entry.conviction, entry.instrument))
    free = tuple(entry for entry in queue if entry.instrument in market.terms and not _forbidding(entry))
    scope = Scope(book, free, market, limits, regime, state)
    mine = {entry.instrument for entry in free}
    asked = [entry for entry in queue if entry.instrument in mine]
    tally = Tally(scope, measures(scope), state_of(book, (), market, limits), asked)
    grants: list[Grant] = []
    rulings: list[Ruling] = []
    for entry in queue:
        ruling = _rule(scope, tally, grants, entry)
        rulings.append(ruling)
        if ruling.quantity > 0:
            grants.append(Grant(entry, ruling.quantity))
    readings = _read(tally, range(len(tally.measures)), tally.standing(grants))
    return Judgement(tuple(rulings), readings, tuple(grants), scope)


def _forbidding(entry: Entry) -> list[Core]:
    return [Core(found.limit, found.limit, ()) for found in entry.findings if not found.holds]


def _rule(scope: Scope, tally: Tally, grants: list[Grant], entry: Entry) -> Ruling:
    terms = scope.terms.get(entry.instrument)
    forbidden = _forbidding(entry)
    if terms is None:
        assert forbidden, f"{entry.instrument} has no terms and no finding that says so"
        return Ruling(entry, Outcome.DENIED, ZERO, cores=_unique(forbidden))
    lot = Fraction(terms.lot)
    if forbidden or entry.target < lot:
        if entry.target < lot:
            forbidden.append(Core(SIZE, SIZE, ()))
        free = any(one.instrument == entry.instrument for one in scope.entries)
        cores, crowding = _cores(tally, grants, entry, lot) if free else ([], [])
        return Ruling(entry, Outcome.DENIED, ZERO, cores=_unique([*forbidden, *cores]), crowding=tuple(crowding))
    quantity = min(entry.target, _room(tally, grants, entry, lot))
    if quantity < lot:
        cores, crowding = _cores(tally, grants, entry, lot)
        return Ruling(entry, Outcome.DENIED, ZERO, cores=_unique(cores), crowding=tuple(crowding))
    if quantity == entry.target:
        return Ruling(entry, Outcome.GRANTED, quantity)
    beyond = tally.standing([*grants, Grant(entry, quantity + lot)])
    return Ruling(entry, Outcome.CUT, quantity, _read(tally, tally.broken(beyond), beyond))


def _read(tally: Tally, which: Iterable[int], here: Standing) -> tuple[Reading, ...]:
    """These measures, read."""
    return tuple(
        Reading(
            tally.measures[at].key,
            tally.measures[at].limit.id,
            tally.amount(tally.value(at, here)),
            tally.amount(tally.bound(at, here)),
            tally.amount(tally.rows[at].base),
        )
        for at in which
    )


def _room(tally: Tally, grants: list[Grant], entry: Entry, lot: Fraction) -> Fraction:
    """The largest whole number of lots that every measure admits, in shares; up to the target."""
    here = tally.standing([*grants, Grant(entry, ZERO)])
    return tally.lots(entry, int(lot), here, int(entry.target // lot)) * lot


def _cores(
    tally: Tally, grants: list[Grant], entry: Entry, lot: Fraction
) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:
    """Every minimal core of the numeric limits for one lot, and what the crowding grants take."""
    one_lot = Grant(entry, lot)
    alone = set(tally.broken(tally.standing([one_lot])))
    cores: list[Core] = []
    crowding: list[tuple[str, str, Fraction]] = []
    for at in tally.broken(tally.standing([*grants, one_lot])):
        measure = tally.measures[at]
        if at in alone:
            cores.append(Core(measure.key, measure.limit.id, ()))
            continue
        sets = _smallest_sets(tally, at, grants, one_lot)
        cores.extend(Core(measure.key, measure.limit.id, names) for names in sets)
        total = tally.value(at, tally.standing(grants))
        for name in sorted({name for names in sets for name in names}):
            rest = [one for one in grants if one.entry.instrument != name]
            crowding.append((measure.key, name, tally.amount(total - tally.value(at, tally.standing(rest)))))
    return cores, crowding


def _smallest_sets(tally: Tally, at: int, grants: list[Grant], one_lot: Grant) -> list[tuple[str, ...]]:
    """The minimal sets of earlier grants beside which one lot breaks this measure."""

    def breaks(chosen: Sequence[Grant]) -> bool:
        return tally.breaks(at, tally.standing([*chosen, one_lot]))

    if len(grants) > MOST_GRANTS_ENUMERATED:
        kept = list(grants)
        for one in grants:
            without = [other for other in kept if other is not one]
            if breaks(without):
                kept = without
        return [tuple(sorted(one.entry.instrument for one in kept))]
    found: list[frozenset[str]] = []
    for size in range(1, len(grants) + 1):
        for chosen in combinations(grants, size):
            names = frozenset(one.entry.instrument for one in chosen)
            if not any(smaller <= names for smaller in found) and breaks(chosen):
                found.append(names)
    return sorted(tuple(sorted(names)) for names in found)


def _unique(cores: Sequence[Core]) -> tuple[Core, ...]:
    return tuple(sorted(set(cores), key=lambda core: (not core.alone, core.constraint, core.grants)))
