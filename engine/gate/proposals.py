"""What the gate is asked: entries that policies and sizing have shaped, and exits.

A single entry is asked for in whole lots; the legs of a basket are asked for together, in whole units of their ratio.
Either is a *bundle*: what is granted as one, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.gate.market import Terms
from engine.gate.whole import common, whole
from engine.orders.basket import Basket
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
    forbids every quantity. A leg of a basket names it, and its target is a whole number of the basket's units.
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
    basket: Basket | None = None


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


@dataclass(frozen=True, slots=True)
class Bundle:
    """A single entry, or the entries of one basket by instrument: what the gate grants as one."""

    entries: tuple[Entry, ...]

    @property
    def basket(self) -> Basket | None:
        """The basket, where it is one."""
        return self.entries[0].basket

    @property
    def name(self) -> str:
        """The instrument of a single entry, `basket:NAME` of a basket: what cores and crowding call it."""
        return self.entries[0].instrument if self.basket is None else f"basket:{self.basket.name}"

    @property
    def whole(self) -> bool:
        """Whether every leg of its basket is here, once and on its side, and all mean the same basket."""
        basket = self.basket
        if basket is None:
            return len(self.entries) == 1
        sides = tuple((one.instrument, one.side.sign) for one in self.entries)
        legs = tuple((name, 1 if shares > 0 else -1) for name, shares in basket.legs)
        return sides == legs and all(one.basket == basket for one in self.entries)

    def steps(self, terms: Mapping[str, Terms]) -> tuple[Fraction, ...]:
        """Shares of each entry by which the whole grows: a lot, or the legs of one unit."""
        return tuple(step_of(one, terms) for one in self.entries)

    def grants(self, steps: Sequence[Fraction], count: int) -> tuple[Grant, ...]:
        """All its entries at so many steps."""
        return tuple(Grant(one, step * count) for one, step in zip(self.entries, steps, strict=True))


def step_of(entry: Entry, terms: Mapping[str, Terms]) -> Fraction:
    """Shares by which an entry grows: of a leg those of one unit, else its lot (one share where that is not known)."""
    if entry.basket is not None and entry.instrument in entry.basket.instruments:
        return entry.basket.unit(entry.instrument)
    return Fraction(terms[entry.instrument].lot) if entry.instrument in terms else Fraction(1)


def bundled(entries: Iterable[Entry]) -> list[Bundle]:
    """The entries in the order of judgement, those of one basket together."""
    singles = []
    baskets: dict[str, list[Entry]] = {}
    for one in entries:
        if one.basket is None:
            singles.append(Bundle((one,)))
        else:
            baskets.setdefault(one.basket.name, []).append(one)
    together = [Bundle(tuple(sorted(legs, key=lambda leg: leg.instrument))) for legs in baskets.values()]
    bundles = [*singles, *together]
    # Highest conviction first (of a basket its least), ties by instrument.
    unit = common(one.conviction for bundle in bundles for one in bundle.entries)
    turns = [(-min([whole(one.conviction, unit) for one in bundle.entries]), bundle.entries[0].instrument)
             for bundle in bundles]  # fmt: skip
    return [bundle for _, bundle in sorted(zip(turns, bundles, strict=True), key=lambda pair: pair[0])]
