"""A clock that a test moves."""

from __future__ import annotations

from datetime import datetime, timedelta


class MadeClock:
    """Says what it was set to; `wait_until` moves it there, `set_by` sets it as a person or a time server would."""

    def __init__(self, start: str) -> None:
        self.moment = datetime.fromisoformat(start)
        self._jump = 0.0

    def now(self) -> datetime:
        return self.moment

    def wait_until(self, moment: datetime) -> None:
        self.moment = max(self.moment, moment)

    def set_by(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self._jump += seconds

    def at(self, written: str) -> None:
        """Time passes until then."""
        self.moment = datetime.fromisoformat(written)

    def jumped(self) -> float:
        found, self._jump = self._jump, 0.0
        return found
