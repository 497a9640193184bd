"""Farkas multipliers: why a limit can never bind beside others, as a sum that a reader can add up.

If every column of `Σ multiplier · row` is at least the target's, and `Σ multiplier · bound` is at most its bound, then
whoever keeps the rows keeps the target (Farkas 1902). The multipliers are guessed from the prices of a linear programme
in floats, made rational, and checked in exact fractions; a guess that fails the check is no certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.telling.figures import amount, percent
from engine.universe.polytope import LEAST_DUAL, Line, Maximum
from knowledge.values import Json, text

ROUND = (1, 2, 4, 10, 20, 100, 1000)
"""Denominators of multipliers that people like to read, tried first."""
SHOWN = 6
"""Weights that a reader is shown, the nearest to each other first."""
MOST_ROWS = 40
"""Rows up to which the multipliers are solved for exactly, where no round ones do: the elimination is cubic."""


@dataclass(frozen=True, slots=True)
class Part:
    """One row of the sum."""

    multiplier: Fraction
    key: str
    limit: str
    bound: Fraction


@dataclass(frozen=True)
class Certificate:
    """`Σ multiplier × row` is at least the target at every point, and its bound no larger than the target's."""

    target: str
    bound: Fraction
    parts: tuple[Part, ...]
    weights: tuple[tuple[str, Fraction, Fraction], ...] = ()
    """For each exposure that the target weighs: its name, its weight in the sum, and the target's, which is no more."""

    @property
    def total(self) -> Fraction:
        """The bound of the sum."""
        return sum((one.multiplier * one.bound for one in self.parts), Fraction(0))

    def lines(self) -> Iterator[str]:
        """The sum, row by row."""
        for one in self.parts:
            yield f"{_number(one.multiplier)} × {one.key}  ≤  {_number(one.multiplier)} × {percent(one.bound)}"
        yield f"gives {self.target}  ≤  {percent(self.total)}, and its bound is {percent(self.bound)}"
        # Where everything weighs 1, a reader sees it; where betas or volatilities weigh, they have to be shown.
        if any(weight.denominator != 1 for _, _, weight in self.weights):
            near = sorted(self.weights, key=lambda one: (one[1] - one[2], one[0]))
            told = ", ".join(f"{name} {amount(over)} ≥ {amount(weight)}" for name, over, weight in near[:SHOWN])
            more = f", and {len(near) - SHOWN} more" if len(near) > SHOWN else ""
            yield f"as in the sum every exposure weighs no less: {told}{more}"

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "target": self.target,
            "bound": text(self.bound),
            "total": text(self.total),
            "parts": [[text(one.multiplier), one.key, text(one.bound)] for one in self.parts],
            "weights": [[name, text(over), text(weight)] for name, over, weight in self.weights],
        }


def certificate(target: Line, lines: Sequence[Line], found: Maximum, label: Callable[[int], str]) -> Certificate | None:
    """Exact multipliers that show the target from the lines, or None where none could be made of the prices."""
    used = [at for at, price in enumerate(found.prices) if price > LEAST_DUAL]
    for guess in _guesses(target, lines, found, used):
        if guess is not None and proves(target, lines, guess):
            return summed(target, lines, {at: one for at, one in guess.items() if one}, label)
    return None


def summed(
    target: Line, lines: Sequence[Line], multipliers: Mapping[int, Fraction], label: Callable[[int], str]
) -> Certificate:
    """The certificate of multipliers that are known to prove the target."""
    parts = tuple(_part(lines[at], multiplier) for at, multiplier in sorted(multipliers.items()))
    weights = (
        (
            label(column),
            sum((one * lines[at].terms.get(column, 0) for at, one in multipliers.items()), Fraction(0)),
            weight,
        )
        for column, weight in target.terms.items()
        if weight > 0
    )
    # Strategies and horizons of one exposure mostly weigh the same: it is named once.
    return Certificate(target.key, target.bound, parts, tuple(dict.fromkeys(weights)))


def proves(target: Line, lines: Sequence[Line], multipliers: Mapping[int, Fraction]) -> bool:
    """The exact check: no multiplier below zero, every column covered, the bound kept."""
    total, bound = dict[int, Fraction](), Fraction(0)
    for at, multiplier in multipliers.items():
        if multiplier < 0:
            return False
        bound += multiplier * lines[at].bound
        for column, value in lines[at].terms.items():
            total[column] = total.get(column, Fraction(0)) + multiplier * value
    covered = all(value >= target.terms.get(column, 0) for column, value in total.items())
    return covered and all(total.get(column, 0) >= value for column, value in target.terms.items()) and (
        bound <= target.bound
    )  # fmt: skip


def _part(line: Line, multiplier: Fraction) -> Part:
    return Part(multiplier, line.key, line.row.limit.id, line.bound)


def _guesses(
    target: Line, lines: Sequence[Line], found: Maximum, used: Sequence[int]
) -> Iterator[Mapping[int, Fraction] | None]:
    """Round multipliers first; then those that solve the columns exactly."""
    for denominator in ROUND:
        yield {at: Fraction(round(found.prices[at] * denominator), denominator) for at in used}
        yield {at: Fraction(-int(-found.prices[at] * denominator // 1), denominator) for at in used}
    if len(used) <= MOST_ROWS:
        yield _exactly(target, lines, found, used)


def _exactly(target: Line, lines: Sequence[Line], found: Maximum, used: Sequence[int]) -> Mapping[int, Fraction] | None:
    """Multipliers that meet the target in every column of the point that is not zero, by elimination in fractions."""
    tight = [column for column, value in enumerate(found.point) if value > LEAST_DUAL]
    equations = [
        ([lines[at].terms.get(column, Fraction(0)) for at in used], target.terms.get(column, Fraction(0)))
        for column in tight
    ]
    solved = _solve([(list(row), right) for row, right in equations], len(used))
    if solved is None:
        return None
    # Where the columns leave a multiplier open, it keeps what the floats said.
    free = {at: Fraction(found.prices[at]).limit_denominator(10**6) for at in used}
    return {at: value if value is not None else free[at] for at, value in zip(used, solved, strict=True)}


def _solve(equations: list[tuple[list[Fraction], Fraction]], count: int) -> list[Fraction | None] | None:
    """Gauss's elimination; None in a place that is left open, None at all where nothing solves the equations."""
    pivots: dict[int, int] = {}
    done = 0
    for column in range(count):
        at = next((one for one in range(done, len(equations)) if equations[one][0][column]), None)
        if at is None:
            continue
        equations[done], equations[at] = equations[at], equations[done]
        row, right = equations[done]
        scale = row[column]
        row, right = [one / scale for one in row], right / scale
        equations[done] = (row, right)
        for other in range(len(equations)):
            factor = equations[other][0][column]
            if other != done and factor:
                left = [a - factor * b if b else a for a, b in zip(equations[other][0], row, strict=True)]
                equations[other] = (left, equations[other][1] - factor * right)
        pivots[column] = done
        done += 1
    if any(right and not any(row) for row, right in equations[done:]):
        return None
    open_columns = set(range(count)) - pivots.keys()
    return [
        equations[pivots[column]][1]
        if column in pivots and not any(equations[pivots[column]][0][one] for one in open_columns)
        else None
        for column in range(count)
    ]


def _number(number: Fraction) -> str:
    return str(number) if number.denominator < 1000 else f"{text(number)}"
