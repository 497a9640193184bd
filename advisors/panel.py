"""The bars of all instruments on one grid: the only shape in which prices reach indicators and heads.

Rows are bars of the exchange's grid by their labels (a session's date; of a shorter bar, when it begins), columns are
instruments in canonical order. Prices and volumes are raw, as they traded that day; NaN stands where there is no bar
that may be used as a number. `factor` carries splits and dividends forward from the first bar on, so that `close *
factor` is a total-return series in which no past value changes when a new action comes. A panel holds numbers only;
what was wrong with the rows behind it is told by `advisors.quality`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from advisors.growing import grown, same

Floats = NDArray[np.float64]
"""Binary64 numbers; NaN says *no value*."""

GRIDS = ("open", "high", "low", "close", "volume", "factor", "split")
"""The fields shaped (sessions, instruments)."""


def equal(one: Floats, other: Floats) -> bool:
    """Whether two arrays hold the same numbers, NaN where the other has NaN; nearly always it is the same bytes."""
    if one.shape != other.shape:
        return False
    return same(one, other) or one.tobytes() == other.tobytes() or np.array_equal(one, other, equal_nan=True)


@dataclass(frozen=True, eq=False)
class Panel:
    """Bars of `instruments` (columns, sorted) on `sessions` (rows, labels, ascending).

    `open`, `high`, `low`, `close` in the instrument's currency, `volume` in shares, all raw, NaN where there is no
    bar; `factor` (dimensionless) is the forward total-return factor, 1 at the first bar and before it, carried over
    sessions without a bar; `split` the part of it that is splits (shares today for one share at the first bar), so that
    `volume / split` counts in one kind of share; all seven are float64 (sessions, instruments). `index_close` is
    float64 (sessions,), NaN where the index has no close. The arrays are read-only. Raises `ValueError` where the
    parts do not fit together.
    """

    instruments: tuple[str, ...]
    sessions: tuple[str, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    factor: Floats
    split: Floats
    index_close: Floats

    def __post_init__(self) -> None:
        shape = (len(self.sessions), len(self.instruments))
        if any(a >= b for names in (self.instruments, self.sessions) for a, b in pairwise(names)):
            raise ValueError("instruments and sessions come in ascending order, each once")
        for field in fields(self)[2:]:
            grid = getattr(self, field.name)
            wanted = shape if field.name in GRIDS else shape[:1]
            if grid.shape != wanted or grid.dtype != np.float64:
                raise ValueError(f"`{field.name}` is {grid.dtype} {grid.shape}, not float64 {wanted}")
            # A view, so that freezing a panel does not freeze the array its caller still builds on.
            view = grid.view()
            view.flags.writeable = False
            object.__setattr__(self, field.name, view)

    def until(self, session: str) -> Panel:
        """The panel as it was known at the close of `session` (an ISO date): everything later is cut off."""
        end = bisect_right(self.sessions, session)
        parts = {field.name: getattr(self, field.name)[:end] for field in fields(self)[1:]}
        return Panel(self.instruments, **parts)

    def grown(self, sessions: tuple[str, ...], rows: Mapping[str, Floats]) -> Panel:
        """The panel with sessions that have come: `sessions` are all of them, `rows` has each field's new rows.

        What stands is not copied. Raises `ValueError` where the sessions do not go on.
        """
        known = len(self.sessions)
        later = sessions[max(0, known - 1) :]
        if sessions[:known] != self.sessions or any(a >= b for a, b in pairwise(later)):
            raise ValueError("sessions come in ascending order, each once, after those that there are")
        longer = object.__new__(Panel)
        longer.__dict__.update(self.__dict__, sessions=sessions)
        longer.__dict__.pop("_rows", None)
        count = len(sessions) - known
        for name in (*GRIDS, "index_close"):
            shape = (count, len(self.instruments)) if name in GRIDS else (count,)
            if rows[name].shape != shape or rows[name].dtype != np.float64:
                raise ValueError(f"new rows of `{name}` are {rows[name].dtype} {rows[name].shape}, not float64 {shape}")
            longer.__dict__[name] = grown(getattr(self, name), rows[name])
        longer.__dict__["adjusted_close"] = grown(self.adjusted_close, rows["close"] * rows["factor"])
        longer.__dict__["valid"] = grown(self.valid, _whole(rows))
        return longer

    def tail(self, rows: int) -> Panel:
        """The panel of its last sessions alone, with what they are known by: nothing before them is."""
        start = max(0, len(self.sessions) - rows)
        if start == 0:
            return self
        shorter = object.__new__(Panel)
        shorter.__dict__.update(self.__dict__, sessions=self.sessions[start:])
        shorter.__dict__.pop("_rows", None)
        for name in (*GRIDS, "index_close", "adjusted_close", "valid"):
            shorter.__dict__[name] = getattr(self, name)[start:]
        return shorter

    def begins(self, other: Panel) -> bool:
        """Whether the other panel is this one with sessions that have come, the same bit for bit up to there."""
        end = len(self.sessions)
        return (
            self.instruments == other.instruments
            and self.sessions == other.sessions[:end]
            and all(equal(getattr(self, field.name), getattr(other, field.name)[:end]) for field in fields(self)[2:])
        )

    def row(self, session: str) -> int:
        """The row of a session. Raises `KeyError` where the panel has none of that date."""
        return self._rows[session]

    def column(self, instrument: str) -> int:
        """The column of an instrument. Raises `KeyError` where the panel has none of that name."""
        return self._columns[instrument]

    @cached_property
    def adjusted_close(self) -> Floats:
        """`close * factor`, the causal total-return series: float64 (sessions, instruments)."""
        return self.close * self.factor

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        """Where there is a whole bar: bool (sessions, instruments)."""
        return _whole({name: getattr(self, name) for name in GRIDS})

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {session: row for row, session in enumerate(self.sessions)}

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {instrument: column for column, instrument in enumerate(self.instruments)}


def _whole(rows: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Where there is a whole bar."""
    return ~np.isnan(rows["open"] + rows["high"] + rows["low"] + rows["close"] + rows["volume"])
