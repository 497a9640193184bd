"""The gate once more, slow and obvious: every measure of every state anew, in fractions, by `Measure` alone.

`engine.gate.judge` must rule the same to the last digit. Nothing here knows of whole numbers, or of what a grant moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

from engine.gate.judge import MOST_GRANTS_ENUMERATED, SIZE, Core, Judgement, Outcome, Reading, Ruling
from engine.gate.market import Market
from engine.gate.measures import Measure, Scope, measures, weight
from engine.gate.proposals import Entry, Grant
from engine.gate.reach import ZERO, Book, Leg, State, entry_leg, state_of
from engine.limits.model import Limits


@dataclass
class _Bench:
    """The gate's working state: grants so far, and states by grants."""

    scope: Scope
    measures: list[Measure]
    base: State
    base_values: Mapping[str, Fraction] = field(init=False)
    """What the base makes of each measure, by key: every reading is against it."""

    def __post_init__(self) -> None:
        self.base_values = {one.key: one.value(self.base) for one in self.measures}

    def state(self, grants: Sequence[Grant]) -> State:
        return state_of(self.scope.book, grants, self.scope.market, self.scope.limits)

    def read(self, measure: Measure, state: State) -> Reading:
        key = measure.key
        return Reading(key, measure.limit.id, measure.value(state), measure.bound(state), self.base_values[key])

    def breaks(self, measure: Measure, state: State) -> bool:
        """Not `worst ≤ max(bound, base)`."""
        value = measure.value(state)
        return value > measure.bound(state) and value > self.base_values[measure.key]

    def broken(self, grants: Sequence[Grant]) -> list[Measure]:
        state = self.state(grants)
        return [one for one in self.measures if self.breaks(one, state)]


def judge(
    book: Book, entries: Sequence[Entry], market: Market, limits: Limits, regime: str, state: str = ""
) -> Judgement:
    """Rule on every entry. Entries whose instrument has no terms must carry a failing finding."""
    queue = sorted(entries, key=lambda entry: (-entry.conviction, entry.instrument))
    free = tuple(entry for entry in queue if entry.instrument in market.terms and not _forbidding(entry))
    scope = Scope(book, free, market, limits, regime, state)
    bench = _Bench(scope, measures(scope), state_of(book, (), market, limits))
    grants: list[Grant] = []
    rulings: list[Ruling] = []
    for entry in queue:
        ruling = _rule(bench, grants, entry)
        rulings.append(ruling)
        if ruling.quantity > 0:
            grants.append(Grant(entry, ruling.quantity))
    final = bench.state(grants)
    readings = tuple(bench.read(one, final) for one in bench.measures)
    return Judgement(tuple(rulings), readings, tuple(grants), scope)


def _forbidding(entry: Entry) -> list[Core]:
    return [Core(found.limit, found.limit, ()) for found in entry.findings if not found.holds]


def _rule(bench: _Bench, grants: list[Grant], entry: Entry) -> Ruling:
    terms = bench.scope.terms.get(entry.instrument)
    forbidden = _forbidding(entry)
    if terms is None:
        assert forbidden, f"{entry.instrument} has no terms and no finding that says so"
        return Ruling(entry, Outcome.DENIED, ZERO, cores=_unique(forbidden))
    lot = Fraction(terms.lot)
    if forbidden or entry.target < lot:
        if entry.target < lot:
            forbidden.append(Core(SIZE, SIZE, ()))
        cores, crowding = _cores(bench, grants, entry, lot) if entry.instrument in _free(bench) else ([], [])
        return Ruling(entry, Outcome.DENIED, ZERO, cores=_unique([*forbidden, *cores]), crowding=tuple(crowding))
    quantity = min(entry.target, _room(bench, grants, entry, lot))
    if quantity < lot:
        cores, crowding = _cores(bench, grants, entry, lot)
        return Ruling(entry, Outcome.DENIED, ZERO, cores=_unique(cores), crowding=tuple(crowding))
    if quantity == entry.target:
        return Ruling(entry, Outcome.GRANTED, quantity)
    more = [*grants, Grant(entry, quantity + lot)]
    beyond = bench.state(more)
    binding = tuple(bench.read(one, beyond) for one in bench.broken(more))
    return Ruling(entry, Outcome.CUT, quantity, binding)


def _free(bench: _Bench) -> set[str]:
    return {entry.instrument for entry in bench.scope.entries}


def _room(bench: _Bench, grants: list[Grant], entry: Entry, lot: Fraction) -> Fraction:
    """The largest whole number of lots that every measure admits, in shares."""
    state = bench.state([*grants, Grant(entry, ZERO)])
    leg = entry_leg(Grant(entry, ZERO), bench.scope.terms[entry.instrument])
    most = entry.target
    for measure in bench.measures:
        most = min(most, _headroom(bench, measure, state, leg))
        if most < lot:
            return ZERO
    return (most // lot) * lot


def _headroom(bench: _Bench, measure: Measure, state: State, leg: Leg) -> Fraction:
    """The largest quantity with `worst ≤ max(bound, base)`, as a fraction of a share; 0 where there is none."""
    fee = bench.scope.limits.parameters.fee_per_share
    drop, bound = measure.nav_share * (leg.slippage + fee), measure.bound(state)
    found = lines(measure, state, leg, fee)
    within_bound = _longest([(a - bound, b + drop) for a, b in found])
    base = bench.base_values[measure.key]
    within_base = _longest([(a - base, b) for a, b in found])
    return max(within_bound, within_base)


def lines(measure: Measure, state: State, leg: Leg, fee_per_share: Fraction) -> list[tuple[Fraction, Fraction]]:
    """With one more entry of q shares, the value is the maximum of `a + b·q` over these lines (a, b).

    `leg` is the entry with a quantity of 0, and must be part of `state` already, so that its flat fee counts.
    """
    slope = measure.leg_price(leg) if measure.leg_price is not None and measure.prices(leg) else ZERO
    if measure.fees:
        slope += fee_per_share
    here = measure.value(state)
    profile = measure.profiles.get(leg.instrument)
    if profile is None:
        return [(here, slope)]
    reach = state.reaches[leg.instrument]
    end = reach.high if leg.sign > 0 else reach.low
    rest = here - weight(*profile, reach)
    return [(here, slope), *((rest + w * end, slope + w * leg.sign) for w in profile)]


_ENDLESS = Fraction(10**30)


def _longest(lines: list[tuple[Fraction, Fraction]]) -> Fraction:
    """The largest q ≥ 0 with `a + b·q ≤ 0` on all lines; 0 where none is."""
    most = _ENDLESS
    for a, b in lines:
        if b > 0:
            most = min(most, -a / b)
        elif a > 0:
            return ZERO
    return max(most, ZERO)


def _cores(
    bench: _Bench, grants: list[Grant], entry: Entry, lot: Fraction
) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:
    """Every minimal core of the numeric limits for one lot, and what the crowding grants take."""
    one_lot = Grant(entry, lot)
    alone = {one.key for one in bench.broken([one_lot])}
    cores: list[Core] = []
    crowding: list[tuple[str, str, Fraction]] = []
    for measure in bench.broken([*grants, one_lot]):
        if measure.key in alone:
            cores.append(Core(measure.key, measure.limit.id, ()))
            continue
        sets = _smallest_sets(bench, measure, grants, one_lot)
        cores.extend(Core(measure.key, measure.limit.id, names) for names in sets)
        whole = measure.value(bench.state(grants))
        for name in sorted({name for names in sets for name in names}):
            rest = [one for one in grants if one.entry.instrument != name]
            crowding.append((measure.key, name, whole - measure.value(bench.state(rest))))
    return cores, crowding


def _smallest_sets(bench: _Bench, measure: Measure, grants: list[Grant], one_lot: Grant) -> list[tuple[str, ...]]:
    """The minimal sets of earlier grants beside which one lot breaks this measure."""

    def breaks(chosen: Sequence[Grant]) -> bool:
        return bench.breaks(measure, bench.state([*chosen, one_lot]))

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
