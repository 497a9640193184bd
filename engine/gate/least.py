"""The least that mends: how little of some positions is given up so that every requirement holds.

A requirement is linear in the shares given up, because no position crosses zero. So without lots the least is a linear
programme; it is solved here exactly, in fractions, by the dual simplex method (Lemke 1954; Bland's rule, so that it
ends): giving up nothing is the start, and each step mends the first requirement that does not hold. Costs are compared
one after the other, so that of equal answers a stated one is found. Whole lots come by branching, the larger reduction
first, until an answer is within one lot of each reduction of what no answer can be below. Then each reduction is made
as small as the others let it. A convex requirement cuts off what breaks it by straight lines, and what is found is
looked at exactly. Steps are counted, not timed; where they do not suffice, whole positions are closed in their order
until the requirements hold, and each is then made as small as the others let it.

Left out: the very least number of lots of many instruments at once. It would trade a share of one for two of another to
save less than a lot, and the search for it has no bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

ZERO = Fraction(0)
MOST_NODES = 200
"""Programmes that one search may solve."""
MOST_CHANGES = 20_000
"""Numbers that one search may change in its programmes."""
MOST_CUTS = 40
"""Straight lines that may stand for a convex requirement in one search."""
NEARLY = Fraction(1, 10_000)
"""Between lots, a convex requirement may be broken by this much of its bound: lots decide."""

Cost = tuple[Fraction, ...]
Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A requirement on what is given up: `Σ weights·q ≥ need`, by the place of the position."""

    weights: Mapping[int, Fraction]
    need: Fraction

    def left(self, point: Sequence[Fraction]) -> Fraction:
        """What is more than needed; below zero it does not hold."""
        # Most of a point is nothing.
        return sum((weight * point[at] for at, weight in self.weights.items() if point[at]), ZERO) - self.need


@dataclass(frozen=True, slots=True)
class Bowl:
    """A convex requirement: its value at a point is at most `most`; `cut` is a line that this point breaks."""

    value: Callable[[Sequence[Fraction]], Fraction]
    most: Fraction
    cut: Callable[[Sequence[Fraction]], Line]


@dataclass(frozen=True, slots=True)
class Room:
    """A position: what can still be given up of it, the lot, and what one share of it costs."""

    most: Fraction
    lot: Fraction
    cost: Cost

    def nearest(self, shares: Fraction) -> tuple[Fraction, Fraction]:
        """The whole lots below and above, where all of it is whole as well."""
        below = shares // self.lot * self.lot
        return (shares, shares) if shares in (below, self.most) else (below, min(below + self.lot, self.most))


@dataclass(frozen=True, slots=True)
class Least:
    """Shares given up of each position, what that costs, and what no answer can cost less than (lots or not)."""

    point: Point
    cost: Fraction
    floor: Fraction


def least(rooms: Sequence[Room], lines: Sequence[Line], bowls: Sequence[Bowl] = ()) -> Least | None:
    """The least that mends; None where nothing does, or nothing was found."""
    return _Search(tuple(rooms), tuple(lines), tuple(bowls)).run()


@dataclass
class _Programme:
    """A basis: every reduction as a straight line in what is at its bound, and what each of those costs."""

    rows: list[dict[int, Fraction]]
    """By position: the coefficients of what is at its bound."""
    at: list[Fraction]
    costs: dict[int, Cost]

    @classmethod
    def start(cls, rooms: Sequence[Room]) -> _Programme:
        """Nothing is given up."""
        return cls([{at: Fraction(1)} for at in range(len(rooms))], [ZERO] * len(rooms),
                   {at: one.cost for at, one in enumerate(rooms)})  # fmt: skip

    def copy(self) -> _Programme:
        """Another that may go elsewhere."""
        return _Programme([dict(row) for row in self.rows], list(self.at), dict(self.costs))

    def hold(self, name: int, line: Line) -> int:
        """Put this broken line at its bound, and say how many numbers that changed; 0 where nothing can."""
        slope: dict[int, Fraction] = {}
        for at, weight in line.weights.items():
            for column, each in self.rows[at].items():
                slope[column] = slope.get(column, ZERO) + weight * each
        rising = [column for column, each in slope.items() if each > 0]
        if not rising:
            return 0
        entering = min(rising, key=lambda column: (*(one / slope[column] for one in self.costs[column]), column))
        short, pivot = -line.left(self.at), slope.pop(entering)
        # What enters, in what is at its bound from now on: the line itself, and the others.
        inverse = {column: -each / pivot for column, each in slope.items() if each} | {name: 1 / pivot}
        changed = 1
        for at, row in enumerate(self.rows):
            each = row.pop(entering, ZERO)
            if each:
                changed += len(inverse)
                self.at[at] += each * short / pivot
                for column, more in inverse.items():
                    total = row.get(column, ZERO) + each * more
                    if total:
                        row[column] = total
                    else:
                        row.pop(column, None)
        cost = self.costs.pop(entering)
        for column, more in inverse.items():
            before = self.costs.get(column, (ZERO,) * len(cost))
            self.costs[column] = tuple(one + each * more for one, each in zip(before, cost, strict=True))
        return changed


@dataclass
class _Search:
    rooms: tuple[Room, ...]
    lines: tuple[Line, ...]
    bowls: tuple[Bowl, ...]
    cuts: list[Line] = field(default_factory=list)
    nodes: int = 0
    changed: int = 0

    @property
    def spent(self) -> bool:
        """Whether the steps there are have been taken."""
        return self.nodes >= MOST_NODES or self.changed >= MOST_CHANGES

    def run(self) -> Least | None:
        best: Point | None = None
        floor = ZERO
        # The lines that a branch adds, and the programme it starts from.
        stack: list[tuple[_Programme, tuple[Line, ...]]] = [(_Programme.start(self.rooms), ())]
        while stack and not self.spent:
            programme, added = stack.pop()
            self.nodes += 1
            solved = self._solve(programme, added)
            if not added:
                # Whatever has been mended so far, no answer costs less.
                floor = self._cost(programme.at)
            if not solved:
                continue
            point, cost = tuple(programme.at), self._cost(programme.at)
            if best is not None and cost >= self._cost(best):
                continue
            branch = self._branch(point)
            if branch is None:
                if not self._holds(point):
                    continue
                best = self._tightened(point)
                if self._cost(best) < floor + self._one_lot_each(best):
                    break
                continue
            at, below, above = branch
            stack.append((programme.copy(), (*added, Line({at: Fraction(-1)}, -below))))
            stack.append((programme, (*added, Line({at: Fraction(1)}, above))))
        if best is None and self.spent:
            best = self._whole_positions()
        return None if best is None else Least(best, self._cost(best), floor)

    def _whole_positions(self) -> Point | None:
        """Without the steps to find the least: close one position after the other until it is mended, then tighten."""
        point = [ZERO] * len(self.rooms)
        for at, room in enumerate(self.rooms):
            point[at] = room.most
            if self._holds(point):
                return self._tightened(tuple(point))
        return None

    def _solve(self, programme: _Programme, added: Sequence[Line]) -> bool:
        """Go to the cheapest point where all lines hold; False where there is none."""
        while True:
            broken = next(((name, line) for name, line in self._all(added) if line.left(programme.at) < 0), None)
            if broken is None and (line := self._cut(programme.at)) is not None:
                self.cuts.append(line)
                continue
            if broken is None:
                return True
            changed = programme.hold(*broken)
            self.changed += changed
            if not changed or self.spent:
                return False

    def _all(self, added: Sequence[Line]) -> Iterator[tuple[int, Line]]:
        """Every line with a name of its own: bounds of the reductions, requirements, cuts, branches."""
        count = len(self.rooms)
        for at, room in enumerate(self.rooms):
            yield at, Line({at: Fraction(1)}, ZERO)
            yield count + at, Line({at: Fraction(-1)}, -room.most)
        yield from enumerate(self.lines, 2 * count)
        yield from enumerate(self.cuts, 2 * count + len(self.lines))
        yield from enumerate(added, 2 * count + len(self.lines) + MOST_CUTS + 1)

    def _cut(self, point: Sequence[Fraction]) -> Line | None:
        """A line that this point breaks, where a convex requirement is broken there."""
        if len(self.cuts) >= MOST_CUTS:
            return None
        whole = self._branch(tuple(point)) is None
        for bowl in self.bowls:
            over = bowl.value(point) - bowl.most
            if over > 0 and (whole or over > NEARLY * bowl.most):
                line = bowl.cut(point)
                if line.left(point) < 0:
                    return line
        return None

    def _branch(self, point: Point) -> tuple[int, Fraction, Fraction] | None:
        """The first reduction that is no whole number of lots, with the lots around it."""
        for at, (room, shares) in enumerate(zip(self.rooms, point, strict=True)):
            below, above = room.nearest(shares)
            if below != above:
                return at, below, above
        return None

    def _tightened(self, point: Point) -> Point:
        """The same with each reduction as small as the others let it, until none gets smaller."""
        found = list(point)
        while True:
            before = list(found)
            for at in reversed(range(len(found))):
                if found[at]:
                    found[at] = self._smallest(found, at)
            if found == before:
                return tuple(found)

    def _smallest(self, point: Sequence[Fraction], at: int) -> Fraction:
        """The fewest lots of one reduction beside the others; in a convex requirement, found by halving."""
        room, shares = self.rooms[at], point[at]
        spare = min((line.left(point) / line.weights[at] for line in self.lines if line.weights.get(at, ZERO) > 0),
                    default=shares)  # fmt: skip
        fewest = room.nearest(max(ZERO, shares - spare))[1]
        around, fits, breaks = list(point), -(-shares // room.lot), -(-fewest // room.lot) - 1
        while self.bowls and fits - breaks > 1:
            half = (fits + breaks) // 2
            around[at] = min(half * room.lot, room.most)
            fits, breaks = (half, breaks) if self._curved(around) else (fits, half)
        return min(fits * room.lot, room.most) if self.bowls else fewest

    def _holds(self, point: Sequence[Fraction]) -> bool:
        return all(line.left(point) >= 0 for line in self.lines) and self._curved(point)

    def _curved(self, point: Sequence[Fraction]) -> bool:
        return all(bowl.value(point) <= bowl.most for bowl in self.bowls)

    def _cost(self, point: Sequence[Fraction]) -> Fraction:
        return sum((room.cost[0] * shares for room, shares in zip(self.rooms, point, strict=True)), ZERO)

    def _one_lot_each(self, point: Point) -> Fraction:
        return sum((room.cost[0] * room.lot for room, shares in zip(self.rooms, point, strict=True) if shares), ZERO)
