"""Figures of NAV series beside slow and obvious versions of them, and beside scipy's."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from adapters.reports.performance import (
    LEAST_SESSIONS,
    SESSIONS_A_YEAR,
    Estimate,
    Floats,
    buy_and_hold,
    drawdowns,
    excess,
    performance,
    returns,
    wilson,
)
from adapters.running.world import World

pytestmark = pytest.mark.sqlite_file  # a demonstration keeps its log in a file

pytest_plugins = ["tests.adapters.demo_sample"]

NAVS = st.lists(st.floats(1.0, 1e9), min_size=1, max_size=40).map(lambda found: np.array(found, dtype=np.float64))


@given(NAVS)
def test_drawdown_is_the_fall_from_the_highest_value_before(navs: Floats) -> None:
    found = drawdowns(navs)
    for at, nav in enumerate(navs):
        assert found[at] == max(1 - nav / before for before in navs[: at + 1])


@given(NAVS)
def test_a_drawdown_is_a_share_and_nothing_at_a_peak(navs: Floats) -> None:
    found = drawdowns(navs)
    assert ((found >= 0) & (found < 1)).all()
    assert found[int(navs.argmax())] == 0


@given(st.integers(1, 5_000), st.data())
def test_wilson_is_scipys(count: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, count))
    ours, theirs = wilson(wins / count, count), binomtest(wins, count).proportion_ci(method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)
    assert ours.low - 1e-12 <= ours.value <= ours.high + 1e-12


def walk(mean: float, deviation: float, sessions: int = 750) -> Floats:
    """A NAV with independent daily returns, the same each time."""
    changes = np.random.default_rng(7).normal(mean, deviation, sessions)
    navs: Floats = 100 * np.cumprod(1 + changes)
    return navs


def test_intervals_surround_their_figure_and_have_the_width_theory_gives() -> None:
    navs = walk(0.0005, 0.01)
    found = performance(navs)
    assert found is not None
    for one in (found.annual, found.sharpe, found.drawdown):
        assert one.low < one.value < one.high
    # independent returns: the mean of n has a deviation of sigma over the root of n
    expected = 2 * 1.96 * 0.01 * SESSIONS_A_YEAR / len(navs) ** 0.5
    assert found.annual.high - found.annual.low == pytest.approx(expected, rel=0.15)
    assert found.volatility == pytest.approx(0.01 * SESSIONS_A_YEAR**0.5, rel=0.1)
    assert found.total == pytest.approx(navs[-1] / navs[0] - 1)
    assert found.drawdown.value == pytest.approx(drawdowns(navs).max())


def test_a_sure_gain_excludes_zero_and_noise_does_not() -> None:
    changes = returns(walk(0.0, 0.01))
    # as much up as down: what one seed happens to draw is not the matter here
    level: Floats = 100 * np.cumprod(1 + changes - changes.mean())
    gain, noise = performance(walk(0.002, 0.004)), performance(level)
    assert gain is not None and gain.annual.excludes_zero
    assert noise is not None and not noise.annual.excludes_zero


def test_the_same_series_gives_the_same_intervals() -> None:
    assert performance(walk(0.001, 0.01)) == performance(walk(0.001, 0.01))


def test_cash_that_lies_still_has_nothing_to_tell() -> None:
    found = performance(np.full(50, 1e6))
    assert found is not None
    nothing = Estimate(0.0, 0.0, 0.0)
    assert (found.annual, found.sharpe, found.drawdown, found.volatility) == (nothing, nothing, nothing, 0.0)


def test_a_series_exceeds_itself_by_nothing() -> None:
    navs = walk(0.001, 0.01)
    assert excess(navs, navs) == Estimate(0.0, 0.0, 0.0)


def test_too_few_sessions_have_no_figures() -> None:
    short = np.full(LEAST_SESSIONS - 1, 1.0)
    assert performance(short) is None
    assert excess(short, short) is None


def test_buy_and_hold_is_what_a_person_with_shares_would_have(shown_world: World) -> None:
    """Share by share: buy at the first close, split as the issuer does, spend each dividend at that day's close."""
    panel, names = shown_world.survey.market.panel, ("AAPL", "GOOG", "IBM", "MSFT")
    days = shown_world.sessions("2011-01-03", "2013-03-01")
    found = buy_and_hold(panel, names, days, 1_000_000.0)
    columns = [panel.column(name) for name in names]
    shares = {
        name: 250_000 / Fraction(panel.close[panel.row(days[0]), at]) for name, at in zip(names, columns, strict=True)
    }
    paid = 0
    for at, day in enumerate(days):
        closes = {
            name: Fraction(panel.close[panel.row(day), column]) for name, column in zip(names, columns, strict=True)
        }
        for action in shown_world.actions.get(day, ()) if at else ():
            if action.kind == "split":
                shares[action.instrument] *= Fraction(action.amount)
            elif action.instrument in shares:
                shares[action.instrument] *= 1 + Fraction(action.amount) / closes[action.instrument]
                paid += 1
        assert found[at] == pytest.approx(float(sum(shares[name] * closes[name] for name in names)), rel=1e-9)
    assert paid > 20, "the span has the dividends of three names over two years"


def test_buy_and_hold_refuses_what_could_not_be_bought(shown_world: World) -> None:
    with pytest.raises(ValueError, match="FB"):
        buy_and_hold(shown_world.survey.market.panel, ["AAPL", "FB"], ["2011-01-03", "2011-01-04"], 1.0)
