"""Who is told what happens to a desk, right after it is durable: metrics, logs, alerts.

Rules:
- a watch is told each record that this process wrote, never one that was read back at the start, and the nanoseconds
  of its stages where it has some;
- what can not be a record (the log is unwritable, the feed fails, the lease is lost) is a `Happening`, by name;
- a watch may not raise, and may not take long: what watches a desk can neither stop nor delay it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from adapters.running.standing import Standing
from knowledge.values import Json

NO_TIMINGS: Mapping[str, int] = MappingProxyType({})


class Happening(StrEnum):
    """The closed list of what happens outside the log. The fields each one brings are named behind it."""

    NEXT_CYCLE = "next-cycle"
    """`cycle_id`, `due_at`, `latest_at`: the next cycle, when it is due and when it counts as missed."""
    ALIVE = "alive"
    """The loop goes round; tell it at least every 10 s, also while a long cycle waits for its hour."""
    LOG_UNWRITABLE = "log-unwritable"
    """`reason`."""
    FEED_FAILING = "feed-failing"
    """`source`, `reason`: asked for bars, it gave none or wrong ones."""
    FEED_FAILED_OVER = "feed-failed-over"
    """`source` now asked, `failed` before, `reason`."""
    FEED_FINE = "feed-fine"
    """`source`: it fails no more; `as_of` of its newest bar, where that is known."""
    LEASE_LOST = "lease-lost"
    """`holder`, `reason`: another process runs the desk."""
    STOPPED = "stopped"
    """`reason`: the loop ends in good order."""
    FAILED = "failed"
    """`reason`: the loop ends because it can not go on."""


class Watch(Protocol):
    """What is told."""

    def opened(self, standing: Standing, records: int) -> None:
        """What the log says the desk is, before anything happens; it goes on being what it says.

        `records` is how many the log holds.
        """

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        """A record of this process is durable. `timings` are nanoseconds by stage."""

    def happened(self, what: Happening, **fields: Json) -> None:
        """Something that can not be a record; the fields as `Happening` says."""


class Unwatched:
    """The watch of a desk that nobody watches."""

    def opened(self, standing: Standing, records: int) -> None:
        """Nobody is told."""

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        """Nobody is told."""

    def happened(self, what: Happening, **fields: Json) -> None:
        """Nobody is told."""


unwatched = Unwatched()
