"""How large an entry should be, before anyone asks whether it may be.

A quarter of the Kelly stake, from the walk-forward odds of the heads that speak for the candidate; scaled to the
volatility target; times `max(1/2, 1 - 2ρ)` for the highest correlation with what is held; times the regime's
multiplier. The stake is the share of NAV lost when the protective stop is hit (Kelly, "A New Interpretation of
Information Rate", 1956, for a bet that wins `payoff` per unit or loses the unit), so the quantity is stake / loss per
share. No odds, or odds without an edge, give no shares. The gate's limits come after, and have the last word.

The target is what is missing: where a stake has grown since (a trend that goes on, a NAV that rose, what it moved with
sold), a position on the same side is added to, up to its limits. Capital by horizon is a limit (`group_gross` by
horizon), not a factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from engine.gate.correlations import correlation
from engine.gate.market import Terms
from engine.limits.model import Limits
from engine.orders.order import Role, Side
from engine.orders.portfolio import Portfolio
from knowledge.facts import Fact, Snapshot
from knowledge.values import Json, rational, text

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Size:
    """The factors of one entry's size. `target` is in shares, a whole number of lots."""

    kelly: Fraction
    volatility: Fraction
    correlation: Fraction
    regime: Fraction
    stake: Fraction
    """Money at risk: NAV times all factors."""
    loss_per_share: Fraction
    held: Fraction
    """Shares the account holds or works on this side already; the target is what is missing."""
    target: Fraction
    detail: str

    def to_json(self) -> Json:
        """The canonical JSON value."""
        names = ("kelly", "volatility", "correlation", "regime", "stake", "loss_per_share", "held", "target")
        return {**{name: text(getattr(self, name)) for name in names}, "detail": self.detail}


def limit_price(terms: Terms, side: Side, collar: Fraction) -> Fraction:
    """The worst price an entry may fill at: the collar's edge, on the tick, never beyond it."""
    edge = terms.price * (1 + side.sign * collar) / terms.tick
    return (floor(edge) if side is Side.BUY else ceil(edge)) * terms.tick


def stop_price(terms: Terms, side: Side, distance: Fraction) -> Fraction:
    """The protective stop: `distance` true ranges from the reference, on the tick and not closer; at least one tick."""
    edge = (terms.price - side.sign * distance * terms.true_range) / terms.tick
    return max(1, floor(edge) if side is Side.BUY else ceil(edge)) * terms.tick


def size(snapshot: Snapshot, portfolio: Portfolio, limits: Limits, regime: str, terms: Terms, side: Side) -> Size:
    """Size one entry. Heads that speak for it are those whose advisory has its direction."""
    parameters = limits.parameters
    kelly, detail = _kelly(snapshot, terms.instrument, side)
    kelly *= parameters.kelly_fraction
    target_volatility = parameters.volatility_target
    volatility = Fraction(1) if terms.volatility <= target_volatility else target_volatility / terms.volatility
    correlation = max(Fraction(1, 2), 1 - 2 * _highest_correlation(snapshot, portfolio, terms.instrument, side))
    multiplier = limits.multiplier(regime)
    stake = max(ZERO, Fraction(portfolio.nav)) * kelly * volatility * correlation * multiplier
    worst = limit_price(terms, side, limits.collar(snapshot.as_of[:10]))
    loss = side.sign * (worst - stop_price(terms, side, parameters.stop_distance)) * terms.unit
    held = _held(portfolio, terms.instrument, side)
    shares = stake / loss if loss > 0 else ZERO
    missing = max(ZERO, shares - held)
    target = Fraction(missing // terms.lot) * terms.lot
    return Size(kelly, volatility, correlation, multiplier, stake, loss, held, target, detail)


def speakers(snapshot: Snapshot, instrument: str, side: Side) -> list[Fact]:
    """The advisories on an instrument whose direction is this side's, by head."""
    direction = "long" if side is Side.BUY else "short"
    return [fact for fact in snapshot.about("advisory", instrument) if fact["direction"] == direction]


def _kelly(snapshot: Snapshot, instrument: str, side: Side) -> tuple[Fraction, str]:
    """The full Kelly stake `p - (1 - p) / b`, averaged over the speaking heads by weight; never below zero."""
    total, weights, parts = ZERO, ZERO, []
    for advisory in speakers(snapshot, instrument, side):
        record = snapshot.find("head", advisory.word("head"))
        if record is None or record.number("observations") == 0 or record.number("payoff") == 0:
            continue
        win, payoff = rational(record.number("hit-rate")), rational(record.number("payoff"))
        weight = rational(advisory.number("weight"))
        total += weight * (win - (1 - win) / payoff)
        weights += weight
        parts.append(f"{advisory.word('head')} won {_figure(win)} of its bets at {_figure(payoff)} to 1")
    if weights == 0:
        return ZERO, "no head that speaks for it has a record"
    return max(ZERO, total / weights), "; ".join(parts)


def _highest_correlation(snapshot: Snapshot, portfolio: Portfolio, instrument: str, side: Side) -> Fraction:
    """The highest correlation of the entry's result with that of anything held; unknown counts as 1."""
    exposures: Mapping[str, Decimal] = {held.instrument: held.quantity for held in portfolio.positions}
    highest = Decimal(0)
    for other, quantity in exposures.items():
        if other == instrument or quantity == 0:
            continue
        known = correlation(snapshot, instrument, other)
        if known is None:
            known = Decimal(1)
        elif (quantity > 0) != (side is Side.BUY):
            known = known.copy_negate()
        highest = max(highest, known)
    return rational(highest)


def _held(portfolio: Portfolio, instrument: str, side: Side) -> Fraction:
    position = portfolio.position(instrument)
    shares = ZERO if position is None else max(ZERO, side.sign * Fraction(position.quantity))
    working = (
        Fraction(one.remaining)
        for one in portfolio.working
        if one.order.instrument == instrument and one.order.role is Role.ENTRY and one.order.side is side
    )
    return shares + sum(working, ZERO)


def _figure(number: Fraction) -> str:
    return f"{Decimal(number.numerator) / Decimal(number.denominator):.3f}"
