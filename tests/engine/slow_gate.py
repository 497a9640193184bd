"""The gate once more, slow and obvious: every measure of every state anew, in fractions, by `Measure` alone.

`engine.gate.judge` must rule the same to the last digit. Nothing here knows of whole numbers, or of what a grant moves.
Entries are judged in parties: a single one, or the legs of a basket, which try one unit after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, product

from engine.gate import convex
from engine.gate.convex import SQUARED, ConvexMeasure, Corner
from engine.gate.crowding import MOST_GRANTS_ENUMERATED
from engine.gate.judge import SIZE, WHOLE, Core, Judgement, Outcome, Reading, Ruling
from engine.gate.market import Market
from engine.gate.measures import Measure, measures, weight
from engine.gate.proposals import Entry, Grant
from engine.gate.reach import ZERO, Book, Leg, State, entry_leg, state_of
from engine.gate.scope import Scope
from engine.limits.model import Limits


@dataclass
class _Bench:
    """The gate's working state: grants so far, and states by grants."""

    scope: Scope
    measures: list[Measure | ConvexMeasure]
    base: State
    base_values: Mapping[str, Fraction] = field(init=False)
    """What the base makes of each measure, by key: every reading is against it."""

    def __post_init__(self) -> None:
        self.base_values = {one.key: value_of(one, self.base) for one in self.measures}

    def state(self, grants: Sequence[Grant]) -> State:
        return state_of(self.scope.book, grants, self.scope.market, self.scope.limits)

    def read(self, measure: Measure | ConvexMeasure, state: State) -> Reading:
        key = measure.key
        corner = corner_of(measure, state) if isinstance(measure, ConvexMeasure) else None
        value, bound = value_of(measure, state), bound_of(measure, state)
        return Reading(key, measure.limit.id, value, bound, self.base_values[key], corner)

    def breaks(self, measure: Measure | ConvexMeasure, state: State) -> bool:
        """Not `worst ≤ max(bound, base)`; of a convex one not `worst ≤ bound`."""
        value = value_of(measure, state)
        if isinstance(measure, ConvexMeasure):
            return value > bound_of(measure, state)
        return value > measure.bound(state) and value > self.base_values[measure.key]

    def broken(self, grants: Sequence[Grant]) -> list[Measure | ConvexMeasure]:
        state = self.state(grants)
        return [one for one in self.measures if self.breaks(one, state)]


Party = tuple[Entry, ...]
Given = list[tuple[str, tuple[Grant, ...]]]
"""What was granted so far: the party's name, and its grants."""


def judge(
    book: Book, entries: Sequence[Entry], market: Market, limits: Limits, regime: str, state: str = ""
) -> Judgement:
    """Rule on every entry. Entries whose instrument has no terms must carry a failing finding."""
    queue = parties(entries)
    free = tuple(
        one for party in queue if not _forbidding(party) and all(leg.instrument in market.terms for leg in party)
        for one in party
    )  # fmt: skip
    scope = Scope(book, free, market, limits, regime, state)
    bench = _Bench(scope, measures(scope), state_of(book, (), market, limits))
    given: Given = []
    rulings: list[Ruling] = []
    for party in queue:
        ruled = _rule(bench, given, party)
        rulings += ruled
        if ruled[0].quantity > 0:
            given.append((_called(party), tuple(Grant(one.entry, one.quantity) for one in ruled)))
    grants = _flat(given)
    final = bench.state(grants)
    readings = tuple(bench.read(one, final) for one in bench.measures)
    return Judgement(tuple(rulings), tuple(grants), scope, lambda: readings)


def parties(entries: Sequence[Entry]) -> list[Party]:
    """Who is judged together, in the order of judgement."""
    names = {one.instrument if one.basket is None else f"basket:{one.basket.name}" for one in entries}
    found = [tuple(sorted((one for one in entries if _called((one,)) == name), key=lambda one: one.instrument))
             for name in names]  # fmt: skip
    return sorted(found, key=lambda party: (-min(one.conviction for one in party), party[0].instrument))


def value_of(measure: Measure | ConvexMeasure, state: State) -> Fraction:
    """The worst value; of a convex measure by trying every corner."""
    if isinstance(measure, Measure):
        return measure.value(state)
    squared = SQUARED[measure.limit.kind](measure.limit)
    moving = _moving(measure, state)
    if len(moving) > convex.MOST_MOVES:
        return squared * _ceiling(measure, state)
    return squared * max(_variance(measure, at) for at in _corners(state, moving))


def bound_of(measure: Measure | ConvexMeasure, state: State) -> Fraction:
    """The bound; of a convex measure its square, with its sign."""
    if isinstance(measure, Measure):
        return measure.bound(state)
    root = measure.share * state.nav
    return root * abs(root)


def corner_of(measure: ConvexMeasure, state: State) -> Corner:
    """The first of the worst corners."""
    moving = _moving(measure, state)
    if len(moving) > convex.MOST_MOVES:
        return Corner(False)
    worst = max(_corners(state, moving), key=lambda at: _variance(measure, at))
    return Corner(True, tuple((name, worst[name]) for name in moving))


def _moving(measure: ConvexMeasure, state: State) -> list[str]:
    return sorted(name for name, one in state.reaches.items() if one.low < one.high and measure.terms[name].factors)


def _corners(state: State, moving: Sequence[str]) -> list[dict[str, Fraction]]:
    """Low before high, the last instrument first."""
    still = {name: one.low for name, one in state.reaches.items()}
    ends = [(state.reaches[name].low, state.reaches[name].high) for name in moving]
    return [{**still, **dict(zip(moving, chosen, strict=True))} for chosen in product(*ends)]


def _variance(measure: ConvexMeasure, shares: Mapping[str, Fraction]) -> Fraction:
    exposures = {name: each * measure.terms[name].exposure for name, each in shares.items()}
    known = {name: measure.terms[name] for name in shares if measure.terms[name].factors}
    count = len(next(iter(known.values())).factors) if known else 0
    total = sum((one.residual * exposures[name] ** 2 for name, one in known.items()), ZERO)
    for at in range(count):
        total += sum((one.factors[at] * exposures[name] for name, one in known.items()), ZERO) ** 2
    return total


def _ceiling(measure: ConvexMeasure, state: State) -> Fraction:
    """Each factor and each residual at its own worst."""
    ends = {
        name: (one.low * measure.terms[name].exposure, one.high * measure.terms[name].exposure)
        for name, one in state.reaches.items()
        if measure.terms[name].factors
    }
    total = sum(
        (measure.terms[name].residual * max(low * low, high * high) for name, (low, high) in ends.items()), ZERO
    )
    for at in range(len(next(iter(measure.terms[name].factors for name in ends)))):
        each = [sorted(measure.terms[name].factors[at] * end for end in pair) for name, pair in ends.items()]
        total += max(sum((low for low, _ in each), ZERO) ** 2, sum((high for _, high in each), ZERO) ** 2)
    return total


def _called(party: Party) -> str:
    return party[0].instrument if party[0].basket is None else f"basket:{party[0].basket.name}"


def _flat(given: Given) -> list[Grant]:
    return [grant for _, grants in given for grant in grants]


def _forbidding(party: Party) -> list[Core]:
    found = []
    basket = party[0].basket
    if basket is not None:
        ratio = tuple((one.instrument, basket.unit(one.instrument) * one.side.sign) for one in party
                      if one.instrument in basket.instruments)  # fmt: skip
        if ratio != basket.legs or len(party) != len(basket.legs) or {one.basket for one in party} != {basket}:
            found.append(Core(WHOLE, WHOLE, ()))
    for one in party:
        whose = f"[{one.instrument}]" if basket is not None else ""
        found += [Core(finding.limit + whose, finding.limit, ()) for finding in one.findings if not finding.holds]
    return found


def _step(bench: _Bench, party: Party, count: int) -> list[Grant]:
    """So many lots of a single entry, or units of a basket."""
    found = []
    for one in party:
        each = Fraction(bench.scope.terms[one.instrument].lot)
        if one.basket is not None and one.instrument in one.basket.instruments:
            each = one.basket.unit(one.instrument)
        found.append(Grant(one, each * count))
    return found


def _rule(bench: _Bench, given: Given, party: Party) -> list[Ruling]:
    forbidden = _forbidding(party)
    unknown = [one.instrument for one in party if one.instrument not in bench.scope.terms]
    if unknown:
        assert forbidden, f"{unknown[0]} has no terms and no finding that says so"
        return [Ruling(one, Outcome.DENIED, ZERO, cores=_unique(forbidden)) for one in party]
    small = any(one.quantity > one.entry.target for one in _step(bench, party, 1))
    if small:
        forbidden.append(Core(SIZE, SIZE, ()))
    count = 0 if forbidden else _room(bench, given, party)
    if count == 0:
        is_free = all(any(one is other for other in bench.scope.entries) for one in party)
        cores, crowding = _cores(bench, given, party) if is_free else ([], [])
        why = _unique([*forbidden, *cores])
        lacking = _lacking(bench, [*_flat(given), *_step(bench, party, 1)]) if is_free else ()
        spare = _spare(bench, given, party, {name for _, name, _ in crowding})
        return [Ruling(one, Outcome.DENIED, ZERO, (), why, tuple(crowding), lacking, spare) for one in party]
    mine = _step(bench, party, count)
    if all(one.quantity == one.entry.target for one in mine):
        return [Ruling(one.entry, Outcome.GRANTED, one.quantity) for one in mine]
    binding = _lacking(bench, [*_flat(given), *_step(bench, party, count + 1)])
    lacking = _lacking(bench, [*_flat(given), *(Grant(one, one.target) for one in party)])
    return [Ruling(one.entry, Outcome.CUT, one.quantity, binding, lacking=lacking) for one in mine]


def _lacking(bench: _Bench, grants: Sequence[Grant]) -> tuple[Reading, ...]:
    state = bench.state(grants)
    return tuple(bench.read(one, state) for one in bench.broken(grants))


def _spare(bench: _Bench, given: Given, party: Party, names: Iterable[str]) -> tuple[tuple[str, Fraction], ...]:
    """One step less after another, until one of the party's fits."""
    found = []
    for name in sorted(names):
        others = [one for one in given if one[0] != name]
        own = next(grants for called, grants in given if called == name)
        steps = [one.quantity for one in _step(bench, tuple(grant.entry for grant in own), 1)]
        for fewer in range(1, int(own[0].quantity / steps[0]) + 1):
            left = [Grant(one.entry, one.quantity - fewer * each) for one, each in zip(own, steps, strict=True)]
            kept = [one for one in left if one.quantity > 0]
            if not bench.broken([*_flat(others), *kept, *_step(bench, party, 1)]):
                found.append((name, fewer * (steps[0] if len(steps) == 1 else Fraction(1))))
                break
    return tuple(found)


def _room(bench: _Bench, given: Given, party: Party) -> int:
    """The largest number of lots or units that every measure admits: by lines where all are, else by halving."""
    if len(party) == 1:
        (entry,) = party
        lot = Fraction(bench.scope.terms[entry.instrument].lot)
        state = bench.state([*_flat(given), Grant(entry, ZERO)])
        leg = entry_leg(Grant(entry, ZERO), bench.scope.terms[entry.instrument])
        linear = [one for one in bench.measures if isinstance(one, Measure)]
        most = min([entry.target, *(_headroom(bench, one, state, leg) for one in linear)])
        high = int(max(most, ZERO) // lot)
        if len(linear) == len(bench.measures):
            return high
    else:
        high = min(int(one.entry.target // one.quantity) for one in _step(bench, party, 1))
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (low, middle - 1) if bench.broken([*_flat(given), *_step(bench, party, middle)]) else (middle, high)
    return low


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


def _cores(bench: _Bench, given: Given, party: Party) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:
    """Every minimal core of the numeric limits for one lot or unit, and what the crowding grants take."""
    one_step = _step(bench, party, 1)
    alone = {one.key for one in bench.broken(one_step)}
    cores: list[Core] = []
    crowding: list[tuple[str, str, Fraction]] = []
    for measure in bench.broken([*_flat(given), *one_step]):
        if measure.key in alone:
            cores.append(Core(measure.key, measure.limit.id, ()))
            continue
        sets = _smallest_sets(bench, measure, given, one_step)
        cores.extend(Core(measure.key, measure.limit.id, names) for names in sets)
        whole = value_of(measure, bench.state(_flat(given)))
        for name in sorted({name for names in sets for name in names}):
            rest = _flat([one for one in given if one[0] != name])
            crowding.append((measure.key, name, whole - value_of(measure, bench.state(rest))))
    return cores, crowding


def _smallest_sets(
    bench: _Bench, measure: Measure | ConvexMeasure, given: Given, one_step: list[Grant]
) -> list[tuple[str, ...]]:
    """The minimal sets of earlier grants beside which one lot or unit breaks this measure."""

    def breaks(chosen: Sequence[tuple[str, tuple[Grant, ...]]]) -> bool:
        return bench.breaks(measure, bench.state([*_flat(list(chosen)), *one_step]))

    if len(given) > MOST_GRANTS_ENUMERATED:
        kept = list(given)
        for one in given:
            without = [other for other in kept if other is not one]
            if breaks(without):
                kept = without
        return [tuple(sorted(name for name, _ in kept))]
    found: list[frozenset[str]] = []
    for size in range(1, len(given) + 1):
        for chosen in combinations(given, size):
            names = frozenset(name for name, _ in chosen)
            if not any(smaller <= names for smaller in found) and breaks(chosen):
                found.append(names)
    return sorted(tuple(sorted(names)) for names in found)


def _unique(cores: Sequence[Core]) -> tuple[Core, ...]:
    return tuple(sorted(set(cores), key=lambda core: (not core.alone, core.constraint, core.grants)))
