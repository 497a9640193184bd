"""A world whose future is hidden by a clock: what a replay runs over.

All bars are there and measured once, and each session appears when the clock has passed its close, as it would in a
feed. That facts, heads and bars of a session do not depend on later ones is what `tests/lookahead.py` shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from adapters.paper.venue import Bar
from adapters.running.clock import Clock
from adapters.running.world import World
from engine.orders.warrants import instant
from knowledge.facts import Fact, Snapshot


@dataclass(frozen=True)
class RevealedWorld(World):
    """A world of which nothing can be had that closes after `clock`."""

    clock: Clock = field(kw_only=True)

    @classmethod
    def over(cls, world: World, clock: Clock) -> Self:
        """This world behind a clock, with all that it has read, measured and trained already."""
        made = cls(world.desk, world.instruments, world.feed, world.fingerprint, clock=clock)
        made.__dict__.update({name: value for name, value in world.__dict__.items() if name not in made.__dict__})
        return made

    def refreshed(self) -> Self:
        """Itself: what was hidden appears by the clock alone."""
        return self

    def sessions(self, first: str, last: str) -> tuple[str, ...]:
        """Labels of bars from `first` to `last`, both included, that have closed."""
        return tuple(day for day in super().sessions(first, last) if self._closed(day))

    def bars(self, day: str) -> dict[str, Bar]:
        """The bars of a session that has closed. Raises `LookupError` for any other."""
        self._check(day)
        return super().bars(day)

    def early(self, day: str, tell: Callable[[Sequence[Fact]], None]) -> None:
        """Tell what is known of such a session before its heads are heard. Raises `LookupError` for any other."""
        self._check(day)
        super().early(day, tell)

    def snapshot(self, day: str) -> Snapshot:
        """Everything known at the close of a session that has closed. Raises `LookupError` for any other."""
        self._check(day)
        return super().snapshot(day)

    def _closed(self, day: str) -> bool:
        return instant(self.session(day).closes_at) <= self.clock.now()

    def _check(self, day: str) -> None:
        if not self._closed(day):
            raise LookupError(f"the bar of {day} has not closed at {self.clock.now().isoformat()}")
