"""The third derivation, slow and obvious: fill the orders in every way and look at the worst.

Written from `docs/limits.md` alone, without reach, measures or solver. Each order of an instrument fills not at all or
altogether, exits and stops truncated at the position as a broker would; where that can carry the position across zero,
the filling that leaves it flat is looked at too (a share of a small total is worst there). Every limit is a sum over
instruments, so its worst filling is the worst of each instrument; the convex ones are in `oracle_convex`. Used by tests
and by `audit verify`.

Left out: speed. An instrument with more than `MOST_ORDERS` orders raises `TooMany`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product

from engine.gate.convex import Corner
from engine.gate.market import Market, Terms
from engine.gate.proposals import Entry, Exit, Grant
from engine.limits.kinds import MANDATORY, REGIMES, TRADING_STATES
from engine.limits.model import UNKNOWN_STATE, Limit, Limits, Scenario
from engine.orders.order import Order, Role
from engine.orders.portfolio import Portfolio, Position
from engine.review.oracle_convex import Range, Spread, bound_square, spread, times_square
from engine.review.oracle_stress import loss_of
from knowledge.values import Json, text

MOST_ORDERS = 12
NONE = Fraction(0)


class TooMany(ValueError):
    """More orders in one instrument than can be enumerated."""


@dataclass(frozen=True, slots=True)
class Worst:
    """What one limit comes to for one subject: worst value, bound, and the worst value without the entries."""

    measure: str
    limit: str
    value: Fraction
    bound: Fraction
    base: Fraction
    corner: Corner | None = None
    """Of a convex limit: where it is worst. Its three numbers are squares, and its base excuses nothing."""

    @property
    def holds(self) -> bool:
        """No larger than its bound, or, unless it is convex, no larger than without this decision's entries."""
        return self.value <= self.bound or (self.corner is None and self.value <= self.base)


@dataclass(frozen=True)
class Case:
    """What is decided about: the entries are all those that no condition forbids, granted or not."""

    portfolio: Portfolio
    exits: Sequence[Exit]
    entries: Sequence[Entry]
    market: Market
    limits: Limits
    regime: str
    state: str = UNKNOWN_STATE

    @cached_property
    def before(self) -> _World:
        """The world without any grant, which every set of them is compared with."""
        return _world(self, ())

    @cached_property
    def linear(self) -> dict[int, list[tuple[str, Value, Value, Fraction]]]:
        """By place of the linear limits in force: key, worst value and bound of each subject, and its base."""
        return {}

    @cached_property
    def standing(self) -> tuple[Limit, ...]:
        """The limits in force."""
        return tuple(_standing(self))


@dataclass(frozen=True, slots=True)
class _Order:
    """One order: shares, and per share the worst slippage and the loss at its stop."""

    sign: int
    quantity: Fraction
    slippage: Fraction
    risk: Fraction
    entry: bool
    owner: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class _Line:
    """One instrument: shares held, their loss at the stop, and its orders."""

    terms: Terms
    held: Fraction = NONE
    risk: Fraction = NONE
    owner: tuple[str, str, str] = ("", "", "")
    orders: list[_Order] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Filling:
    """Shares after it, what each order of the instrument filled, and what the shares are worth."""

    shares: Fraction
    fills: tuple[Fraction, ...]
    worth: Fraction


@dataclass(frozen=True)
class _World:
    """Everything priced, with the fillings of each instrument and the NAV that bounds refer to."""

    lines: dict[str, _Line]
    fillings: dict[str, list[_Filling]]
    fees: Fraction
    nav: Fraction

    @cached_property
    def open(self) -> tuple[tuple[_Line, str, list[_Filling]], ...]:
        """What has a position or an order, with its fillings."""
        return tuple((self.lines[name], name, fillings) for name, fillings in self.fillings.items())

    @cached_property
    def spread(self) -> Spread:
        """The variance at its worst corner: every instrument with the ends that its fillings come to."""
        shares = {name: [one.shares for one in fillings] for _, name, fillings in self.open}
        return spread({name: Range(self.lines[name].terms, min(each), max(each)) for name, each in shares.items()})


def worst(case: Case, grants: Sequence[Grant], among: Container[str] | None = None) -> list[Worst]:
    """Every numeric limit in force (of these ids) with these entries granted, by subject. Raises `TooMany`."""
    before = case.before
    after = _world(case, grants) if grants else before
    found = []
    for at, limit in enumerate(case.standing):
        if among is not None and limit.id not in among:
            continue
        if limit.spec.form == "order":
            found += [_of_order(limit, entry, case, grants, after) for entry in case.entries]
        elif limit.spec.form == "linear":
            if at not in case.linear:
                case.linear[at] = [
                    (f"{limit.id}[{subject}]" if subject else limit.id, value, bound, value(before))
                    for subject, value, bound in _subjects(limit, case, before)
                ]
            for key, value, bound, stood in case.linear[at]:
                found.append(Worst(key, limit.id, value(after) if grants else stood, bound(after), stood))
        elif limit.spec.form == "convex":
            times, here, there = times_square(limit), after.spread, before.spread
            share = limit.bound * (case.limits.multiplier(case.regime) if limit.regime else 1)
            squares = (times * here.variance, bound_square(share, after.nav), times * there.variance)
            found.append(Worst(limit.id, limit.id, *squares, here.corner))
    return found


def _standing(case: Case) -> Iterator[Limit]:
    """The limits in force: their window is open, and nothing known speaks against their circumstances."""
    session, market = case.market.session, case.market.figures
    opened: dict[str, str] = {}
    for limit in case.limits.limits:
        opened[limit.id] = min(limit.effective, opened.get(limit.id, limit.effective))
    for limit in case.limits.limits:
        begins = limit.effective
        if limit.kind in MANDATORY and begins == opened[limit.id]:
            begins = min(begins, session)
        against = [not begins <= session <= (limit.until or session)]
        if limit.when.regimes and case.regime in REGIMES:
            against.append(case.regime not in limit.when.regimes)
        if limit.when.states and case.state in TRADING_STATES:
            against.append(case.state not in limit.when.states)
        if limit.when.figure in market:
            figure = market[limit.when.figure]
            against.append(limit.when.above is not None and not figure > limit.when.above)
            against.append(limit.when.below is not None and not figure < limit.when.below)
        if not any(against):
            yield limit


# --- the orders and their fillings ------------------------------------------------------------------------------


def _world(case: Case, grants: Sequence[Grant]) -> _World:
    lines = {name: _Line(terms) for name, terms in case.market.terms.items()}
    for held in case.portfolio.positions:
        line, shares = lines.get(held.instrument), Fraction(held.quantity)
        # A short without a stop has no worst price: its instrument is incomplete, and no entry is granted beside it.
        if line is None or shares == 0 or (shares < 0 and held.stop is None):
            continue
        stop = Fraction(held.stop) if held.stop is not None else NONE
        away = line.terms.price - stop if shares > 0 else stop - line.terms.price
        lines[held.instrument] = _Line(line.terms, shares, max(NONE, away) * line.terms.unit,
                                       _owner(held), line.orders)  # fmt: skip
    for name, order in _orders(case, grants):
        if name in lines:
            lines[name].orders.append(order)
    fees, costs = NONE, NONE
    tariff = case.limits.parameters
    for line in lines.values():
        for order, most in zip(line.orders, _truncated(line, [one.quantity for one in line.orders]), strict=True):
            fees += tariff.fee_per_order + tariff.fee_per_share * most
            costs += order.slippage * most
    nav = Fraction(case.portfolio.nav) - costs - fees
    # Anything else has nothing to lose and adds nothing.
    open_ = {name: line for name, line in lines.items() if line.held != 0 or line.orders}
    return _World(lines, {name: _fillings(name, line) for name, line in open_.items()}, fees, nav)


def _orders(case: Case, grants: Sequence[Grant]) -> Iterator[tuple[str, _Order]]:
    """Working orders, exits and entries, by instrument; one whose instrument is incomplete is left out."""
    for one in case.portfolio.working:
        order, entry = one.order, one.order.role is Role.ENTRY
        if order.instrument not in case.market.terms or (entry and order.side.sign < 0 and order.stop_price is None):
            continue
        limit = Fraction(order.limit_price) if entry and order.limit_price is not None else None
        stop = Fraction(order.stop_price) if order.stop_price is not None else NONE
        owner = _owner(order)
        yield order.instrument, _priced(case, order.instrument, order.side.sign, Fraction(one.remaining), limit,
                                        stop if entry else None, owner)  # fmt: skip
    for out in case.exits:
        if out.instrument in case.market.terms:
            yield out.instrument, _priced(case, out.instrument, out.side.sign, out.quantity, None, None, ("", "", ""))
    for grant in grants:
        new = grant.entry
        yield new.instrument, _priced(case, new.instrument, new.side.sign, grant.quantity, new.limit_price,
                                      new.stop_price, _owner(new))  # fmt: skip


def _owner(one: Position | Order | Entry) -> tuple[str, str, str]:
    """Whose it is: strategy, horizon, and the basket that it is a leg of."""
    return one.strategy, one.horizon, "" if one.basket is None else one.basket.name


def _priced(
    case: Case, name: str, sign: int, quantity: Fraction, limit: Fraction | None, stop: Fraction | None,
    owner: tuple[str, str, str],
) -> _Order:  # fmt: skip
    """An order at its worst price; only entries have a `stop`."""
    terms = case.market.terms[name]
    worst_price = terms.price * (1 + sign * case.limits.collar(case.market.session)) if limit is None else limit
    slippage = max(NONE, sign * (worst_price - terms.price)) * terms.unit
    risk = NONE if stop is None else max(NONE, sign * (worst_price - stop)) * terms.unit
    return _Order(sign, quantity, slippage, risk, stop is not None, owner)


def _truncated(line: _Line, fills: Sequence[Fraction]) -> list[Fraction]:
    """The same fills with exits and stops cut off where they have closed the position."""
    left, kept = abs(line.held), []
    for order, fill in zip(line.orders, fills, strict=True):
        if not order.entry:
            fill = min(fill, left) if order.sign * line.held < 0 else NONE  # noqa: PLW2901
            left -= fill
        kept.append(fill)
    return kept


def _fillings(name: str, line: _Line) -> list[_Filling]:
    if len(line.orders) > MOST_ORDERS:
        raise TooMany(f"{name} has {len(line.orders)} orders; the oracle enumerates at most {MOST_ORDERS}")
    found = []
    for choice in product(*((NONE, order.quantity) for order in line.orders)):
        fills = _truncated(line, choice)
        found.append(_filling(line, tuple(fills)))
    low, high = min(found, key=lambda one: one.shares), max(found, key=lambda one: one.shares)
    if low.shares < 0 < high.shares:
        part = -low.shares / (high.shares - low.shares)
        flat = tuple(a + part * (b - a) for a, b in zip(low.fills, high.fills, strict=True))
        found.append(_filling(line, flat))
    return found


def _filling(line: _Line, fills: tuple[Fraction, ...]) -> _Filling:
    shares = line.held
    for order, fill in zip(line.orders, fills, strict=True):
        shares += order.sign * fill
    return _Filling(shares, fills, shares * line.terms.exposure)


# --- the limits -------------------------------------------------------------------------------------------------

Part = Callable[[str, _Line, _Filling], Fraction]
Value = Callable[[_World], Fraction]
Subject = tuple[str, Value, Value]
"""Name of the subject, worst value, bound."""


def _of_order(limit: Limit, entry: Entry, case: Case, grants: Sequence[Grant], world: _World) -> Worst:
    """A limit of one entry; it speaks only where the entry is granted something."""
    name, terms = entry.instrument, case.market.terms[entry.instrument]
    quantity = sum((one.quantity for one in grants if one.entry.instrument == name), NONE)
    granted = any(one.entry.instrument == name for one in grants)
    dearer = max(NONE, entry.side.sign * (entry.limit_price - terms.price))
    value, bound = {
        "order_value": (quantity * (terms.price + dearer) * terms.unit, limit.bound * world.nav),
        "order_quantity": (quantity, limit.bound),
        "volume_share": (quantity, limit.bound * terms.average_volume),
        "price_collar": (abs(entry.limit_price - terms.price) if granted else NONE, limit.bound * terms.price),
    }[limit.kind]
    return Worst(f"{limit.id}[{name}]", limit.id, value, bound, NONE)


def _subjects(limit: Limit, case: Case, before: _World) -> Iterator[Subject]:  # noqa: PLR0912 - a branch for each line of the page
    multiplier = case.limits.multiplier(case.regime) if limit.regime else Fraction(1)

    def bound(world: _World) -> Fraction:
        return multiplier * limit.bound * world.nav

    def gross(names: Sequence[str]) -> Value:
        return _sum_of(lambda _, __, one: abs(one.worth), among=names)

    def net(names: Sequence[str], sign: int) -> Value:
        return _sum_of(lambda _, __, one: sign * one.worth, among=names)

    def weighted(weight: Callable[[Terms], Fraction]) -> Value:
        return _sum_of(lambda _, line, one: weight(line.terms) * one.worth)

    names = sorted(case.market.terms)
    match limit.kind:
        case "instrument_exposure":
            yield from ((name, gross((name,)), bound) for name in names)
        case "gross":
            yield "", gross(names), bound
        case "credit":
            yield "", gross(names), lambda _: multiplier * limit.bound
        case "net_long":
            yield "", weighted(lambda _: Fraction(1)), bound
        case "net_short":
            yield "", weighted(lambda _: Fraction(-1)), bound
        case "beta":
            yield ":long", weighted(lambda terms: terms.beta), bound
            yield ":short", weighted(lambda terms: -terms.beta), bound
        case "group_gross":
            yield from ((group, gross(members), bound) for group, members in _groups(limit, case, before))
        case "basket_net":
            for basket, legs in _owned(case, before, 2):
                for direction, sign in (("long", 1), ("short", -1)):
                    yield f"{basket}:{direction}", net(legs, sign), bound
        case "cluster_gross":
            yield from (("+".join(cluster), gross(cluster), bound) for cluster in case.market.clusters)
        case "stress":
            yield from ((name, value, bound) for name, value in _stresses(case.limits))
        case "concentration":
            yield from _concentrations(limit, before, names)
        case _:
            yield from _money(limit, case, names, bound)


def _money(limit: Limit, case: Case, names: Sequence[str], bound: Value) -> Iterator[Subject]:
    def traded(_: str, line: _Line, one: _Filling) -> Fraction:
        worst_value = (order.slippage + line.terms.exposure for order in line.orders)
        return sum((fill * value for fill, value in zip(one.fills, worst_value, strict=True)), NONE)

    def bought(_: str, line: _Line, one: _Filling) -> Fraction:
        spent = (
            fill * (order.slippage + line.terms.exposure)
            for fill, order in zip(one.fills, line.orders, strict=True)
            if order.sign > 0
        )
        return sum(spent, NONE)

    def margin(_: str, line: _Line, one: _Filling) -> Fraction:
        rate = limit.long if one.shares > 0 else limit.short
        return rate * abs(one.worth)

    def standing(_: str, line: _Line, __: _Filling) -> Fraction:
        worst_value = ((order.slippage + line.terms.exposure) * order.quantity for order in line.orders if order.entry)
        return sum(worst_value, NONE)

    match limit.kind:
        case "stop_loss":
            yield from ((name, _sum_of(_stopped, among=(name,)), bound) for name in names)
        case "open_risk":
            yield "", _sum_of(_stopped), bound
        case "loss_budget":
            lost = max(NONE, -Fraction(case.portfolio.day_pnl))
            yield "", _sum_of(_stopped, lost), bound
        case "turnover":
            yield "", _sum_of(traded, Fraction(case.portfolio.traded_today)), bound
        case "open_orders":
            yield "", _sum_of(standing), bound
        case "margin":
            yield "", _sum_of(margin), bound
        case "cash_reserve":
            reserve = limit.bound * Fraction(case.portfolio.nav)
            spent = _sum_of(bought)
            yield "", lambda world: spent(world) + world.fees, lambda _: Fraction(case.portfolio.settled_cash) - reserve
        case other:
            raise AssertionError(f"the oracle knows no kind {other}")


def _sum_of(part: Part, start: Fraction = NONE, among: Container[str] | None = None) -> Value:
    """The worst of each instrument (of these alone), added up."""

    def value(world: _World) -> Fraction:
        total = start
        for line, name, fillings in world.open:
            if among is None or name in among:
                total += max([part(name, line, one) for one in fillings])
        return total

    return value


def _stopped(_: str, line: _Line, one: _Filling) -> Fraction:
    """What is lost at the stops: on what the exits left of the position, and on the entries that filled."""
    closed = sum((fill for fill, order in zip(one.fills, line.orders, strict=True) if not order.entry), NONE)
    entered = (fill * order.risk for fill, order in zip(one.fills, line.orders, strict=True) if order.entry)
    return (abs(line.held) - closed) * line.risk + sum(entered, NONE)


def _stresses(limits: Limits) -> Iterator[tuple[str, Value]]:
    for scenario in limits.scenarios:

        def loss(_: str, line: _Line, one: _Filling, scenario: Scenario = scenario) -> Fraction:
            return loss_of(scenario, line.terms, one.shares)

        if not scenario.paths:
            yield scenario.id, _sum_of(loss)


def stress_losses(case: Case, grants: Sequence[Grant]) -> Json:
    """Of every scenario the loss of what is held, and the worst that all orders may come to."""
    after = _world(case, grants) if grants else case.before
    drawn = {one.id: one for one in case.limits.scenarios}
    return [
        {
            "scenario": name,
            "held": text(sum((loss_of(drawn[name], one.terms, one.held) for one, _, _ in after.open), NONE)),
            "worst": text(value(after)),
        }
        for name, value in _stresses(case.limits)
    ]


def _concentrations(limit: Limit, before: _World, names: Sequence[str]) -> Iterator[Subject]:
    held = [line for line in before.lines.values() if line.held != 0]
    if len(held) < limit.once:
        return
    for chosen in names:

        def share(name: str, line: _Line, one: _Filling, chosen: str = chosen) -> Fraction:
            exposure = abs(one.worth)
            return (exposure if name == chosen else NONE) - limit.bound * exposure

        yield chosen, _sum_of(share), lambda _: NONE


def _groups(limit: Limit, case: Case, before: _World) -> Iterator[tuple[str, list[str]]]:
    """Groups with their members: by what is fixed about an instrument, or by whose positions and orders it has."""
    members: dict[str, set[str]] = {}
    if limit.by in ("sector", "issuer", "currency"):
        for name, terms in case.market.terms.items():
            members.setdefault(getattr(terms, limit.by), set()).add(name)
    else:
        members = {group: set(names) for group, names in _owned(case, before, 0 if limit.by == "strategy" else 1)}
    for group in sorted(members):
        if limit.only in ("", group):
            yield group, sorted(members[group])


def _owned(case: Case, before: _World, at: int) -> Iterator[tuple[str, list[str]]]:
    """Instruments by the strategy (0), horizon (1) or basket (2) of their positions, orders and entries."""
    members: dict[str, set[str]] = {}
    for name, line in before.lines.items():
        owners = [order.owner for order in line.orders] + ([line.owner] if line.held else [])
        owners += [_owner(one) for one in case.entries if one.instrument == name]
        for owner in owners:
            if owner[at]:
                members.setdefault(owner[at], set()).add(name)
    yield from ((group, sorted(members[group])) for group in sorted(members))
