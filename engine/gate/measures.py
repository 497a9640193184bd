"""The linear limits as measures over a state, in closed form.

Every linear kind of `docs/limits.md` has one shape: a fixed part, plus for each instrument the worst of
`max(p·x, n·x)` over the ends of its reach (|x| has p = e, n = -e; a linear functional has p = n), plus a price per
share and a fee per order for some of the orders. That shape is why the largest feasible quantity of one more entry is
found exactly, without a search: in the entry's quantity each measure is a maximum of straight lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from engine.gate.market import Market, Terms
from engine.gate.proposals import Entry
from engine.gate.reach import ZERO, Book, Holding, Leg, Reach, State
from engine.limits.model import Limit, Limits

Profile = tuple[Fraction, Fraction]
"""Slopes (p, n): a position of x shares weighs max(p·x, n·x)."""


@dataclass(frozen=True)
class Measure:
    """One limit applied to one subject (an instrument, a group, a scenario, or everything)."""

    limit: Limit
    subject: str
    nav_share: Fraction
    """The bound is `nav_share · NAV⁻ + constant`."""
    constant: Fraction
    fixed: Callable[[State], Fraction]
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    leg_price: Callable[[Leg], Fraction] | None = None
    fees: bool = False
    direction: str = ""

    @cached_property
    def key(self) -> str:
        """A name that is unique among the measures of a decision: `portfolio.sector[technology]`."""
        suffix = f"{self.subject}{':' + self.direction if self.direction else ''}"
        return f"{self.limit.id}[{suffix}]" if suffix else self.limit.id

    def value(self, state: State) -> Fraction:
        """The worst value over all fillings."""
        total = self.fixed(state)
        for name, (p, n) in self.profiles.items():
            reach = state.reaches.get(name)
            if reach is not None:
                total += _weight(p, n, reach)
        if self.leg_price is not None:
            total += sum((self.leg_price(leg) * leg.quantity for leg in state.legs), ZERO)
        return total + state.fees if self.fees else total

    def bound(self, state: State) -> Fraction:
        """The bound at the state's NAV⁻."""
        return self.nav_share * state.nav + self.constant

    def lines(self, state: State, leg: Leg, fee_per_share: Fraction) -> list[tuple[Fraction, Fraction]]:
        """With one more entry of q shares, the value is the maximum of `a + b·q` over these lines (a, b).

        `leg` is the entry with a quantity of 0, and must be part of `state` already, so that its flat fee counts.
        """
        slope = self.leg_price(leg) if self.leg_price is not None else ZERO
        if self.fees:
            slope += fee_per_share
        here = self.value(state)
        profile = self.profiles.get(leg.instrument)
        if profile is None:
            return [(here, slope)]
        reach = state.reaches[leg.instrument]
        end = reach.high if leg.sign > 0 else reach.low
        p, n = profile
        rest = here - _weight(p, n, reach)
        return [(here, slope), *((rest + w * end, slope + w * leg.sign) for w in (p, n))]


@dataclass(frozen=True)
class Scope:
    """What the limits are applied to: the book, the entries that may be granted, the market, the regime."""

    book: Book
    entries: tuple[Entry, ...]
    market: Market
    limits: Limits
    regime: str

    @property
    def terms(self) -> Mapping[str, Terms]:
        """Terms by instrument."""
        return self.market.terms

    def over(self, limit: Limit, profiles: Mapping[str, Profile], subject: str = "", direction: str = "") -> Measure:
        """A measure that is a sum of profiles, bounded by a share of NAV."""
        multiplier = self.limits.multiplier(self.regime) if limit.regime else 1
        return Measure(limit, subject, limit.bound * multiplier, ZERO, _zero, profiles, direction=direction)


def _weight(p: Fraction, n: Fraction, reach: Reach) -> Fraction:
    """The largest `max(p·x, n·x)` for x inside the reach: a convex function is largest at an end.

    Most of a decision's time is spent here, so that ends which cannot be the largest are not multiplied out.
    """
    if p == n:
        return p * (reach.high if p.numerator >= 0 else reach.low)
    if p.numerator >= 0 >= n.numerator:
        return max(p * reach.high, n * reach.low)
    return max(p * reach.low, n * reach.low, p * reach.high, n * reach.high)


def measures(scope: Scope) -> list[Measure]:
    """Every numeric limit in force, applied to every subject it has, in canonical order."""
    found: list[Measure] = []
    for limit in scope.limits.in_force(scope.market.session):
        if limit.spec.form == "linear":
            found.extend(_LINEAR[limit.kind](limit, scope))
        elif limit.kind in _ORDER:
            found.extend(_ORDER[limit.kind](limit, entry, scope.market) for entry in scope.entries)
    return found


def _zero(_: State) -> Fraction:
    return ZERO


def _absolute(scope: Scope) -> dict[str, Profile]:
    return {name: (one.exposure, -one.exposure) for name, one in scope.terms.items()}


def _signed(scope: Scope, sign: int) -> dict[str, Profile]:
    return {name: (sign * one.exposure, sign * one.exposure) for name, one in scope.terms.items()}


def _exposure(limit: Limit, scope: Scope) -> Iterator[Measure]:
    return (scope.over(limit, {name: profile}, name) for name, profile in _absolute(scope).items())


def _beta(limit: Limit, scope: Scope) -> Iterator[Measure]:
    for direction, sign in (("long", 1), ("short", -1)):
        weights = {name: sign * one.beta * one.exposure for name, one in scope.terms.items()}
        yield scope.over(limit, {name: (weight, weight) for name, weight in weights.items()}, direction=direction)


def _group_gross(limit: Limit, scope: Scope) -> Iterator[Measure]:
    absolute = _absolute(scope)
    for group, members in _groups(limit.by, scope).items():
        if not limit.only or limit.only == group:
            yield scope.over(limit, {name: absolute[name] for name in members}, group)


def _cluster_gross(limit: Limit, scope: Scope) -> Iterator[Measure]:
    absolute = _absolute(scope)
    for cluster in scope.market.clusters:
        yield scope.over(limit, {name: absolute[name] for name in cluster if name in absolute}, "+".join(cluster))


def _margin(limit: Limit, scope: Scope) -> Iterator[Measure]:
    yield scope.over(limit, {name: (limit.long * p, limit.short * n) for name, (p, n) in _absolute(scope).items()})


def _held_risk(scope: Scope, names: frozenset[str]) -> Fraction:
    return sum((abs(one.shares) * one.risk for name, one in scope.book.holdings.items() if name in names), ZERO)


def _risk(limit: Limit, scope: Scope, subject: str, names: frozenset[str], lost: Fraction = ZERO) -> Measure:
    """Losses at the stops: of the whole position (no exit helps until it has filled) and of every entry."""
    start = lost + _held_risk(scope, names)
    return Measure(
        limit, subject, limit.bound, ZERO, lambda _: start,
        leg_price=lambda leg: leg.risk if leg.instrument in names else ZERO,
    )  # fmt: skip


def _stop_loss(limit: Limit, scope: Scope) -> Iterator[Measure]:
    return (_risk(limit, scope, name, frozenset({name})) for name in scope.terms)


def _open_risk(limit: Limit, scope: Scope) -> Iterator[Measure]:
    yield _risk(limit, scope, "", frozenset(scope.terms))


def _loss_budget(limit: Limit, scope: Scope) -> Iterator[Measure]:
    yield _risk(limit, scope, "", frozenset(scope.terms), scope.book.lost_today)


def _turnover(limit: Limit, scope: Scope) -> Iterator[Measure]:
    def price(leg: Leg) -> Fraction:
        return scope.terms[leg.instrument].exposure + leg.slippage

    yield Measure(limit, "", limit.bound, ZERO, lambda _: scope.book.traded_today, leg_price=price)


def _cash_reserve(limit: Limit, scope: Scope) -> Iterator[Measure]:
    def price(leg: Leg) -> Fraction:
        return scope.terms[leg.instrument].exposure + leg.slippage if leg.sign > 0 else ZERO

    left = scope.book.settled_cash - limit.bound * scope.book.nav
    yield Measure(limit, "", ZERO, left, _zero, leg_price=price, fees=True)


def _groups(by: str, scope: Scope) -> dict[str, tuple[str, ...]]:
    """Members by group, both in canonical order."""
    members: dict[str, set[str]] = {}
    if by in ("strategy", "horizon"):
        tagged: Iterable[Holding | Leg | Entry] = (*scope.book.holdings.values(), *scope.book.legs, *scope.entries)
    else:
        tagged = ()
        for name, terms in scope.terms.items():
            members.setdefault(getattr(terms, by), set()).add(name)
    for one in tagged:
        if group := getattr(one, by):
            members.setdefault(group, set()).add(one.instrument)
    return {group: tuple(sorted(members[group] & set(scope.terms))) for group in sorted(members)}


def _concentration(limit: Limit, scope: Scope) -> Iterator[Measure]:
    """|x| of one against a share of everything: the others count with their least, which no entry lowers."""
    if len(scope.book.holdings) < limit.once:
        return
    terms = scope.terms
    for name, own in terms.items():
        others = [one for one in terms if one != name]

        def least(state: State, others: list[str] = others) -> Fraction:
            held = (state.reaches[one].least * terms[one].exposure for one in others if one in state.reaches)
            return -limit.bound * sum(held, ZERO)

        slope = (1 - limit.bound) * own.exposure
        yield Measure(limit, name, ZERO, ZERO, least, {name: (slope, -slope)})


def _stress(limit: Limit, scope: Scope) -> Iterator[Measure]:
    for scenario in scope.limits.scenarios:
        profiles: dict[str, Profile] = {}
        for name, one in scope.terms.items():
            if scenario.sigmas:
                loss = scenario.sigmas * one.daily_volatility * one.exposure
                profiles[name] = (loss, -loss)
            else:
                loss = -one.beta * scenario.index * one.exposure
                profiles[name] = (loss, loss)
        yield scope.over(limit, profiles, scenario.id)


def _order_value(limit: Limit, entry: Entry, market: Market) -> Measure:
    exposure, name = market.terms[entry.instrument].exposure, entry.instrument
    return Measure(
        limit, name, limit.bound, ZERO, _zero,
        leg_price=lambda leg: exposure + leg.slippage if _is_entry_on(leg, name) else ZERO,
    )  # fmt: skip


def _order_quantity(limit: Limit, entry: Entry, market: Market) -> Measure:
    volume = market.terms[entry.instrument].average_volume if limit.kind == "volume_share" else Fraction(1)
    name = entry.instrument
    return Measure(
        limit, name, ZERO, limit.bound * volume, _zero,
        leg_price=lambda leg: Fraction(1) if _is_entry_on(leg, name) else ZERO,
    )  # fmt: skip


def _price_collar(limit: Limit, entry: Entry, market: Market) -> Measure:
    """Bounds the price, whatever the quantity: the limit price's distance is fixed when the entry is shaped."""
    price = market.terms[entry.instrument].price
    distance = abs(entry.limit_price - price)
    name = entry.instrument

    def fixed(state: State) -> Fraction:
        return distance if any(_is_entry_on(leg, name) for leg in state.legs) else ZERO

    return Measure(limit, name, ZERO, limit.bound * price, fixed)


def _is_entry_on(leg: Leg, name: str) -> bool:
    return leg.new and leg.entry and leg.instrument == name


_ORDER: dict[str, Callable[[Limit, Entry, Market], Measure]] = {
    "order_value": _order_value,
    "order_quantity": _order_quantity,
    "volume_share": _order_quantity,
    "price_collar": _price_collar,
}

_LINEAR: dict[str, Callable[[Limit, Scope], Iterator[Measure]]] = {
    "instrument_exposure": _exposure,
    "gross": lambda limit, scope: iter([scope.over(limit, _absolute(scope))]),
    "net_long": lambda limit, scope: iter([scope.over(limit, _signed(scope, 1))]),
    "net_short": lambda limit, scope: iter([scope.over(limit, _signed(scope, -1))]),
    "beta": _beta,
    "group_gross": _group_gross,
    "cluster_gross": _cluster_gross,
    "concentration": _concentration,
    "margin": _margin,
    "stress": _stress,
    "stop_loss": _stop_loss,
    "open_risk": _open_risk,
    "loss_budget": _loss_budget,
    "turnover": _turnover,
    "cash_reserve": _cash_reserve,
}
