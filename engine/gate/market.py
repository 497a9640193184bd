"""What the gate needs to know of each instrument, read from the snapshot as exact fractions.

A figure that is absent stays `None`, and its name stands in `missing`: an instrument that lacks one admits no entry,
and a *held* instrument that lacks one admits no entry anywhere, because no limit can be computed around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Protocol

from engine.gate.correlations import correlations, first_of, others_of, said_by
from engine.limits.model import Scenario
from engine.orders.portfolio import Portfolio
from knowledge.facts import Fact, Snapshot
from knowledge.values import rational, text

ROOT_OF_YEAR = Fraction(1587, 100)
"""A rational just below the square root of 252 sessions, so that a daily volatility is never understated."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One instrument. Money is in the account's currency.

    `price` is the reference price in the instrument's currency; `unit` turns one price point of one share into account
    currency (multiplier times currency rate); `volatility` is annual; `average_volume` in shares a day.
    """

    instrument: str
    price: Fraction
    unit: Fraction
    tick: Fraction
    lot: int
    multiplier: Fraction
    average_volume: Fraction
    beta: Fraction
    volatility: Fraction
    true_range: Fraction
    sector: str
    issuer: str
    currency: str
    factors: tuple[Fraction, ...] = ()
    """Loadings of its daily return on the factors of the covariance; none where it has no covariance."""
    residual: Fraction = Fraction(0)
    """What of its daily variance no factor explains."""
    exposure: Fraction = field(init=False, compare=False)
    """Exposure of one share at the reference price."""
    daily_volatility: Fraction = field(init=False, compare=False)
    """Volatility of one session (variance scales with time), rounded up."""

    def __post_init__(self) -> None:
        # Every measure asks for them, of every instrument.
        object.__setattr__(self, "exposure", self.price * self.unit)
        object.__setattr__(self, "daily_volatility", self.volatility / ROOT_OF_YEAR)


@dataclass(frozen=True)
class Market:
    """All instruments of the snapshot and of the portfolio, and the clusters they form."""

    session: str
    terms: Mapping[str, Terms]
    missing: Mapping[str, tuple[str, ...]]
    clusters: tuple[tuple[str, ...], ...]
    """Instruments connected by |correlation| at or above the threshold, only clusters of two or more, sorted."""
    figures: Mapping[str, Fraction] = field(default_factory=dict)
    """Figures of the market as a whole, by name; a limit may say that it is in force only above or below one."""
    covariance_fault: str = ""
    """Why no instrument has a covariance although the snapshot says one, if that is so."""

    def cluster(self, instrument: str) -> tuple[str, ...]:
        """The cluster an instrument belongs to (itself alone where it is in none)."""
        return next((group for group in self.clusters if instrument in group), (instrument,))


Parts = tuple[Fact | None, ...]
"""What terms are made of: reference, bar, the four `MEASURES`, rate, and what an instrument adds to the covariance."""
MEASURES = ("average-volume-20", "beta-252", "volatility-20", "atr-14")


class Before(Protocol):
    """Who has made some of a market already, of facts that the snapshot turned out to hold."""

    def terms(self, name: str, parts: Parts) -> Terms | None:
        """The terms that are made of these very facts, if they are."""

    def near(self, found: Fact, threshold: Fraction) -> Near | None:
        """As `near_of` of this very fact, if it was asked."""


Near = tuple[frozenset[str], tuple[str, ...]]
"""Of one instrument all after it whose correlation with it is known, and those that are near it."""


def read_market(
    snapshot: Snapshot,
    portfolio: Portfolio,
    cluster_threshold: Fraction,
    scenarios: Iterable[Scenario] = (),
    before: Before | None = None,
) -> Market:
    """Read terms for every instrument of the universe, the positions and the working orders.

    An instrument that a scenario of single instruments leaves out lacks its loss, and so its terms. The market is the
    same whatever `before` has made.
    """
    names = set(snapshot.universe)
    names |= {held.instrument for held in portfolio.positions} | {one.order.instrument for one in portfolio.working}
    listing = [one for one in scenarios if one.instruments]
    terms: dict[str, Terms] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for name in sorted(names):
        parts = parts_of(snapshot.find, name)
        silent = [f"scenario {one.id}" for one in listing if name not in dict(one.instruments)]
        lacks = (*_lacking(parts, portfolio.currency), *silent)
        if lacks:
            missing[name] = lacks
        else:
            terms[name] = (before and before.terms(name, parts)) or terms_of(name, parts)
    terms, fault = _fitting(terms)
    clusters = _clusters(snapshot, sorted(names), cluster_threshold, before)
    figures = {fact.word("name"): rational(fact.number("value")) for fact in snapshot.all("market")}
    return Market(snapshot.as_of[:10], terms, missing, clusters, figures, fault)


def parts_of(find: Callable[..., Fact | None], name: str) -> Parts:
    """What there is of them; `find` takes a template and the words of its key."""
    reference = find("reference", name)
    rate = None if reference is None else find("rate", reference.word("currency"))
    return (
        reference,
        find("bar", name),
        *[find("indicator", name, measure) for measure in MEASURES],
        rate,
        find("risk", name),
    )


def _lacking(parts: Parts, account_currency: str) -> tuple[str, ...]:
    """What an entry needs and nobody says; the account's own currency needs no rate, and a covariance is no figure."""
    reference, rate = parts[0], parts[-2]
    needed = zip(("reference", "bar", *MEASURES), parts, strict=False)
    lacks = [label for label, fact in needed if fact is None]
    if reference is not None and rate is None and (currency := reference.word("currency")) != account_currency:
        lacks.append(f"rate of {currency}")
    return tuple(lacks)


def terms_of(name: str, parts: Parts) -> Terms:
    """The terms of an instrument that lacks nothing."""
    reference, bar, *measured, rate, risk = parts
    assert reference is not None and bar is not None, name
    average_volume, beta, volatility, true_range = map(_number, measured)
    multiplier = rational(reference.number("multiplier"))
    return Terms(
        instrument=name,
        price=rational(bar.number("close")),
        unit=multiplier if rate is None else multiplier * rational(rate.number("value")),
        tick=rational(reference.number("tick")),
        lot=int(reference.number("lot")),
        multiplier=multiplier,
        average_volume=average_volume,
        beta=beta,
        volatility=volatility,
        true_range=true_range,
        sector=reference.word("sector"),
        issuer=reference.word("issuer"),
        currency=reference.word("currency"),
        factors=() if risk is None else tuple(map(rational, risk.numbers("loadings"))),
        residual=Fraction(0) if risk is None else rational(risk.number("residual")),
    )


def _fitting(terms: dict[str, Terms]) -> tuple[dict[str, Terms], str]:
    """The same terms; without any covariance, and why, where the loadings do not fit together."""
    lengths = {len(one.factors) for one in terms.values() if one.factors}
    if len(lengths) < len(("one", "another")):
        return terms, ""
    bare = {name: replace(one, factors=(), residual=Fraction(0)) for name, one in terms.items()}
    return bare, f"loadings of {min(lengths)} and of {max(lengths)} factors"


def _number(fact: Fact | None) -> Fraction:
    assert fact is not None
    return rational(fact.number("value"))


def _clusters(
    snapshot: Snapshot, names: list[str], threshold: Fraction, before: Before | None = None
) -> tuple[tuple[str, ...], ...]:
    """Connected components; a pair without a published correlation counts as connected (fail closed)."""
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for first, second in _connected(snapshot, names, threshold, before):
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(root(name), []).append(name)
    return tuple(tuple(group) for _, group in sorted(groups.items()) if len(group) > 1)


def _connected(
    snapshot: Snapshot, names: list[str], threshold: Fraction, before: Before | None
) -> Iterator[tuple[str, str]]:
    """Pairs at or above the threshold, and all without a correlation.

    There are as many pairs as half the square of the instruments, so that each published one is looked at once, and
    pairs that are missing are searched for only where some are.
    """
    known, published = set(names), 0
    for found in said_by(snapshot):
        first = first_of(found)
        if first in known:
            others, near = (before and before.near(found, threshold)) or near_of(found, threshold)
            published += len(others) if known >= others else len(known & others)
            for second in near:
                if second in known:
                    yield first, second
    if 2 * published < len(names) * (len(names) - 1):
        pairs = {(first, second) for first, second, _ in correlations(snapshot)}
        yield from (pair for pair in combinations(names, 2) if pair not in pairs)


def near_of(found: Fact, threshold: Fraction) -> Near:
    """What one fact about correlations says."""
    first = first_of(found)
    said = [(second, value) for second, value in others_of(found) if first < second]
    above, below = threshold.as_integer_ratio()
    # As a decimal where its digits end, which is exact, and compared in a tenth of the time.
    digits = text(threshold)
    if "/" in digits:
        ratios = [(second, value.as_integer_ratio()) for second, value in said]
        near = [second for second, (top, bottom) in ratios if abs(top) * below >= above * bottom]
    else:
        high, low = Decimal(digits), Decimal(digits).copy_negate()
        near = [second for second, value in said if value >= high or value <= low]
    return frozenset([second for second, _ in said]), tuple(near)
