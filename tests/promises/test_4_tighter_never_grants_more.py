"""Promise 4."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from engine.gate.judge import judge
from engine.gate.proposals import bundled
from engine.limits.model import Limit
from tests.engine.books_strategy import Desk, desks
from tests.promises.cycles import Cycle, bounded, cycles, entered, facts_of, with_bounds
from tests.promises.depth import whole_cycles

FACTORS = st.sampled_from([Fraction(one) for one in ("0", "1/100", "1/10", "1/2", "9/10", "99/100")])
FLOORS = ("cash_reserve", "healthy_heads")
"""Kinds that say `at least`: their bound is tighter where it is higher."""


def tighter(limit: Limit, factor: Fraction) -> Fraction:
    """A bound that asks for more than this limit's."""
    if limit.kind == "cash_reserve":
        return limit.bound + (1 - factor)
    return limit.bound + 5 * (1 - factor) if limit.kind in FLOORS else limit.bound * factor


@given(desks(), FACTORS, st.integers(0, 5), st.booleans())
def test_tighter_never_grants_more(desk: Desk, factor: Fraction, at: int, every: bool) -> None:
    """Lowering a bound never increases the granted quantity of a candidate presented alone. (Bounds; the collar, stop
    distance, horizon and cluster threshold are parameters, not bounds.)

    Present extent: every numeric kind, of an entry or a basket; for a kind that says `at least` tighter is higher.
    Regime multipliers count as bounds here, because a bound is multiplied by one.
    """
    rows = [one for one in desk.limits.limits if one.kind != "price_collar"]
    chosen = rows if every else rows[at % max(1, len(rows)) :][:1]
    bounds = {one.id: tighter(one, factor) for one in chosen}
    limits = with_bounds(desk.limits, bounds)
    if every:
        multipliers = {name: one * factor for name, one in desk.limits.regime_multipliers.items()}
        limits = replace(limits, regime_multipliers=MappingProxyType(multipliers))
    for bundle in bundled(desk.entries):
        before = judge(desk.book, bundle.entries, desk.market, desk.limits, desk.regime).rulings
        after = judge(desk.book, bundle.entries, desk.market, limits, desk.regime).rulings
        assert all(one.quantity <= other.quantity for one, other in zip(after, before, strict=True))


@whole_cycles
@given(cycles(moods=("quiet",)), st.sampled_from(("long", "short")), FACTORS, st.data())
def test_tighter_never_grants_more_in_whole_cycles(
    cycle: Cycle, mood: str, factor: Fraction, data: st.DataObject
) -> None:
    """The same of one candidate in a whole cycle, with the bounds of conditions and trading states among them."""
    name = data.draw(st.sampled_from(cycle.universe))
    cycle = cycle.with_facts(facts_of({one: mood if one == name else "quiet" for one in cycle.universe}))
    quiet = tuple(replace(one, sessions_held=1) for one in cycle.portfolio.positions)
    cycle = replace(cycle, portfolio=replace(cycle.portfolio, positions=quiet))
    limit = data.draw(st.sampled_from(bounded(cycle.limits)))
    before = cycle.decided()
    after = replace(cycle, limits=with_bounds(cycle.limits, {limit.id: tighter(limit, factor)})).decided()
    if before.exits:
        # A reversal: the instrument closes first, and the candidate is not alone in the decision.
        assert name not in entered(before)
        return
    assert entered(after).get(name, Decimal(0)) <= entered(before).get(name, Decimal(0))
