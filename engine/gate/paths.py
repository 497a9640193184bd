"""Monte Carlo: what a portfolio loses in one day over paths drawn from the published covariance. Figures, no limits.

A path is a draw of the factors and of what is left over: `result = Σ_k z_k·y_k + z_rest·√(Σ D_i·v_i²)` with the factor
exposures `y_k = Σ F_ik·v_i`; the residuals are independent, so that their sum is one normal number. The z come from
the seed that the scenario names: SHAKE-256 of it gives uniform numbers of 53 bits, SciPy's inverse of the normal
distribution makes them normal, and they are taken to four digits. From there on everything is whole numbers: the same
seed gives the same figures on every machine, and randomness is an input like any other.

Losses are normal by construction. Fat tails are what the historical scenarios are for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from engine.gate.market import Terms
from engine.limits.model import Scenario
from knowledge.values import Json, text

DIGITS = 10_000
"""A normal number is a multiple of the inverse of this."""
SHARE = 10**9
"""Exposures are whole multiples of NAV / SHARE: with |z| < 9, loadings of at most 10 and `MOST_FACTORS` of them, sums
stay below 2^63."""
MOST_FACTORS = 90
"""With more there are no figures: sums could leave 64 bits, and as many draws would fill the memory."""
MOST_EXPOSURE = 100
"""Beyond a hundred times NAV there are no figures."""
TAILS = (("95", 20), ("99", 100), ("99.9", 1000))
"""Quantiles in per cent, with one over what is left beyond them."""


@dataclass(frozen=True, slots=True)
class Tail:
    """One portfolio over all paths: losses in shares of NAV, to a millionth."""

    portfolio: str
    quantiles: tuple[tuple[str, Fraction], ...]
    beyond: Fraction
    """Mean loss of the worst hundredth of the paths."""
    worst: Fraction


@dataclass(frozen=True, slots=True)
class Figures:
    """The seed, the number of paths, and what they made of each portfolio; none where a covariance is missing."""

    scenario: str
    seed: int
    paths: int
    results: tuple[Tail, ...]

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "paths": self.paths,
            "results": [
                {
                    "portfolio": one.portfolio,
                    "quantiles": [[name, text(loss)] for name, loss in one.quantiles],
                    "beyond_99": text(one.beyond),
                    "worst": text(one.worst),
                }
                for one in self.results
            ],
        }


def figures(
    scenario: Scenario,
    portfolios: Mapping[str, Mapping[str, Fraction]],
    nav: Fraction,
    terms: Mapping[str, Terms],
) -> Figures:
    """Draw the scenario's paths over portfolios of shares by instrument. `nav` in the account's currency."""
    results: list[Tail] = []
    for name, shares in portfolios.items():
        exposures = _factors(shares, nav, terms) if nav > 0 else None
        if exposures:
            results.append(_tail(name, scenario, exposures))
    return Figures(scenario.id, scenario.seed, scenario.paths, tuple(results))


def _factors(shares: Mapping[str, Fraction], nav: Fraction, terms: Mapping[str, Terms]) -> list[int] | None:
    """Factor exposures and the residual's standard deviation, in multiples of NAV / SHARE; None without figures."""
    held = {name: number for name, number in shares.items() if number}
    if not held or any(name not in terms or not terms[name].factors for name in held):
        return None
    values = {name: number * terms[name].exposure / nav for name, number in held.items()}
    if sum(map(abs, values.values())) > MOST_EXPOSURE:
        return None
    width = {len(terms[name].factors) for name in held}
    if len(width) != 1 or max(width) > MOST_FACTORS:
        return None
    loadings = [
        round(SHARE * sum(terms[name].factors[at] * value for name, value in values.items())) for at in range(*width)
    ]
    variance = sum((terms[name].residual * value * value for name, value in values.items()), Fraction(0))
    return [*loadings, isqrt(int(variance * SHARE * SHARE))]


def _tail(portfolio: str, scenario: Scenario, exposures: list[int]) -> Tail:
    drawn = draws(scenario.seed, scenario.paths, len(exposures))
    losses = np.sort(-(drawn @ np.array(exposures, dtype=np.int64)))[::-1]
    count = scenario.paths // TAILS[1][1]
    quantiles = tuple((name, _share(int(losses[scenario.paths // rest - 1]))) for name, rest in TAILS)
    return Tail(portfolio, quantiles, _share(sum(map(int, losses[:count])), count), _share(int(losses[0])))


def _share(loss: int, count: int = 1) -> Fraction:
    """A loss in shares of NAV, to a millionth; a gain is no loss and stays below zero."""
    return Fraction(round(Fraction(loss * 10**6, SHARE * DIGITS * count)), 10**6)


@lru_cache(maxsize=4)
def draws(seed: int, paths: int, width: int) -> NDArray[np.int64]:
    """Normal numbers in multiples of 1 / DIGITS: (paths, width). The seed alone decides them."""
    from scipy.special import ndtri

    name = f"warrant paths {seed}".encode()
    raw = np.frombuffer(hashlib.shake_256(name).digest(8 * paths * width), dtype="<u8")
    uniform = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    normal: NDArray[np.int64] = np.rint(ndtri(uniform) * DIGITS).astype(np.int64)
    return normal.reshape(paths, width)
