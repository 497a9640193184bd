"""Random books by the hundred thousand (`python -m tests.many_books [--books 100000] [--seed 1] [--jobs 2]`).

Each book has positions, working orders (entries, exits, stops, targets, partly filled), exits, entries on both sides,
baskets and limits of every kind, some of them broken already. It is ruled on by the gate's arithmetic; Z3 must agree
from its own text, and the checker for strangers from the record of it. Then the promises: random partial fills break
nothing (1), no exit is refused or cut (2), entries taken away or made smaller leave what would still be granted (3),
and a tighter bound grants no candidate more (4).

Every book has a seed of its own, so that one that fails is made again by `--only NUMBER`, and a run goes on with
`--from NUMBER`. It prints progress, a table of what the books had, the time, and ends with status 1 where one failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import chain
from random import Random
from types import ModuleType
from typing import Any
from unittest.mock import patch

import z3

from engine.checker import complaints
from engine.gate.judge import Judgement, Outcome, judge
from engine.gate.proposals import bundled
from engine.orders.order import Role
from engine.proof.prove import prove
from engine.proof.solver import answers
from tests import dice
from tests.engine.desk_record import exported
from tests.promises.account import Account, breaches
from tests.promises.cycles import with_bounds
from tests.promises.test_3_removing_is_safe import fewer
from tests.promises.test_4_tighter_never_grants_more import tighter

CHUNK = 200
FACTORS = tuple(map(Fraction, ("0", "1/100", "1/10", "1/2", "9/10", "99/100")))
ROLLS = 5
FILLS = 4
"""Steps of a random life of the account."""


@cache
def strategies() -> ModuleType:
    """The random desks of the tests, by dice."""
    return dice.loaded("tests.engine.books_strategy")


def book(seed: int, number: int) -> Any:
    """One random desk, the same on every machine; every other one is the liveliest of a few."""
    chance = Random(f"{seed}/{number}")
    rolled = [strategies().desks().roll(chance) for _ in range(1 + number % 2 * (ROLLS - 1))]
    return max(rolled, key=lively) if len(rolled) > 1 else rolled[0]


def lively(desk: Any) -> int:
    """How much the gate has to say of it: most desks are refused altogether, and teach little after the first."""
    worth = {Outcome.GRANTED: 1, Outcome.CUT: 3}
    return sum(worth.get(one.outcome, 0) + 9 * bool(one.crowding) for one in desk.judged().rulings)


# --- what must hold -----------------------------------------------------------------------------------------------


def solver(desk: Any, judgement: Judgement) -> Iterator[str]:
    """Z3 says the same, from its own text."""
    proof = prove(desk.portfolio, desk.exits, judgement, desk.market, desk.limits, desk.regime)
    if proof.fault is not None:
        yield proof.fault


@contextmanager
def one_context() -> Iterator[None]:
    """One context of Z3, reset before each script: a new one costs more than its answers.

    The engine takes a new one each time, as a reset one may find another filling; whether there is one stays the same.
    """
    kept = z3.Context()
    with (
        patch.object(z3, "Context", lambda: kept),
        patch("engine.proof.prove.answers", lambda script, *more: answers(f"(reset)\n{script}", *more)),
    ):
        yield


def stranger(desk: Any, judgement: Judgement) -> Iterator[str]:
    """The checker finds nothing in the record of it."""
    yield from complaints(exported(desk, judgement))


def sound(desk: Any, judgement: Judgement, chance: Random) -> Iterator[str]:
    """Promise 1: however the orders fill."""
    account = Account(desk.portfolio, desk.exits, judgement.grants, desk.market, desk.limits, desk.regime)
    if account.grants:
        whole = {one.name: one.quantity for one in account.tickets if not one.reducing}
        for filled in chain(account.history(chance, FILLS), [whole]):
            yield from breaches(account, filled)


def exits_free(desk: Any, judgement: Judgement) -> Iterator[str]:
    """Promise 2: with every bound at zero and with other entries, the same exits stand in the book."""
    going = [(leg.instrument, leg.sign) for leg in desk.book.legs if leg.new]
    due = [(one.instrument, one.side.sign) for one in desk.exits if one.instrument in desk.market.terms]
    if going != due:
        yield f"exits {due}, and the book has {going}"
    shut = desk.with_limits([replace(one, bound=Fraction(0)) for one in desk.limits.limits])
    if shut.book.legs != desk.book.legs and desk.limits.collar(desk.market.session) == 0:
        yield "a bound has changed what goes out"


def removable(desk: Any, judgement: Judgement, chance: Random) -> Iterator[str]:
    """Promise 3: what is left of the grants would still be granted."""
    kept = fewer(judgement, desk, chance)
    entries = [replace(one.entry, target=one.quantity) for one in kept]
    again = judge(desk.book, entries, desk.market, desk.limits, desk.regime)
    if [one.outcome for one in again.rulings] != [Outcome.GRANTED] * len(kept):
        yield f"of {[one.entry.instrument for one in kept]}, {[one.outcome.value for one in again.rulings]}"


def no_looser(desk: Any, judgement: Judgement, chance: Random) -> Iterator[str]:
    """Promise 4: a tighter bound, a candidate alone."""
    rows = [one for one in desk.limits.limits if one.kind != "price_collar"]
    chosen = [chance.choice(rows)] if rows else []
    limits = with_bounds(desk.limits, {one.id: tighter(one, chance.choice(FACTORS)) for one in chosen})
    for bundle in bundled(desk.entries):
        before = judge(desk.book, bundle.entries, desk.market, desk.limits, desk.regime).rulings
        after = judge(desk.book, bundle.entries, desk.market, limits, desk.regime).rulings
        if any(one.quantity > other.quantity for one, other in zip(after, before, strict=True)):
            yield f"{chosen[0].id} made tighter grants {bundle.name} more"


def faults(seed: int, number: int, desk: Any, judgement: Judgement) -> Iterator[str]:
    """Everything that does not hold of one book, with who says it."""
    checks: dict[str, Callable[[Random], Iterator[str]]] = {
        "Z3": lambda _: solver(desk, judgement),
        "checker": lambda _: stranger(desk, judgement),
        "promise 1": lambda chance: sound(desk, judgement, chance),
        "promise 2": lambda _: exits_free(desk, judgement),
        "promise 3": lambda chance: removable(desk, judgement, chance),
        "promise 4": lambda chance: no_looser(desk, judgement, chance),
    }
    for name, check in checks.items():
        try:
            yield from (f"{name}: {one}" for one in check(Random(f"{seed}/{number}/{name}")))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in one book is told, and the next one is looked at
            yield f"{name}: {error!r}"


# --- what the books have ------------------------------------------------------------------------------------------


def features(desk: Any, judgement: Judgement) -> Iterator[str]:
    """What is to be counted of a book."""
    yield from (f"entries {one.outcome.value}" for one in judgement.rulings)
    yield from (f"entries {one.outcome.value}, with crowding" for one in judgement.rulings if one.crowding)
    working = desk.portfolio.working
    has = {
        "working orders": bool(working),
        "working entries": any(one.order.role is Role.ENTRY for one in working),
        "orders partly filled": any(one.remaining < one.order.quantity for one in working),
        "flips asked for (an entry against the position)": any(_is_flip(desk, one) for one in desk.entries),
        "baskets": any(one.basket is not None for one in desk.entries),
        "baskets granted": any(one.entry.basket is not None for one in judgement.grants),
        "convex limits": any(one.spec.form == "convex" for one in desk.limits.limits),
        "limits broken before": any(one.base > one.bound for one in judgement.readings),
        "exits": bool(desk.exits),
        "figures missing": bool(desk.market.missing),
        "grants": bool(judgement.grants),
    }
    yield from (f"books with {name}" for name, there in has.items() if there)


def _is_flip(desk: Any, entry: Any) -> bool:
    held = desk.portfolio.position(entry.instrument)
    return held is not None and held.quantity * entry.side.sign < 0


# --- running ------------------------------------------------------------------------------------------------------


def chunk(seed: int, numbers: range) -> tuple[Counter[str], list[str]]:
    """Some books, one after the other."""
    counts, failed = Counter[str](), list[str]()
    with one_context():
        for number in numbers:
            desk = book(seed, number)
            judgement = desk.judged()
            counts.update(features(desk, judgement))
            failed += [f"book {number}: {one}" for one in faults(seed, number, desk, judgement)]
    return counts, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="NUMBER")
    parser.add_argument("--only", type=int, metavar="NUMBER")
    asked = parser.parse_args()
    first, last = (asked.first, asked.books) if asked.only is None else (asked.only, asked.only + 1)
    counts, failed, began = Counter[str](), list[str](), time.monotonic()
    parts = [range(at, min(at + CHUNK, last)) for at in range(first, last, CHUNK)]
    with ProcessPoolExecutor(asked.jobs) as pool:
        for part, (had, wrong) in zip(parts, pool.map(chunk, [asked.seed] * len(parts), parts), strict=True):
            counts.update(had)
            failed += wrong
            for one in wrong:
                print(one, flush=True)
            if part.stop % 5_000 == 0 or part.stop == last:
                seconds = time.monotonic() - began
                each = 1000 * seconds / (part.stop - first)
                told = f"{part.stop:,} books, {len(failed)} complaints"
                print(f"{told}, {seconds:.0f} s ({each:.1f} ms a book)", flush=True)
    for name in sorted(counts):
        print(f"  {name:<50} {counts[name]:>9,}")
    found = f"{len(failed)} disagreements or broken promises" if failed else "no disagreement, no broken promise"
    seconds = time.monotonic() - began
    print(f"{last - first:,} books of seed {asked.seed} in {seconds:.0f} s on {asked.jobs} processes: {found}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
