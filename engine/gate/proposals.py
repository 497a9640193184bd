"""What the gate is asked: entries that policies and sizing have shaped, and exits."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from engine.orders.order import Side


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition of layers 1 and 3–7 for one candidate: what was found, and whether the limit allows it."""

    limit: str
    holds: bool
    value: str
    bound: str
    detail: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A sized entry candidate. `target` in shares (a multiple of the lot; 0 when sizing allows less than one lot).

    `limit_price` is the worst price it may fill at (at the collar's edge, on the tick), `stop_price` its protective
    stop, both in the instrument's currency. `findings` are the conditions that bind it; one that does not hold
    forbids every quantity.
    """

    instrument: str
    side: Side
    conviction: Fraction
    target: Fraction
    limit_price: Fraction
    stop_price: Fraction
    strategy: str
    horizon: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Exit:
    """A reduce-only order of this decision; `quantity` in shares, at most what is left of the position."""

    instrument: str
    side: Side
    quantity: Fraction
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """An entry with the quantity the gate granted (0 when denied)."""

    entry: Entry
    quantity: Fraction
