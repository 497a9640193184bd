"""All declared measures of all instruments on all sessions, computed once for a whole panel.

Rules of this module:

- Causal. The value at t uses bars ≤ t, and does not change in a single bit when the panel is cut after t.
- Prices are adjusted by the actions known at that bar (`price * factor`), volumes by splits alone; a measure in
  units of price is divided by the factor again, so that it can stand beside the raw price of its own bar.
- What is not known is NaN, and NaN never becomes a fact. In TA-Lib one NaN poisons everything after it, or worse:
  its RSI reads 0 from then on. So its functions run on each stretch of whole bars by itself: after a missing or
  faulty bar they start anew, warm-up included. Windows summed here are absent while the hole lies inside them; a
  return over n bars needs its two ends only.
- Where the mathematics has no answer (a z-score of equal values) there is none, also where TA-Lib returns 0.

Left out: VIX (the packaged series starts in 2014; the index's realised volatility stands in for it), dividends of the
index (its series is a price index, so betas and momentum are a little low).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import talib
from numpy.typing import NDArray

from advisors import windows
from advisors.panel import Floats, Panel

TRADING_DAYS = 252
"""Bars of a year where each is a session of a stock exchange."""
BETA_WINDOW, BETA_FEWEST = 252, 20
INTERVAL_WINDOW, INTERVAL_FEWEST, INTERVAL_COVERAGE = 250, 60, 0.75
RANK_WINDOW, RANK_FEWEST = 1260, 252
CORRELATION_WINDOW, CORRELATION_DECAY = 30, 0.94
"""30 sessions, each weighing 0.94 of the next (RiskMetrics Technical Document 1996, table 5.7, daily returns)."""

FLAT = 1e-9
"""Relative width below which a price band is rounding, not movement."""


@dataclass(frozen=True, eq=False)
class Measures:
    """Every measure of a panel: `indicators` by name (sessions, instruments), `market` by name (sessions,).

    Units, ranges and quanta are those of `knowledge/templates.yaml`; NaN where a measure is not known.
    """

    instruments: tuple[str, ...]
    sessions: tuple[str, ...]
    indicators: Mapping[str, Floats]
    market: Mapping[str, Floats]


def measure_panel(panel: Panel, bars_a_year: int = TRADING_DAYS) -> Measures:
    """Compute all measures; volatilities are annual, by the bars that a year has."""
    change = windows.returns(panel.adjusted_close)
    found = {
        **_by_talib(panel),
        **_from_windows(panel, change, bars_a_year),
        "beta-252": beta(change, windows.returns(panel.index_close)),
        "interval-75": _by_column(interval_width, change),
    }
    market = _market(panel, bars_a_year)
    return Measures(panel.instruments, panel.sessions, MappingProxyType(found), MappingProxyType(market))


def beta(change: Floats, index_change: Floats) -> Floats:
    """Beta to the index over the last 252 sessions, shrunk to 1: n/252 · slope + (1 − n/252) for n known pairs.

    `change` (sessions, instruments) and `index_change` (sessions,) are simple returns; pairs with NaN do not count; not
    known with fewer than 20 pairs. The shrinkage (after Vasicek 1973, with the share of the window in place of
    estimated variances) lets a newly listed share start at the market's own beta.
    """
    return beta_of(change, tuple(_window_sum(term, BETA_WINDOW) for term in beta_terms(change, index_change)))


def beta_terms(change: Floats, index_change: Floats) -> tuple[Floats, ...]:
    """What beta sums up of each session: pairs, x, y, x² and xy, each float64 (sessions, instruments)."""
    market = np.broadcast_to(index_change[:, None], change.shape)
    known = ~np.isnan(change + market)
    x, y = np.where(known, market, 0.0), np.where(known, change, 0.0)
    return known.astype(np.float64), x, y, x * x, x * y


def beta_of(change: Floats, sums: tuple[Floats, ...]) -> Floats:
    """Beta from its terms summed over the window of each session."""
    pairs, sum_x, sum_y, sum_xx, sum_xy = sums
    enough = pairs >= BETA_FEWEST
    pairs = np.where(enough, pairs, np.nan)
    spread = sum_xx - sum_x * sum_x / pairs
    slope = (sum_xy - sum_x * sum_y / pairs) / np.where(spread > FLAT * sum_xx, spread, np.nan)
    share = pairs / BETA_WINDOW
    return np.where(np.isnan(change), np.nan, share * slope + (1 - share))


def interval_width(change: Floats) -> Floats:
    """Width of the 75 % interval of the next daily return, for one instrument; `change` is (sessions,) returns.

    Split-conformal over the trailing 250 sessions: scores are absolute returns over the 20-bar volatility known the
    day before, so the interval ±quantile · volatility widens and narrows with the market. Not known with fewer than
    60 scores. Left out: adaptive coverage (Gibbs and Candès 2021); exchangeability is assumed inside the window.
    """
    scores = conformal_scores(change)
    quantile = windows.conformal_quantile(scores, INTERVAL_WINDOW, INTERVAL_COVERAGE, INTERVAL_FEWEST)
    return 2 * quantile * windows.deviation(change, 20)


def conformal_scores(change: Floats) -> Floats:
    """Absolute returns over the volatility known the day before; along the first axis."""
    yesterday = windows.lagged(windows.deviation(change, 20), 1)
    return np.divide(np.abs(change), yesterday, out=np.full_like(change, np.nan), where=yesterday > 0)


def correlations(panel: Panel, session: str) -> Floats:
    """Exponentially weighted correlations of daily total returns at `session`: (instruments, instruments).

    Over 30 returns; NaN for a pair where either lacks one of them or does not move.
    """
    end = panel.row(session) + 1
    start = end - CORRELATION_WINDOW - 1
    count = len(panel.instruments)
    if start < 0:
        return np.full((count, count), np.nan)
    change = windows.returns(panel.adjusted_close[start:end])[1:]
    weights = CORRELATION_DECAY ** np.arange(CORRELATION_WINDOW - 1, -1, -1, dtype=np.float64)
    weights /= weights.sum()
    centred = change - (weights[:, None] * change).sum(axis=0)
    # Half the weight on either side, so that two instruments correlate alike in both orders to the last bit.
    halves = np.sqrt(weights)[:, None] * centred
    covariance = (halves[:, :, None] * halves[:, None, :]).sum(axis=0)
    spread = np.sqrt(np.diagonal(covariance))
    scale = spread[:, None] * spread[None, :]
    rho = np.divide(covariance, scale, out=np.full_like(covariance, np.nan), where=scale > 0)
    bounded: Floats = np.clip(rho, -1.0, 1.0)
    return bounded


def runs(valid: NDArray[np.bool_]) -> Iterator[slice]:
    """The stretches of true rows, in order; `valid` is (rows,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], valid, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(start, end)


def _from_windows(panel: Panel, change: Floats, bars_a_year: int) -> dict[str, Floats]:
    """Measures that are plain windows, vectorised over instruments."""
    adjusted, split = panel.adjusted_close, panel.split
    volume = panel.volume / split
    usual = windows.mean(volume, 20)
    before = windows.lagged(usual, 1)
    return {
        "volume-ratio": np.divide(volume, before, out=np.full_like(volume, np.nan), where=before > 0),
        "average-volume-20": usual * split,
        "momentum-21": windows.returns(adjusted, 21),
        "momentum-63": windows.returns(adjusted, 63),
        "momentum-252": windows.returns(adjusted, 252),
        "volatility-20": windows.deviation(change, 20) * np.sqrt(bars_a_year),
        "zscore-20": windows.zscore(adjusted, 20),
    }


def _by_talib(panel: Panel) -> dict[str, Floats]:
    """Measures by TA-Lib, per instrument and stretch of whole bars."""
    shape = panel.close.shape
    found = {name: np.full(shape, np.nan) for name in RUN_MEASURES}
    balance = np.full(shape, np.nan)
    for column in range(shape[1]):
        for run in runs(panel.valid[:, column]):
            factor = panel.factor[run, column]
            high, low, close = (grid[run, column] * factor for grid in (panel.high, panel.low, panel.close))
            for name, values in one_run(high, low, close, factor).items():
                found[name][run, column] = values
            balance[run, column] = talib.OBV(close, panel.volume[run, column] / panel.split[run, column])
    return {**found, "obv-zscore": windows.zscore(balance, 20)}


RUN_MEASURES = (
    "rsi-14",
    "macd-histogram",
    "bollinger-position",
    "stochastic-k",
    "atr-14",
    "adx-14",
    "ema-20-distance",
    "ema-50-200",
)
"""What one stretch of bars gives."""


def one_run(high: Floats, low: Floats, close: Floats, factor: Floats) -> dict[str, Floats]:
    """TA-Lib on one stretch of adjusted bars; arrays shaped (bars,), C-contiguous, without NaN."""
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    width = upper - lower
    _, _, histogram = talib.MACD(close, 12, 26, 9)
    slow_k, _ = talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
    reach = talib.MIN(talib.MAX(high, 14) - talib.MIN(low, 14), 3)
    ema_20, ema_50, ema_200 = (talib.EMA(close, bars) for bars in (20, 50, 200))
    moved = np.cumsum(np.abs(np.diff(close, prepend=close[:1]))) > 0
    return {
        "rsi-14": np.where(moved, talib.RSI(close, 14), np.nan),
        "macd-histogram": histogram / close,
        "bollinger-position": np.where(width > FLAT * middle, close - lower, np.nan) / width,
        "stochastic-k": np.where(reach > 0, slow_k, np.nan),
        "atr-14": talib.ATR(high, low, close, 14) / factor,
        "adx-14": talib.ADX(high, low, close, 14),
        "ema-20-distance": close / ema_20 - 1,
        "ema-50-200": ema_50 / ema_200 - 1,
    }


def _market(panel: Panel, bars_a_year: int) -> dict[str, Floats]:
    index = panel.index_close
    average = np.full_like(index, np.nan)
    for run in runs(~np.isnan(index)):
        average[run] = talib.EMA(index[run], 200)
    volatility = windows.deviation(windows.returns(index), 20) * np.sqrt(bars_a_year)
    return {
        "index-ema-200-distance": index / average - 1,
        "index-move": windows.returns(index),
        "index-momentum-63": windows.returns(index, 63),
        "index-volatility-20": volatility,
        "index-volatility-rank": windows.rank(volatility, RANK_WINDOW, RANK_FEWEST),
    }


def _by_column(measure: Callable[[Floats], Floats], values: Floats) -> Floats:
    result = np.empty_like(values)
    for column in range(values.shape[1]):
        result[:, column] = measure(np.ascontiguousarray(values[:, column]))
    return result


def _window_sum(values: Floats, window: int) -> Floats:
    """Sums of the last `window` rows of values without NaN, as differences of the running total."""
    total = np.cumsum(values, axis=0)
    total[window:] -= total[:-window].copy()
    return total
