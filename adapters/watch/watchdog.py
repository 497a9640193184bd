"""What nobody records because nothing happens: a cycle that is overdue, a loop that gives no sign of life.

A thread looks once a second. What it finds depends on instants that are given to it, so that it can be tested without
waiting. Each silence is told once, and again only after it has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

LATE = timedelta(seconds=5)
"""A cycle is overdue so long after its latest instant."""
SILENCE = 60.0
"""Seconds without a sign of life from the loop."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What should have happened and did not: the kind of its alert, the cycle, a sentence."""

    kind: str
    cycle_id: str | None
    sentence: str


class Watchdog:
    """Knows what is due. Tell it from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: tuple[str, datetime] | None = None
        self._heard: float | None = None
        self._told: set[str] = set()

    def expect(self, cycle_id: str, latest_at: datetime) -> None:
        """This cycle is to be decided or recorded as missed soon after its latest instant."""
        with self._lock:
            if self._next is None or self._next[0] != cycle_id:
                self._told.discard("cycle-overdue")
            self._next = (cycle_id, latest_at)

    def settled(self, cycle_id: str | None) -> None:
        """A cycle was decided, failed or was missed; those before it are settled, too."""
        with self._lock:
            if self._next is not None and (cycle_id is None or cycle_id >= self._next[0]):
                self._next = None
                self._told.discard("cycle-overdue")

    def heard(self, now: float) -> None:
        """The loop gave a sign of life at this second of a clock that nobody sets."""
        with self._lock:
            self._heard = now
            self._told.discard("no-heartbeat")

    def end(self) -> None:
        """The loop ended and says so: nothing is due any more."""
        with self._lock:
            self._next, self._heard = None, None

    def silences(self, now: datetime, elapsed: float) -> tuple[Silence, ...]:
        """All that should have happened by now."""
        with self._lock:
            return tuple(self._silences(now, elapsed))

    def fresh(self, now: datetime, elapsed: float) -> tuple[Silence, ...]:
        """Those of them that were not told yet."""
        with self._lock:
            found = tuple(one for one in self._silences(now, elapsed) if one.kind not in self._told)
            self._told.update(one.kind for one in found)
            return found

    def _silences(self, now: datetime, elapsed: float) -> Iterator[Silence]:
        if self._next is not None and now > self._next[1] + LATE:
            cycle_id, latest_at = self._next
            words = f"{cycle_id} is neither decided nor missed, {LATE.seconds} s after {latest_at:%Y-%m-%dT%H:%M:%SZ}"
            yield Silence("cycle-overdue", cycle_id, words)
        if self._heard is not None and elapsed > self._heard + SILENCE:
            waiting = self._next[0] if self._next else None
            yield Silence("no-heartbeat", waiting, f"the loop has given no sign of life for {SILENCE:g} s")


class Rounds:
    """A thread that calls `look` once a second until it is ended. `look` may not raise."""

    def __init__(self, look: Callable[[], None], seconds: float = 1.0) -> None:
        self._look, self._seconds = look, seconds
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="warrant-watchdog", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._ending.set()
        self._thread.join(self._seconds)

    def _run(self) -> None:
        while not self._ending.wait(self._seconds):
            self._look()
