"""What a limit in breach obliges the desk to: the smallest set of reductions that mends it, also when no rule asked.

docs/limits.md, "Obligations", says which limits oblige, when one is in breach, what mends it and what is smallest; this
module asks `engine.gate.least` for it and says in the record what was found. Exits that rules ask for and exits at work
count as done; of what is frozen nothing is counted on. Nothing here refuses anything, and no exit crosses zero.

Left out: limits on orders and flows, which no exit mends, and positions without figures, which no sum holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import isqrt

from engine.duty import Breach, Duty
from engine.exits import left_to_close, paced
from engine.gate.beyond import beyond
from engine.gate.convex import ConvexMeasure
from engine.gate.least import Bowl, Least, Line, Point, Room, least
from engine.gate.market import Market
from engine.gate.measures import Measure, measures
from engine.gate.proposals import Exit
from engine.gate.reach import ZERO, Book, read_book, state_of
from engine.gate.scope import Scope
from engine.gate.variance import products, variance
from engine.limits.kinds import OBLIGING
from engine.limits.model import Limit, Limits
from engine.orders.order import Side
from engine.orders.portfolio import Portfolio
from engine.reasons import OBLIGATION

NOT_FOUND = "no reductions were found in the steps that a search may take"
HEDGED = frozenset({"net_long", "net_short", "beta", "basket_net", "concentration", "stress"})
"""Linear kinds in which what is held of one may take off what another adds, or counts beside it."""
BEYOND = "not even closing all that can be closed mends it"
_AT_STOPS = ("stop_loss", "open_risk", "loss_budget")
_DIGITS = 10**6

Asked = tuple[tuple[Exit, Fraction], ...]
"""Exits, each with the shares that are left to close."""


def oblige(
    asked: Asked, portfolio: Portfolio, market: Market, limits: Limits, regime: str, state: str
) -> tuple[Asked, Duty]:
    """The exits of the rules with those that limits in breach ask for beside them, paced alike."""
    try:
        return _Case.of(asked, portfolio, market, limits, regime, state).answer()
    except Exception as error:  # noqa: BLE001 - an exit that a rule asks for needs none of this
        return asked, Duty(error=error)


@dataclass(frozen=True)
class _Requirement:
    """A limit on the positions: what it comes to, its bound, and what a share given up takes off."""

    measure: Measure | ConvexMeasure
    value: Fraction
    bound: Fraction
    weights: Mapping[str, Fraction]

    @cached_property
    def hedged(self) -> bool:
        """Whether some share given up takes it further."""
        return any(weight.numerator < 0 for weight in self.weights.values())


def _may_rise(limit: Limit) -> bool:
    """Whether giving up a share can take it further out: hedges count in it, or shares of everything, or products."""
    return limit.kind in HEDGED or limit.spec.form == "convex"


def _breached(measure: Measure | ConvexMeasure, value: Fraction, bound: Fraction) -> bool:
    return measure.limit.breach == "exit" and value > bound


@dataclass(frozen=True)
class _Case:
    asked: Asked
    portfolio: Portfolio
    market: Market
    limits: Limits
    regime: str
    state: str
    book: Book
    going: Mapping[str, Fraction]
    """Shares that go out anyway, by instrument."""
    names: tuple[str, ...]
    """The positions in the order in which they are given up: the largest exposure first."""

    @classmethod
    def of(
        cls, asked: Asked, portfolio: Portfolio, market: Market, limits: Limits, regime: str, state: str
    ) -> _Case:  # fmt: skip
        """The positions alone, without any order."""
        book = read_book(replace(portfolio, working=()), (), market, limits)
        left = {one.instrument: shares for one, shares in asked}
        going = {}
        for name, held in book.holdings.items():
            position = portfolio.position(name)
            assert position is not None, name
            working = abs(held.shares) - left_to_close(position, portfolio)
            frozen = name in portfolio.operations.frozen
            going[name] = ZERO if frozen else min(abs(held.shares), working + left.get(name, ZERO))
        size = {name: abs(held.shares) * market.terms[name].exposure for name, held in book.holdings.items()}
        names = tuple(sorted(book.holdings, key=lambda name: (-size[name], name)))
        return cls(asked, portfolio, market, limits, regime, state, book, going, names)

    def answer(self) -> tuple[Asked, Duty]:
        """Both."""
        read = self._read()
        if not any(_breached(*one) for one in read):
            return self.asked, Duty()
        requirements = [_Requirement(*one, self._weights(one[0])) for one in read]
        breached = [one for one in requirements if _breached(one.measure, one.value, one.bound)]
        rooms = self._rooms()
        found = least(rooms, *self._posed(requirements, loose=False))
        if found is None:
            found = least(rooms, *self._posed(requirements, loose=True))
        point = found.point if found is not None else (ZERO,) * len(self.names)
        breaches = tuple(self._breach(one, point, found is not None) for one in breached)
        if found is None:
            return self.asked, Duty(breaches)
        return self._joined(found, requirements), Duty(breaches, found.cost, found.floor)

    # --- what is required -------------------------------------------------------------------------------------------

    def _read(self) -> list[tuple[Measure | ConvexMeasure, Fraction, Fraction]]:
        """The limits that oblige, with value and bound on the positions as they stand, at NAV: all that have a say.

        None where none is in breach. What is within its bound and only falls by what is given up has no say.
        """
        if not self.names:
            return []
        scope = Scope(self.book, (), self.market, self.limits, self.regime, self.state)
        here = state_of(self.book, (), self.market, self.limits)
        broken = beyond(scope, here)
        if not any(one.breach == "exit" and one.kind in OBLIGING for one in broken.values()):
            return []
        limits = {one.id for one in broken.values()}
        sizes = {name: abs(held.shares) * scope.exposures[name] for name, held in self.book.holdings.items()}
        gross = sum(sizes.values(), ZERO)
        found: list[tuple[Measure | ConvexMeasure, Fraction, Fraction]] = []
        for one in measures(scope, lambda limit: limit.kind in OBLIGING and (_may_rise(limit) or limit.id in limits)):
            # A share of everything that is not held is below zero whatever is given up of the others.
            hopeless = isinstance(one, Measure) and one.least_share and one.subject not in sizes
            if one.key in broken or (_may_rise(one.limit) and not hopeless):
                if isinstance(one, Measure) and one.least_share:
                    # Of positions: what is held of it, less its part of everything. As `value`, without a sum for each.
                    value = sizes.get(one.subject, ZERO) - one.least_share * gross
                else:
                    value = one.value(here)
                found.append((one, value, one.bound(here)))
        return found

    def _weights(self, measure: Measure | ConvexMeasure) -> dict[str, Fraction]:
        """What one share given up takes off the value; less than zero where that was a hedge."""
        weights: dict[str, Fraction] = {}
        if isinstance(measure, ConvexMeasure):
            return weights
        for name, held in self.book.holdings.items():
            side, each = (1 if held.shares > 0 else -1), ZERO
            if name in measure.profiles:
                p, n = measure.profiles[name]
                each += max(p * side, n * side)
            if measure.least_share and name != measure.subject:
                each -= self._shares(measure)[name]
            if measure.limit.kind in _AT_STOPS and measure.about in ("", name):
                each += held.risk
            if each:
                weights[name] = each
        return weights

    def _shares(self, measure: Measure) -> dict[str, Fraction]:
        """The least share of a share's exposure: the same for every subject of a limit."""
        asked = measure.least_share, id(measure.exposures)
        if asked not in self._known:
            exposures = measure.exposures
            self._known[asked] = {name: measure.least_share * exposures[name] for name in self.book.holdings}
        return self._known[asked]

    @cached_property
    def _known(self) -> dict[tuple[Fraction, int], dict[str, Fraction]]:
        return {}

    def _rooms(self) -> list[Room]:
        """What may be given up beyond what goes out anyway: nothing of what is frozen."""
        rooms = []
        for place, name in enumerate(self.names):
            terms = self.market.terms[name]
            frozen = name in self.portfolio.operations.frozen
            most = ZERO if frozen else abs(self.book.holdings[name].shares) - self.going[name]
            rooms.append(Room(most, Fraction(terms.lot), (terms.exposure, place * terms.exposure)))
        return rooms

    def _posed(self, requirements: Sequence[_Requirement], loose: bool) -> tuple[list[Line], list[Bowl]]:
        """The requirements on what is given up; `loose`: what closing everything leaves beyond a bound is borne."""
        lines, bowls = [], []
        closed = self._rest(tuple(one.most for one in self._rooms()))
        going = {name: shares for name, shares in self.going.items() if shares}
        for one in requirements:
            most = one.bound if one.measure.limit.breach == "exit" else max(one.bound, one.value)
            if loose:
                most = max(most, self._at(one, closed))
            if isinstance(one.measure, ConvexMeasure):
                bowls.append((most / one.measure.squared, one.measure))
            else:
                sure = sum((one.weights[name] * shares for name, shares in going.items() if name in one.weights), ZERO)
                if one.hedged or one.value - sure > most:
                    weights = {at: one.weights[name] for at, name in enumerate(self.names) if name in one.weights}
                    lines.append(Line(weights, one.value - sure - most))
        # All convex limits bound one figure, so that the tightest is all of them.
        tightest = min(bowls, key=lambda pair: pair[0], default=None)
        return lines, [] if tightest is None else [self._bowl(tightest[0])]

    # --- what it comes to -------------------------------------------------------------------------------------------

    def _rest(self, point: Point) -> dict[str, Fraction]:
        """Signed shares that are left when what goes out anyway and this have filled."""
        left = {}
        for name, given in zip(self.names, point, strict=True):
            shares = self.book.holdings[name].shares
            left[name] = (1 if shares > 0 else -1) * (abs(shares) - self.going[name] - given)
        return left

    def _at(self, one: _Requirement, left: Mapping[str, Fraction]) -> Fraction:
        """What a limit comes to with these shares."""
        if isinstance(one.measure, ConvexMeasure):
            return one.measure.squared * variance(self.market.terms, left)
        held = self.book.holdings
        given = ((weight, abs(held[name].shares) - abs(left[name])) for name, weight in one.weights.items())
        return one.value - sum((weight * shares for weight, shares in given if shares), ZERO)

    def _bowl(self, most: Fraction) -> Bowl:
        terms = self.market.terms
        sides = [1 if self.book.holdings[name].shares > 0 else -1 for name in self.names]

        def value(point: Sequence[Fraction]) -> Fraction:
            return variance(terms, self._rest(tuple(point)))

        def cut(point: Sequence[Fraction]) -> Line:
            """By Cauchy and Schwarz `z'Σy ≤ √(z'Σz · most)` for every z, and z where we stand breaks it the most."""
            left = self._rest(tuple(point))
            around = {name: left[name] * terms[name].exposure for name in self.names}
            unit = max(abs(one) for one in around.values()) / _DIGITS
            chosen = {name: Fraction(round(one / unit)) for name, one in around.items()}
            slopes = products(terms, chosen)
            length = sum((slopes[name] * chosen[name] for name in chosen), ZERO)
            start = self._rest((ZERO,) * len(self.names))
            standing = sum((slopes[name] * start[name] * terms[name].exposure for name in self.names), ZERO)
            weights = {at: slopes[name] * sides[at] * terms[name].exposure for at, name in enumerate(self.names)}
            return Line({at: one for at, one in weights.items() if one}, standing - _root(length * max(ZERO, most)))

        return Bowl(value, most, cut)

    # --- what is said of it -----------------------------------------------------------------------------------------

    def _breach(self, one: _Requirement, point: Point, found: bool) -> Breach:
        after = self._at(one, self._rest(point))
        why = "" if after <= one.bound else BEYOND if found else NOT_FOUND
        return Breach(one.measure.key, one.measure.limit.id, one.value, one.bound, after, why)

    def _joined(self, found: Least, requirements: Sequence[_Requirement]) -> Asked:
        """One exit for an instrument: what goes out anyway and what is given up beyond it."""
        in_force = self.limits.in_force(self.market.session, self.regime, self.state, self.market.figures)
        exits = {one.instrument: (one, left) for one, left in self.asked}
        for at, (name, given) in enumerate(zip(self.names, found.point, strict=True)):
            if given:
                terms, known = self.market.terms[name], exits.get(name)
                side = Side.SELL if self.book.holdings[name].shares > 0 else Side.BUY
                reasons = tuple(f"{OBLIGATION}:{key}" for key in self._needing(at, found.point, requirements))
                left = given if known is None else known[1] + given
                earlier = () if known is None else known[0].reasons
                exits[name] = (Exit(name, side, paced(left, terms, in_force), (*earlier, *reasons)), left)
        return tuple(exits[name] for name in sorted(exits))

    def _needing(self, at: int, point: Point, requirements: Sequence[_Requirement]) -> list[str]:
        """The limits that would be further beyond their bounds with one lot less of this: why there is not less."""
        name = self.names[at]
        lot = Fraction(self.market.terms[name].lot)
        fewer = point[at] % lot or lot
        now, less = self._rest(point), self._rest((*point[:at], point[at] - fewer, *point[at + 1 :]))
        breaking = []
        for one in requirements:
            each = one.weights.get(name, ZERO)
            if each > 0:
                if not one.hedged and one.value + each * fewer <= one.bound:
                    # What is given up only takes off, so that it is within its bound whatever that is.
                    continue
                value = self._at(one, now)
                if value + one.weights[name] * fewer > max(one.bound, value):
                    breaking.append(one.measure.key)
            elif isinstance(one.measure, ConvexMeasure) and self._at(one, less) > max(one.bound, self._at(one, now)):
                breaking.append(one.measure.key)
        return sorted(breaking)


def _root(square: Fraction) -> Fraction:
    """Not less than the square root, and hardly more."""
    digits = 10**12
    return Fraction(isqrt(square.numerator * digits**2 // square.denominator) + 1, digits)
