"""Measures in closed form, beside the oracle that fills the orders in every way."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.measures import _LINEAR, _ORDER, Measure, measures
from engine.gate.proposals import Grant
from engine.gate.reach import State, entry_leg, state_of
from engine.gate.scope import Scope
from engine.limits.kinds import KINDS
from engine.review.oracle import Case, worst
from tests.engine.books_strategy import Desk, desks
from tests.engine.slow_gate import lines
from tests.engine.small_desk import desk, entry, limit, limits, position

QUANTITIES = st.fractions(0, 3_000, max_denominator=3)


def scope_of(any_desk: Desk) -> Scope:
    return any_desk.judged().scope


def state(of: Desk, grants: list[Grant]) -> State:
    return state_of(of.book, grants, of.market, of.limits)


@given(desks(), st.data())
def test_values_and_bounds_are_the_oracles(any_desk: Desk, data: st.DataObject) -> None:
    """At any quantities whatever, also such as no gate would grant."""
    scope = scope_of(any_desk)
    grants = [Grant(one, data.draw(QUANTITIES)) for one in scope.entries]
    after, before = state(any_desk, grants), state(any_desk, [])
    read = [(one.key, one.limit.id, one.value(after), one.bound(after), one.value(before)) for one in measures(scope)]
    case = Case(any_desk.portfolio, any_desk.exits, scope.entries, any_desk.market, any_desk.limits, any_desk.regime)
    assert read == [(one.measure, one.limit, one.value, one.bound, one.base) for one in worst(case, grants)]


@given(desks(), QUANTITIES)
def test_lines_are_exact_at_every_quantity(any_desk: Desk, quantity: Fraction) -> None:
    scope, fee = scope_of(any_desk), any_desk.limits.parameters.fee_per_share
    for one in scope.entries:
        start = state(any_desk, [Grant(one, Fraction(0))])
        there = state(any_desk, [Grant(one, quantity)])
        leg = entry_leg(Grant(one, Fraction(0)), any_desk.market.terms[one.instrument])
        for measure in straight(scope):
            found = lines(measure, start, leg, fee)
            assert max(a + b * quantity for a, b in found) == measure.value(there), measure.key
            drop = measure.nav_share * (leg.slippage + fee)
            assert measure.bound(start) - drop * quantity == measure.bound(there), measure.key


def straight(scope: Scope) -> list[Measure]:
    """The measures that are lines in a quantity."""
    return [one for one in measures(scope) if isinstance(one, Measure)]


@given(desks(), QUANTITIES, QUANTITIES)
def test_no_measure_falls_when_an_entry_grows(any_desk: Desk, one: Fraction, other: Fraction) -> None:
    """The lemma: values never fall and bounds never rise as a reach grows."""
    scope = scope_of(any_desk)
    less, more = sorted((one, other))
    smaller, larger = (state(any_desk, [Grant(one, shares) for one in scope.entries]) for shares in (less, more))
    for measure in measures(scope):
        assert measure.value(smaller) <= measure.value(larger)
        assert measure.bound(smaller) >= measure.bound(larger)


def test_every_numeric_kind_is_measured() -> None:
    assert set(_LINEAR) == {name for name, kind in KINDS.items() if kind.form == "linear"}
    assert set(_ORDER) == {name for name, kind in KINDS.items() if kind.form == "order"}


def test_keys_are_unique_and_readable() -> None:
    under = limits(limit("beta", "1"), limit("gross", "1"), limit("instrument_exposure", "1"), limit("stress", "1"))
    found = [one.key for one in measures(scope_of(desk([entry("AA", 10)], under, [position("BB", 5)])))]
    assert found == [
        "beta[:long]", "beta[:short]", "gross", "instrument_exposure[AA]", "instrument_exposure[BB]", "stress[crash]",
        "price_collar[AA]",
    ]  # fmt: skip


@given(desks())
def test_no_two_measures_share_a_key(any_desk: Desk) -> None:
    keys = [one.key for one in measures(scope_of(any_desk))]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("regime", "most"), [("bull", 50_000), ("unknown", 15_000), ("unheard", 15_000)])
def test_the_regime_multiplies_the_bound(regime: str, most: int) -> None:
    of = desk([], limits(limit("gross", "0.5", regime=True)), [position("AA", 1)])
    scope = Scope(of.book, (), of.market, of.limits, regime)
    (gross,) = [one for one in measures(scope) if isinstance(one, Measure)]
    assert gross.bound(state(of, [])) == most


def test_concentration_waits_until_so_many_are_held() -> None:
    under = limits(limit("concentration", "0.5", once=2))
    assert measures(scope_of(desk([], under, [position("AA", 5)]))) == []
    assert len(measures(scope_of(desk([], under, [position("AA", 5), position("BB", 5)])))) == 2
