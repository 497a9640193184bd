"""Learned parameters are the same model on machines whose last bits differ."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from advisors.heads.logistic import DIGITS, Logistic, firm, fit


@given(st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6))
def test_a_firm_parameter_is_near_and_stays_what_it_is(value: float) -> None:
    assert abs(firm(value) - value) <= abs(value) * 10.0 ** (1 - DIGITS)
    assert firm(firm(value)) == firm(value)


def test_last_bits_of_a_fit_make_no_other_model() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 3))
    model = fit(rows, (rows[:, 0] + rng.normal(size=500) > 0).astype(np.float64), 0.1)
    digest, scores = model.digest, model.score(rows)
    regression = model.pipeline["regression"]
    firmed = np.array([firm(one) for one in regression.coef_[0]])
    # In the middle of what rounds to the same digits, some bits off.
    regression.coef_[0] = np.nextafter(np.nextafter(firmed, np.inf), np.inf)
    shaken = Logistic(model.pipeline)
    assert shaken.digest == digest
    assert (shaken.score(rows) == scores).all()
    regression.coef_[0] = firmed * (1 + 1e-6)
    assert Logistic(model.pipeline).digest != digest
