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

from engine.gate.convex import ConvexMeasure
from engine.gate.market import Market
from engine.gate.proposals import Entry
from engine.gate.reach import ZERO, Leg, Reach, State
from engine.gate.scope import Scope, labelled
from engine.gate.stress import Profile, shock
from engine.limits.model import Limit


@dataclass(frozen=True)
class Measure:
    """One limit applied to one subject (an instrument, a group, a scenario, or everything).

    What it is worth is written out here once, slowly and in fractions; `engine.gate.rows` makes the same of whole
    numbers, for every combination of grants.
    """

    limit: Limit
    subject: str
    nav_share: Fraction
    """The bound is `nav_share · NAV⁻ + constant`."""
    constant: Fraction
    start: Fraction = ZERO
    """What no order changes: losses of positions at their stops, what was traded already."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    leg_price: Callable[[Leg], Fraction] | None = None
    about: str = ""
    """Where named, only the orders in this instrument have a price."""
    entering: bool = False
    """Whether only this decision's entries have a price."""
    distance: Fraction = ZERO
    """What the presence of such an order makes it, whatever its quantity."""
    least_share: Fraction = ZERO
    """The part of everyone else's least exposure that is taken off, with `exposures` of one share by instrument."""
    exposures: Mapping[str, Fraction] = field(default_factory=dict)
    fees: bool = False
    direction: str = ""

    @cached_property
    def key(self) -> str:
        """A name that is unique among the measures of a decision: `portfolio.sector[technology]`."""
        suffix = f"{self.subject}{':' + self.direction if self.direction else ''}"
        return f"{self.limit.id}[{suffix}]" if suffix else self.limit.id

    def prices(self, leg: Leg) -> bool:
        """Whether an order has a price here."""
        return (not self.about or leg.instrument == self.about) and (not self.entering or (leg.new and leg.entry))

    def value(self, state: State) -> Fraction:
        """The worst value over all fillings."""
        total = self.start
        for name, reach in state.reaches.items():
            profile = self.profiles.get(name)
            if profile is not None:
                total += weight(*profile, reach)
        if self.least_share:
            everyone, own = state.least(self.exposures), state.reaches.get(self.subject)
            mine = ZERO if own is None else own.least * self.exposures[self.subject]
            total -= self.least_share * (everyone - mine)
        legs = [leg for leg in state.legs if self.prices(leg)]
        if self.leg_price is not None:
            total += sum((self.leg_price(leg) * leg.quantity for leg in legs), ZERO)
        if legs:
            total += self.distance
        return total + state.fees if self.fees else total

    def bound(self, state: State) -> Fraction:
        """The bound at the state's NAV⁻."""
        share = self.nav_share * state.nav if self.nav_share else ZERO
        return share + self.constant if self.constant else share


def weight(p: Fraction, n: Fraction, reach: Reach) -> Fraction:
    """The largest `max(p·x, n·x)` for x inside the reach: a convex function is largest at an end."""
    return max(p * reach.low, n * reach.low, p * reach.high, n * reach.high)


def measures(scope: Scope, wanted: Callable[[Limit], bool] = lambda limit: True) -> list[Measure | ConvexMeasure]:
    """Every numeric limit in force, or those wanted, applied to every subject it has, in canonical order."""
    found: list[Measure | ConvexMeasure] = []
    market = scope.market
    for limit in scope.limits.in_force(market.session, scope.regime, scope.state, market.figures):
        if not wanted(limit):
            continue
        if limit.spec.form == "linear":
            found.extend(_LINEAR[limit.kind](limit, scope))
        elif limit.spec.form == "convex":
            found.append(ConvexMeasure(limit, scope.terms, scope.share_of_nav(limit)))
        elif limit.kind in _ORDER:
            found.extend(_ORDER[limit.kind](limit, entry, market) for entry in scope.entries)
    return found


def _over(
    scope: Scope, limit: Limit, profiles: Mapping[str, Profile], subject: str = "", direction: str = ""
) -> Measure:
    """A measure that is a sum of profiles, bounded by a share of NAV."""
    return Measure(limit, subject, scope.share_of_nav(limit), ZERO, profiles=profiles, direction=direction)


def _absolute(scope: Scope, names: Iterable[str]) -> dict[str, Profile]:
    return {name: (scope.exposures[name], -scope.exposures[name]) for name in names}


def _signed(scope: Scope, sign: int) -> dict[str, Profile]:
    return {name: (sign * scope.exposures[name], sign * scope.exposures[name]) for name in scope.touched}


def _exposure(limit: Limit, scope: Scope) -> Iterator[Measure]:
    return (_over(scope, limit, {name: (e, -e)}, name) for name, e in scope.exposures.items())


def _gross(limit: Limit, scope: Scope) -> Iterator[Measure]:
    yield _over(scope, limit, _absolute(scope, scope.touched))


def _beta(limit: Limit, scope: Scope) -> Iterator[Measure]:
    for direction, sign in (("long", 1), ("short", -1)):
        weights = {name: sign * scope.terms[name].beta * scope.exposures[name] for name in scope.touched}
        yield _over(scope, limit, {name: (each, each) for name, each in weights.items()}, direction=direction)


def _group_gross(limit: Limit, scope: Scope) -> Iterator[Measure]:
    for group, members in _groups(limit.by, scope).items():
        if not limit.only or limit.only == group:
            yield _over(scope, limit, _absolute(scope, members), group)


def _basket_net(limit: Limit, scope: Scope) -> Iterator[Measure]:
    """What a basket comes to when only what is bought in it has filled, and when only what is sold has."""
    for basket, members in _groups("basket", scope).items():
        for direction, sign in (("long", 1), ("short", -1)):
            weights = {name: sign * scope.exposures[name] for name in members}
            profiles = {name: (each, each) for name, each in weights.items()}
            yield _over(scope, limit, profiles, basket, direction)


def _cluster_gross(limit: Limit, scope: Scope) -> Iterator[Measure]:
    for cluster in scope.market.clusters:
        yield _over(scope, limit, _absolute(scope, (one for one in cluster if one in scope.terms)), "+".join(cluster))


def _margin(limit: Limit, scope: Scope) -> Iterator[Measure]:
    exposures = ((name, scope.exposures[name]) for name in scope.touched)
    yield _over(scope, limit, {name: (limit.long * e, -limit.short * e) for name, e in exposures})


def _loss_at_stop(leg: Leg) -> Fraction:
    return leg.risk


def _stop_loss(limit: Limit, scope: Scope) -> Iterator[Measure]:
    """Losses at the stops: of the whole position (no exit helps until it has filled) and of every entry."""
    for name in scope.terms:
        held = scope.book.holdings.get(name)
        start = ZERO if held is None else abs(held.shares) * held.risk
        yield Measure(limit, name, limit.bound, ZERO, start, leg_price=_loss_at_stop, about=name)


def _open_risk(limit: Limit, scope: Scope, lost: Fraction = ZERO) -> Iterator[Measure]:
    held = sum((abs(one.shares) * one.risk for one in scope.book.holdings.values()), ZERO)
    yield Measure(limit, "", limit.bound, ZERO, lost + held, leg_price=_loss_at_stop)


def _loss_budget(limit: Limit, scope: Scope) -> Iterator[Measure]:
    return _open_risk(limit, scope, scope.book.lost_today)


def _turnover(limit: Limit, scope: Scope) -> Iterator[Measure]:
    def price(leg: Leg) -> Fraction:
        return scope.exposures[leg.instrument] + leg.slippage

    yield Measure(limit, "", limit.bound, ZERO, scope.book.traded_today, leg_price=price)


def _open_orders(limit: Limit, scope: Scope) -> Iterator[Measure]:
    def price(leg: Leg) -> Fraction:
        return scope.exposures[leg.instrument] + leg.slippage if leg.entry else ZERO

    yield Measure(limit, "", limit.bound, ZERO, leg_price=price)


def _credit(limit: Limit, scope: Scope) -> Iterator[Measure]:
    money = _over(scope, limit, {}).nav_share
    yield Measure(limit, "", ZERO, money, profiles=_absolute(scope, scope.touched))


def _cash_reserve(limit: Limit, scope: Scope) -> Iterator[Measure]:
    def price(leg: Leg) -> Fraction:
        return scope.exposures[leg.instrument] + leg.slippage if leg.sign > 0 else ZERO

    left = scope.book.settled_cash - limit.bound * scope.book.nav
    yield Measure(limit, "", ZERO, left, leg_price=price, fees=True)


def _groups(by: str, scope: Scope) -> dict[str, tuple[str, ...]]:
    """Members by group, both in canonical order."""
    members: dict[str, list[str]] = {}
    for group, name in sorted(labelled(by, scope)):
        members.setdefault(group, []).append(name)
    return {group: tuple(name for name in names if name in scope.terms) for group, names in members.items()}


def _concentration(limit: Limit, scope: Scope) -> Iterator[Measure]:
    """|x| of one against a share of everything: the others count with their least, which no entry lowers."""
    if len(scope.book.holdings) < limit.once:
        return
    for name, e in scope.exposures.items():
        slope = (1 - limit.bound) * e
        yield Measure(limit, name, ZERO, ZERO, profiles={name: (slope, -slope)}, least_share=limit.bound,
                      exposures=scope.exposures)  # fmt: skip


def _stress(limit: Limit, scope: Scope) -> Iterator[Measure]:
    for scenario in scope.limits.scenarios:
        if not scenario.drawn:
            yield _over(scope, limit, {name: shock(scenario, scope.terms[name]) for name in scope.touched}, scenario.id)


def _order_value(limit: Limit, entry: Entry, market: Market) -> Measure:
    exposure, name = market.terms[entry.instrument].exposure, entry.instrument
    return Measure(
        limit, name, limit.bound, ZERO, leg_price=lambda leg: exposure + leg.slippage, about=name, entering=True
    )


def _order_quantity(limit: Limit, entry: Entry, market: Market) -> Measure:
    volume = market.terms[entry.instrument].average_volume if limit.kind == "volume_share" else Fraction(1)
    name = entry.instrument
    return Measure(
        limit, name, ZERO, limit.bound * volume, leg_price=lambda leg: Fraction(1), about=name, entering=True
    )


def _price_collar(limit: Limit, entry: Entry, market: Market) -> Measure:
    """Bounds the price, whatever the quantity: the limit price's distance is fixed when the entry is shaped."""
    price, name = market.terms[entry.instrument].price, entry.instrument
    distance = abs(entry.limit_price - price)
    return Measure(limit, name, ZERO, limit.bound * price, about=name, entering=True, distance=distance)


_ORDER: dict[str, Callable[[Limit, Entry, Market], Measure]] = {
    "order_value": _order_value,
    "order_quantity": _order_quantity,
    "volume_share": _order_quantity,
    "price_collar": _price_collar,
}

_LINEAR: dict[str, Callable[[Limit, Scope], Iterator[Measure]]] = {
    "instrument_exposure": _exposure,
    "gross": _gross,
    "net_long": lambda limit, scope: iter([_over(scope, limit, _signed(scope, 1))]),
    "net_short": lambda limit, scope: iter([_over(scope, limit, _signed(scope, -1))]),
    "beta": _beta,
    "group_gross": _group_gross,
    "basket_net": _basket_net,
    "cluster_gross": _cluster_gross,
    "concentration": _concentration,
    "margin": _margin,
    "stress": _stress,
    "stop_loss": _stop_loss,
    "open_risk": _open_risk,
    "loss_budget": _loss_budget,
    "turnover": _turnover,
    "open_orders": _open_orders,
    "credit": _credit,
    "cash_reserve": _cash_reserve,
}
