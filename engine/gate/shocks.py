"""What each scenario makes the instruments lose, in whole numbers: `engine.gate.stress.shock`, for all of them at once.

Twenty thousand of these numbers belong to a hundred scenarios over two hundred instruments, so that they are not made
one by one: scenarios are sorted once by what they say of a sector, and an instrument asks for those of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import lcm
from typing import NamedTuple

from engine.gate.market import Terms
from engine.gate.whole import common, whole
from engine.limits.model import Scenario


class Said(NamedTuple):
    """What the scenarios say of one sector: places of scenarios with the index's move, the sector's, and both."""

    market: list[tuple[int, int]]
    own: list[tuple[int, int]]
    both: list[tuple[int, int, int]]


class Shocks:
    """Moves of these scenarios, none of them drawn, and of the instruments that may be asked about."""

    def __init__(self, scenarios: Sequence[Scenario], touched: Iterable[Terms]) -> None:
        terms = tuple(touched)
        names = {one.instrument for one in terms}
        self._scenarios = scenarios
        moves = common([move for one in scenarios
                        for move in (one.index, *(each for _, each in one.sectors),
                                     *(each for name, each in one.instruments if name in names))])  # fmt: skip
        self._betas, self._sigmas = common(one.beta for one in terms), common(one.sigmas for one in scenarios)
        some = any(one.sigmas for one in scenarios)
        self._volatilities = common(one.daily_volatility for one in terms) if some else 1
        self.unit = lcm(moves * self._betas, self._sigmas * self._volatilities)
        """Of a loss per exposure."""
        self._moves = moves
        # Every position loses, or an instrument has a move of its own, or a sector several, which no file can say.
        self._single = [
            at for at, one in enumerate(scenarios)
            if one.sigmas or one.instruments or len(dict(one.sectors)) < len(one.sectors)
        ]  # fmt: skip
        scale = self.unit // moves
        self._index = [whole(one.index, moves) * (scale // self._betas) for one in scenarios]
        """What a beta makes `unit`."""
        self._named: dict[str, dict[int, int]] = {}
        """Moves of each sector that is named, by the place of the scenario."""
        for at, one in enumerate(scenarios):
            if at not in self._single:
                for name, move in one.sectors:
                    self._named.setdefault(name, {})[at] = whole(move, moves) * scale
        self._everywhere = [(at, index) for at, index in enumerate(self._index) if index and at not in self._single]
        self._of_sector: dict[str, Said] = {}

    def losses(self, one: Terms, sign: int, exposure: int, first: int) -> dict[int, int]:
        """What one share loses that is bought (1) or sold (-1) from flat, where it loses; places count from `first`."""
        said, beta = self._said(one.sector), -sign * whole(one.beta, self._betas)
        found = {first + at: exposure * loss for at, index in said.market if (loss := beta * index) > 0}
        towards = -sign
        for at, move in said.own:
            if towards * move > 0:
                found[first + at] = exposure * towards * move
        for at, index, move in said.both:
            loss, other = beta * index, towards * move
            loss = other if other > loss else loss
            if loss > 0:
                found[first + at] = exposure * loss
        for at in self._single:
            p, n = self._profile(at, one)
            loss = max(sign * p, sign * n)
            if loss > 0:
                found[first + at] = exposure * loss
        return found

    def profiles(self, one: Terms) -> list[tuple[int, int]]:
        """Slopes (p, n) per exposure, by scenario: a position of exposure x loses max(p·x, n·x)."""
        said, beta = self._said(one.sector), whole(one.beta, self._betas)
        found = [(0, 0)] * len(self._scenarios)
        for at, index in said.market:
            found[at] = (-beta * index, -beta * index)
        for at, move in said.own:
            found[at] = (-move, -move)
        for at, index, move in said.both:
            moves = beta * index, move
            found[at] = (-min(moves), -max(moves))
        for at in self._single:
            found[at] = self._profile(at, one)
        return found

    def _profile(self, at: int, one: Terms) -> tuple[int, int]:
        """Those of one scenario, by all that it says."""
        scenario, scale = self._scenarios[at], self.unit // self._moves
        if scenario.sigmas:
            loss = whole(scenario.sigmas, self._sigmas) * whole(one.daily_volatility, self._volatilities)
            loss *= self.unit // (self._sigmas * self._volatilities)
            return loss, -loss
        moves = [whole(move, self._moves) * scale for name, move in scenario.instruments if name == one.instrument]
        moves += [whole(move, self._moves) * scale for name, move in scenario.sectors if name == one.sector]
        if scenario.index:
            moves.append(self._index[at] * whole(one.beta, self._betas))
        return (-min(moves), -max(moves)) if moves else (0, 0)

    def _said(self, sector: str) -> Said:
        """What all but the single ones say of a sector."""
        found = self._of_sector.get(sector)
        if found is None:
            own = self._named.get(sector, {})
            index = [pair for pair in self._everywhere if pair[0] not in own]
            alone = [(at, move) for at, move in own.items() if not self._index[at]]
            both = [(at, self._index[at], move) for at, move in own.items() if self._index[at]]
            found = self._of_sector[sector] = Said(index, alone, both)
        return found
