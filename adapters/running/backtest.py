"""Cycles over past bars on the code that also runs live: the same runner, worker, log and broker.

A run that was interrupted goes on after the last bar its log has decided. The desk's schedule says at which bars it
decides; the others are booked.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.calendars.periods import DAILY
from adapters.running.runner import Runner
from adapters.schedule.timetable import Timetable
from knowledge.values import Json


def remaining(runner: Runner, first: str, last: str) -> tuple[str, ...]:
    """Labels of bars from `first` to `last` at whose ends the desk decides, and that the log has not settled yet."""
    done, feed = runner.standing.last_session, runner.desk.settings.feed
    labels = runner.world.sessions(first, last)
    if labels and (feed.interval, runner.desk.settings.schedule.every) != (DAILY, "close"):
        timetable = Timetable(runner.world.calendar, runner.desk.settings.schedule, feed.interval)
        decided = {cycle.label for cycle in timetable.between(labels[0][:10], labels[-1][:10])}
        labels = tuple(label for label in labels if label in decided)
    return tuple(label for label in labels if label > done)


def run(runner: Runner, days: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    """Decide these sessions in order; yields each session with its record."""
    for day in days:
        yield day, runner.cycle(day)
