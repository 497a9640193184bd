"""What turns the loop: APScheduler by the machine's clock, or a replay by its own.

The schedule is not stored: no job store keeps what is due, because the log says what has been decided or missed and the
calendar says the rest. A table of jobs beside them would be a second truth, which a crash between the two writes, a
restored backup or a new calendar would make contradict the first. So there is one job, "look what is due", which
APScheduler wakes when the loop asked for it and at least every second.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType

from adapters.running.clock import Clock
from adapters.schedule.loop import Loop

LOOK_EVERY = timedelta(seconds=1)
AT_ONCE = timedelta(milliseconds=1)
Stopping = Callable[[], bool]


@contextmanager
def asked_to_stop() -> Iterator[Stopping]:
    """Within, SIGTERM and SIGINT only ask to stop: what is under way is finished."""
    asked = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    before = {one: signal.signal(one, on_signal) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: asked
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def drive(loop: Loop, clock: Clock, stopping: Stopping) -> None:
    """Turn the loop by this clock until nothing is left, or somebody stops it."""
    while not stopping():
        following = loop.turn()
        if following is None:
            return
        clock.wait_until(following)


def drive_by_wall(loop: Loop, stopping: Stopping) -> None:
    """Turn the loop by the machine's clock until nothing is left, or somebody stops it."""
    from apscheduler.executors.debug import DebugExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.base import BaseTrigger

    ended: list[BaseException | None] = []
    following: list[datetime | None] = [None]

    class WhenAsked(BaseTrigger):  # type: ignore[misc]
        """Fires when the loop asked for it, and at least every second."""

        def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
            left = AT_ONCE if following[0] is None else following[0] - loop.clock.now()
            return now + max(AT_ONCE, min(left, LOOK_EVERY))

    class Scheduler(BlockingScheduler):  # type: ignore[misc]
        """Never waits longer than to the next look: a clock that is set back would put its job hours away."""

        def _main_loop(self) -> None:
            while not ended:
                left = self._process_jobs()
                if left is None or left > 2 * LOOK_EVERY.total_seconds():
                    job.modify(next_run_time=datetime.now(UTC))
                elif not ended:
                    self._event.wait(left)
                    self._event.clear()
            self.shutdown(wait=False)

    def look() -> None:
        try:
            if not stopping():
                following[0] = loop.turn()
            if stopping() or following[0] is None:
                ended.append(None)
        except BaseException as error:  # noqa: BLE001 - raised again below, where the scheduler does not swallow it
            ended.append(error)

    # The executor that runs a job where it is due: SQLite, signals and the worker belong to this one thread.
    scheduler = Scheduler(timezone="UTC", executors={"default": DebugExecutor()})
    job = scheduler.add_job(look, WhenAsked(), misfire_grace_time=None, coalesce=True, max_instances=1)
    scheduler.start()
    if ended[0] is not None:
        raise ended[0]
