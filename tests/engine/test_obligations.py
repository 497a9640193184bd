"""Limits in breach and the exits they ask for, against brute force and the oracle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.duty import Duty
from engine.gate.least import Line, Room, least
from engine.gate.market import Terms
from engine.gate.proposals import Exit
from engine.limits.kinds import KINDS, OBLIGING
from engine.limits.model import Limit
from engine.obligations import BEYOND, NOT_FOUND, Asked, oblige
from engine.orders.order import Role, Side
from engine.orders.portfolio import Operations, Position
from engine.reasons import OBLIGATION
from engine.review.duties import check_duty
from engine.review.oracle import Case, Worst, worst
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, leaving, limit, limits, position, terms, working

BULL = "bull"


def owed(here: Desk, asked: Asked = ()) -> tuple[Asked, Duty]:
    found, duty = oblige(asked, here.portfolio, here.market, here.limits, here.regime, "active")
    duty.sound()
    return found, duty


def shares(exits: Asked) -> dict[str, int]:
    return {one.instrument: int(left) for one, left in exits}


def keeping(here: Desk, given: Mapping[str, Fraction]) -> dict[str, Worst]:
    """The oracle's limits on the positions alone, when so much of them is gone."""
    positions = []
    for held in here.portfolio.positions:
        left = abs(Fraction(held.quantity)) - given.get(held.instrument, Fraction(0))
        positions.append(replace(held, quantity=Decimal(int(left)).copy_sign(held.quantity)))
    portfolio = replace(here.portfolio, positions=tuple(positions), working=())
    return {one.measure: one for one in worst(Case(portfolio, (), (), here.market, here.limits, BULL, "active"), ())}


# --- worked examples --------------------------------------------------------------------------------------------


def test_the_largest_of_equals_is_reduced_by_as_little_as_mends() -> None:
    """200 + 300 shares at 100 are 50,000, and 45 % of 100,000 are 45,000: 50 shares of the larger."""
    here = desk((), limits(limit("gross", "0.45")), [position("AA", 200), position("BB", 300)])
    exits, duty = owed(here)
    assert [(one.instrument, one.side, one.quantity, left, one.reasons) for one, left in exits] == [
        ("BB", Side.SELL, 50, 50, ("obligation:gross",))
    ]
    (breach,) = duty.breaches
    assert (breach.value, breach.bound, breach.after, breach.why) == (50_000, 45_000, 45_000, "")
    assert duty.reduced == duty.floor == 5_000


def test_a_limit_that_holds_asks_for_nothing() -> None:
    here = desk((), limits(limit("gross", "0.5")), [position("AA", 200), position("BB", 300)])
    assert owed(here) == ((), Duty())


def test_what_the_rules_ask_for_counts_as_done() -> None:
    """They close AA, which mends it: the breach is told, and nothing is asked beside it."""
    here = desk((), limits(limit("gross", "0.45")), [position("AA", 200), position("BB", 300)])
    asked = ((leaving("AA", Side.SELL, 200), Fraction(200)),)
    exits, duty = owed(here, asked)
    assert exits == asked
    assert [(one.after, one.why) for one in duty.breaches] == [(30_000, "")]


def test_a_part_that_leaves_anyway_and_what_a_limit_asks_are_one_exit() -> None:
    here = desk((), limits(limit("instrument_exposure", "0.1")), [position("AA", 200)])
    exits, _ = owed(here, ((leaving("AA", Side.SELL, 40), Fraction(40)),))
    ((one, left),) = exits
    assert (one.quantity, left) == (100, 100)
    assert one.reasons == ("test", "obligation:instrument_exposure[AA]")


def test_an_exit_at_work_counts_as_done() -> None:
    at_work = working("AA", Side.SELL, Role.EXIT, 60)
    here = desk((), limits(limit("instrument_exposure", "0.1")), [position("AA", 200)], [at_work])
    assert shares(owed(here)[0]) == {"AA": 40}


def test_an_exit_is_paced_and_remembers_the_rest() -> None:
    here = desk((), limits(limit("gross", "0.1"), limit("order_quantity", 30)), [position("AA", 200)])
    ((one, left),) = owed(here)[0]
    assert (one.quantity, left) == (30, 100)


def test_a_short_is_bought_back() -> None:
    here = desk((), limits(limit("net_short", "0.1")), [position("AA", -200, stop="110")])
    ((one, left),) = owed(here)[0]
    assert (one.side, left) == (Side.BUY, 100)


def test_a_hedge_is_not_given_up_for_what_it_hedges() -> None:
    """Gross is mended by either side, and giving up the short would break the net limit: the long goes."""
    rows = limits(limit("gross", "0.5"), limit("net_long", "0.1"))
    here = desk((), rows, [position("AA", 300), position("BB", -250, stop="110")])
    assert shares(owed(here)[0]) == {"AA": 50}


def test_what_is_frozen_is_not_counted_on() -> None:
    here = desk((), limits(limit("gross", "0.4")), [position("AA", 200), position("BB", 300)])
    here = replace(here, portfolio=replace(here.portfolio, operations=Operations(frozen=("BB",))))
    assert shares(owed(here)[0]) == {"AA": 100}


def test_what_no_exit_mends_is_told_and_brought_as_low_as_it_goes() -> None:
    """5,000 are lost today, and the bound is 4,000: nothing may be at risk, and that is not enough."""
    here = desk((), limits(limit("loss_budget", "0.04")), [position("AA", 20)], day_pnl=-5_000)
    exits, duty = owed(here)
    assert shares(exits) == {"AA": 20}
    assert [(one.value, one.after, one.why) for one in duty.breaches] == [(5_200, 5_000, BEYOND)]


def test_a_position_without_figures_is_in_no_sum() -> None:
    here = desk((), limits(limit("gross", "0.1")), [position("AA", 200), position("BB", 300)],
                market={"AA": terms("AA")})  # fmt: skip
    assert shares(owed(here)[0]) == {"AA": 100}


def test_an_odd_rest_is_closed_whole() -> None:
    """17 shares in lots of 10: to come under 500 from 1,700, one lot is not enough, and 17 are all there are."""
    here = desk((), limits(limit("gross", "0.005")), [position("AA", 17)], market={"AA": terms("AA", lot=10)})
    assert shares(owed(here)[0]) == {"AA": 17}


def test_a_limit_may_hold_its_breach() -> None:
    here = desk((), limits(limit("gross", "0.1", breach="hold")), [position("AA", 200)])
    assert owed(here) == ((), Duty())


def test_volatility_is_mended_where_it_comes_from() -> None:
    """σ of 300 and 100 shares at 1 % and 2 % a day, by themselves: √(300² + 200²) a day, times √252 is 5,724."""
    market = {"AA": terms("AA", factors=(Fraction(1, 100), Fraction(0))),
              "BB": terms("BB", factors=(Fraction(0), Fraction(2, 100)))}  # fmt: skip
    here = desk((), limits(limit("volatility", "0.05")), [position("AA", 300), position("BB", 100)], market=market)
    exits, duty = owed(here)
    (breach,) = duty.breaches
    assert breach.value == 252 * (300**2 + 200**2) > breach.bound == 25_000_000 >= breach.after
    assert sum(shares(exits).values()) < 100


def test_when_no_reductions_are_found_the_record_says_so() -> None:
    here = desk((), limits(limit("gross", "0.1")), [position("AA", 200)])
    with patch("engine.obligations.least", return_value=None):
        exits, duty = owed(here)
    assert exits == ()
    assert [one.why for one in duty.breaches] == [NOT_FOUND]


def test_a_surprise_leaves_the_exits_of_the_rules() -> None:
    here = desk((), limits(limit("gross", "0.1")), [position("AA", 200)])
    asked = ((leaving("AA", Side.SELL, 10), Fraction(10)),)
    with patch("engine.obligations.least", side_effect=ZeroDivisionError("division by zero")):
        found, duty = oblige(asked, here.portfolio, here.market, here.limits, BULL, "active")
    assert found == asked
    with pytest.raises(ZeroDivisionError):
        duty.sound()


def test_every_numeric_kind_either_obliges_or_bounds_what_no_exit_mends() -> None:
    """A guard: whoever adds a kind says which it is (docs/limits.md, Obligations)."""
    numeric = {name for name, kind in KINDS.items() if kind.form in ("linear", "convex")}
    assert numeric - OBLIGING == {"turnover", "open_orders", "cash_reserve"}
    assert numeric >= OBLIGING


# --- brute force ------------------------------------------------------------------------------------------------

KINDS_TRIED = sorted(OBLIGING - {"cluster_gross", "basket_net"})
FACTORS = tuple(tuple(Fraction(x, 1000) for x in pair) for pair in ((10, 4), (20, -3), (-10, 10), (0, 20)))


@st.composite
def small_books(draw: st.DrawFn) -> Desk:
    """Up to three positions of up to three lots, and limits around what they come to."""
    market: dict[str, Terms] = {}
    positions: list[Position] = []
    for name in ("AA", "BB", "CC")[: draw(st.integers(1, 3))]:
        price, lot = draw(st.sampled_from((10, 25, 100))), draw(st.sampled_from((1, 10)))
        held = draw(st.integers(1, 3 * lot)) * draw(st.sampled_from((1, 1, -1)))
        market[name] = terms(
            name, price=Fraction(price), lot=lot, beta=Fraction(draw(st.sampled_from(("1", "0.5", "-0.5")))),
            sector=draw(st.sampled_from(("banks", "technology"))), factors=draw(st.sampled_from(FACTORS)),
            residual=Fraction(draw(st.sampled_from((0, 1))), 10_000),
        )  # fmt: skip
        positions.append(position(name, held, stop=str(Fraction(price) * (9 if held > 0 else 11) // 10)))
    nav = draw(st.sampled_from((500, 1_000, 3_000)))
    rows = [
        _row(draw, kind) for kind in draw(st.lists(st.sampled_from(KINDS_TRIED), min_size=1, max_size=3, unique=True))
    ]
    return desk((), limits(*rows), positions, market=market, nav=nav)


def _row(draw: st.DrawFn, kind: str) -> Limit:
    bound = draw(st.sampled_from(("0", "0.05", "0.2", "0.5", "0.8", "1")))
    more: dict[str, object] = {"breach": draw(st.sampled_from(("exit", "exit", "exit", "hold")))}
    if kind == "credit":
        bound = draw(st.sampled_from(("0", "300", "900")))
    if kind == "concentration":
        more["once"] = 1
    if kind == "group_gross":
        more["by"] = "sector"
    if kind == "margin":
        more |= {"long": Fraction(1, 2), "short": Fraction(3, 2)}
    return limit(kind, bound, **more)


def every_reduction(here: Desk) -> Iterator[dict[str, Fraction]]:
    grids: list[Sequence[Fraction]] = []
    for held in here.portfolio.positions:
        most, lot = abs(Fraction(held.quantity)), Fraction(here.market.terms[held.instrument].lot)
        grids.append(sorted({min(count * lot, most) for count in range(int(-(-most // lot)) + 1)}))
    names = [held.instrument for held in here.portfolio.positions]
    for point in product(*grids):
        yield dict(zip(names, point, strict=True))


def mends(here: Desk, given: Mapping[str, Fraction], before: Mapping[str, Worst]) -> bool:
    """Every limit holds; one that holds its breach is at least no further out."""
    holding = {one.id for one in here.limits.limits if one.breach == "hold"}
    return all(
        one.value <= max(one.bound, before[key].value if one.limit in holding else one.bound)
        for key, one in keeping(here, given).items()
    )


@given(small_books())
def test_exits_of_obligations_mend_and_no_less_does(here: Desk) -> None:
    """After all have filled every limit holds, none could be a lot smaller, and no other set of reductions is smaller
    by more than a lot of each; what is not mended, nothing mends."""
    before = keeping(here, {})
    exits, duty = owed(here)
    asking = {one.id for one in here.limits.limits if one.breach == "exit" and one.kind in OBLIGING}
    assert {one.measure for one in duty.breaches} == {
        key for key, one in before.items() if one.value > one.bound and one.limit in asking
    }
    given = {one.instrument: left for one, left in exits}
    lots = {name: Fraction(one.lot) for name, one in here.market.terms.items()}
    cost = {name: one.exposure for name, one in here.market.terms.items()}

    def worth(reduction: Mapping[str, Fraction]) -> Fraction:
        return sum((cost[name] * each for name, each in reduction.items()), Fraction(0))

    assert worth(given) == duty.reduced
    if not duty.breaches:
        assert not given
        return
    mending = [each for each in every_reduction(here) if mends(here, each, before)]
    if any(one.why for one in duty.breaches):
        assert not mending
        return
    assert mends(here, given, before)
    best = min(worth(one) for one in mending)
    each_lot = sum((cost[name] * lots[name] for name in given), Fraction(0))
    assert duty.floor <= best <= duty.reduced < best + each_lot or duty.reduced == best
    for name, left in given.items():
        less = left - (left % lots[name] or lots[name])
        assert not mends(here, {**given, name: less}, before)
        (one,) = (one for one, _ in exits if one.instrument == name)
        assert all(why.startswith(f"{OBLIGATION}:") for why in one.reasons)
        assert one.reasons


@given(desks(kinds=sorted(OBLIGING)))
def test_a_record_of_obligations_bears_out_by_the_oracle(here: Desk) -> None:
    """Whatever is held, worked and asked for, of random desks with odd orders and bounds."""
    asked = tuple(
        (Exit(one.instrument, one.side, one.quantity, one.reasons), one.quantity)
        for one in here.exits
        if (held := here.portfolio.position(one.instrument)) is not None and held.quantity * one.side.sign < 0
        and one.quantity <= abs(Fraction(held.quantity))
        and not any(work.order.role is Role.EXIT for work in here.portfolio.working)
    )  # fmt: skip
    exits, duty = oblige(asked, here.portfolio, here.market, here.limits, here.regime, "")
    duty.sound()
    case = Case(here.portfolio, (), (), here.market, here.limits, here.regime)
    recorded = duty.to_json() if duty.breaches else None
    assert list(check_duty(recorded, duty, exits, case)) == []
    for one, left in exits:
        held = here.portfolio.position(one.instrument)
        assert held is not None
        assert held.quantity * one.side.sign < 0
        assert 0 < one.quantity <= left <= abs(Fraction(held.quantity))


ROOMS = st.builds(
    lambda cost, lot, most, place: Room(Fraction(most), Fraction(lot), (Fraction(cost), Fraction(place * cost))),
    st.integers(5, 200), st.sampled_from((1, 1, 5, 10)), st.integers(0, 20), st.integers(0, 3),
)  # fmt: skip
WEIGHTS = st.dictionaries(st.integers(0, 2), st.fractions(-300, 300, max_denominator=3), max_size=3)


@given(st.lists(ROOMS, min_size=3, max_size=3), st.lists(st.tuples(WEIGHTS, st.integers(-10, 10)), max_size=4))
def test_the_search_is_no_more_than_lots_above_the_least(
    rooms: list[Room], rows: list[tuple[dict[int, Fraction], int]]
) -> None:
    lines = []
    for weights, tenths in rows:
        full = sum((max(one, Fraction(0)) * rooms[at].most for at, one in weights.items()), Fraction(0))
        lines.append(Line(weights, full * tenths / 10))
    grids = [sorted({min(count * one.lot, one.most) for count in range(int(-(-one.most // one.lot)) + 1)})
             for one in rooms]  # fmt: skip
    worths = [
        sum((room.cost[0] * each for room, each in zip(rooms, point, strict=True)), Fraction(0))
        for point in product(*grids)
        if all(line.left(point) >= 0 for line in lines)
    ]
    found = least(rooms, lines)
    assert (found is None) is (not worths)
    if found is not None:
        assert all(line.left(found.point) >= 0 for line in lines)
        lots = sum(
            (room.cost[0] * room.lot for room, each in zip(rooms, found.point, strict=True) if each), Fraction(0)
        )
        assert found.floor <= min(worths) <= found.cost
        assert found.cost < min(worths) + lots or found.cost == min(worths)


def test_a_search_without_steps_closes_whole_positions_and_tightens() -> None:
    """From the first on until it is mended; less than the programme without lots had come to, nothing costs."""
    rooms = [Room(Fraction(100), Fraction(1), (Fraction(each), Fraction(0))) for each in (30, 20, 10)]
    lines = [Line({0: Fraction(30), 1: Fraction(20), 2: Fraction(10)}, Fraction(4_000))]
    with patch("engine.gate.least.MOST_CHANGES", 1):
        found = least(rooms, lines)
    assert found is not None
    assert found.point == (100, 50, 0)
    assert found.floor <= found.cost == 4_000
