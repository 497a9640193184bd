"""Which halting limits stand against a resume: those in force at the last decision, at their bound of today."""

from __future__ import annotations

from fractions import Fraction

import pytest

from adapters.running.resuming import _halting
from engine.limits.model import ALWAYS, When
from tests.engine.small_desk import limit, limits

STANDS = "`drawdown` halts at 0.15, and stands at 0.2"
UNSEEN = "the last decision did not reckon it"


@pytest.mark.parametrize(
    ("when", "found", "said"),
    [
        (ALWAYS, "0.2", STANDS),
        (ALWAYS, "0.1", None),
        (ALWAYS, None, UNSEEN),
        (When(regimes=("bear",)), None, None),
        (When(regimes=("bull",)), "0.2", STANDS),
        (When(regimes=("bull",)), None, UNSEEN),
        (When(figure="index-volatility-rank", above=Fraction(9, 10)), None, None),
        (When(figure="index-volatility-rank", above=Fraction(9, 10)), "0.2", STANDS),
    ],
)
def test_a_halt_that_was_not_in_force_stands_against_nothing(when: When, found: str | None, said: str | None) -> None:
    law = limits(limit("drawdown", "0.15", then="halted", when=when))
    states = [] if found is None else [{"limit": "drawdown", "value": found}]
    decision = {"fault": None, "as_of": "2011-01-03T21:00:00Z", "regime": "bull", "states": states}
    told = list(_halting(decision, law))
    assert len(told) == (said is not None)
    assert all(said is not None and said in one for one in told)
