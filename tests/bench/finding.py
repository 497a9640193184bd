"""How long `warrant audit find` takes, from the command line, on a log of a year of 50 and on ten years of 5."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from adapters.desk.making import make_desk
from tests.adapters.search.made_logs import fill_log

SIZES = ((50, 252), (5, 2520))
QUESTIONS = (
    ("--reason", "sector_cap", "--symbol", "AAPL", "--from", "2011-06-01", "--to", "2011-12-31", "--outcome", "denied"),
    ("--outcome", "denied", "--newest"),
    ("--symbol", "AAPL"),
    ("--kind", "decision", "--rule", "swing-long", "--limit", "order.value"),
    ("--from", "2011-03-01"),
)
TIMES = 9
COMMAND = "import sys; from warrant_engine import main; sys.exit(main())"


def measure_find() -> None:
    """Print a table: seconds of whole processes, the first one making the index."""
    for instruments, sessions in SIZES:
        with tempfile.TemporaryDirectory() as name:
            desk = Path(name) / "desk"
            make_desk(desk)
            fill_log(desk / "store" / "warrant.sqlite", 1, instruments, sessions)
            before = _bytes(desk)
            print(f"{instruments} instruments, {sessions} sessions")
            print(f"  the index is made   {_seconds(desk, QUESTIONS[0]):6.3f} s")
            print(f"  and takes           {(_bytes(desk) - before) / instruments / sessions:6.0f} bytes a verdict")
            for question in QUESTIONS:
                used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
                times = sorted(_seconds(desk, question) for _ in range(TIMES))
                used = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used) / TIMES
                told = f"median {median(times):.3f} s, most {times[-1]:.3f} s, of a core {used:.3f} s"
                print(f"  {told}   {' '.join(question)}")


def _seconds(desk: Path, question: tuple[str, ...]) -> float:
    started = perf_counter()
    words = ("audit", "find", "--desk", str(desk), *question)
    subprocess.run([sys.executable, "-P", "-c", COMMAND, *words], check=True, capture_output=True)
    return perf_counter() - started


def _bytes(desk: Path) -> int:
    """What the store takes, with nothing left in the file beside it."""
    store = desk / "store" / "warrant.sqlite"
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return store.stat().st_size
