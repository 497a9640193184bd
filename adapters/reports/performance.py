"""What a NAV series is worth: returns, drawdown, and how sure they are; and the buy-and-hold it stands beside.

Returns are simple and daily; a year has 252 sessions, or 365 where nothing closes; no risk-free rate is taken off.
Intervals hold 95 %. Those of a series come from a stationary bootstrap (Politis and Romano, "The Stationary
Bootstrap", JASA 89, 1994) with a fixed seed; that of a share of wins is Wilson's ("Probable Inference", JASA 22,
1927).

Left out: corrections for the number of trials (deflated Sharpe ratio), which a reader has to make; `Results` says how
many there were.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from advisors.panel import Panel
from knowledge.values import Json

Floats = NDArray[np.float64]
SESSIONS_A_YEAR = 252
BOOTSTRAPS = 2_000
BLOCK = 10
"""Mean length of a bootstrap block, in sessions: two weeks, longer than any holding of the swing horizon."""
SEED = 20110103
LEAST_SESSIONS = 3
"""Fewer sessions have no spread of returns."""
TAILS = (0.025, 0.975)
NORMAL_97_5 = 1.959963984540054
"""The quantile of the normal distribution that leaves 2.5 % above it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of the whole series, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of one NAV series. All are shares (0.01 is one per cent) but the Sharpe ratio."""

    total: float
    """NAV at the end over NAV at the beginning, less one."""
    annual: Estimate
    """Arithmetic mean of the daily returns, times the sessions of a year."""
    volatility: float
    sharpe: Estimate
    drawdown: Estimate
    """The deepest fall from a peak, positive; the interval is that of the deepest falls of resampled histories."""

    def to_json(self) -> Json:
        """The figures as JSON numbers."""
        return asdict(self)


def performance(navs: Floats, year: int = SESSIONS_A_YEAR) -> Performance | None:
    """Figures of a NAV series shaped (sessions,), `year` of them a year; None for fewer than `LEAST_SESSIONS`."""
    if len(navs) < LEAST_SESSIONS:
        return None
    changes = returns(navs)
    annual, sharpe, drawdown = _estimates(changes, (_annual(year), _sharpe(year), _deepest))
    return Performance(
        total=float(navs[-1] / navs[0] - 1),
        annual=annual,
        volatility=float(changes.std(ddof=1) * np.sqrt(year)),
        sharpe=sharpe,
        drawdown=drawdown,
    )


def excess(navs: Floats, benchmark: Floats, year: int = SESSIONS_A_YEAR) -> Estimate | None:
    """Annual mean of the daily differences to a benchmark of the same sessions."""
    if len(navs) < LEAST_SESSIONS:
        return None
    return _estimates(returns(navs) - returns(benchmark), (_annual(year),))[0]


def returns(navs: Floats) -> Floats:
    """Simple returns, shaped (sessions - 1,)."""
    changes: Floats = navs[1:] / navs[:-1] - 1
    return changes


def drawdowns(navs: Floats) -> Floats:
    """How far below its highest value so far the series stands at each session, as a positive share of it."""
    below: Floats = 1 - navs / np.maximum.accumulate(navs)
    return below


def buy_and_hold(panel: Panel, instruments: Sequence[str], sessions: Sequence[str], capital: float) -> Floats:
    """The NAV of equal parts of `instruments`, bought at the close of the first session and never touched.

    Dividends buy more of their own share at the close of the ex date, through the causal total-return factor; there
    are no costs. A session without a bar keeps the last value. Raises `ValueError` where an instrument has no close
    at the first session, or there is no instrument.
    """
    # Of bars that are shorter than a session, the last one: a tilde sorts behind whatever follows the date.
    rows = [bisect_right(panel.sessions, f"{day}~") - 1 for day in sessions]
    columns = [panel.column(name) for name in instruments]
    grid: Floats = panel.adjusted_close[rows][:, columns]
    if not grid.shape[1] or np.isnan(grid[0]).any():
        raise ValueError(f"not all of {', '.join(instruments) or 'no instruments'} have a close on {sessions[0]}")
    for at in range(1, len(grid)):
        grid[at] = np.where(np.isnan(grid[at]), grid[at - 1], grid[at])
    navs: Floats = capital * (grid / grid[0]).mean(axis=1)
    return navs


def wilson(share: float, count: float) -> Estimate:
    """The 95 % interval of a share of successes among `count` independent trials; `count` may be a fraction."""
    spread = NORMAL_97_5**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = NORMAL_97_5 * sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return Estimate(share, middle - half, middle + half)


def _annual(year: int) -> Callable[[Floats], float]:
    return lambda changes: float(changes.mean() * year)


def _sharpe(year: int) -> Callable[[Floats], float]:
    def ratio(changes: Floats) -> float:
        deviation = changes.std(ddof=1)
        return float(changes.mean() / deviation * np.sqrt(year)) if deviation > 0 else 0.0

    return ratio


def _deepest(changes: Floats) -> float:
    navs: Floats = np.cumprod(np.append(1.0, 1 + changes), dtype=np.float64)
    return float(drawdowns(navs).max())


def _estimates(changes: Floats, figures: Sequence[Callable[[Floats], float]]) -> list[Estimate]:
    """Each figure of the series with its interval, all from the same resampled histories."""
    from arch.bootstrap import StationaryBootstrap

    bootstrap = StationaryBootstrap(BLOCK, changes, seed=SEED)
    drawn = np.array(
        [[figure(sample[0]) for figure in figures] for sample, _ in bootstrap.bootstrap(BOOTSTRAPS)], dtype=np.float64
    )
    ends = np.quantile(drawn, TAILS, axis=0)
    return [Estimate(figure(changes), *map(float, ends[:, at])) for at, figure in enumerate(figures)]
