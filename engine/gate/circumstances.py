"""What a condition may read, and what it says: the inputs and the findings that all conditions share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from engine.gate.market import Market
from engine.gate.proposals import Exit, Finding
from engine.gate.reach import Book
from engine.gate.sizing import speakers
from engine.limits.model import UNKNOWN_REGIME, UNKNOWN_STATE, Limit, Limits
from engine.orders.basket import Basket
from engine.orders.order import Side
from engine.orders.portfolio import Portfolio
from knowledge.facts import Fact, Snapshot, Value
from knowledge.values import text


@dataclass(frozen=True)
class Case:
    """One entry candidate before the conditions."""

    instrument: str
    side: Side
    strategy: str
    horizon: str
    forbidden: tuple[str, ...]
    """Sentences of the policies that forbid it; an undetermined policy is one of them."""
    basket: Basket | None = None


_Party = tuple[str, Value]
"""A basket, or an instrument and a side."""
_Turns = tuple[Mapping[str, Value], Mapping[_Party, Sequence[str]], Mapping[_Party, tuple[Decimal, str]]]


@dataclass(frozen=True)
class Circumstances:
    """Everything a condition may read."""

    snapshot: Snapshot
    portfolio: Portfolio
    market: Market
    book: Book
    exits: tuple[Exit, ...]
    limits: Limits
    derived: tuple[Fact, ...] = ()
    """What the rules concluded: every candidate and trail of it may become a message."""
    regime: str = UNKNOWN_REGIME
    state: str = UNKNOWN_STATE

    @property
    def session(self) -> str:
        """The ISO date of the decision."""
        return self.market.session

    def in_force(self) -> tuple[Limit, ...]:
        """The limits in force."""
        return self._in_force

    @cached_property
    def _in_force(self) -> tuple[Limit, ...]:
        return self.limits.in_force(self.session, self.regime, self.state, self.market.figures)

    def speakers(self, case: Case) -> list[Fact]:
        """The advisories for a candidate: several conditions ask for them."""
        asked = case.instrument, case.side
        if asked not in self._speakers:
            self._speakers[asked] = speakers(self.snapshot, *asked)
        return self._speakers[asked]

    @cached_property
    def _speakers(self) -> dict[tuple[str, Side], list[Fact]]:
        return {}

    def earlier(self, case: Case) -> list[str]:
        """Instruments whose candidates are served before this one, and might all be granted.

        The legs of a basket come in one turn, that of its least conviction and first name, and go out together.
        """
        baskets, parties, turns = self._turns
        side = "long" if case.side is Side.BUY else "short"
        own = turns.get(("basket", baskets[case.instrument]) if case.instrument in baskets else (case.instrument, side))
        return [
            name
            for party, names in parties.items()
            for name in names
            if name != case.instrument and not (own is not None and turns[party] > own)
        ]

    @cached_property
    def _turns(self) -> _Turns:
        """The basket of each leg, the candidates of each turn, and where it comes in the queue."""
        baskets = {fact.word("instrument"): fact["basket"] for fact in self.derived if fact.template == "basket-leg"}
        queue = [
            (fact.word("instrument"), fact["side"], -fact.number("conviction"))
            for fact in self.derived
            if fact.template == "candidate"
        ]
        parties: dict[_Party, list[tuple[str, Decimal]]] = {}
        for name, asked, rank in queue:
            party: _Party = ("basket", baskets[name]) if name in baskets else (name, asked)
            parties.setdefault(party, []).append((name, rank))
        turns = {
            party: (max(rank for _, rank in legs), min(name for name, _ in legs)) for party, legs in parties.items()
        }
        return baskets, {party: [name for name, _ in legs] for party, legs in parties.items()}, turns


def at_most(limit: Limit, value: Fraction, detail: str) -> Finding:
    """A value against the limit's bound."""
    return Finding(limit.id, value <= limit.bound, text(value), text(limit.bound), detail)


def at_least(limit: Limit, value: Fraction, detail: str) -> Finding:
    """A value that the bound is a floor of."""
    return Finding(limit.id, value >= limit.bound, text(value), text(limit.bound), detail)


def unknown(limit: Limit, detail: str) -> Finding:
    """A value that nobody knows never holds."""
    return Finding(limit.id, False, "unknown", text(limit.bound), detail)


def flag(limit: Limit, holds: bool, detail: str) -> Finding:
    """What holds or does not."""
    return Finding(limit.id, holds, "yes" if holds else "no", "yes", detail)


def none_of(limit: Limit, names: list[str], detail: str) -> Finding:
    """What must not be there at all; `names` are those that are."""
    listed = "; ".join(names)
    return Finding(limit.id, not names, str(len(names)), "0", f"{detail}: {listed}" if names else f"no {detail}")
