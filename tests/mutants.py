"""Mutation testing of gate, arithmetic, encoding and checker (`python -m tests.mutants [--count 500] [--seed 1]`).

A mutant is one small change of one of `TARGETS`: a comparison turned, a sign, a constant, `min` for `max`, a condition
negated, a statement or a returned value dropped. Each runs in a process of its own, forked from one that has made the
books and imported Z3: the changed functions get the changed code in place, so that nothing is imported again. It is
killed where something no longer holds:

- of random books (`tests/many_books.py`): the gate rules as its slow twin did before the change, to the last digit;
  arithmetic, Z3, oracle and checker agree, promises 1 to 4 are kept;
- a gate that grants one lot too many or too few is still contradicted by Z3, and by the checker;
- the checker passes the records of those books and of whole cycles, and notices each that was altered;
- the examples of `EXAMPLES` pass: their tests that need neither Hypothesis nor a fixture;
- the checker says the same of a file of records.

It prints every survivor with its line, and a table by file; status 1 below 90 % killed. `docs/testing.md` discusses
them. What became of each mutant is kept in `--journal`: the same command goes on where it was ended, and tries again
who survived.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from inspect import signature
from io import StringIO
from itertools import chain, product
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from types import FrameType, FunctionType
from typing import Any
from unittest.mock import patch

from engine import checker
from engine.checker import Said, complaints
from engine.gate import judge as gate
from engine.limits.kinds import KINDS
from engine.review.oracle import Case, TooMany, worst
from tests import dice
from tests.engine import slow_gate
from tests.engine.desk_record import exported, reread
from tests.engine.test_checker import changed, known_records, numeric_places, resealed
from tests.many_books import book, faults, lively, one_context, solver
from tests.mutations import Mutant, sites

TARGETS = (
    "engine.gate.reach", "engine.gate.scope", "engine.gate.measures", "engine.gate.whole", "engine.gate.desk",
    "engine.gate.shocks", "engine.gate.compiled", "engine.gate.rows", "engine.gate.running", "engine.gate.crowding",
    "engine.gate.curves", "engine.gate.convex", "engine.gate.judge",
    "engine.proof.smt", "engine.proof.smt_question", "engine.proof.smt_rows", "engine.proof.smt_limits",
    "engine.proof.smt_costs", "engine.proof.smt_desk", "engine.proof.smt_convex", "engine.checker",
)  # fmt: skip
EXAMPLES = ("smt", "proof", "convex", "gate", "measures", "rows", "reach", "seeded_faults", "checker", "orders")
TWINS = ("engine.gate.reach", "engine.gate.scope", "engine.gate.measures", "engine.gate.convex")
"""What the slow gate is made of, too."""
BOOKS, EACH, ROLLED, QUEUES, ASKED, CHANGES, SEED = 40, 4, 700, 80, 250, 4, 11
PATIENCE, MOST_SECONDS, MOST_WORDS, EVERY = 30, 3, 2000, 10
TOO_LONG = "it takes too long"


# --- killing them --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A test that passes, what it takes of the processor, and the modules whose code it runs."""

    call: Callable[[], Any]
    seconds: float
    reaches: frozenset[str]


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


def tried_out(example: Callable[[], Any]) -> Iterator[Example]:
    """None where it fails as it stands, as that can kill nobody, or takes long."""
    files = {Mutant(name, 0).file: name for name in TARGETS}
    seen: set[str] = set()

    def called(frame: FrameType, event: str, argument: object) -> None:
        seen.add(frame.f_code.co_filename)

    began = time.process_time()
    sys.setprofile(called)
    try:
        example()
    except BaseException:  # noqa: BLE001 - see above
        return
    finally:
        sys.setprofile(None)
    seconds = time.process_time() - began
    if seconds < MOST_SECONDS:
        yield Example(example, seconds, frozenset(name for file, name in files.items() if str(file) in seen))


@dataclass(frozen=True)
class Suite:
    """Everything a mutant is held against, made before it."""

    desks: list[Any]
    asked: list[tuple[Any, Any]]
    """Desks with their judgements, for the solver."""
    ruled: list[tuple[Any, Any]]
    """Desks with what the slow gate makes of them."""
    wrong: list[tuple[Any, Any]]
    """Desks with judgements that Z3 contradicts: one lot too many or too few."""
    records: list[Said]
    altered: list[Said]
    """Records that do not hold."""
    examples: list[Example]
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
    crowded = dice.loaded("tests.engine.queue_strategy").queues()
    desks = rolled[:BOOKS]
    for kind in (name for name, one in KINDS.items() if one.form in ("order", "linear", "convex")):
        refusing = [one for one in rolled if kind in refused_by(one)]
        desks += [one for one in refusing[:EACH] if one not in desks]
    queues = [crowded.roll(Random(f"{SEED}/queue {at}")) for at in range(QUEUES)]
    ruled = [(one, slowly(one)) for one in (*queues[::2], *rolled, *queues[1::2])]
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
    passing = sorted(chain(*map(tried_out, examples())), key=lambda one: one.seconds)
    export = Path(mkdtemp()) / "records.jsonl"
    sealed = [{**json.loads(one), "seq": at} for at, one in enumerate(known_records().values())]
    export.write_bytes(b"\n".join(map(resealed, [*sealed, {**sealed[0], "seq": 3, "regime": "volatile"}, *sealed])))
    altered = [one for one in altered if complaints(one)]
    asked = [(desk, desk.judged()) for desk in (*desks, *rolled[BOOKS:ASKED], *queues[::4])]
    return Suite(desks, asked, ruled, wrong, records, altered, passing, export, run(export))


def run(export: Path) -> str:
    """Exit status and output of the checker over a file."""
    out = StringIO()
    with patch.object(sys, "stdout", out):
        return f"{checker._main([str(export)])} {out.getvalue()}"


def slowly(desk: Any) -> tuple[Any, ...]:
    """What the gate in fractions says."""
    return said(slow_gate.judge(desk.book, desk.entries, desk.market, desk.limits, desk.regime))


def said(judgement: Any) -> tuple[Any, ...]:
    """What two gates have in common."""
    return judgement.rulings, judgement.readings, judgement.grants


def killed(made: Suite, module: str) -> Iterator[str]:
    """What no longer holds."""
    if module == "engine.checker":
        yield from of_checker(made)
    elif module.startswith("engine.proof."):
        with one_context():
            yield from of_solver(made)
    else:
        yield from of_gate(made, module)
        with one_context():
            yield from of_all_four(made)
            yield from of_solver(made)
    for example in made.examples:
        if module in example.reaches:
            example.call()


def of_checker(made: Suite) -> Iterator[str]:
    yield from (one for record in made.records for one in complaints(record))
    yield from ("an altered record passes" for record in made.altered if not complaints(record))
    if run(made.export) != made.said:
        yield "it says something else of a file"


def of_solver(made: Suite) -> Iterator[str]:
    for desk, judgement in made.asked:
        yield from solver(desk, judgement)
    yield from ("a wrong gate agrees with Z3" for desk, judgement in made.wrong if not [*solver(desk, judgement)])


def of_gate(made: Suite, module: str) -> Iterator[str]:
    yield from ("the gate rules otherwise than its twin" for desk, ruled in made.ruled if said(desk.judged()) != ruled)
    if module in TWINS:
        yield from (
            "the twin rules otherwise than before" for desk, ruled in made.ruled[:ASKED] if slowly(desk) != ruled
        )


def of_all_four(made: Suite) -> Iterator[str]:
    for at, desk in enumerate(made.desks):
        judgement = desk.judged()
        yield from faults(SEED, at, desk, judgement)
        case = Case(desk.portfolio, desk.exits, judgement.scope.entries, desk.market, desk.limits, desk.regime)
        try:
            read = [(one.measure, one.value, one.bound, one.base, one.corner) for one in judgement.readings]
            told = worst(case, judgement.grants)
            if read != [(one.measure, one.value, one.bound, one.base, one.corner) for one in told]:
                yield "the oracle reads otherwise"
        except TooMany:
            continue


def tried(made: Suite, mutant: Mutant) -> tuple[int, int]:
    """Start a process for a mutant; its id, and where it tells what killed the mutant: nothing where it survives."""
    told, telling = os.pipe()
    child = os.fork()
    if child:
        os.close(telling)
        return child, told
    # Of the processor's time, as a busy machine must kill nobody; what sleeps or waits is ended, too.
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    signal.alarm(30 * PATIENCE)
    for late in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(late, partial(_too_long, telling))
    try:
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the rest of this process
        mutant.put_in()
        found = next(killed(made, mutant.module), None)
    except BaseException as error:  # noqa: BLE001 - a mutant that raises is dead
        found = f"raises {error!r}"
    os.write(telling, (found or "").encode()[:MOST_WORDS])
    os._exit(0)


def _too_long(telling: int, *_: object) -> None:
    """At once: an exception could be caught by what runs without end."""
    os.write(telling, TOO_LONG.encode())
    os._exit(0)


@dataclass(frozen=True)
class Journal:
    """What became of each mutant, a line each, so that a run that was ended goes on where it was."""

    path: Path
    code: str
    """Digest of the modules: a line about other code is worth nothing."""

    def add(self, mutant: Mutant, why: str, seconds: float) -> None:
        line, told = mutant.made()[1]
        row = {"code": self.code, "module": mutant.module, "at": mutant.at, "line": line, "told": told, "why": why,
               "seconds": round(seconds, 1)}  # fmt: skip
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def dead(self) -> dict[Mutant, str]:
        """What killed each that was killed. Who survived is tried again: the tests may have become better."""
        if not self.path.exists():
            return {}
        rows = map(json.loads, self.path.read_text(encoding="utf-8").splitlines())
        return {Mutant(one["module"], one["at"]): one["why"] for one in rows if one["code"] == self.code and one["why"]}


def code() -> str:
    """Digest of all modules that are changed."""
    return sha256("".join(Mutant(one, 0).source for one in TARGETS).encode()).hexdigest()[:16]


def run_all(made: Suite, waiting: list[Mutant], jobs: int, journal: Journal) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with what killed it, as they end; empty for one that survives."""
    waiting, running = waiting[::-1], {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            child, told = tried(made, mutant)
            running[child] = mutant, told, time.monotonic()
        child, status = os.wait()
        mutant, told, began = running.pop(child)
        with os.fdopen(told, "rb") as pipe:
            why = pipe.read().decode("utf-8", "replace")
        if status:
            why = why or f"ended with status {status}"
        journal.add(mutant, why, time.monotonic() - began)
        yield mutant, why


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--first", type=int, help="only so many of them")
    parser.add_argument("--only", help="one module")
    parser.add_argument("--journal", type=Path, default=Path("var/mutants.jsonl"))
    asked = parser.parse_args()
    modules = [asked.only] if asked.only else list(TARGETS)
    every = [Mutant(module, at) for module in modules for at in range(sites(module))]
    chosen = Random(asked.seed).sample(every, min(asked.count, len(every)))[: asked.first]
    asked.journal.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(asked.journal, code())
    known = journal.dead()
    ended = {mutant: known[mutant] for mutant in chosen if mutant in known}
    began = time.monotonic()
    made = suite()
    intact = [one for module in ("engine.checker", TWINS[0]) for one in killed(made, module)]
    if intact:
        print(f"the code as it stands fails: {intact[:3]}")
        return 2
    had = f"{len(made.desks)} books, {len(made.wrong)} wrong judgements, {len(made.altered)} altered records"
    seconds = time.monotonic() - began
    print(
        f"{len(every):,} places, {len(chosen)} mutants; {had}, {len(made.examples)} examples, made in {seconds:.0f} s"
    )
    if ended:
        print(f"{len(ended)} were killed before, as {asked.journal} says; survivors are tried again")
    sys.stdout.flush()
    try:
        for mutant, why in run_all(made, [one for one in chosen if one not in ended], asked.jobs, journal):
            ended[mutant] = why
            if not why:
                line, told = mutant.made()[1]
                print(f"survives: {mutant.module.replace('.', '/')}.py:{line}  {told}", flush=True)
            if len(ended) % EVERY == 0:
                seconds, alive = time.monotonic() - began, sum(not one for one in ended.values())
                print(f"  {len(ended)} of {len(chosen)}: {alive} survive, {seconds:.0f} s", flush=True)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here")
    return summary(modules, ended, len(chosen), f"seed {asked.seed}, {time.monotonic() - began:.0f} s on "
                   f"{asked.jobs} processes")  # fmt: skip


def summary(modules: Sequence[str], ended: dict[Mutant, str], wanted: int, how: str) -> int:
    """Print the table by module; the exit status."""
    for module in modules:
        reasons = [why for mutant, why in ended.items() if mutant.module == module]
        print(f"  {module:<26} {sum(map(bool, reasons)):>4} of {len(reasons):>4} killed")
    dead = sum(map(bool, ended.values()))
    late = sum(why == TOO_LONG for why in ended.values())
    part = 100 * dead / max(1, len(ended))
    print(f"{dead} of {len(ended)} mutants killed ({part:.1f} %), {late} of them because they never ended; {how}")
    return 0 if part >= 90 and len(ended) == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
