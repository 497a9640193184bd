"""What each kind of limit is worth as rows of whole numbers: the linear ones, and those that bound a single order.

All subjects of a limit are made together. The same stands once more in `engine.gate.measures`, slowly and in fractions,
and the tests hold both against each other; docs/limits.md says what both have to mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import lcm

from engine.gate.desk import Desk, least_shares
from engine.gate.proposals import Entry
from engine.gate.reach import ZERO, State
from engine.gate.rows import Line, Rows, weight
from engine.gate.scope import Scope, labelled
from engine.gate.shocks import Shocks
from engine.gate.whole import common, whole
from engine.limits.model import Limit


def rows_of(scope: Scope, base: State, entries: Sequence[Entry]) -> Rows:
    """Every numeric limit in force over a scope, its base state and the entries that may be granted.

    Raises `ValueError` on two entries in one instrument, `KeyError` on a limit whose kind has no rows.
    """
    market = scope.market
    limits = scope.limits.in_force(market.session, scope.regime, scope.state, market.figures)
    rows = Rows(Desk(scope, base, entries), any(one.spec.form == "convex" for one in limits))
    for limit in limits:
        form = limit.spec.form
        if form == "convex":
            rows.curve(limit)
        elif form in ("linear", "order"):
            _ROWS[limit.kind](rows, limit)
    return rows


def _exposure(rows: Rows, limit: Limit) -> None:
    desk, share = rows.desk, rows.desk.scope.share_of_nav(limit)
    names, times = tuple(desk.scope.exposures), share.denominator
    first = rows.family(limit, names, times, share, [times * desk.gross.get(name, 0) for name in names])
    rows.absolute({name: (first + at,) for at, name in enumerate(names)}, times)


def _gross(rows: Rows, limit: Limit) -> None:
    desk, share = rows.desk, rows.desk.scope.share_of_nav(limit)
    money = limit.kind == "credit"
    times, base = share.denominator, sum(desk.gross.values())
    constant = whole(share, desk.units.amount * times) if money else 0
    at = rows.row(limit, "", times, ZERO if money else share, base * times, constant)
    rows.absolute(dict.fromkeys(desk.places, (at,)), times)


def _grouped(rows: Rows, limit: Limit, names: Sequence[str], members: Iterable[tuple[str, str]]) -> None:
    """One row for each group, with the instruments of each: (group, instrument), each pair once."""
    desk, share = rows.desk, rows.desk.scope.share_of_nav(limit)
    times, first = share.denominator, len(rows.limits)
    places = {group: first + at for at, group in enumerate(names)}
    bases, ats = dict.fromkeys(names, 0), dict[str, list[int]]()
    for group, name in members:
        if group in places and name in desk.exposures:
            bases[group] += times * desk.gross.get(name, 0)
            ats.setdefault(name, []).append(places[group])
    rows.family(limit, names, times, share, [*bases.values()])
    rows.absolute(ats, times)


def _group_gross(rows: Rows, limit: Limit) -> None:
    members = labelled(limit.by, rows.desk.scope)
    names = sorted({group for group, _ in members})
    _grouped(rows, limit, [one for one in names if limit.only in ("", one)], members)


def _cluster_gross(rows: Rows, limit: Limit) -> None:
    clusters = {"+".join(each): each for each in rows.desk.scope.market.clusters}
    _grouped(rows, limit, [*clusters], [(cluster, name) for cluster, each in clusters.items() for name in each])


def _directed(rows: Rows, limit: Limit, subject: str, weights: dict[str, int], times: int) -> None:
    """A row of a linear functional: of each instrument a weight, in units of an amount divided by `times`."""
    desk = rows.desk
    base = sum([max(each * desk.ends[name][0], each * desk.ends[name][1])
                for name, each in weights.items() if name in desk.ends])  # fmt: skip
    at = rows.row(limit, subject, times, desk.scope.share_of_nav(limit), base)
    rows.signed(at, [(desk.places[name], each) for name, each in weights.items() if name in desk.places])


def _net(rows: Rows, limit: Limit) -> None:
    times = rows.desk.scope.share_of_nav(limit).denominator
    towards = times if limit.kind == "net_long" else -times
    _directed(rows, limit, "", {name: towards * each for name, each in rows.desk.exposures.items()}, times)


def _beta(rows: Rows, limit: Limit) -> None:
    desk, terms = rows.desk, rows.desk.scope.terms
    betas = lcm(*{terms[name].beta.denominator for name in desk.exposures})
    times = betas * desk.scope.share_of_nav(limit).denominator
    weights = {name: whole(terms[name].beta, times) * each for name, each in desk.exposures.items()}
    _directed(rows, limit, ":long", weights, times)
    _directed(rows, limit, ":short", {name: -each for name, each in weights.items()}, times)


def _basket_net(rows: Rows, limit: Limit) -> None:
    desk, members = rows.desk, labelled("basket", rows.desk.scope)
    times = desk.scope.share_of_nav(limit).denominator
    for basket in sorted({group for group, _ in members}):
        legs = [name for group, name in members if group == basket and name in desk.exposures]
        for direction, towards in (("long", times), ("short", -times)):
            _directed(rows, limit, f"{basket}:{direction}", {one: towards * desk.exposures[one] for one in legs}, times)


def _margin(rows: Rows, limit: Limit) -> None:
    desk, share = rows.desk, rows.desk.scope.share_of_nav(limit)
    times = lcm(share.denominator, limit.long.denominator, limit.short.denominator)
    long, short = whole(limit.long, times), -whole(limit.short, times)
    profiles = {name: (long * each, short * each) for name, each in desk.exposures.items()}
    at = rows.row(limit, "", times, share, sum([weight(*profiles[name], ends) for name, ends in desk.ends.items()]))
    for place, ask in enumerate(desk.asks):
        rows.profile(place, at, *profiles[ask.name])


def _stop_loss(rows: Rows, limit: Limit) -> None:
    desk, share = rows.desk, limit.bound
    names, times = tuple(desk.scope.terms), limit.bound.denominator
    first = rows.family(limit, names, times, share, [times * desk.at_stops.get(name, 0) for name in names])
    places = {name: first + at for at, name in enumerate(names)}
    for slopes, ask in zip(rows.slopes, desk.asks, strict=True):
        if ask.risk:
            slopes[places[ask.name]] = ask.risk * times


def _open_risk(rows: Rows, limit: Limit) -> None:
    desk, times = rows.desk, limit.bound.denominator
    lost = desk.lost if limit.kind == "loss_budget" else 0
    at = rows.row(limit, "", times, limit.bound, times * (lost + sum(desk.at_stops.values())))
    rows.priced(at, [ask.risk for ask in desk.asks], times)


def _turnover(rows: Rows, limit: Limit) -> None:
    desk, times = rows.desk, limit.bound.denominator
    traded = desk.traded + sum([one.value for one in desk.resting])
    rows.priced(rows.row(limit, "", times, limit.bound, times * traded), [ask.value for ask in desk.asks], times)


def _open_orders(rows: Rows, limit: Limit) -> None:
    desk, times = rows.desk, limit.bound.denominator
    worked = sum([one.value for one in desk.resting if one.entry])
    rows.priced(rows.row(limit, "", times, limit.bound, times * worked), [ask.value for ask in desk.asks], times)


def _cash_reserve(rows: Rows, limit: Limit) -> None:
    """What is bought and all fees, bounded by the settled cash beyond a share of NAV (not of NAV⁻)."""
    desk, times = rows.desk, limit.bound.denominator
    bought = desk.fees + sum([one.value for one in desk.resting if one.sign > 0])
    left = desk.settled * times - whole(limit.bound, times) * desk.nav_now
    at = rows.row(limit, "", times, ZERO, times * bought, left)
    for place, ask in enumerate(desk.asks):
        slope = times * (desk.share_fee + (ask.value if ask.sign > 0 else 0))
        if desk.flat_fee:
            rows.lines[place][at] = Line(slope, desk.flat_fee * times)
        elif slope:
            rows.slopes[place][at] = slope


def _concentration(rows: Rows, limit: Limit) -> None:
    """|x| of one against a share of everything: the others count with their least, which an entry may lower."""
    desk = rows.desk
    if len(desk.scope.book.holdings) < limit.once:
        return
    names, times = tuple(desk.scope.exposures), limit.bound.denominator
    share, slope = whole(limit.bound, times), whole(1 - limit.bound, times)
    least = {name: least_shares(ends) * desk.exposures[name] for name, ends in desk.ends.items()}
    everyone = sum(least.values())
    bases = [slope * desk.gross.get(name, 0) - share * (everyone - least.get(name, 0)) for name in names]
    first = rows.family(limit, names, times, ZERO, bases)
    places = {name: first + at for at, name in enumerate(names)}
    rows.absolute({name: (at,) for name, at in places.items()}, slope)
    rows.least += [(at, name, share) for name, at in places.items()]


def _stress(rows: Rows, limit: Limit) -> None:
    desk, share = rows.desk, rows.desk.scope.share_of_nav(limit)
    terms, scenarios = desk.scope.terms, [one for one in desk.scope.limits.scenarios if not one.drawn]
    shocks = Shocks(scenarios, [terms[name] for name in desk.exposures])
    times, fine = shocks.unit * share.denominator, share.denominator
    profiles = {name: [(p * exposure * fine, n * exposure * fine) for p, n in shocks.profiles(terms[name])]
                for name, exposure in desk.exposures.items() if name in desk.ends}  # fmt: skip
    bases = [sum([weight(*profiles[name][at], ends) for name, ends in desk.ends.items()])
             for at in range(len(scenarios))]  # fmt: skip
    first = rows.family(limit, [one.id for one in scenarios], times, share, bases)
    for place, ask in enumerate(desk.asks):
        if ask.name in profiles:
            for at, (p, n) in enumerate(profiles[ask.name], first):
                rows.profile(place, at, p, n)
        else:
            rows.slopes[place] |= shocks.losses(terms[ask.name], ask.sign, ask.exposure * fine, first)


def _order_value(rows: Rows, limit: Limit) -> None:
    """Each entry by itself, as the next two."""
    asks, times = rows.desk.asks, limit.bound.denominator
    first = rows.family(limit, [ask.name for ask in asks], times, limit.bound, [0] * len(asks))
    for place, ask in enumerate(asks):
        if ask.value:
            rows.slopes[place][first + place] = ask.value * times


def _order_quantity(rows: Rows, limit: Limit) -> None:
    """In units of a share."""
    desk = rows.desk
    sizes = [Fraction(1)] * len(desk.asks)
    if limit.kind == "volume_share":
        sizes = [desk.scope.terms[ask.name].average_volume for ask in desk.asks]
    each = common(sizes)
    bound, times = limit.bound.numerator * desk.units.shares, each * limit.bound.denominator
    first = _of_each(rows, limit, times * desk.units.shares, [bound * whole(one, each) for one in sizes])
    for place, slopes in enumerate(rows.slopes):
        slopes[first + place] = times


def _price_collar(rows: Rows, limit: Limit) -> None:
    """Bounds the price, whatever the quantity: the limit price's distance is there as soon as the order is."""
    desk, (bound, times) = rows.desk, limit.bound.as_integer_ratio()
    first = _of_each(rows, limit, desk.ticks * times, [bound * ask.price for ask in desk.asks])
    for place, ask in enumerate(desk.asks):
        if ask.beyond:
            rows.lines[place][first + place] = Line(0, abs(ask.beyond) * times)


def _of_each(rows: Rows, limit: Limit, unit: int, most: list[int]) -> int:
    """A row for each entry that only it adds to, with a bound of its own, in this unit. Returns the first place."""
    first = rows.family(limit, [ask.name for ask in rows.desk.asks], 1, ZERO, [0] * len(most))
    rows.units[first:], rows.gaps[first:] = [unit] * len(most), most
    return first


_ROWS: dict[str, Callable[[Rows, Limit], None]] = {
    "instrument_exposure": _exposure,
    "gross": _gross,
    "credit": _gross,
    "net_long": _net,
    "net_short": _net,
    "beta": _beta,
    "group_gross": _group_gross,
    "basket_net": _basket_net,
    "cluster_gross": _cluster_gross,
    "concentration": _concentration,
    "margin": _margin,
    "stress": _stress,
    "stop_loss": _stop_loss,
    "open_risk": _open_risk,
    "loss_budget": _open_risk,
    "turnover": _turnover,
    "open_orders": _open_orders,
    "cash_reserve": _cash_reserve,
    "order_value": _order_value,
    "order_quantity": _order_quantity,
    "volume_share": _order_quantity,
    "price_collar": _price_collar,
}
