"""What a run came to, read back from its log: verdicts, refusals by layer and reason, fills, NAV, drawdown.

Everything is a fold over records; nothing is remembered from the run itself, so a summary of an old log is as good as
one of a run that has just ended. Returns are reported beside buy-and-hold of the same instruments, with intervals from
a stationary bootstrap (Politis and Romano, "The Stationary Bootstrap", JASA 89, 1994) and a fixed seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.books import Books, apply
from engine.limits import Limits
from knowledge.values import Json

Floats = NDArray[np.float64]
SESSIONS_A_YEAR = 252
BOOTSTRAPS = 2_000
BLOCK = 10
"""Mean length of a bootstrap block, in sessions: two weeks, longer than any holding of the swing horizon."""
SEED = 20110103


@dataclass
class Tally:
    """Counts and series of one run. Series are by session, in order."""

    limits: Limits
    sectors: Mapping[str, str]
    books: Books
    cycles: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Denied candidates by (layer, reason); one with several reasons counts under each."""
    refusals_by_month: dict[str, Counter[int]] = field(default_factory=dict)
    cuts: Counter[tuple[int, str]] = field(default_factory=Counter)
    silences: Counter[str] = field(default_factory=Counter)
    """Instruments without a candidate, by the rule that came closest."""
    fills: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    exits: Counter[str] = field(default_factory=Counter)
    sessions: list[str] = field(default_factory=list)
    navs: list[float] = field(default_factory=list)
    exposures: list[dict[str, float]] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    regimes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Outcome -> (record id, instrument, session) of a telling example."""

    def take(self, record: Json) -> None:
        """Count one record."""
        self.books = apply(self.books, record)
        match record["kind"]:
            case "decision":
                self._decision(record)
            case "fill":
                self.fills[record["role"]] += 1
            case "fault":
                self.faults.append(record["fault"])
            case "books" if record["entry"] == "session":
                self._session(record)

    def _decision(self, record: Json) -> None:
        self.cycles += 1
        self.states[record["trading_state"]] += 1
        self.regimes[record["regime"]] += 1
        if record["fault"]:
            self.faults.append(record["fault"])
        day = record["as_of"][:10]
        for verdict in record["verdicts"]:
            outcome = verdict["outcome"]
            self.outcomes[outcome] += 1
            if outcome == "denied":
                for reason in verdict["reasons"]:
                    layer = self.layer(reason)
                    self.refusals[layer, reason] += 1
                    self.refusals_by_month.setdefault(day[:7], Counter())[layer] += 1
            elif outcome == "cut":
                self.cuts.update((self.layer(reason), reason) for reason in verdict["reasons"])
            elif outcome == "no-candidate" and verdict.get("miss"):
                self.silences[verdict["miss"]["rule"]] += 1
            crowded = outcome == "denied" and all(core["grants"] for core in verdict["cores"])
            self.examples["crowded" if crowded else outcome] = (record["record_id"], verdict["instrument"], day)
        for one in record["exits"]:
            self.exits.update(one["reasons"])

    def _session(self, record: Json) -> None:
        self.sessions.append(record["session"])
        self.navs.append(float(self.books.closing_nav))
        exposure: dict[str, float] = {}
        for name, held in self.books.holdings.items():
            price = Decimal(record["closes"][name]) if name in record["closes"] else held.last_price
            sector = self.sectors.get(name, "other")
            exposure[sector] = exposure.get(sector, 0.0) + float(held.units * Fraction(price))
        self.exposures.append(exposure)

    def layer(self, reason: str) -> int:
        """The layer of a reason code; sizing stands before the layers, as 0."""
        return next((one.layer for one in self.limits.limits if one.id == reason), 0)


def tally(records: Iterable[Json], limits: Limits, sectors: Mapping[str, str], books: Books) -> Tally:
    """Read a whole log. `books` are the empty books the run began with."""
    result = Tally(limits, sectors, books)
    for record in records:
        result.take(record)
    return result


@dataclass(frozen=True)
class Performance:
    """One NAV series: daily returns, what they compound to, and how sure that is (95 % intervals)."""

    total: float
    annual: float
    annual_low: float
    annual_high: float
    sharpe: float
    sharpe_low: float
    sharpe_high: float
    drawdown: float
    volatility: float


def performance(navs: Floats) -> Performance:
    """Figures of a NAV series shaped (sessions,); simple daily returns, 252 sessions a year, no risk-free rate."""
    returns = navs[1:] / navs[:-1] - 1
    low, high, sharpe_low, sharpe_high = _intervals(returns)
    peak = np.maximum.accumulate(navs)
    return Performance(
        total=float(navs[-1] / navs[0] - 1),
        annual=float(returns.mean() * SESSIONS_A_YEAR),
        annual_low=low,
        annual_high=high,
        sharpe=_sharpe(returns),
        sharpe_low=sharpe_low,
        sharpe_high=sharpe_high,
        drawdown=float((1 - navs / peak).max()),
        volatility=float(returns.std(ddof=1) * np.sqrt(SESSIONS_A_YEAR)),
    )


def excess(navs: Floats, benchmark: Floats) -> tuple[float, float, float]:
    """Annual mean of the daily differences to a benchmark, with its 95 % interval."""
    difference = (navs[1:] / navs[:-1]) - (benchmark[1:] / benchmark[:-1])
    low, high, _, _ = _intervals(difference)
    return float(difference.mean() * SESSIONS_A_YEAR), low, high


def _sharpe(returns: Floats) -> float:
    deviation = returns.std(ddof=1)
    return float(returns.mean() / deviation * np.sqrt(SESSIONS_A_YEAR)) if deviation > 0 else 0.0


def _intervals(returns: Floats) -> tuple[float, float, float, float]:
    """95 % intervals of annual mean and Sharpe ratio."""
    from arch.bootstrap import StationaryBootstrap

    bootstrap = StationaryBootstrap(BLOCK, returns, seed=SEED)
    drawn = np.array(
        [(sample[0].mean() * SESSIONS_A_YEAR, _sharpe(sample[0])) for sample, _ in bootstrap.bootstrap(BOOTSTRAPS)]
    )
    (low, sharpe_low), (high, sharpe_high) = np.quantile(drawn, [0.025, 0.975], axis=0)
    return float(low), float(high), float(sharpe_low), float(sharpe_high)
