"""Limits that can never bind because others always do first. That is no contradiction, and worth a note.

Rules, each exact and over every book the other limits admit:
- what bounds exposures (gross, net, margin, a group, one instrument) is compared over the book's long and short
  exposure, as shares of NAV: the largest value at a corner of what the others leave is found in fractions;
- a limit on the value of one order needs no more than the exposure limit of one instrument at the collar's edge;
- losses at the stops: one position's within all positions', all positions' within the day's budget;
- convex limits: multiples of one standard deviation, so that the smallest bound over its multiple always binds first;
- what counts orders at work within what counts everything traded.

A limit is idle when that is so in every regime and on every day on which it is in force; one that is in force only at
times may hold others, but those never it. "Never" leaves out what moved there by itself: positions that prices carried
across a bound, which no limit stops. Left out: what depends on instruments (betas, volatilities, clusters).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from engine.gate.convex import SQUARED
from engine.limits.kinds import REGIMES
from engine.limits.model import UNKNOWN_REGIME, Limit, Limits
from engine.limits.rows import HORIZONS
from engine.limits.sense import Key, certain, effective_bound, moments

Line = tuple[Fraction, Fraction, Fraction]
"""`a·long + b·short ≤ c`, as shares of NAV."""
ONE, NONE = Fraction(1), Fraction(0)


@dataclass(frozen=True, slots=True)
class Idle:
    """A limit that never binds, and limits that bind before it."""

    limit: Key
    because: tuple[Key, ...]


@dataclass(frozen=True)
class _Day:
    """What is in force on one day in one regime."""

    limits: Limits
    regime: str
    rows: Sequence[Limit]
    groups: Mapping[str, Collection[str]]

    def bound(self, limit: Limit) -> Fraction:
        return effective_bound(limit, self.limits, self.regime)

    def of_kind(self, kind: str, but: Limit) -> list[Limit]:
        return [one for one in self.rows if one.kind == kind and one is not but]


def idle(limits: Limits, groups: Mapping[str, Collection[str]]) -> list[Idle]:
    """Every limit that never binds; `groups` are those that exist, by what is grouped by."""
    groups = {"horizon": HORIZONS, **groups}
    days = [
        _Day(limits, regime, certain(limits, day, regime), groups)
        for day, regime in product(moments(limits), (*REGIMES, UNKNOWN_REGIME))
    ]
    found = []
    for limit in limits.limits:
        reasons: set[Key] = set()
        asked = [day for day in days if limit in day.rows]
        cores = [_held_by(limit, day) for day in asked]
        if cores and all(core is not None for core in cores):
            reasons.update((one.id, one.effective) for core in cores if core is not None for one in core)
            found.append(Idle((limit.id, limit.effective), tuple(sorted(reasons))))
    return found


def _held_by(limit: Limit, day: _Day) -> Sequence[Limit] | None:
    """Limits under which this one cannot bind, each needed; None where it can."""
    if limit.kind == "order_value":
        return _one_order(limit, day)
    if limit.spec.form == "convex":
        return _another_multiple(limit, day)
    if limit.kind not in AIMS:
        return _chained(limit, day)
    held = _same_group(limit, day) if limit.kind == "group_gross" else None
    if held is None:
        held = _within(limit, AIMS[limit.kind](limit), day, alone=limit.kind == "instrument_exposure")
    return _all_groups(limit, day) if held is None and limit.kind == "gross" else held


# --- exposures --------------------------------------------------------------------------------------------------


AIMS: Mapping[str, Callable[[Limit], Sequence[tuple[Fraction, Fraction]]]] = {
    "gross": lambda _: [(ONE, ONE)],
    "group_gross": lambda _: [(ONE, ONE)],
    "cluster_gross": lambda _: [(ONE, ONE)],
    "net_long": lambda _: [(ONE, -ONE)],
    "net_short": lambda _: [(-ONE, ONE)],
    "margin": lambda limit: [(limit.long, limit.short)],
    "instrument_exposure": lambda _: [(ONE, NONE), (NONE, ONE)],
}
"""What each kind bounds, at its largest: weights of the long and the short exposure."""


def _lines(limit: Limit, day: _Day, alone: bool) -> list[Line]:
    """What a limit says of the book's long and short exposure; `alone`, of a book with one instrument a side."""
    bound = day.bound(limit)
    if limit.kind in ("gross", "net_long", "net_short", "margin"):
        return [(*weights, bound) for weights in AIMS[limit.kind](limit)]
    if alone and (limit.kind == "instrument_exposure" or (limit.kind == "group_gross" and not limit.only)):
        return [(ONE, NONE, bound), (NONE, ONE, bound)]
    return []


def _within(limit: Limit, aims: Sequence[tuple[Fraction, Fraction]], day: _Day, alone: bool) -> Sequence[Limit] | None:
    """The others that keep each aim within the bound, none of which could be left out."""
    bound = day.bound(limit)

    def suffice(chosen: Sequence[Limit]) -> bool:
        lines = [line for one in chosen for line in _lines(one, day, alone)]
        return all((most := _most(aim, lines)) is not None and most <= bound for aim in aims)

    kept = [one for one in day.rows if one is not limit and _lines(one, day, alone)]
    if not suffice(kept):
        return None
    for one in list(kept):
        without = [other for other in kept if other is not one]
        if suffice(without):
            kept = without
    return kept


def _most(aim: tuple[Fraction, Fraction], lines: Sequence[Line]) -> Fraction | None:
    """The largest `aim` over long and short exposures of at least nothing on all lines; None where there is no end.

    It is at a corner where two lines meet, unless it grows along a direction that no line bounds.
    """
    every = [*lines, (-ONE, NONE, NONE), (NONE, -ONE, NONE)]
    for a, b, _ in every:
        for along in ((-b, a), (b, -a)):
            stays = all(one * along[0] + two * along[1] <= 0 for one, two, _ in every)
            if stays and aim[0] * along[0] + aim[1] * along[1] > 0:
                return None
    values = []
    for (a, b, c), (d, e, f) in combinations(every, 2):
        if (side := a * e - b * d) != 0:
            x, y = (c * e - b * f) / side, (a * f - c * d) / side
            if all(one * x + two * y <= most for one, two, most in every):
                values.append(aim[0] * x + aim[1] * y)
    return max(values, default=None)


def _same_group(limit: Limit, day: _Day) -> Sequence[Limit] | None:
    """Another limit on the same group; for strategies, one on each horizon: a strategy has one."""
    bound = day.bound(limit)
    for one in day.of_kind("group_gross", limit):
        wider = not one.only or one.only == limit.only
        # Of two that say the same, the later one is idle.
        tighter = day.bound(one) < bound or (day.bound(one) == bound and (one.only, one.id) < (limit.only, limit.id))
        if one.by == limit.by and wider and tighter:
            return [one]
    if limit.by == "strategy":
        rows = _on_each("horizon", limit, day)
        if rows and all(day.bound(one) <= bound for one in rows):
            return rows
    return None


def _all_groups(limit: Limit, day: _Day) -> Sequence[Limit] | None:
    """Groups of one dimension that together hold no more than everything may."""
    for by in day.groups:
        rows = _on_each(by, limit, day)
        if rows and sum((day.bound(_tightest(rows, name, day)) for name in day.groups[by]), NONE) <= day.bound(limit):
            return rows
    return None


def _on_each(by: str, limit: Limit, day: _Day) -> list[Limit]:
    """The rows that bound every group there is of one dimension; none where a group is free."""
    known = day.groups.get(by, ())
    rows = [one for one in day.of_kind("group_gross", limit) if one.by == by]
    free = [name for name in known if not any(one.only in ("", name) for one in rows)]
    if not known or free:
        return []
    chosen = [_tightest(rows, name, day) for name in sorted(known)]
    return [one for at, one in enumerate(chosen) if one not in chosen[:at]]


def _tightest(rows: Sequence[Limit], name: str, day: _Day) -> Limit:
    return min((one for one in rows if one.only in ("", name)), key=lambda one: (day.bound(one), one.id))


# --- orders and losses ------------------------------------------------------------------------------------------


def _one_order(limit: Limit, day: _Day) -> Sequence[Limit] | None:
    """An order's value at its worst price is at most the collar above its exposure."""
    collars = day.of_kind("price_collar", limit)
    collar = min(collars, key=lambda one: (one.bound, one.id))
    for one in day.of_kind("instrument_exposure", limit):
        if (1 + collar.bound) * day.bound(one) <= day.bound(limit):
            return [collar, one]
    return None


def _another_multiple(limit: Limit, day: _Day) -> Sequence[Limit] | None:
    """A convex limit that allows a smaller standard deviation; of two that allow the same, the later one is idle."""

    def allowed(one: Limit) -> tuple[Fraction, str]:
        return day.bound(one) ** 2 / SQUARED[one.kind](one), one.id

    tighter = [one for one in day.rows if one.spec.form == "convex" and allowed(one) < allowed(limit)]
    return [min(tighter, key=allowed)] if tighter else None


def _chained(limit: Limit, day: _Day) -> Sequence[Limit] | None:
    """What is part of something that another limit bounds no looser."""
    bound = day.bound(limit)
    for one in (row for kind in PART_OF.get(limit.kind, ()) for row in day.of_kind(kind, limit)):
        if day.bound(one) <= bound:
            return [one]
    if limit.kind == "loss_budget":
        return _lost_and_at_risk(limit, day)
    if limit.kind == "concentration" and bound == 1:
        return []
    return None


PART_OF: Mapping[str, tuple[str, ...]] = {
    "stop_loss": ("open_risk", "loss_budget"),
    "open_risk": ("loss_budget",),
    "open_orders": ("turnover",),
}
"""What each of these values is a part of, in the same unit."""


def _lost_and_at_risk(limit: Limit, day: _Day) -> Sequence[Limit] | None:
    """Entries stop once the day's loss is reached: before that, at most as much is lost, beside what is at risk."""
    pairs: Iterator[tuple[Limit, Limit]] = product(day.of_kind("open_risk", limit), day.of_kind("day_loss", limit))
    for risk, loss in pairs:
        # The day's loss is a share of what the day began with, the budget one of what is left.
        if loss.bound < 1 and day.bound(risk) + loss.bound / (1 - loss.bound) <= day.bound(limit):
            return [loss, risk]
    return None
