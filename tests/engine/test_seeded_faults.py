"""Five faults, each planted in arithmetic, encoding and checker, and each seen by those that were left as they are.

A limit is dropped, a sign flipped, working orders are forgotten, `<` stands for `≤`, exits are not capped at the
position. Each has a desk on which it matters, and on which the three agree without it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest

from engine import checker
from engine.checker import complaints
from engine.gate import compiled, reach
from engine.gate import judge as gate
from engine.gate.desk import Desk as Counted
from engine.gate.judge import Judgement
from engine.orders.order import Role, Side
from engine.proof import smt_limits
from engine.proof.prove import prove
from engine.proof.solver import answers
from tests.engine.books_strategy import Desk
from tests.engine.desk_record import exported
from tests.engine.small_desk import desk, entry, leaving, limit, limits, position, working

Fault = Callable[[], AbstractContextManager[Any]]
GROSS = limits(limit("gross", "0.5"))
DESKS = {
    "a limit is dropped": desk([entry("AA", 600)], GROSS),
    # Short entries against a net short limit: with the sign turned they are long ones.
    "a sign is flipped": desk([entry("AA", 300, Side.SELL)], limits(limit("net_short", "0.1"), limit("net_long", "1"))),
    # 400 shares of BB may still be bought: 40 % of NAV, which leaves room for 100 shares of AA.
    "working orders are forgotten": desk(
        [entry("AA", 300)], GROSS, orders=[working("BB", Side.BUY, Role.ENTRY, 400, "100", "90")]
    ),
    # 500 shares of 100 stand exactly at 50 % of NAV.
    "`<` stands for `≤`": desk([entry("AA", 600)], GROSS),
    # 100 shares that a stop and an exit may both sell: uncapped they would reach 100 short, and short margin is dear.
    "exits are not capped at the position": desk(
        [entry("BB", 50)], limits(limit("margin", "0.1", long=Fraction(1, 2), short=Fraction(3))),
        [position("AA", 100)], [working("AA", Side.SELL, Role.STOP, 100, None, "90")], [leaving("AA", Side.SELL, 100)],
    ),
}  # fmt: skip


# --- the faults ---------------------------------------------------------------------------------------------------

ASK, ROOM, BOOK = Counted._ask, gate._room, reach.read_book
WORLD = checker._World.__init__


def _flipped_ask(*of: Any) -> Any:
    made = ASK(*of)
    return made._replace(sign=-made.sign)


def _forgetful_book(*of: Any) -> Any:
    made = BOOK(*of)
    return replace(made, legs=tuple(leg for leg in made.legs if leg.new))


ARITHMETIC: dict[str, Fault] = {
    "a limit is dropped": lambda: patch.dict(compiled._ROWS, gross=lambda *_: None),
    "a sign is flipped": lambda: patch.object(Counted, "_ask", _flipped_ask),
    "working orders are forgotten": lambda: patch("tests.engine.books_strategy.read_book", _forgetful_book),
    "`<` stands for `≤`": lambda: patch.object(gate, "_room", lambda *of: ROOM(*of) - 1),
    "exits are not capped at the position": lambda: patch.object(reach, "_capped", lambda _, legs: legs),
}


def _flipped_order(*of: Any) -> Any:
    from engine.proof.smt_desk import entry_order

    made = entry_order(*of)
    return replace(made, sign=-made.sign)


ENCODING: dict[str, Fault] = {
    "a limit is dropped": lambda: patch.dict(smt_limits._KINDS, gross=lambda *_: iter(())),
    "a sign is flipped": lambda: patch("engine.proof.smt_question.entry_order", _flipped_order),
    "working orders are forgotten": lambda: patch("engine.proof.smt_desk._working", lambda *_: iter(())),
    "`<` stands for `≤`": lambda: patch(
        "engine.proof.prove.answers", lambda script, *more: answers(script.replace("(> ", "(>= "), *more)
    ),
    "exits are not capped at the position": lambda: patch("engine.proof.smt.closable", lambda *_: Fraction(10**6)),
}


def _world(change: Callable[[Any, Any], Any]) -> Fault:
    """The checker with other orders than the record has."""

    def made(self: Any, of: Any, orders: Any, granted: Any) -> None:
        WORLD(self, of, [change(of, one) for one in orders if change(of, one) is not None], granted)

    return lambda: patch.object(checker._World, "__init__", made)


CHECKER: dict[str, Fault] = {
    "a limit is dropped": lambda: patch.dict(checker.NUMERIC, gross=lambda *_: ()),
    "a sign is flipped": lambda: patch.dict(checker.SIGN, buy=-1, sell=1),
    "working orders are forgotten": _world(lambda of, one: None if one in of.resting else one),
    "`<` stands for `≤`": lambda: patch.object(
        checker._World,
        "broken",
        property(lambda self: {key: row[0] for key, row in self.readings.items() if self.granted and row[1] >= row[4]}),
    ),
    "exits are not capped at the position": _world(lambda _, one: one._replace(out=False)),
}


# --- who sees them ------------------------------------------------------------------------------------------------


def solver(of: Desk, judgement: Judgement) -> str | None:
    """What Z3 has against a judgement."""
    return prove(of.portfolio, of.exits, judgement, of.market, of.limits, of.regime).fault


@pytest.mark.parametrize("fault", DESKS)
def test_without_a_fault_the_three_agree(fault: str) -> None:
    of = DESKS[fault]
    judgement = of.judged()
    assert solver(of, judgement) is None
    assert complaints(exported(of, judgement)) == []


@pytest.mark.parametrize("fault", DESKS)
def test_a_fault_of_the_arithmetic_is_seen_by_the_solver_and_by_the_checker(fault: str) -> None:
    of = DESKS[fault]
    with ARITHMETIC[fault]():
        judgement = of.judged()
    assert judgement.rulings != of.judged().rulings
    assert solver(of, judgement) is not None
    assert complaints(exported(of, judgement)) != []


@pytest.mark.parametrize("fault", DESKS)
def test_a_fault_of_the_encoding_is_seen_by_the_arithmetic(fault: str) -> None:
    of = DESKS[fault]
    judgement = of.judged()
    with ENCODING[fault]():
        assert solver(of, judgement) is not None


@pytest.mark.parametrize("fault", DESKS)
def test_a_fault_of_the_checker_shows_on_a_record_that_holds(fault: str) -> None:
    of = DESKS[fault]
    record = exported(of, of.judged())
    with CHECKER[fault]():
        assert [one for one in complaints(record) if not one.startswith("not checked")]
