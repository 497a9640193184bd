"""How long `limits diff` takes for many instruments: each edited file, each time anew, by the wall and by the CPU.

`python -m tests.bench.limits_diff [INSTRUMENTS] [ROUNDS]`. The question begins with both files read and the
snapshot's market in hand; what it takes to read a file is told apart.
"""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter, process_time

from engine.limits.text import read_limits
from engine.universe import warm
from engine.universe.diff import Verdict, diff
from tests.engine.universe.edited import BASE, edited
from tests.engine.universe.made_market import made_market

COUNT, ROUNDS = 50, 5


def main(count: int = COUNT, rounds: int = ROUNDS) -> None:
    warm.up()
    market, everyone = made_market(count), list(edited())
    began = perf_counter()
    read_limits(BASE.read_text(encoding="utf-8"))
    reading = (perf_counter() - began) * 1000
    print(f"{count} instruments, {rounds} rounds; to read one file: {reading:.0f} ms")
    print(f"{'edit':<52}{'verdict':<14}{'median ms':>10}{'worst ms':>10}{'CPU ms':>8}{'programmes':>12}")
    every = []
    for one in everyone:
        walls, cpus = [], []
        for _ in range(rounds):
            wall, cpu = perf_counter(), process_time()
            found = diff(one.old, one.new, lambda _: market)
            walls.append((perf_counter() - wall) * 1000)
            cpus.append((process_time() - cpu) * 1000)
        assert found.verdict is not Verdict.UNKNOWN, one.name
        every += walls
        row = f"{median(walls):>10.0f}{max(walls):>10.0f}{median(cpus):>8.0f}{found.budget.programmes:>12}"
        print(f"{one.name:<52}{found.verdict.value:<14}{row}")
    print(f"all: median {median(every):.0f} ms, worst {max(every):.0f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
