"""What a head's out-of-sample opinions have been worth, as known at each session.

- *Rank*: the share of the head's edges of the last `REFERENCE` sessions that lie below this one (ties count half).
  Probabilities rise with edges, so it is the rank of this probability among those that today's calibration gives to
  the head's own out-of-sample history. It uses no outcome, so it is known at once.
- *Direction*: relative to the head's own usual opinion, not to one half. Shares rise more often than they fall, so a
  calibrated head hardly ever puts an up move below one half; against one half, every head would say long for the same
  reason, and their agreement would be worth nothing. Long means: likelier to rise than this head usually finds; short:
  less likely; flat: the rank is within `BAND` of the middle. The published probability stays the absolute one, also
  where it says that a short is right in less than half of the cases.
- *Conviction*: the rank of the called direction's probability: the rank for long, one minus the rank for short.
- *Accuracy*: share of called directions that were right, halved in weight every `HALF_LIFE` sessions.
- *Bets*: calls with conviction of at least `BET`, held for the horizon: hit rate, payoff (mean win over mean loss),
  number.
- *Brier*: mean squared error of the published probabilities over the last `RECENT` sessions with known outcomes.
- *PSI*: population stability index of the edges of the last `RECENT` sessions against the deciles of the `REFERENCE`
  sessions before. `RECENT` is a year, not a quarter: outputs of neighbouring sessions and of instruments that move
  together are nearly the same observation, so that over a quarter the index mostly measures which market there was.
  The year was chosen after seeing both on the sample: over 60 sessions the index exceeds 0.25 on 70 % (technical) and
  45 % (rules-based) of the sessions of 2011-2013, over a year on none; in 2009-2010 still on about half.

Outcomes count from the session at which they are known: `HORIZON` sessions after the opinion.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisors.heads.base import HORIZON
from advisors.panel import Floats

REFERENCE = 1260
LEAST_REFERENCE = 100
"""Edges without which there is no rank."""
BAND = 0.05
BET = 0.70
HALF_LIFE = 63
RECENT = 250
BINS = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """A head's record at one session; None where there is nothing to measure yet."""

    brier: float | None
    psi: float | None
    accuracy: float | None
    hit_rate: float | None
    payoff: float | None
    observations: int


@dataclass(frozen=True, eq=False)
class Record:
    """Edges, probabilities of an up move, ranks, and what came after; each float64 (sessions, instruments)."""

    edge: Floats
    probability: Floats
    returns: Floats
    rank: Floats

    @cached_property
    def direction(self) -> NDArray[np.int8]:
        """+1 long, -1 short, 0 flat or silent: int8 (sessions, instruments)."""
        # Silence compares false on both sides.
        return (self.rank >= 0.5 + BAND).astype(np.int8) - (self.rank <= 0.5 - BAND).astype(np.int8)

    @cached_property
    def conviction(self) -> Floats:
        """Rank of the side the head leans to, in [0.5, 1]; NaN for silence."""
        return np.maximum(self.rank, 1.0 - self.rank)

    def standing(self, row: int) -> Standing:
        """The record as known at the close of `row`."""
        settled = slice(0, max(0, row - HORIZON + 1))
        bets = self._signed[settled][self._bet[settled]]
        wins, losses = bets[bets > 0], bets[bets <= 0]
        return Standing(
            brier=_brier(self.probability[settled][-RECENT:], self.returns[settled][-RECENT:]),
            psi=stability(self.edge[max(0, row + 1 - RECENT - REFERENCE) : row + 1]),
            accuracy=_decayed(self._called[settled], self._right[settled]),
            hit_rate=len(wins) / len(bets) if len(bets) else None,
            payoff=_payoff(wins, losses),
            observations=len(bets),
        )

    @cached_property
    def _signed(self) -> Floats:
        """What following each call made; NaN where its outcome is not known."""
        signed: Floats = self.direction * self.returns
        return signed

    @cached_property
    def _called(self) -> NDArray[np.bool_]:
        called: NDArray[np.bool_] = (self.direction != 0) & np.isfinite(self._signed)
        return called

    @cached_property
    def _bet(self) -> NDArray[np.bool_]:
        bet: NDArray[np.bool_] = self._called & (self.conviction >= BET)
        return bet

    @cached_property
    def _right(self) -> NDArray[np.bool_]:
        # A share that did not move proves a short right: it did not rise.
        right: NDArray[np.bool_] = np.where(self.direction > 0, self.returns > 0, self.returns <= 0)
        return right


def ranks(edge: Floats, before: Floats | None = None) -> Floats:
    """Rank of each edge among those of the `REFERENCE` rows before its own; NaN where they are too few.

    Rows that `before` has, the ranks of the same edges cut after some row, are taken over.
    """
    result = np.full(edge.shape, np.nan)
    known = 0 if before is None else len(before)
    if before is not None:
        result[:known] = before
    for row in range(max(1, known), len(edge)):
        if not np.isfinite(edge[row]).any():
            continue
        earlier = edge[max(0, row - REFERENCE) : row]
        earlier = np.sort(earlier[np.isfinite(earlier)])
        if len(earlier) >= LEAST_REFERENCE:
            below, upto = (earlier.searchsorted(edge[row], side) for side in ("left", "right"))
            result[row] = np.where(np.isfinite(edge[row]), (below + upto) / (2 * len(earlier)), np.nan)
    return result


def stability(edge: Floats) -> float | None:
    """PSI of the last `RECENT` rows against the deciles of the rows before them; None where either is too small.

    Half an observation is added to each bin, so that an empty one does not make the index infinite.
    """
    before, recent = (part[np.isfinite(part)] for part in (edge[:-RECENT], edge[-RECENT:]))
    if len(before) < LEAST_REFERENCE or not len(recent):
        return None
    edges = np.quantile(before, np.arange(1, BINS) / BINS)
    expected, actual = (
        (np.bincount(edges.searchsorted(part, "right"), minlength=BINS) + 0.5) / (len(part) + 0.5 * BINS)
        for part in (before, recent)
    )
    return float(((actual - expected) * np.log(actual / expected)).sum())


def _brier(probability: Floats, returns: Floats) -> float | None:
    error = (probability - (returns > 0))[np.isfinite(probability) & np.isfinite(returns)]
    return float((error * error).mean()) if len(error) else None


def _decayed(called: NDArray[np.bool_], right: NDArray[np.bool_]) -> float | None:
    age = np.arange(len(called) - 1, -1, -1.0)
    weight = called * np.exp2(-age / HALF_LIFE)[:, None]
    return float((weight * right).sum() / weight.sum()) if called.any() else None


def _payoff(wins: Floats, losses: Floats) -> float | None:
    if not len(wins) or not len(losses) or losses.mean() == 0:
        return None
    return float(wins.mean() / -losses.mean())
