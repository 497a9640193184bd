"""Conditions that a hostile rulebook, or a busy decision, must not slip through."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.desk.making import make_desk
from engine.books.books import Books, portfolio
from engine.decide import decide
from engine.decision import Decision, Verdict
from engine.gate.judge import Outcome
from engine.limits.model import Limits
from engine.orders.order import Kind, Order, Role, Side, State
from engine.orders.portfolio import Mode, Operations, Portfolio, Position, Working
from engine.review.recheck import check_record
from knowledge.values import canonical, parse
from rules.rulebook import Rulebook, read_rulebook
from tests.attack.stage import SESSIONS, Stage, desk, limits

MON = SESSIONS[0]
NAMES = ("AAPL", "IBM", "KO")
ALL_LONG = {(MON, name): "long" for name in NAMES}
PERMISSIVE = """
:- sentence(permitted(Candidate), "~Candidate is permitted").
permitted(Candidate) :- \\+ forbidden(Candidate, _).
:- sentence(forbidden(Candidate, Reason), "~Candidate is forbidden: ~Reason").
forbidden(candidate(Instrument, _, _, _, _), earnings_today) :- earnings(Instrument, 0).
"""
GHOST = """
(defrule ghost
  "quant | nobody knows XYZ, and this rule wants it at any ?rank"
  (declare (salience 0))
  (market (name index-volatility-rank) (value ?rank))
  =>
  (assert (candidate (instrument XYZ) (side long) (horizon swing) (conviction 0.99) (rule ghost))))
"""
PYRAMID = """
(defrule pyramid
  "quant | more of ?i, ?side already"
  (declare (salience 0))
  (position (instrument ?i) (side ?side))
  =>
  (assert (candidate (instrument ?i) (side ?side) (horizon swing) (conviction 0.9) (rule pyramid))))
"""


def book(folder: Path, more: str, policies: str = PERMISSIVE) -> Rulebook:
    """The shipped rulebook with one more rule, under policies that forbid next to nothing."""
    make_desk(folder)
    entry = folder / "rules" / "book" / "entry.clp"
    entry.write_text(entry.read_text(encoding="utf-8") + more, encoding="utf-8")
    (folder / "policies.pl").write_text(policies, encoding="utf-8")
    return read_rulebook(folder)


def without(*kinds: str) -> Limits:
    known = limits()
    return replace(known, limits=tuple(one for one in known.limits if one.kind not in kinds))


def bounded(kind: str, bound: int) -> Limits:
    known = limits()
    return replace(known, limits=tuple(replace(one, bound=bound) if one.kind == kind else one for one in known.limits))


def account(**more: object) -> Portfolio:
    empty = portfolio(Books.open("a", Mode.BACKTEST, "USD", Decimal(1_000_000)), {}, (), Operations())
    return replace(empty, **more)  # type: ignore[arg-type]


def verdict(decision: Decision, name: str) -> Verdict:
    return decision.verdict(name)


# --- an instrument that nobody knows ----------------------------------------------------------------------------


@pytest.mark.parametrize("known", [limits(), without("data_age", "healthy_heads", "head_brier", "head_psi", "head_age",
                                                     "interval_width")])  # fmt: skip
def test_a_candidate_nobody_knows_is_denied_for_lack_of_figures_and_costs_no_other(tmp_path: Path, known: Limits):
    rulebook = book(tmp_path / "desk", GHOST)
    stage = Stage(desk(tmp_path), moods={(MON, "AAPL"): "long"})
    decision = decide(stage.snapshot(MON), rulebook, known, account())
    ghost = verdict(decision, "XYZ")
    assert ghost.outcome is Outcome.DENIED
    assert "operations.complete" in ghost.reasons
    complete = next(one for one in ghost.findings if one.limit == "operations.complete")
    assert "XYZ every figure" in complete.detail
    assert verdict(decision, "AAPL").outcome in (Outcome.GRANTED, Outcome.CUT)


# --- messages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bound", [0, 1, 2, 3])
def test_one_decision_sends_no_more_messages_than_the_rate_allows(tmp_path: Path, bound: int):
    stage = Stage(desk(tmp_path), names=NAMES, moods=ALL_LONG)
    known = bounded("message_rate", bound)
    snapshot, held = stage.snapshot(MON), account()
    rulebook = book(tmp_path / "desk", "")
    decision = decide(snapshot, rulebook, known, held)
    assert len(decision.warrants) == bound
    record = parse(canonical(decision.to_json()))
    assert check_record(record, snapshot, held, known) == []


# --- more of what is held, while its stop moves -----------------------------------------------------------------


def test_an_entry_beside_a_trailing_stop_of_the_same_instrument_has_orders_of_its_own_names(tmp_path: Path):
    rulebook = book(tmp_path / "desk", PYRAMID)
    owner = ("quant-swing", "swing")
    held = Position("AAPL", Decimal(20), Decimal(470), Decimal(400), Decimal(500), 1, "USD", Decimal(1), *owner)
    stop = Order("old", "AAPL", Side.SELL, Role.STOP, Kind.STOP, Decimal(20), None, Decimal(400), True, *owner, "USD",
                 Decimal(1))  # fmt: skip
    stage = Stage(desk(tmp_path), moods={(MON, "AAPL"): "long"})
    one = account(positions=(held,), working=(Working(stop, Decimal(20), State.WORKING),))
    decision = decide(stage.snapshot(MON), without_take_profit(rulebook), limits(), one)
    orders = [order for each in decision.warrants for order in (each.order, each.protective_stop) if order]
    assert sorted(order.role for order in orders) == [Role.ENTRY, Role.STOP, Role.STOP]
    assert len({order.client_order_id for order in orders}) == 3


def without_take_profit(rulebook: Rulebook) -> Rulebook:
    """The same book without the rule that would close the position first."""
    told = rulebook.to_json()
    for pair in told["rules"]:
        pair[1] = pair[1].replace("(return ?gain&:(>= ?gain 0.025))", "(return ?gain&:(>= ?gain 2.5))")
    return Rulebook.from_json(told)
