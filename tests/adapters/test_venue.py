"""What one bar does to one order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.paper.venue import Bar, Costs, at_open, within
from engine.orders.order import Kind, Role, Side
from tests.adapters.paper_desk import CENT, FREE, bar, order

BUY, SELL = Side.BUY, Side.SELL
TEN_BP = Costs(slippage_bp=Decimal(10))

cents = st.integers(100, 20_000).map(lambda number: Decimal(number) / 100)
fine = st.integers(100, 2_000_000).map(lambda number: Decimal(number) / 10_000)
bars = st.lists(fine, min_size=4, max_size=4).map(
    lambda four: Bar(four[0], max(four), min(four), four[1], 1000),
)
limits = st.builds(lambda side, at: order("x", side, Role.EXIT, Kind.LIMIT, limit=at), st.sampled_from(Side), fine)
stops = st.builds(lambda side, at: order("x", side, Role.STOP, Kind.STOP, stop=at), st.sampled_from(Side), fine)
markets = st.builds(lambda side: order("x", side, Role.EXIT, Kind.MARKET), st.sampled_from(Side))
costs = st.integers(0, 200).map(lambda bp: Costs(slippage_bp=Decimal(bp)))


@pytest.mark.parametrize(
    ("side", "limit", "day", "opening", "later"),
    [
        (BUY, "100", ("99", "105", "98"), "99.10", None),  # a gap in our favour: the open, with slippage
        (BUY, "100", ("99.95", "105", "98"), "100", None),  # slippage stops at the limit
        (BUY, "100", ("100", "105", "99"), "100", None),  # at the limit is as good as the limit
        (BUY, "100", ("102", "105", "99.99"), None, "100"),  # traded through
        (BUY, "100", ("102", "105", "100"), None, None),  # touched only
        (BUY, "100.019", ("102", "105", "99"), None, "100.01"),  # off the tick: narrowed
        (SELL, "100", ("101", "105", "98"), "100.89", None),
        (SELL, "100", ("100.05", "105", "98"), "100", None),
        (SELL, "100", ("98", "100.01", "97"), None, "100"),
        (SELL, "100", ("98", "100", "97"), None, None),
        (SELL, "99.981", ("98", "105", "97"), None, "99.99"),
    ],
)
def test_a_limit_order(side, limit, day, opening, later) -> None:
    terms, seen = order("x", side, Role.EXIT, Kind.LIMIT, limit=limit), bar(*day)
    assert _price(at_open(terms, seen, CENT, TEN_BP)) == opening
    if opening is None:
        assert _price(within(terms, seen, CENT, TEN_BP)) == later


@pytest.mark.parametrize(
    ("side", "stop", "day", "opening", "later"),
    [
        (SELL, "95", ("100", "101", "95"), None, "94.90"),  # touched: at the stop, less slippage, below the low
        (SELL, "95", ("100", "101", "95.01"), None, None),
        (SELL, "95", ("90", "99", "89"), "89.91", "89.91"),  # a gap against us: the open
        (SELL, "95", ("95", "99", "94"), "94.90", "94.90"),
        (BUY, "105", ("100", "105", "99"), None, "105.11"),  # 105.105 rounds against us
        (BUY, "105", ("100", "104.99", "99"), None, None),
        (BUY, "105", ("110", "111", "100"), "110.11", "110.11"),
    ],
)
def test_a_stop_order(side, stop, day, opening, later) -> None:
    terms, seen = order("x", side, Role.STOP, Kind.STOP, stop=stop), bar(*day)
    assert _price(at_open(terms, seen, CENT, TEN_BP)) == opening
    assert _price(within(terms, seen, CENT, TEN_BP)) == later


def test_a_market_order_trades_at_the_open_against_us() -> None:
    seen = bar("100.001", "101", "99")
    assert _price(at_open(order("x", BUY, Role.EXIT, Kind.MARKET), seen, CENT, FREE)) == "100.01"
    assert _price(at_open(order("x", SELL, Role.EXIT, Kind.MARKET), seen, CENT, FREE)) == "100"
    assert within(order("x", SELL, Role.EXIT, Kind.MARKET), seen, CENT, FREE) is None


def test_a_price_is_never_below_one_tick() -> None:
    seen = bar("0.01", "0.01", "0.01")
    assert _price(at_open(order("x", SELL, Role.EXIT, Kind.MARKET), seen, CENT, TEN_BP)) == "0.01"


@given(limits, bars, costs)
def test_a_limit_order_never_executes_outside_its_limit_nor_outside_the_bar_but_for_slippage(terms, seen, what) -> None:
    sign = terms.side.sign
    for moment in (at_open, within):
        done = moment(terms, seen, CENT, what)
        if done is not None:
            assert sign * (done.price - terms.limit_price) <= 0
            assert done.price % CENT == 0
            assert seen.low <= done.reference <= seen.high
            assert sign * (done.price - done.reference) == done.slippage


@given(st.one_of(stops, markets), bars, costs)
def test_slippage_is_what_the_costs_say_and_at_most_a_tick_more(terms, seen, what) -> None:
    for moment in (at_open, within):
        done = moment(terms, seen, CENT, what)
        if done is not None:
            assert seen.low <= done.reference <= seen.high
            assert terms.side.sign * (done.price - done.reference) == done.slippage or done.price == CENT
            assert done.slippage < done.reference * what.slippage_bp / 10_000 + CENT


@given(stops, bars, costs)
def test_a_stop_executes_exactly_when_the_bar_reaches_it_and_never_better_than_its_price(terms, seen, what) -> None:
    reached = seen.high >= terms.stop_price if terms.side is BUY else seen.low <= terms.stop_price
    done = within(terms, seen, CENT, what)
    assert (done is not None) == reached
    if done is not None and done.price > CENT:
        assert terms.side.sign * (done.price - terms.stop_price) >= 0


@given(cents, cents, cents, cents)
def test_a_bar_is_usable_exactly_when_its_prices_lie_in_its_range(open_, high, low, close) -> None:
    assert Bar(open_, high, low, close, 0).usable == (low <= open_ <= high and low <= close <= high)


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "0", "-1"])
def test_a_bar_with_a_price_that_is_none_is_not_usable(wrong: str) -> None:
    good = [Decimal(100)] * 4
    assert Bar(*good, 0).usable
    for place in range(4):
        assert not Bar(*good[:place], Decimal(wrong), *good[place + 1 :], 0).usable


@pytest.mark.parametrize(("shares", "owed"), [("1", "1.00"), ("200", "1.00"), ("201", "1.01"), ("10000", "50.00")])
def test_the_commission_has_a_floor_and_rounds_up_to_the_cent(shares: str, owed: str) -> None:
    assert Costs().commission(Decimal(shares)) == Decimal(owed)


def _price(done) -> str | None:
    return None if done is None else f"{done.price:.2f}" if done.price % 1 else str(done.price.quantize(Decimal(1)))
