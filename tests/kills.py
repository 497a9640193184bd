"""kill -9 at random points of a paper run (`python -m tests.kills [--kills 200] [--seed 1] [--until DATE]`).

A desk runs by a replay's clock (`warrant run --replay feed --speed max`, in a process of its own) and is killed again
and again; the last life runs to the end, and where that comes before the last kill, another desk begins. Its log must
tell the story of a run that nobody killed, but for the records of recoveries and what numbers records: the same
decisions, orders, fills and books, in the same order, nothing lost and nothing doubled; and it must verify.

The kills strike in turn at a random instant of a process's first moments (its start, its recovery), at a random
instant of its work, and just before or just after a random transaction of its log, so that the moments between two
records, which are short, get their share. With `--spawned` each life is a command of its own (struck by time only);
else it is forked from a process that has read the bars and trained the heads, which leaves more of the time for what is
to be killed.

It prints a line for each life and a table, and ends with status 1 if the runs differ.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from adapters import cli
from adapters.audit.log import AuditLog, LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.desk.making import make_desk
from adapters.running.world import World
from adapters.verifying.verify import verify
from engine.books.books import Books, fold
from engine.orders.portfolio import Mode
from knowledge.values import Json
from tests.made_feeds import CutFeed

NUMBERS = ("seq", "record_id", "decision_id", "recorded_at")
"""What counts records, or says when one was written."""
WORK_SECONDS = 0.25
"""How long after its first cycle a life may last."""
MOST_TRANSACTIONS = 16
Begin = Callable[[int], tuple[int, int]]
"""Starts a life, to die at its transaction of this number unless 0: its process, and a descriptor to its output."""


@dataclass(frozen=True)
class Life:
    """One process, from its start to its kill."""

    number: int
    seconds: float
    records: int
    """In the log when it ended."""
    session: str
    """Decided last."""
    last: str
    """Kind of the log's last record."""
    open_warrants: int
    """Warranted orders of the last decision that no record speaks of."""


def paper(folder: Path) -> None:
    """Make a desk a paper desk."""
    settings = folder / "warrant.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('mode = "backtest"', 'mode = "paper"'), encoding="utf-8")


def words(folder: Path, until: str) -> list[str]:
    return ["run", "--desk", str(folder), "--replay", "feed", "--speed", "max", "--until", until, "--json"]


def prepare(folder: Path, last: str) -> None:
    """Read and train once for all lives of this process; everything that writes begins anew in each."""
    world = World.of(read_desk(folder))
    prepared = World(world.desk, world.instruments, CutFeed(world.feed, last))
    assert prepared.survey and prepared.council and prepared.first_decision

    def of(desk: Desk, *_: object) -> World:
        object.__setattr__(prepared, "desk", desk)
        return prepared

    World.of = staticmethod(of)  # type: ignore[method-assign, assignment]


def forked(folder: Path, until: str) -> Begin:
    """Lives that share what `prepare` made."""

    def begin(strike: int) -> tuple[int, int]:
        output, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(output)
            os.dup2(theirs, 1)
            if strike:
                _die_at(strike)
            os._exit(cli.run(words(folder, until)))
        os.close(theirs)
        return pid, output

    return begin


def _die_at(strike: int) -> None:
    """Kill this process at its log's transaction of this number: before it (odd), or after it."""
    append_many, seen = AuditLog.append_many, [0]

    def dying(*given: object, **named: object) -> object:
        seen[0] += 1
        if seen[0] == strike and strike % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        receipts = append_many(*given, **named)  # type: ignore[arg-type]
        if seen[0] == strike:
            os.kill(os.getpid(), signal.SIGKILL)
        return receipts

    AuditLog.append_many = dying  # type: ignore[method-assign, assignment]


def spawned(folder: Path, until: str) -> Begin:
    """Lives that are commands."""

    def begin(strike: int) -> tuple[int, int]:
        assert not strike, "a command does not know when it is to die"
        output, theirs = os.pipe()
        command = [sys.executable, "-P", "-m", "adapters.cli", *words(folder, until)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        process = subprocess.Popen(command, stdout=theirs, env=environment)
        os.close(theirs)
        # Waited for by its number below.
        process.returncode = 0
        return process.pid, output

    return begin


def live(begin: Begin, wait: float | None, after_output: bool = False, strike: int = 0) -> tuple[float, float, int]:
    """One life, killed `wait` seconds after its start or its first output; None lets it end by itself or at `strike`.

    Returns its seconds, those until its first output, and its exit status (-9 where it was killed).
    """
    born = time.monotonic()
    pid, output = begin(strike)
    spoke = 0.0
    try:
        end = None if wait is None or after_output else born + wait
        while end is None or time.monotonic() < end:
            ready = select.select([output], [], [], None if end is None else max(0.0, end - time.monotonic()))[0]
            if ready:
                if not os.read(output, 1 << 16):
                    break
                if not spoke:
                    spoke = time.monotonic() - born
                    end = time.monotonic() + wait if after_output and wait is not None else end
        if wait is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    finally:
        os.close(output)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return time.monotonic() - born, spoke, status


def kill_often(
    begin: Begin, store: Path, kills: int, seed: int, by_time: bool, tell: Callable[[str], None]
) -> list[Life]:
    """Kill `kills` lives, then let one end."""
    drawn, lives, firsts = random.Random(seed), [], [2.0]
    while len(lives) < kills:
        way = len(lives) % (2 if by_time else 3)
        wait = drawn.uniform(0.0, WORK_SECONDS if way == 1 else 1.2 * median(firsts))
        strike = drawn.randint(1, MOST_TRANSACTIONS) if way == 2 else 0
        seconds, spoke, status = live(begin, None if strike else wait, way == 1, strike)
        firsts = [*firsts[-9:], spoke] if spoke else firsts
        if status == 0:
            # It came to the end before the kill: then there is nothing left to kill.
            break
        if status != -signal.SIGKILL:
            raise SystemExit(f"life {len(lives) + 1} ended by itself with status {status}")
        lives.append(_life(len(lives) + 1, seconds, store))
        tell(
            f"{lives[-1].number:>4}  {seconds:6.2f} s  {lives[-1].records:>6} records  {lives[-1].session or '-':<10}"
            f"  {lives[-1].last:<9}  {lives[-1].open_warrants or ''}"
        )
    _, _, status = live(begin, None)
    if status != 0:
        raise SystemExit(f"the last life ended with status {status}")
    return lives


def story(store: Path) -> list[Json]:
    """What the log tells, without recoveries and what numbers records."""
    with LogReader.read(store) as log:
        return [
            {name: value for name, value in one.items() if name not in NUMBERS}
            for one in log
            if one["kind"] != "recovery"
        ]


def books(store: Path, folder: Path) -> Books:
    section = read_desk(folder).settings.desk
    with LogReader.read(store) as log:
        return fold(Books.open(section.account, Mode.PAPER, section.currency, section.capital), log.records())


def _life(number: int, seconds: float, store: Path) -> Life:
    if not store.exists():
        return Life(number, seconds, 0, "", "no log", 0)
    try:
        with LogReader.read(store) as log:
            size = log.size
            last = next(log.records(newest_first=True), {"kind": "empty"})
            decision = next(log.records(["decision"], newest_first=True), None)
            told = set()
            if decision is not None:
                told = {one.get("client_order_id") for one in log.records(["order", "expiry"], since=decision["as_of"])}
    except ValueError:
        return Life(number, seconds, 0, "", "being made", 0)
    if decision is None:
        return Life(number, seconds, size, "", last["kind"], 0)
    missing = [one for one in decision["warrants"] if one["order"]["client_order_id"] not in told]
    return Life(number, seconds, size, decision["as_of"][:10], last["kind"], len(missing))


def report(folder: Path, whole: Path, lives: list[Life], tell: Callable[[str], None]) -> int:
    """Compare the killed run with the whole one; the exit status."""
    killed, calm = read_desk(folder).store, read_desk(whole).store
    found, wanted = story(killed), story(calm)
    ours, theirs = books(killed, folder), books(calm, whole)
    with LogReader.read(killed) as log:
        recoveries = sum(1 for _ in log.records(["recovery"]))
    kinds = Counter(one["kind"] for one in found)
    checks = {
        "the log verifies": verify(killed).holds,
        "books are equal": ours == theirs,
        "records tell the same story": found == wanted,
        "no decision twice": len({one["as_of"] for one in found if one["kind"] == "decision"}) == kinds["decision"],
    }
    tell("")
    tell(f"{len(lives)} kills; the log ended with")
    for kind, number in Counter(one.last for one in lives).most_common():
        tell(f"  {kind:<12} {number:>4}")
    left = sum(one.open_warrants > 0 for one in lives)
    tell(f"{left} kills left a warrant without its order; {recoveries} recoveries are recorded")
    tell(", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())))
    tell(f"cash {ours.cash}, fees {ours.fees}, realised {float(ours.realised):.2f}, {len(ours.holdings)} held")
    for words_of, holds in checks.items():
        tell(f"{'yes' if holds else 'NO ':<4} {words_of}")
    if found != wanted:
        at = next((at for at, (one, other) in enumerate(zip(found, wanted, strict=False)) if one != other), None)
        tell(f"first difference at {at}: {found[at] if at is not None else len(found)}")
        tell(f"   of the whole run   : {wanted[at] if at is not None else len(wanted)}")
    return 0 if all(checks.values()) else 1


def main(arguments: list[str]) -> int:
    """Make both runs and compare them."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", default="2013-03-01")
    parser.add_argument("--feed-until", default="2013-03-01", help="where the feed ends, and so what heads train on")
    parser.add_argument("--from-desk", type=Path, help="a desk to copy, with its models; its log stays behind")
    parser.add_argument("--spawned", action="store_true")
    given = parser.parse_args(arguments)

    def tell(line: str) -> None:
        print(line, flush=True)

    with tempfile.TemporaryDirectory() as name:
        whole, folder = Path(name) / "whole", Path(name) / "killed"
        _copy(given.from_desk, whole)
        began = time.monotonic()
        if not given.spawned:
            prepare(whole, given.feed_until)
        lives_of = spawned if given.spawned else forked
        if live(lives_of(whole, given.until), None)[2] != 0:
            raise SystemExit("the run that nobody kills failed")
        tell(f"the run that nobody kills took {time.monotonic() - began:.0f} s")
        lives: list[Life] = []
        status = 0
        while len(lives) < given.kills and not status:
            _copy(whole, folder)
            begin, store = lives_of(folder, given.until), read_desk(folder).store
            seed, left = given.seed + len(lives), given.kills - len(lives)
            found = kill_often(begin, store, left, seed, given.spawned, tell)
            status = report(folder, whole, found, tell)
            lives += found
            shutil.rmtree(folder)
        tell(f"{len(lives)} kills in all: {'every run ended where it should' if not status else 'a run DIFFERS'}")
        return status


def _copy(source: Path | None, folder: Path) -> None:
    """A desk without a log, with the models of the other."""
    if source is None:
        make_desk(folder, None)
    else:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("warrant.sqlite*"))
    paper(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
