"""Regularised logistic regression (scikit-learn) that scores row by row in plain arithmetic.

scikit-learn fits; the score is computed here from the exact parameters, one feature after the other, because a matrix
product may round differently with the number of rows beside it. Parameters are taken to ten digits: an optimiser's last
bits depend on how a machine lays out memory, and no model is to be another one for that. Features are centred, scaled
and clipped at `WIDEST` standard deviations, so that one wild bar does not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np

from advisors.panel import Floats
from knowledge.values import Json, digest

WIDEST = 4.0
DIGITS = 10


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted scikit-learn pipeline of a scaler (`scale`) and a logistic regression (`regression`)."""

    pipeline: Any

    @cached_property
    def parameters(self) -> tuple[Floats, Floats, Floats, float]:
        """Means, scales and weights, each float64 (features,), and the intercept."""
        scaler, regression = self.pipeline["scale"], self.pipeline["regression"]
        return (
            np.array([firm(one) for one in scaler.mean_]),
            np.array([firm(one) for one in scaler.scale_]),
            np.array([firm(one) for one in regression.coef_[0]]),
            firm(regression.intercept_[0]),
        )

    @cached_property
    def digest(self) -> str:
        """Over the exact binary64 parameters."""
        means, scales, weights, intercept = self.parameters
        return digest(
            b"".join(part.astype("<f8").tobytes() for part in (means, scales, weights, np.array([intercept])))
        )

    def score(self, rows: Floats) -> Floats:
        """Log-odds of an up move."""
        means, scales, weights, intercept = self.parameters
        total = np.full(len(rows), intercept)
        for column, (mean, scale, weight) in enumerate(zip(means, scales, weights, strict=True)):
            total += weight * np.clip((rows[:, column] - mean) / scale, -WIDEST, WIDEST)
        return total

    def dump(self) -> bytes:
        """The skops form: a schema and arrays, no code."""
        from skops.io import dumps

        return bytes(dumps(self.pipeline))


def firm(parameter: float) -> float:
    """A learned parameter to `DIGITS` significant digits."""
    return float(f"{float(parameter):.{DIGITS - 1}e}")


def fit(rows: Floats, up: Floats, strength: float) -> Logistic:
    """Fit on rows (n, features) and labels (n,). `strength` is scikit-learn's inverse penalty `C`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    clipped = np.clip((rows - scaler.mean_) / scaler.scale_, -WIDEST, WIDEST)
    regression = LogisticRegression(C=strength, max_iter=500).fit(clipped, up)
    return Logistic(Pipeline([("scale", scaler), ("regression", regression)]))


def load(kept: bytes) -> Logistic:
    """Read what `Logistic.dump` wrote; nothing in it is trusted beyond what skops knows as harmless."""
    from skops.io import loads

    return Logistic(loads(kept, trusted=[]))


def settings(names: tuple[str, ...], strength: float) -> Json:
    """What decides a fit besides its rows."""
    return {
        "features": list(names),
        "strength": repr(strength),
        "widest": repr(WIDEST),
        "scikit-learn": version("scikit-learn"),
    }
