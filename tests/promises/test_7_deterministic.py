"""Promise 7."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision import core_json, reading_json
from engine.gate.judge import Judgement
from knowledge.values import Json, canonical, digest, text
from tests.engine.books_strategy import Desk, desks
from tests.promises.cycles import Cycle, calm, cycles, position, stop_order
from tests.promises.depth import WHOLE, whole_cycles
from tests.promises.test_1_sound import SEEDS

ROOT = Path(__file__).parents[2]


def told(judgement: Judgement) -> bytes:
    """Everything a record keeps of a judgement."""
    rulings: list[Json] = [
        {
            "instrument": one.entry.instrument,
            "outcome": one.outcome.value,
            "quantity": text(one.quantity),
            "binding": [reading_json(reading) for reading in one.binding],
            "cores": [core_json(core) for core in one.cores],
            "crowding": [[measure, name, text(part)] for measure, name, part in one.crowding],
        }
        for one in judgement.rulings
    ]
    return canonical({"rulings": rulings, "readings": [reading_json(one) for one in judgement.readings]})


def shuffled(desk: Desk, chance: Random) -> Desk:
    """The same desk, told in another order."""
    portfolio = replace(
        desk.portfolio,
        positions=tuple(mixed(desk.portfolio.positions, chance)),
        working=tuple(mixed(desk.portfolio.working, chance)),
    )
    exits, entries = mixed(desk.exits, chance), mixed(desk.entries, chance)
    return replace(desk, portfolio=portfolio, exits=tuple(exits), entries=tuple(entries))


def mixed(values, chance: Random) -> list:
    """The values in another order."""
    values = list(values)
    chance.shuffle(values)
    return values


@given(desks(), SEEDS)
def test_deterministic(desk: Desk, seed: int) -> None:
    """The same snapshot, rulebook, limits and portfolio give the same decision, byte for byte. Budgets inside `decide`
    are counted (firings, inferences, solver resource units); a wall-clock kill from outside is an event of the shell,
    recorded, and an input of the replay.

    Present extent here: the gate's judgement, repeated and with everything told in another order; whole cycles, other
    processes and other hash seeds below. Left out: other machines, and the shell's event (tests/adapters).
    """
    once = told(desk.judged())
    assert told(desk.judged()) == once
    assert told(shuffled(desk, Random(seed)).judged()) == once


def decided(cycle: Cycle) -> bytes:
    """The bytes of a decision."""
    return canonical(cycle.decided().to_json())


@whole_cycles
@given(cycles(), SEEDS)
def test_deterministic_in_whole_cycles(cycle: Cycle, seed: int) -> None:
    """Facts, positions and working orders in any order, and the same again after something else was decided."""
    chance = Random(seed)
    once = decided(cycle)
    held, working = mixed(cycle.portfolio.positions, chance), mixed(cycle.portfolio.working, chance)
    portfolio = replace(cycle.portfolio, positions=tuple(held), working=tuple(working))
    other = replace(cycle, facts=tuple(mixed(cycle.facts, chance)), universe=cycle.universe[::-1], portfolio=portfolio)
    assert decided(other) == once
    decided(calm("short", "long", "long"))
    assert decided(cycle) == once


def test_the_order_of_positions_and_orders_is_no_part_of_an_account() -> None:
    """Their digest is that of the same account, whichever way they are listed."""
    held = (position("AAPL", 120), position("IBM", 400))
    once = calm("quiet", "quiet", "long", positions=held, working=[stop_order(one) for one in held])
    other = calm("quiet", "quiet", "long", positions=held[::-1], working=[stop_order(one) for one in held[::-1]])
    assert decided(other) == decided(once)


THERE = """
import sys
from knowledge.values import digest, parse
from tests.promises.cycles import Cycle
from tests.promises.test_7_deterministic import decided
for cycle in parse(sys.stdin.buffer.read()):
    print(digest(decided(Cycle.from_json(cycle))))
"""


def elsewhere(chosen: list[Cycle], seed: str) -> list[str]:
    """Digests of the decisions another process makes."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    called = subprocess.run(
        [sys.executable, "-c", THERE],
        cwd=ROOT,
        env=environment,
        input=canonical([one.to_json() for one in chosen]),
        capture_output=True,
        check=True,
    )
    return called.stdout.decode().split()


@settings(max_examples=max(1, WHOLE // 50))  # each starts two processes
@given(st.lists(cycles(), min_size=8, max_size=8))
def test_deterministic_in_other_processes(chosen: list[Cycle]) -> None:
    """The same bytes from processes whose sets and dictionaries hash differently, in any order of the cycles."""
    chosen = [
        *chosen,
        calm("long", "short", positions=(held := position("KO", 400, sessions=5),), working=(stop_order(held),)),
    ]
    here = [digest(decided(one)) for one in chosen]
    assert elsewhere(chosen, "0") == here
    assert elsewhere(chosen[::-1], "4711") == here[::-1]


def test_a_budget_is_counted() -> None:
    """A script of the solver names its budget in resource units, and no timeout."""
    proof = calm("long", "long").decided().proof
    assert proof is not None
    assert "(set-option :rlimit " in proof.script
    assert "timeout" not in proof.script
