"""The packaged sample, loaded once for all tests, and ways to bend its rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from adapters.bars.feeds import SampleFeed, load
from advisors.indicators import Measures, measure_panel
from advisors.quality import COLUMNS, Market, Rows

FEED = SampleFeed()
ARRAYS = (*COLUMNS, "adj_close")


@cache
def sample() -> Market:
    return load(FEED)


@cache
def sample_measures() -> Measures:
    return measure_panel(sample().panel)


def take(rows: Rows, places) -> Rows:
    """The rows at these places, in this order."""
    places = [int(place) for place in places]
    return replace(
        rows,
        dates=tuple(rows.dates[place] for place in places),
        **{name: getattr(rows, name)[places] for name in ARRAYS},
    )


def until(rows: Rows, session: str) -> Rows:
    return take(rows, [place for place, date in enumerate(rows.dates) if date <= session])


def plain_rows(closes, dates, name="X", **columns) -> Rows:
    """Rows whose bars span 1 % around their close, without adjusted closes."""
    closes = np.asarray(closes, dtype=np.float64)
    made = {
        "open": closes,
        "high": closes * 1.01,
        "low": closes * 0.99,
        "close": closes,
        "volume": np.arange(1000.0, 1000.0 + len(closes)),
        "adj_close": np.full(len(closes), np.nan),
    }
    made.update({key: np.asarray(value, dtype=np.float64) for key, value in columns.items()})
    return Rows(name, tuple(dates), **made)
