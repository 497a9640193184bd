"""The limits of a desk, as exact values. `engine/limits/text.py` reads them from `limits.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Final

from engine.limits.kinds import KINDS, MANDATORY, REGIMES, TRADING_STATES, Kind
from engine.limits.law import law_value
from knowledge.values import Json, canonical, digest, text

UNKNOWN_REGIME: Final = "unknown"
UNKNOWN_STATE: Final = ""
"""No trading state at all: whoever does not know it gets the limits of every state."""
NO_FIGURES: Final[Mapping[str, Fraction]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class When:
    """The circumstances in which a limit is in force: all that is named must hold. Nothing here can be changed by an
    order of the same decision, and what is not known counts as holding."""

    regimes: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    figure: str = ""
    """A figure of the market as a whole, by its name in the snapshot; with it `above`, `below` or both."""
    above: Fraction | None = None
    below: Fraction | None = None

    def holds(self, regime: str, state: str, figures: Mapping[str, Fraction]) -> bool:
        """Whether the limit is in force."""
        if self.regimes and regime in REGIMES and regime not in self.regimes:
            return False
        if self.states and state in TRADING_STATES and state not in self.states:
            return False
        value = figures.get(self.figure) if self.figure else None
        if value is None:
            return True
        return (self.above is None or value > self.above) and (self.below is None or value < self.below)

    def __str__(self) -> str:
        """As a sentence says it: `in regime bear or volatile`; `always` where nothing is named."""
        parts = [f"in {what} {' or '.join(names)}" for what, names in
                 (("regime", self.regimes), ("state", self.states)) if names]  # fmt: skip
        ends = (("above", self.above), ("below", self.below))
        parts += [f"{self.figure} {word} {text(end)}" for word, end in ends if end is not None]
        return " and ".join(parts) or "always"


ALWAYS: Final = When()


@dataclass(frozen=True, slots=True)
class Limit:
    """One business bound over one window of time; rows with one id are the same limit over different windows.

    `bound` is in the unit of its kind; kinds without a number carry 0. `effective` is the first day in force, `until`
    the last (empty: no end).
    """

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
    until: str = ""
    when: When = ALWAYS
    days: int = 1
    names: tuple[str, ...] = ()
    breach: str = "exit"
    """What a breach by the positions asks for: `exit`, or with `hold` nothing (docs/limits.md, Obligations)."""

    @property
    def spec(self) -> Kind:
        """The kind this limit names."""
        return KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A stress of one of four sorts; what each makes an instrument lose is written in docs/limits.md.

    Moves of the index, of sectors and of single instruments, as shares of the price, over dated sessions; a number of
    daily standard deviations that every position loses at once; or drawn paths, which are figures and bound nothing.
    """

    id: str
    index: Fraction
    sigmas: Fraction
    source: str
    begins: str = ""
    ends: str = ""
    """First and last session of what happened (ISO dates); empty for what never did."""
    sectors: tuple[tuple[str, Fraction], ...] = ()
    instruments: tuple[tuple[str, Fraction], ...] = ()
    """The move of each instrument, where the scenario says it of single ones: then it has to say it of all."""
    paths: int = 0
    seed: int = 0

    @property
    def drawn(self) -> bool:
        """Whether it is a number of drawn paths."""
        return self.paths > 0


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

    @cached_property
    def law(self) -> Json:
        """The limits as exact JSON values, which a record names by digest: a stranger's checker reads no YAML."""
        return law_value(self.limits, self.scenarios, self.parameters, self.regime_multipliers)

    @cached_property
    def law_digest(self) -> str:
        """Digest of the canonical bytes of `law`."""
        return digest(canonical(self.law))

    def in_force(
        self,
        session: str,
        regime: str = UNKNOWN_REGIME,
        state: str = UNKNOWN_STATE,
        figures: Mapping[str, Fraction] = NO_FIGURES,
    ) -> tuple[Limit, ...]:
        """The limits in whose window `session` (ISO date) lies and whose `when` holds, ordered; one row of an id.

        What is left out counts as unknown: then a limit is in force whatever its `when` says. A mandatory limit is in
        force before its first window, too.
        """
        return tuple(
            limit
            for limit in self._in_windows(session)
            if limit.when is ALWAYS or limit.when.holds(regime, state, figures)
        )

    def rows(self, session: str) -> dict[str, Limit]:
        """Of each id the row in whose window `session` lies; outside of all of them its last."""
        found = {one.id: one for one in sorted(self.limits, key=lambda row: row.effective)}
        return found | {one.id: one for one in self._in_windows(session)}

    def _in_windows(self, session: str) -> tuple[Limit, ...]:
        """The rows in whose window a session lies; kept for the session that was asked about last."""
        if session not in self._windows:
            self._windows.clear()
            self._windows[session] = tuple(one for one in self.limits if self._in_window(one, session))
        return self._windows[session]

    @cached_property
    def _windows(self) -> dict[str, tuple[Limit, ...]]:
        return {}

    def _in_window(self, limit: Limit, session: str) -> bool:
        begun = limit.effective <= session or (limit.kind in MANDATORY and limit.effective == self._first[limit.id])
        return begun and (not limit.until or session <= limit.until)

    @cached_property
    def _first(self) -> dict[str, str]:
        """The first effective date of each id."""
        return {one.id: one.effective for one in sorted(self.limits, key=lambda row: row.effective, reverse=True)}

    def multiplier(self, regime: str) -> Fraction:
        """The regime's multiplier; an unknown regime takes the smallest of all."""
        smallest = min(self.regime_multipliers.values())
        return smallest if regime == UNKNOWN_REGIME else self.regime_multipliers.get(regime, smallest)

    def collar(self, session: str) -> Fraction:
        """The tightest price collar of a session: how far a worst price may lie from the reference, as a fraction."""
        return min(one.bound for one in self._in_windows(session) if one.kind == "price_collar")
