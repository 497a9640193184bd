"""New bars of one instrument over those that are stored.

- The same bar again changes nothing, whether it is stored already or stands twice in one source.
- Two different bars of one label in one source are a fault: nobody can tell which one holds.
- Another bar than the stored one is a *revision*: refused and named, unless replacing was asked for.
- Adjusted closes of different days do not fit together, since each later dividend moves all of them: where both have
  any, new bars begin with one that is stored with the same numbers, or cover all that is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.bars.store import NUMBERS
from advisors.panel import Floats
from advisors.quality import COLUMNS, Rows, bar_faults

MOST = 20
"""Troubles of a kind that are named."""
_WIDTH = "U16"
_ADJUSTED = NUMBERS.index("adj_close")

Trouble = tuple[int, str, str]
"""A row of the source, the role of the column, and what is wrong."""


@dataclass(frozen=True)
class Merged:
    """What became of one instrument's bars: the whole series, counts of rows, and what was wrong with them.

    `doubts` counts the new bars that can be stored but not used, by issue.
    """

    rows: Rows
    read: int
    added: int
    same: int
    revised: int
    first: str
    last: str
    doubts: dict[str, int] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the stored series is another one now."""
        return bool(self.added or self.revised)


@dataclass(frozen=True)
class _Series:
    """Bars in order of their labels: (n,) text, (n, 6) numbers, (n,) rows of the source."""

    labels: NDArray[np.str_]
    numbers: Floats
    rows: NDArray[np.int64]

    def at(self, places: Any) -> _Series:  # noqa: ANN401  (a mask or an index)
        return _Series(self.labels[places], self.numbers[places], self.rows[places])


def merge(symbol: str, stored: Rows | None, table: Any, *, replace: bool = False) -> Merged:  # noqa: ANN401
    """Lay the bars of `table` (columns `label`, the numbers, `row`) over the stored ones."""
    new, troubles = _once(symbol, _ordered(_of_table(table)))
    old = _ordered(_of_rows(stored)) if stored is not None else new.at(slice(0, 0))
    place = np.minimum(np.searchsorted(old.labels, new.labels), max(len(old.labels) - 1, 0))
    known = old.labels[place] == new.labels if len(old.labels) else np.zeros(len(new.labels), dtype=np.bool_)
    same = known.copy()
    same[known] = _equal(new.numbers[known], old.numbers[place[known]])
    revised = known & ~same
    if not replace:
        troubles += _revisions(symbol, new, old, np.flatnonzero(revised), place)
    troubles += _adjusted(symbol, new, old, place, known, same)
    kept = old.at(~np.isin(old.labels, new.labels[revised]))
    taken = new.at(~same)
    whole = _ordered(_Series(*(np.concatenate(pair) for pair in zip(_parts(kept), _parts(taken), strict=True))))
    columns = {name: whole.numbers[:, at] for at, name in enumerate(NUMBERS)}
    rows = Rows(symbol, tuple(whole.labels.tolist()), **columns, dividends="previous-close", actions=None)
    return Merged(
        rows,
        read=table.num_rows,
        added=int((~known).sum()),
        same=table.num_rows - int((~same).sum()),
        revised=int(revised.sum()),
        first=str(new.labels[0]),
        last=str(new.labels[-1]),
        doubts=_doubts(taken),
        troubles=tuple(troubles),
    )


def _of_table(table: Any) -> _Series:  # noqa: ANN401  (the library ships no types)
    labels = table.column("label").to_numpy(zero_copy_only=False).astype(_WIDTH)
    numbers = np.stack([table.column(name).to_numpy() for name in NUMBERS], axis=1)
    return _Series(labels, numbers, table.column("row").to_numpy())


def _of_rows(rows: Rows) -> _Series:
    numbers = np.stack([getattr(rows, name) for name in NUMBERS], axis=1)
    return _Series(np.array(rows.dates, dtype=_WIDTH), numbers, np.zeros(len(rows.dates), dtype=np.int64))


def _parts(series: _Series) -> tuple[Any, ...]:
    return series.labels, series.numbers, series.rows


def _ordered(series: _Series) -> _Series:
    return series.at(np.argsort(series.labels, kind="stable"))


def _once(symbol: str, series: _Series) -> tuple[_Series, list[Trouble]]:
    """Each label once; different bars of one label are trouble."""
    again = np.concatenate([[False], series.labels[1:] == series.labels[:-1]])
    other = np.flatnonzero(again)
    other = other[~_equal(series.numbers[other], series.numbers[other - 1])]
    advice = "keep one, or set `[feed] interval` where bars are shorter than a session"
    troubles = [
        (
            int(series.rows[at]),
            "date",
            f"`{symbol}` has another bar of {series.labels[at]} with other numbers; {advice}",
        )
        for at in other.tolist()[:MOST]
    ]
    return series.at(~again), troubles


def _equal(left: Floats, right: Floats) -> NDArray[np.bool_]:
    """Whether bars (n, 6) are the same; no number equals no number."""
    found: NDArray[np.bool_] = ((left == right) | (np.isnan(left) & np.isnan(right))).all(axis=1)
    return found


def _revisions(
    symbol: str, new: _Series, old: _Series, places: NDArray[np.intp], stored: NDArray[np.intp]
) -> list[Trouble]:
    troubles = []
    for at in places.tolist()[:MOST]:
        left, right = old.numbers[stored[at]], new.numbers[at]
        column = next(one for one in range(len(NUMBERS)) if not _equal(left[None, [one]], right[None, [one]])[0])
        name = NUMBERS[column]
        said = f"{name} {left[column]:.12g} is stored and here it is {right[column]:.12g}"
        said = f"the bar of `{symbol}` on {new.labels[at]} is a revision: {said}; give `--replace` to take this one"
        troubles.append((int(new.rows[at]), name, said))
    return troubles


def _adjusted(
    symbol: str, new: _Series, old: _Series, place: NDArray[np.intp], known: NDArray[np.bool_], same: NDArray[np.bool_]
) -> Sequence[Trouble]:
    """Whether adjusted closes, stored and new, were made on one day."""
    here, there = np.isfinite(new.numbers[:, _ADJUSTED]), np.isfinite(old.numbers[:, _ADJUSTED])
    if not here.any() or not there.any() or not (~same & here).any():
        return []
    kept = there & ~np.isin(old.labels, new.labels[known])
    moved = known & here & (new.numbers[:, _ADJUSTED] != old.numbers[place, _ADJUSTED])
    fits = (known & here & ~moved).any() and not moved.any()
    if not kept.any() or fits:
        return []
    at = int(np.flatnonzero(here)[0])
    said = f"adjusted closes of `{symbol}` were made on another day than the stored ones, and do not fit them"
    advice = "bring the whole history with `--replace`, or leave the column out and give an actions file"
    return [(int(new.rows[at]), "adj_close", f"{said}; {advice}")]


def _doubts(taken: _Series) -> dict[str, int]:
    bars = {name: taken.numbers[:, at] for at, name in enumerate(COLUMNS)}
    found = {
        issue: int(where.sum()) for issue, where, _ in bar_faults(bars, np.ones(len(taken.labels), dtype=np.bool_))
    }
    volume = bars["volume"]
    found["fraction-of-volume"] = int((np.isfinite(volume) & (volume != np.floor(volume))).sum())
    return {issue: count for issue, count in found.items() if count}
