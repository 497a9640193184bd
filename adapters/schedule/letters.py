"""What people ask of a running desk, answered between two turns of its loop.

`warrant kill` and `warrant resume` put a request into the store; the process that runs the desk looks there at least
every second. What was done is in the log before the request has its answer: a crash between the two answers it once
more at the next start, and a kill that was done does nothing the second time. A resume that nobody waits for any more
is refused: whoever asked may have gone without withdrawing it, and the desk may have been killed since.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from adapters.desk.folder import Desk
from adapters.running.intervention import PATIENCE, REFUSED, answer
from adapters.running.runner import Runner
from adapters.store import requests
from adapters.store.faults import StoreFailed
from adapters.store.opening import opened

LOOK_SECONDS = 0.25
"""How often the store is asked at most: a replay turns thousands of times a minute."""
FRESH = timedelta(seconds=PATIENCE - 1)
"""How old a resume may be when it is begun: it is done before whoever asked gives up."""


class LetterBox:
    """The requests to one desk."""

    def __init__(self, desk: Desk, runner: Runner, every: float = LOOK_SECONDS) -> None:
        self._desk, self._runner, self._every = desk, runner, every
        self._looked = -every

    def look(self) -> None:
        """Answer what was asked. A store that does not answer is asked again; raises `LogUnwritable` for the log."""
        now = time.monotonic()
        if now - self._looked < self._every:
            return
        self._looked = now
        try:
            with opened(self._desk.store) as connection:
                found = requests.open_requests(connection)
        except StoreFailed:
            # What is asked can wait; what is recorded can not, and the log will say so itself.
            return
        for one in found:
            words = _stale(one, datetime.now(UTC)) or self._answer(one)
            with opened(self._desk.store) as connection:
                requests.answer(connection, one.id, datetime.now(UTC), words)

    def _answer(self, one: requests.Request) -> str:
        asked_at = one.asked_at or datetime.now(UTC)
        return answer(self._runner, self._runner.law.limits, one.what, one.who, one.why, asked_at)


def _stale(one: requests.Request, now: datetime) -> str:
    """The answer to a resume that was not asked just now, by either side's clock; empty for what may be answered."""
    if one.what != "resume" or (one.asked_at is not None and abs(now - one.asked_at) <= FRESH):
        return ""
    return (
        f"{REFUSED}it was not asked within the last {FRESH.total_seconds():g} s by the clock of this machine; ask again"
    )
