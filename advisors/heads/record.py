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

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisors.growing import grown
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
class Tally:
    """What became of a head's calls, over the sessions whose outcomes are known.

    `calls` and `right` count them by session, float64 (sessions,). `bets` is what following each bet made, in the order
    of sessions, and `ends` how many there are up to each session.
    """

    calls: Floats
    right: Floats
    bets: Floats
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, rank: Floats, returns: Floats) -> Tally:
        """Of ranks and outcomes, both float64 (sessions, instruments)."""
        direction = direction_of(rank)
        signed = direction * returns
        called = (direction != 0) & np.isfinite(signed)
        # A share that did not move proves a short right: it did not rise.
        right = np.where(direction > 0, returns > 0, returns <= 0) & called
        bet = called & (conviction_of(rank) >= BET)
        calls, hits = (np.count_nonzero(one, axis=1).astype(np.float64) for one in (called, right))
        return cls(calls, hits, signed[bet], np.cumsum(np.count_nonzero(bet, axis=1)))

    def grown(self, later: Tally) -> Tally:
        """With the sessions that come after them."""
        return Tally(
            grown(self.calls, later.calls),
            grown(self.right, later.right),
            grown(self.bets, later.bets),
            grown(self.ends, len(self.bets) + later.ends),
        )


@dataclass(frozen=True, slots=True)
class Population:
    """What a head's edges were before, and how many of the recent ones lie below each of the deciles.

    `deciles` and `expected` (the shares between them) are those of the reference, `below` counts the `counted` recent.
    """

    deciles: Floats
    expected: Floats
    below: NDArray[np.intp]
    counted: int

    @classmethod
    def of(cls, reference: Floats, recent: Floats) -> Population | None:
        """Of the edges of two stretches of sessions; None where the reference is too small."""
        before = _known(reference)
        if len(before) < LEAST_REFERENCE:
            return None
        deciles = _deciles(before)
        expected = _shares(before.searchsorted(deciles), len(before))
        return cls(deciles, expected, np.zeros(BINS - 1, dtype=np.intp), 0).joined_by(recent)

    def joined_by(self, later: Floats) -> Population:
        """With the edges of sessions after them: how many lie below is a count, whatever their order."""
        known = _known(later)
        return replace(self, below=self.below + known.searchsorted(self.deciles), counted=self.counted + len(known))

    def index(self) -> float | None:
        """PSI of the recent edges; None where there are none."""
        if not self.counted:
            return None
        actual = _shares(self.below, self.counted)
        return float(((actual - self.expected) * np.log(actual / self.expected)).sum())


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the next session is measured by: the edges that its own are ranked among, in order, and the population that
    they join.
    """

    reference: Floats
    population: Population | None


@dataclass(frozen=True, eq=False)
class Record:
    """Edges, probabilities of an up move, ranks, and what came after; each float64 (sessions, instruments).

    `returns` may lack the last `HORIZON` sessions, of which nothing is known yet.
    """

    edge: Floats
    probability: Floats
    returns: Floats
    rank: Floats

    def longer(self, edge: Floats, probability: Floats, returns: Floats) -> Record:
        """The record when sessions have come: the same up to there, with what has become known."""
        after = Record(edge, probability, returns, ranks(edge, self.rank, self._ahead_of(edge)))
        known, settled = (max(0, len(one.rank) - HORIZON) for one in (self, after))
        fresh = slice(known, settled)
        if "ahead" in self.__dict__ and len(edge) == len(self.edge) + 1:
            before = self.ahead.population
            after.__dict__["population"] = None if before is None else before.joined_by(edge[-1:])
        after.__dict__["tally"] = self.tally.grown(Tally.of(after.rank[fresh], returns[fresh]))
        return after

    def _stability(self, row: int) -> float | None:
        if row == len(self.edge) - 1 and "population" in self.__dict__:
            known: Population | None = self.__dict__["population"]
            return None if known is None else known.index()
        return stability(self.edge[max(0, row + 1 - RECENT - REFERENCE) : row + 1])

    @cached_property
    def direction(self) -> NDArray[np.int8]:
        """+1 long, -1 short, 0 flat or silent: int8 (sessions, instruments)."""
        return direction_of(self.rank)

    @cached_property
    def conviction(self) -> Floats:
        """Rank of the side the head leans to, in [0.5, 1]; NaN for silence."""
        return conviction_of(self.rank)

    @cached_property
    def ahead(self) -> Ahead:
        """What the next session is measured by, sorted before it comes."""
        reference, recent = self.edge[1 - RECENT - REFERENCE : 1 - RECENT], self.edge[1 - RECENT :]
        return Ahead(_known(self.edge[-REFERENCE:]), Population.of(reference, recent))

    def _ahead_of(self, edge: Floats) -> Floats | None:
        return self.ahead.reference if "ahead" in self.__dict__ and len(edge) == len(self.edge) + 1 else None

    @cached_property
    def tally(self) -> Tally:
        """What became of the calls whose outcomes are known."""
        settled = slice(0, max(0, len(self.rank) - HORIZON))
        return Tally.of(self.rank[settled], self.returns[settled])

    def standing(self, row: int) -> Standing:
        """The record as known at the close of `row`."""
        settled = max(0, row - HORIZON + 1)
        recent = slice(max(0, settled - RECENT), settled)
        bets = self.tally.bets[: int(self.tally.ends[settled - 1]) if settled else 0]
        wins, losses = bets[bets > 0], bets[bets <= 0]
        return Standing(
            brier=_brier(self.probability[recent], self.returns[recent]),
            psi=self._stability(row),
            accuracy=_decayed(self.tally.calls[:settled], self.tally.right[:settled]),
            hit_rate=len(wins) / len(bets) if len(bets) else None,
            payoff=_payoff(wins, losses),
            observations=len(bets),
        )


def direction_of(rank: Floats) -> NDArray[np.int8]:
    """The direction that each rank calls."""
    # Silence compares false on both sides.
    return (rank >= 0.5 + BAND).astype(np.int8) - (rank <= 0.5 - BAND).astype(np.int8)


def conviction_of(rank: Floats) -> Floats:
    """The rank of the side that each leans to."""
    return np.maximum(rank, 1.0 - rank)


def ranks(edge: Floats, before: Floats | None = None, reference: Floats | None = None) -> Floats:
    """Rank of each edge among those of the `REFERENCE` rows before its own; NaN where they are too few.

    Rows that `before` has, the ranks of the same edges cut after some row, are taken over; `reference` are the edges
    that the first row after them is ranked among, in order, where they are sorted already.
    """
    known = 0 if before is None else len(before)
    result = np.full(edge[known:].shape, np.nan)
    for row in range(max(1, known), len(edge)):
        if not np.isfinite(edge[row]).any():
            continue
        earlier = reference if reference is not None and row == known else _known(edge[max(0, row - REFERENCE) : row])
        if len(earlier) >= LEAST_REFERENCE:
            below, upto = (earlier.searchsorted(edge[row], side) for side in ("left", "right"))
            result[row - known] = np.where(np.isfinite(edge[row]), (below + upto) / (2 * len(earlier)), np.nan)
    return result if before is None else grown(before, result)


def stability(edge: Floats) -> float | None:
    """PSI of the last `RECENT` rows against the deciles of the rows before them; None where either is too small."""
    found = Population.of(edge[:-RECENT], edge[-RECENT:])
    return None if found is None else found.index()


def _shares(below: NDArray[np.intp], whole: int) -> Floats:
    """Shares between deciles; half an observation is added to each, so that none of them makes the index infinite."""
    found: Floats = (np.diff(below, prepend=0, append=whole) + 0.5) / (whole + 0.5 * BINS)
    return found


def _known(edge: Floats) -> Floats:
    """The edges that there are, in order."""
    return np.sort(edge[np.isfinite(edge)])


def _deciles(in_order: Floats) -> Floats:
    """What `np.quantile` gives, of numbers that are sorted already."""
    places = np.arange(1, BINS) / BINS * (len(in_order) - 1)
    below = places.astype(np.intp)
    share = places - below
    low, high = in_order[below], in_order[np.minimum(below + 1, len(in_order) - 1)]
    step = high - low
    return np.where(share >= 0.5, high - step * (1 - share), low + step * share)


def _brier(probability: Floats, returns: Floats) -> float | None:
    error = (probability - (returns > 0))[np.isfinite(probability) & np.isfinite(returns)]
    return float((error * error).mean()) if len(error) else None


def _decayed(calls: Floats, right: Floats) -> float | None:
    weight = np.exp2(-np.arange(len(calls) - 1, -1, -1.0) / HALF_LIFE)
    return float((weight * right).sum() / (weight * calls).sum()) if calls.any() else None


def _payoff(wins: Floats, losses: Floats) -> float | None:
    if not len(wins) or not len(losses) or losses.mean() == 0:
        return None
    return float(wins.mean() / -losses.mean())
