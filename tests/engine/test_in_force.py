"""When a limit is in force: its window, its circumstances, and that all who read a file read the same of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.measures import measures
from engine.gate.scope import Scope
from engine.limits.kinds import REGIMES, TRADING_STATES
from engine.limits.model import ALWAYS, Limit, When
from engine.proof.smt_desk import read_desk
from engine.review.oracle import Case, worst
from tests.engine.books_strategy import RANK, Desk
from tests.engine.small_desk import desk, entry, limit, limits
from tests.promises.cycles import calm, position

DAYS = ("2010-12-31", "2011-01-02", "2011-01-03", "2011-01-04")
BEAR = When(regimes=("bear", "volatile"))
REDUCING = When(states=("reducing",))
CALM = When(figure=RANK, below=Fraction(9, 10))
WILD = When(figure=RANK, above=Fraction(9, 10))


def at(one: Limit, regime: str, state: str, rank: str | None, session: str = "2011-01-03") -> bool:
    """Whether a limit is in force, as arithmetic, encoding and oracle each say."""
    of = desk([entry("AA", 10)], limits(one))
    figures = {} if rank is None else {RANK: Fraction(rank)}
    place = replace(of.market, session=session, figures=figures)
    return any(said == one.id for said in in_force(replace(of, market=place, regime=regime), state))


def in_force(of: Desk, state: str) -> Sequence[str]:
    scope = Scope(of.book, of.entries, of.market, of.limits, of.regime, state)
    computed = list(dict.fromkeys(one.limit.id for one in measures(scope)))
    case = Case(of.portfolio, of.exits, of.entries, of.market, of.limits, of.regime, state)
    looked_at = list(dict.fromkeys(one.limit for one in worst(case, ())))
    encoded = [
        one.id
        for one in read_desk(of.portfolio, of.exits, of.entries, of.market, of.limits, of.regime, state).standing()
    ]
    assert computed == looked_at == encoded
    return encoded


@pytest.mark.parametrize(
    ("when", "regime", "state", "rank", "holds"),
    [
        (ALWAYS, "bull", "active", "0.5", True),
        (BEAR, "bear", "active", "0.5", True),
        (BEAR, "bull", "active", "0.5", False),
        (BEAR, "unknown", "active", "0.5", True),
        (BEAR, "never heard of", "active", "0.5", True),
        (REDUCING, "bull", "reducing", "0.5", True),
        (REDUCING, "bull", "halted", "0.5", False),
        (REDUCING, "bull", "", "0.5", True),
        (WILD, "bull", "active", "0.95", True),
        (WILD, "bull", "active", "0.9", False),
        (WILD, "bull", "active", None, True),
        (CALM, "bull", "active", "0.5", True),
        (CALM, "bull", "active", "0.9", False),
        (When(("bear",), (), RANK, Fraction(9, 10)), "bear", "active", "0.5", False),
        (When(("bear",), (), RANK, Fraction(9, 10)), "bull", "active", "0.95", False),
        (When(("bear",), (), RANK, Fraction(9, 10)), "bear", "active", "0.95", True),
    ],
)
def test_what_is_named_must_hold_and_what_is_unknown_does(
    when: When, regime: str, state: str, rank: str | None, holds: bool
) -> None:
    assert at(limit("gross", "1", when=when), regime, state, rank) is holds


@pytest.mark.parametrize(
    ("session", "holds"), [("2010-12-31", False), ("2011-01-01", True), ("2011-01-31", True), ("2011-02-01", False)]
)
def test_both_ends_of_a_window_are_in_force(session: str, holds: bool) -> None:
    one = limit("gross", "1", effective="2011-01-01", until="2011-01-31")
    assert at(one, "bull", "active", "0.5", session) is holds


def test_a_limit_with_several_windows_has_the_bound_of_the_day() -> None:
    first = limit("gross", "1", until="2011-01-31")
    second = limit("gross", "0.5", effective="2011-02-01")
    known = limits(first, second)
    assert [one.bound for one in known.in_force("2011-01-31") if one.id == "gross"] == [1]
    assert [one.bound for one in known.in_force("2011-02-01") if one.id == "gross"] == [Fraction(1, 2)]
    assert known.rows("2011-01-03")["gross"] == first
    assert known.rows("2031-01-03")["gross"] == second
    assert known.rows("2001-01-03")["gross"] == second


def test_a_mandatory_limit_is_in_force_before_its_first_window_too() -> None:
    first = limit("price_collar", "0.03", id="collar", effective="2012-01-01", until="2012-12-31")
    second = limit("price_collar", "0.01", id="collar", effective="2013-01-01")
    known = replace(limits(), limits=(first, second))
    assert [known.collar(day) for day in ("2011-01-03", "2012-12-31", "2013-01-01")] == [
        Fraction(3, 100), Fraction(3, 100), Fraction(1, 100)
    ]  # fmt: skip
    assert [one.bound for one in known.in_force("2011-01-03")] == [Fraction(3, 100)]


FIGURES = st.sampled_from([None, *(Fraction(one, 10) for one in range(11))])
WHENS = st.builds(
    When,
    st.lists(st.sampled_from(REGIMES), unique=True, max_size=3).map(tuple),
    st.lists(st.sampled_from(TRADING_STATES), unique=True, max_size=2).map(tuple),
    st.sampled_from(("", RANK)),
    FIGURES,
    FIGURES,
)


@given(
    st.lists(st.tuples(WHENS, st.sampled_from(DAYS), st.sampled_from(("", *DAYS))), min_size=1, max_size=4),
    st.sampled_from((*REGIMES, "odd")),
    st.sampled_from((*TRADING_STATES, "")),
    FIGURES,
)
def test_all_who_read_a_file_read_the_same_of_it(
    rows: list[tuple[When, str, str]], regime: str, state: str, rank: Fraction | None
) -> None:
    drawn = (
        limit("gross", "1", id=f"gross.{at}", when=when, effective=effective, until=until)
        for at, (when, effective, until) in enumerate(rows)
    )
    of = desk([entry("AA", 10)], limits(*drawn))
    figures = {} if rank is None else {RANK: rank}
    in_force(replace(of, market=replace(of.market, figures=figures), regime=regime), state)


@given(WHENS, st.sampled_from(REGIMES), st.sampled_from(TRADING_STATES), FIGURES)
def test_knowing_less_never_takes_a_limit_out_of_force(
    when: When, regime: str, state: str, rank: Fraction | None
) -> None:
    known = limits(limit("gross", "1", when=when))
    informed = known.in_force("2011-01-03", regime, state, {} if rank is None else {RANK: rank})
    assert set(informed) <= set(known.in_force("2011-01-03"))


@pytest.mark.parametrize(("nav", "state", "quantity"), [("1000000", "active", 500), ("890000", "reducing", 1_700)])
def test_a_limit_for_one_trading_state_paces_exits_in_that_state_only(nav: str, state: str, quantity: int) -> None:
    cycle = calm("quiet", positions=(position("AAPL", 1_700, sessions=60),))
    slow = limit("order_quantity", 500, when=When(states=("active",)))
    kept = [one for one in cycle.limits.limits if one.kind not in ("order_quantity", "volume_share")]
    law = replace(cycle.limits, limits=(*kept, slow))
    decision = replace(cycle, limits=law, portfolio=replace(cycle.portfolio, nav=Decimal(nav))).decided()
    assert decision.trading_state == state
    (ruled,) = decision.exits
    assert (ruled.exit.quantity, ruled.asked) == (quantity, "1700")
