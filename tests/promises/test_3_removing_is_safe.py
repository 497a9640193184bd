"""Promise 3."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.decision import Decision
from engine.gate.judge import Judgement, Outcome, judge
from engine.gate.proposals import Grant
from tests.engine.books_strategy import Desk, desks, further
from tests.engine.books_strategy import together as parties
from tests.promises.cycles import Cycle, account_after, cycles, entered
from tests.promises.depth import whole_cycles
from tests.promises.test_1_sound import SEEDS, hold


def fewer(judgement: Judgement, desk: Desk, chance: Random) -> list[Grant]:
    """Some of the grants, some of them smaller by whole lots; a basket goes, or shrinks by whole units, as one."""
    kept: list[Grant] = []
    for ruled in parties(judgement.rulings):
        if ruled[0].quantity == 0:
            continue
        step = further(ruled, desk.market)[0].quantity - ruled[0].quantity
        most = int(ruled[0].quantity // step)
        steps = chance.choice((0, most, chance.randint(0, most)))
        if steps:
            kept += further([replace(one, quantity=Fraction(0)) for one in ruled], desk.market, steps)
    return kept


@given(desks(), SEEDS)
def test_removing_is_safe(desk: Desk, seed: int) -> None:
    """Take any entry away, or make it smaller, and what is left would still be granted.

    Present extent: entries of one decision, in whole lots; a basket is taken away, or made smaller, as a whole.
    """
    kept = fewer(desk.judged(), desk, Random(seed))
    entries = [replace(one.entry, target=one.quantity) for one in kept]
    again = judge(desk.book, entries, desk.market, desk.limits, desk.regime)
    assert [one.outcome for one in again.rulings] == [Outcome.GRANTED] * len(kept)


@given(desks(), SEEDS)
def test_a_basket_without_one_of_its_legs_is_no_basket(desk: Desk, seed: int) -> None:
    """All or none: with a leg gone the others are denied, whatever the numbers."""
    legs = [one for one in desk.entries if one.basket is not None]
    if legs:
        lost = Random(seed).choice(legs)
        again = desk.with_entries([one for one in desk.entries if one is not lost]).judged()
        assert not any(one.quantity for one in again.rulings if one.entry in legs)


def without(cycle: Cycle, names: set[str]) -> Decision:
    """The cycle decided again while the heads keep silent about these instruments."""
    silent = [one for one in cycle.facts if one.template != "advisory" or one["instrument"] not in names]
    return cycle.with_facts(silent).decided()


@whole_cycles
@given(cycles(), SEEDS, st.data())
def test_removing_is_safe_in_whole_cycles(cycle: Cycle, seed: int, data: st.DataObject) -> None:
    """Warrants taken away or made smaller leave a sound account; a candidate that loses its company is granted at
    least what it got in it; and whoever came later never mattered to whoever came first.
    """
    decision = cycle.decided()
    granted = entered(decision)
    if not granted:
        return
    chance = Random(seed)
    account = account_after(cycle, decision)
    parts = [Grant(one.entry, one.quantity * chance.randint(0, 10) / 10) for one in account.grants]
    hold(replace(account, grants=tuple(one for one in parts if one.quantity)), seed)

    kept = data.draw(st.sampled_from(sorted(granted)))
    alone = entered(without(cycle, set(granted) - together(decision, kept)))
    assert all(alone.get(one, Decimal(0)) >= granted[one] for one in together(decision, kept))
    ranks = {one.instrument: (-Decimal(one.conviction), one.instrument) for one in decision.verdicts if one.conviction}
    last = together(decision, max(granted, key=ranks.__getitem__))
    turn = min(ranks[one] for one in last)
    first = entered(without(cycle, last))
    assert {name: quantity for name, quantity in first.items() if ranks[name] < turn} == {
        name: quantity for name, quantity in granted.items() if name not in last
    }


def together(decision: Decision, name: str) -> set[str]:
    """An instrument, and its fellows where it is a leg."""
    basket = decision.verdict(name).basket
    return {name} if basket is None else set(basket.instruments)
