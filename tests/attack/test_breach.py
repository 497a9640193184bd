"""A file that no longer asks for exits where the old one did is no equivalent one, whatever its limits are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.limits.model import Limit, When
from engine.universe.diff import Answer, diff
from tests.engine.small_desk import limit, limits
from tests.engine.universe.made_market import made_market

MARKET = made_market(4)
GROSS = limit("gross", "1", breach="exit")
WIDE = limit("gross", "2", id="wide", breach="exit")


@pytest.mark.parametrize(
    "after",
    [
        [replace(GROSS, breach="hold")],
        [replace(GROSS, id="renamed", breach="hold")],
        [replace(GROSS, id="another", breach="hold"), WIDE],
        [replace(GROSS, when=When(states=("active",)))],
        [replace(GROSS, when=When(states=("active", "reducing")))],
    ],
)
def test_a_breach_that_asks_for_less_is_not_taken_for_equivalent(after: list[Limit]):
    found = diff(limits(GROSS), limits(*after), lambda _: MARKET)
    assert found.admits_more is not Answer.NO


def test_a_limit_of_another_trading_state_is_missed_although_it_binds_no_entry():
    reducing = replace(GROSS, id="reducing", bound=GROSS.bound / 2, when=When(states=("reducing",)))
    assert diff(limits(GROSS, reducing), limits(GROSS), lambda _: MARKET).admits_more is not Answer.NO
    assert diff(limits(GROSS), limits(GROSS, reducing), lambda _: MARKET).admits_more is Answer.NO


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([GROSS], [replace(GROSS, id="renamed")]),
        ([GROSS, WIDE], [GROSS]),
        ([GROSS], [replace(GROSS, bound=GROSS.bound / 2)]),
        ([replace(GROSS, breach="hold")], [GROSS]),
        ([replace(GROSS, breach="hold")], [replace(GROSS, id="renamed", breach="hold")]),
    ],
)
def test_a_breach_that_asks_for_as_much_needs_nobody(before: list[Limit], after: list[Limit]):
    assert diff(limits(*before), limits(*after), lambda _: MARKET).admits_more is Answer.NO
