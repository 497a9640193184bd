"""Who is told what a desk records, right after it is durable: metrics, logs, alerts.

A watch is called with each record that this process wrote, never with one that was read back at the start, and with
the nanoseconds of its stages where it has some. It may not raise: what watches a desk can not stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from knowledge.values import Json

Watch = Callable[[Json, Mapping[str, int]], None]
NO_TIMINGS: Mapping[str, int] = MappingProxyType({})


def unwatched(record: Json, timings: Mapping[str, int]) -> None:
    """The watch of a desk that nobody watches."""
