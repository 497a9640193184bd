"""Every window function against the slow and obvious one, and cut off at random rows."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisors import windows

NUMBERS = st.one_of(st.floats(-1e6, 1e6, allow_subnormal=False), st.just(math.nan), st.integers(0, 3).map(float))
SERIES = st.lists(NUMBERS, max_size=30).map(lambda values: np.array(values, dtype=np.float64))


def trailing(series, row, window):
    """The window that ends at `row`; None before the first full one."""
    return None if row + 1 < window else [float(value) for value in series[row + 1 - window : row + 1]]


def known(window):
    return window is not None and not any(math.isnan(value) for value in window)


@given(SERIES, st.integers(2, 6))
def test_mean_deviation_and_zscore_are_those_of_the_textbook(series, window):
    means, spreads, scores = (f(series, window) for f in (windows.mean, windows.deviation, windows.zscore))
    for row in range(len(series)):
        part = trailing(series, row, window)
        if not known(part):
            assert np.isnan([means[row], spreads[row], scores[row]]).all()
            continue
        scale = max(map(abs, part)) + 1e-12
        assert means[row] == pytest.approx(statistics.fmean(part), abs=1e-9 * scale)
        spread = statistics.stdev(part)
        assert spreads[row] == pytest.approx(spread, abs=1e-9 * scale)
        if len(set(part)) == 1:
            assert spreads[row] == 0
            assert np.isnan(scores[row])
        elif spread > 1e-6 * scale:
            assert scores[row] == pytest.approx((part[-1] - statistics.fmean(part)) / spread, abs=1e-6)


@given(SERIES, st.integers(2, 6), st.integers(1, 3))
def test_rank_counts_values_at_most_this_one(series, window, fewest):
    ranks = windows.rank(series, window, fewest)
    for row, value in enumerate(series.tolist()):
        part = [one for one in series[max(0, row + 1 - window) : row + 1].tolist() if not math.isnan(one)]
        if math.isnan(value) or len(part) < fewest:
            assert np.isnan(ranks[row])
        else:
            assert ranks[row] == sum(one <= value for one in part) / len(part)


@given(SERIES, st.integers(2, 9), st.sampled_from([0.5, 0.75, 0.9]), st.integers(1, 3))
def test_conformal_quantile_is_the_order_statistic(series, window, coverage, fewest):
    found = windows.conformal_quantile(series, window, coverage, fewest)
    for row in range(len(series)):
        part = sorted(one for one in series[max(0, row + 1 - window) : row + 1].tolist() if not math.isnan(one))
        place = math.ceil(round((len(part) + 1) * coverage, 6))
        if len(part) < fewest or place > len(part):
            assert np.isnan(found[row])
        else:
            assert found[row] == part[place - 1]


@given(SERIES, st.integers(2, 6), st.data())
def test_no_window_looks_ahead(series, window, data):
    cut = data.draw(st.integers(0, len(series)))
    for measure in (
        lambda values: windows.lagged(values, window),
        lambda values: windows.returns(values, window),
        lambda values: windows.mean(values, window),
        lambda values: windows.deviation(values, window),
        lambda values: windows.zscore(values, window),
        lambda values: windows.rank(values, window, 1),
        lambda values: windows.conformal_quantile(values, window, 0.75, 1),
    ):
        with np.errstate(all="ignore"):
            whole, known_then = measure(series), measure(series[:cut])
        assert whole[:cut].tobytes() == known_then.tobytes()


def test_a_large_level_costs_no_digits():
    """On-balance volume stands at billions and moves by thousands."""
    steps = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    assert windows.zscore(steps + 2.0**50, 5)[-1] == windows.zscore(steps, 5)[-1]


@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), max_size=40), st.integers(2, 12))
def test_few_rows_add_up_in_the_order_of_many(rows, window):
    """What is laid out for all lags at once has every bit of what is added lag by lag."""
    grid = np.array(rows, dtype=np.float64).reshape(-1, 2)
    measures = (windows.mean, windows.deviation, windows.zscore)
    at_once = [measure(grid, window) for measure in measures]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(windows, "_FEW", 0)
        one_by_one = [measure(grid, window) for measure in measures]
    assert all(np.array_equal(*pair, equal_nan=True) for pair in zip(at_once, one_by_one, strict=True))
