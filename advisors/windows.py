"""Arithmetic over trailing windows, along the first axis, for any number of columns at once.

Every function is causal: row t of the result is made of rows ≤ t of the input, by the same operations in the same
order however many rows follow, so a result does not change in a single bit when the input is cut after t. That is why
sums run over explicit lags: a library's reduction may order its additions by the shape of the whole array. A NaN
inside a window makes that row's result NaN, unless a function says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from advisors.panel import Floats

_FEW = 20_000
"""Numbers that may be laid out for all lags at once."""


def lagged(values: Floats, rows: int) -> Floats:
    """`values` moved `rows` down; NaN where there is no earlier row."""
    moved = np.full_like(values, np.nan)
    if rows < len(values):
        moved[rows:] = values[: len(values) - rows]
    return moved


def returns(prices: Floats, rows: int = 1) -> Floats:
    """Simple returns over `rows` rows: price / earlier price − 1."""
    return prices / lagged(prices, rows) - 1


def mean(values: Floats, window: int) -> Floats:
    """Mean of the last `window` rows."""
    result = np.full_like(values, np.nan)
    if len(values) >= window:
        total = _added(values[window - 1 :].copy(), lambda earlier: earlier, values, window)
        result[window - 1 :] = total / window
    return result


def deviation(values: Floats, window: int) -> Floats:
    """Sample standard deviation (n − 1) of the last `window` rows; exactly 0 where they are all equal."""
    return _centred(values, window)[1]


def zscore(values: Floats, window: int) -> Floats:
    """How many standard deviations of the last `window` rows (this one included) this row lies above their mean.

    Not known (NaN) where the rows are all equal.
    """
    centre, spread = _centred(values, window)
    score: Floats = np.divide(-centre, spread, out=np.full_like(values, np.nan), where=spread > 0)
    return score


def rank(values: Floats, window: int, fewest: int, first: int = 0) -> Floats:
    """Share of the values at most this row's among the last `window` rows, for rows from `first` on; shape (rows,).

    NaN rows do not count; not known with fewer than `fewest` values.
    """
    windows, values = _windows(values, window)[first:], values[first:]
    counts = np.count_nonzero(~np.isnan(windows), axis=1)
    below = np.count_nonzero(windows <= values[:, None], axis=1)
    known = (counts >= fewest) & ~np.isnan(values)
    share: Floats = np.divide(below, counts, out=np.full(len(values), np.nan), where=known)
    return share


def conformal_quantile(scores: Floats, window: int, coverage: float, fewest: int) -> Floats:
    """The ⌈(n + 1)·coverage⌉-th smallest of the n scores among the last `window` rows; (rows,).

    The quantile of split-conformal prediction (Lei et al. 2018, Distribution-Free Predictive Inference, theorem 2):
    at least `coverage` of exchangeable next scores lie at or below it. NaN rows do not count; not known with fewer
    than `fewest` scores or where the order statistic does not exist.
    """
    return conformal_of(np.sort(_windows(scores, window), axis=1), coverage, fewest)


def conformal_of(in_order: Floats, coverage: float, fewest: int) -> Floats:
    """The same of scores that are sorted along the last axis, NaN last."""
    counts = np.count_nonzero(~np.isnan(in_order), axis=-1)
    # The small subtraction keeps a product such as 100 × 0.75 from being rounded up by its last bit.
    places = np.ceil((counts + 1) * coverage - 1e-9).astype(np.intp)
    known = (counts >= fewest) & (places <= counts)
    chosen = np.take_along_axis(in_order, np.where(known, places - 1, 0)[..., None], axis=-1)[..., 0]
    return np.where(known, chosen, np.nan)


def _centred(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean of the window minus this row's value, and the sample standard deviation.

    Differences to this row's value, not raw values, are summed: large levels (on-balance volume) lose no digits, and
    equal values give exact zeros.
    """
    rows = len(values) - window + 1
    centre, spread = np.full_like(values, np.nan), np.full_like(values, np.nan)
    if rows < 1:
        return centre, spread
    whole = values[window - 1 :]
    centre[window - 1 :] = _added(np.zeros_like(whole), lambda earlier: earlier - whole, values, window)
    centre /= window
    middle = centre[window - 1 :]
    squares = _added(middle * middle, lambda earlier: (earlier - whole - middle) ** 2, values, window)
    spread[window - 1 :] = np.sqrt(squares / (window - 1))
    return centre, spread


def _added(total: Floats, part: Callable[[Floats], Floats], values: Floats, window: int) -> Floats:
    """`total` and, lag by lag, the `part` of the rows that lie so far back; of the rows with a whole window."""
    rows = len(values) - window + 1
    if total.size * window > _FEW:
        for lag in range(1, window):
            total += part(values[window - 1 - lag : len(values) - lag])
        return total
    # The same additions in the same order, for few rows in one call: `accumulate` adds one after another.
    places = np.arange(window - 2, -1, -1)[:, None] + np.arange(rows)
    summed: Floats = np.add.accumulate(np.concatenate([total[None], part(values[places])]))[-1]
    return summed


def _windows(values: Floats, window: int) -> Floats:
    """The trailing windows of (rows,) as a read-only view (rows, window), NaN before the first row."""
    # One row more than needed in front, so that no rows make no windows instead of an error.
    return sliding_window_view(np.concatenate([np.full(window, np.nan), values]), window)[1:]
