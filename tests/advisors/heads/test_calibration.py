"""Platt scaling: calibrated in the large, never turning the order around."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from advisors.heads.calibration import LEAST_SPREAD, fit


def logistic(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(-1, 1), st.floats(0.01, 50))
def test_the_order_is_kept_and_the_mean_is_the_base_rate(seed: int, slope: float, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal(300)
    up = (rng.random(300) < logistic(slope * scores + shift)).astype(np.float64)
    if up.min() == up.max():
        return
    platt = fit(scale * scores, up)
    probability = platt.probability(np.sort(scale * scores))
    assert platt.slope * scale * scores.std() >= LEAST_SPREAD * (1 - 1e-9)
    assert (np.diff(probability) >= 0).all()
    assert abs(probability.mean() - up.mean()) < 0.01


def test_a_known_slope_is_found() -> None:
    rng = np.random.default_rng(1)
    scores = rng.standard_normal(40_000)
    up = (rng.random(40_000) < logistic(0.6 * scores - 0.2)).astype(np.float64)
    platt = fit(scores, up)
    assert abs(platt.slope - 0.6) < 0.05
    assert abs(platt.intercept + 0.2) < 0.05


def test_a_head_that_is_always_wrong_is_not_bet_against() -> None:
    scores = np.linspace(-1, 1, 200)
    platt = fit(scores, (scores < 0).astype(np.float64))
    assert platt.slope > 0
    assert np.ptp(platt.probability(scores)) < 0.03


def test_scores_without_spread_give_the_base_rate() -> None:
    up = np.array([1.0, 0.0, 0.0, 0.0] * 25)
    assert np.allclose(fit(np.zeros(100), up).probability(np.zeros(1)), 0.25, atol=1e-3)


def test_wild_scores_are_certain_and_not_an_error() -> None:
    platt = fit(np.linspace(-1, 1, 50), np.tile([0.0, 1.0], 25))
    assert platt.probability(np.array([-1e308, 1e308])).tolist() == [0.0, 1.0]
