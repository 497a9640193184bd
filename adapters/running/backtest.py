"""Cycles over past sessions on the code that also runs live: the same runner, worker, log and broker.

A run that was interrupted goes on after the last session its log has decided.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.running.runner import Runner
from knowledge.values import Json


def remaining(runner: Runner, first: str, last: str) -> tuple[str, ...]:
    """Sessions from `first` to `last` that the log has not decided yet."""
    done = runner.standing.last_session
    return tuple(day for day in runner.world.sessions(first, last) if day > done)


def run(runner: Runner, days: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    """Decide these sessions in order; yields each session with its record."""
    for day in days:
        yield day, runner.cycle(day)
