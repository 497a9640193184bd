"""Legs of a basket leave together and stay in their ratio: what the exit, or the lack, of one asks of the others.

Where the rules close a leg, the others are closed with it. Where a leg never filled, or filled in part, or its stop was
hit, and no entry of the basket works any more, each other leg gives back what stands without it: the shares beyond the
largest part of the ratio that all legs still hold. Less than a lot is not worth an order, and stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

from engine.gate.market import Market
from engine.orders.order import Role
from engine.orders.portfolio import Portfolio, Position
from engine.reasons import BASKET

ZERO = Fraction(0)


def leaving_too(
    leaving: Collection[str], left: Mapping[str, Fraction], portfolio: Portfolio, market: Market
) -> dict[str, tuple[str, Fraction]]:
    """For legs that nobody else closes: the reason, and the shares to close.

    `leaving` are the instruments that close in any case, `left` the shares of each position that no exit works on yet.
    """
    found: dict[str, tuple[str, Fraction]] = {}
    for name, members in sorted(_members(portfolio).items()):
        closing = any(one.instrument in leaving for one in members)
        if not closing and _is_entering(name, portfolio):
            continue
        kept = ZERO if closing else _units(members, left)
        for one in members:
            assert one.basket is not None
            # What is on the wrong side of the ratio is no part of it.
            part = kept * _unit(one) if _unit(one) > 0 else ZERO
            lot = Fraction(market.terms[one.instrument].lot) if one.instrument in market.terms else Fraction(1)
            beyond = left[one.instrument] - part
            beyond = beyond if part == 0 else beyond // lot * lot
            if one.instrument not in leaving and beyond > 0:
                found[one.instrument] = (f"{BASKET}:{name}", beyond)
    return found


def _members(portfolio: Portfolio) -> dict[str, list[Position]]:
    """Held legs by the name of their basket."""
    found: dict[str, list[Position]] = {}
    for held in portfolio.positions:
        if held.basket is not None and held.quantity != 0:
            found.setdefault(held.basket.name, []).append(held)
    return found


def _is_entering(name: str, portfolio: Portfolio) -> bool:
    """Whether an entry of the basket may still fill."""
    return any(
        one.order.role is Role.ENTRY
        and one.order.basket is not None
        and one.order.basket.name == name
        and one.remaining > 0
        for one in portfolio.working
    )


def _units(members: Collection[Position], left: Mapping[str, Fraction]) -> Fraction:
    """The largest part of the ratio that every leg holds."""
    held = {one.instrument for one in members}
    wanted = {leg for one in members if one.basket is not None for leg in one.basket.instruments}
    parts = [left[one.instrument] / _unit(one) if _unit(one) > 0 else ZERO for one in members]
    return ZERO if wanted - held else min(parts)


def _unit(held: Position) -> Fraction:
    """Shares of a leg in one unit; not above zero where the position is on the other side, or no leg of its basket."""
    assert held.basket is not None
    if held.instrument not in held.basket.instruments:
        return ZERO
    return held.basket.shares(held.instrument) * (1 if held.quantity > 0 else -1)
