"""Sizes by hand, and what may never happen to one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.market import Terms
from engine.gate.sizing import Size, limit_price, size, stop_price
from engine.limits.model import Limits
from engine.orders.order import Role, Side
from engine.orders.portfolio import Position
from knowledge.door import fact, freeze
from knowledge.facts import Fact
from tests.engine import small_desk
from tests.engine.small_desk import limits, position, terms, working
from tests.made_correlations import correlated

AS_OF = "2011-01-03T21:00:00Z"
CALM = limits(collar="0.03")
PRICES = st.fractions(Fraction(1, 2), 900, max_denominator=100)
COLLARS = st.sampled_from([Fraction(one) for one in ("0", "0.001", "0.03", "0.0333", "0.5")])
TICKS = st.sampled_from([Fraction(one) for one in ("0.01", "0.05", "0.25", "0.0001")])


def head(name: str, hit_rate: str = "0.6", payoff: str = "1", observations: int = 500) -> Fact:
    return fact(
        "head", head=name, status="healthy", model="m", brier="0.2", psi="0.1", age=1, accuracy="0.5",
        hit_rate=hit_rate, payoff=payoff, observations=observations,
    )  # fmt: skip


def says(name: str, direction: str = "long", weight: str = "0.5") -> Fact:
    return fact(
        "advisory", instrument="AA", head=name, direction=direction, probability="0.6", conviction="0.8", weight=weight,
        horizon="swing", model="m",
    )  # fmt: skip


def sized(
    *facts: Fact,
    held: Sequence[Position] = (),
    orders: Iterable[object] = (),
    of: Terms | None = None,
    regime: str = "bull",
    under: Limits = CALM,
    nav: int = 100_000,
    side: Side = Side.BUY,
) -> Size:
    place = small_desk.desk([], under, held, list(orders), nav=nav)  # type: ignore[arg-type]
    return size(freeze(AS_OF, ["AA"], facts), place.portfolio, under, regime, of or terms("AA"), side)


ONE = (head("tech"), says("tech"))


def test_a_size_by_hand() -> None:
    """Won 60 % at 1 to 1: Kelly 20 %, a quarter of it 5 %, of which 15 / 15.87 for the volatility; 100,000 of NAV.

    Bought at 103 at worst, stopped at 96: 7 a share.
    """
    found = sized(*ONE)
    assert (found.kelly, found.correlation, found.regime, found.loss_per_share) == (Fraction(1, 20), 1, 1, 7)
    assert found.volatility == Fraction(15, 100) / Fraction(1587, 10_000)
    assert found.stake == 5_000 * found.volatility
    assert found.target == found.stake / 7 // 1 == 675


def test_the_odds_are_averaged_by_weight() -> None:
    found = sized(
        head("tech", "0.6"), says("tech", weight="0.3"), head("volume", "0.5", "2"), says("volume", weight="0.1")
    )
    assert found.kelly == Fraction(1, 4) * (Fraction(3, 4) * Fraction(1, 5) + Fraction(1, 4) * Fraction(1, 4))


@pytest.mark.parametrize(
    "facts",
    [
        (),
        (head("tech"),),
        (says("tech"),),
        (head("tech", observations=0), says("tech")),
        (head("tech", payoff="0"), says("tech")),
        (head("tech"), says("tech", weight="0")),
        (head("tech"), says("tech", "short")),
        (head("tech"), says("tech", "flat")),
        (head("tech", "0.5"), says("tech")),
        (head("tech", "0.3"), says("tech")),
    ],
    ids=["nothing", "silence", "no record", "no bets", "no wins", "no weight", "other side", "flat", "fair", "losing"],
)  # fmt: skip
def test_without_an_edge_there_is_no_size(facts: tuple[Fact, ...]) -> None:
    assert sized(*facts).target == 0


def together(value: str) -> Fact:
    return correlated({("AA", "BB"): value})[0]


@pytest.mark.parametrize(
    ("shares", "value", "factor"),
    [(100, "0.1", "0.8"), (100, "0.4", "0.5"), (100, "0", "1"), (100, "-0.9", "1"), (-100, "-0.2", "0.6"),
     (-100, "0.4", "1"), (100, None, "0.5"), (-100, None, "0.5"), (0, None, "1")],
)  # fmt: skip
def test_correlation_with_what_is_held_makes_it_smaller(shares: int, value: str | None, factor: str) -> None:
    facts = ONE if value is None else (*ONE, together(value))
    assert sized(*facts, held=[position("BB", shares, "110")]).correlation == Fraction(factor)


def test_what_is_held_already_counts() -> None:
    held = [position("AA", 200)]
    orders = [working("AA", Side.BUY, Role.ENTRY, 40), working("AA", Side.SELL, Role.STOP, 200)]
    assert sized(*ONE, held=held, orders=orders).held == 240
    assert sized(*ONE, held=held, orders=orders).target == 675 - 240
    assert sized(*ONE, held=[position("AA", 900)]).target == 0


def test_the_regime_and_the_account_scale_it() -> None:
    assert sized(*ONE, regime="unknown").target == sized(*ONE).stake * Fraction(3, 10) / 7 // 1
    assert sized(*ONE, nav=0).target == sized(*ONE, nav=-5_000).target == 0


def test_calm_instruments_are_not_scaled_up() -> None:
    assert sized(*ONE, of=terms("AA", volatility=Fraction(1, 100))).volatility == 1
    assert sized(*ONE, of=terms("AA", volatility=Fraction(0))).volatility == 1


def test_the_target_is_whole_lots() -> None:
    assert sized(*ONE, of=terms("AA", lot=100)).target == 600
    assert sized(*ONE, of=terms("AA", lot=1_000)).target == 0


def test_the_heads_of_the_size_are_told() -> None:
    assert sized(*ONE).detail == "tech won 0.600 of its bets at 1.000 to 1"


@given(PRICES, COLLARS, TICKS, st.sampled_from(Side))
def test_a_limit_price_is_on_the_tick_and_never_beyond_the_collar(
    price: Fraction, collar: Fraction, tick: Fraction, side: Side
) -> None:
    of = terms("AA", price=price, tick=tick)
    found = limit_price(of, side, collar)
    assert (found / tick).denominator == 1
    assert side.sign * (found - price) <= collar * price
    assert side.sign * (price * (1 + side.sign * collar) - found) < tick


@given(PRICES, st.fractions(0, 20, max_denominator=50), TICKS, st.sampled_from(Side))
def test_a_stop_is_on_the_tick_and_not_closer_than_asked(
    price: Fraction, true_range: Fraction, tick: Fraction, side: Side
) -> None:
    of = terms("AA", price=price, tick=tick, true_range=true_range)
    found = stop_price(of, side, Fraction(2))
    assert (found / tick).denominator == 1 and found >= tick
    if found > tick:
        assert side.sign * (price - found) >= 2 * true_range
        assert side.sign * (price - found) < 2 * true_range + tick


@given(
    st.sampled_from(["0.51", "0.6", "0.9"]),
    st.sampled_from(["0.5", "1", "3"]),
    st.sampled_from(Side),
    st.integers(1, 40),
)
def test_a_loss_at_the_stop_is_never_more_than_the_stake(hit_rate: str, payoff: str, side: Side, lot: int) -> None:
    direction = "long" if side is Side.BUY else "short"
    found = sized(head("tech", hit_rate, payoff), says("tech", direction), of=terms("AA", lot=lot), side=side)
    assert found.target * found.loss_per_share <= found.stake
    assert found.target % lot == 0


def test_sizes_are_canonical_values() -> None:
    assert sized(*ONE).to_json()["target"] == "675"
    assert all(isinstance(value, str) for value in replace(sized(*ONE)).to_json().values())
