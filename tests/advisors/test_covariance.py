"""The covariance as factors: beside slow sums, and what is promised of its digits."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisors.covariance import FACTORS, FEWEST, HALF_LIFE, WINDOW, factors, shrunk
from advisors.panel import Floats
from tests.advisors.sample import sample

PANEL = sample().panel
LAST = PANEL.sessions[-1]


def made(instruments: int, bars: int, seed: int = 1) -> Floats:
    """Returns that share a market, of instruments of different volatility."""
    chance = np.random.default_rng(seed)
    market = chance.normal(0, 0.01, (bars, 1))
    return market * np.linspace(0.5, 1.5, instruments) + chance.normal(0, 0.01, (bars, instruments))


def everywhere(change: Floats) -> Floats:
    return np.ones_like(change, dtype=bool)


def slowly(change: Floats) -> Floats:
    """Ledoit and Wolf 2004, appendix B, sum by sum, with weights in place of 1/T."""
    bars, count = change.shape
    raw = [0.5 ** ((bars - 1 - at) / HALF_LIFE) for at in range(bars)]
    w = [one / sum(raw) for one in raw]
    y, every = change, range(count)
    s = [[sum(w[t] * y[t, i] * y[t, j] for t in range(bars)) for j in every] for i in every]
    r = [[s[i][j] / (s[i][i] * s[j][j]) ** 0.5 for j in every] for i in every]
    usual = 2 / ((count - 1) * count) * sum(r[i][j] for i in every for j in range(i + 1, count))
    f = [[s[i][i] if i == j else usual * (s[i][i] * s[j][j]) ** 0.5 for j in every] for i in every]
    pi = [[sum(w[t] * (y[t, i] * y[t, j] - s[i][j]) ** 2 for t in range(bars)) for j in every] for i in every]

    def theta(k: int, i: int, j: int) -> float:
        return sum(w[t] * (y[t, k] ** 2 - s[k][k]) * (y[t, i] * y[t, j] - s[i][j]) for t in range(bars))

    rho = sum(pi[i][i] for i in every) + sum(
        usual / 2 * ((s[j][j] / s[i][i]) ** 0.5 * theta(i, i, j) + (s[i][i] / s[j][j]) ** 0.5 * theta(j, i, j))
        for i, j in product(every, every)
        if i != j
    )
    gamma = sum((f[i][j] - s[i][j]) ** 2 for i, j in product(every, every))
    effective = 1 / sum(one**2 for one in w)
    delta = max(0.0, min(1.0, (sum(map(sum, pi)) - rho) / gamma / effective))
    assert 0 < delta < 1
    return np.array([[delta * f[i][j] + (1 - delta) * s[i][j] for j in every] for i in every])


def test_it_is_shrunk_as_the_paper_says() -> None:
    change = made(4, 120)
    assert np.allclose(shrunk(change, everywhere(change)), slowly(change), rtol=1e-9, atol=0)


def test_the_variances_are_those_of_the_sample() -> None:
    change = made(3, 200)
    weights = 0.5 ** (np.arange(199, -1, -1) / HALF_LIFE)
    expected = (weights[:, None] * change**2).sum(axis=0) / weights.sum()
    assert np.allclose(np.diagonal(shrunk(change, everywhere(change))), expected, rtol=1e-12)


def test_pairs_count_the_bars_that_both_have() -> None:
    """A return that is not known counts nowhere; what is known of the rest does."""
    change = made(3, 100)
    known = everywhere(change)
    known[:60, 2] = False
    found = shrunk(np.where(known, change, 0.0), known)
    assert np.isclose(found[2, 2], np.diagonal(shrunk(change[60:, 2:], known[60:, 2:]))[0], rtol=1e-12)
    assert np.allclose(found, found.T)


def test_what_does_not_move_has_no_correlation() -> None:
    change = made(3, 80)
    change[:, 1] = 0.0
    found = shrunk(change, everywhere(change))
    assert not np.isnan(found).any()
    assert (found[1] == 0).all()


@pytest.mark.parametrize("session", [LAST, "2012-08-09", "2004-09-01", "2000-06-01"])
def test_the_factors_give_the_variances_back_and_no_negative_ones(session: str) -> None:
    found = factors(PANEL, session)
    whole = found.loadings @ found.loadings.T + np.diag(found.residuals)
    end = PANEL.row(session) + 1
    change = (PANEL.adjusted_close[1:] / PANEL.adjusted_close[:-1] - 1)[max(0, end - WINDOW - 1) : end - 1]
    for at, name in enumerate(found.instruments):
        own = change[:, PANEL.instruments.index(name)]
        known = ~np.isnan(own)
        weights = (0.5 ** (np.arange(len(own) - 1, -1, -1) / HALF_LIFE))[known]
        assert whole[at, at] == pytest.approx((weights * own[known] ** 2).sum() / weights.sum(), rel=1e-3)
    assert (found.residuals >= 0).all()
    assert np.linalg.eigvalsh(whole).min() > -1e-12
    assert found.loadings.shape == (len(found.instruments), min(FACTORS, len(found.instruments)))


def test_with_no_more_instruments_than_factors_nothing_is_left_out() -> None:
    """Correlations too, but for the rounding."""
    found = factors(PANEL, "2011-01-03")
    names = [PANEL.instruments.index(one) for one in found.instruments]
    end = PANEL.row("2011-01-03") + 1
    change = (PANEL.adjusted_close[1:] / PANEL.adjusted_close[:-1] - 1)[end - WINDOW - 1 : end - 1, names]
    expected = shrunk(change, everywhere(change))
    assert np.allclose(found.loadings @ found.loadings.T + np.diag(found.residuals), expected, atol=1e-7)


def test_the_first_loading_of_each_factor_is_positive_and_all_stand_on_their_quantum() -> None:
    found = factors(PANEL, LAST)
    assert (found.loadings[0] > 0).all()
    assert (np.round(found.loadings, 6) == found.loadings).all()
    assert (np.round(found.residuals, 9) == found.residuals).all()


def test_a_listing_has_none_until_it_has_returns_enough() -> None:
    sessions = [one for one in PANEL.sessions if one > "2012-05-18"]
    assert "FB" not in factors(PANEL, sessions[FEWEST - 2]).instruments
    assert "FB" in factors(PANEL, sessions[FEWEST - 1]).instruments


def test_who_has_no_bar_today_has_none() -> None:
    gone = PANEL.close.copy()
    gone[-1, PANEL.instruments.index("IBM")] = np.nan
    assert "IBM" not in factors(replace(PANEL, close=gone), LAST).instruments


def test_an_hour_has_its_share_of_the_day() -> None:
    whole, quarter = factors(PANEL, LAST), factors(PANEL, LAST, 4.0)
    assert np.allclose(quarter.loadings, 2 * whole.loadings, atol=1e-5)


def test_before_there_are_bars_there_is_nothing() -> None:
    assert factors(PANEL, PANEL.sessions[0]).instruments == ()


@given(st.sampled_from([one for one in PANEL.sessions if one > "2010"]))
@settings(max_examples=10)
def test_no_digit_depends_on_what_comes_later(session: str) -> None:
    now, cut = factors(PANEL, session), factors(PANEL.until(session), session)
    assert (now.loadings == cut.loadings).all()
    assert (now.residuals == cut.residuals).all()
