"""Each limit's value as a term over fills: the third column of the table in `docs/limits.md`, row by row.

A value is written for a view: the filling with this decision's entries, or the same filling without them. Nothing here
takes a worst case; that is the solver's to look for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial

from engine.limits.model import Limit, Scenario
from engine.proof.smt_desk import Desk, Order
from engine.proof.smt_text import ZERO, minus, name, plus, real, times

NAV = "nav"
"""The name of NAV⁻ in the text."""


@dataclass(frozen=True)
class View:
    """One filling, with these entries of the decision (none: the same filling without them)."""

    desk: Desk
    entries: tuple[Order, ...]

    @cached_property
    def when(self) -> str:
        """What names of sums over all instruments end in."""
        return "after" if self.entries else "before"

    @cached_property
    def entered(self) -> frozenset[str]:
        """Instruments with an entry; the others read the same in both views."""
        return frozenset(one.instrument for one in self.entries)

    @cached_property
    def present(self) -> tuple[str, ...]:
        """Instruments with shares or an order in this filling."""
        standing = self.desk.standing_names
        return tuple(sorted({*standing, *self.entered} & {*self.desk.names})) if self.entries else standing

    def shares(self, instrument: str) -> str:
        """`x`: shares after the filling."""
        return self.once("shares", instrument, lambda: self._named("", instrument))

    def gross(self, instrument: str) -> str:
        """`|x|·e`."""
        return self.once("gross", instrument, lambda: self._named("gross ", instrument))

    def once(self, what: str, instrument: str, write: Callable[[], str]) -> str:
        """A term of one instrument, written once for all questions in which it has an entry, and once for the others.

        `what` must say everything else that the term depends on.
        """
        written, key = self.desk.terms_written, (what, instrument, self._when(instrument))
        if key not in written:
            written[key] = write()
        return written[key]

    def _named(self, what: str, instrument: str) -> str:
        """Nothing, where neither shares nor any order of this filling can make it anything else."""
        if instrument not in self.entered and instrument not in self.desk.standing_names:
            return ZERO
        return name(f"{what}{self._when(instrument)}", instrument)

    def _when(self, instrument: str) -> str:
        return "after" if instrument in self.entered else "before"

    def over(self, what: str) -> str:
        """The name of a sum over all instruments: `gross`, `net` or `beta`."""
        return f"{what}-{self.when}"

    def exposure(self, instrument: str, weight: Fraction | int) -> str:
        """`weight·x·e`."""
        shares = self.shares(instrument)
        return ZERO if shares == ZERO else times(weight * self.desk.exposure(instrument), shares)

    def _weighted(self, instrument: str) -> str:
        return self.exposure(instrument, self.desk.terms(instrument).beta)

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """All orders that fill in it."""
        return (*self.desk.resting, *self.entries)

    def definitions(self) -> Iterator[str]:
        """Shares and gross exposure of what its entries move (without entries: of everything), and the three sums."""
        standing = self.desk.standing_names
        for one in standing if not self.entries else [order.instrument for order in self.entries]:
            own = self.entries or self.desk.resting
            start = real(self.desk.position(one))
            if self.entries:
                start = name("before", one) if one in standing else ZERO
            moves = (times(order.sign, order.fill) for order in own if order.instrument == one)
            yield f"(define-fun {self.shares(one)} () Real {plus((start, *moves))})"
            absolute = f"(absolute {self.shares(one)})"
            yield f"(define-fun {self.gross(one)} () Real {times(self.desk.exposure(one), absolute)})"
        names = self.present
        sums = {
            "gross": plus(map(self.gross, names)),
            "net": plus(self.once("net", one, partial(self.exposure, one, 1)) for one in names),
            "beta": plus(self.once("beta", one, partial(self._weighted, one)) for one in names),
        }
        for what, total in sums.items():
            yield f"(define-fun {self.over(what)} () Real {total})"


@dataclass(frozen=True, slots=True)
class Bounded:
    """One subject of a limit: its value, and its bound as a term."""

    subject: str
    value: str
    bound: str


Rows = Iterator[Bounded]


def bounded(limit: Limit, view: View) -> Rows:
    """Every subject of a linear limit, in canonical order, the same for every view of one desk."""
    return _KINDS[limit.kind](limit, view)


def order_bound(limit: Limit, order: Order, limit_price: Fraction, desk: Desk) -> Bounded:
    """A limit of one entry: nothing that stood before excuses it, and it does not wait for a fill."""
    terms, quantity = desk.terms(order.instrument), real(order.quantity)
    match limit.kind:
        case "order_value":
            return Bounded(order.instrument, times(desk.value(order), quantity), times(limit.bound, NAV))
        case "order_quantity":
            return Bounded(order.instrument, quantity, real(limit.bound))
        case "volume_share":
            return Bounded(order.instrument, quantity, times(limit.bound, real(terms.average_volume)))
        case "price_collar":
            distance = f"(absolute (- {real(limit_price)} {real(terms.price)}))"
            return Bounded(order.instrument, distance, times(limit.bound, real(terms.price)))
    raise AssertionError(f"no encoding for the kind {limit.kind}")


# --- exposures --------------------------------------------------------------------------------------------------


def _share_of_nav(limit: Limit, view: View) -> str:
    multiplier = view.desk.limits.multiplier(view.desk.regime) if limit.regime else 1
    return times(limit.bound * multiplier, NAV)


def _instrument_exposure(limit: Limit, view: View) -> Rows:
    return (Bounded(one, view.gross(one), _share_of_nav(limit, view)) for one in view.desk.names)


def _gross(limit: Limit, view: View) -> Rows:
    yield Bounded("", view.over("gross"), _share_of_nav(limit, view))


def _net(sign: int) -> Callable[[Limit, View], Rows]:
    def rows(limit: Limit, view: View) -> Rows:
        yield Bounded("", times(sign, view.over("net")), _share_of_nav(limit, view))

    return rows


def _beta(limit: Limit, view: View) -> Rows:
    """Each direction by itself."""
    yield Bounded(":long", view.over("beta"), _share_of_nav(limit, view))
    yield Bounded(":short", times(-1, view.over("beta")), _share_of_nav(limit, view))


def _group_gross(limit: Limit, view: View) -> Rows:
    for group, members in _groups(view.desk, limit.by).items():
        if limit.only in ("", group):
            yield Bounded(group, plus(map(view.gross, members)), _share_of_nav(limit, view))


def _basket_net(limit: Limit, view: View) -> Rows:
    """Each direction by itself; every leg fills as it likes."""
    for basket, members in _baskets(view.desk).items():
        net = plus(view.exposure(one, 1) for one in members)
        yield Bounded(f"{basket}:long", net, _share_of_nav(limit, view))
        yield Bounded(f"{basket}:short", times(-1, net), _share_of_nav(limit, view))


def _baskets(desk: Desk) -> Mapping[str, Sequence[str]]:
    """The instruments of each basket: what is held in it, and what may come to be."""
    members: dict[str, set[str]] = {}
    labels = [(one, held.basket) for one, held in desk.held.items()]
    labels += [(one.instrument, one.basket) for one in desk.resting]
    legs = [one for one in desk.entries.values() if one.basket is not None]
    forbidden = {one.basket for one in legs if not all(found.holds for found in one.findings)}
    labels += [(one.instrument, one.basket.name) for one in legs if one.basket and one.basket not in forbidden]
    for instrument, basket in labels:
        if basket and instrument in desk.names:
            members.setdefault(basket, set()).add(instrument)
    return {basket: sorted(members[basket]) for basket in sorted(members)}


def _cluster_gross(limit: Limit, view: View) -> Rows:
    for cluster in view.desk.market.clusters:
        members = [one for one in cluster if one in view.desk.names]
        yield Bounded("+".join(cluster), plus(map(view.gross, members)), _share_of_nav(limit, view))


def _concentration(limit: Limit, view: View) -> Rows:
    if len(view.desk.held) >= limit.once:
        everything = times(limit.bound, view.over("gross"))
        for one in view.desk.names:
            yield Bounded(one, minus(view.gross(one), everything), ZERO)


def _margin(limit: Limit, view: View) -> Rows:
    def needed(one: str) -> str:
        shares = view.shares(one)
        rates = (view.exposure(one, limit.long), view.exposure(one, -limit.short))
        return ZERO if shares == ZERO else f"(ite (> {shares} 0.0) {rates[0]} {rates[1]})"

    rates = f"margin {limit.long} {limit.short}"
    total = plus(view.once(rates, one, partial(needed, one)) for one in view.present)
    yield Bounded("", total, _share_of_nav(limit, view))


def _stress(limit: Limit, view: View) -> Rows:
    desk = view.desk
    for at, scenario in enumerate(desk.limits.scenarios):
        if scenario.paths:
            continue
        if scenario.sigmas:
            loss = plus(
                times(scenario.sigmas * desk.terms(one).daily_volatility, view.gross(one)) for one in view.present
            )
        elif scenario.sectors or scenario.instruments:
            what = f"stress {at}"
            loss = plus(view.once(what, one, partial(_moved, scenario, view, one)) for one in view.present)
        else:
            loss = times(-scenario.index, view.over("beta"))
        yield Bounded(scenario.id, loss, _share_of_nav(limit, view))


def _moved(scenario: Scenario, view: View, one: str) -> str:
    """What one instrument loses."""
    return _larger([view.exposure(one, -move) for move in _moves(scenario, view.desk, one)])


def _moves(scenario: Scenario, desk: Desk, one: str) -> list[Fraction]:
    """What may move the price of one instrument: its own move, or that of the index and that of its sector."""
    terms = desk.terms(one)
    own = [move for name, move in scenario.instruments if name == one]
    sector = [move for name, move in scenario.sectors if name == terms.sector]
    index = [terms.beta * scenario.index] if scenario.index else []
    return [*own, *sector, *index]


def _larger(losses: Sequence[str]) -> str:
    """The larger of no more than two."""
    if len({*losses}) < 2:
        return losses[0] if losses else ZERO
    first, second = losses
    return f"(ite (< {first} {second}) {second} {first})"


# --- money ------------------------------------------------------------------------------------------------------


def _loss(view: View, instruments: Sequence[str]) -> str:
    """What exits left of each position, and what entries added, lost at the stops."""
    terms = []
    for one in instruments:
        own = [order for order in view.orders if order.instrument == one]
        if one in view.desk.held:
            left = minus(real(abs(view.desk.position(one))), plus(order.fill for order in own if order.reducing))
            terms.append(times(view.desk.held[one].loss, left))
        terms += [times(order.loss, order.fill) for order in own if not order.reducing]
    return plus(terms)


def _stop_loss(limit: Limit, view: View) -> Rows:
    return (Bounded(one, _loss(view, (one,)), _share_of_nav(limit, view)) for one in view.desk.names)


def _open_risk(limit: Limit, view: View) -> Rows:
    yield Bounded("", _loss(view, view.desk.names), _share_of_nav(limit, view))


def _loss_budget(limit: Limit, view: View) -> Rows:
    result = Fraction(view.desk.portfolio.day_pnl)
    lost = real(-result) if result < 0 else ZERO
    yield Bounded("", plus((lost, _loss(view, view.desk.names))), _share_of_nav(limit, view))


def _turnover(limit: Limit, view: View) -> Rows:
    traded = (times(view.desk.value(order), order.fill) for order in view.orders)
    done = real(Fraction(view.desk.portfolio.traded_today))
    yield Bounded("", plus((done, *traded)), _share_of_nav(limit, view))


def _open_orders(limit: Limit, view: View) -> Rows:
    """Whole orders: what is left of them stands at the venue until it fills."""
    asked = (real(order.quantity * view.desk.value(order)) for order in view.orders if not order.reducing)
    yield Bounded("", plus(asked), _share_of_nav(limit, view))


def _credit(limit: Limit, view: View) -> Rows:
    allowed = limit.bound * view.desk.limits.multiplier(view.desk.regime) if limit.regime else limit.bound
    yield Bounded("", view.over("gross"), real(allowed))


def _cash_reserve(limit: Limit, view: View) -> Rows:
    portfolio = view.desk.portfolio
    spent = (times(view.desk.value(order), order.fill) for order in view.orders if order.sign > 0)
    left = Fraction(portfolio.settled_cash) - limit.bound * Fraction(portfolio.nav)
    yield Bounded("", plus((*spent, view.over("fees"))), real(left))


def _groups(desk: Desk, by: str) -> Mapping[str, Sequence[str]]:
    """Members of each group, both in canonical order. Positions, orders and entries bring strategy and horizon."""
    members: dict[str, set[str]] = {}
    if by in ("sector", "issuer", "currency"):
        for one in desk.names:
            members.setdefault(getattr(desk.terms(one), by), set()).add(one)
    else:
        owners = [(one, held.strategy, held.horizon) for one, held in desk.held.items()]
        owners += [(one.instrument, one.strategy, one.horizon) for one in desk.resting]
        owners += [(one.instrument, one.strategy, one.horizon) for one in desk.entries.values()]
        for instrument, strategy, horizon in owners:
            group = strategy if by == "strategy" else horizon
            if group and instrument in desk.names:
                members.setdefault(group, set()).add(instrument)
    return {group: sorted(members[group]) for group in sorted(members)}


_KINDS: Mapping[str, Callable[[Limit, View], Rows]] = {
    "instrument_exposure": _instrument_exposure,
    "gross": _gross,
    "net_long": _net(1),
    "net_short": _net(-1),
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
