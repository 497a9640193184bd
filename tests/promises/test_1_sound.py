"""Promise 1."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.gate.judge import Outcome
from tests.engine.books_strategy import Desk, desks, further, together
from tests.promises.account import Account, breaches
from tests.promises.cycles import Cycle, account_after, cycles
from tests.promises.depth import whole_cycles

SEEDS = st.integers(0, 2**32)


def account_of(desk: Desk) -> Account:
    """The desk as a plain account, with what the gate grants."""
    return Account(desk.portfolio, desk.exits, desk.judged().grants, desk.market, desk.limits, desk.regime)


def hold(account: Account, seed: int) -> None:
    """Let the orders fill at random, each fill checked, and the entries alone, altogether."""
    for filled in account.history(Random(seed), steps=6):
        assert breaches(account, filled) == []
    whole = {one.name: one.quantity for one in account.tickets if not one.reducing}
    assert breaches(account, whole) == []


@given(desks(), SEEDS)
def test_sound(desk: Desk, seed: int) -> None:
    """However orders fill (any part of each, in any order), every numeric limit holds, or is no worse than after the
    same fills without this decision's entries.

    Present extent: every numeric kind of docs/limits.md, with baskets, whose legs fill as they like.
    """
    account = account_of(desk)
    if account.grants:
        hold(account, seed)


@whole_cycles
@given(cycles(), SEEDS)
def test_sound_in_whole_cycles(cycle: Cycle, seed: int) -> None:
    """The same of what `decide` warrants: quantities and prices are read from the warrants alone."""
    account = account_after(cycle, cycle.decided())
    if account.grants:
        hold(account, seed)


@given(desks())
def test_the_account_sees_what_one_lot_more_breaks(desk: Desk) -> None:
    """The checker has teeth: where the gate cut, the worst filling of one lot more breaks a limit."""
    judgement = desk.judged()
    cut = [ruled for ruled in together(judgement.rulings) if ruled[0].outcome is Outcome.CUT]
    if not cut:
        return
    place = [one.entry for one in judgement.grants].index(cut[0][0].entry)
    grants = (*judgement.grants[:place], *further(cut[0], desk.market))
    account = replace(account_of(desk), grants=grants)
    assert any(
        account.worst(row) > row.allowed
        and (row.limit.spec.form == "convex" or account.worst(row) > account.before.worst(row))
        for row in account.rows
    )
