"""Arithmetic and solver agree on every desk, and every fault planted in one of them is noticed by the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given

from engine.gate import compiled, reach
from engine.gate import judge as gate
from engine.gate.desk import Ask
from engine.gate.desk import Desk as Counted
from engine.gate.judge import Judgement, Outcome
from engine.gate.reach import Book
from engine.orders.order import Role, Side
from engine.proof import prove as proof
from engine.proof import smt_desk, smt_limits
from engine.proof.prove import Proof, prove
from engine.proof.solver import Answer, Nonsense
from knowledge.values import canonical, digest
from tests.engine.books_strategy import Desk, desks, further, together
from tests.engine.small_desk import desk, entry, leaving, limit, limits, position, terms, working

GROSS = limits(limit("gross", "0.5"))


def proved(of: Desk, judgement: Judgement | None = None) -> Proof:
    return prove(of.portfolio, of.exits, judgement or of.judged(), of.market, of.limits, of.regime)


@given(desks())
def test_arithmetic_and_solver_agree(any_desk: Desk) -> None:
    found = proved(any_desk)
    assert found.agrees, found.fault


@given(desks(most_instruments=2, rows=2))
def test_one_lot_more_than_granted_is_refused_by_the_solver_too(any_desk: Desk) -> None:
    """Grants pushed by one lot: where no limit and no target would stop it, the arithmetic had been too strict."""
    judgement = any_desk.judged()
    parties = together(judgement.rulings)
    for at, ruled in enumerate(parties):
        if ruled[0].outcome is Outcome.CUT:
            before = [one for party in parties[:at] for one in party]
            pushed = [
                replace(one, outcome=Outcome.GRANTED, quantity=more.quantity, binding=())
                for one, more in zip(ruled, further(ruled, any_desk.market), strict=True)
            ]
            assert not proved(any_desk, replace(judgement, rulings=(*before, *pushed))).agrees


# --- planted faults ---------------------------------------------------------------------------------------------


def flipped(*of: Any, known: Callable[..., Ask] = Counted._ask) -> Ask:
    made = known(*of)
    return made._replace(sign=-made.sign)


def forgetful(book: Book) -> Book:
    return replace(book, legs=tuple(leg for leg in book.legs if leg.new))


CROWDED = desk([entry("AA", 300)], GROSS, orders=[working("BB", Side.BUY, Role.ENTRY, 400, "100", "90")])
"""400 shares of BB may still be bought: 40 % of NAV, which leaves room for 100 shares of AA."""
SHORTS = limits(limit("net_short", "0"), limit("net_long", "1"))
HEDGED = desk(
    [entry("AA", 900)], GROSS, [position("AA", 100)],
    [working("AA", Side.SELL, Role.STOP, 100, stop_price="90"), working("AA", Side.SELL, Role.EXIT, 100)],
)  # fmt: skip
"""100 shares that a stop and an exit may both sell: uncapped they would reach 100 short, which is no worse in gross."""


def test_the_arithmetic_forgets_a_limit() -> None:
    with patch.dict(compiled._ROWS, gross=lambda *_: None):
        judgement = CROWDED.judged()
    assert judgement.grants[0].quantity == 300
    assert "expected unsat, got sat" in str(proved(CROWDED, judgement).fault)


def test_the_arithmetic_forgets_working_orders() -> None:
    judgement = gate.judge(forgetful(CROWDED.book), CROWDED.entries, CROWDED.market, CROWDED.limits, CROWDED.regime)
    assert not proved(CROWDED, judgement).agrees


def test_the_arithmetic_flips_a_sign() -> None:
    of = desk([entry("AA", 300)], SHORTS)
    assert proved(of).agrees
    with patch.object(Counted, "_ask", flipped):
        judgement = of.judged()
    assert judgement.grants == ()
    assert not proved(of, judgement).agrees


def test_the_arithmetic_asks_for_less_than_the_bound() -> None:
    """`<` for `≤`: 500 shares stand exactly at 50 % of NAV."""
    of = desk([entry("AA", 600)], GROSS)
    assert of.judged().grants[0].quantity == 500
    strict = gate._room

    def room(*of: object) -> int:
        return strict(*of) - 1  # type: ignore[arg-type]

    with patch.object(gate, "_room", room):
        judgement = of.judged()
    assert judgement.grants[0].quantity == 499
    assert not proved(of, judgement).agrees


def test_the_arithmetic_lets_exits_cross_zero() -> None:
    """Held 100 long with 200 to sell: capped the position ends flat, uncapped 100 short, which `net_short` forbids."""
    under = limits(limit("margin", "0.1", long=Fraction(1, 2), short=Fraction(3)))
    of = desk([entry("BB", 50)], under, [position("AA", 100)], [working("AA", Side.SELL, Role.STOP, 100, None, "90")],
              [leaving("AA", Side.SELL, 100)])  # fmt: skip
    assert proved(of).agrees and of.judged().grants[0].quantity == 50
    with patch.object(reach, "_capped", lambda _, legs: legs):
        judgement = of.judged()
    assert judgement.rulings[0].outcome is Outcome.DENIED
    assert not proved(of, judgement).agrees


@pytest.mark.parametrize(
    ("of", "name", "wrong"),
    [
        (CROWDED, "engine.proof.smt_limits._gross", lambda limit, view: iter(())),
        (CROWDED, "engine.proof.smt_desk._working", lambda portfolio, market, limits: iter(())),
        (CROWDED, "engine.proof.smt_limits._exposed", lambda desk, one, side: Fraction(0)),
        (HEDGED, "engine.proof.smt_costs.closable", lambda desk, one, sign: Fraction(0)),
    ],
    ids=["a limit", "working orders", "exposures", "exits"],
)
def test_a_fault_in_the_encoding_is_noticed(of: Desk, name: str, wrong: object) -> None:
    cost = replace(of, limits=replace(of.limits, parameters=replace(of.limits.parameters, fee_per_share=Fraction(1))))
    assert proved(cost).agrees
    with patch(name, wrong), patch.dict(smt_limits._KINDS, {"gross": smt_limits._gross}):  # type: ignore[arg-type]
        assert not proved(cost).agrees


def test_stops_forgotten_by_the_encoding_are_noticed() -> None:
    of = desk([entry("AA", 300, stop_price="60")], limits(limit("stop_loss", "0.05")))
    assert proved(of).agrees and of.judged().grants[0].quantity == 125
    with patch.object(smt_desk, "_lost", lambda sign, price, stop, terms: Fraction(0)):
        assert not proved(of).agrees


# --- answers ----------------------------------------------------------------------------------------------------


def test_without_entries_there_is_nothing_to_ask() -> None:
    of = desk([], GROSS, [position("AA", 100)])
    with patch.object(proof, "answers", side_effect=AssertionError("the solver was called")):
        found = proved(of)
    assert found.agrees and found.script == "" and found.answers == ()
    assert list(found.versions) == ["z3"]


FOUND = Answer("sat", (("v0", Fraction(50_001)), ("|entry AA|", Fraction(501))))
"""What the solver finds of 501 shares against 50 % of NAV; before it the first question, in two pieces."""


def test_the_answer_that_the_others_are_not_is_an_agreement() -> None:
    with patch.object(proof, "answers", return_value=[Answer("unsat"), Answer("unsat"), FOUND]):
        assert proved(desk([entry("AA", 600)], GROSS)).agrees


@pytest.mark.parametrize(
    "given_answers",
    [
        [Answer("unsat"), Answer("unknown"), FOUND],
        [Answer("unknown"), Answer("unsat"), FOUND],
        [Answer("unsat"), Answer("unsat"), Answer("unknown")],
        [Answer("unsat"), Answer("unsat"), Answer("unsat")],
        [Answer("unsat"), Answer("sat"), FOUND],
        [Answer("sat"), Answer("unsat"), FOUND],
        [Answer("unsat"), FOUND],
        [Answer("unsat"), Answer("unsat"), FOUND, Answer("sat")],
        [Answer("unsat"), Answer("unsat"), Answer("sat")],
        [Answer("unsat"), Answer("unsat"), Answer("sat", (("v0", Fraction(50_001)),))],
        [Answer("unsat"), Answer("unsat"), Answer("sat", (("v0", Fraction(50_000)), ("|entry AA|", Fraction(500))))],
        [],
    ],
)
def test_any_other_answer_is_no_agreement(given_answers: list[Answer]) -> None:
    of = desk([entry("AA", 600)], GROSS)
    assert proved(of).agrees
    with patch.object(proof, "answers", return_value=given_answers):
        found = proved(of)
    assert not found.agrees and found.fault and found.sentences == {}


def test_nonsense_is_no_agreement() -> None:
    with patch.object(proof, "answers", side_effect=Nonsense("`banana`")):
        found = proved(CROWDED)
    assert found.fault == "the solver's answer makes no sense: `banana`"
    assert found.script


def test_two_entries_in_one_instrument_cannot_be_asked_about() -> None:
    entries = [entry("AA", 10), entry("AA", 20)]
    of = desk(entries, GROSS)
    with pytest.raises(ValueError, match="two entries in AA"):
        of.judged()
    rulings = tuple(ruling for one in entries for ruling in desk([one], GROSS).judged().rulings)
    found = proved(of, replace(desk(entries[:1], GROSS).judged(), rulings=rulings))
    assert not found.agrees and "two entries in AA" in str(found.fault)


def test_a_budget_that_runs_out_is_no_agreement() -> None:
    with patch("engine.proof.smt.BUDGET", 1):
        found = proved(CROWDED)
    assert not found.agrees and "budget" in str(found.fault)


# --- words ------------------------------------------------------------------------------------------------------


def test_the_filling_is_told() -> None:
    found = proved(CROWDED)
    assert found.sentences["AA"] == (
        "no filling of the granted orders breaks a limit or a condition (unsat)",
        "one lot more, and if the entry in AA fills 100.01 and the working entry in BB fills 400:"
        " gross stands at 50.00 % of at most 50.00 % of NAV (1.00 USD beyond) (sat)",
    )
    assert dict(found.answers[1].filling) == {"entry AA": "100.01", "entry 1 BB": "400"}


def test_a_condition_is_told() -> None:
    of = desk([entry("AA", 10, forbidden=["compliance.policy"]), entry("CC", 0)], GROSS)
    told = proved(of).sentences
    assert told["AA"] == ("one lot more is forbidden by compliance.policy, however the orders fill (sat)",)
    assert told["CC"] == ("one lot more is beyond its target of 0 shares, however the orders fill (sat)",)


def test_an_order_limit_is_told_in_its_own_unit() -> None:
    of = desk([entry("AA", 10)], limits(limit("order_quantity", 7)))
    assert proved(of).sentences["AA"][1] == (
        "one lot more, and however the orders fill order_quantity[AA] stands at 8 of at most 7 (sat)"
    )


def test_an_instrument_without_figures_has_only_conditions() -> None:
    of = desk([entry("AA", 0, forbidden=["operations.complete"])], GROSS, market={"BB": terms("BB")})
    found = proved(of)
    assert found.agrees
    assert "|entry AA|" not in found.script


# --- the record -------------------------------------------------------------------------------------------------


@given(desks())
def test_a_proof_is_a_canonical_value_and_the_same_each_time(any_desk: Desk) -> None:
    first, second = (proved(any_desk).to_json() for _ in range(2))
    assert canonical(first) == canonical(second)
    assert first["script_digest"] == digest(canonical(first["script"]))
    assert json.loads(canonical(first)) == first


def every_number(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from every_number(one)
    else:
        yield value


def test_a_record_holds_no_float() -> None:
    assert not any(isinstance(one, float) for one in every_number(proved(CROWDED).to_json()))
