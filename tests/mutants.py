"""Mutation testing of gate, arithmetic, encoding and checker (`python -m tests.mutants [--count 500] [--seed 1]`).

A mutant is one small change of one of `TARGETS`: a comparison turned, a sign, a constant, `min` for `max`, a condition
negated, a statement or a returned value dropped. Each runs in a process of its own, forked from one that has made the
books and imported Z3: the changed functions get the changed code in place, so that nothing is imported again. It is
killed where something no longer holds:

- of random books (`tests/many_books.py`): arithmetic, Z3, oracle and checker agree, promises 1 to 4 are kept;
- a gate that grants one lot too many or too few is still contradicted by Z3, and by the checker;
- the checker passes the records of those books and of whole cycles, and notices each that was altered;
- the examples of `EXAMPLES` pass: their tests that need neither Hypothesis nor a fixture;
- the checker says the same of a file of records.

It prints every survivor with its line, and a table by file; status 1 below 90 % killed. `docs/testing.md` discusses
them.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from io import StringIO
from itertools import chain, product
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from types import FunctionType
from typing import Any
from unittest.mock import patch

from engine import checker
from engine.checker import Said, complaints
from engine.gate import judge as gate
from engine.limits.kinds import KINDS
from engine.review.oracle import Case, TooMany, worst
from tests.engine.desk_record import exported, reread
from tests.engine.test_checker import changed, known_records, numeric_places, resealed
from tests.many_books import book, faults, lively, one_context, solver
from tests.mutations import Mutant, sites

TARGETS = (
    "engine.gate.reach", "engine.gate.measures", "engine.gate.desk", "engine.gate.shocks", "engine.gate.compiled",
    "engine.gate.rows",
    "engine.gate.running", "engine.gate.crowding", "engine.gate.curves", "engine.gate.convex", "engine.gate.judge",
    "engine.proof.smt", "engine.proof.smt_question", "engine.proof.smt_rows", "engine.proof.smt_limits",
    "engine.proof.smt_costs", "engine.proof.smt_desk", "engine.proof.smt_convex", "engine.checker",
)  # fmt: skip
EXAMPLES = ("smt", "proof", "convex", "gate", "measures", "rows", "reach", "seeded_faults", "checker", "orders")
BOOKS, EACH, ROLLED, CHANGES, SEED = 30, 3, 600, 4, 11
PATIENCE, MOST_SECONDS = 60, 0.5


# --- killing them --------------------------------------------------------------------------------------------------


def examples() -> Iterator[Callable[[], Any]]:
    """Tests that can be called, with each of their parameters."""
    for name in EXAMPLES:
        for test in vars(importlib.import_module(f"tests.engine.test_{name}")).values():
            if isinstance(test, FunctionType) and test.__name__.startswith("test_") and not hasattr(test, "hypothesis"):
                marks = [one.args for one in getattr(test, "pytestmark", ()) if one.name == "parametrize"]
                names = [_names(asked) for asked, *_ in marks]
                if {*chain(*names)} == {*signature(test).parameters}:
                    for values in product(*(given for _, given, *_ in marks)):
                        given = [one if len(asked) > 1 else (one,) for asked, one in zip(names, values, strict=True)]
                        yield partial(test, **dict(zip(chain(*names), chain(*given), strict=True)))


def _names(asked: str | Sequence[str]) -> list[str]:
    return [one.strip() for one in asked.split(",")] if isinstance(asked, str) else list(asked)


def quick(example: Callable[[], Any]) -> bool:
    """Whether it passes, and soon."""
    began = time.monotonic()
    try:
        example()
    except BaseException:  # noqa: BLE001 - one that fails as it stands can kill nobody
        return False
    return time.monotonic() - began < MOST_SECONDS


@dataclass(frozen=True)
class Suite:
    """Everything a mutant is held against, made before it."""

    desks: list[Any]
    wrong: list[tuple[Any, Any]]
    """Desks with judgements that Z3 contradicts: one lot too many or too few."""
    records: list[Said]
    altered: list[Said]
    """Records that do not hold."""
    examples: list[Callable[[], Any]]
    export: Path
    """A file of records, one of which does not hold."""
    said: str
    """What the checker says of it."""


def refused_by(desk: Any) -> set[str]:
    """Kinds of limits that refuse or cut something."""
    kinds = {one.id: one.kind for one in desk.limits.limits}
    return {kinds.get(one.limit, "") for ruling in desk.judged().rulings for one in (*ruling.cores, *ruling.binding)}


def suite() -> Suite:
    rolled = sorted((book(SEED, at) for at in range(ROLLED)), key=lively, reverse=True)
    desks = rolled[:BOOKS]
    for kind in (name for name, one in KINDS.items() if one.form in ("order", "linear", "convex")):
        refusing = [one for one in rolled if kind in refused_by(one)]
        desks += [one for one in refusing[:EACH] if one not in desks]
    chance, room = Random(SEED), gate._room
    wrong: list[tuple[Any, Any]] = []
    with one_context():
        for error in (1, -1):
            with patch.object(gate, "_room", lambda *of, error=error: max(0, room(*of) + error)):
                erring = [(desk, desk.judged()) for desk in desks]
            wrong += [pair for pair in erring if [*solver(*pair)]]
    wrong = chance.sample(wrong, min(2 * BOOKS, len(wrong)))
    records = [exported(desk, desk.judged()) for desk in desks]
    records += [reread(json.loads(one)) for one in known_records().values()]
    altered = [exported(*pair) for pair in wrong]
    for record in records:
        places = [*numeric_places(record)]
        altered += [changed(record, one) for one in chance.sample(places, min(CHANGES, len(places)))]
    passing = [one for one in examples() if quick(one)]
    export = Path(mkdtemp()) / "records.jsonl"
    sealed = [{**json.loads(one), "seq": at} for at, one in enumerate(known_records().values())]
    export.write_bytes(b"\n".join(map(resealed, [*sealed, {**sealed[0], "seq": 3, "regime": "volatile"}, *sealed])))
    altered = [one for one in altered if complaints(one)]
    return Suite(desks, wrong, records, altered, passing, export, run(export))


def run(export: Path) -> str:
    """Exit status and output of the checker over a file."""
    out = StringIO()
    with patch.object(sys, "stdout", out):
        return f"{checker._main([str(export)])} {out.getvalue()}"


def killed(made: Suite, module: str) -> Iterator[str]:
    """What no longer holds."""
    if module == "engine.checker":
        yield from (one for record in made.records for one in complaints(record))
        yield from ("an altered record passes" for record in made.altered if not complaints(record))
        if run(made.export) != made.said:
            yield "it says something else of a file"
        yield from _raised(made)
        return
    with one_context():
        for at, desk in enumerate(made.desks):
            judgement = desk.judged()
            yield from faults(SEED, at, desk, judgement)
            case = Case(desk.portfolio, desk.exits, judgement.scope.entries, desk.market, desk.limits, desk.regime)
            try:
                read = [(one.measure, one.value, one.bound, one.base) for one in judgement.readings]
                if read != [(one.measure, one.value, one.bound, one.base) for one in worst(case, judgement.grants)]:
                    yield "the oracle reads otherwise"
            except TooMany:
                continue
        yield from ("a wrong gate agrees with Z3" for desk, judgement in made.wrong if not [*solver(desk, judgement)])
    yield from _raised(made)


def _raised(made: Suite) -> Iterator[str]:
    for example in made.examples:
        example()
        yield from ()


def tried(made: Suite, mutant: Mutant) -> int:
    """Start a process for a mutant; its exit status is 0 where it survives."""
    child = os.fork()
    if child:
        return child
    signal.alarm(PATIENCE)
    try:
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the rest of this process
        mutant.put_in()
        status = 1 if next(killed(made, mutant.module), None) is not None else 0
    except BaseException:  # noqa: BLE001 - a mutant that raises is dead
        status = 1
    os._exit(status)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="one module")
    asked = parser.parse_args()
    modules = [asked.only] if asked.only else list(TARGETS)
    every = [Mutant(module, at) for module in modules for at in range(sites(module))]
    chosen = Random(asked.seed).sample(every, min(asked.count, len(every)))
    began = time.monotonic()
    made = suite()
    intact = [one for module in ("engine.checker", "engine.gate.judge") for one in killed(made, module)]
    if intact:
        print(f"the code as it stands fails: {intact[:3]}")
        return 2
    had = f"{len(made.desks)} books, {len(made.wrong)} wrong judgements, {len(made.altered)} altered records"
    seconds = time.monotonic() - began
    print(
        f"{len(every):,} places, {len(chosen)} mutants; {had}, {len(made.examples)} examples, made in {seconds:.0f} s"
    )
    sys.stdout.flush()
    running: dict[int, Mutant] = {}
    counts, survived = Counter[tuple[str, bool]](), list[Mutant]()
    waiting = list(reversed(chosen))
    while waiting or running:
        while waiting and len(running) < asked.jobs:
            mutant = waiting.pop()
            running[tried(made, mutant)] = mutant
        child, status = os.wait()
        mutant = running.pop(child)
        counts[mutant.module, status != 0] += 1
        if status == 0:
            survived.append(mutant)
            line, told = mutant.made()[1]
            print(f"survives: {mutant.module.replace('.', '/')}.py:{line}  {told}", flush=True)
    for module in modules:
        dead, all_of_it = counts[module, True], counts[module, True] + counts[module, False]
        print(f"  {module:<26} {dead:>4} of {all_of_it:>4} killed")
    part = 100 * (len(chosen) - len(survived)) / len(chosen)
    print(f"{len(chosen) - len(survived)} of {len(chosen)} mutants killed ({part:.1f} %), seed {asked.seed}, "
          f"{time.monotonic() - began:.0f} s on {asked.jobs} processes")  # fmt: skip
    return 0 if part >= 90 else 1


if __name__ == "__main__":
    sys.exit(main())
