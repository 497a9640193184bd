"""Convex limits: the worst corner, the bound beyond it, and that four derivations come to the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate import convex
from engine.gate.convex import Corner, Form, Variance
from engine.gate.judge import Core, Reading
from engine.gate.market import Terms
from engine.orders.order import Role, Side
from engine.proof import smt_convex
from engine.proof.prove import prove
from engine.review import oracle_convex
from engine.review.oracle import Case, worst
from tests.engine import slow_gate
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, entry, limit, limits, position, terms, working

KINDS = ("volatility", "value_at_risk", "expected_shortfall")
CONVEX = desks(kinds=(*KINDS, *KINDS, "gross"))
SMALL = st.integers(-9, 9)


# --- the form ---------------------------------------------------------------------------------------------------


@st.composite
def forms(draw: st.DrawFn) -> Form:
    count = draw(st.integers(0, 6))
    linear = tuple(draw(SMALL) for _ in range(count))
    pairs = tuple(tuple(draw(SMALL) if at < later else 0 for later in range(count)) for at in range(count))
    return Form(draw(SMALL), linear, pairs, 10**6)


def at_corner(form: Form, ends: Sequence[int]) -> int:
    places = range(len(form.linear))
    total = form.constant + sum(form.linear[at] * ends[at] for at in places)
    return total + sum(form.pairs[a][b] * ends[a] * ends[b] for a in places for b in places)


@given(forms(), st.integers(-20, 20))
def test_the_largest_of_all_corners_is_found_and_the_first_that_comes_to_it(form: Form, floor: int) -> None:
    corners = list(product((0, 1), repeat=len(form.linear)))
    best = max(at_corner(form, ends) for ends in corners)
    assert form.largest(-(10**6)) == best
    assert form.largest(floor) == max(best, floor)
    assert form.exceeds(floor) == (best > floor)
    assert form.first(best) == next(ends for ends in corners if at_corner(form, ends) == best)


# --- four derivations -------------------------------------------------------------------------------------------


def agree(of: Desk, *, slowly: bool = True) -> None:
    """Whole numbers, fractions (slowly), oracle and solver say the same of a desk."""
    fast = of.judged()
    if slowly:
        slow = slow_gate.judge(of.book, of.entries, of.market, of.limits, of.regime)
        assert (fast.rulings, fast.readings, fast.grants) == (slow.rulings, slow.readings, slow.grants)
    case = Case(of.portfolio, of.exits, fast.scope.entries, of.market, of.limits, of.regime)
    found = [Reading(one.measure, one.limit, one.value, one.bound, one.base, one.corner)
             for one in worst(case, fast.grants)]  # fmt: skip
    assert [one for one in fast.readings if one.corner] == [one for one in found if one.corner]
    assert prove(of.portfolio, of.exits, fast, of.market, of.limits, of.regime).fault is None


@contextmanager
def enumerated(most: int) -> Iterator[None]:
    """Everybody looks at the corners of so many moving instruments at most."""
    with (
        patch.object(convex, "MOST_MOVES", most),
        patch.object(smt_convex, "MOST_MOVING", most),
        patch.object(oracle_convex, "MOST_MOVING", most),
    ):
        yield


@given(CONVEX)
def test_all_agree_at_the_worst_corner(any_desk: Desk) -> None:
    agree(any_desk)


@given(CONVEX, st.integers(0, 2))
def test_all_agree_on_the_bound_beyond(any_desk: Desk, most: int) -> None:
    with enumerated(most):
        agree(any_desk)


def test_all_agree_on_more_instruments_than_are_enumerated() -> None:
    names = [f"A{at:02}" for at in range(12)]
    market = {
        name: terms(name, factors=(Fraction(1 + at % 3, 200), Fraction(at % 5 - 2, 300)), residual=Fraction(1, 10_000))
        for at, name in enumerate(names)
    }
    held = [position(name, 30 if at % 3 else -30, "90" if at % 3 else "110") for at, name in enumerate(names[:8])]
    stops = [working(one.instrument, Side.SELL if one.quantity > 0 else Side.BUY, Role.STOP, 30) for one in held]
    entries = [entry(name, 80, conviction=90 - at) for at, name in enumerate(names[8:])]
    for bound in ("0.05", "0.12"):
        of = desk(entries, limits(limit("volatility", bound), collar="0"), held, stops, market=market)
        agree(of, slowly=False)
    assert [one.corner for one in of.judged().readings if one.corner] == [Corner(False)]


# --- the lemma --------------------------------------------------------------------------------------------------


@st.composite
def reaches(draw: st.DrawFn) -> tuple[dict[str, Terms], dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Instruments, a reach, and a larger one."""
    names = [f"A{at}" for at in range(draw(st.integers(1, 4)))]
    loading = st.fractions(-1, 1, max_denominator=4)
    market = {
        name: terms(name, factors=(draw(loading), draw(loading)), residual=draw(st.fractions(0, 1, max_denominator=4)))
        for name in names
    }
    small, large = {}, {}
    for name in names:
        low, width, below, above = draw(SMALL), *(draw(st.integers(0, 3)) for _ in range(3))
        small[name] = low, low + width
        large[name] = low - below, low + width + above
    return market, small, large


@given(reaches(), st.integers(0, 4))
def test_a_larger_reach_is_never_better(
    drawn: tuple[dict[str, Terms], dict[str, tuple[int, int]], dict[str, tuple[int, int]]], most: int
) -> None:
    """Neither at corners, nor by the bound, nor where one more moving instrument turns the one into the other."""
    market, small, large = drawn
    with enumerated(most):
        variance = Variance(market, market, 1)
        one, other = variance.over(small), variance.over(large)
        assert one.worst <= other.worst
        assert one.ceiling <= other.ceiling
        assert one.worst <= one.ceiling
    with enumerated(9):
        assert variance.over(small).worst <= one.worst, "the bound is never too low"


# --- examples ---------------------------------------------------------------------------------------------------

PERCENT = (Fraction(1, 100),)
TOGETHER = {name: terms(name, factors=PERCENT) for name in ("AA", "BB", "CC")}
APART = {name: terms(name, factors=(Fraction(0),), residual=Fraction(1, 10_000)) for name in ("AA", "BB", "CC")}
VAR = limits(limit("value_at_risk", "0.01"), collar="0")


def outcomes(of: Desk) -> list[tuple[str, str, int]]:
    agree(of)
    return [(one.entry.instrument, one.outcome.value, int(one.quantity)) for one in of.judged().rulings]


def test_what_moves_together_adds_up_and_what_does_not_adds_up_less() -> None:
    """1,000 / 1.644854 is 607.96 of standard deviation; squares of 600 and 98.05 make 607.96."""
    entries = [entry("AA", 600, conviction=90), entry("BB", 600)]
    assert outcomes(desk(entries, VAR, market=TOGETHER)) == [("AA", "granted", 600), ("BB", "cut", 7)]
    assert outcomes(desk(entries, VAR, market=APART)) == [("AA", "granted", 600), ("BB", "cut", 98)]


def test_a_hedge_that_may_not_fill_is_no_hedge() -> None:
    """BB falls when AA rises; both may fill, or only one of them."""
    against = {**TOGETHER, "BB": terms("BB", factors=(Fraction(-1, 100),))}
    entries = [entry("AA", 600, conviction=90), entry("BB", 700)]
    assert outcomes(desk(entries, VAR, market=against)) == [("AA", "granted", 600), ("BB", "cut", 607)]
    (reading,) = [one for one in desk(entries, VAR, market=against).judged().readings if one.corner]
    assert reading.corner == Corner(True, (("AA", Fraction(0)), ("BB", Fraction(607))))
    assert reading.value == Fraction("1.644854") ** 2 * 607**2
    assert reading.slack == 10**6 - reading.value


def test_a_hedge_that_stands_is_one() -> None:
    held = [position("BB", -600, "110")]
    assert outcomes(desk([entry("AA", 2_000)], VAR, held, market=TOGETHER)) == [("AA", "cut", 1_207)]


def test_a_stop_may_take_the_hedge_away() -> None:
    held = [position("BB", -600, "110")]
    orders = [working("BB", Side.BUY, Role.STOP, 600)]
    assert outcomes(desk([entry("AA", 2_000)], VAR, held, orders, market=TOGETHER)) == [("AA", "cut", 607)]


def test_a_base_beyond_the_limit_admits_no_entry_not_even_one_that_helps() -> None:
    of = desk([entry("AA", 5, Side.SELL), entry("CC", 1)], VAR, [position("BB", 608)], market=TOGETHER)
    assert outcomes(of) == [("AA", "denied", 0), ("CC", "denied", 0)]
    assert of.judged().rulings[0].cores == (Core("value_at_risk", "value_at_risk", ()),)
    (reading,) = [one for one in of.judged().readings if one.corner]
    assert reading.slack < 0


def test_five_days_have_five_times_the_variance() -> None:
    of = desk([entry("AA", 999)], limits(limit("value_at_risk", "0.01", days=5)), market=TOGETHER)
    assert outcomes(of) == [("AA", "cut", 271)]


def test_costs_that_eat_the_nav_leave_nothing() -> None:
    under = limits(limit("volatility", "10"), fee_per_order=200_000)
    of = desk([entry("AA", 1)], under, market=TOGETHER)
    assert outcomes(of) == [("AA", "denied", 0)]
    assert of.judged().rulings[0].cores[0].limit == "volatility"


def test_earlier_grants_crowd_with_what_they_add_to_the_square() -> None:
    entries = [entry("AA", 607, conviction=90), entry("BB", 10)]
    denied = desk(entries, VAR, market=TOGETHER).judged().rulings[1]
    assert outcomes(desk(entries, VAR, market=TOGETHER))[1] == ("BB", "denied", 0)
    assert denied.cores == (Core("value_at_risk", "value_at_risk", ("AA",)),)
    assert denied.crowding == (("value_at_risk", "AA", Fraction("1.644854") ** 2 * 607**2),)


def test_without_a_covariance_it_is_left_out_of_the_sums() -> None:
    held = [position("BB", 5_000)]
    of = desk([entry("AA", 5)], VAR, held, market={**TOGETHER, "BB": terms("BB")})
    agree(of)
    assert of.judged().readings[0].base == 0


# --- seeded faults ----------------------------------------------------------------------------------------------

TIGHT = desk(
    [entry("AA", 600, conviction=90), entry("BB", 600)],
    VAR,
    [position("CC", 200)],
    [working("CC", Side.SELL, Role.STOP, 200)],
    market={
        name: terms(name, factors=(Fraction(1, 100), part), residual=Fraction(1, 20_000))
        for name, part in (("AA", Fraction(1, 150)), ("BB", Fraction(-1, 120)), ("CC", Fraction(1, 300)))
    },
)
"""One that leaves nothing out: factors, residuals, a stop that may fill, a cut."""


def _without_residuals(names: object, of: Variance) -> None:
    of._residuals = dict.fromkeys(of._residuals, 0)


FAULTS = {
    "half the multiple": patch.dict(convex.SQUARED, value_at_risk=lambda limit: Fraction("1.644854") ** 2 / 4),
    "a limit beyond its bound by one in a million": patch.object(
        convex.ConvexMeasure, "squared", property(lambda self: Fraction("1.644852") ** 2)
    ),
    "pairs forgotten": patch.object(convex, "_product", lambda one, other: 0),
    "the low corner only": patch.object(Form, "largest", lambda self, floor: self.constant),
    "no corner exceeds": patch.object(Form, "exceeds", lambda self, most: False),
    "everything exceeds": patch.object(Form, "exceeds", lambda self, most: True),
    "the bound for the corner": patch.object(Form, "worst", property(lambda self: self.ceiling)),
    "NAV of the day before": patch.object(convex.Curve, "bound", lambda self, nav: self.share * nav * nav * 4),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_arithmetic_is_seen(fault: str) -> None:
    agree(TIGHT)
    with FAULTS[fault], pytest.raises(AssertionError):
        agree(replace(TIGHT))
