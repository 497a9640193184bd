"""What a stress makes each instrument lose, and the worst that a portfolio may lose under every scenario.

The limit of kind `stress` bounds these losses (`engine.gate.measures`); here they are read in every decision, whether
or not anything is proposed and whether or not a limit is in force, for the reach of everything that may still fill.
Drawn paths (`engine.gate.paths`) stand beside them as figures: a quantile of a sum falls as well as rises when a reach
grows, so that it could bound nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.gate.market import Market, Terms
from engine.gate.paths import Figures, figures
from engine.gate.proposals import Grant
from engine.gate.reach import ZERO, Book, State, state_of
from engine.limits.model import Limits, Scenario
from knowledge.values import Json, text

Profile = tuple[Fraction, Fraction]
"""Slopes (p, n): a position of x shares weighs max(p·x, n·x)."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The worst loss under one scenario, in the account's currency: of what is held, and of all that may be."""

    scenario: str
    held: Fraction
    worst: Fraction

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"scenario": self.scenario, "held": text(self.held), "worst": text(self.worst)}


@dataclass(frozen=True, slots=True)
class Stresses:
    """The losses by scenario, the figures of drawn paths, and what is left out of both for want of figures."""

    losses: tuple[Loss, ...] = ()
    paths: tuple[Figures, ...] = ()
    unpriced: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """The canonical JSON value; empty parts are left out."""
        value: dict[str, Json] = {"losses": [one.to_json() for one in self.losses]}
        if self.paths:
            value["paths"] = [one.to_json() for one in self.paths]
        if self.unpriced:
            value["unpriced"] = list(self.unpriced)
        return value


def shock(scenario: Scenario, terms: Terms) -> Profile:
    """What a scenario makes one instrument lose: its own move, or the worse of the index's and its sector's.

    A scenario that says moves of single instruments says this one's (`engine.gate.market` sees to that).
    """
    if scenario.sigmas:
        loss = scenario.sigmas * terms.daily_volatility * terms.exposure
        return loss, -loss
    moves = [move for name, move in scenario.instruments if name == terms.instrument]
    moves += [move for name, move in scenario.sectors if name == terms.sector]
    if scenario.index:
        moves.append(terms.beta * scenario.index)
    if not moves:
        return ZERO, ZERO
    exposure = terms.exposure
    lost = -min(moves) * exposure
    return (lost, lost) if len(moves) == 1 else (lost, -max(moves) * exposure)


def stresses(book: Book, grants: Sequence[Grant], market: Market, limits: Limits) -> Stresses:
    """Every scenario's loss, of the positions and of the worst filling of all orders and these grants."""
    state = state_of(book, grants, market, limits)
    held = {name: one.shares for name, one in book.holdings.items()}
    losses = tuple(_loss(one, state, held, market.terms) for one in limits.scenarios if not one.drawn)
    # The legs of a state say what may fill at most; that all of it has filled is one portfolio among many.
    filled = dict(held)
    for grant in grants:
        name = grant.entry.instrument
        filled[name] = filled.get(name, ZERO) + grant.entry.side.sign * grant.quantity
    drawn = tuple(figures(one, {"held": held, "granted": filled}, book.nav, market.terms)
                  for one in limits.scenarios if one.drawn)  # fmt: skip
    return Stresses(losses, tuple(one for one in drawn if one.results), book.unpriced)


def _loss(scenario: Scenario, state: State, held: Mapping[str, Fraction], terms: Mapping[str, Terms]) -> Loss:
    now = worst = ZERO
    for name, reach in state.reaches.items():
        p, n = shock(scenario, terms[name])
        shares = held.get(name, ZERO)
        now += max(p * shares, n * shares)
        worst += max(p * reach.low, n * reach.low, p * reach.high, n * reach.high)
    return Loss(scenario.id, now, worst)
