"""Re-checks what a record says of limits in breach, by the oracle: which are, and what their exits make of them.

That the exits are the same is checked beside this; that they are the least is what `floor` says, and the tests.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from engine.duty import Duty
from engine.gate.proposals import Exit
from engine.limits.kinds import OBLIGING
from engine.orders.order import Role
from engine.review.oracle import Case, Worst, worst
from knowledge.values import Json, text

NONE = Fraction(0)


def check_duty(recorded: Json, duty: Duty, asked: Sequence[tuple[Exit, Fraction]], case: Case) -> Iterator[str]:
    """What does not hold of a record's `obligations`; `duty` and `asked` are what they are worked out again."""
    again = duty.to_json() if duty.breaches else None
    if recorded != again:
        yield f"obligations: the record says {recorded}, worked out again it is {again}"
        return
    if duty.error is not None:
        return
    asking = {one.id for one in case.limits.limits if one.kind in OBLIGING and one.breach == "exit"}
    leaving = _leaving(case, asked)
    now = _standing(case, {}, asking)
    after = _standing(case, leaving, asking) if leaving else now
    broken = {key for key, one in now.items() if one.value > one.bound}
    told = {one["measure"]: one for one in recorded["breaches"]} if recorded else {}
    for key in sorted(broken ^ told.keys()):
        said = "nothing" if key in broken else "that it is in breach"
        yield f"obligations.{key}: the record says {said}, and by the oracle it is the other way round"
    for key in sorted(broken & told.keys()):
        one, here, left = told[key], now[key], after.get(key)
        if (one["value"], one["bound"]) != (text(here.value), text(here.bound)):
            yield f"obligations.{key}: by the oracle it is {text(here.value)} of {text(here.bound)}"
        # A limit on a group, or on many positions, may be gone once they are closed.
        if left is not None and one["after"] != text(left.value):
            yield f"obligations.{key}: by the oracle its exits leave {text(left.value)}"
        if left is not None and left.value > here.bound and not one["why"]:
            yield f"obligations.{key}: its exits leave it beyond its bound, and nothing says why"


def _leaving(case: Case, asked: Sequence[tuple[Exit, Fraction]]) -> dict[str, Fraction]:
    """Shares that exits at work and those of this decision take off, all filled; of what is frozen none."""
    leaving = {one.instrument: left for one, left in asked}
    for one in case.portfolio.working:
        held = case.portfolio.position(one.order.instrument)
        if one.order.role is Role.EXIT and held is not None and held.quantity * one.order.side.sign < 0:
            leaving[held.instrument] = leaving.get(held.instrument, NONE) + Fraction(one.remaining)
    return {name: shares for name, shares in leaving.items() if name not in case.portfolio.operations.frozen}


def _standing(case: Case, leaving: Mapping[str, Fraction], asking: Container[str]) -> dict[str, Worst]:
    """Every limit that asks for exits, on the positions alone, without any order, when so many shares have left."""
    positions = []
    for held in case.portfolio.positions:
        kept = max(NONE, abs(Fraction(held.quantity)) - leaving.get(held.instrument, NONE))
        size = Decimal(kept.numerator) / Decimal(kept.denominator)
        positions.append(replace(held, quantity=size.copy_sign(held.quantity)))
    alone = replace(case, portfolio=replace(case.portfolio, positions=tuple(positions), working=()))
    return {one.measure: one for one in worst(alone, (), asking)}
