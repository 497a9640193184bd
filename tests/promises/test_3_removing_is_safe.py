"""Promise 3."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.decision import Decision
from engine.gate.judge import Outcome, judge
from engine.gate.proposals import Grant
from tests.engine.books_strategy import Desk, desks
from tests.promises.cycles import Cycle, account_after, cycles, entered
from tests.promises.depth import whole_cycles
from tests.promises.test_1_sound import SEEDS, hold


def fewer(grants: tuple[Grant, ...], desk: Desk, chance: Random) -> list[Grant]:
    """Some of the grants, some of them smaller by whole lots."""
    kept = []
    for one in grants:
        lot = desk.market.terms[one.entry.instrument].lot
        lots = chance.choice((0, one.quantity // lot, chance.randint(0, int(one.quantity // lot))))
        if lots:
            kept.append(Grant(one.entry, lots * one.quantity / (one.quantity // lot)))
    return kept


@given(desks(), SEEDS)
def test_removing_is_safe(desk: Desk, seed: int) -> None:
    """Take any entry away, or make it smaller, and what is left would still be granted.

    Present extent: entries of one decision, in whole lots. Left out: a basket, which is taken away as a whole.
    """
    chance = Random(seed)
    kept = fewer(desk.judged().grants, desk, chance)
    entries = [replace(one.entry, target=one.quantity) for one in kept]
    again = judge(desk.book, entries, desk.market, desk.limits, desk.regime)
    assert [one.outcome for one in again.rulings] == [Outcome.GRANTED] * len(kept)


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
    alone = entered(without(cycle, set(granted) - {kept}))
    assert alone.get(kept, Decimal(0)) >= granted[kept]
    ranks = {one.instrument: (-Decimal(one.conviction), one.instrument) for one in decision.verdicts if one.conviction}
    last = max(granted, key=ranks.__getitem__)
    first = entered(without(cycle, {last}))
    assert {name: quantity for name, quantity in first.items() if ranks[name] < ranks[last]} == {
        name: quantity for name, quantity in granted.items() if name != last
    }
