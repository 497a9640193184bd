"""The second derivation: the limits as SMT-LIB text in which each order's fill is a free variable.

Written from `docs/limits.md`, sharing no formula with `engine.gate.reach` and `engine.gate.measures`: nothing here
knows what a worst case is. Each order fills anything between nothing and its quantity, each limit is a row over the
fills (`engine.proof.smt_limits`), and the solver looks for a filling that breaks one (`engine.proof.smt_question`).

A basket is no more to it than its legs: each fills apart from the others, as they may in the market. That it is entered
as a whole and in its ratio is a condition on the quantities asked for.

The text is a value of the record: any solver that reads SMT-LIB 2 (QF_LRA) can answer it again. Convex limits are in
`engine.proof.smt_convex`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.gate.market import Market
from engine.gate.proposals import Entry, Exit
from engine.limits.model import UNKNOWN_STATE, Limits
from engine.orders.portfolio import Portfolio
from engine.proof.smt_costs import closable, reducing
from engine.proof.smt_desk import Order, read_desk
from engine.proof.smt_question import Asked, Question, Telling, Written, free
from engine.proof.smt_rows import View
from engine.proof.smt_text import Unaskable, number, plus

BUDGET = 2_000_000
"""Solver resource units for each `check-sat`; a decision of five instruments takes five thousand in all."""


@dataclass(frozen=True)
class Script:
    """The text; for each question in its order how often it checks, the limits it names, and the orders of those."""

    text: str
    questions: tuple[Asked, ...]
    checks: tuple[int, ...]
    limits: tuple[tuple[Written, ...], ...]
    orders: tuple[tuple[Order, ...], ...]


def script(
    portfolio: Portfolio,
    exits: Sequence[Exit],
    questions: Sequence[Asked],
    market: Market,
    limits: Limits,
    regime: str,
    state: str = UNKNOWN_STATE,
) -> Script:
    """The text that asks these questions of the desk as it stands. Raises `Unaskable`."""
    entries: dict[str, Entry] = {}
    for question in questions:
        for one in question.grants:
            known = entries.setdefault(one.entry.instrument, one.entry)
            if known is not one.entry and known != one.entry:
                raise Unaskable(f"two entries in {one.entry.instrument}")
    desk = read_desk(portfolio, exits, entries.values(), market, limits, regime, state)
    telling = Telling(desk)
    asked = [Question(telling, question) for question in questions]
    text = "\n".join((*_head(), *_resting(telling.bare), *telling.lines, "(pop 1)")) + "\n"
    return Script(
        text,
        tuple(questions),
        tuple(one.checks for one in asked),
        tuple(tuple(one.written) for one in asked),
        tuple(one.free for one in asked),
    )


def _head() -> Iterator[str]:
    yield "; Orders may fill in part, in any order: is there a filling that breaks a limit or a condition?"
    yield "; A fill is counted in money, at what a share is worth at the reference price, in the account's currency."
    yield f"(set-option :rlimit {BUDGET})"
    yield "(set-logic QF_LRA)"
    yield "(define-fun absolute ((x Real)) Real (ite (< x 0.0) (- x) x))"
    yield "(define-fun greater ((x Real) (y Real)) Real (ite (< x y) y x))"


def _resting(bare: View) -> Iterator[str]:
    """What stands apart from the entries, and is the same for all questions."""
    desk = bare.desk
    yield "; orders that stand apart from this decision's entries"
    for order in desk.resting:
        yield from free(order)
    yield "; exits and stops of one instrument together fill at most the position"
    for one in desk.standing_names:
        for sign in (1, -1):
            if own := reducing(desk, one, sign):
                most = closable(desk, one, sign) * desk.unit(one)
                yield f"(assert (<= {plus(order.fill for order in own)} {number(most)}))"
    yield "; shares after a filling without this decision's entries, where they may be long or short"
    for one in desk.standing_names:
        yield from bare.definitions(one)
    yield "(push 1)"
