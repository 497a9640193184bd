"""Promise 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decision import Decision, ExitVerdict
from engine.exits import propose_exits, rule_on_exits, worsened
from engine.gate.circumstances import Circumstances
from engine.gate.conditions import HOLDS
from engine.issue import issue_warrants
from engine.orders.order import Role, Side
from engine.orders.portfolio import Operations, Portfolio
from engine.orders.warrants import Inputs, Warrant
from engine.proof.solver import Answer, Nonsense
from engine.reasons import OBLIGATION
from knowledge.door import fact, freeze
from knowledge.facts import Fact
from tests.engine.books_strategy import NAMES, Desk, desks
from tests.promises.cycles import (
    OWNER,
    Cycle,
    account,
    calm,
    cycles,
    facts_of,
    limits,
    order,
    position,
    with_bounds,
)
from tests.promises.depth import whole_cycles

OPERATIONS = st.builds(
    Operations,
    kill_switch=st.booleans(),
    halted=st.booleans(),
    feed_connected=st.booleans(),
    broker_connected=st.booleans(),
    books_reconciled=st.booleans(),
    log_verified=st.sampled_from((True, True, True, False)),
    clock_skew_ms=st.sampled_from((0, 10**9)),
    messages_last_second=st.sampled_from((0, 10**9)),
    frozen=st.sampled_from(((), (), (), ("AA",), ("AAPL",))),
)


def left_to_close(portfolio: Portfolio, name: str) -> Fraction:
    """Shares held that no working exit will close."""
    held = portfolio.position(name)
    if held is None:
        return Fraction(0)
    closing = sum(
        Fraction(one.remaining)
        for one in portfolio.working
        if one.order.instrument == name
        and one.order.role is Role.EXIT
        and one.order.side.sign * Fraction(held.quantity) < 0
    )
    return max(Fraction(0), abs(Fraction(held.quantity)) - closing)


def free(portfolio: Portfolio, asked: Sequence[str], exits: Sequence[ExitVerdict], lots: dict[str, int]) -> None:
    """Every exit that was asked for goes out, for at least a lot, and holds are the listed ones.

    Limits in breach may ask for more of them, in instruments of which the rules ask for none; what is frozen they
    do not count on.
    """
    ruled = {one.exit.instrument: one for one in exits}
    due = {name for name in asked if left_to_close(portfolio, name) > 0}
    owed = {one.exit.instrument for one in exits if all(why.startswith(f"{OBLIGATION}:") for why in one.exit.reasons)}
    assert set(ruled) == due | owed
    assert not owed & (due | set(portfolio.operations.frozen))
    for name, one in ruled.items():
        left = left_to_close(portfolio, name)
        held = portfolio.position(name)
        assert held is not None
        assert one.exit.side.sign * held.quantity < 0
        assert min(left, Fraction(lots.get(name, 1))) <= one.exit.quantity <= left
        frozen, unlogged = name in portfolio.operations.frozen, not portfolio.operations.log_verified
        assert (one.held_back is not None) is (frozen or unlogged)
        if one.held_back is not None:
            assert one.held_back in HOLDS.values()


def sent(portfolio: Portfolio, exits: Sequence[ExitVerdict], warrants: Sequence[Warrant]) -> None:
    """What is not held is warranted, reduce-only, and together with working exits never beyond the position."""
    going = {one.exit.instrument: one for one in exits if one.held_back is None}
    orders = {one.order.instrument: one.order for one in warrants if one.order.role is Role.EXIT}
    assert set(orders) == set(going)
    for name, one in orders.items():
        assert one.reduce_only
        assert one.quantity == going[name].exit.quantity
        assert one.quantity <= left_to_close(portfolio, name)
    for warrant in warrants:
        order, stop = warrant.order, warrant.protective_stop
        assert order.reduce_only is (order.role is not Role.ENTRY)
        assert (stop is not None) is (order.role is Role.ENTRY)
        if stop is not None:
            assert stop.reduce_only
            assert (stop.role, stop.side.sign, stop.quantity) == (Role.STOP, -order.side.sign, order.quantity)


def none_allowed(desk: Desk) -> Desk:
    """The desk with every bound at zero."""
    return desk.with_limits([replace(one, bound=Fraction(0)) for one in desk.limits.limits])


@given(desks(), OPERATIONS, st.lists(st.sampled_from(NAMES), unique=True), st.booleans())
def test_exits_are_free(desk: Desk, operations: Operations, asked: list[str], zero: bool) -> None:
    """An order that only brings a position closer to zero is never refused by a numeric limit, and needs no solver. A
    per-order limit slices or paces it. Conditions and policies bind entries; the few that may hold an exit (venue
    halted, instrument frozen, log unwritable) are listed in one place, and say so when they do.

    Present extent: `engine.gate.conditions.HOLDS` is that place. A halted venue is told as frozen instruments. Left
    out: a basket's other legs.
    """
    desk = none_allowed(desk) if zero else desk
    alone = tuple(replace(one, basket=None) for one in desk.portfolio.positions)
    portfolio = replace(desk.portfolio, operations=operations, positions=alone)
    derived = tuple(fact("exit", instrument=name, rule="by-hand") for name in asked)
    snapshot = freeze("2011-01-03T21:00:00Z", desk.market.terms, ())
    proposed = propose_exits(derived, portfolio, desk.market, desk.limits.in_force(desk.market.session, desk.regime))
    going = tuple(one for one, _ in proposed)
    book = replace(desk, exits=going).book
    here = Circumstances(snapshot, portfolio, desk.market, book, going, desk.limits, regime=desk.regime)
    exits = worsened(rule_on_exits(proposed, here), here)
    lots = {name: terms.lot for name, terms in desk.market.terms.items()}
    free(portfolio, asked, exits, lots)
    digests = Inputs(*("sha256:0",) * 4)
    decision = Decision(snapshot.as_of, digests, desk.regime, "halted", (), exits=exits, derived=derived)
    sent(portfolio, exits, issue_warrants(decision, (), snapshot, portfolio, desk.market))


# --- whole cycles -----------------------------------------------------------------------------------------------

WHERE = {
    "the solver knows nothing": ("engine.proof.prove.answers", lambda *_: [Answer("unknown")]),
    "the solver contradicts": (
        "engine.proof.prove.answers",
        lambda text, *_: [Answer("sat")] * text.count("(check-sat)"),
    ),
    "the solver says nothing": ("engine.proof.prove.answers", lambda *_: []),
    "the solver talks nonsense": ("engine.proof.prove.answers", Nonsense("the solver said `banana`")),
    "the solver crashes": ("engine.proof.prove.answers", RuntimeError("out of memory")),
    "the encoding crashes": ("engine.proof.prove.script", KeyError("AAPL")),
    "the arithmetic crashes": ("engine.gate.judge._room", ZeroDivisionError("division by zero")),
    "the policies crash": ("knowledge.prolog.session.PrologPolicies.judge", RuntimeError("no Prolog")),
    "the obligations crash": ("engine.obligations.beyond", ZeroDivisionError("division by zero")),
    "a size crashes": ("engine.candidates.size", ZeroDivisionError("division by zero")),
    "a condition crashes": ("engine.candidates.findings", ValueError("no date")),
}


@contextmanager
def broken(where: str) -> Iterator[None]:
    """One seam of the entries' way broken; empty for none."""
    if not where:
        yield
        return
    target, effect = WHERE[where]
    with patch(target, side_effect=effect):
        yield


@whole_cycles
@given(cycles(), OPERATIONS, st.booleans(), st.sampled_from(("", *WHERE)))
def test_exits_are_free_in_whole_cycles(cycle: Cycle, operations: Operations, zero: bool, where: str) -> None:
    """Whatever the limits, the trading state, the conditions and the solver say: what the rules propose goes out."""
    bounds = {one.id: Fraction(0) for one in cycle.limits.limits} if zero else {}
    portfolio = replace(cycle.portfolio, operations=operations)
    cycle = replace(cycle, portfolio=portfolio, limits=with_bounds(cycle.limits, bounds))
    with broken(where):
        decision = cycle.decided()
    assert decision.fault is None
    turned = {
        one.word("instrument") for one in decision.derived if one.template == "candidate" and _against(one, portfolio)
    }
    asked = {one.word("instrument") for one in decision.derived if one.template == "exit"} | turned
    expired = {one.instrument for one in portfolio.positions if one.sessions_held >= 5}
    assert expired <= asked
    free(portfolio, sorted(asked), decision.exits, {})
    sent(portfolio, decision.exits, decision.warrants)


def _against(candidate: Fact, portfolio: Portfolio) -> bool:
    held = portfolio.position(candidate.word("instrument"))
    return held is not None and (candidate["side"] == "long") != (held.quantity > 0)


@pytest.mark.parametrize("where", WHERE)
def test_what_costs_the_entries_leaves_the_exits(where: str) -> None:
    """The same cycle has an entry while nothing is broken, and only its exit while something is."""
    held = position("IBM", 300, sessions=5)
    cycle = calm("long", "quiet", positions=(held,))
    assert {one.order.role for one in cycle.decided().warrants} == {Role.ENTRY, Role.EXIT}
    with broken(where):
        decision = cycle.decided()
    (only,) = decision.warrants
    assert (only.order.instrument, only.order.role, only.order.quantity) == ("IBM", Role.EXIT, Decimal(300))
    assert decision.verdict("AAPL").outcome == "undetermined" or decision.verdict("AAPL").outcome == "denied"
    assert decision.verdict("AAPL").reasons


def test_an_exit_on_the_wrong_side_closes_nothing() -> None:
    """A working exit left over from a long does not count against closing the short that followed it."""
    held = position("IBM", -300, sessions=5)
    stale = order("x-1", "IBM", Side.SELL, Role.EXIT, Decimal(300))
    cycle = calm("quiet", "quiet", positions=(held,), working=(stale,))
    (only,) = cycle.decided().exits
    assert only.exit.quantity == 300


def test_the_moods_of_the_fixture_are_what_they_say() -> None:
    """A guard: the healthy cycle these tests break does enter."""
    cycle = Cycle(tuple(facts_of({"AAPL": "long"})), ("AAPL",), account(), limits())
    decision = cycle.decided()
    assert decision.verdict("AAPL").quantity != "0"
    assert decision.verdict("AAPL").strategy == OWNER[0]
