"""Rows as a polytope, and the largest value a row takes in it.

Every instrument has a long and a short exposure of each class (strategy and horizon), none below zero, and two losses
at stops, of its long and of its short side. A true book has one of them per instrument; here several may stand at once.
So whatever is shown of the polytope is true of books, and what is found in it may have to be brought down to one side
(`engine/universe/search.py`).

HiGHS works in floats, and nothing it says is believed: a maximum becomes a certificate of exact multipliers
(`engine/universe/farkas.py`), a point becomes a book that the gate judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from engine.universe.rows import Labels, Row

LEAST_DUAL = 1e-9
Sparse = Mapping[int, Fraction]


@dataclass(frozen=True, slots=True)
class Line:
    """One inequality of the polytope: `Σ terms·column ≤ bound`, and the row it was made of."""

    key: str
    terms: Sparse
    bound: Fraction
    row: Row


@dataclass(frozen=True)
class Columns:
    """The places of variables: long and short exposures by class and instrument, losses at stops, lost today."""

    names: tuple[str, ...]
    labels: Labels

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of each instrument in its block."""
        return {name: at for at, name in enumerate(self.names)}

    @cached_property
    def classes(self) -> tuple[tuple[str, str], ...]:
        """Strategy and horizon of each pair of blocks."""
        return self.labels.classes

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.names) * (2 * len(self.classes) + 2) + 1

    def exposure(self, name: str, side: int, at: int) -> int:
        """Column of the absolute exposure in one instrument: side +1 long, -1 short; of the class at this place."""
        block = 2 * at + (0 if side > 0 else 1)
        return block * len(self.names) + self.place[name]

    def loss(self, name: str, side: int) -> int:
        """Column of the loss at the stop of one side."""
        block = 2 * len(self.classes) + (0 if side > 0 else 1)
        return block * len(self.names) + self.place[name]

    @property
    def lost(self) -> int:
        """Column of what was lost this session."""
        return self.count - 1

    def label(self, column: int) -> str:
        """What a column is, for a reader: `long AAPL`."""
        if column == self.lost:
            return "lost today"
        block, place = divmod(column, len(self.names))
        words = ("long", "short") if block < 2 * len(self.classes) else ("loss of a long", "loss of a short")
        return f"{words[block % 2]} {self.names[place]}"

    def within(self, row: Row) -> list[int]:
        """The places of the classes a row is about."""
        if row.tag is None:
            return list(range(len(self.classes)))
        side = 0 if row.tag[0] == "strategy" else 1
        return [at for at, one in enumerate(self.classes) if one[side] == row.tag[1]]

    def line(self, row: Row) -> Line:
        """A row over columns."""
        terms: dict[int, Fraction] = {}
        for at in self.within(row):
            for side, weights in ((1, row.long), (-1, row.short)):
                terms.update((self.exposure(name, side, at), weight) for name, weight in weights.items() if weight)
        for name in row.losses:
            terms[self.loss(name, 1)] = terms[self.loss(name, -1)] = Fraction(1)
        if row.lost:
            terms[self.lost] = Fraction(1)
        return Line(row.key, terms, row.bound, row)


@dataclass(frozen=True, slots=True)
class Maximum:
    """The largest value of a row (None: none is the largest), where it is taken, and the price of each line."""

    value: float | None
    point: tuple[float, ...] = ()
    prices: tuple[float, ...] = ()


class Polytope:
    """The books that some rows allow."""

    def __init__(self, rows: Sequence[Row], columns: Columns) -> None:
        self.columns = columns
        self.lines = [columns.line(row) for row in rows if row.once == 0]

    def largest(self, row: Row, also: Sequence[Row] = ()) -> Maximum:
        """The largest value of a row in it, with further rows in force. An empty polytope raises `Empty`."""
        target = self.columns.line(row)
        more = [self.columns.line(one) for one in also]
        return self._solve(target.terms, more)

    def _solve(self, wanted: Sparse, more: Sequence[Line]) -> Maximum:
        import numpy as np
        from scipy.optimize import linprog
        from scipy.sparse import vstack

        matrix, bounds = self._arrays
        if more:
            extra, far = _arrays(more, self.columns.count)
            matrix, bounds = vstack([matrix, extra], format="csr"), np.concatenate([bounds, far])
        goal = np.zeros(self.columns.count)
        for column, weight in wanted.items():
            goal[column] = -float(weight)
        found = linprog(goal, A_ub=matrix, b_ub=bounds, method="highs")
        if found.status == 3:
            return Maximum(None)
        if found.status != 0:
            raise Unsolved(str(found.message))
        prices = tuple(max(0.0, -float(one)) for one in found.ineqlin.marginals)
        return Maximum(-float(found.fun), tuple(float(one) for one in found.x), prices)

    @cached_property
    def _arrays(self) -> tuple[Any, Any]:
        return _arrays(self.lines, self.columns.count)


class Unsolved(Exception):
    """HiGHS gave no answer; the message says why."""


def _arrays(lines: Sequence[Line], count: int) -> tuple[Any, Any]:
    """Lines as a sparse matrix and a vector of bounds."""
    import numpy as np
    from scipy.sparse import csr_matrix

    at = [number for number, line in enumerate(lines) for _ in line.terms]
    columns = [column for line in lines for column in line.terms]
    values = [float(value) for line in lines for value in line.terms.values()]
    matrix = csr_matrix((values, (at, columns)), shape=(len(lines), count))
    return matrix, np.array([float(line.bound) for line in lines])
