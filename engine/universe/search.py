"""Looks for one step from inside the limits to outside: a portfolio and an order, by programmes over sign patterns.

With the side and the class of every instrument fixed, absolute values are linear, and one programme finds the portfolio
(inside both files), the order (the accepting file keeps all its rows after it) and by how much the other file's row is
broken. Which pattern to try is read off the point where the polytope's row is largest; a few plain ones follow. The
programme works in floats: what it finds becomes a book in whole lots, and the gate judges that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from engine.universe.polytope import Columns
from engine.universe.rows import Row

LEAST_GAP = 1e-6
"""Of NAV⁻: what is nearer to a bound is lost in whole lots."""
MOST_GAP = 0.02
LEAST_HELD = 1e-3
"""Of NAV⁻: a position that is there only to be counted."""
LEAST_ORDER = 1e-5
USUAL_ORDER = 2e-3
"""Of NAV⁻: an order that only has to be one."""
TINY = 1e-3
"""What a portfolio that is larger than it needs to be costs against the gap."""
MOST_ORDERS = 3
ROOM = 0.97
LARGEST = 100.0


@dataclass(frozen=True)
class Pattern:
    """Side (+1 or -1) and class (its place) of each instrument."""

    signs: tuple[int, ...]
    classes: tuple[int, ...]


@dataclass(frozen=True)
class Phase:
    """How many positions are held: some limits count only from a number of them on."""

    least: int
    most: int


@dataclass(frozen=True)
class Step:
    """A symbolic book and order, in shares of NAV⁻ after it: exposures are positive, their sides in the pattern."""

    pattern: Pattern
    exposures: tuple[float, ...]
    losses: tuple[float, ...]
    instrument: int
    order: float
    order_loss: float
    lost: float
    gap: float


@dataclass(frozen=True)
class Table:
    """Rows as arrays over instruments."""

    rows: Sequence[Row]
    columns: Columns

    @cached_property
    def _arrays(self) -> tuple[Any, Any, Any, Any, Any, Any]:
        import numpy as np

        names, count = self.columns.place, len(self.rows)
        long, short, losses = (np.zeros((count, len(names))) for _ in range(3))
        tags = np.zeros((count, len(self.columns.classes)))
        for at, row in enumerate(self.rows):
            for name, weight in row.long.items():
                long[at, names[name]] = float(weight)
            if row.short is row.long:
                short[at] = long[at]
            else:
                for name, weight in row.short.items():
                    short[at, names[name]] = float(weight)
            for name in row.losses:
                losses[at, names[name]] = 1.0
            tags[at, self.columns.within(row)] = 1.0
        lost = np.array([1.0 if row.lost else 0.0 for row in self.rows])
        return long, short, losses, tags, lost, np.array([float(row.bound) for row in self.rows])

    def under(self, pattern: Pattern, phase: Phase, but: str = "") -> tuple[Any, Any, Any, Any]:
        """Weights of exposures and losses, of what was lost, and bounds: of rows that count, but those of a limit."""
        import numpy as np

        long, short, losses, tags, lost, bounds = self._arrays
        counts = np.array([row.once <= phase.least and row.limit.id != but for row in self.rows], dtype=bool)
        signs = np.array(pattern.signs)
        weights = np.where(signs > 0, long, short) * tags[:, list(pattern.classes)]
        return weights[counts], losses[counts], lost[counts], bounds[counts]


@dataclass(frozen=True)
class Room:
    """What an order may be worth at its worst price, in shares of NAV⁻, and what may have been lost this session."""

    slippage: float
    value: float
    lost: float
    least: float = 0.0
    """What it shall be worth at least, where that is what is asked for."""


def phases(rows: Sequence[Row], count: int) -> list[Phase]:
    """The numbers of positions that some row tells apart."""
    ends = sorted({row.once for row in rows if 0 < row.once <= count})
    starts = [0, *ends]
    return [Phase(low, high) for low, high in zip(starts, [*(one - 1 for one in ends), count], strict=True)]


def patterns(target: Row, point: Sequence[float], columns: Columns) -> Iterator[Pattern]:
    """Sides and classes worth trying, the likeliest first."""
    count, classes = len(columns.names), len(columns.classes)
    home = columns.within(target)
    seen: set[Pattern] = set()
    likeliest_one = _of_point(point, columns)
    for pattern in (
        # Books of several horizons have conditions between them: of one horizon first.
        *(replace(likeliest_one, classes=(at,) * count) for at in _by_weight(point, columns) if at in (home or [at])),
        likeliest_one,
        *(_plain(target, columns, at) for at in (home or range(classes))),
        *(Pattern((sign,) * count, (at,) * count) for at in (home or range(classes))[:2] for sign in (1, -1)),
        *(Pattern(tuple(1 if one % 2 == turn else -1 for one in range(count)), ((home or [0])[0],) * count)
          for turn in (0, 1)),
    ):  # fmt: skip
        if pattern not in seen:
            seen.add(pattern)
            yield pattern


def _by_weight(point: Sequence[float], columns: Columns) -> list[int]:
    """Classes by what the point holds of them, the two that hold most."""

    def held(at: int) -> float:
        places = (columns.exposure(name, side, at) for name in columns.names for side in (1, -1))
        return sum(point[one] for one in places) if point else 0.0

    return sorted(range(len(columns.classes)), key=lambda at: (-held(at), at))[:2]


def _of_point(point: Sequence[float], columns: Columns) -> Pattern:
    """The larger side, and the class that holds most of it."""
    signs: list[int] = []
    classes: list[int] = []
    for name in columns.names:
        held = {
            (side, at): point[columns.exposure(name, side, at)] if point else 0.0
            for side in (1, -1)
            for at in range(len(columns.classes))
        }
        side, at = max(held, key=lambda one: (held[one], one))
        # Where both sides stand at once they take turns, so that neither side of the book is left empty.
        other = max((value for (one, _), value in held.items() if one != side), default=0.0)
        if other and abs(other - held[side, at]) < LEAST_GAP:
            side = 1 if len(signs) % 2 == 0 else -1
        signs.append(side)
        classes.append(at)
    return Pattern(tuple(signs), tuple(classes))


def _plain(target: Row, columns: Columns, at: int) -> Pattern:
    """Each instrument on the side that weighs more."""
    signs = [1 if target.long.get(name, 0) >= target.short.get(name, 0) else -1 for name in columns.names]
    return Pattern(tuple(signs), (at,) * len(columns.names))


def likeliest(target: Row, pattern: Pattern, point: Sequence[float], columns: Columns) -> list[int]:
    """Instruments whose order moves the target most, by their place."""

    point = point or (0.0,) * columns.count

    def weight(at: int) -> tuple[float, float]:
        name = columns.names[at]
        weights = target.long if pattern.signs[at] > 0 else target.short
        own = float(weights.get(name, 0)) + (1.0 if name in target.losses else 0.0)
        total = sum(point[columns.exposure(name, side, one)] for side in (1, -1) for one in range(len(columns.classes)))
        loss = sum(point[columns.loss(name, side)] for side in (1, -1))
        return (own * (total + loss), own)

    places = [at for at in range(len(columns.names)) if weight(at)[1] > 0]
    return sorted(places, key=lambda at: (weight(at), -at), reverse=True)[:MOST_ORDERS]


def step(
    accept: Table, refuse: Table, target: Row | None, pattern: Pattern, phase: Phase, instrument: int, room: Room,
    likely: Sequence[int], alone: bool,
) -> Step | None:  # fmt: skip
    """The step with the widest gap, if there is one under this pattern. `likely`: whom to hold where few may be.

    `alone`: the refusing file keeps all its other limits, so that a reader sees what the change is about. Without a
    target, any order that both files leave room for around it.
    """
    import numpy as np
    from scipy.optimize import linprog

    if target is not None and target.once > phase.least:
        return None
    count = len(pattern.signs)
    loss_at, order, order_loss, lost_at, gap = count, 2 * count, 2 * count + 1, 2 * count + 2, 2 * count + 3
    lines, bounds = [], []

    def post(table: Table, after: bool, sign: int = 1, but: str = "") -> None:
        weights, losses, lost, most = table.under(pattern, phase, but)
        block = np.zeros((len(most), gap + 1))
        block[:, :count], block[:, loss_at:order], block[:, lost_at] = weights, losses, lost
        if after:
            block[:, order], block[:, order_loss] = weights[:, instrument], losses[:, instrument]
        block = sign * block
        # A row that is nothing at best and may be nothing at most leaves no room for a gap; the exact gate decides.
        cornered = (most == 0) & ~(weights < 0).any(axis=1) & (sign > 0)
        block[:, gap] = np.where(cornered, 0.0, 1.0)
        lines.append(block)
        bounds.append(sign * most)

    post(accept, after=False)
    post(refuse, after=False)
    post(accept, after=True)
    if target is not None:
        post(Table((target,), accept.columns), after=True, sign=-1)
        if alone:
            post(refuse, after=True, but=target.limit.id)
    own = np.zeros((count + 4, gap + 1))
    own[:count, loss_at:order], own[:count, :count] = np.eye(count), -np.eye(count)
    own[count, order_loss], own[count, order] = 1.0, -1.0
    own[count + 1, order_loss], own[count + 1, order] = -1.0, room.slippage
    own[count + 2, order], own[count + 2, gap] = 1.0 + room.slippage, 1.0
    own[count + 3, order] = -1.0 - room.slippage
    own[count + 3, gap] = 1.0 if room.least else 0.0
    lines.append(own)
    bounds.append(np.array([*[0.0] * (count + 2), room.value, -room.least]))
    held = list(likely)[: phase.most] if phase.most < count else range(count)
    forced = set(list(likely)[: phase.least])
    ranges: list[tuple[float | None, float | None]] = [
        (LEAST_HELD if at in forced else 0.0, None if at in held else 0.0) for at in range(count)
    ]
    ranges += [(0.0, None)] * count
    ranges += [(LEAST_ORDER if target is not None else USUAL_ORDER, None), (0.0, None), (0.0, room.lost)]
    ranges.append((None, MOST_GAP))
    goal = np.full(gap + 1, TINY)
    goal[lost_at], goal[gap] = TINY, -1.0
    found = linprog(goal, A_ub=np.vstack(lines), b_ub=np.concatenate(bounds), bounds=ranges, method="highs")
    if found.status != 0 or found.x[gap] < LEAST_GAP:
        return None
    values = [float(one) for one in found.x]
    return Step(pattern, tuple(values[:count]), tuple(values[loss_at:order]), instrument, values[order],
                values[order_loss], values[lost_at], values[gap])  # fmt: skip


def outermost(accept: Table, target: Row, pattern: Pattern) -> tuple[float, ...]:
    """The exposures that one file allows under a pattern and of which the target is largest, with a little room."""
    import numpy as np
    from scipy.optimize import linprog

    everyone = Phase(len(pattern.signs), len(pattern.signs))
    weights, _, _, bounds = accept.under(pattern, everyone)
    goal, _, _, _ = Table((target,), accept.columns).under(pattern, everyone)
    found = linprog(-goal[0], A_ub=weights, b_ub=bounds * ROOM, bounds=[(0.0, LARGEST)] * len(goal[0]), method="highs")
    return tuple(float(one) for one in found.x) if found.status == 0 else tuple(np.zeros(len(goal[0])))
