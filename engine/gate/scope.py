"""What the limits of a decision are applied to, and the groups that there are in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from engine.gate.market import Market, Terms
from engine.gate.proposals import Entry
from engine.gate.reach import Book, Holding, Leg
from engine.limits.model import UNKNOWN_STATE, Limit, Limits
from engine.orders.basket import Basket


@dataclass(frozen=True)
class Scope:
    """What the limits are applied to: the book, the entries that may be granted, the market, the regime."""

    book: Book
    entries: tuple[Entry, ...]
    market: Market
    limits: Limits
    regime: str
    state: str = UNKNOWN_STATE
    """The trading state: a limit may be in force in some of them only."""

    @property
    def terms(self) -> Mapping[str, Terms]:
        """Terms by instrument."""
        return self.market.terms

    @cached_property
    def exposures(self) -> Mapping[str, Fraction]:
        """Exposure of one share of each instrument."""
        return {name: one.exposure for name, one in self.terms.items()}

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """Instruments with shares, orders or entries; all others stay at zero in every filling."""
        orders = {leg.instrument for leg in self.book.legs} | {entry.instrument for entry in self.entries}
        return tuple(name for name in self.terms if name in orders or name in self.book.holdings)

    def share_of_nav(self, limit: Limit) -> Fraction:
        """The bound in the regime."""
        found = self._shares.get(id(limit))
        if found is None:
            multiplier = self.limits.multiplier(self.regime) if limit.regime else 1
            found = self._shares[id(limit)] = limit.bound * multiplier
        return found

    @cached_property
    def _shares(self) -> dict[int, Fraction]:
        """By identity: every subject of a limit has the same."""
        return {}


def labelled(by: str, scope: Scope) -> set[tuple[str, str]]:
    """(group, instrument), of every group there is: those of the market, or those of positions and orders."""
    if by not in ("strategy", "horizon", "basket"):
        return {(getattr(terms, by), name) for name, terms in scope.terms.items()}
    tagged: Iterable[Holding | Leg | Entry] = (*scope.book.holdings.values(), *scope.book.legs, *scope.entries)
    labels = [(getattr(one, by), one.instrument) for one in tagged]
    return {(label.name if isinstance(label, Basket) else label, name) for label, name in labels if label}
