"""What a basket is made of, and what its legs ask of each other: units, formation, exits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.baskets import BOTH_SIDES, TOLERANCE, proposed, unit_by_shares, unit_by_value
from engine.fellows import leaving_too
from engine.gate.market import Market, Terms
from engine.orders.basket import Basket
from engine.orders.order import Role, Side
from engine.orders.portfolio import Portfolio
from knowledge.door import fact
from knowledge.facts import Fact
from tests.engine.small_desk import desk, limits, position, terms, working

NAMES = ("AA", "BB", "CC")
LOTS = st.sampled_from((1, 1, 10, 100))
RATIOS = st.sampled_from([Fraction(one) for one in ("1", "2", "0.5", "1.25", "0.333333", "7")])
PRICES = st.decimals(Decimal("0.37"), 900, places=2).map(Fraction)


@st.composite
def legs(draw: st.DrawFn) -> tuple[dict[str, Fraction], dict[str, Terms]]:
    """Ratios and terms of two or three legs."""
    names = NAMES[: draw(st.integers(2, 3))]
    known = {name: terms(name, lot=draw(LOTS), price=draw(PRICES)) for name in names}
    return {name: draw(RATIOS) for name in names}, known


# --- units ------------------------------------------------------------------------------------------------------


@given(legs())
def test_a_unit_of_shares_is_the_smallest_of_whole_lots_in_exactly_the_ratio(of: tuple) -> None:
    ratios, known = of
    unit = unit_by_shares(ratios, known)
    assert len({unit[name] / ratios[name] for name in ratios}) == 1
    lots = [unit[name] / known[name].lot for name in ratios]
    assert all(one.denominator == 1 and one > 0 for one in lots)
    # A part of it in whole lots would be a divisor of all of them.
    assert gcd(*map(int, lots)) == 1


@given(legs())
def test_a_unit_of_values_is_the_first_that_comes_close_enough(of: tuple) -> None:
    ratios, known = of
    unit = unit_by_value(ratios, known)
    worth = {name: known[name].exposure * known[name].lot / ratios[name] for name in ratios}
    dearest = max(ratios, key=lambda name: worth[name])
    count = unit[dearest] / known[dearest].lot
    assert count.denominator == 1 and 1 <= count <= 50
    for name in ratios:
        assert (unit[name] / known[name].lot).denominator == 1 and unit[name] > 0
        value = unit[name] * known[name].exposure / ratios[name]
        assert abs(value - count * worth[dearest]) <= TOLERANCE * count * worth[dearest]
    # No smaller number of lots has whole numbers as close for all legs.
    for fewer in range(1, int(count)):
        asked = [fewer * worth[dearest] / worth[name] for name in ratios]
        assert any(min(abs(one - one.__floor__()), abs(one.__ceil__() - one)) > TOLERANCE * one for one in asked)


def test_a_leg_without_figures_has_a_unit_of_something() -> None:
    ratios = {"AA": Fraction(1), "BB": Fraction(1)}
    assert unit_by_value(ratios, {"AA": terms("AA", lot=10)}) == {"AA": 10, "BB": 1}


# --- what rules conclude ----------------------------------------------------------------------------------------


def candidate(name: str, side: str, rule: str = "pair") -> Fact:
    return fact("candidate", instrument=name, side=side, horizon="swing", conviction="0.5", rule=rule)


def leg(basket: str, name: str, ratio: str = "1", by: str = "shares", rule: str = "pair") -> Fact:
    return fact("basket-leg", basket=basket, instrument=name, ratio=ratio, by=by, rule=rule)


MARKET = Market("2011-01-03", {name: terms(name) for name in (*NAMES, "DD")}, {}, ())
WHOLE = (candidate("AA", "long"), candidate("BB", "short"), leg("x", "AA", "1.5"), leg("x", "BB"))


def test_legs_of_one_name_are_a_basket() -> None:
    found = proposed((*WHOLE, candidate("CC", "long", "alone")), MARKET)
    pair = Basket("x", (("AA", Fraction(3)), ("BB", Fraction(-2))))
    assert found.baskets == {"AA": pair, "BB": pair}
    assert (set(found.candidates), found.refused) == ({"AA", "BB", "CC"}, {})


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ((candidate("AA", "long"), leg("x", "AA")), "the basket `x` has one leg; a basket has two or more"),
        ((*WHOLE[:3], leg("x", "BB", by="value")),
         "the basket `x` has a ratio of shares and one of values; it can have one of them"),
        ((WHOLE[0], *WHOLE[2:]), "the basket `x` is not whole: BB is no candidate"),
        ((*WHOLE, candidate("BB", "long")), "the basket `x` is not whole: BB is no candidate"),
        ((WHOLE[0], candidate("BB", "short", "swing"), *WHOLE[2:]),
         "the basket `x` is `pair`'s, and the candidate BB is `swing`'s"),
        ((*WHOLE, candidate("CC", "long"), leg("y", "BB"), leg("y", "CC")),
         "the basket `x` is not whole: BB is a leg of `y`, too"),
    ],
    ids=["one leg", "two ratios", "no candidate", "both sides", "another rule", "two baskets"],
)  # fmt: skip
def test_what_is_no_basket_leaves_no_candidate(facts: tuple[Fact, ...], why: str) -> None:
    found = proposed((*facts, candidate("DD", "long", "alone")), MARKET)
    assert set(found.candidates) == {"DD"}
    assert found.refused["AA"] == why
    assert found.refused.get("BB", why) in (why, BOTH_SIDES, "the basket `y` is not whole: BB is a leg of `x`, too")


# --- what leaves ------------------------------------------------------------------------------------------------


def held(units: dict[str, Fraction], shares: dict[str, int], lot: int = 1) -> tuple[Portfolio, Market]:
    """An account that holds these shares of a basket with these units."""
    basket = Basket("x", tuple(sorted(units.items())))
    positions = [
        replace(position(name, count, "90" if count > 0 else "110"), basket=basket)
        for name, count in shares.items()
        if count
    ]
    portfolio = desk([], limits(), positions).portfolio
    return portfolio, Market("2011-01-03", {name: terms(name, lot=lot) for name in units}, {}, ())


UNITS = {"AA": Fraction(3), "BB": Fraction(-4), "CC": Fraction(5)}


def left_of(portfolio: Portfolio) -> dict[str, Fraction]:
    return {one.instrument: abs(Fraction(one.quantity)) for one in portfolio.positions}


@given(st.lists(st.integers(0, 200), min_size=3, max_size=3), st.sampled_from((1, 10)))
def test_what_stays_is_in_its_ratio_to_a_lot(counts: list[int], lot: int) -> None:
    signs = {"AA": 1, "BB": -1, "CC": 1}
    shares = {name: sign * count for (name, sign), count in zip(signs.items(), counts, strict=True)}
    portfolio, market = held(UNITS, shares, lot)
    left = left_of(portfolio)
    found = leaving_too((), left, portfolio, market)
    stays = {name: left.get(name, Fraction(0)) - found.get(name, ("", Fraction(0)))[1] for name in UNITS}
    whole = min(left.get(name, Fraction(0)) / abs(unit) for name, unit in UNITS.items())
    for name, unit in UNITS.items():
        assert 0 <= stays[name] - whole * abs(unit) < (lot if whole else 1)
    assert all(reason == "basket:x" and beyond > 0 for reason, beyond in found.values())


@given(st.integers(1, 50))
def test_a_whole_basket_stays_and_one_that_a_rule_closes_goes_altogether(units: int) -> None:
    portfolio, market = held(UNITS, {name: int(each) * units for name, each in UNITS.items()})
    left = left_of(portfolio)
    assert leaving_too((), left, portfolio, market) == {}
    assert leaving_too({"BB"}, left, portfolio, market) == {
        name: ("basket:x", left[name]) for name in ("AA", "CC")
    }  # fmt: skip


def test_a_leg_on_the_wrong_side_holds_nothing_together() -> None:
    portfolio, market = held(UNITS, {"AA": 3, "BB": 4, "CC": 5})
    assert {name: beyond for name, (_, beyond) in leaving_too((), left_of(portfolio), portfolio, market).items()} == {
        "AA": 3, "BB": 4, "CC": 5,
    }  # fmt: skip


def test_while_an_entry_of_it_works_a_basket_is_let_alone_unless_a_leg_leaves() -> None:
    portfolio, market = held(UNITS, {"AA": 30, "BB": -40})
    basket = portfolio.positions[0].basket
    entry = working("CC", Side.BUY, Role.ENTRY, 50, "100", "90")
    waiting = replace(portfolio, working=(replace(entry, order=replace(entry.order, basket=basket)),))
    assert leaving_too((), left_of(waiting), waiting, market) == {}
    assert set(leaving_too({"AA"}, left_of(waiting), waiting, market)) == {"BB"}
    assert set(leaving_too((), left_of(portfolio), portfolio, market)) == {"AA", "BB"}


def test_shares_that_an_exit_works_on_count_as_gone() -> None:
    portfolio, market = held(UNITS, {"AA": 30, "BB": -40, "CC": 50})
    left = {"AA": Fraction(15), "BB": Fraction(40), "CC": Fraction(50)}
    assert leaving_too((), left, portfolio, market) == {"BB": ("basket:x", 20), "CC": ("basket:x", 25)}


def test_positions_without_a_basket_ask_nothing_of_each_other() -> None:
    portfolio = desk([], limits(), [position("AA", 10), position("BB", -10, "110")]).portfolio
    assert leaving_too({"AA"}, left_of(portfolio), portfolio, MARKET) == {}
