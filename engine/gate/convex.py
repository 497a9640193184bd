"""The convex limits in whole numbers: the variance of one day's result at the worst corner of a reach.

`σ² = Σ_k (Σ_i F_ik·y_i)² + Σ_i D_i·y_i²` is a convex function of the exposures y, so that no point inside the reach
exceeds its worst corner. What moves together is a *move*: an instrument from the low to the high end of its reach.
(Baskets would be moves of several instruments.) At the corners σ² is a quadratic form in zeros and ones, whose largest
value is found by looking at one move after the other and leaving out whatever cannot exceed the best that is known: the
answer is that of looking at every corner, and at most twice as many steps.

Beyond `MOST_MOVES` moves, the value is a bound that is never too low: each factor and each residual by itself at its
own worst corner. All three kinds are multiples of σ and are compared as squares (docs/limits.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from engine.gate.market import Terms
from engine.gate.reach import State
from engine.limits.model import Limit

MOST_MOVES = 10
"""Up to here all corners are looked at, 1,024 of them."""

SQUARED: Mapping[str, Callable[[Limit], Fraction]] = {
    "volatility": lambda limit: Fraction(252),
    "value_at_risk": lambda limit: Fraction("1.644854") ** 2 * limit.days,
    "expected_shortfall": lambda limit: Fraction("2.062713") ** 2,
}
"""The square of what σ is multiplied with, by kind. 252 sessions a year, days of equal variance; quantile of the
standard normal distribution at 95 %, and its mean beyond it: φ(1.644854) / 0.05."""

Ends = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Corner:
    """Where the worst value is: shares of each instrument that moves; none where it is a bound, which no corner has."""

    enumerated: bool
    shares: tuple[tuple[str, Fraction], ...] = ()


@dataclass(frozen=True)
class ConvexMeasure:
    """A convex limit applied to the whole portfolio."""

    limit: Limit
    terms: Mapping[str, Terms]
    share: Fraction
    """The bound, as a share of NAV⁻, before it is squared."""

    @property
    def key(self) -> str:
        """The limit's id: it has one subject, everything."""
        return self.limit.id

    @property
    def squared(self) -> Fraction:
        """The square of what σ is multiplied with."""
        return SQUARED[self.limit.kind](self.limit)

    def value(self, state: State) -> Fraction:
        """The square of the worst value over all fillings."""
        shares = lcm(*(end.denominator for one in state.reaches.values() for end in (one.low, one.high)))
        variance = Variance(self.terms, state.reaches, shares)
        ends = {name: (int(one.low * shares), int(one.high * shares)) for name, one in state.reaches.items()}
        return self.squared * Fraction(variance.over(ends).worst, variance.unit)

    def bound(self, state: State) -> Fraction:
        """The square of the bound at the state's NAV⁻, negative where that is."""
        return self.share**2 * state.nav * abs(state.nav)


@dataclass(frozen=True)
class Form:
    """σ² over one reach: `constant + Σ linear_i·s_i + Σ_{i<j} pairs_ij·s_i·s_j`, each s_i 0 (low) or 1 (high)."""

    constant: int
    linear: tuple[int, ...]
    pairs: tuple[tuple[int, ...], ...]
    """Row i has the products with all later moves, 0 before."""
    ceiling: int
    """Each factor and each residual at its own worst."""

    @property
    def enumerable(self) -> bool:
        """Whether the moves are few enough to look at every corner."""
        return len(self.linear) <= MOST_MOVES

    @cached_property
    def worst(self) -> int:
        """The largest value, or the bound where the moves are too many."""
        return self.largest(-1) if self.enumerable else self.ceiling

    def exceeds(self, most: int) -> bool:
        """Whether the worst is larger than this; often known without looking at a single corner."""
        if self.ceiling <= most:
            return False
        return self.largest(most) > most if self.enumerable else True

    @cached_property
    def _later(self) -> tuple[int, ...]:
        """The most that each move's products with later ones can add."""
        return tuple([sum([each for each in row if each > 0]) for row in self.pairs])

    def largest(self, floor: int) -> int:
        """The largest value of all corners, or `floor` where none is larger."""
        later, pairs, count = self._later, self.pairs, len(self.linear)

        def above(at: int, value: int, linear: Sequence[int], best: int) -> int:
            if at == count:
                return max(value, best)
            reach = value
            for rest, more in zip(linear, later[at:], strict=True):
                if rest + more > 0:
                    reach += rest + more
            if reach <= best:
                return best
            low, high = linear[1:], [one + pair for one, pair in zip(linear[1:], pairs[at][at + 1 :], strict=True)]
            if linear[0] + later[at] > 0:
                best = above(at + 1, value + linear[0], high, best)
                return above(at + 1, value, low, best)
            best = above(at + 1, value, low, best)
            return above(at + 1, value + linear[0], high, best)

        return above(0, self.constant, self.linear, floor)

    def first(self, value: int) -> tuple[int, ...]:
        """The first corner, low before high, that comes to this value. It must be the largest."""
        later, pairs, count = self._later, self.pairs, len(self.linear)

        def found(at: int, here: int, linear: Sequence[int]) -> tuple[int, ...] | None:
            if at == count:
                return () if here == value else None
            if here + sum([one + more for one, more in zip(linear, later[at:], strict=True) if one + more > 0]) < value:
                return None
            for end in (0, 1):
                rest = [one + end * pair for one, pair in zip(linear[1:], pairs[at][at + 1 :], strict=True)]
                after = found(at + 1, here + end * linear[0], rest)
                if after is not None:
                    return (end, *after)
            return None

        corner = found(0, self.constant, self.linear)
        assert corner is not None, value
        return corner


class Variance:
    """Loadings and residuals of instruments in whole numbers; `shares` is the denominator of what ends are given in.

    `unit` is the denominator of σ². Instruments without a covariance are left out: no entry is granted beside them.
    """

    def __init__(self, terms: Mapping[str, Terms], names: Iterable[str], shares: int) -> None:
        self._names = tuple(sorted(name for name in names if terms[name].factors))
        self._shares = shares
        found = {name: [each * terms[name].exposure for each in terms[name].factors] for name in self._names}
        residuals = {name: terms[name].residual * terms[name].exposure ** 2 for name in self._names}
        parts = {each.denominator for row in found.values() for each in row}
        parts |= {one.denominator for one in residuals.values()}
        scale = lcm(*parts)
        self._loadings = {name: tuple([int(each * scale) for each in row]) for name, row in found.items()}
        self._residuals = {name: int(one * scale**2) for name, one in residuals.items()}
        self.unit = (scale * shares) ** 2

    def over(self, ends: Mapping[str, Ends]) -> Form:
        """σ² over this reach; instruments that are not in it are at zero."""
        loadings, residuals = self._loadings, self._residuals
        held = [(name, *ends[name]) for name in self._names if name in ends]
        count = len(next(iter(loadings.values()), ()))
        # Each move's exposure to the factors, and its residual's product with the low end and with itself.
        vectors: list[list[int]] = []
        own: list[int] = []
        start, constant, ceiling = [0] * count, 0, 0
        for name, low, high in held:
            row, residual = loadings[name], residuals[name]
            if low:
                start = [total + each * low for total, each in zip(start, row, strict=True)]
                constant += residual * low * low
            ceiling += residual * max(low * low, high * high)
            if low != high:
                step = high - low
                vectors.append([each * step for each in row])
                own.append(residual * step * (2 * low + step))
        constant += sum([one * one for one in start])
        for at, low in enumerate(start):
            least = low + sum([one[at] for one in vectors if one[at] < 0])
            most = low + sum([one[at] for one in vectors if one[at] > 0])
            ceiling += max(least * least, most * most)
        if len(vectors) > MOST_MOVES:
            return Form(constant, (0,) * len(vectors), (), ceiling)
        linear = tuple(
            [more + sum([b * (2 * a + b) for a, b in zip(start, one, strict=True)])
             for one, more in zip(vectors, own, strict=True)]
        )  # fmt: skip
        pairs = tuple(
            [tuple([2 * _product(one, other) if at < later else 0 for later, other in enumerate(vectors)])
             for at, one in enumerate(vectors)]
        )  # fmt: skip
        return Form(constant, linear, pairs, ceiling)

    def corner(self, ends: Mapping[str, Ends]) -> Corner:
        """Where the worst value over this reach is."""
        form = self.over(ends)
        if not form.enumerable:
            return Corner(False)
        moving = [name for name in self._names if name in ends and ends[name][0] != ends[name][1]]
        chosen = form.first(form.worst)
        return Corner(
            True,
            tuple((name, Fraction(ends[name][end], self._shares)) for name, end in zip(moving, chosen, strict=True)),
        )


def _product(one: Sequence[int], other: Sequence[int]) -> int:
    return sum([a * b for a, b in zip(one, other, strict=True)])


class Curve:
    """One convex measure in whole numbers of `1/unit`: `value = σ²·slope`, `bound = NAV⁻·|NAV⁻|·share`."""

    def __init__(self, measure: ConvexMeasure, variance: int, amount: int) -> None:
        """`variance` and `amount` are the denominators of σ² and of NAV⁻."""
        squared, share = measure.squared, measure.share**2
        self.unit = lcm(variance * squared.denominator, amount**2 * share.denominator)
        self.slope = squared.numerator * (self.unit // (variance * squared.denominator))
        self.share = share.numerator * (self.unit // (amount**2 * share.denominator))
        self.base = 0
        """Its value without any grant."""

    def bound(self, nav: int) -> int:
        """The square of the bound, negative where NAV⁻ is."""
        return self.share * nav * abs(nav)

    def most(self, nav: int) -> int:
        """The largest σ² that the bound admits; negative where it admits none."""
        return self.bound(nav) // self.slope
