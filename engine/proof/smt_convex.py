"""The convex limits as SMT-LIB text: the variance of one day's result, with a free boolean for each end of a reach.

Written from `docs/limits.md` with the covariance spelt out, `Σ_ij = Σ_k F_ik·F_jk (+ D_i where i = j)`, entry by entry,
and no search for a corner: that is the solver's. A convex function of the fills is nowhere in the reach larger than at
some corner of it, so that it is enough to let each instrument be at the low or at the high end of its reach. With a
boolean for each, the product of two of them is their conjunction, and the variance is a sum that QF_LRA can say. The
fills of the orders must agree with the booleans: what the solver finds is a filling of everything.

Beyond `MOST_MOVING` moving instruments the value is the bound of that page, ground terms that the solver folds. It also
stands before each search as a cut: where it does not exceed the limit, no corner does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from engine.limits.model import Limit
from engine.proof.smt_limits import tightened
from engine.proof.smt_rows import View
from engine.proof.smt_text import ZERO, name, plus, real, times

MOST_MOVING = 10
"""Instruments that move, up to which the solver searches their corners."""
SHARE_OF_A_DAY = Fraction(1644854, 10**6)
"""The quantile of the standard normal distribution at 95 %."""
MEAN_BEYOND = Fraction(2062713, 10**6)
"""What lies beyond it, on average."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Shares of one instrument when all that sells has filled, and when all that buys has."""

    instrument: str
    low: Fraction
    high: Fraction

    @property
    def moves(self) -> bool:
        """Whether there is more than one place for it."""
        return self.low != self.high


class Corners:
    """The variance of one question. `view` has the question's entries."""

    def __init__(self, view: View) -> None:
        self.view = view
        terms = view.desk.market.terms
        self.reaches = [self._reach(one) for one in view.desk.names if terms[one].factors]
        self.moving = [one for one in self.reaches if one.moves]

    @property
    def searched(self) -> bool:
        """Whether the solver looks for a corner; otherwise the value is a bound that is never too low."""
        return len(self.moving) <= MOST_MOVING

    def value(self, limit: Limit) -> str:
        """The square of a limit's value."""
        return times(_squared(limit), "variance" if self.searched else "ceiling")

    def most(self, limit: Limit, nav: Fraction) -> Fraction:
        """The square of its bound where NAV⁻ is this, negative where that is."""
        return tightened(limit, self.view.desk) ** 2 * nav * abs(nav)

    def broken(self, limit: Limit, value: str, bound: str) -> str:
        """That a filling makes the value larger than the bound; nothing that stood before excuses it."""
        if not self.searched:
            return f"(> {value} {bound})"
        cut = f"(> {times(_squared(limit), 'ceiling')} {bound})"
        return f"(and {cut} (> {value} {bound}) at-a-corner)"

    def definitions(self) -> Iterator[str]:
        """The variance, once for all convex limits of the question."""
        yield "; each factor and each residual variance at its own worst"
        yield f"(define-fun ceiling () Real {plus(self._ceiling())})"
        if self.searched:
            yield "; the variance of one day's result; an instrument is at the high end of its reach, or at the low one"
            for one in self.moving:
                yield f"(declare-const {_high(one)} Bool)"
            yield f"(define-fun variance () Real {plus(self._variance())})"
            yield f"(define-fun at-a-corner () Bool (and true {' '.join(map(self._stands, self.moving))}))"

    def _reach(self, instrument: str) -> Reach:
        """Its shares with everything sold that may be, and with everything bought."""
        held = self.view.desk.position(instrument)
        up, down, closing = Fraction(0), Fraction(0), Fraction(0)
        for order in self.view.orders:
            if order.instrument != instrument:
                continue
            if order.reducing:
                closing += order.quantity if order.sign * held < 0 else 0
            elif order.sign > 0:
                up += order.quantity
            else:
                down += order.quantity
        closed = min(closing, abs(held))
        low, high = held - down, held + up
        return Reach(instrument, low - closed, high) if held > 0 else Reach(instrument, low, high + closed)

    def _stands(self, one: Reach) -> str:
        unit = self.view.desk.unit(one.instrument)
        return (
            f"(= {self.view.shares(one.instrument)} (ite {_high(one)} {real(one.high * unit)} {real(one.low * unit)}))"
        )

    def _ceiling(self) -> Iterator[str]:
        terms, exposure = self.view.desk.market.terms, self.view.desk.exposure
        for at in range(len(terms[self.reaches[0].instrument].factors) if self.reaches else 0):
            least, most = Fraction(0), Fraction(0)
            for one in self.reaches:
                weight = terms[one.instrument].factors[at] * exposure(one.instrument)
                both = (weight * one.low, weight * one.high)
                least, most = least + min(both), most + max(both)
            yield f"(greater (* {real(least)} {real(least)}) (* {real(most)} {real(most)}))"
        for one in self.reaches:
            weight = terms[one.instrument].residual * exposure(one.instrument) ** 2
            low, high = real(one.low), real(one.high)
            yield times(weight, f"(greater (* {low} {low}) (* {high} {high}))")

    def _variance(self) -> Iterator[str]:
        """`Σ_ij Σ_ij·y_i·y_j` with y from its low end, multiplied out: constant, single booleans, pairs of them."""
        matrix, lows, steps, unit = self._whole
        every = range(len(lows))
        yield real(Fraction(sum(matrix[i][j] * lows[i] * lows[j] for i in every for j in every), unit))
        moving = [i for i in every if steps[i]]
        for at, i in enumerate(moving):
            alone = 2 * sum(matrix[i][j] * lows[j] for j in every) * steps[i] + matrix[i][i] * steps[i] ** 2
            yield self._where(Fraction(alone, unit), i)
            for j in moving[at + 1 :]:
                yield self._where(Fraction(2 * matrix[i][j] * steps[i] * steps[j], unit), i, j)

    @cached_property
    def _whole(self) -> tuple[list[list[int]], list[int], list[int], int]:
        """The covariance of one share each, the low ends and the ways from there, and the denominator of it all."""
        terms, exposure = self.view.desk.market.terms, self.view.desk.exposure
        names = [one.instrument for one in self.reaches]
        loadings = [[each * exposure(one) for each in terms[one].factors] for one in names]
        residuals = [terms[one].residual * exposure(one) ** 2 for one in names]
        part = lcm(*(each.denominator for row in loadings for each in row), *(one.denominator for one in residuals))
        share = lcm(*(end.denominator for one in self.reaches for end in (one.low, one.high)))
        rows = [[int(each * part) for each in row] for row in loadings]
        matrix = [[sum(a * b for a, b in zip(one, other, strict=True)) for other in rows] for one in rows]
        for at, one in enumerate(residuals):
            matrix[at][at] += int(one * part**2)
        lows = [int(one.low * share) for one in self.reaches]
        steps = [int(one.high * share) - low for one, low in zip(self.reaches, lows, strict=True)]
        return matrix, lows, steps, (part * share) ** 2

    def _where(self, amount: Fraction, *places: int) -> str:
        """An amount that counts where these instruments are at their high ends."""
        high = " ".join(_high(self.reaches[at]) for at in places)
        return f"(ite (and {high}) {real(amount)} {ZERO})" if amount else ZERO


def _high(one: Reach) -> str:
    return name("high", one.instrument)


def _squared(limit: Limit) -> Fraction:
    """The square of what the standard deviation of a day is multiplied with."""
    match limit.kind:
        case "volatility":
            return Fraction(252)
        case "value_at_risk":
            return limit.days * SHARE_OF_A_DAY**2
        case "expected_shortfall":
            return MEAN_BEYOND**2
    raise AssertionError(f"no encoding for the kind {limit.kind}")
