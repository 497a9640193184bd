"""The limits of a desk, as exact values. `engine/limits/text.py` reads them from `limits.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Final

from engine.limits.kinds import KINDS, MANDATORY, Kind
from knowledge.values import canonical, digest

UNKNOWN_REGIME: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Limit:
    """One business bound. `bound` is in the unit of its kind; kinds without a number carry 0."""

    id: str
    layer: int
    kind: str
    bound: Fraction
    unit: str
    owner: str
    source: str
    effective: str
    regime: bool = False
    by: str = ""
    only: str = ""
    once: int = 0
    long: Fraction = Fraction(0)
    short: Fraction = Fraction(0)
    then: str = ""

    @property
    def spec(self) -> Kind:
        """The kind this limit names."""
        return KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A stress: an index move each instrument follows with its beta, or a number of its own daily sigmas."""

    id: str
    index: Fraction
    sigmas: Fraction
    source: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """Figures that shape orders and sizes; they are no bounds."""

    stop_distance: Fraction
    cluster_threshold: Fraction
    kelly_fraction: Fraction
    volatility_target: Fraction
    fee_per_share: Fraction
    fee_per_order: Fraction
    take_profit: Fraction | None = None
    """How far beyond its limit price an entry's target lies, as a share of that price; None for no targets."""


@dataclass(frozen=True)
class Limits:
    """The parsed file. `source` is its text; the fingerprint is the digest of that as a canonical JSON string."""

    source: str
    limits: tuple[Limit, ...]
    scenarios: tuple[Scenario, ...]
    parameters: Parameters
    regime_multipliers: MappingProxyType[str, Fraction]
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", digest(self.encoded))

    @cached_property
    def encoded(self) -> bytes:
        """The text as a canonical JSON string."""
        return canonical(self.source)

    def in_force(self, session: str) -> tuple[Limit, ...]:
        """The limits whose effective date is not after `session` (ISO date), and the mandatory ones, ordered."""
        return tuple(limit for limit in self.limits if limit.effective <= session or limit.kind in MANDATORY)

    def multiplier(self, regime: str) -> Fraction:
        """The regime's multiplier; an unknown regime takes the smallest of all."""
        smallest = min(self.regime_multipliers.values())
        return smallest if regime == UNKNOWN_REGIME else self.regime_multipliers.get(regime, smallest)

    @property
    def collar(self) -> Fraction:
        """The tightest price collar: how far an entry's worst price may lie from the reference, as a fraction."""
        return min(limit.bound for limit in self.limits if limit.kind == "price_collar")
