"""The volume / order flow head: logistic regression on who seems to have paid up for the shares.

Flows are weighted by turnover (close times volume, both raw): a split changes price and volume inversely and leaves
turnover alone. Daily bars carry no side of a trade; the close's place in the day's range and the sign of the day's
return stand in for it (Chaikin's money flow; signed volume).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from advisors import windows
from advisors.heads import logistic
from advisors.heads.base import Features, News, no_value_of
from advisors.panel import Floats, Panel
from knowledge.values import Json

NAMES = (
    "obv-zscore",
    "log-volume-ratio",
    "close-location",
    "money-flow-5",
    "money-flow-20",
    "signed-volume-5",
    "signed-volume-20",
    "turnover-trend",
    "pressed-return",
)
STRENGTH = 0.01
WEEK, MONTH = 5, 20
"""Bars of the flows."""


class Volume:
    """See the module."""

    name = "volume"
    suffix = "skops"
    least_rows = 500
    reach = MONTH + 1

    @property
    def settings(self) -> Json:
        """Features, penalty and the library's version."""
        return logistic.settings(NAMES, STRENGTH)

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        """The features of `NAMES`; a bar without volume or without a range has no flow."""
        turnover = panel.close * panel.volume
        change = windows.returns(panel.adjusted_close)
        with np.errstate(divide="ignore", invalid="ignore"):
            location = (2 * panel.close - panel.high - panel.low) / (panel.high - panel.low)
            ratio = np.log(measures["volume-ratio"])
            flow, signed = location * turnover, np.sign(change) * turnover
            week, month = windows.mean(turnover, WEEK), windows.mean(turnover, MONTH)
            columns = (
                measures["obv-zscore"],
                ratio,
                location,
                windows.mean(flow, WEEK) / week,
                windows.mean(flow, MONTH) / month,
                windows.mean(signed, WEEK) / week,
                windows.mean(signed, MONTH) / month,
                np.log(week / month),
                change * ratio,
            )
        return Features(NAMES, np.stack(columns, axis=2))

    def fit(self, rows: Floats, up: Floats) -> logistic.Logistic:
        """Train; some milliseconds."""
        return logistic.fit(rows, up, STRENGTH)

    def load(self, kept: bytes) -> logistic.Logistic:
        """Read the kept form."""
        return logistic.load(kept)

    def silence(self, missing: Sequence[str]) -> str:
        """The features that are missing."""
        return no_value_of(missing)
