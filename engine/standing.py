"""The portfolio as facts, so that rules can speak of positions and working orders.

They are made here, from the portfolio the gate uses, and from nowhere else: rules and gate see one truth. A value the
door refuses (a position so odd that it has no exact fact) raises, which ends the cycle as undetermined.
"""

from __future__ import annotations

from fractions import Fraction

from engine.orders.portfolio import Portfolio, Position
from knowledge.door import admit
from knowledge.facts import Fact, Snapshot


def portfolio_facts(snapshot: Snapshot, portfolio: Portfolio) -> tuple[Fact, ...]:
    """`position`, `protection`, `held-leg` and `working` facts; a position without a price has no `position`."""
    facts: list[Fact] = []
    for held in portfolio.positions:
        if held.quantity == 0:
            continue
        if held.stop is not None:
            facts.append(admit("protection", {"instrument": held.instrument, "stop": held.stop}))
        if held.basket is not None:
            facts.append(admit("held-leg", {"instrument": held.instrument, "basket": held.basket.name}))
        bar = snapshot.find("bar", held.instrument)
        if bar is not None:
            facts.append(_position(held, Fraction(bar.number("close"))))
    for one in portfolio.working:
        slots = {
            "order": one.order.client_order_id,
            "instrument": one.order.instrument,
            "side": one.order.side.value,
            "role": one.order.role.value,
            "quantity": one.remaining,
        }
        facts.append(admit("working", slots))
    return tuple(facts)


def _position(held: Position, close: Fraction) -> Fact:
    side = 1 if held.quantity > 0 else -1
    gain = side * (close / Fraction(held.entry_price) - 1)
    slots = {
        "instrument": held.instrument,
        "side": "long" if side > 0 else "short",
        "quantity": abs(held.quantity),
        "entry-price": held.entry_price,
        "return": _decimal_text(gain),
        "best-close": held.best_close,
        "sessions-held": held.sessions_held,
        "horizon": held.horizon,
        "strategy": held.strategy,
    }
    return admit("position", slots)


def _decimal_text(number: Fraction) -> str:
    """Six decimals, half to even, without a float on the way."""
    scaled = round(number * 10**6)
    sign, digits = ("-" if scaled < 0 else ""), f"{abs(scaled):07d}"
    return f"{sign}{digits[:-6]}.{digits[-6:]}"
