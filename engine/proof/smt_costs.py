"""What orders cost at worst: slippage and fees, of all that may fill, counted as `docs/limits.md` says.

Exits and stops of one instrument fill at most the position together, so that no more shares of them are counted.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from engine.proof.smt_desk import Desk, Order


class Costs(NamedTuple):
    """Slippage and fees in the account's currency."""

    slippage: Fraction
    fees: Fraction

    def beside(self, other: Costs) -> Costs:
        """Both together."""
        return Costs(self.slippage + other.slippage, self.fees + other.fees)


def costs_of(order: Order, desk: Desk) -> Costs:
    """What an entry costs when it fills."""
    return _costs(desk, 1, order.quantity, order.slippage)


def resting_costs(desk: Desk) -> Costs:
    """What the orders cost that stand apart from this decision's entries."""
    total = Costs(Fraction(0), desk.limits.parameters.fee_per_order * len(desk.resting))
    for order in desk.resting:
        if not order.reducing:
            total = total.beside(_costs(desk, 0, order.quantity, order.slippage))
    for one in desk.standing_names:
        for sign in (1, -1):
            if own := reducing(desk, one, sign):
                # They all slip by the collar of the same price, so it does not matter which of them are cut off.
                assert len({order.slippage for order in own}) == 1, own
                shares = min(sum(order.quantity for order in own), closable(desk, one, sign))
                total = total.beside(_costs(desk, 0, Fraction(shares), own[0].slippage))
    return total


def _costs(desk: Desk, orders: int, shares: Fraction, slippage: Fraction) -> Costs:
    parameters = desk.limits.parameters
    return Costs(slippage * shares, orders * parameters.fee_per_order + parameters.fee_per_share * shares)


def reducing(desk: Desk, instrument: str, sign: int) -> list[Order]:
    """Exits and stops of one instrument on one side."""
    return [order for order in desk.resting_in.get(instrument, ()) if order.reducing and order.sign == sign]


def closable(desk: Desk, instrument: str, sign: int) -> Fraction:
    """How many shares orders of this sign can bring closer to zero."""
    position = desk.position(instrument)
    return abs(position) if position * sign < 0 else Fraction(0)
