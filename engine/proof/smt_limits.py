"""Each limit's value as rows over fills: the third column of the table in `docs/limits.md`, row by row.

A row says what each unit of exposure long or short (`|x|·e`), or each share of an order, adds to a value. Nothing here
takes a worst case; that is the solver's to look for. The rows of a desk are the same for all questions about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from engine.limits.model import Limit, Scenario
from engine.proof.smt_desk import Desk, Order
from engine.proof.smt_rows import (
    NOTHING,
    Most,
    Part,
    Row,
    Sum,
    View,
    amount,
    by_fills,
    by_shares,
    share_of_nav,
)
from engine.proof.smt_text import number

Rows = Iterator[Row]
ONE = Fraction(1)


def rows(limit: Limit, desk: Desk) -> Sequence[Row]:
    """Every subject of a linear limit, in canonical order."""
    return tuple(_KINDS[limit.kind](limit, desk))


def order_bound(limit: Limit, order: Order, limit_price: Fraction, desk: Desk) -> tuple[str, Most]:
    """A limit of one entry, its value and its bound: nothing that stood before excuses it, no fill matters to it."""
    terms = desk.terms(order.instrument)
    match limit.kind:
        case "order_value":
            return number(desk.value(order) * order.quantity), share_of_nav(limit.bound)
        case "order_quantity":
            return number(order.quantity), amount(limit.bound)
        case "volume_share":
            return number(order.quantity), amount(limit.bound * terms.average_volume)
        case "price_collar":
            distance = f"(absolute (- {number(limit_price)} {number(terms.price)}))"
            return distance, amount(limit.bound * terms.price)
    raise AssertionError(f"no encoding for the kind {limit.kind}")


def tightened(limit: Limit, desk: Desk) -> Fraction:
    """The limit's bound in this regime."""
    return limit.bound * desk.limits.multiplier(desk.regime) if limit.regime else limit.bound


def _most(limit: Limit, desk: Desk) -> Most:
    return share_of_nav(tightened(limit, desk))


# --- exposures --------------------------------------------------------------------------------------------------


def _exposed(desk: Desk, one: str, side: int) -> Fraction:
    """`|x|·e`, of each unit of it."""
    return ONE


def _signed(desk: Desk, one: str, side: int) -> Fraction:
    """`x·e`."""
    return ONE * side


def _weighed(desk: Desk, one: str, side: int) -> Fraction:
    """`β·x·e`."""
    return side * desk.terms(one).beta


def _turned(weight: Callable[[Desk, str, int], Fraction]) -> Callable[[Desk, str, int], Fraction]:
    """The other direction."""
    return lambda desk, one, side: -weight(desk, one, side)


def _gross_part() -> Part:
    return by_shares(("gross",), _exposed)


def _net_part(sign: int) -> Part:
    return by_shares(("net", sign), _signed if sign > 0 else _turned(_signed))


def _instrument_exposure(limit: Limit, desk: Desk) -> Rows:
    part, most = _gross_part(), _most(limit, desk)
    return (Row(one, ((frozenset((one,)), part),), most) for one in desk.names)


def _over_all(limit: Limit, desk: Desk, part: Part) -> Rows:
    yield Row("", ((desk.name_set, part),), _most(limit, desk))


def _gross(limit: Limit, desk: Desk) -> Rows:
    return _over_all(limit, desk, _gross_part())


def _net(sign: int) -> Callable[[Limit, Desk], Rows]:
    return lambda limit, desk: _over_all(limit, desk, _net_part(sign))


def _beta(limit: Limit, desk: Desk) -> Rows:
    """Each direction by itself."""
    for subject, sign, weight in ((":long", 1, _weighed), (":short", -1, _turned(_weighed))):
        yield Row(subject, ((desk.name_set, by_shares(("beta", sign), weight)),), _most(limit, desk))


def _group_gross(limit: Limit, desk: Desk) -> Rows:
    part, most = _gross_part(), _most(limit, desk)
    for group, members in _groups(desk, limit.by).items():
        if limit.only in ("", group):
            yield Row(group, ((frozenset(members), part),), most)


def _basket_net(limit: Limit, desk: Desk) -> Rows:
    """Each direction by itself; every leg fills as it likes."""
    long, short, most = _net_part(1), _net_part(-1), _most(limit, desk)
    for basket, members in _baskets(desk).items():
        yield Row(f"{basket}:long", ((frozenset(members), long),), most)
        yield Row(f"{basket}:short", ((frozenset(members), short),), most)


def _baskets(desk: Desk) -> Mapping[str, Sequence[str]]:
    """The instruments of each basket: what is held in it, and what may come to be."""
    members: dict[str, set[str]] = {}
    labels = [(one, held.basket) for one, held in desk.held.items()]
    labels += [(one.instrument, one.basket) for one in desk.resting]
    legs = [one for one in desk.entries.values() if one.basket is not None]
    forbidden = {one.basket for one in legs if not all(found.holds for found in one.findings)}
    labels += [(one.instrument, one.basket.name) for one in legs if one.basket and one.basket not in forbidden]
    for instrument, basket in labels:
        if basket and instrument in desk.name_set:
            members.setdefault(basket, set()).add(instrument)
    return {basket: sorted(members[basket]) for basket in sorted(members)}


def _cluster_gross(limit: Limit, desk: Desk) -> Rows:
    part, most = _gross_part(), _most(limit, desk)
    return (
        Row("+".join(cluster), ((frozenset(cluster) & desk.name_set, part),), most) for cluster in desk.market.clusters
    )


def _concentration(limit: Limit, desk: Desk) -> Rows:
    """Its own exposure, less a share of everybody's."""
    if len(desk.held) < limit.once:
        return
    rest = by_shares(("concentration", limit.bound), lambda desk, one, side: -limit.bound)
    for one in desk.names:
        yield Row(one, ((desk.name_set, rest), (frozenset((one,)), _gross_part())), amount(NOTHING))


def _margin(limit: Limit, desk: Desk) -> Rows:
    def needed(desk: Desk, one: str, side: int) -> Fraction:
        return limit.long if side > 0 else limit.short

    return _over_all(limit, desk, by_shares(("margin", limit.long, limit.short), needed))


# --- stress -----------------------------------------------------------------------------------------------------


def _stress(limit: Limit, desk: Desk) -> Rows:
    most = _most(limit, desk)
    for at, scenario in enumerate(desk.limits.scenarios):
        if not scenario.paths:
            part = by_shares(("stress", at), _loss_under(scenario))
            yield Row(scenario.id, ((desk.name_set, part),), most)


def _loss_under(scenario: Scenario) -> Callable[[Desk, str, int], Fraction]:
    """What is lost long or short: by sigmas on either side, else the larger of what each move of the price takes."""
    own, sectors = _by_name(scenario.instruments), _by_name(scenario.sectors)

    def lost(desk: Desk, one: str, side: int) -> Fraction:
        terms = desk.terms(one)
        if scenario.sigmas:
            return scenario.sigmas * terms.daily_volatility
        moves = [*own.get(one, ()), *sectors.get(terms.sector, ())]
        if scenario.index:
            moves.append(scenario.index * terms.beta)
        if not moves:
            return NOTHING
        return -min(moves) if side > 0 else max(moves)

    return lost


def _by_name(moves: Iterable[tuple[str, Fraction]]) -> Mapping[str, Sequence[Fraction]]:
    found: dict[str, list[Fraction]] = {}
    for one, move in moves:
        found.setdefault(one, []).append(move)
    return found


# --- money ------------------------------------------------------------------------------------------------------


def _loss_part() -> Part:
    """What exits left of each position, and what entries added, lost at the stops."""

    def each(desk: Desk, order: Order) -> Fraction:
        if not order.reducing:
            return order.loss
        held = desk.held.get(order.instrument)
        return NOTHING if held is None else -held.loss

    def start(desk: Desk, one: str) -> Fraction:
        held = desk.held.get(one)
        return NOTHING if held is None else abs(held.shares) * held.loss

    return by_fills(("loss",), each, start)


def _stop_loss(limit: Limit, desk: Desk) -> Rows:
    part, most = _loss_part(), _most(limit, desk)
    return (Row(one, ((frozenset((one,)), part),), most) for one in desk.names)


def _open_risk(limit: Limit, desk: Desk) -> Rows:
    return _over_all(limit, desk, _loss_part())


def _loss_budget(limit: Limit, desk: Desk) -> Rows:
    result = Fraction(desk.portfolio.day_pnl)
    lost = -result if result < 0 else NOTHING
    yield Row("", ((desk.name_set, _loss_part()),), _most(limit, desk), lost)


def _nothing(desk: Desk, one: str) -> Fraction:
    return NOTHING


def _turnover(limit: Limit, desk: Desk) -> Rows:
    part = by_fills(("traded",), lambda desk, order: desk.value(order), _nothing)
    yield Row("", ((desk.name_set, part),), _most(limit, desk), Fraction(desk.portfolio.traded_today))


def _open_orders(limit: Limit, desk: Desk) -> Rows:
    """Whole orders: what is left of them stands at the venue until it fills."""

    def asked(view: View, one: str) -> Sum:
        orders = (order for order in view.own(one) if not order.reducing)
        return Sum((), sum((order.quantity * desk.value(order) for order in orders), NOTHING))

    return _over_all(limit, desk, Part((), asked))


def _credit(limit: Limit, desk: Desk) -> Rows:
    yield Row("", ((desk.name_set, _gross_part()),), amount(tightened(limit, desk)))


def _cash_reserve(limit: Limit, desk: Desk) -> Rows:
    part = by_fills(("bought",), lambda desk, order: desk.value(order) if order.sign > 0 else NOTHING, _nothing)
    left = Fraction(desk.portfolio.settled_cash) - limit.bound * Fraction(desk.portfolio.nav)
    yield Row("", ((desk.name_set, part),), amount(left), fees=True)


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
            if group and instrument in desk.name_set:
                members.setdefault(group, set()).add(instrument)
    return {group: sorted(members[group]) for group in sorted(members)}


_KINDS: Mapping[str, Callable[[Limit, Desk], Iterable[Row]]] = {
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
