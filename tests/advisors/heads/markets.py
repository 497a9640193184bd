"""Small synthetic markets and heads for the tests of `advisors.heads` and `advisors.council`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from advisors.heads.base import Features, News
from advisors.heads.rules_based import RulesBased
from advisors.heads.sentiment import Sentiment
from advisors.heads.technical import Technical
from advisors.heads.volume import Volume
from advisors.heads.walk import Plan
from advisors.indicators import Measures, measure_panel
from advisors.panel import Floats, Panel

SMALL = Plan(days=56, fold=40, least=120)
SESSIONS = 360
UNTIL_ROW = 280


def weekdays(count: int) -> tuple[str, ...]:
    """The first `count` weekdays from 2009-01-01 on."""
    first = date(2009, 1, 1)
    days = (first + timedelta(days=number) for number in range(2 * count + 7))
    return tuple(day.isoformat() for day in days if day.weekday() < 5)[:count]


def market(seed: int, trend: float = 0.0, sessions: int = SESSIONS, late: int = 0) -> Panel:
    """Three instruments; with `trend` > 0, slow waves of drift that indicators can see. The last one lists `late`."""
    rng = np.random.default_rng(seed)
    names = ("AA", "BB", "CC")
    phase = np.arange(sessions)[:, None] / 25 + np.array([0.0, 1.0, 2.0])
    drift = trend * np.sign(np.sin(phase))
    change = drift + 0.01 * rng.standard_normal((sessions, 3))
    close = 50 * np.exp(np.cumsum(change, axis=0))
    top = 1 + 0.01 * rng.random((sessions, 3)) + 0.002
    bottom = 1 - 0.01 * rng.random((sessions, 3)) - 0.002
    # The close's place in the day's range goes with the drift, as buying pressure would.
    lean = 1 + 0.009 * np.sign(drift) * rng.random((sessions, 3))
    grids = {
        "open": close,
        "high": close * np.maximum(top, 1.001) / lean,
        "low": close * bottom / lean,
        "close": close,
        "volume": np.round(1e6 * np.exp(0.3 * rng.standard_normal((sessions, 3)))),
        "factor": np.ones((sessions, 3)),
        "split": np.ones((sessions, 3)),
    }
    grids["high"] = np.maximum(grids["high"], close)
    grids["low"] = np.minimum(grids["low"], close)
    for name in ("open", "high", "low", "close", "volume"):
        grids[name] = grids[name].copy()
        grids[name][:late, 2] = np.nan
    return Panel(names, weekdays(sessions), **grids, index_close=close.mean(axis=1))


@cache
def measured(seed: int, trend: float = 0.0, sessions: int = SESSIONS, late: int = 0) -> tuple[Panel, Measures]:
    """A market and its measures, computed once."""
    panel = market(seed, trend, sessions, late)
    return panel, measure_panel(panel)


def quick_heads() -> tuple[RulesBased, Sentiment, Technical, Volume]:
    """The four heads, content with the little history of these markets."""
    heads = (RulesBased(), Sentiment(), Technical(), Volume())
    for head in heads:
        head.least_rows = 60
    return heads


def headlines(panel: Panel, seed: int = 5) -> tuple[News, ...]:
    """News that tells the coming week's direction nine times in ten, about the first two instruments."""
    rng = np.random.default_rng(seed)
    good = ("{} beats estimates and raises guidance", "analysts upgrade {} to outperform", "record profit at {}")
    bad = ("{} misses estimates and cuts guidance", "analysts downgrade {}, bearish on outlook", "{} profit warning")
    items = []
    for row in range(0, len(panel.sessions) - 5, 2):
        for column, name in enumerate(panel.instruments[:2]):
            up = panel.close[row + 5, column] > panel.close[row, column]
            texts = good if up == (rng.random() < 0.9) else bad
            items.append(News(panel.sessions[row], name, texts[int(rng.integers(3))].format(name)))
    return tuple(items)


@dataclass
class Spy:
    """A head whose features name their own row and column, and which remembers what it was trained on."""

    name: str = "spy"
    suffix: str = "txt"
    least_rows: int = 30
    reach: int = 0

    def __post_init__(self) -> None:
        self.trainings: list[Floats] = []

    @property
    def settings(self) -> str:
        return "spy"

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        rows, columns = np.indices(panel.close.shape).astype(np.float64)
        return Features(("row", "column", "wave"), np.stack([rows, columns, np.sin(rows * 7 + columns)], axis=2))

    def fit(self, rows: Floats, up: Floats) -> SpyScorer:
        self.trainings.append(rows)
        return SpyScorer(float(len(rows)))

    def load(self, kept: bytes) -> SpyScorer:
        return SpyScorer(float(kept))

    def silence(self, missing: Sequence[str]) -> str:
        return "silent"


@dataclass(frozen=True)
class SpyScorer:
    """Scores the wave, so that scores differ from row to row."""

    count: float

    @property
    def digest(self) -> str:
        return f"sha256:{int(self.count):064x}"

    def score(self, rows: Floats) -> Floats:
        return rows[:, 2].copy()

    def dump(self) -> bytes:
        return str(self.count).encode()
