"""What one position loses under one scenario: the oracle's own reading of docs/limits.md."""

from __future__ import annotations

from fractions import Fraction

from engine.gate.market import Terms
from engine.limits.model import Scenario


def loss_of(scenario: Scenario, terms: Terms, shares: Fraction) -> Fraction:
    """The loss of so many shares (negative where they are short), in the account's currency; below zero a gain."""
    value = shares * terms.exposure
    if scenario.sigmas:
        return abs(value) * scenario.sigmas * terms.daily_volatility
    if scenario.instruments:
        return -value * dict(scenario.instruments)[terms.instrument]
    losses = [-value * move for sector, move in scenario.sectors if sector == terms.sector]
    if scenario.index:
        losses.append(-value * terms.beta * scenario.index)
    return max(losses, default=Fraction(0))
