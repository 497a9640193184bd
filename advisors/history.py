"""What positions would have lost on the sessions of the last year: historical simulation, figures and no limits.

The positions as they stand, in money, times the total returns of the last `WINDOW` sessions that are known at the
session: of one day, and of `DAYS` days that overlap. A session counts on which every held instrument has its return;
each counts the same. With fewer than `FEWEST`, of one instrument or of all together, there is no figure.

Of n results, the loss at 95 % is the smallest that at most n/20 of them exceed; at 99 % so with n/100. The shortfall is
the mean of the worst twentieth, in which the last result counts by the part of it that is left (Acerbi and Tasche 2002,
*On the coherence of expected shortfall*, definition 3).

Of bars shorter than a session only the last one of each session that has ended counts. Left out: rebalancing,
instruments that stand in for one without a history, weights by age.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from advisors import windows
from advisors.panel import Floats, Panel

WINDOW, FEWEST, DAYS = 250, 100, 5


class NoHistory(ValueError):
    """There is no figure; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses in the money of the positions; gains are below zero. `five_day_95` is None with too few observations."""

    observations: int
    one_day_95: float
    one_day_99: float
    shortfall_95: float
    five_day_observations: int
    five_day_95: float | None


def losses(panel: Panel, session: str, values: Mapping[str, float], ended: bool = True) -> Losses:
    """The losses of these positions (signed money by instrument) at the close of the bar `session`.

    `ended` says whether its session ends with it. Raises `NoHistory`, and `KeyError` where the panel has no such bar.
    """
    # In one order, so that no digit depends on that of the positions.
    held = sorted(name for name, value in values.items() if value)
    if not held:
        raise NoHistory("nothing is held")
    absent = [name for name in held if name not in panel.instruments]
    if absent:
        raise NoHistory(f"there are no bars of {', '.join(absent)}")
    columns = [panel.instruments.index(name) for name in held]
    prices = panel.adjusted_close[np.ix_(_ends(panel, session, ended), columns)]
    one, several = (windows.returns(prices, rows)[rows:][-WINDOW:] for rows in (1, DAYS))
    known = ~np.isnan(one)
    short = [
        f"{name} has {count} of at least {FEWEST}{'' if newest else ', and none of the last session'}"
        for name, count, newest in zip(held, known.sum(axis=0).tolist(), _newest(known), strict=True)
        if count < FEWEST or not newest
    ]
    if short:
        raise NoHistory(f"too few daily returns: {'; '.join(short)}")
    weights = np.array([values[name] for name in held])
    days, spans = _sorted(one, weights), _sorted(several, weights)
    if len(days) < FEWEST:
        raise NoHistory(f"only {len(days)} sessions have the returns of all that is held, of at least {FEWEST}")
    return Losses(
        observations=len(days),
        one_day_95=_quantile(days, 20),
        one_day_99=_quantile(days, 100),
        shortfall_95=_beyond(days, 20),
        five_day_observations=len(spans),
        five_day_95=_quantile(spans, 20) if len(spans) >= FEWEST else None,
    )


def _ends(panel: Panel, session: str, ended: bool) -> list[int]:
    """Rows of the last bars of the sessions up to this one, as many as the returns need, in their order."""
    row = panel.row(session)
    if not ended:
        row = bisect_left(panel.sessions, session[:10]) - 1
    found: list[int] = []
    while row >= 0 and len(found) < WINDOW + DAYS:
        found.append(row)
        row = bisect_left(panel.sessions, panel.sessions[row][:10]) - 1
    return found[::-1]


def _newest(known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[bool]:
    return known[-1].tolist() if len(known) else [False] * known.shape[1]


def _sorted(change: Floats, weights: Floats) -> Floats:
    """Losses of all observations on which everything has its return, the largest first."""
    whole = change[~np.isnan(change).any(axis=1)]
    return np.sort(-(whole * weights).sum(axis=1))[::-1]


def _quantile(found: Floats, part: int) -> float:
    """The smallest loss that at most one in `part` exceeds."""
    return float(found[len(found) // part])


def _beyond(found: Floats, part: int) -> float:
    """The mean of the worst one in `part`."""
    whole, rest = divmod(len(found), part)
    return float((found[:whole].sum() + found[whole] * rest / part) / (len(found) / part))
