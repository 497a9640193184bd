"""Edited files: the verdict a person would say each time, witnesses that the gate bears out, sums that add up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.gate.judge import Outcome, judge
from engine.gate.market import Market
from engine.gate.reach import read_book
from engine.limits.model import Limits
from engine.universe.diff import Answer, Direction
from engine.universe.farkas import Certificate
from engine.universe.replay import replay
from tests.engine.small_desk import desk, position
from tests.engine.universe.edited import INSTRUMENTS, all_edited, listed
from tests.engine.universe.made_market import made_market

MARKET = made_market(INSTRUMENTS)


def test_there_are_ten_and_more() -> None:
    assert len(all_edited()) == len(listed()) >= 10
    assert {one.verdict for one in all_edited().values()} == {"equivalent", "tighter", "looser", "incomparable"}


@pytest.mark.parametrize("name", [one["name"] for one in listed()])
def test_the_verdict_is_what_a_person_says(name: str) -> None:
    one = all_edited()[name]
    found = one.compared()
    assert found.verdict.value == one.verdict, found.to_json()
    for direction, accept, refuse in ((found.looser, one.new, one.old), (found.tighter, one.old, one.new)):
        _borne_out(direction, accept, refuse)


def _borne_out(direction: Direction, accept: Limits, refuse: Limits) -> None:
    """Each witness once more through the gate; and it is the limit in question that refuses."""
    for effect in direction.effects:
        if effect.witness is None:
            continue
        asked = effect.witness.asked
        assert replay(asked, MARKET, accept).outcome is Outcome.GRANTED
        refused = replay(asked, MARKET, refuse)
        assert refused.outcome in (Outcome.CUT, Outcome.DENIED)
        assert effect.limit in refused.reasons


def certificates() -> list[tuple[Certificate, Limits, str]]:
    """Every sum the comparisons show, with the file whose rows it adds up and the regime it is about."""
    found = []
    for one in all_edited().values():
        diff = one.compared()
        for direction, kept_by in ((diff.looser, one.new), (diff.tighter, one.old)):
            for effect in direction.effects:
                if effect.answer is Answer.NO and effect.certificate is not None and effect.case is not None:
                    found.append((effect.certificate, kept_by, effect.case.regime))
    return found


@settings(max_examples=max(6, settings.default.max_examples // 10))
@given(st.lists(st.integers(-400, 400), min_size=INSTRUMENTS, max_size=INSTRUMENTS))
def test_the_sums_hold_of_what_the_gate_measures(shares: list[int]) -> None:
    """Whatever is held: what the gate reads of the rows, added up, is at least what it reads of the target."""
    held = [position(name, one, stop="1000" if one < 0 else "1") for name, one in zip(MARKET.terms, shares, strict=True)
            if one]  # fmt: skip
    for shown, limits, regime in certificates_once():
        read = _readings(limits, regime, held, MARKET)
        if shown.target not in read or any(part.key not in read for part in shown.parts):
            continue
        assert sum((part.multiplier * read[part.key] for part in shown.parts), Fraction(0)) >= read[shown.target]


_ONCE: list[tuple[Certificate, Limits, str]] = []


def certificates_once() -> list[tuple[Certificate, Limits, str]]:
    if not _ONCE:
        _ONCE.extend(certificates())
        assert _ONCE
    return _ONCE


def _readings(limits: Limits, regime: str, held: list, market: Market) -> dict[str, Fraction]:  # type: ignore[type-arg]
    book = read_book(desk((), limits, held, market=market.terms).portfolio, (), market, limits)
    return {one.measure: one.value for one in judge(book, [], market, limits, regime, "active").readings}


def test_a_witness_is_written_with_everything_a_stranger_needs() -> None:
    raised = all_edited()["sector cap raised"]
    told = raised.compared().to_json()
    (effect,) = told["looser"]
    witness = effect["witness"]
    assert witness["accepted"]["outcome"] == "granted"
    assert witness["refused"] == {
        "outcome": "denied", "quantity": "0", "limits": ["portfolio.sector"], "trading_state": "active",
    }  # fmt: skip
    assert Decimal(witness["portfolio"]["nav"]) > 0
    assert witness["entry"]["instrument"] in MARKET.terms
