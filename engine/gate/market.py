"""What the gate needs to know of each instrument, read from the snapshot as exact fractions.

A figure that is absent stays `None`, and its name stands in `missing`: an instrument that lacks one admits no entry,
and a *held* instrument that lacks one admits no entry anywhere, because no limit can be computed around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from engine.gate.correlations import by_first, correlations
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


def read_market(
    snapshot: Snapshot, portfolio: Portfolio, cluster_threshold: Fraction, scenarios: Iterable[Scenario] = ()
) -> Market:
    """Read terms for every instrument of the universe, the positions and the working orders.

    An instrument that a scenario of single instruments leaves out lacks its loss, and so its terms.
    """
    names = set(snapshot.universe)
    names |= {held.instrument for held in portfolio.positions} | {one.order.instrument for one in portfolio.working}
    listing = [one for one in scenarios if one.instruments]
    terms: dict[str, Terms] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for name in sorted(names):
        found, lacks = _terms(snapshot, name, portfolio.currency)
        silent = tuple(f"scenario {one.id}" for one in listing if name not in dict(one.instruments))
        if silent:
            found, lacks = None, (*lacks, *silent)
        if found is None:
            missing[name] = lacks
        else:
            terms[name] = found
    terms, fault = _with_covariance(snapshot, terms)
    clusters = _clusters(snapshot, sorted(names), cluster_threshold)
    figures = {fact.word("name"): rational(fact.number("value")) for fact in snapshot.all("market")}
    return Market(snapshot.as_of[:10], terms, missing, clusters, figures, fault)


def _terms(snapshot: Snapshot, name: str, account_currency: str) -> tuple[Terms | None, tuple[str, ...]]:
    reference, bar = snapshot.find("reference", name), snapshot.find("bar", name)
    measures = ("average-volume-20", "beta-252", "volatility-20", "atr-14")
    found = {measure: snapshot.find("indicator", name, measure) for measure in measures}
    lacks = [label for label, fact in (("reference", reference), ("bar", bar), *found.items()) if fact is None]
    rate = Fraction(0)
    if reference is not None:
        currency = reference.word("currency")
        price = snapshot.find("rate", currency)
        if price is not None:
            rate = rational(price.number("value"))
        elif currency == account_currency:
            rate = Fraction(1)
        else:
            lacks.append(f"rate of {currency}")
    if lacks or reference is None or bar is None:
        return None, tuple(lacks)
    average_volume, beta, volatility, true_range = (_number(found[measure]) for measure in measures)
    multiplier = rational(reference.number("multiplier"))
    return Terms(
        instrument=name,
        price=rational(bar.number("close")),
        unit=multiplier * rate,
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
    ), ()


def _with_covariance(snapshot: Snapshot, terms: dict[str, Terms]) -> tuple[dict[str, Terms], str]:
    """The same terms with loadings and residuals; with none at all, and why, where the loadings do not fit together."""
    facts = {name: fact for name in terms if (fact := snapshot.find("risk", name)) is not None}
    loadings = {name: fact.numbers("loadings") for name, fact in facts.items()}
    lengths = {len(each) for each in loadings.values()}
    if len(lengths) > 1:
        return terms, f"loadings of {min(lengths)} and of {max(lengths)} factors"
    known = {
        name: replace(
            terms[name], factors=tuple(map(rational, loadings[name])), residual=rational(fact.number("residual"))
        )
        for name, fact in facts.items()
    }
    return {**terms, **known}, ""


def _number(fact: Fact | None) -> Fraction:
    assert fact is not None
    return rational(fact.number("value"))


def _clusters(snapshot: Snapshot, names: list[str], threshold: Fraction) -> tuple[tuple[str, ...], ...]:
    """Connected components; a pair without a published correlation counts as connected (fail closed)."""
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for first, second in _connected(snapshot, names, threshold):
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(root(name), []).append(name)
    return tuple(tuple(group) for _, group in sorted(groups.items()) if len(group) > 1)


def _connected(snapshot: Snapshot, names: list[str], threshold: Fraction) -> Iterator[tuple[str, str]]:
    """Pairs at or above the threshold, and all without a correlation.

    There are as many pairs as half the square of the instruments, so that each published one is looked at once, and
    pairs that are missing are searched for only where some are.
    """
    known, published = set(names), 0
    above, below = threshold.as_integer_ratio()
    # As a decimal where its digits end, which is exact, and compared in a tenth of the time.
    digits = text(threshold)
    bounds = None if "/" in digits else (Decimal(digits), Decimal(digits).copy_negate())
    for first, others, values in by_first(snapshot):
        if first not in known:
            continue
        said = [(second, value) for second, value in zip(others, values, strict=True)
                if second in known and first < second]  # fmt: skip
        published += len({second for second, _ in said})
        if bounds is None:
            ratios = [(second, value.as_integer_ratio()) for second, value in said]
            near = [second for second, (top, bottom) in ratios if abs(top) * below >= above * bottom]
        else:
            high, low = bounds
            near = [second for second, value in said if value >= high or value <= low]
        for second in near:
            yield first, second
    if 2 * published < len(names) * (len(names) - 1):
        found = {(first, second) for first, second, _ in correlations(snapshot)}
        yield from (pair for pair in combinations(names, 2) if pair not in found)
