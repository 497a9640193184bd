"""Drive the soak: fork a process that runs the desk, fork another when a fault has ended it, audit what is left."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path

from adapters.audit.log import LogReader
from adapters.desk.folder import read_desk
from adapters.frame import Failed
from adapters.running.world import World
from adapters.schedule.timetable import Timetable
from adapters.verifying.verify import verify
from tests.soak.closing import added_up, cycles_settled, journal_agrees, lost_or_doubled
from tests.soak.faults import FAULTS
from tests.soak.market import make_market
from tests.soak.stage import FailingWorld, SetClock, Stage, settled, staged

FIRED = "fired"


def main() -> int:
    """Run, audit, print; 0 where nothing was lost, doubled or miscounted."""
    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--cycles", type=int, default=5000)
    options.add_argument("--every", type=int, default=50)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--into", type=Path, help="a folder to keep (default: a temporary one)")
    options.add_argument("--small", action="store_true", help="train on two years in place of six")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as made:
        folder = asked.into or Path(made) / "desk"
        return soak(folder, asked.cycles, asked.every, asked.seed, small=asked.small)


def soak(folder: Path, cycles: int, every: int, seed: int, *, small: bool = False) -> int:
    """The whole run in `folder`; the number of complaints."""
    began = time.monotonic()
    if not folder.exists():
        make_market(folder, cycles, seed, small=small)
    world = _world(folder)
    _say(f"heads trained after {time.monotonic() - began:.0f} s; {cycles} cycles, a fault every {every}, seed {seed}")
    ends: dict[str, Counter[str]] = defaultdict(Counter)
    processes = 0
    while settled(folder_store(world))[0] < cycles:
        processes += 1
        number, before = _last_fired(folder)
        status = _in_a_fork(world, cycles, every, seed)
        fired, name = _last_fired(folder)
        if status:
            ends[name][_ending(status)] += 1
        if status not in (0, 3, -9):
            _say(f"the process ended with {status}")
            return 1
        _say(f"{settled(folder_store(world))[0]:6} cycles, {processes} processes, {time.monotonic() - began:.0f} s")
        assert (number, before) != (fired, name) or status == 0, "the desk ended without a fault"
    return _audit(world, ends, processes, time.monotonic() - began)


def folder_store(world: World) -> Path:
    """Where the log lies."""
    return world.desk.store


def _world(folder: Path) -> FailingWorld:
    world = World.of(read_desk(folder))
    found = FailingWorld.over(world, SetClock(_begin(world)))
    # What every process needs is computed once, before the first fork.
    assert found.survey
    assert found.council
    assert found.actions is not None
    return found


def _begin(world: World):
    from engine.orders.warrants import instant

    return instant(world.calendar.open_instant(world.first_decision))


def _in_a_fork(world: FailingWorld, cycles: int, every: int, seed: int) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            status = _run(world, cycles, every, seed)
        except BaseException:  # noqa: BLE001 - the child of a fork says what happened and goes no further
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, wait = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(wait)


def _run(world: FailingWorld, cycles: int, every: int, seed: int) -> int:
    try:
        clock = world.clock
        assert isinstance(clock, SetClock)
        with staged(world, clock) as stage:
            _drive(stage, cycles, every, seed)
    except Failed as error:
        sys.stderr.write(f"  {error}\n")
        return 3
    return 0


def _drive(stage: Stage, cycles: int, every: int, seed: int) -> None:
    folder = stage.world.desk.folder
    fault = None
    while stage.settled < cycles:
        number = stage.settled // every
        if fault is None and number > _last_fired(folder)[0]:
            # In turn, whatever number a jump of the clock has left out.
            strike = FAULTS[len(_fired(folder)) % len(FAULTS)]
            _fire(folder, number, strike.__name__)
            fault, until = strike(stage, random.Random(f"{seed} {number}")), stage.settled + 1
            next(fault)
        following = stage.loop.turn()
        if following is None:
            raise AssertionError("the market is too short")
        if fault is not None and stage.settled >= until:
            # A power cut that waits for its moment goes on waiting.
            next(fault, None)
            fault = None
        stage.clock.wait_until(following)


def _fire(folder: Path, number: int, name: str) -> None:
    with (folder / FIRED).open("a") as file:
        file.write(f"{number} {name}\n")
        file.flush()
        os.fsync(file.fileno())


def _fired(folder: Path) -> list[str]:
    path = folder / FIRED
    return path.read_text().splitlines() if path.exists() else []


def _last_fired(folder: Path) -> tuple[int, str]:
    lines = _fired(folder)
    number, _, name = (lines[-1] if lines else "0 ").partition(" ")
    return int(number), name


def _ending(status: int) -> str:
    return {3: "ended itself (3)", -9: "killed"}.get(status, str(status))


def _audit(world: FailingWorld, ends: dict[str, Counter[str]], processes: int, seconds: float) -> int:
    with LogReader.read(world.desk.store) as log:
        records, root = list(log), log.root.hex()
    found = [*lost_or_doubled(records)]
    timetable = Timetable(world.calendar, world.desk.settings.schedule)
    labels = [one.label for one in timetable.between(world.first_decision, "9999")]
    found += cycles_settled(labels, records)
    account = added_up(world.desk.settings.desk.capital, records)
    clock = world.clock
    assert isinstance(clock, SetClock)
    with staged(world, clock) as stage:
        books = stage.runner.standing.books
        ours = {name: held.quantity for name, held in books.holdings.items()}
        theirs = {name: held for name, held in account.positions.items() if held}
        venue = stage.runner.standing.broker.positions()
        if ours != theirs or venue != theirs:
            found.append(f"the books hold {ours}, the broker {venue}, fills {theirs}")
        if books.cash != account.cash:
            found.append(f"the books have cash of {books.cash}, the records add up to {account.cash}")
        if books.closing_nav != account.nav:
            found.append(f"the books have a NAV of {books.closing_nav}, the records add up to {account.nav}")
    found += journal_agrees(world.desk.folder, account)
    verification = verify(world.desk.store)
    if not verification.holds:
        found.append("the log does not verify")
    _table(world, records, ends)
    kinds = Counter(one["kind"] for one in records)
    _say("")
    _say(f"{len(records):,} records, root {root[:16]}; {processes} processes, {seconds:.0f} s")
    _say(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    _say(f"cash {account.cash:,.2f}, NAV {account.nav:,.2f}; books, broker and fills agree to the last digit"
         if not found else "the books are wrong or something is lost")  # fmt: skip
    for one in found:
        _say(f"WRONG: {one}")
    return len(found)


def _table(world: FailingWorld, records: list[dict], ends: dict[str, Counter[str]]) -> None:
    fired = [line.split()[1] for line in _fired(world.desk.folder)]
    times = Counter(fired)
    _say(f"{'fault':30} {'times':>5}  ended the process")
    for fault in FAULTS:
        name = fault.__name__
        said = ", ".join(f"{how} × {count}" for how, count in sorted(ends[name].items())) or "no"
        _say(f"{name.replace('_', ' '):30} {times[name]:5}  {said}")
    undetermined = sum(bool(one["kind"] == "decision" and one["fault"]) for one in records)
    missed = sum(one["cycles"] for one in records if one["kind"] == "missed")
    _say(f"cycles undetermined {undetermined}, missed {missed}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(min(main(), 1))
