"""Alerts on their way: folded, queued, sent by a thread of their own, tried again, and never lost in silence.

Rules:
- raising an alert costs the desk a queue's lock and no more, whatever the webhook does;
- of alerts of one kind about one thing the first goes out at once; those that follow within `WINDOW` seconds are folded
  into one, which goes out when the window ends and says how many it stands for;
- a delivery that fails is tried again after 0.5, 1, 2 … 60 s, in order, until the alert is `PATIENCE` seconds old;
- an alert that is not delivered (too old, too many waiting, the desk ends) is an `alert-undelivered` line, and counted.
  Its own line stands in the log from the moment it was raised.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Protocol

from adapters.watch.alerts import Alert
from adapters.watch.webhook import NotDelivered
from knowledge.values import Json

WINDOW = 60.0
PATIENCE = 600.0
MOST_WAITING = 1000
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
FAREWELL = 6.0
"""Seconds that what is queued has to go out when the desk ends: one try that takes its whole time, and more."""


class Poster(Protocol):
    """Where alerts go."""

    def post(self, body: Json) -> None:
        """Deliver one body. Raises `NotDelivered`."""


@dataclass
class Folder:
    """Holds back what repeats. Instants are seconds of a clock that only goes forward, given from outside."""

    window: float = WINDOW
    _held: dict[tuple[str, str], tuple[float, Alert | None]] = field(default_factory=dict)
    """By kind and subject: when the window ends, and the alert that stands for those held back."""

    def take(self, alert: Alert, now: float) -> Alert | None:
        """The alert, if it may go out now; None where it is held back."""
        key = (alert.kind, alert.subject)
        ends, held = self._held.get(key, (now, None))
        if now >= ends and held is None:
            self._held[key] = (now + self.window, None)
            return alert
        self._held[key] = (ends, replace(alert, count=alert.count + (held.count if held else 0)))
        return None

    def due(self, now: float, all_of_them: bool = False) -> list[Alert]:
        """What was held back and whose window has ended; a new window begins with it."""
        found = []
        for key, (ends, held) in list(self._held.items()):
            if now < ends and not all_of_them:
                continue
            if held is None:
                del self._held[key]
            else:
                found.append(held)
                self._held[key] = (now + self.window, None)
        return found


class Delivery:
    """Sends alerts from a thread of its own. `lost` is told each alert that was not delivered, and why."""

    def __init__(
        self,
        poster: Poster | None,
        delivered: Callable[[Alert, float], None],
        lost: Callable[[Alert, str], None],
        *,
        window: float = WINDOW,
        first_wait: float = _FIRST_WAIT,
        patience: float = PATIENCE,
        most: int = MOST_WAITING,
    ) -> None:
        """`poster` None: alerts are lines of the log and nothing more. `delivered` is told the seconds it took."""
        self._poster, self._delivered, self._lost = poster, delivered, lost
        self._first_wait, self._patience = first_wait, patience
        self._folder = Folder(window)
        self._queue: queue.Queue[tuple[Alert, float]] = queue.Queue(most)
        """Alerts, and the second at which each was put here, by the clock that nobody sets."""
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="warrant-alerts", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        if self._poster is not None:
            self._thread.start()

    def take(self, alert: Alert) -> None:
        """Take an alert, at once."""
        if self._poster is None:
            return
        with self._lock:
            now = self._folder.take(alert, monotonic())
        if now is not None:
            self._put(now)

    def close(self, farewell: float = FAREWELL) -> None:
        """Send what is left, for a few seconds at most; the rest is lost, and told."""
        if not self._thread.is_alive():
            return
        with self._lock:
            held = self._folder.due(monotonic(), all_of_them=True)
        for alert in held:
            self._put(alert)
        self._ending.set()
        self._thread.join(farewell)
        for alert in self._waiting():
            self._lost(alert, "the desk ended before it went out")

    def _put(self, alert: Alert) -> None:
        try:
            self._queue.put_nowait((alert, monotonic()))
        except queue.Full:
            self._lost(alert, f"{self._queue.maxsize} alerts were waiting already")

    def _run(self) -> None:
        while not (self._ending.is_set() and self._queue.empty()):
            try:
                alert, since = self._queue.get(timeout=0.02 if self._ending.is_set() else 0.2)
            except queue.Empty:
                with self._lock:
                    held = self._folder.due(monotonic())
                for one in held:
                    self._put(one)
                continue
            self._send(alert, since)

    def _send(self, alert: Alert, since: float) -> None:
        assert self._poster is not None
        body, wait = alert.to_json(), self._first_wait
        while True:
            try:
                self._poster.post(body)
            except NotDelivered as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - whatever a poster does, the alerts after this one go out
                reason = f"the webhook failed: {type(error).__name__}"
            else:
                self._delivered(alert, monotonic() - since)
                return
            if self._ending.is_set() or monotonic() - since + wait > self._patience:
                self._lost(alert, reason)
                return
            self._ending.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _waiting(self) -> list[Alert]:
        found = []
        while True:
            try:
                found.append(self._queue.get_nowait()[0])
            except queue.Empty:
                return found
