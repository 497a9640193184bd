"""(a) From a frozen snapshot to a committed record, stage by stage; cycles with and without candidates apart."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bench.cases import Scene
from tests.bench.stages import STAGES, TimedWorker

WARMING = 8
ENCODE_AND_PIPE, COMMIT, WHOLE = "encode, pipe", "commit", "whole cycle"
ROWS = (ENCODE_AND_PIPE, *STAGES, COMMIT, WHOLE)


def measure(scene: Scene, rounds: int) -> None:
    """Decide and commit every cycle of the run, `rounds` times, each time into a new log."""
    with_some: list[dict[str, int]] = []
    without: list[dict[str, int]] = []
    for _ in range(rounds):
        for case, times in zip(scene.cases[WARMING:], _round(scene)[WARMING:], strict=True):
            (with_some if case.proposed else without).append(times)
    _table("all cycles", [*with_some, *without])
    _table("cycles with candidates", with_some)
    _table("cycles without candidates", without)


def _round(scene: Scene) -> list[dict[str, int]]:
    """Nanoseconds by row of each cycle in order."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            TimedWorker(scene.law.rulebook, scene.law.limits, report=folder / "stages") as worker,
            scene.runner(folder, worker) as runner,
        ):
            for case in scene.cases:
                snapshot, before = case.frozen()
                begun = time.perf_counter_ns()
                decision = runner._decide(snapshot, before)
                decided = time.perf_counter_ns()
                runner._commit(case.day, snapshot, before, decision, {})
                done = time.perf_counter_ns()
                found.append({ENCODE_AND_PIPE: decided - begun, COMMIT: done - decided, WHOLE: done - begun})
            inside = worker.times(len(found))
    for outside, stages in zip(found, inside, strict=True):
        outside[ENCODE_AND_PIPE] -= sum(stages.values())
        outside.update(stages)
    return found


def _table(title: str, cycles: Sequence[dict[str, int]]) -> None:
    print(f"\n{title} ({len(cycles)} measured){'':<10}median ms   p99 ms")
    for row in ROWS:
        times = [one.get(row, 0) for one in cycles]
        print(f"  {row:<36}{quantile(times, 0.5):9.2f}{quantile(times, 0.99):9.2f}")


def quantile(times: Iterable[int], part: float) -> float:
    """A quantile of nanoseconds, in milliseconds; the larger neighbour where it falls between two."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] / 1e6 if ordered else float("nan")
