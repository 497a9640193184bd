"""Slips of a risk officer that would switch a limit off without a word."""

from __future__ import annotations

import pytest

from engine.limits.text import read_limits
from knowledge.faults import Faulty
from tests.attack.stage import SHIPPED

TEXT = (SHIPPED / "limits.yaml").read_text(encoding="utf-8")
SLIPS = [
    # a share written as a number of per cent: the loss would have to be fifteen times the account
    ("kind: drawdown, bound: 15 %", "kind: drawdown, bound: 15", "bound `15` must be at least 0 and at most 1"),
    ("kind: day_loss, bound: 2 %", "kind: day_loss, bound: 2", "bound `2` must be"),
    ("kind: index_volatility, bound: 0.99", "kind: index_volatility, bound: 99", "bound `99` must be"),
    ("kind: price_collar, bound: 3 %", "kind: price_collar, bound: 3", "bound `3` must be"),
    ("kind: head_brier, bound: 0.26", "kind: head_brier, bound: 26", "bound `26` must be"),
    # a group that no order is ever in
    ("by: horizon, only: swing", "by: horizon, only: swnig", "`swnig` is no horizon"),
    # days that no calendar has, and that never come
    ("source: Regulation T, effective: 2010-01-01", "source: Regulation T, effective: 2010-13-01", "`2010-13-01`"),
    ("bound: 160 %, unit: NAV, regime: yes, owner: risk, source: desk mandate, effective: 2010-01-01",
     "bound: 160 %, unit: NAV, regime: yes, owner: risk, source: desk mandate, effective: 2010-02-30", "`2010-02-30`"),
    ("unit: average true ranges, owner: risk, source: desk mandate, effective: 2010-01-01",
     "unit: average true ranges, owner: risk, source: desk mandate, effective: soon", "`soon` is no effective"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "said"), SLIPS)
def test_a_slip_that_would_switch_a_limit_off_is_refused_with_its_place(good: str, bad: str, said: str):
    assert TEXT.count(good) == 1
    slipped = TEXT.replace(good, bad)
    with pytest.raises(Faulty) as caught:
        read_limits(slipped)
    (fault,) = caught.value.faults
    assert said in fault.message
    assert bad in slipped.splitlines()[fault.line - 1]
