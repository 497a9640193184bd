"""Limits as rows over symbolic exposures: the fourth reading of `docs/limits.md`, for a book nobody holds yet.

A symbolic book has NAV⁻ = 1. Each instrument of the desk has an exposure of either sign and a loss at its stop; what
was lost this session is free too. A row is linear in the absolute exposures of the long and of the short side and says
`value ≤ bound`, so that a limit is one row for each subject it has. Betas, sectors, issuers, currencies, volatilities
and clusters come from a named snapshot.

A row that holds at every point a filling can reach holds for the whole reach, so what is shown of points here is true
of books with working orders as well. Left out, because it is no matter of exposures: limits of one order, turnover and
cash (`engine/universe/caps.py`), conditions and trading states (`engine/universe/conditions.py`). Convex limits are no
sums; `majorants` bounds them by one, as if all correlations were one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import isqrt

from engine.gate.market import Market, Terms
from engine.limits.model import Limit, Limits, Scenario
from knowledge.templates import vocabulary

ONE = Fraction(1)
HORIZONS = tuple(str(one) for one in vocabulary().templates["candidate"].slots["horizon"].allowed)
OWN = "own"
"""The label of an instrument whose strategy holds nothing else: what a limit by strategy hinders least."""
FOCUS = "one strategy"
"""The label of the one strategy that a limit on any strategy is about."""
REST = "another"
"""The label of a horizon or strategy that no limit names."""

Tag = tuple[str, str]
"""What a row is restricted to: (`strategy` or `horizon`, label)."""


@dataclass(frozen=True)
class Row:
    """`Σ long·|x| over longs + Σ short·|x| over shorts + losses at stops (+ lost today) ≤ bound`, in shares of NAV⁻.

    `once` is the number of positions from which on the row counts; 0 for always.
    """

    limit: Limit
    subject: str
    bound: Fraction
    long: Mapping[str, Fraction] = field(default_factory=dict)
    short: Mapping[str, Fraction] = field(default_factory=dict)
    tag: Tag | None = None
    losses: frozenset[str] = frozenset()
    lost: bool = False
    once: int = 0

    @cached_property
    def key(self) -> str:
        """The name the gate gives the measure: `portfolio.sector[technology]`."""
        return f"{self.limit.id}[{self.subject}]" if self.subject else self.limit.id

    def covers(self, other: Row) -> bool:
        """Whether this row's value is at least the other's at every point, and its bound no larger."""
        return (
            self.bound <= other.bound
            and self.tag in (None, other.tag)
            and self.once <= other.once
            and (self.lost or not other.lost)
            and other.losses <= self.losses
            and _at_least(self.long, other.long)
            and _at_least(self.short, other.short)
        )


def _at_least(mine: Mapping[str, Fraction], theirs: Mapping[str, Fraction]) -> bool:
    """Coefficient by coefficient; what is not named is 0."""
    return all(mine.get(name, 0) >= value for name, value in theirs.items()) and all(
        value >= 0 or theirs.get(name, 0) <= value for name, value in mine.items()
    )


@dataclass(frozen=True)
class Labels:
    """The strategies and horizons that need telling apart under some limits files."""

    strategies: tuple[str, ...]
    horizons: tuple[str, ...]

    @classmethod
    def of(cls, rows: Iterable[Limit]) -> Labels:
        """Labels for these limits: what they name, and one for all others."""
        grouped = [one for one in rows if one.kind == "group_gross"]
        named = sorted({one.only for one in grouped if one.by == "strategy" and one.only})
        anyone = any(one.by == "strategy" and not one.only for one in grouped)
        only = sorted({one.only for one in grouped if one.by == "horizon" and one.only})
        every = any(one.by == "horizon" and not one.only for one in grouped) or len(only) >= len(HORIZONS)
        return cls((*named, OWN if anyone else REST), HORIZONS if every else (*only, REST) if only else (REST,))

    def with_focus(self) -> Labels:
        """The same with one strategy that holds as many instruments as it likes."""
        return Labels((*self.strategies, FOCUS), self.horizons)

    @property
    def classes(self) -> tuple[tuple[str, str], ...]:
        """Every pair of strategy and horizon."""
        return tuple((one, other) for one in self.strategies for other in self.horizons)


@dataclass(frozen=True)
class Scope:
    """What rows are made for: a market read with a file's parameters, the file, a regime's multiplier, labels."""

    market: Market
    limits: Limits
    multiplier: Fraction
    labels: Labels

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Instruments whose figures are complete; nothing is entered in another."""
        return tuple(self.market.terms)

    def bound(self, limit: Limit) -> Fraction:
        """The bound as a share of NAV⁻ in this regime."""
        return limit.bound * (self.multiplier if limit.regime else ONE)


def rows(limit: Limit, scope: Scope) -> Iterator[Row]:
    """One limit as rows, by subject. Kinds that bound no exposure have none."""
    make = _KINDS.get(limit.kind)
    if make is not None:
        yield from make(limit, scope)


def _flat(names: Iterable[str], weight: Fraction = ONE) -> dict[str, Fraction]:
    return dict.fromkeys(names, weight)


def _gross(limit: Limit, scope: Scope, names: Sequence[str], subject: str, tag: Tag | None = None) -> Row:
    weights = _flat(names)
    return Row(limit, subject, scope.bound(limit), weights, weights, tag)


def _signed(limit: Limit, scope: Scope, weights: Mapping[str, Fraction], subject: str) -> Row:
    """A sum that counts shorts against longs."""
    return Row(limit, subject, scope.bound(limit), weights, {name: -weight for name, weight in weights.items()})


def _instruments(limit: Limit, scope: Scope) -> Iterator[Row]:
    return (_gross(limit, scope, (name,), name) for name in scope.names)


def _beta(limit: Limit, scope: Scope) -> Iterator[Row]:
    betas = {name: scope.market.terms[name].beta for name in scope.names}
    yield _signed(limit, scope, betas, ":long")
    yield _signed(limit, scope, {name: -beta for name, beta in betas.items()}, ":short")


def _groups(limit: Limit, scope: Scope) -> Iterator[Row]:
    if limit.by in ("strategy", "horizon"):
        yield from _tagged(limit, scope)
        return
    members: dict[str, list[str]] = {}
    for name in scope.names:
        members.setdefault(getattr(scope.market.terms[name], limit.by), []).append(name)
    for group in sorted(members):
        if limit.only in ("", group):
            yield _gross(limit, scope, members[group], group)


def _tagged(limit: Limit, scope: Scope) -> Iterator[Row]:
    labels = scope.labels.strategies if limit.by == "strategy" else scope.labels.horizons
    for label in labels:
        if limit.only not in ("", label):
            continue
        if label == OWN:
            yield from (_gross(limit, scope, (name,), f"of {name} alone", (limit.by, OWN)) for name in scope.names)
        else:
            yield _gross(limit, scope, scope.names, label, (limit.by, label))


def _clusters(limit: Limit, scope: Scope) -> Iterator[Row]:
    for cluster in scope.market.clusters:
        members = [name for name in cluster if name in scope.market.terms]
        yield _gross(limit, scope, members, "+".join(cluster))


def _concentration(limit: Limit, scope: Scope) -> Iterator[Row]:
    others = _flat(scope.names, -limit.bound)
    for chosen in scope.names:
        weights = {**others, chosen: 1 - limit.bound}
        yield Row(limit, chosen, Fraction(0), weights, weights, once=limit.once)


def _margin(limit: Limit, scope: Scope) -> Iterator[Row]:
    yield Row(limit, "", scope.bound(limit), _flat(scope.names, limit.long), _flat(scope.names, limit.short))


def _stress(limit: Limit, scope: Scope) -> Iterator[Row]:
    for scenario in scope.limits.scenarios:
        if scenario.sigmas:
            falls = {name: scenario.sigmas * scope.market.terms[name].daily_volatility for name in scope.names}
            yield Row(limit, scenario.id, scope.bound(limit), falls, falls)
        elif not scenario.drawn:
            moves = {name: _moves(scenario, scope.market.terms[name]) for name in scope.names}
            longs = {name: max((-move for move in each), default=Fraction(0)) for name, each in moves.items()}
            shorts = {name: max(each, default=Fraction(0)) for name, each in moves.items()}
            yield Row(limit, scenario.id, scope.bound(limit), longs, shorts)


def _moves(scenario: Scenario, terms: Terms) -> list[Fraction]:
    """What may move the price of an instrument (docs/limits.md): a position loses by the worst of it."""
    single = [move for name, move in scenario.instruments if name == terms.instrument]
    sector = [move for name, move in scenario.sectors if name == terms.sector]
    return [*single, *sector, *([terms.beta * scenario.index] if scenario.index else [])]


def _stop_loss(limit: Limit, scope: Scope) -> Iterator[Row]:
    return (Row(limit, name, scope.bound(limit), losses=frozenset((name,))) for name in scope.names)


def _all_stops(limit: Limit, scope: Scope) -> Iterator[Row]:
    lost = limit.kind == "loss_budget"
    yield Row(limit, "", scope.bound(limit), losses=frozenset(scope.names), lost=lost)


def _net(sign: int) -> Callable[[Limit, Scope], Iterator[Row]]:
    return lambda limit, scope: iter([_signed(limit, scope, _flat(scope.names, Fraction(sign)), "")])


_ROOTS = 10**9
UNCOVERED = Fraction(1000)
"""The weight of an instrument without a covariance in a row that shall keep away from it."""


def majorants(limit: Limit, scope: Scope, wary: bool) -> Iterator[Row]:
    """A convex limit's multiple of σ, bounded from above by `Σ multiple·σ_i·|x_i|`: a standard deviation is a norm.

    Where `wary`, instruments without a covariance weigh so much that no book holds them; else they are left out.
    """
    squared = _squared_multiple(limit)
    if squared is not None:
        weights = {}
        for name, terms in scope.market.terms.items():
            variance = sum((one * one for one in terms.factors), Fraction(0)) + terms.residual
            weights[name] = root(squared * variance) if terms.factors else UNCOVERED if wary else Fraction(0)
        yield Row(limit, "at correlation one", scope.bound(limit), weights, weights)


def _squared_multiple(limit: Limit) -> Fraction | None:
    """The square of what σ is multiplied with (docs/limits.md)."""
    match limit.kind:
        case "volatility":
            return Fraction(252)
        case "value_at_risk":
            return Fraction("1.644854") ** 2 * limit.days
        case "expected_shortfall":
            return Fraction("2.062713") ** 2
    return None


def squared_value(limit: Limit, scope: Scope, exposures: Mapping[str, Fraction]) -> Fraction:
    """The square of a convex limit's value for signed exposures in shares of NAV⁻."""
    squared = _squared_multiple(limit)
    assert squared is not None, limit.kind
    terms = scope.market.terms
    count = max((len(one.factors) for one in terms.values()), default=0)
    held = {name: value for name, value in exposures.items() if value and len(terms[name].factors) == count}
    loads = (sum((terms[name].factors[at] * value for name, value in held.items()), Fraction(0)) for at in range(count))
    rest = sum((terms[name].residual * value * value for name, value in held.items()), Fraction(0))
    return squared * (sum((one * one for one in loads), Fraction(0)) + rest)


def root(square: Fraction) -> Fraction:
    """A rational no smaller than the square root, by less than a billionth."""
    return Fraction(isqrt(square * _ROOTS**2 // 1) + 1, _ROOTS) if square else Fraction(0)


_KINDS: Mapping[str, Callable[[Limit, Scope], Iterator[Row]]] = {
    "instrument_exposure": _instruments,
    "gross": lambda limit, scope: iter([_gross(limit, scope, scope.names, "")]),
    "net_long": _net(1),
    "net_short": _net(-1),
    "beta": _beta,
    "group_gross": _groups,
    "cluster_gross": _clusters,
    "concentration": _concentration,
    "margin": _margin,
    "stress": _stress,
    "stop_loss": _stop_loss,
    "open_risk": _all_stops,
    "loss_budget": _all_stops,
}
CONVEX_KINDS = frozenset(("volatility", "value_at_risk", "expected_shortfall"))
"""Kinds that `majorants` bounds."""
ROW_KINDS = frozenset(_KINDS)
"""Kinds that have rows."""
