"""Historical simulation: beside an oracle that sorts, and what it refuses to say."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisors.history import DAYS, FEWEST, WINDOW, NoHistory, losses
from tests.advisors.sample import sample

PANEL = sample().panel
LAST = PANEL.sessions[-1]
OLD = [one for one in PANEL.instruments if one != "FB"]
values = st.dictionaries(
    st.sampled_from(OLD), st.floats(-1, 1).filter(lambda one: abs(one) > 1e-3), min_size=1, max_size=4
)


def slowly(session: str, held: dict[str, float], days: int) -> list[float]:
    """Losses of all observations, day by day, the largest first."""
    row, found = PANEL.row(session), []
    for end in range(max(days, row - WINDOW + 1), row + 1):
        total, whole = 0.0, True
        for name, value in held.items():
            at = PANEL.instruments.index(name)
            now = PANEL.close[end, at] * PANEL.factor[end, at]
            before = PANEL.close[end - days, at] * PANEL.factor[end - days, at]
            whole = whole and not np.isnan([now, before]).any()
            total -= value * (now / before - 1)
        if whole:
            found.append(total)
    return sorted(found, reverse=True)


def exceeded(ordered: list[float], share: Fraction) -> float:
    """The smallest loss that no more than this share of all exceed."""
    return min(one for one in ordered if sum(other > one for other in ordered) <= share * len(ordered))


@given(st.sampled_from([one for one in PANEL.sessions if one > "2006"]), values)
@settings(max_examples=25, deadline=None)
def test_it_is_what_sorting_says(session: str, held: dict[str, float]) -> None:
    found = losses(PANEL, session, held)
    days, spans = slowly(session, held, 1), slowly(session, held, DAYS)
    assert (found.observations, found.five_day_observations) == (len(days), len(spans))
    assert found.one_day_95 == pytest.approx(exceeded(days, Fraction(5, 100)), abs=1e-12)
    assert found.one_day_99 == pytest.approx(exceeded(days, Fraction(1, 100)), abs=1e-12)
    assert found.five_day_95 == pytest.approx(exceeded(spans, Fraction(5, 100)), abs=1e-12)
    twentieth, weights = len(days) / 20, []
    for at in range(len(days)):
        weights.append(max(0.0, min(1.0, twentieth - at)))
    mean = sum(weight * one for weight, one in zip(weights, days, strict=True)) / twentieth
    assert found.shortfall_95 == pytest.approx(mean, abs=1e-12)
    assert found.shortfall_95 >= found.one_day_95 - 1e-15


def test_the_worst_of_a_hundred_sessions_are_those_of_the_numbers() -> None:
    """Sessions that lose 1, 2, …, 100 %: five exceed 95 %, one exceeds 99 %; the worst five average 98 %."""
    order = np.random.default_rng(3).permutation(np.arange(1, 101)) / 1000
    prices = np.concatenate([[1.0], np.cumprod(1 - order)]) * 1000
    found = losses(_panel({"X": prices}), "2001-101", {"X": 10.0})
    assert found.observations == 100
    assert found.one_day_95 == pytest.approx(0.95)
    assert found.one_day_99 == pytest.approx(0.99)
    assert found.shortfall_95 == pytest.approx(0.98)
    assert found.five_day_observations == 96
    assert found.five_day_95 is None, "too few of five days"


def test_a_short_loses_what_a_long_wins() -> None:
    """A price that only rises costs the short, and is no loss of the long."""
    prices = 100 * 1.01 ** np.arange(200)
    long, short = (losses(_panel({"X": prices}), "2001-200", {"X": side}) for side in (1.0, -1.0))
    assert long.one_day_95 == pytest.approx(-0.01)
    assert short.one_day_95 == pytest.approx(0.01)
    assert short.five_day_95 == pytest.approx(1.01**5 - 1)


@given(st.permutations(OLD))
@settings(max_examples=10, deadline=None)
def test_no_digit_depends_on_the_order_of_positions(order: list[str]) -> None:
    held = {name: 0.1 * (OLD.index(name) + 1) for name in order}
    assert losses(PANEL, LAST, held) == losses(PANEL, LAST, dict(sorted(held.items())))


@given(st.sampled_from([one for one in PANEL.sessions if one > "2006"]), values)
@settings(max_examples=10, deadline=None)
def test_no_digit_depends_on_what_comes_later(session: str, held: dict[str, float]) -> None:
    assert losses(PANEL, session, held) == losses(PANEL.until(session), session, held)


def test_who_was_listed_too_late_has_no_figure_and_is_named() -> None:
    sessions = [one for one in PANEL.sessions if one >= "2012-05-18"]
    with pytest.raises(NoHistory, match=f"FB has {FEWEST - 1} of at least {FEWEST}"):
        losses(PANEL, sessions[FEWEST - 1], {"FB": 1.0, "IBM": 1.0})
    assert losses(PANEL, sessions[FEWEST], {"FB": 1.0, "IBM": 1.0}).observations == FEWEST


def test_who_has_no_bar_today_has_no_figure() -> None:
    gone = PANEL.close.copy()
    gone[-1, PANEL.instruments.index("IBM")] = np.nan
    with pytest.raises(NoHistory, match="IBM has 249 of at least 100, and none of the last session"):
        losses(replace(PANEL, close=gone), LAST, {"IBM": 1.0})


def test_sessions_that_one_of_them_lacks_count_for_none() -> None:
    """Each has enough by itself; together they do not."""
    gone = PANEL.close.copy()
    one, other = (PANEL.instruments.index(name) for name in ("IBM", "MSFT"))
    gone[-250:-125, one], gone[-125:-20, other] = np.nan, np.nan
    holed = replace(PANEL, close=gone)
    assert losses(holed, LAST, {"IBM": 1.0}).observations >= FEWEST
    assert losses(holed, LAST, {"MSFT": 1.0}).observations >= FEWEST
    with pytest.raises(NoHistory, match="the returns of all that is held"):
        losses(holed, LAST, {"IBM": 1.0, "MSFT": 1.0})


@pytest.mark.parametrize(("held", "why"), [({}, "nothing is held"), ({"NONE": 1.0}, "no bars of NONE")])
def test_without_positions_or_bars_there_is_no_figure(held: dict[str, float], why: str) -> None:
    with pytest.raises(NoHistory, match=why):
        losses(PANEL, LAST, held)


def test_of_shorter_bars_only_the_last_of_a_session_counts() -> None:
    """Two bars a session: those of the mornings change nothing, and a session that goes on is not counted."""
    evening = 100 * np.cumprod(1 + np.random.default_rng(5).normal(0, 0.01, 150))
    both = np.empty(300)
    both[1::2], both[0::2] = evening, 1e6
    days = [f"20{at // 28 + 10}-01-{at % 28 + 1:02d}" for at in range(150)]
    labels = tuple(f"{day}T{hour}" for day in days for hour in ("10:00", "14:00"))
    panel, daily = _panel({"X": both}, labels), _panel({"X": evening}, tuple(days))
    assert losses(panel, labels[-1], {"X": 1.0}) == losses(daily, days[-1], {"X": 1.0})
    assert losses(panel, labels[-2], {"X": 1.0}, ended=False) == losses(daily, days[-2], {"X": 1.0})


def _panel(prices: dict[str, np.ndarray], sessions: tuple[str, ...] = ()) -> object:
    """A panel of closes alone; sessions are numbered from 1."""
    grid = np.stack(list(prices.values()), axis=1)
    one = np.ones_like(grid)
    labels = sessions or tuple(f"2001-{at:03d}" for at in range(1, len(grid) + 1))
    return type(PANEL)(tuple(prices), labels, grid, grid, grid, grid, one, one, one, grid[:, 0].copy())
