"""Reach: every partial filling stays inside, and nothing inside is out of reach."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.reach import Book, Reach, State, order_fee, read_book, state_of
from engine.orders.order import Role, Side
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, entry, leaving, limits, position, terms, working

SELL, BUY = Side.SELL, Side.BUY
LONG = position("AA", 100)
SHORT = position("AA", -100, "110")
SHORTER = working("AA", SELL, Role.ENTRY, 50, "100", "110")


def stands(of: Desk) -> State:
    return state_of(of.book, (), of.market, of.limits)


def after_some_filling(book: Book, state: State, name: str, shares: st.DataObject) -> Fraction:
    """Shares after each order filled some part of what it may."""
    held = book.holdings[name].shares if name in book.holdings else Fraction(0)
    for leg in state.legs:
        if leg.instrument == name:
            held += leg.sign * leg.quantity * shares.draw(st.fractions(0, 1, max_denominator=6))
    return held


@given(desks(), st.data())
def test_every_partial_filling_stays_inside(any_desk: Desk, data: st.DataObject) -> None:
    judgement = any_desk.judged()
    state = state_of(any_desk.book, judgement.grants, any_desk.market, any_desk.limits)
    for name, reach in state.reaches.items():
        assert reach.low <= after_some_filling(any_desk.book, state, name, data) <= reach.high


@given(desks())
def test_more_entries_only_widen_it(any_desk: Desk) -> None:
    judgement = any_desk.judged()
    before = stands(any_desk)
    after = state_of(any_desk.book, judgement.grants, any_desk.market, any_desk.limits)
    assert after.nav <= before.nav
    assert after.fees >= before.fees
    for name, reach in before.reaches.items():
        assert after.reaches[name].low <= reach.low and reach.high <= after.reaches[name].high


@pytest.mark.parametrize(
    ("held", "orders", "exits", "reach"),
    [
        ([LONG], [], [], (100, 100)),
        ([LONG], [working("AA", SELL, Role.STOP, 100)], [], (0, 100)),
        ([LONG], [working("AA", SELL, Role.STOP, 60)], [leaving("AA", SELL, 30)], (10, 100)),
        ([LONG], [working("AA", SELL, Role.STOP, 100)], [leaving("AA", SELL, 100)], (0, 100)),
        ([LONG], [working("AA", SELL, Role.STOP, 900)], [], (0, 100)),
        ([LONG], [working("AA", BUY, Role.STOP, 100)], [], (100, 100)),
        ([LONG], [working("AA", BUY, Role.ENTRY, 40), working("AA", SELL, Role.EXIT, 70)], [], (30, 140)),
        ([SHORT], [working("AA", BUY, Role.EXIT, 100), SHORTER], [], (-150, 0)),
        ([], [working("AA", SELL, Role.STOP, 100)], [], (0, 0)),
        ([], [working("AA", BUY, Role.ENTRY, 40), working("AA", SELL, Role.ENTRY, 30, "100", "110")], [], (-30, 40)),
        ([position("AA", 0)], [], [], None),
    ],
)  # fmt: skip
def test_the_reach_of(held: list, orders: list, exits: list, reach: tuple[int, int] | None) -> None:
    of = desk([], limits(), held, orders, exits)
    assert stands(of).reaches == ({} if reach is None else {"AA": Reach(Fraction(reach[0]), Fraction(reach[1]))})


@pytest.mark.parametrize(("low", "high", "least"), [(-1, 2, 0), (0, 2, 0), (1, 2, 1), (-5, -3, 3), (0, 0, 0)])
def test_the_least_shares_inside(low: int, high: int, least: int) -> None:
    assert Reach(Fraction(low), Fraction(high)).least == least


def test_nav_falls_by_slippage_and_fees_of_everything() -> None:
    """A stop of 100 and an exit of 100 on 100 shares: 100 slip by 3 %; a working entry of 40 slips by 2 a share."""
    under = limits(collar="0.03", fee_per_order=10, fee_per_share=1)
    orders = [working("AA", SELL, Role.STOP, 100), working("BB", BUY, Role.ENTRY, 40, "102", "90")]
    state = stands(desk([], under, [LONG], orders, [leaving("AA", SELL, 100)]))
    assert state.fees == 3 * 10 + 100 + 40
    assert state.nav == 100_000 - state.fees - 100 * 3 - 40 * 2
    assert order_fee(Fraction(7), under) == 17


def test_a_better_limit_price_is_no_gain() -> None:
    state = stands(desk([], limits(), [], [working("AA", BUY, Role.ENTRY, 40, "97", "90")]))
    assert state.nav == 100_000


def test_an_entry_without_a_limit_price_counts_from_the_collar() -> None:
    of = desk([], limits(collar="0.03"), [], [working("AA", BUY, Role.ENTRY, 40, None, "90")])
    (leg,) = of.book.legs
    assert (leg.slippage, leg.risk) == (3, 13)


@pytest.mark.parametrize(
    ("held", "orders", "risk"),
    [
        (position("AA", 100, "90"), [], 10),
        (position("AA", 100, None), [], 100),
        (position("AA", 100, "103"), [], 0),
        (position("AA", -100, "110"), [], 10),
        (position("AA", -100, "95"), [], 0),
    ],
)
def test_the_loss_of_a_share_at_its_stop(held: object, orders: list, risk: int) -> None:
    assert desk([], limits(), [held], orders).book.holdings["AA"].risk == risk  # type: ignore[list-item]


def test_what_cannot_be_priced_is_named() -> None:
    orders = [working("CC", SELL, Role.ENTRY, 10, "100", None), working("DD", BUY, Role.ENTRY, 10)]
    of = desk([], limits(), [position("AA", 100), position("BB", -100, None)], orders,
              market={name: terms(name) for name in ("BB", "CC")})  # fmt: skip
    assert of.book.unpriced == ("AA", "BB", "CC", "DD")
    assert of.book.holdings == {}


def test_entries_of_this_decision_are_marked() -> None:
    of = desk([entry("AA", 50)], limits(), [LONG], [working("AA", SELL, Role.STOP, 100)])
    state = state_of(of.book, of.judged().grants, of.market, of.limits)
    assert [(leg.entry, leg.new, leg.reducing) for leg in state.legs] == [(False, False, True), (True, True, False)]
    assert read_book(of.portfolio, (), of.market, of.limits) == of.book


@pytest.mark.parametrize(("side", "closes"), [(Side.SELL, Fraction(1, 2)), (Side.BUY, Fraction(0))])
def test_an_exit_closes_at_most_half_a_share_where_half_a_share_is_held(side: Side, closes: Fraction) -> None:
    """And on the side of the position it closes nothing."""
    half = replace(position("AA", 1), quantity=Decimal("0.5"))
    of = desk([], limits(), [half], [working("AA", side, Role.STOP, 5, stop_price="90")])
    assert [leg.quantity for leg in stands(of).legs] == [closes]
