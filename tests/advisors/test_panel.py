from dataclasses import fields

import numpy as np
import pytest

from advisors.panel import GRIDS, Panel
from tests.advisors.sample import sample


def grids(shape):
    return {name: np.ones(shape) for name in GRIDS}


def test_until_cuts_every_array_and_keeps_the_instruments():
    panel = sample().panel
    cut = panel.until("2011-01-03")
    assert cut.sessions[-1] == "2011-01-03"
    rows = len(cut.sessions)
    for field in fields(Panel)[2:]:
        np.testing.assert_array_equal(getattr(cut, field.name), getattr(panel, field.name)[:rows])
    assert panel.until("2011-01-02").sessions[-1] == "2010-12-31"
    assert panel.until("1999-01-01").sessions == ()


def test_a_panel_cannot_be_written_to_and_does_not_freeze_its_source():
    source = np.ones((1, 1))
    panel = Panel(("A",), ("2011-01-03",), **{**grids((1, 1)), "close": source}, index_close=np.ones(1))
    with pytest.raises(ValueError, match="read-only"):
        panel.close[0, 0] = 2
    source[0, 0] = 2


@pytest.mark.parametrize("names, sessions", [(("B", "A"), ("1",)), (("A", "A"), ("1",)), (("A", "B"), ("2", "1"))])
def test_disorder_is_refused(names, sessions):
    with pytest.raises(ValueError, match="ascending"):
        Panel(names, sessions, **grids((len(sessions), 2)), index_close=np.ones(len(sessions)))


def test_wrong_shapes_and_types_are_refused():
    with pytest.raises(ValueError, match=r"`low` is float64 \(1, 1\), not float64 \(1, 2\)"):
        Panel(("A", "B"), ("1",), **{**grids((1, 2)), "low": np.ones((1, 1))}, index_close=np.ones(1))
    with pytest.raises(ValueError, match="`volume` is int64"):
        volume = np.ones((1, 2), dtype=np.int64)
        Panel(("A", "B"), ("1",), **{**grids((1, 2)), "volume": volume}, index_close=np.ones(1))
