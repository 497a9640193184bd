"""The covariance of daily returns as factors: `Σ = F·Fᵀ + D`, for the limits on the portfolio as a whole.

In four steps, each over the last `WINDOW` total returns as they are known at the session:

1. Exponentially weighted, half as much after `HALF_LIFE` bars, around a mean of zero (a daily mean is smaller than its
   own error: RiskMetrics Technical Document 1996, section 5.3.1). Pairs count the bars on which both have a return.
2. Shrunk to the same variances with one correlation for all pairs, by the intensity that Ledoit and Wolf derive in
   *Honey, I Shrunk the Sample Covariance Matrix* (2004, appendix B), with weights in place of 1/T and the number of
   equal weights that would be as good, `1 / Σ w²`, in place of T.
3. The `FACTORS` largest principal components of the correlations, times each instrument's deviation, become the
   loadings F; what they leave of each variance becomes D. Every variance is kept whole; correlations of what is left
   are not.
4. Rounded to the quanta of the template `risk`, signs first: the first loading that is not zero is positive. F·Fᵀ is
   the same for either sign.

No matrix is handed on, only F and D, so that whatever is rounded `F·Fᵀ + D` with `D ≥ 0` is positive semidefinite.
The digits are cut far before those in which two machines' linear algebra differs, unless two components tie.

Left out: autocorrelation (a bar of a fraction of a session counts as that fraction of its variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisors import windows
from advisors.panel import Floats, Panel
from knowledge.templates import vocabulary

WINDOW, HALF_LIFE = 252, 63
FEWEST = 42
"""Returns that an instrument needs in the window, the newest among them; with fewer it has no covariance."""
FACTORS = 5


@dataclass(frozen=True, eq=False)
class Factors:
    """`loadings` (instruments, factors) and `residuals` (instruments,) of daily returns, on their quanta."""

    instruments: tuple[str, ...]
    loadings: Floats
    residuals: Floats


def factors(panel: Panel, session: str, bars_a_day: float = 1.0) -> Factors:
    """F and D at the close of `session`, of the instruments that have a covariance. Raises `KeyError`."""
    end = panel.row(session) + 1
    start = max(0, end - WINDOW - 1)
    change = windows.returns(panel.adjusted_close[start:end])[1:]
    known = ~np.isnan(change)
    enough = known.sum(axis=0) >= FEWEST
    chosen = np.flatnonzero(enough & (known[-1] if len(known) else False))
    names = tuple(panel.instruments[at] for at in chosen.tolist())
    if not names:
        return Factors((), np.empty((0, 0)), np.empty(0))
    covariance = shrunk(np.where(known, change, 0.0)[:, chosen], known[:, chosen])
    return Factors(names, *_components(covariance * bars_a_day))


def shrunk(change: Floats, known: Floats) -> Floats:
    """The weighted covariance, shrunk to one correlation; both are (bars, instruments), `change` 0 where not known."""
    bars, count = change.shape
    weights = 0.5 ** (np.arange(bars - 1, -1, -1, dtype=np.float64) / HALF_LIFE)
    mask = known.astype(np.float64)
    total = _products(mask, mask, weights)

    def mean(one: Floats, other: Floats) -> Floats:
        sums = _products(one, other, weights)
        return np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)

    sample = mean(change, change)
    spread = np.sqrt(np.diagonal(sample))
    scale = spread[:, None] * spread[None, :]
    pairs = (total > 0) & (scale > 0) & ~np.eye(count, dtype=bool)
    if not pairs.any():
        return np.diag(np.diagonal(sample))
    usual = float((sample[pairs] / scale[pairs]).mean())
    target = np.where(np.eye(count, dtype=bool), sample, usual * scale)
    # Appendix B: π is how the sample's entries scatter, ρ how much of that the target shares, γ how far both lie apart.
    squares = mean(change**2, change**2) - sample**2
    own = mean(change**3, change) - np.diagonal(sample)[:, None] * sample
    ratio = np.divide(spread[None, :], spread[:, None], out=np.zeros_like(scale), where=spread[:, None] > 0)
    shared = float(np.trace(squares)) + usual * float((ratio * own)[pairs].sum())
    apart = float(((target - sample) ** 2).sum())
    size = float(weights.sum() ** 2 / (weights**2).sum())
    intensity = min(1.0, max(0.0, (float(squares.sum()) - shared) / apart / size)) if apart > 0 else 1.0
    return np.where(total > 0, (1 - intensity) * sample + intensity * target, target)


def _products(one: Floats, other: Floats, weights: Floats) -> Floats:
    """Weighted sums of products, (instruments, instruments)."""
    found: Floats = (weights[:, None] * one).T @ other
    return found


def _components(covariance: Floats) -> tuple[Floats, Floats]:
    """Loadings and residuals on their quanta."""
    slots = vocabulary().templates["risk"].slots
    digits = {name: -int(slots[name].quantum.as_tuple().exponent) for name in ("loadings", "residual")}  # type: ignore[union-attr]
    spread = np.sqrt(np.diagonal(covariance))
    scale = spread[:, None] * spread[None, :]
    correlation = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    largest = np.argsort(-values, kind="stable")[:FACTORS]
    lengths = np.sqrt(np.maximum(values[largest], 0.0))
    loadings = np.round(spread[:, None] * vectors[:, largest] * lengths, digits["loadings"])
    for at in range(loadings.shape[1]):
        told = np.flatnonzero(loadings[:, at])
        if len(told) and loadings[told[0], at] < 0:
            loadings[:, at] *= -1
    residuals = np.maximum(np.diagonal(covariance) - (loadings**2).sum(axis=1), 0.0)
    return loadings + 0.0, np.round(residuals, digits["residual"])
