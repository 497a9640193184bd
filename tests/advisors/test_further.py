"""Measures of sessions that come, one by one or several at once, are those of the whole panel, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisors.further import LEAST, Carried, measured_on
from advisors.indicators import Measures, measure_panel
from advisors.panel import GRIDS, Panel

ROWS, NAMES = 380, ("A", "B", "C")
FIRST = LEAST + 5


def market(seed: int, holes: set[tuple[int, int]], flat: tuple[int, int], split: int) -> Panel:
    """Three instruments: with holes, the first flat for a while, the second split once, the third listed late."""
    chance = np.random.default_rng(seed)
    close = np.round(40 * np.exp(np.cumsum(chance.normal(0, 0.02, (ROWS, 3)), axis=0)), 2)
    close[flat[0] : flat[0] + flat[1], 0] = close[flat[0], 0]
    high, low = close + np.round(chance.random(close.shape), 2), close - np.round(chance.random(close.shape), 2)
    high[flat[0] : flat[0] + flat[1], 0] = low[flat[0] : flat[0] + flat[1], 0] = close[flat[0], 0]
    volume = np.round(chance.random(close.shape) * 1e6)
    shares = np.ones(close.shape)
    shares[split:, 1] = 2.0
    bars = {"open": close.copy(), "high": high, "low": low, "close": close, "volume": volume}
    for grid in bars.values():
        grid[: FIRST - 40, 2] = np.nan
        for row, column in holes:
            grid[row, column] = np.nan
    days = tuple(f"{row:05}" for row in range(ROWS))
    index = 1000 * np.exp(np.cumsum(chance.normal(0, 0.01, ROWS)))
    index[FIRST + 10] = np.nan
    return Panel(NAMES, days, **bars, factor=shares * 1.01, split=shares, index_close=index)


def assert_the_same(found: Measures, wanted: Measures) -> None:
    for mine, other in ((found.indicators, wanted.indicators), (found.market, wanted.market)):
        assert list(mine) == list(other)
        for name, grid in mine.items():
            assert np.array_equal(grid, other[name], equal_nan=True), name


def longer(panel: Panel, whole: Panel, end: int) -> Panel:
    known = len(panel.sessions)
    rows = {name: getattr(whole, name)[known:end] for name in (*GRIDS, "index_close")}
    return panel.grown(whole.sessions[:end], rows)


steps = st.lists(st.integers(0, 25), min_size=1, max_size=12)
"""Sessions that come at each look; also none, where only a file was written anew."""
holes = st.sets(st.tuples(st.integers(FIRST - 30, ROWS - 1), st.integers(0, 2)), max_size=8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), holes, st.tuples(st.integers(FIRST - 60, ROWS), st.integers(0, 40)), steps)
def test_sessions_that_come_are_measured_as_all_at_once(
    seed: int, holes: set[tuple[int, int]], flat: tuple[int, int], steps: list[int]
) -> None:
    flat = (min(flat[0], ROWS - 1), flat[1])
    whole = market(seed, holes, flat, FIRST + 7)
    panel = whole.until(whole.sessions[FIRST - 1])
    measures, carried = measure_panel(panel), Carried.of(panel)
    for count in steps:
        if len(panel.sessions) == ROWS:
            break
        panel = longer(panel, whole, min(ROWS, len(panel.sessions) + count))
        measures, carried = measured_on(measures, carried, panel, 252)
        assert measures.sessions == panel.sessions
    assert_the_same(measures, measure_panel(whole.until(panel.sessions[-1])))


def test_two_futures_of_one_past_do_not_meet() -> None:
    """Both write behind the same rows; neither sees the other's."""
    one, other = market(1, set(), (0, 0), 0), market(2, set(), (0, 0), 0)
    past = one.until(one.sessions[FIRST - 1])
    measures, carried = measure_panel(past), Carried.of(past)
    rows = {name: getattr(other, name)[FIRST : FIRST + 9] for name in (*GRIDS, "index_close")}
    first, second = longer(past, one, FIRST + 9), past.grown(one.sessions[: FIRST + 9], rows)
    third = longer(longer(past, one, FIRST + 3), one, FIRST + 9)
    found = [measured_on(measures, carried, panel, 252)[0] for panel in (first, second, third)]
    assert_the_same(found[0], found[2])
    assert_the_same(found[0], measure_panel(one.until(first.sessions[-1])))
    assert_the_same(found[1], measure_panel(Panel(NAMES, second.sessions, **{
        name: getattr(second, name).copy() for name in (*GRIDS, "index_close")
    })))  # fmt: skip


def test_where_no_session_came_nothing_is_measured_anew() -> None:
    """A file was touched: the measures are those that there are, and the next session goes on from them."""
    whole = market(4, set(), (0, 0), FIRST)
    past = whole.until(whole.sessions[FIRST - 1])
    measures, carried = measure_panel(past), Carried.of(past)
    again, after = measured_on(measures, carried, whole.until(whole.sessions[FIRST - 1]), 252)
    assert again is measures and after is carried
    panel = longer(past, whole, FIRST + 2)
    assert_the_same(measured_on(again, after, panel, 252)[0], measure_panel(whole.until(whole.sessions[FIRST + 1])))


def test_what_was_given_out_cannot_be_written_to() -> None:
    whole = market(3, set(), (0, 0), 0)
    panel = longer(whole.until(whole.sessions[FIRST - 1]), whole, FIRST + 1)
    with pytest.raises(ValueError, match="read-only"):
        panel.close[0, 0] = 1.0
    with pytest.raises(ValueError, match="ascending"):
        panel.grown((*panel.sessions, "0"), {})
