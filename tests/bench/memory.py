"""(b) Memory of worker and shell over many cycles, each decided and committed."""

from __future__ import annotations

import os
import re
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from adapters.running.worker import Worker
from tests.bench.cases import Scene

EVERY = 1_000


def measure(scene: Scene, cycles: int) -> None:
    """Print resident memory every 1,000 cycles. The run's inputs go round; each round has a log of its own."""
    print(f"\nmemory over {cycles} cycles{'':<12}worker MB  shell MB  cycles/s")
    begun, done = time.perf_counter(), 0
    with Worker(scene.law.rulebook, scene.law.limits) as worker:
        while done < cycles:
            with tempfile.TemporaryDirectory() as name, scene.runner(Path(name), worker) as runner:
                for case in islice(cycle(scene.cases), min(len(scene.cases), cycles - done)):
                    snapshot, before = case.frozen()
                    runner._commit(case.day, snapshot, before, runner._decide(snapshot, before), {})
                    done += 1
                    if done % EVERY == 0 or done == 100:
                        assert worker.pid is not None
                        rate = done / (time.perf_counter() - begun)
                        row = f"{resident(worker.pid):9.1f}{resident(os.getpid()):10.1f}{rate:10.0f}"
                        print(f"  {done:>6}{'':<28}{row}", flush=True)


def resident(pid: int) -> float:
    """Resident memory of a process in megabytes."""
    found = re.search(r"VmRSS:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")
