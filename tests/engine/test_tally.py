"""The gate in whole numbers beside the gate in fractions: the same rulings, readings and grants, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.convex import ConvexMeasure
from engine.gate.measures import measures
from engine.gate.proposals import Grant
from engine.gate.reach import state_of
from engine.gate.tally import Tally, whole
from engine.orders.order import Side
from tests.engine import slow_gate
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, entry, limit, limits, position

QUANTITIES = st.fractions(0, 3_000, max_denominator=3)


def slowly(of: Desk) -> slow_gate.Judgement:
    return slow_gate.judge(of.book, of.entries, of.market, of.limits, of.regime)


@given(desks())
def test_both_gates_rule_the_same(any_desk: Desk) -> None:
    fast, slow = any_desk.judged(), slowly(any_desk)
    assert fast.rulings == slow.rulings
    assert fast.readings == slow.readings
    assert fast.grants == slow.grants


@given(desks(), st.data())
def test_any_grants_make_the_same_of_every_measure(any_desk: Desk, data: st.DataObject) -> None:
    """At any quantities whatever, any of the entries left out, also such as no gate would grant."""
    scope = any_desk.judged().scope
    some = [replace(one, target=data.draw(QUANTITIES)) for one in scope.entries if data.draw(st.booleans())]
    grants = [Grant(one, one.target) for one in some]
    found, base = measures(scope), state_of(any_desk.book, (), any_desk.market, any_desk.limits)
    tally = Tally(scope, found, base, some)
    here, state = tally.standing(grants), state_of(any_desk.book, grants, any_desk.market, any_desk.limits)
    for at, measure in enumerate(found):
        assert tally.amount(at, tally.value(at, here)) == slow_gate.value_of(measure, state), measure.key
        assert tally.amount(at, tally.bound(at, here)) == slow_gate.bound_of(measure, state), measure.key
        assert tally.amount(at, tally.rows[at].base) == slow_gate.value_of(measure, base), measure.key
        assert measure.value(state) == slow_gate.value_of(measure, state), measure.key
        assert measure.bound(state) == slow_gate.bound_of(measure, state), measure.key
    broken = [one.key for one in found if measure_breaks(one, state, base)]
    assert [found[at].key for at in tally.broken(here)] == broken


def measure_breaks(measure: slow_gate.Measure | ConvexMeasure, state: slow_gate.State, base: slow_gate.State) -> bool:
    if isinstance(measure, ConvexMeasure):
        return measure.value(state) > measure.bound(state)
    return measure.value(state) > max(measure.bound(state), measure.value(base))


def test_an_entry_that_lowers_the_least_exposure_of_others_is_seen() -> None:
    """Selling what is held lowers its least: the other one's share of the whole rises."""
    under = limits(limit("concentration", "0.6", once=2))
    of = desk([entry("BB", 60, Side.SELL)], under, [position("AA", 100), position("BB", 100)])
    scope = of.judged().scope
    found, base = measures(scope), state_of(of.book, (), of.market, of.limits)
    tally = Tally(scope, found, base, scope.entries)
    here = tally.standing([Grant(scope.entries[0], Fraction(60))])
    state = state_of(of.book, [Grant(scope.entries[0], Fraction(60))], of.market, of.limits)
    at = next(place for place, one in enumerate(found) if one.key == "concentration[AA]")
    assert tally.amount(at, tally.value(at, here)) == found[at].value(state) > found[at].value(base)
    assert at in tally.broken(here)


def test_ten_grants_crowd_the_eleventh_in_both() -> None:
    """More grants than are enumerated: one smallest set is found by deletion."""
    entries = [entry(f"A{place:02}", 60, conviction=90 - place) for place in range(11)]
    of = desk(entries, limits(limit("gross", "0.6")))
    assert of.judged().rulings == slowly(of).rulings
    assert len(of.judged().rulings[-1].cores[0].grants) == 10


def test_a_number_that_is_not_whole_in_its_unit_is_a_bug() -> None:
    assert whole(Fraction(3, 4), 8) == 6
    with pytest.raises(AssertionError):
        whole(Fraction(1, 3), 8)


@given(desks())
def test_sums_say_what_the_grants_say_as_they_are(any_desk: Desk) -> None:
    """Where two entries share an instrument nothing is a sum; what is asked then is right for everything else too."""
    with patch.object(Tally, "shared", True):
        told = any_desk.judged()
    summed = any_desk.judged()
    assert (told.rulings, told.readings, told.grants) == (summed.rulings, summed.readings, summed.grants)


def test_two_entries_in_one_instrument_crowd_each_other() -> None:
    entries = [
        entry("AA", 300, conviction=90),
        entry("BB", 150, Side.SELL, conviction=50),
        entry("AA", 500, conviction=20),
    ]
    of = desk(entries, limits(limit("gross", "0.5"), limit("net_long", "0.35")))
    assert [(one.outcome.value, one.quantity) for one in of.judged().rulings] == [
        ("granted", 300), ("granted", 150), ("cut", 50),
    ]  # fmt: skip


@given(st.data())
def test_a_queue_of_many_is_ruled_the_same(data: st.DataObject) -> None:
    """Grants crowd each other in several measures at once, beside fees, slippage and positions on either side."""
    kinds = {"gross": ("0.5", "1"), "net_long": ("0.2", "0.4"), "margin": ("0.3", "0.5"), "open_risk": ("0.02", "0.05"),
             "cash_reserve": ("0.1", "0.5"), "turnover": ("0.3", "0.9"), "concentration": ("0.3", "0.6")}  # fmt: skip
    rows = []
    for kind in data.draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=4, unique=True)):
        more = {"long": Fraction(1, 2), "short": Fraction(3, 2)} if kind == "margin" else {}
        more |= {"once": 1} if kind == "concentration" else {}
        rows.append(limit(kind, data.draw(st.sampled_from(kinds[kind])), **more))
    names = [f"A{place:02}" for place in range(data.draw(st.integers(2, 11)))]
    entries = [
        entry(name, data.draw(st.integers(0, 300)), data.draw(st.sampled_from(Side)), conviction=90 - place)
        for place, name in enumerate(names)
    ]
    # An entry extends what is held, as the engine's conditions see to.
    held = [
        position(one.instrument, 40 * one.side.sign, "90" if one.side is Side.BUY else "110") for one in entries[:2]
    ]
    held.append(position("B", data.draw(st.sampled_from((-60, 40))), "100"))
    fees = {"fee_per_share": data.draw(st.sampled_from((0, 1))), "fee_per_order": data.draw(st.sampled_from((0, 7)))}
    of = desk(entries, limits(*rows, **fees), held)
    assert of.judged().rulings == slowly(of).rulings
    assert of.judged().readings == slowly(of).readings
