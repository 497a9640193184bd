"""The measures of sessions that have come, from those of the sessions before them.

The same numbers, bit for bit, as `advisors.indicators` gives for the whole panel, which is the oracle of the tests:
windows are computed over the rows they need, running totals are gone on with. TA-Lib's averages remember their
beginning, so that it runs over the whole stretch of bars of each instrument here, too: on bars that lie side by side,
once for each measure, and its windows of highs and lows are not among them.

Left out: going on from the state of TA-Lib's averages. Its builds differ in fused and reordered operations, so that
no arithmetic of ours has its last bits everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import unwrap
from types import MappingProxyType

import numpy as np
import talib
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from advisors import windows
from advisors.growing import grown, lanes_grown
from advisors.indicators import (
    BETA_WINDOW,
    FLAT,
    INTERVAL_COVERAGE,
    INTERVAL_FEWEST,
    INTERVAL_WINDOW,
    RANK_FEWEST,
    RANK_WINDOW,
    RUN_MEASURES,
    Measures,
    beta_of,
    beta_terms,
    conformal_scores,
    one_run,
    runs,
)
from advisors.panel import Floats, Panel

MONTH, YEAR = 21, 252
LEAST = 300
"""Sessions before those that have come, so that every window has begun."""
_TA = {name: unwrap(getattr(talib, name)) for name in ("ADX", "ATR", "BBANDS", "EMA", "MACD", "OBV", "RSI", "STOCH")}
"""TA-Lib without the look for tables of other libraries at each call, which takes as long as a short average."""
REACH, SLOWED = 14, 3
"""Bars of the range that the stochastic is measured in, and over which it is slowed."""


@dataclass(frozen=True, eq=False)
class Carried:
    """What the measures of the next session are made of, beside the panel.

    `lanes` are adjusted highs, lows and closes and volumes in one kind of share, float64 (4, instruments, sessions).
    `totals` are the running totals of the terms of beta, float64 (5, instruments) at each of the last sessions;
    `scores` those of `interval-75` and `returns` daily returns, float64 (sessions, instruments).
    """

    lanes: Floats
    totals: Floats
    scores: Floats
    returns: Floats

    @classmethod
    def of(cls, panel: Panel) -> Carried:
        """From a panel alone."""
        lanes = np.stack([grid * panel.factor for grid in (panel.high, panel.low, panel.close)])
        volume = panel.volume / panel.split
        change = windows.returns(panel.adjusted_close)
        terms = np.stack(beta_terms(change, windows.returns(panel.index_close)), axis=1)
        columns = np.ascontiguousarray(np.concatenate([lanes, volume[None]]).transpose(0, 2, 1))
        return cls(columns, np.cumsum(terms, axis=0), conformal_scores(change), change)


def measured_on(before: Measures, carried: Carried, panel: Panel, bars_a_year: int) -> tuple[Measures, Carried]:
    """The measures of a panel to which sessions have come; `before` and `carried` are those of it without them."""
    first = len(before.sessions)
    if first == len(panel.sessions):
        # A file was written anew, or the desk's other files were, and no session came.
        return before, carried
    carried = _carried(carried, panel, first)
    found = {
        **_by_talib(before, carried, panel, first),
        **_by_windows(carried, panel, bars_a_year, first),
        "beta-252": beta_of(carried.returns[first:], _in_window(carried.totals, first)),
        "interval-75": _intervals(carried, first),
    }
    market = _market(before, panel, bars_a_year, first)
    measures = Measures(
        panel.instruments,
        panel.sessions,
        MappingProxyType({name: grown(grid, found[name]) for name, grid in before.indicators.items()}),
        MappingProxyType({name: grown(series, market[name]) for name, series in before.market.items()}),
    )
    return measures, carried


def _carried(before: Carried, panel: Panel, first: int) -> Carried:
    factor = panel.factor[first:]
    prices = [grid[first:] * factor for grid in (panel.high, panel.low, panel.close)]
    columns = np.stack([*prices, panel.volume[first:] / panel.split[first:]]).transpose(0, 2, 1)
    change = windows.returns(panel.adjusted_close[first - 1 :])[1:]
    terms = np.stack(beta_terms(change, windows.returns(panel.index_close[first - 1 :])[1:]), axis=1)
    # One addition after another, as the running total of all sessions adds them.
    totals = np.cumsum(np.concatenate([before.totals[first - 1 :], terms]), axis=0)[1:]
    returns = grown(before.returns, change)
    start = first - MONTH
    scores = conformal_scores(returns[start:])[first - start :]
    return Carried(
        lanes_grown(before.lanes, columns), grown(before.totals, totals), grown(before.scores, scores), returns
    )


def _in_window(totals: Floats, first: int) -> tuple[Floats, ...]:
    """The terms of beta over its window, from row `first` on; each float64 (sessions, instruments)."""
    sums = totals[first:] - totals[first - BETA_WINDOW : len(totals) - BETA_WINDOW]
    return tuple(sums[:, part] for part in range(sums.shape[1]))


def _intervals(carried: Carried, first: int) -> Floats:
    """`interval-75` of the new sessions."""
    start = first - MONTH
    volatility = windows.deviation(carried.returns[start:], 20)[first - start :]
    scores = sliding_window_view(carried.scores[first - INTERVAL_WINDOW + 1 :], INTERVAL_WINDOW, axis=0)
    quantile = windows.conformal_of(np.sort(scores, axis=-1), INTERVAL_COVERAGE, INTERVAL_FEWEST)
    return 2 * quantile * volatility


def _by_windows(carried: Carried, panel: Panel, bars_a_year: int, first: int) -> dict[str, Floats]:
    month, year = first - MONTH, first - YEAR
    adjusted, split = panel.adjusted_close, panel.split[first:]
    volume = panel.volume[month:] / panel.split[month:]
    usual = windows.mean(volume, 20)
    earlier = usual[MONTH - 1 : -1]
    volume, usual = volume[MONTH:], usual[MONTH:]
    now = adjusted[first:]
    return {
        "volume-ratio": np.divide(volume, earlier, out=np.full_like(volume, np.nan), where=earlier > 0),
        "average-volume-20": usual * split,
        "momentum-21": now / adjusted[month : len(adjusted) - MONTH] - 1,
        "momentum-63": now / adjusted[first - 63 : len(adjusted) - 63] - 1,
        "momentum-252": now / adjusted[year : len(adjusted) - YEAR] - 1,
        "volatility-20": windows.deviation(carried.returns[month:], 20)[MONTH:] * np.sqrt(bars_a_year),
        "zscore-20": windows.zscore(adjusted[month:], 20)[MONTH:],
    }


def _by_talib(before: Measures, carried: Carried, panel: Panel, first: int) -> dict[str, Floats]:
    """TA-Lib's measures: those of stretches that simply go on at once, the others each by itself."""
    valid = panel.valid
    # Where there was an RSI, the stretch had sixteen bars and a movement.
    goes_on = valid[first:].all(axis=0) & ~np.isnan(before.indicators["rsi-14"][first - 1])
    shape = (len(valid) - first, len(panel.instruments))
    found = {name: np.full(shape, np.nan) for name in RUN_MEASURES}
    balance = np.full((shape[0] + MONTH, shape[1]), np.nan)
    begun = np.where(~valid[:first], np.arange(1, first + 1)[:, None], 0).max(axis=0, initial=0).tolist()
    columns = np.flatnonzero(goes_on)
    raw = np.empty((11, shape[0], len(columns)))
    for place, column in enumerate(columns.tolist()):
        high, low, close, volume = carried.lanes[:, column, begun[column] :]
        raw[:, :, place] = _newest(high, low, close, shape[0])
        flow = _TA["OBV"](close, volume)[-len(balance) :]
        balance[len(balance) - len(flow) :, column] = flow
    for name, values in _finished(raw, carried, panel, first, columns).items():
        found[name][:, columns] = values
    for column in np.flatnonzero(~goes_on & valid[first:].any(axis=0)).tolist():
        for run in runs(valid[begun[column] :, column]):
            rows = slice(begun[column] + run.start, begun[column] + run.stop)
            _by_itself(found, balance, carried.lanes[:, column, rows], panel.factor[rows, column], rows, first, column)
    return {**found, "obv-zscore": windows.zscore(balance, 20)[MONTH:]}


def _newest(high: Floats, low: Floats, close: Floats, count: int) -> Floats:
    """TA-Lib's values for the last `count` bars of one stretch: float64 (11, count)."""
    upper, middle, lower = _TA["BBANDS"](close, 20, 2.0, 2.0)
    _, _, histogram = _TA["MACD"](close, 12, 26, 9)
    slow_k, _ = _TA["STOCH"](high, low, close, REACH, SLOWED, 0, 3, 0)
    averages = [_TA["EMA"](close, bars) for bars in (20, 50, 200)]
    rsi, atr, adx = _TA["RSI"](close, 14), _TA["ATR"](high, low, close, 14), _TA["ADX"](high, low, close, 14)
    series = (upper, middle, lower, histogram, slow_k, *averages, rsi, atr, adx)
    return np.array([one[-count:] for one in series])


def _finished(raw: Floats, carried: Carried, panel: Panel, first: int, columns: NDArray[np.intp]) -> dict[str, Floats]:
    """The measures made of TA-Lib's values; the same arithmetic as in a single stretch."""
    upper, middle, lower, histogram, slow_k, ema_20, ema_50, ema_200, rsi, atr, adx = raw
    factor, close = panel.factor[first:, columns], carried.lanes[2, columns, first:].T
    width = upper - lower
    start = first - REACH - SLOWED + 2
    highs, lows = (sliding_window_view(carried.lanes[part, columns, start:], REACH, axis=1) for part in (0, 1))
    reach = sliding_window_view(highs.max(axis=2) - lows.min(axis=2), SLOWED, axis=1).min(axis=2).T
    return {
        "rsi-14": rsi,
        "macd-histogram": histogram / close,
        "bollinger-position": np.where(width > FLAT * middle, close - lower, np.nan) / width,
        "stochastic-k": np.where(reach > 0, slow_k, np.nan),
        "atr-14": atr / factor,
        "adx-14": adx,
        "ema-20-distance": close / ema_20 - 1,
        "ema-50-200": ema_50 / ema_200 - 1,
    }


def _by_itself(
    found: dict[str, Floats], balance: Floats, lanes: Floats, factor: Floats, rows: slice, first: int, column: int
) -> None:
    """Write what one stretch gives for the sessions from row `first` on."""
    if rows.stop <= first:
        return
    high, low, close, volume = lanes
    start = max(rows.start, first)
    for name, values in one_run(high, low, close, factor).items():
        found[name][start - first : rows.stop - first, column] = values[start - rows.start :]
    flow = talib.OBV(close, volume)
    begin = max(rows.start, first - MONTH)
    balance[begin - first + MONTH : rows.stop - first + MONTH, column] = flow[begin - rows.start :]


def _market(before: Measures, panel: Panel, bars_a_year: int, first: int) -> dict[str, Floats]:
    index = panel.index_close
    average = np.full(len(index), np.nan)
    for run in runs(~np.isnan(index)):
        if run.stop > first:
            average[run] = talib.EMA(index[run], 200)
    month = first - MONTH
    changes = windows.returns(index[month - 1 :])[1:]
    volatility = windows.deviation(changes, 20)[MONTH:] * np.sqrt(bars_a_year)
    start = max(0, first - RANK_WINDOW + 1)
    known = np.concatenate([before.market["index-volatility-20"][start:], volatility])
    return {
        "index-ema-200-distance": (index / average - 1)[first:],
        "index-move": changes[MONTH:],
        "index-momentum-63": index[first:] / index[first - 63 : len(index) - 63] - 1,
        "index-volatility-20": volatility,
        "index-volatility-rank": windows.rank(known, RANK_WINDOW, RANK_FEWEST, first - start),
    }
