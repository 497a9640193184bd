"""The one clock of a running desk: the machine's, or one that a replay moves.

A clock says what time it is, waits, and tells what jumped. The wall clock is compared with the machine's counter of
elapsed time, which nobody can set (on Linux the one that goes on while the machine sleeps): where the two disagree by
more than a second since they were last compared, somebody set the clock. A sleep of the machine is no jump.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

MACHINE, REPLAY = "machine", "replay"
JUMP_SECONDS = 1.0
"""Disagreement between wall clock and elapsed time that counts as a jump; NTP slews far more gently."""
SLICE_SECONDS = 0.5
"""The longest a clock waits at a time, so that whoever wants to stop the desk is heard."""


class Clock(Protocol):
    """What time it is for a desk."""

    def now(self) -> datetime:
        """The present instant, in UTC."""

    def wait_until(self, moment: datetime) -> None:
        """Wait until this instant, or for a moment if it is far: the caller looks again what is to be done."""

    def jumped(self) -> float:
        """Seconds by which the clock was set since the last call (negative: backwards); 0 where it was not."""


class WallClock:
    """The machine's clock."""

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] | None = None) -> None:
        self._wall, self._elapsed = wall, elapsed or _elapsed
        self._then = self._wall() - self._elapsed()

    def now(self) -> datetime:
        """The present instant."""
        return datetime.fromtimestamp(self._wall(), UTC)

    def wait_until(self, moment: datetime) -> None:
        """Sleep, at most for half a second."""
        time.sleep(min(SLICE_SECONDS, max(0.0, (moment - self.now()).total_seconds())))

    def jumped(self) -> float:
        """Seconds by which the clock was set since the last call."""
        before, self._then = self._then, self._wall() - self._elapsed()
        found = self._then - before
        return found if abs(found) > JUMP_SECONDS else 0.0


class ReplayClock:
    """A clock that begins at an instant and runs `speed` times as fast as the machine's; None: as fast as work allows.

    At None time stands still while anything works, and moves by waiting only.
    """

    def __init__(self, start: datetime, speed: float | None = None) -> None:
        self._now, self._speed = start, speed
        self._seen = time.monotonic()

    def now(self) -> datetime:
        """The present instant of the replay."""
        if self._speed is not None:
            seen = time.monotonic()
            self._now += timedelta(seconds=(seen - self._seen) * self._speed)
            self._seen = seen
        return self._now

    def wait_until(self, moment: datetime) -> None:
        """Wait for this instant of the replay, at most half a second of the machine's."""
        left = (moment - self.now()).total_seconds()
        if self._speed is None:
            self._now = max(self._now, moment)
        elif left > 0:
            time.sleep(min(SLICE_SECONDS, left / self._speed))

    def jumped(self) -> float:
        """A replay's clock is set by nobody."""
        return 0.0


def name_of(clock: Clock) -> str:
    """What a log calls the clock that a desk runs by."""
    return REPLAY if isinstance(clock, ReplayClock) else MACHINE


def _elapsed() -> float:
    """Seconds since some instant, sleep of the machine included where the system counts it."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
