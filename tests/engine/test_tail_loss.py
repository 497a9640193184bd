"""The historical figures in a decision: told, kept, and without a say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import sqrt

import pytest

from engine.gate.market import read_market
from engine.orders.portfolio import Portfolio
from engine.orders.tail_loss import NoTailLoss, TailLoss
from engine.telling.as_text import lines
from engine.telling.tail_loss import tail_loss
from knowledge.values import canonical, parse
from tests.made_risk import LOADINGS
from tests.promises.cycles import PRICES, Cycle, account, calm, position

FIGURES = TailLoss(250, Decimal("0.012345"), Decimal("0.0234"), Decimal("0.017"), 250, Decimal("0.0301"))


def holding(found: TailLoss | NoTailLoss | None, *shares: int) -> Cycle:
    positions = tuple(position(name, count) for name, count in zip(sorted(PRICES), shares, strict=False))
    return calm(*("long" for _ in shares), positions=positions, tail_loss=found)


def said(cycle: Cycle) -> list[str]:
    market = read_market(cycle.snapshot, cycle.portfolio, cycle.limits.parameters.cluster_threshold)
    return [line for one in tail_loss(cycle.portfolio, market) for line in lines(one)]


def test_figures_are_told_beside_those_of_the_covariance() -> None:
    """120 AAPL at 544.47 and 300 IBM short at 197.82, of a million: what the normal tails come to, in floats."""
    values = {"AAPL": 120 * 544.47 / 1e6, "IBM": -300 * 197.82 / 1e6}
    factors = [sum(float(LOADINGS[name][at]) * value for name, value in values.items()) for at in (0, 1)]
    deviation = sqrt(sum(one**2 for one in factors) + 0.00006 * sum(value**2 for value in values.values()))
    at_95, at_99, beyond, days = (
        f"{100 * deviation * one:.2f} %" for one in (1.644854, 2.326348, 2.062713, 1.644854 * sqrt(5))
    )
    assert said(holding(FIGURES, 120, -300)) == [
        "what is held, on the last 250 sessions: one day loses 1.23 % at 95 %, 2.34 % at 99 %, 1.70 % on average"
        " beyond 95 % of NAV; five days: 3.01 % at 95 %, of 250 that overlap",
        f"└─ by the covariance and normal tails: one day loses {at_95} at 95 %, {at_99} at 99 %, {beyond} on average"
        f" beyond 95 %; five days: {days} at 95 %",
    ]


def test_too_few_of_five_days_are_left_out() -> None:
    (head, *_) = said(holding(replace(FIGURES, five_day_observations=96, five_day_95=None), 120))
    assert head.endswith("1.70 % on average beyond 95 % of NAV")


def test_a_position_without_a_covariance_is_named() -> None:
    cycle = holding(FIGURES, 120)
    bare = cycle.with_facts([one for one in cycle.facts if one.template != "risk"])
    assert said(bare)[1] == "└─ no figures by the covariance: AAPL has none"


def test_why_there_are_none_is_told() -> None:
    assert said(holding(NoTailLoss("there are no bars of AAPL"), 120)) == [
        "no historical simulation of what is held: there are no bars of AAPL"
    ]
    assert said(holding(None)) == []


@pytest.mark.parametrize("found", [FIGURES, replace(FIGURES, five_day_95=None), NoTailLoss("too short"), None])
def test_what_was_written_is_read(found: TailLoss | NoTailLoss | None) -> None:
    before = account((position("AAPL", 120),), tail_loss=found)
    assert Portfolio.from_json(parse(canonical(before.to_json()))) == before
    assert ("tail_loss" in before.to_json()) == (found is not None), "portfolios of earlier releases keep their digest"


def test_they_decide_nothing() -> None:
    """The worst figures there may be, and none: all but the portfolio's digest is the same."""
    awful = TailLoss(250, *(Decimal(99) for _ in range(3)), 250, Decimal(99))
    cycle = calm("long", "long", positions=(position("AAPL", 120),))
    other = replace(cycle, portfolio=replace(cycle.portfolio, tail_loss=awful))
    plain, figured = cycle.decided().to_json(), other.decided().to_json()
    assert plain["inputs"].pop("portfolio") != figured["inputs"].pop("portfolio")
    assert any(one["outcome"] in ("granted", "cut") for one in plain["verdicts"])
    assert _without_inputs(plain) == _without_inputs(figured)


def _without_inputs(record: object) -> object:
    """A record without what is made of its inputs' digests."""
    if isinstance(record, dict):
        own = ("inputs", "warrant_id", "client_order_id", "protects", "cancels")
        return {name: _without_inputs(one) for name, one in record.items() if name not in own}
    return [_without_inputs(one) for one in record] if isinstance(record, list) else record
