"""One decision of each kind, told in full: golden explanations that a reviewer can read.

The goldens are `tests/engine/__snapshots__/test_decide.ambr`. After a change that is meant to change them:
`pytest tests/engine/test_decide.py --snapshot-update`, and read the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest

from engine.baskets import proposed
from engine.decision import Decision
from engine.exits import propose_exits
from engine.gate.market import read_market
from engine.orders.basket import Basket
from engine.orders.order import Role, Side
from engine.orders.portfolio import Operations, Position
from engine.proof.solver import Answer
from engine.reasons import REVERSAL
from engine.review.recheck import check_record
from engine.telling.as_text import lines
from engine.telling.explain import Evidence, explain_decision
from engine.telling.tokens import plain
from knowledge.door import fact
from knowledge.facts import Fact
from tests.promises.cycles import (
    HEADS,
    Cycle,
    account,
    advisory,
    calm,
    head_fact,
    limits,
    market_facts,
    order,
    position,
    rulebook,
    with_bounds,
)


def told(cycle: Cycle, decision: Decision) -> str:
    """The explanation of a decision, without the digests of its inputs; before it the paragraphs of all its parts."""
    record = {**decision.to_json(), "record_id": "D-1", "desk": "test"}
    tree = explain_decision(Evidence(record, cycle.snapshot, cycle.portfolio, rulebook(), cycle.limits))
    paragraphs = [plain(one) for part in (tree, *tree.parts) for one in part.summary]
    bare = tree.of(part for part in tree.parts if part.text != "inputs").headed()
    return "\n".join((*paragraphs, "", *lines(bare)))


def said_instead(cycle: Cycle, *facts: Fact) -> Cycle:
    """The cycle with facts that replace those of the same name."""
    refs = {one.ref for one in facts}
    return cycle.with_facts([*(one for one in cycle.facts if one.ref not in refs), *facts])


def modest(cycle: Cycle) -> Cycle:
    """Heads whose bets hardly pay, so that sizes are small."""
    return said_instead(cycle, *(head_fact(name, payoff="0.86") for name in HEADS))


def granted() -> Cycle:
    return modest(calm("long"))


def cut() -> Cycle:
    return calm("long")


def denied_alone() -> Cycle:
    """Compliance says no, whatever the numbers; the solver finds it forbidden too."""
    return said_instead(modest(calm("long")), fact("earnings", instrument="AAPL", sessions=2))


def denied_by_a_number() -> Cycle:
    """No settled cash: not even one share."""
    return modest(replace(calm("long"), portfolio=account(settled_cash=Decimal(20_000))))


def denied_crowded_out() -> Cycle:
    """Gross exposure has room for the first candidate and nothing else."""
    cycle = said_instead(calm("long", "long"), *(advisory("IBM", name, "long", "0.80") for name in HEADS))
    return replace(cycle, limits=with_bounds(limits(), {"portfolio.gross": Fraction("0.0946")}))


def refused_twice() -> Cycle:
    """Beside the first candidate neither exposure nor cash has room for one share: docs/refusal.md adds it up."""
    cycle = modest(said_instead(calm("long", "long"), *(advisory("IBM", name, "long", "0.80") for name in HEADS)))
    law = with_bounds(limits(), {"portfolio.gross": Fraction("0.065")})
    rows = tuple(replace(one, owner="treasury") if one.id == "account.cash" else one for one in law.limits)
    return replace(cycle, limits=replace(law, limits=rows), portfolio=account(settled_cash=Decimal(86_900)))


def no_candidate() -> Cycle:
    """Three heads agree, and not strongly enough."""
    return said_instead(
        calm("long"), *(advisory("AAPL", name, "long", "0.74") for name in HEADS[:3]),
        advisory("AAPL", HEADS[3], "short", "0.90"),
    )  # fmt: skip


def exit_on_time() -> Cycle:
    return calm("quiet", positions=(position("AAPL", 120, sessions=5),))


def paced_exit() -> Cycle:
    """More shares than one order may hold: a slice now, the rest is asked for again."""
    held = replace(calm("quiet"), portfolio=account(positions=(position("AAPL", 1700, sessions=5),)))
    return replace(held, limits=with_bounds(limits(), {"order.quantity": Fraction(500)}))


def reversal() -> Cycle:
    """The heads turned against a long: it closes, and a short may follow in a cycle after that."""
    return calm("short", positions=(position("AAPL", 120),))


def trail() -> Cycle:
    """A better close raised the best close, and the stop follows it."""
    held = replace(position("AAPL", 120, stop="500"), best_close=Decimal("540"))
    return calm("quiet", positions=(held,))


def held_back() -> Cycle:
    """The venue has halted the instrument: the one exit that waits, and says so."""
    return replace(
        exit_on_time(),
        portfolio=replace(exit_on_time().portfolio, operations=Operations(frozen=("AAPL",))),
    )


def pair() -> Cycle:
    """AAPL stands high and IBM low, and three heads have a word for each side, two of them a strong one."""
    words = [advisory("AAPL", name, "short", conviction) for name, conviction in zip(HEADS, LEANING, strict=False)]
    words += [advisory("IBM", name, "long", conviction) for name, conviction in zip(HEADS, LEANING, strict=False)]
    return apart(said_instead(modest(calm("quiet", "quiet")), *words))


def apart(cycle: Cycle) -> Cycle:
    """The cycle with the two standing apart."""
    stands = (("AAPL", "1.9"), ("IBM", "-1.8"))
    return said_instead(
        cycle, *(fact("indicator", instrument=name, name="zscore-20", value=value) for name, value in stands)
    )


LEANING = ("0.85", "0.80", "0.55")
PAIR = Basket("AAPL-IBM", (("AAPL", Fraction(-4)), ("IBM", Fraction(11))))


def pair_cut() -> Cycle:
    """Net long exposure has room for a part of the bought leg, and the sold one is cut with it."""
    return replace(pair(), limits=with_bounds(limits(), {"portfolio.net_long": Fraction("0.02")}))


def pair_forbidden() -> Cycle:
    """Earnings are near for one leg: both are denied."""
    return said_instead(pair(), fact("earnings", instrument="IBM", sessions=2))


def leg(name: str, quantity: int, sessions: int = 2) -> Position:
    return replace(position(name, quantity, sessions), basket=PAIR)


def pair_leaves() -> Cycle:
    """One leg has been held for five sessions: the other leaves with it."""
    return apart(calm("quiet", "quiet", positions=(leg("AAPL", -40, sessions=5), leg("IBM", 110))))


def leg_left_behind() -> Cycle:
    """IBM filled in part before its day ended: as much of AAPL as stands without it is bought back."""
    return apart(calm("quiet", "quiet", positions=(leg("AAPL", -40), leg("IBM", 83))))


def obliged() -> Cycle:
    """No rule asks for it: AAPL's exposure is beyond its bound, and goes back to it; its stop follows the price."""
    held = (position("AAPL", 300), position("IBM", 100))
    return replace(
        cycle := calm("quiet", "quiet", positions=held),
        limits=with_bounds(cycle.limits, {"position.exposure": Fraction("0.05")}),
    )


def obliged_in_vain() -> Cycle:
    """More is lost today than may be: nothing may stay at risk, and that is not enough."""
    cycle = calm("quiet", "quiet", positions=(position("AAPL", 300), position("IBM", -100)))
    return replace(cycle, portfolio=replace(cycle.portfolio, day_pnl=Decimal(-45_000)))


def without_an_edge() -> Cycle:
    """Heads that agree, and whose bets lost more than they paid: no size, and why."""
    return said_instead(calm("long"), *(head_fact(name, payoff="0.7") for name in HEADS))


def every_factor() -> Cycle:
    """A bear market, a lively share that moves with what is held, in lots of ten."""
    cycle = modest(calm("short", "quiet", positions=(position("IBM", -200),)))
    reference = dict(next(one for one in cycle.facts if one.ref == "reference(AAPL)").slots)
    return said_instead(cycle, fact("reference", **{**reference, "lot": 10}), *market_facts("bear"))


OUTCOMES: dict[Callable[[], Cycle], tuple[str, str, list[tuple[str, str]]]] = {
    granted: ("AAPL", "granted", [("AAPL", "entry")]),
    cut: ("AAPL", "cut", [("AAPL", "entry")]),
    denied_alone: ("AAPL", "denied", []),
    denied_by_a_number: ("AAPL", "denied", []),
    denied_crowded_out: ("IBM", "denied", [("AAPL", "entry")]),
    no_candidate: ("AAPL", "no-candidate", []),
    exit_on_time: ("AAPL", "no-candidate", [("AAPL", "exit")]),
    paced_exit: ("AAPL", "no-candidate", [("AAPL", "exit")]),
    reversal: ("AAPL", "no-candidate", [("AAPL", "exit")]),
    trail: ("AAPL", "no-candidate", [("AAPL", "stop")]),
    held_back: ("AAPL", "no-candidate", []),
    pair: ("AAPL", "granted", [("AAPL", "entry"), ("IBM", "entry")]),
    pair_cut: ("AAPL", "cut", [("AAPL", "entry"), ("IBM", "entry")]),
    pair_forbidden: ("AAPL", "denied", []),
    pair_leaves: ("IBM", "no-candidate", [("AAPL", "exit"), ("IBM", "exit")]),
    without_an_edge: ("AAPL", "denied", []),
    every_factor: ("AAPL", "granted", [("IBM", "stop"), ("AAPL", "entry")]),
    obliged: ("AAPL", "no-candidate", [("AAPL", "exit"), ("AAPL", "stop"), ("IBM", "stop")]),
    obliged_in_vain: ("AAPL", "no-candidate", [("AAPL", "exit"), ("IBM", "exit")]),
    leg_left_behind: ("AAPL", "no-candidate", [("AAPL", "exit"), ("AAPL", "stop"), ("IBM", "stop")]),
}


@pytest.mark.parametrize("make", OUTCOMES, ids=lambda make: make.__name__)
def test_a_decision_of_each_kind_is_told(make: Callable[[], Cycle], snapshot: Any) -> None:
    cycle = make()
    decision = cycle.decided()
    name, outcome, sent = OUTCOMES[make]
    assert decision.verdict(name).outcome == outcome
    assert [(one.order.instrument, one.order.role.value) for one in decision.warrants] == sent
    assert told(cycle, decision) == snapshot


def test_an_undetermined_decision_is_told(snapshot: Any) -> None:
    cycle = modest(calm("long"))
    with patch("engine.proof.prove.answers", lambda text, *_: [Answer("unknown")] * text.count("(check-sat)")):
        decision = cycle.decided()
    assert decision.verdict("AAPL").outcome == "undetermined"
    assert decision.warrants == ()
    assert told(cycle, decision) == snapshot


def test_a_cycle_whose_rules_went_round_is_told(snapshot: Any) -> None:
    cycle = calm("long")
    with (
        patch("knowledge.clips.session.MOST_FIRINGS", 3),
        patch("knowledge.clips.session.ClipsImage.infer.__defaults__", (3,)),
    ):
        decision = cycle.decided()
    assert decision.fault == "the rules did not come to an end within 3 firings"
    assert told(cycle, decision) == snapshot


def test_a_basket_is_warranted_with_its_ratio_and_a_record_of_it_bears_out() -> None:
    cycle = pair()
    decision = cycle.decided()
    assert [one.order.basket for one in decision.warrants] == [PAIR, PAIR]
    assert [one.order.quantity for one in decision.warrants] == [29 * 4, 29 * 11]
    assert all(one.protective_stop is not None and one.protective_stop.basket is None for one in decision.warrants)
    for made in (cycle, pair_cut(), pair_forbidden(), pair_leaves(), leg_left_behind()):
        assert check_record(made.decided().to_json(), made.snapshot, made.portfolio, made.limits) == []


@pytest.mark.parametrize("change", ["quantity", "basket", "ratio"])
def test_a_record_that_says_another_thing_of_a_leg_is_found(change: str) -> None:
    cycle = pair_cut()
    record = cycle.decided().to_json()
    verdict = next(one for one in record["verdicts"] if one["instrument"] == "IBM")
    if change == "quantity":
        verdict["quantity"] = "88"
    elif change == "basket":
        del verdict["basket"]
    else:
        verdict["basket"]["legs"]["IBM"] = "10"
    assert check_record(record, cycle.snapshot, cycle.portfolio, cycle.limits)


def test_as_much_leaves_as_stands_without_its_fellows() -> None:
    """83 IBM are 7 6/11 units of 11, for which 30 2/11 of 40 AAPL are held: 9 whole ones go."""
    ((verdict),) = leg_left_behind().decided().exits
    assert (verdict.exit.instrument, verdict.exit.quantity, verdict.asked) == ("AAPL", 9, "9")
    assert verdict.exit.reasons == ("basket:AAPL-IBM",)


def test_a_basket_may_wait_while_an_entry_of_it_works() -> None:
    cycle = apart(calm("quiet", "quiet", positions=(leg("AAPL", -40),)))
    ((alone),) = cycle.decided().exits
    assert (alone.exit.instrument, alone.exit.quantity) == ("AAPL", 40)
    entry = order("e-IBM", "IBM", Side.BUY, Role.ENTRY, Decimal(110), Decimal(200), Decimal(180))
    waiting = replace(entry, order=replace(entry.order, basket=PAIR))
    assert replace(cycle, portfolio=replace(cycle.portfolio, working=(waiting,))).decided().exits == ()


def test_a_basket_that_the_rules_leave_open_is_none() -> None:
    """A leg without a candidate: the other one is no candidate either, and says why."""
    cycle = pair()
    derived = [one for one in cycle.decided().derived if one.ref != "candidate(IBM,long)"]
    market = read_market(cycle.snapshot, cycle.portfolio, cycle.limits.parameters.cluster_threshold)
    found = proposed(derived, market)
    assert (dict(found.candidates), dict(found.baskets)) == ({}, {})
    assert found.refused == {"AAPL": "the basket `AAPL-IBM` is not whole: IBM is no candidate"}


def test_crowded_out_is_not_alone() -> None:
    verdict = denied_crowded_out().decided().verdict("IBM")
    assert [(core.limit, core.grants) for core in verdict.cores] == [("portfolio.gross", ("AAPL",))]
    alone = said_instead(denied_crowded_out(), *(advisory("AAPL", name, "flat") for name in HEADS)).decided()
    assert alone.verdict("IBM").outcome == "cut"


def test_a_paced_exit_sends_a_slice_and_remembers_the_rest() -> None:
    decision = paced_exit().decided()
    (ruled,) = decision.exits
    assert (ruled.exit.quantity, ruled.asked) == (500, "1700")
    assert decision.warrants[0].order.quantity == 500


def test_an_order_that_would_cross_zero_closes_first() -> None:
    """Rules of another book may propose a candidate against a position: it is an exit now."""
    cycle = calm("quiet", positions=(position("AAPL", 120),))
    against = fact("candidate", instrument="AAPL", side="short", horizon="swing", conviction="0.8", rule="by-hand")
    market = read_market(cycle.snapshot, cycle.portfolio, cycle.limits.parameters.cluster_threshold)
    ((proposed, left),) = propose_exits([against], cycle.portfolio, market, cycle.limits.limits)
    assert (proposed.side.value, proposed.quantity, left) == ("sell", 120, 120)
    assert proposed.reasons == (f"{REVERSAL}:by-hand",)


def test_a_trailing_stop_goes_to_the_tick_away_from_the_price() -> None:
    (warrant,) = trail().decided().warrants
    order = warrant.order
    # Two true ranges of 10.8894 below 540 are 518.2212.
    assert (order.role, order.stop_price, order.quantity, order.reduce_only) == (
        Role.STOP,
        Decimal("518.22"),
        120,
        True,
    )


def test_a_granted_entry_carries_its_collar_and_its_stop() -> None:
    (warrant,) = granted().decided().warrants
    # 3 % above 544.47, and two true ranges of 10.8894 below it.
    assert warrant.order.limit_price == Decimal("560.80")
    assert warrant.protective_stop is not None
    assert warrant.protective_stop.stop_price == Decimal("522.69")
    assert warrant.protective_stop.reduce_only
    assert warrant.expires_at == "2012-03-02T23:59:59Z"


def test_a_target_lies_beyond_the_worst_price_of_its_entry_where_the_limits_ask_for_one() -> None:
    for mood, cycle, price in (("long", granted(), "574.82"), ("short", calm("short", "quiet"), "514.93")):
        asked = replace(cycle.limits, parameters=replace(cycle.limits.parameters, take_profit=Fraction(1, 40)))
        (warrant,) = replace(cycle, limits=asked).decided().warrants
        target, stop = warrant.take_profit, warrant.protective_stop
        assert target is not None and stop is not None
        # 2.5 % beyond the limit price, away from it on the tick: a gain, wherever the entry fills.
        assert (target.role, target.limit_price) == (Role.TARGET, Decimal(price)), mood
        assert (target.side, target.quantity, target.reduce_only) == (stop.side, stop.quantity, True)
        assert cycle.decided().warrants[0].take_profit is None, "the desk ships without"
