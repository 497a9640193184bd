"""Platt scaling whose slope never turns negative.

A head's log-odds become a probability by an intercept and a slope fitted on its own earlier out-of-sample scores. A
head without skill gets a slope near zero: its probabilities gather around the base rate, which is what it knows. The
probabilities keep a spread of at least `LEAST_SPREAD`, so that the order of the scores, and with it the conviction,
is kept: calibration says how much a head is worth, it does not bet against it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisors.heads.logistic import firm
from advisors.panel import Floats
from knowledge.values import canonical, digest

LEAST_SPREAD = 0.02
"""Standard deviation of the calibrated log-odds of a head without skill: half a percentage point of probability."""
WIDEST_SCORE = 1e6
"""Log-odds beyond this are a fault of the head, and would overflow here."""


@dataclass(frozen=True, slots=True)
class Platt:
    """Calibrated log-odds are `slope * score + intercept`."""

    slope: float
    intercept: float

    @property
    def digest(self) -> str:
        """Over the exact binary64 parameters."""
        return digest(canonical({"slope": self.slope.hex(), "intercept": self.intercept.hex()}))

    def probability(self, scores: Floats) -> Floats:
        """Probabilities from scores, any shape."""
        with np.errstate(over="ignore"):  # e to a great power is infinite, and one over that is zero, as it should be
            return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * scores + self.intercept))))


def fit(scores: Floats, up: Floats) -> Platt:
    """Fit on scores (n,) and labels (n,) of 0.0 and 1.0; both classes occur. Raises `ValueError` on wild scores."""
    if np.abs(scores).max() > WIDEST_SCORE:
        raise ValueError(f"a score of {np.abs(scores).max():g} is no log-odds")
    from sklearn.linear_model import LogisticRegression

    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    regression = LogisticRegression(C=1e3, max_iter=500).fit(((scores - middle) / spread)[:, None], up)
    slope = firm(float(regression.coef_[0, 0]) / spread)
    least = firm(LEAST_SPREAD / spread)
    if slope >= least:
        return Platt(slope, firm(float(regression.intercept_[0]) - slope * middle))
    return Platt(least, firm(_intercept(least * scores, float(up.mean()))))


def _intercept(scores: Floats, rate: float) -> float:
    """The intercept that makes the mean probability the base rate: the maximum likelihood for a fixed slope."""
    from scipy.optimize import brentq

    width = float(np.abs(scores).max()) + 50.0
    return float(brentq(lambda shift: float((1 / (1 + np.exp(-(scores + shift)))).mean()) - rate, -width, width))
