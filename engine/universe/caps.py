"""Limits that cap one number of an order or of the session, as numbers to compare.

The value of an order, its shares, what other entries at work are worth, what has been traded, the cash that is left and
the size of NAV in money are free in a symbolic book, each by itself, so that of several limits on one number the
tightest decides and the others never bind. Shares of average daily volume become shares of one instrument by the
snapshot's volume.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.gate.market import Market
from engine.limits.model import Limit

VALUE, SHARES, TRADED, CASH = "order value", "order shares", "traded", "cash left"
AT_WORK, MONEY = "entries at work", "gross in money"
CAP_KINDS = {
    "order_value": VALUE,
    "order_quantity": SHARES,
    "volume_share": SHARES,
    "turnover": TRADED,
    "cash_reserve": CASH,
    "open_orders": AT_WORK,
    "credit": MONEY,
}
"""Kinds that cap a number, and which."""

Capped = tuple[str, str]
"""What is capped, and for shares the instrument of the order (else empty)."""


@dataclass(frozen=True, slots=True)
class Cap:
    """`number ≤ bound`; for cash `cash left after purchases ≥ bound`, written as `−cash ≤ −bound`."""

    limit: Limit
    capped: Capped
    bound: Fraction

    @property
    def key(self) -> str:
        """The name the gate gives the measure, without the instrument where it is the same for all."""
        return f"{self.limit.id}[{self.capped[1]}]" if self.capped[1] else self.limit.id


def caps(limits: Iterable[Limit], market: Market, multiplier: Fraction) -> Iterator[Cap]:
    """Every cap of these limits; `multiplier` is the regime's."""
    for limit in limits:
        match limit.kind:
            case "order_value" | "turnover" | "open_orders" | "credit":
                bound = limit.bound * (multiplier if limit.regime else 1)
                yield Cap(limit, (CAP_KINDS[limit.kind], ""), bound)
            case "cash_reserve":
                yield Cap(limit, (CASH, ""), -limit.bound)
            case "order_quantity" | "volume_share":
                for name, terms in market.terms.items():
                    volume = terms.average_volume if limit.kind == "volume_share" else Fraction(1)
                    yield Cap(limit, (SHARES, name), limit.bound * volume)


def tightest(found: Iterable[Cap]) -> Mapping[Capped, Cap]:
    """The cap that decides for each number; of equal ones the first by id."""
    decides: dict[Capped, Cap] = {}
    for cap in sorted(found, key=lambda one: (one.capped, one.bound, one.limit.id)):
        decides.setdefault(cap.capped, cap)
    return decides
