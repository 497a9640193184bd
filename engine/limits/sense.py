"""Whether anything fits under a file of limits: contradictions that no market and no book could mend.

Every limit bounds from above a quantity that never falls when a reach grows (the lemma of docs/limits.md), so whatever
fits at all, one order alone fits. And a single order is refused by a single limit: limits contradict each other just
where each kind of order there is - long or short, for each horizon, in each group - is refused by one of them whatever
its size. No solver is needed for that; the core is a smallest set of limits that leaves none.

Refused as well: a trading state that a stricter one always comes before. Looked at are each window of time and each
regime. A limit that depends on a market figure counts for nothing here: it may be meant to stop everything at times.
Left out: what depends on instruments (a value limit below the price of one lot) and on questions over all portfolios.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import product

from engine.limits.kinds import REGIMES, TRADING_STATES
from engine.limits.model import UNKNOWN_REGIME, Limit, Limits

Key = tuple[str, str]
"""A limit's id and the day its row begins; a parameter or a multiplier by its name, and nothing."""
LONG, SHORT = "long", "short"
ACTIVE = TRADING_STATES[0]
DIMENSIONS = ("sector", "issuer", "currency", "horizon")
"""Each order is in exactly one group of each of these."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Limits that cannot all be meant, and what they come to."""

    core: tuple[Key, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class _Order:
    """A kind of order: its side, and its group by each dimension that a limit asks about."""

    side: str
    groups: Mapping[str, str]


Refuses = Callable[[_Order], bool]


def contradictions(limits: Limits, groups: Mapping[str, Collection[str]]) -> list[Contradiction]:
    """Every minimal reason why nothing fits, each once; `groups` are those that exist, by dimension."""
    found: dict[tuple[Key, ...], list[str]] = {}
    for day, regime in product(moments(limits), (*REGIMES, UNKNOWN_REGIME)):
        for core in _cores(limits, groups, day, regime):
            found.setdefault(core, []).append(regime)
    sentences = [Contradiction(core, _sentence(core, regimes)) for core, regimes in found.items()]
    return [*sentences, *_out_of_order(limits)]


def moments(limits: Limits) -> list[str]:
    """A day of each stretch of time over which the same rows are in force."""
    days = {one.effective for one in limits.limits}
    for one in limits.limits:
        if one.until and one.until < date.max.isoformat():
            days.add((date.fromisoformat(one.until) + timedelta(days=1)).isoformat())
    return sorted(days)


def certain(limits: Limits, day: str, regime: str) -> list[Limit]:
    """The limits in force on this day in this regime, whatever the figures of the market."""
    return [one for one in limits.in_force(day, regime, ACTIVE) if not one.when.figure]


def effective_bound(limit: Limit, limits: Limits, regime: str) -> Fraction:
    """The bound with its regime's multiplier."""
    return limit.bound * (limits.multiplier(regime) if limit.regime else 1)


def _cores(limits: Limits, groups: Mapping[str, Collection[str]], day: str, regime: str) -> Iterator[tuple[Key, ...]]:
    refusals: dict[Key, Refuses] = dict(_of_all(limits, regime))
    rows = certain(limits, day, regime)
    for one in rows:
        if (refuses := _refuses(one, limits)) is not None:
            refusals[one.id, one.effective] = refuses
    asked = {one.by for one in rows if one.only and (one.id, one.effective) in refusals} & set(DIMENSIONS)
    orders = _orders({by: groups[by] for by in sorted(asked) if groups.get(by)})
    refused = {key: {at for at, order in enumerate(orders) if says(order)} for key, says in refusals.items()}
    alone = [key for key, covered in refused.items() if len(covered) == len(orders)]
    yield from ((key,) for key in alone)
    if not alone and set().union(*refused.values()) == set(range(len(orders))):
        yield _smallest(refused, len(orders))


def _smallest(refused: Mapping[Key, set[int]], orders: int) -> tuple[Key, ...]:
    """A set of limits that refuse every order, none of which could be left out."""
    kept = sorted(refused)
    for key in sorted(refused, key=lambda one: (len(refused[one]), one)):
        without = [other for other in kept if other != key]
        if len(set().union(*(refused[other] for other in without))) == orders:
            kept = without
    return tuple(kept)


def _orders(groups: Mapping[str, Collection[str]]) -> list[_Order]:
    names = list(groups)
    chosen = product(*(sorted(groups[name]) for name in names))
    return [_Order(side, dict(zip(names, one, strict=True))) for one in chosen for side in (LONG, SHORT)]


def _all(_: _Order) -> bool:
    return True


def _of_all(limits: Limits, regime: str) -> Iterator[tuple[Key, Refuses]]:
    """What sizes every order at nothing."""
    if limits.regime_multipliers.get(regime) == 0:
        yield (f"regime_multipliers.{regime}", ""), _all
    for name in ("kelly_fraction", "volatility_target"):
        if getattr(limits.parameters, name) == 0:
            yield (f"parameters.{name}", ""), _all


_REFUSES_ALL_AT_ZERO = (
    "instrument_exposure", "order_value", "order_quantity", "volume_share", "stop_loss", "gross", "turnover",
    "concentration", "credit", "open_orders", "loss_budget", "open_risk", "day_loss", "drawdown",
    "index_volatility", "index_move", "maintenance_margin", "message_rate", "repeated_execution",
    "volatility", "value_at_risk", "expected_shortfall",
)  # fmt: skip
"""Kinds whose value is above nothing with any order whatever, or reaches it without one (states)."""


def _refuses(limit: Limit, limits: Limits) -> Refuses | None:
    """Which orders this limit refuses whatever their size; None where some size of each may fit."""
    if limit.kind == "cash_reserve":
        shorts = limits.parameters.fee_per_order > 0
        return (lambda order: order.side == LONG or shorts) if limit.bound >= 1 else None
    if limit.kind in ("message_rate", "repeated_execution", "open_positions", "session_entries"):
        return _all if limit.bound < 1 else None
    if limit.bound != 0:
        return None
    return _all if limit.kind in _REFUSES_ALL_AT_ZERO else _REFUSES_SOME_AT_ZERO.get(limit.kind, _some)(limit)


def _some(_: Limit) -> None:
    return None


_REFUSES_SOME_AT_ZERO: Mapping[str, Callable[[Limit], Refuses | None]] = {
    "net_long": lambda _: lambda order: order.side == LONG,
    "net_short": lambda _: lambda order: order.side == SHORT,
    "margin": lambda limit: lambda order: (limit.long if order.side == LONG else limit.short) > 0,
    "group_gross": lambda limit: lambda order: not limit.only or order.groups.get(limit.by) == limit.only,
}


def _sentence(core: Sequence[Key], regimes: Sequence[str]) -> str:
    known = {*REGIMES, UNKNOWN_REGIME}
    where = "" if set(regimes) == known else f" in regime {' or '.join(dict.fromkeys(regimes))}"
    if len(core) > 1:
        return f"together they leave no order at all{where}: each order there is is refused by one of them; loosen one"
    return f"it leaves no order at all{where}; loosen it"


def _out_of_order(limits: Limits) -> Iterator[Contradiction]:
    """A state that a stricter one, reached by less, always comes before."""
    states = [one for one in limits.limits if one.spec.form == "state" and one.spec.unit != "-"]
    for mild, strict in product(states, states):
        stricter = TRADING_STATES.index(strict.then) > TRADING_STATES.index(mild.then)
        if mild.kind == strict.kind and stricter and mild.bound >= strict.bound and _overlap(mild, strict):
            words = (
                f"the desk is {strict.then} at or before the bound that makes it {mild.then}, so that state never comes"
            )
            yield Contradiction(((mild.id, mild.effective), (strict.id, strict.effective)), f"{words}; lower the first")


def _overlap(one: Limit, two: Limit) -> bool:
    """Whether the second is in force whenever the first is, on some day."""
    together = (not one.until or two.effective <= one.until) and (not two.until or one.effective <= two.until)
    return together and two.when in (one.when, type(two.when)())
