"""Feeds made from another one: its future cut off, its rows and series in another order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from adapters.bars.feeds import Feed
from advisors.quality import Rows


def pick(rows: Rows, places: Sequence[int]) -> Rows:
    """The rows at these places, in this order."""
    at = np.array(places, dtype=np.int64)
    grids = {one.name: getattr(rows, one.name)[at] for one in fields(rows) if one.name not in KEPT}
    return replace(rows, dates=tuple(rows.dates[place] for place in places), **grids)


KEPT = ("instrument", "dates", "dividends", "actions")


@dataclass(frozen=True)
class CutFeed:
    """A feed as it stood after the close of `last`: nothing later is in it."""

    whole: Feed
    last: str

    def series(self) -> tuple[Rows, ...]:
        return tuple(map(self._cut, self.whole.series()))

    def index(self) -> Rows:
        return self._cut(self.whole.index())

    def sessions(self) -> tuple[str, ...]:
        return tuple(day for day in self.whole.sessions() if day <= self.last)

    def fingerprint(self) -> str:
        return f"{self.last} {self.whole.fingerprint()}"

    def _cut(self, rows: Rows) -> Rows:
        return pick(rows, [place for place, day in enumerate(rows.dates) if day <= self.last])


@dataclass(frozen=True)
class ShuffledFeed:
    """A feed whose series, and whose rows in each series, come in an order drawn from `seed`."""

    whole: Feed
    seed: int

    def series(self) -> tuple[Rows, ...]:
        series = [self._shuffled(rows) for rows in self.whole.series()]
        random.Random(self.seed).shuffle(series)
        return tuple(series)

    def index(self) -> Rows:
        return self._shuffled(self.whole.index())

    def sessions(self) -> tuple[str, ...]:
        return self.whole.sessions()

    def fingerprint(self) -> str:
        return f"{self.seed} {self.whole.fingerprint()}"

    def _shuffled(self, rows: Rows) -> Rows:
        places = list(range(len(rows.dates)))
        random.Random(f"{self.seed} {rows.instrument}").shuffle(places)
        return pick(rows, places)
