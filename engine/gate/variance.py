"""The variance of one day's result of a portfolio, in fractions: `Σ_k (Σ_i F_ik·y_i)² + Σ_i D_i·y_i²`.

`engine.gate.convex` makes the same of whole numbers, at the worst of many portfolios.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.gate.market import Terms
from engine.gate.reach import ZERO


def products(terms: Mapping[str, Terms], exposures: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """`Σ·y` of daily returns; an instrument without a covariance has none."""
    known = {name: terms[name] for name in exposures if terms[name].factors}
    count = max((len(one.factors) for one in known.values()), default=0)
    factors = [sum((one.factors[k] * exposures[name] for name, one in known.items()), ZERO) for k in range(count)]
    return {
        name: ZERO if name not in known else known[name].residual * exposures[name]
        + sum((each * factor for each, factor in zip(known[name].factors, factors, strict=True)), ZERO)
        for name in exposures
    }  # fmt: skip


def variance(terms: Mapping[str, Terms], left: Mapping[str, Fraction]) -> Fraction:
    """Of one day's result of these shares, signed, by instrument."""
    exposures = {name: shares * terms[name].exposure for name, shares in left.items()}
    slopes = products(terms, exposures)
    return sum((slopes[name] * one for name, one in exposures.items()), ZERO)
