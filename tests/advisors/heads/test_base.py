"""Labels and features."""

from __future__ import annotations

import numpy as np

from advisors.heads.base import HORIZON, Features, forward_return
from tests.advisors.heads.markets import market


def test_forward_return_is_the_total_return_over_the_horizon() -> None:
    panel = market(1)
    found = forward_return(panel)
    for row in (0, 17, len(panel.sessions) - HORIZON - 1):
        wanted = panel.close[row + HORIZON] / panel.close[row] - 1
        assert np.array_equal(found[row], wanted)
    assert np.isnan(found[-HORIZON:]).all()


def test_forward_return_counts_dividends() -> None:
    panel = market(1)
    factor = panel.factor.copy()
    factor[100:] = 1.5
    paid = forward_return(type(panel)(**{**vars_of(panel), "factor": factor}))
    plain = forward_return(panel)
    assert np.allclose(paid[99] + 1, (plain[99] + 1) * 1.5)
    assert np.array_equal(paid[:95], plain[:95])


def test_a_panel_shorter_than_the_horizon_has_no_outcome() -> None:
    assert np.isnan(forward_return(market(1).until(market(1).sessions[3]))).all()


def test_missing_names_what_has_no_value() -> None:
    values = np.zeros((1, 2, 3))
    values[0, 1] = [np.nan, 1.0, np.inf]
    features = Features(("a", "b", "c"), values)
    assert features.missing(0, 0) == ()
    assert features.missing(0, 1) == ("a", "c")
    assert features.complete.tolist() == [[True, False]]


def vars_of(panel: object) -> dict[str, object]:
    return {name: getattr(panel, name) for name in panel.__dataclass_fields__}  # type: ignore[attr-defined]
