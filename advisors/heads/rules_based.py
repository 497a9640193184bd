"""The rules-based head: a scored vote of indicator conditions, calibrated like every other head.

Each vote is a textbook condition with a direction fixed by whoever wrote it, never learned: trend following (Appel;
Moskowitz, Ooi and Pedersen 2012) outweighs reversion (Wilder; Bollinger), as horizons of a week to a month trend more
than they revert. A vote is graded between -1 and 1 instead of yes or no, because a rank needs more than a handful of
distinct scores. The score is the weighted mean of the votes that can be cast. There is nothing to fit but the base
rate; what such a score has been worth is found by its calibration, as with every other head, and may be little.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from advisors.heads.base import Features, News, no_value_of
from advisors.panel import Floats, Panel
from knowledge.values import Json, canonical, digest


@dataclass(frozen=True, slots=True)
class Vote:
    """Votes up (by `weight`; down, if negative) as `measure` rises from `middle` to `middle + full` and beyond."""

    measure: str
    middle: float
    full: float
    weight: float
    needed: bool = True


VOTES = (
    Vote("ema-50-200", 0.0, 0.05, 1.0, needed=False),
    Vote("ema-20-distance", 0.0, 0.04, 2.0),
    Vote("momentum-63", 0.0, 0.20, 1.0),
    Vote("momentum-21", 0.0, 0.10, 1.0),
    Vote("macd-histogram", 0.0, 0.01, 2.0),
    Vote("obv-zscore", 0.0, 2.0, 1.0),
    Vote("rsi-14", 50.0, 40.0, -0.5),
    Vote("bollinger-position", 0.5, 1.0, -0.5),
)
"""The table of votes. One that is not needed is left out of the mean while its history is too short."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """The vote counted: its score moves the log-odds away from the base rate, one to one until it is calibrated."""

    base: float

    @property
    def digest(self) -> str:
        """Over the table of votes and the base rate."""
        return digest(repr(VOTES).encode() + self.dump())

    def score(self, rows: Floats) -> Floats:
        """Log-odds of an up move; the score is the first feature."""
        return self.base + rows[:, 0]

    def dump(self) -> bytes:
        """A hexadecimal float: exact, and readable."""
        return canonical({"base": self.base.hex()})


class RulesBased:
    """See the module."""

    name = "rules-based"
    suffix = "json"
    least_rows = 500
    reach = 1

    @property
    def settings(self) -> Json:
        """The table of votes."""
        return repr([asdict(vote) for vote in VOTES])

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        """One feature: the score, in [-1, 1]; the needed measures stand beside it so that silence can name them."""
        total, cast = np.zeros(panel.close.shape), np.zeros(panel.close.shape)
        for vote in VOTES:
            graded = np.clip((measures[vote.measure] - vote.middle) / vote.full, -1.0, 1.0)
            if vote.needed:
                total, cast = total + vote.weight * graded, cast + abs(vote.weight)
            else:
                known = np.isfinite(graded)
                total = total + np.where(known, vote.weight * graded, 0.0)
                cast = cast + np.where(known, abs(vote.weight), 0.0)
        needed = tuple(vote.measure for vote in VOTES if vote.needed)
        return Features(("score", *needed), np.stack([total / cast, *(measures[name] for name in needed)], axis=2))

    def fit(self, rows: Floats, up: Floats) -> Ballot:
        """The base rate of these rows."""
        return Ballot(float(np.log(up.mean() / (1 - up.mean()))))

    def load(self, kept: bytes) -> Ballot:
        """Read the kept form. Raises `ValueError`, `KeyError`, `TypeError`."""
        return Ballot(float.fromhex(json.loads(kept)["base"]))

    def silence(self, missing: Sequence[str]) -> str:
        """The indicators without which there is no vote."""
        return no_value_of([name for name in missing if name != "score"] or missing)
