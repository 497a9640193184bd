"""How long an explanation takes: a whole process, a decision where the log is open, and a thousand in a row.

The desk is the one that `WARRANT_BENCH_DESK` names, such as that of the demonstration, else a short run made here.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from adapters.answers.explaining import explain
from adapters.answers.lookup import orders_of
from adapters.answers.rendering import rendered
from adapters.audit.reader import LogReader
from adapters.desk.folder import read_desk, store_of
from adapters.desk.making import make_desk
from adapters.frame import Form
from adapters.running.backtest import remaining, run
from adapters.running.session import opened
from adapters.running.world import World
from knowledge.values import Json

TIMES = 9
COMMAND = "import sys; from warrant_engine import main; sys.exit(main())"
LAST = "2011-06-30"
IN_A_ROW = 1000


def measure_telling() -> None:
    """Print three tables: cold, warm, and in a row."""
    with tempfile.TemporaryDirectory() as name:
        desk = _desk(Path(name))
        with LogReader.read(store_of(desk)) as log:
            decisions = list(log.records(["decision"]))
            _cold(desk, decisions)
            _warm(log, decisions)
            _in_a_row(log, decisions)


def _desk(folder: Path) -> Path:
    if kept := os.environ.get("WARRANT_BENCH_DESK"):
        return Path(kept)
    made = folder / "desk"
    make_desk(made)
    desk = read_desk(made)
    with opened(desk, World(desk)) as runner:
        run(runner, remaining(runner, None, LAST))
    return made


def _cold(desk: Path, decisions: list[Json]) -> None:
    print(f"cold, the whole process; {TIMES} times")
    for what, words in _questions(decisions):
        times, before = [], resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(TIMES):
            started = perf_counter()
            line = [sys.executable, "-P", "-c", COMMAND, *words, "--desk", str(desk)]
            subprocess.run(line, check=True, capture_output=True)
            times.append(perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / TIMES
        print(f"  {what:<22} median {median(times):.3f} s, least {min(times):.3f} s, of a core {used:.3f} s")


def _questions(decisions: list[Json]) -> list[tuple[str, list[str]]]:
    verdicts = {one["outcome"]: (record, one) for record in reversed(decisions) for one in record["verdicts"]}
    orders = {order["role"]: order for record in reversed(decisions) for _, order in orders_of(record)}
    found = [(f"explain {role}", ["explain", order["client_order_id"]]) for role, order in sorted(orders.items())]
    found += [
        (f"why-not {outcome}", ["why-not", one["instrument"], "--at", record["period"]])
        for outcome, (record, one) in sorted(verdicts.items())
    ]
    return [*found, ("explain a cycle", ["explain", decisions[-1]["record_id"]])]


def _warm(log: LogReader, decisions: list[Json]) -> None:
    """Every decision, the log open and its rulebook and limits read."""
    explain(log, decisions[0]["record_id"])
    for form in Form:
        times = sorted(_took(partial(_told, log, one, form)) for one in decisions)
        told = f"median {median(times) * 1e3:.1f} ms, 99 % {times[len(times) * 99 // 100] * 1e3:.1f} ms"
        print(f"warm, {len(times)} decisions as {form.value:<5} {told}, most {times[-1] * 1e3:.1f} ms")


def _in_a_row(log: LogReader, decisions: list[Json]) -> None:
    found = list(islice(cycle(decisions), IN_A_ROW))
    tenth = IN_A_ROW // 10
    for at in range(0, IN_A_ROW, tenth):
        took = sum(_took(partial(_told, log, one, Form.TEXT)) for one in found[at : at + tenth])
        print(f"in a row, {at + 1:>4} to {at + tenth:>4}: {took / tenth * 1e3:.1f} ms each")


def _told(log: LogReader, decision: Json, form: Form) -> str:
    return rendered(explain(log, decision["record_id"]), form)


def _took(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    started = process_time()
    work()
    return process_time() - started
