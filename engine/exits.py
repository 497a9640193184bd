"""Exits and trailing stops: what brings a position closer to zero, and is never refused by a number.

A per-order limit slices an exit (at least one lot goes out each cycle); what is left is asked for again next cycle.
Candidates against a held position are exits too: an order that would cross zero closes first, and may enter in a cycle
after that has filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from engine.decision import ExitVerdict
from engine.fellows import leaving_too
from engine.gate.beyond import beyond
from engine.gate.circumstances import Circumstances
from engine.gate.conditions import held_back
from engine.gate.convex import ConvexMeasure
from engine.gate.market import Market, Terms
from engine.gate.measures import Measure, measures
from engine.gate.proposals import Exit
from engine.gate.reach import ZERO, read_book, state_of
from engine.gate.scope import Scope
from engine.limits.model import Limit
from engine.orders.order import Role, Side
from engine.orders.portfolio import Portfolio, Position
from engine.reasons import REVERSAL
from knowledge.facts import Fact
from knowledge.values import text


def propose_exits(
    derived: Sequence[Fact], portfolio: Portfolio, market: Market, in_force: Sequence[Limit]
) -> tuple[tuple[Exit, Fraction], ...]:
    """Every exit the rules ask for, and what the fellows of a leg ask for (`engine.fellows`), paced by the per-order
    limits, with the shares that are left to close.
    """
    asked: dict[str, list[str]] = {}
    for fact in derived:
        if fact.template == "exit":
            asked.setdefault(fact.word("instrument"), []).append(fact.word("rule"))
        elif fact.template == "candidate":
            held = portfolio.position(fact.word("instrument"))
            if held is not None and held.quantity != 0 and (fact["side"] == "long") != (held.quantity > 0):
                asked.setdefault(held.instrument, []).append(f"{REVERSAL}:{fact.word('rule')}")
    left = {one.instrument: left_to_close(one, portfolio) for one in portfolio.positions if one.quantity != 0}
    closing = {name: (tuple(sorted(rules)), left[name]) for name, rules in asked.items() if name in left}
    for name, (reason, shares) in leaving_too(closing.keys(), left, portfolio, market).items():
        closing[name] = ((reason,), shares)
    found = []
    for name, (reasons, shares) in sorted(closing.items()):
        position = portfolio.position(name)
        if position is not None and shares > 0:
            side = Side.SELL if position.quantity > 0 else Side.BUY
            found.append((Exit(name, side, paced(shares, market.terms.get(name), in_force), reasons), shares))
    return tuple(found)


def rule_on_exits(proposed: Sequence[tuple[Exit, Fraction]], here: Circumstances) -> tuple[ExitVerdict, ...]:
    """Hold back what may not go; no number has a say in it."""
    return tuple(ExitVerdict(one, text(left), held_back(here, one.instrument), ()) for one, left in proposed)


def worsened(ruled: Sequence[ExitVerdict], here: Circumstances) -> tuple[ExitVerdict, ...]:
    """The same exits, each with the limits that it pushes further out."""
    if not ruled:
        return ()
    after = state_of(here.book, (), here.market, here.limits)
    scope = Scope(here.book, (), here.market, here.limits, here.regime, here.state)
    broken = beyond(scope, after)
    if not broken:
        return tuple(ruled)
    limits = {limit.id for limit in broken.values()}
    asked = [one for one in measures(scope, lambda limit: limit.id in limits) if one.key in broken]
    read = [(one, one.value(after)) for one in asked]
    return tuple(replace(one, worsens=_worsened(one.exit, here, read)) for one in ruled)


def tighter_stop(fact: Fact, portfolio: Portfolio, terms: Terms | None) -> tuple[Position, Decimal] | None:
    """The position and its new stop, where a `trail` fact moves it closer and not through the price; else None."""
    position = portfolio.position(fact.word("instrument"))
    if position is None or position.quantity == 0 or position.stop is None or terms is None:
        return None
    side = 1 if position.quantity > 0 else -1
    ticks = Fraction(fact.number("stop")) / terms.tick
    # Rounded away from the price: a stop never moves closer than the rule asked.
    rounded = (ticks.__floor__() if side > 0 else ticks.__ceil__()) * terms.tick
    if side * (rounded - Fraction(position.stop)) <= 0 or side * (terms.price - rounded) <= 0:
        return None
    return position, Decimal(rounded.numerator) / Decimal(rounded.denominator)


def left_to_close(position: Position, portfolio: Portfolio) -> Fraction:
    """The position less what working exits will close; stops do not count, they give way when it is flat."""
    closing = Side.SELL if position.quantity > 0 else Side.BUY
    working = (
        Fraction(one.remaining)
        for one in portfolio.working
        if one.order.instrument == position.instrument and one.order.role is Role.EXIT and one.order.side is closing
    )
    return max(ZERO, abs(Fraction(position.quantity)) - sum(working, ZERO))


def paced(left: Fraction, terms: Terms | None, in_force: Sequence[Limit]) -> Fraction:
    """At most what one order may hold, in whole lots, but never less than one lot (or what is left of it)."""
    if terms is None:
        return left
    most = left
    for limit in in_force:
        if limit.kind == "order_quantity":
            most = min(most, limit.bound)
        elif limit.kind == "volume_share":
            most = min(most, limit.bound * terms.average_volume)
    if most >= left:
        return left
    lots = max(1, most // terms.lot)
    return min(left, Fraction(lots * terms.lot))


def _worsened(
    one: Exit, here: Circumstances, broken: Sequence[tuple[Measure | ConvexMeasure, Fraction]]
) -> tuple[str, ...]:
    """Which of the measures beyond their bounds stand there, or further out, because this exit may fill."""
    others = [other for other in here.exits if other is not one]
    without = read_book(here.portfolio, others, here.market, here.limits)
    base = state_of(without, (), here.market, here.limits)
    return tuple(measure.key for measure, value in broken if value > measure.value(base))
