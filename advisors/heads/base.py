"""What a head is: features that look back, a fit on labelled rows, a score in log-odds.

Rules: a row is one instrument at the close of one session. Its label is whether the total return over the next
`HORIZON` sessions is above zero; it is known `HORIZON` sessions later and never before. Features of a row depend on
bars and news up to that row only, and are the same numbers, bit for bit, when later rows are cut off. A score is
computed row by row with elementwise arithmetic or by CatBoost, so that it does not depend on the rows beside it.

Left out: when heads are trained and what their scores are worth; see `walk`, `calibration` and `record`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from advisors.panel import Floats, Panel
from knowledge.values import Json

HORIZON = 5
"""Sessions of the swing horizon, over which every head predicts."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, order=True)
class News:
    """One news item, attached to the session at whose close it was known (an ISO date)."""

    session: str
    instrument: str
    text: str


@dataclass(frozen=True, eq=False)
class Features:
    """`values` is float64 (sessions, instruments, len(names)); NaN or infinity says *no value*."""

    names: tuple[str, ...]
    values: Floats

    @property
    def complete(self) -> Bools:
        """Where every feature has a value: bool (sessions, instruments)."""
        return np.asarray(np.isfinite(self.values).all(axis=2))

    def missing(self, row: int, column: int) -> tuple[str, ...]:
        """The features without a value in one cell."""
        absent = ~np.isfinite(self.values[row, column])
        return tuple(name for name, gone in zip(self.names, absent, strict=True) if gone)


class Scorer(Protocol):
    """A fitted head."""

    @property
    def digest(self) -> str:
        """`sha256:…` over the exact parameters: two trainings on the same rows have the same digest."""

    def score(self, rows: Floats) -> Floats:
        """Log-odds of an up move: float64 (n, features) -> (n,)."""

    def dump(self) -> bytes:
        """The bytes to keep on disk; never a pickle."""


class Head(Protocol):
    """One advisor. `least_rows` labelled rows are needed before it is fitted at all."""

    name: str
    suffix: str
    least_rows: int
    reach: int
    """Sessions that the features of a session are made of, itself included; 0 where it is all before it."""

    @property
    def settings(self) -> Json:
        """Everything but the rows that decides what a fit gives; part of the key of a kept model."""

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        """The features of all rows of the panel. `measures` are (sessions, instruments) by name."""

    def fit(self, rows: Floats, up: Floats) -> Scorer:
        """Fit on rows (n, features) and labels (n,) of 0.0 and 1.0; both classes occur."""

    def load(self, kept: bytes) -> Scorer:
        """Read what `Scorer.dump` wrote. May raise anything on bytes that are not that."""

    def silence(self, missing: Sequence[str]) -> str:
        """The sentence for an instrument whose features `missing` have no value."""


def forward_return(panel: Panel) -> Floats:
    """Total return over the next `HORIZON` sessions, float64 (sessions, instruments); NaN where it is not known yet."""
    known = outcomes(panel)
    return np.concatenate([known, np.full((len(panel.sessions) - len(known), len(panel.instruments)), np.nan)])


def outcomes(panel: Panel, first: int = 0) -> Floats:
    """The same of the sessions from row `first` on whose returns are known: all but the last `HORIZON`."""
    close = panel.adjusted_close[first:]
    return close[HORIZON:] / close[:-HORIZON] - 1.0


def no_value_of(missing: Sequence[str]) -> str:
    """The usual sentence of silence."""
    return "no value of " + ", ".join(f"`{name}`" for name in missing)
