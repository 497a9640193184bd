"""The oracle: what it calls worst is worst of all fillings, and some filling comes to it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.proposals import Grant
from engine.orders.order import Role, Side
from engine.review import oracle
from engine.review.oracle import Case, TooMany, worst
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, entry, leaving, limit, limits, position, working
from tests.promises.account import Account, breaches

PARTS = st.integers(0, 4).map(lambda part: Fraction(part, 4))


def case_of(of: Desk) -> Case:
    return Case(of.portfolio, of.exits, of.judged().scope.entries, of.market, of.limits, of.regime)


@given(desks(), st.data())
def test_no_partial_filling_is_worse(any_desk: Desk, data: st.DataObject) -> None:
    """Every limit at a random filling of each instrument, beside what the oracle calls worst."""
    case, grants = case_of(any_desk), any_desk.judged().grants
    found = {one.measure: one for one in worst(case, grants)}
    world = oracle._world(case, grants)
    partly = {name: [_partial(line, data)] for name, line in world.lines.items()}
    filled = oracle._World(world.lines, partly, world.fees, world.nav)
    for one in oracle._standing(case):
        if one.spec.form == "convex":
            assert oracle.times_square(one) * filled.spread.variance <= found[one.id].value, one.id
        elif one.spec.form == "linear":
            for subject, value, _ in oracle._subjects(one, case, oracle._world(case, ())):
                key = f"{one.id}[{subject}]" if subject else one.id
                assert value(filled) <= found[key].value, key


def _partial(line: oracle._Line, data: st.DataObject) -> oracle._Filling:
    fills = oracle._truncated(line, [order.quantity * data.draw(PARTS) for order in line.orders])
    return oracle._filling(line, tuple(fills))


@given(desks())
def test_a_plain_account_sees_no_breach_where_the_oracle_sees_none(any_desk: Desk) -> None:
    """The reading of docs/limits.md that the promises are tested with, written by another hand."""
    grants = any_desk.judged().grants
    account = Account(any_desk.portfolio, any_desk.exits, grants, any_desk.market, any_desk.limits, any_desk.regime)
    assert all(one.holds for one in worst(case_of(any_desk), grants)) or not grants
    if grants:
        assert breaches(account, {one.name: one.quantity for one in account.tickets if not one.reducing}) == []


def test_a_share_of_a_small_total_is_worst_where_the_rest_is_flat() -> None:
    """BB may go from 10 long through flat to 30 short: least gross is in between, at a filling that leaves it flat."""
    orders = [working("BB", Side.SELL, Role.ENTRY, 40, "100", "110")]
    of = desk([], limits(limit("concentration", "0.5", once=1)), [position("AA", 100), position("BB", 10)], orders)
    found = {one.measure: one.value for one in worst(case_of(of), ())}
    assert found["concentration[AA]"] == 10_000 - Fraction(1, 2) * 10_000


def test_exits_are_truncated_where_they_have_closed_the_position() -> None:
    of = desk([], limits(limit("net_short", 1)), [position("AA", 100)],
              [working("AA", Side.SELL, Role.STOP, 100)], [leaving("AA", Side.SELL, 100)])  # fmt: skip
    assert worst(case_of(of), ())[0].value == 0


def test_one_share_beyond_a_bound_is_seen() -> None:
    of = desk([entry("AA", 600)], limits(limit("gross", "0.5")))
    gross = [worst(case_of(of), [Grant(of.entries[0], Fraction(shares))])[0] for shares in (500, 501)]
    assert [one.holds for one in gross] == [True, False]


def test_more_orders_than_it_can_fill_in_every_way_are_refused() -> None:
    orders = [working("AA", Side.BUY, Role.ENTRY, shares, "100", "90") for shares in range(1, 14)]
    with pytest.raises(TooMany, match="AA has 13 orders"):
        worst(case_of(desk([], limits(limit("gross", 1)), (), orders)), ())
