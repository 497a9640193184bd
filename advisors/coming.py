"""Rows of sessions that have come, placed behind those that stand, for all instruments at once.

The same panel, actions and reports as `advisors.quality` makes of the whole feed, which is the oracle of the tests. A
series goes on *quietly* where the rows it had are the same bit for bit, those that came are one a session and in order,
and no split or dividend can lie in them. Any other series that goes on is placed as a whole, and its new rows taken;
where one does not go on, or too much is new, there is nothing to go on from, and everything is placed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import lt

import numpy as np

from advisors.panel import Floats, equal
from advisors.quality import (
    COLUMNS,
    FAR,
    JUMP,
    JUMP_WINDOW,
    JUMPED,
    OUTLIER_SCORE,
    OUTLIER_WINDOW,
    REPEATS,
    Bools,
    Cleaned,
    Found,
    Market,
    Placed,
    Report,
    Rows,
    absences,
    bar_faults,
    goes_on,
    place,
)
from advisors.windows import deviation, lagged, returns

MOST = 20
"""Sessions that may come at once."""
TAIL = OUTLIER_WINDOW + 2
"""Rows that the doubts about a bar look back on."""


def lengthened(
    before: Cleaned, series: Sequence[Rows], index: Rows | None, sessions: tuple[str, ...]
) -> Cleaned | None:
    """`before` with the sessions that have come; None where that has to be made anew.

    `series` are in canonical order.
    """
    known = len(before.sessions)
    same_series = [one.rows.instrument for one in before.placed] == [rows.instrument for rows in series]
    if not same_series or (index is None) != (before.index is None) or sessions[:known] != before.sessions:
        return None
    if not TAIL <= known < len(sessions) <= known + MOST:
        return None
    came = _Came(before, series, sessions)
    beside = None
    if index is not None and before.index is not None:
        beside = came.whole(before.index, index)
        if beside is None or not equal(beside.bars["close"][:known], before.market.panel.index_close):
            return None
    return came.cleaned(beside) if came.fill() else None


class _Came:
    """The new rows of all series, while they are placed."""

    def __init__(self, before: Cleaned, series: Sequence[Rows], sessions: tuple[str, ...]) -> None:
        self.before, self.series, self.sessions = before, series, sessions
        self.panel = before.market.panel
        self.known = len(before.sessions)
        self.came = sessions[self.known :]
        self.place = {session: place for place, session in enumerate(self.came)}
        shape = (len(self.came), len(series))
        self.bars = {name: np.full(shape, np.nan) for name in COLUMNS}
        self.factor, self.split = (
            np.repeat(grid[-1:], shape[0], axis=0) for grid in (self.panel.factor, self.panel.split)
        )
        self.present = np.zeros(shape, dtype=np.bool_)
        self.quiet = np.ones(shape[1], dtype=np.bool_)
        self.placed = list(before.placed)
        self.reports: set[Report] = set()

    def fill(self) -> bool:
        """Place the new rows of every series; whether they all go on."""
        near = np.logical_or.reduce(self.panel.close[-TAIL:-JUMP_WINDOW] > 0).tolist()
        closed = self._last_closes()
        for column, (was, rows) in enumerate(zip(self.before.placed, self.series, strict=True)):
            places = self._quietly(was, rows, closed[column]) if near[column] else None
            if places is not None:
                end = len(was.rows.dates)
                self.present[places, column] = True
                for name, grid in self.bars.items():
                    grid[places, column] = getattr(rows, name)[end:]
                assert was.straight is not None
                straight = np.concatenate([was.straight, np.array(places, dtype=np.intp) + self.known])
                self.placed[column] = replace(was, rows=rows, straight=straight)
            elif not self._aloud(column, was, rows):
                return False
        self._judge()
        return True

    def cleaned(self, index: Placed | None) -> Cleaned:
        """What there is with the new rows."""
        close = np.full(len(self.came), np.nan) if index is None else index.bars["close"][self.known :]
        rows = {**self.bars, "factor": self.factor, "split": self.split, "index_close": close}
        panel = self.panel.grown(self.sessions, rows)
        mine: dict[str, list[Report]] = {}
        for report in self.reports:
            mine.setdefault(report.instrument, []).append(report)
        placed = tuple(
            replace(
                one,
                bars={name: getattr(panel, name)[:, column] for name in COLUMNS},
                factor=panel.factor[:, column],
                split=panel.split[:, column],
                reports=[*was.reports, *mine.get(one.rows.instrument, ())],
            )
            for column, (one, was) in enumerate(zip(self.placed, self.before.placed, strict=True))
        )
        actions, reports = self.before.market.actions, self.before.market.reports
        if any(one.actions != was.actions for one, was in zip(placed, self.before.placed, strict=True)):
            actions = tuple(sorted(action for one in placed for action in one.actions))
        return Cleaned(self.sessions, placed, index, Market(panel, actions, (*reports, *sorted(self.reports))))

    def whole(self, was: Placed, rows: Rows) -> Placed | None:
        """A series placed as a whole; None where it does not go on. Notes what is reported of the new sessions."""
        row_of = {session: row for row, session in enumerate(self.sessions)}
        placed = place(rows, self.sessions, row_of, was)
        if not goes_on(was, rows, placed.factor, placed.split, self.sessions):
            return None
        self.reports.update(report for report in placed.reports if report.session > self.before.sessions[-1])
        return placed

    def _quietly(self, was: Placed, rows: Rows, closed: str) -> list[int] | None:
        """Where the new rows of a quiet series go, counted from the first new session; None where it is not quiet."""
        end = len(was.rows.dates)
        places = [self.place.get(date, -1) for date in rows.dates[end : end + MOST + 1]]
        in_order = all(map(lt, [-1, *places], places))
        if not in_order or was.straight is None or was.rows.dates != rows.dates[:end]:
            return None
        if rows.dividends != was.rows.dividends or not self._acts_quietly(was, rows, closed):
            return None
        for name in COLUMNS:
            if not equal(getattr(was.rows, name), getattr(rows, name)[:end]):
                return None
        return places

    def _acts_quietly(self, was: Placed, rows: Rows, closed: str) -> bool:
        """Whether no split or dividend can lie in the new rows, nor wait for a close since before them."""
        if rows.actions is None:
            return was.rows.actions is None and not was.actions and bool(np.isnan(rows.adj_close).all())
        if rows.actions != was.rows.actions:
            return False
        return not any(closed < action.session <= self.came[-1] for action in rows.actions)

    def _aloud(self, column: int, was: Placed, rows: Rows) -> bool:
        """Place a series that is not quiet, as a whole; whether it goes on."""
        placed = self.whole(was, rows)
        if placed is None:
            return False
        for name, grid in self.bars.items():
            if not equal(placed.bars[name][: self.known], getattr(self.panel, name)[:, column]):
                return False
            grid[:, column] = placed.bars[name][self.known :]
        self.factor[:, column], self.split[:, column] = placed.factor[self.known :], placed.split[self.known :]
        self.quiet[column] = False
        self.placed[column] = placed
        return True

    def _last_closes(self) -> list[str]:
        """The date of the last session with a close, of each instrument; empty where it has none."""
        rows = np.arange(1, self.known + 1)[:, np.newaxis]
        last = np.where(self.panel.close > 0, rows, 0).max(axis=0, initial=0)
        return [self.before.sessions[row - 1][:10] if row else "" for row in last.tolist()]

    def _judge(self) -> None:
        """Take out the faulty bars of quiet series, and note what is reported of the new sessions."""
        faults = bar_faults(self.bars, self.present)
        # A series that was placed as a whole has no faulty bar left, and its reports are noted.
        faulty = np.logical_or.reduce([where for _, where, _ in faults]) & self.quiet
        for grid in self.bars.values():
            grid[faulty] = np.nan
        usable = self.present & ~faulty
        names = [rows.instrument for rows in self.series]
        for issue, where, detail in (*faults, *self._absences(usable), *self._doubts()):
            for row, column in np.argwhere(where & self.quiet).tolist():
                self.reports.add(Report(self.came[row], names[column], issue, detail))

    def _absences(self, usable: Bools) -> list[Found]:
        started = np.array([one.straight is not None and len(one.straight) > 0 for one in self.before.placed])
        return list(
            absences(self.present, usable, started, self.panel.valid[-1], np.asarray(self.panel.valid.any(axis=0)))
        )

    def _doubts(self) -> list[Found]:
        tails = {name: np.concatenate([getattr(self.panel, name)[-TAIL:], grid]) for name, grid in self.bars.items()}
        adjusted = tails["close"] * np.concatenate([self.panel.factor[-TAIL:], self.factor])
        same = np.logical_and.reduce([grid == lagged(grid, 1) for grid in tails.values()])
        change = returns(adjusted)
        far = np.abs(change) > OUTLIER_SCORE * lagged(deviation(change, OUTLIER_WINDOW), 1)
        lately = np.cumsum(_jumps(adjusted).astype(np.int64), axis=0)
        lately[JUMP_WINDOW:] -= lately[:-JUMP_WINDOW].copy()
        return [
            ("stale", same[TAIL:], REPEATS),
            ("outlier", far[TAIL:], FAR),
            ("outlier", lately[TAIL:] > 0, JUMPED),
        ]


def _jumps(adjusted: Floats) -> Bools:
    """`advisors.quality.jumps` of many series at once, where each has a value before those that matter."""
    rows = np.arange(len(adjusted))[:, np.newaxis]
    seen = np.maximum.accumulate(np.where(adjusted > 0, rows, -1), axis=0)
    before = np.concatenate([np.full((1, adjusted.shape[1]), -1), seen[:-1]])
    ratio = adjusted / np.take_along_axis(adjusted, np.maximum(before, 0), axis=0)
    return (adjusted > 0) & (before >= 0) & ((ratio >= JUMP) | (ratio <= 1 / JUMP))
