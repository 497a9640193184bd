"""What each scenario makes the instruments lose, in whole numbers: `engine.gate.stress.shock`, for all of them at once.

Twenty thousand of these numbers belong to a hundred scenarios over two hundred instruments, so that they are not made
one by one: scenarios are sorted once by what they say of a sector, and an instrument asks for those of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import lcm

from engine.gate.market import Terms
from engine.gate.whole import common, whole
from engine.limits.model import Scenario


@dataclass(slots=True)
class Said:
    """What the scenarios say of one sector: places of scenarios with the index's move, the sector's, and both."""

    index: list[tuple[int, int]] = field(default_factory=list)
    sector: list[tuple[int, int]] = field(default_factory=list)
    both: list[tuple[int, int, int]] = field(default_factory=list)


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
        self._single = [at for at, one in enumerate(scenarios) if one.sigmas or one.instruments]
        scale = self.unit // (moves * self._betas)
        self._index = [whole(one.index, moves) * scale for one in scenarios]
        """What a beta makes `unit`."""
        self._of_sector: dict[str, Said] = {}

    def losses(self, one: Terms, sign: int, exposure: int, first: int) -> dict[int, int]:
        """What one share loses that is bought (1) or sold (-1) from flat, where it loses; places count from `first`."""
        said, beta = self._said(one.sector), -sign * whole(one.beta, self._betas)
        found = {first + at: exposure * loss for at, index in said.index if (loss := beta * index) > 0}
        towards = -sign
        for at, move in said.sector:
            if towards * move > 0:
                found[first + at] = exposure * towards * move
        for at, index, move in said.both:
            loss, other = beta * index, towards * move
            loss = other if other > loss else loss
            if loss > 0:
                found[first + at] = exposure * loss
        for at in self._single:
            # From here on one by one: every position loses, or this instrument has a move of its own.
            p, n = self.profile(at, one)
            loss = max(sign * p, sign * n)
            if loss > 0:
                found[first + at] = exposure * loss
        return found

    def profile(self, at: int, one: Terms) -> tuple[int, int]:
        """Slopes (p, n) per exposure of one scenario: a position of exposure x loses max(p·x, n·x)."""
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
        """What all but the single ones say of a sector; its moves in `unit`."""
        if sector in self._of_sector:
            return self._of_sector[sector]
        said = self._of_sector[sector] = Said()
        scale = self.unit // self._moves
        for at, one in enumerate(self._scenarios):
            if at in self._single:
                continue
            index, moves = self._index[at], [move for name, move in one.sectors if name == sector]
            if not moves:
                if index:
                    said.index.append((at, index))
                continue
            # A file cannot name a sector twice; if anything else does, this raises.
            (move,) = moves
            if index:
                said.both.append((at, index, whole(move, self._moves) * scale))
            else:
                said.sector.append((at, whole(move, self._moves) * scale))
        return said
