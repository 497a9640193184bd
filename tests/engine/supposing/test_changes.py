"""What a person may suppose, what it makes of a case, and what is said where it cannot be meant."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from engine.supposing.case import Case
from engine.supposing.changes import changed
from knowledge.faults import Faulty
from tests.promises.cycles import calm, limits, position, rulebook


def case() -> Case:
    cycle = calm("long", "quiet", positions=(position("IBM", 100),))
    return Case(cycle.snapshot, cycle.portfolio, rulebook(), limits())


def test_a_limit_is_written_where_it_stands_and_nothing_else_changes() -> None:
    before = case()
    after, told = changed(before, ["limit.portfolio.sector=0.45"])
    rows = [{one.id: one.bound for one in side.limits.limits} for side in (before, after)]
    assert {name for name in rows[0] if rows[0][name] != rows[1][name]} == {"portfolio.sector"}
    assert rows[1]["portfolio.sector"] == Fraction(45, 100)
    assert told[0].words == "limit portfolio.sector bound: 45 % in place of 40 %"
    assert (after.snapshot, after.portfolio, after.rulebook) == (before.snapshot, before.portfolio, before.rulebook)


def test_every_sort_of_change() -> None:
    after, told = changed(
        case(),
        [
            "limit.order.quantity=400 shares",
            "limit.account.margin.long=0.4",
            "parameter.kelly_fraction=0.1",
            "multiplier.bull=0.5",
            "fact.indicator(AAPL, rsi-14)=55.555",
            "fact.earnings(AAPL).sessions=7",
            "head.technical.AAPL.conviction=0.5",
            "head.technical.brier=0.2",
            "portfolio.cash=1.5",
            "portfolio.position.IBM=-3",
            "portfolio.operations.kill_switch=yes",
            "portfolio.operations.clock_skew_ms=7",
        ],
        ["indicator(AAPL,adx-14)", "fact.indicator(AAPL,atr-14)"],
        ["quality: {instrument: AAPL, issue: stale, detail: old}"],
    )
    rows = {one.id: one for one in after.limits.limits}
    assert (rows["order.quantity"].bound, rows["account.margin"].long) == (400, Fraction(2, 5))
    assert after.limits.parameters.kelly_fraction == Fraction(1, 10)
    assert after.limits.multiplier("bull") == Fraction(1, 2)
    found = {fact.ref: fact for fact in after.snapshot.facts}
    # The door brings a number to its grid, half to even.
    assert found["indicator(AAPL,rsi-14)"]["value"] == Decimal("55.56")
    assert found["earnings(AAPL)"]["sessions"] == 7
    assert found["advisory(AAPL,technical)"]["conviction"] == Decimal("0.5")
    assert found["head(technical)"]["brier"] == Decimal("0.2")
    assert "quality(AAPL,stale)" in found
    assert "indicator(AAPL,adx-14)" not in found and "indicator(AAPL,atr-14)" not in found
    assert after.portfolio.cash == Decimal("1.5")
    assert [one.quantity for one in after.portfolio.positions] == [Decimal(-3)]
    assert (after.portfolio.operations.kill_switch, after.portfolio.operations.clock_skew_ms) == (True, 7)
    assert len(told) == 15


def test_a_position_of_nothing_is_gone() -> None:
    after, _ = changed(case(), ["portfolio.position.IBM=0"])
    assert after.portfolio.positions == ()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("limit.portfolio.sectr=0.4", "no limit `portfolio.sectr` on 2012-03-01; did you mean `portfolio.sector`"),
        ("limit.order.quantity=4 %", "limit order.quantity bound is in shares, not in per cent"),
        ("limit.order.quantity=4 days", "limit order.quantity bound is in shares, not in `days`"),
        ("limit.portfolio.sector=much", "`much` is no number for limit portfolio.sector bound; write"),
        ("limit.operations.quality=1", "the limit `operations.quality` has no `bound`; its kind is `data_quality`"),
        ("parameter.kelly=1", "there is no parameter `kelly`; did you mean `kelly_fraction`?"),
        ("multiplier.bul=1", "there is no regime `bul`; did you mean `bull`?"),
        ("fact.indicator(AAPL,rsi-15)=5", "holds no `indicator(AAPL,rsi-15)`; did you mean `indicator(AAPL,rsi-14)`"),
        ("fact.indicator(AAPL,rsi-14)=101", "`rsi-14` lies in [0, 100], and 101 does not"),
        ("fact.indicator(AAPL,rsi-14)=nan", "`nan` is not finite"),
        ("fact.indicator(AAPL,rsi-14).valu=5", "`indicator` has no slot `valu`; did you mean `value`?"),
        ("fact.indicator(AAPL,rsi-14).name=x", "`name` is part of what names the fact"),
        ("fact.advisory(AAPL,technical)=1", "say which slot of `advisory(AAPL,technical)`"),
        ("fact.candidate(AAPL,long).conviction=1", "`candidate` is what the rules conclude"),
        ("fact.position(IBM).quantity=1", "`position` is made from the portfolio; set `portfolio.position.SYMBOL`"),
        ("fact.barr(AAPL).close=1", "there is no template `barr`; did you mean `bar`"),
        ("head.tecnical.AAPL.weight=1", "there is no head `tecnical`; did you mean `technical`?"),
        ("head.technical.APPL.weight=1", "`advisory(APPL,technical)`; did you mean `advisory(AAPL,technical)`"),
        ("portfolio.csh=1", "the portfolio has no `csh`; did you mean `cash`"),
        ("portfolio.cash=lots", "`lots` is no number"),
        ("portfolio.position.AAPL=1", "no position in `AAPL` is held"),
        ("portfolio.operations.kill=yes", "operations have no `kill`"),
        ("portfolio.operations.kill_switch=on", "`kill_switch` takes `yes` or `no`, not `on`"),
        ("limits.portfolio.sector=1", "`limits` cannot be set; did you mean `limit`?"),
        ("portfolio.cash", "write what is set and to what"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_a_fault_with_what_to_do(words: str, sentence: str) -> None:
    with pytest.raises(Faulty) as found:
        changed(case(), [words])
    assert sentence in str(found.value)
    assert f"`{words}`: " in str(found.value)


def test_a_bound_that_no_file_may_hold_is_a_fault_of_the_file() -> None:
    with pytest.raises(Faulty, match=r"limits.yaml:[0-9]+:[0-9]+: bound `45` must be"):
        changed(case(), ["limit.portfolio.sector=45"])


@pytest.mark.parametrize(
    ("drops", "adds", "sentence"),
    [
        (["indicator(AAPL,rsi-1)"], [], "holds no `indicator(AAPL,rsi-1)`"),
        (["indicator(AAPL,rsi-14).value"], [], "a fact is dropped as a whole"),
        ([], ["earnings: {instrument: AAPL, sessions: 2}"], "`earnings(AAPL)` is there already"),
        ([], ["earnings: {instrument: AAPL}"], "`earnings` lacks `sessions`"),
        ([], ["candidate: {instrument: AAPL, side: long, horizon: swing, conviction: 1, rule: x}"], "rules conclude"),
        ([], ["nonsense"], "a fact is written as"),
    ],
)
def test_facts_that_are_not_there_and_those_that_are(drops: list[str], adds: list[str], sentence: str) -> None:
    with pytest.raises(Faulty) as found:
        changed(case(), (), drops, adds)
    assert sentence in str(found.value)
