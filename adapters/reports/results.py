"""The results of a run: its tally, its NAV beside buy-and-hold, the record of its heads, the root of its log.

Made from the log and the market alone, so it can be made again at any time, with the same bytes. `worth` says in words
what the numbers are worth, and says it from the numbers: a head has no skill until its interval says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from adapters.answers.lookup import evidence_of
from adapters.audit.log import LogReader
from adapters.frame import Failed
from adapters.reports.performance import (
    Estimate,
    Floats,
    Performance,
    buy_and_hold,
    drawdowns,
    excess,
    performance,
    wilson,
)
from adapters.reports.summary import Tally, tally
from adapters.running.world import World
from advisors.heads.base import HORIZON
from engine.books.books import Books
from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from engine.orders.portfolio import Mode
from knowledge.values import Json, parse

COIN_BRIER = 0.25
"""The Brier score of always saying one half."""


@dataclass(frozen=True, slots=True)
class HeadRecord:
    """What one head's opinions were worth out of sample, as known at the last decision."""

    name: str
    status: str
    bets: int
    wins: Estimate | None
    """Share of winning bets. Bets of neighbouring sessions overlap, so only one in `HORIZON` counts for the interval;
    instruments move together too, so the true interval is wider still."""
    payoff: float
    brier: float

    @property
    def speaks(self) -> bool:
        """Whether there is a record at all."""
        return self.wins is not None

    @property
    def skilled(self) -> bool:
        """Whether it won surely more often than not, and was better calibrated than a coin."""
        return self.wins is not None and self.wins.low > 0.5 and self.brier < COIN_BRIER


@dataclass(frozen=True)
class Results:
    """Everything a summary and a report show."""

    tally: Tally
    limits: Limits
    """Those of the last decision."""
    currency: str
    trained_until: str
    held: tuple[str, ...]
    """What buy-and-hold bought: the instruments listed at the first session."""
    benchmark: Floats
    """NAV of buy-and-hold, shaped as `navs`."""
    heads: tuple[HeadRecord, ...]
    last_id: str
    inputs: dict[str, str]
    """Digests that the last decision names."""
    versions: dict[str, str]
    records: int
    root: str
    sessions_a_year: int
    own_bars: bool = False
    """Whether the bars are the desk's own, and not the sample, whose names we know."""

    @cached_property
    def navs(self) -> Floats:
        """NAV at each close."""
        return np.array([float(nav) for nav in self.tally.navs], dtype=np.float64)

    @cached_property
    def performance(self) -> Performance | None:
        """Figures of the run."""
        return performance(self.navs, self.sessions_a_year)

    @cached_property
    def benchmark_performance(self) -> Performance | None:
        """Figures of buy-and-hold."""
        return performance(self.benchmark, self.sessions_a_year)

    @cached_property
    def excess(self) -> Estimate | None:
        """Annual difference to buy-and-hold."""
        return excess(self.navs, self.benchmark, self.sessions_a_year)

    @cached_property
    def drawdowns(self) -> Floats:
        """Drawdown of the run at each close."""
        return drawdowns(self.navs)

    @property
    def exposure(self) -> float:
        """Mean absolute exposure at the close, as a share of NAV."""
        daily = [float(sum(one.values())) for one in self.tally.exposures]
        return sum(daily) / len(daily) if daily else 0.0

    def to_json(self) -> Json:
        """The summary as JSON. Money is text; shares and intervals are numbers."""
        counts, run, hold = self.tally, self.performance, self.benchmark_performance
        denied = counts.denied()
        return {
            "first_session": counts.sessions[0],
            "last_session": counts.sessions[-1],
            "cycles": counts.cycles,
            "faults": len(counts.faults),
            "verdicts": dict(sorted(counts.outcomes.items())),
            "candidates": len(counts.fates),
            "denied": {
                "on_its_own": sum(not one.crowded_out for one in denied),
                "crowded_out": sum(one.crowded_out for one in denied),
                "by_reason": [asdict(one) for one in counts.refusals()],
                "by_policy": dict(counts.policies().most_common()),
            },
            "cut_by": dict(counts.cuts().most_common()),
            "silences": [{"rules": list(chain), "times": times} for chain, times in counts.closest().most_common()],
            "exits": dict(counts.exits.most_common()),
            "fills": dict(sorted(counts.fills.items())),
            "costs": {"commission": str(counts.commission), "slippage": str(counts.slippage)},
            "nav": {"first": f"{self.navs[0]:.2f}", "last": f"{self.navs[-1]:.2f}", "currency": self.currency},
            "mean_exposure": self.exposure,
            "performance": None if run is None else run.to_json(),
            "buy_and_hold": {
                "instruments": list(self.held),
                "last": f"{self.benchmark[-1]:.2f}",
                "performance": None if hold is None else hold.to_json(),
            },
            "excess": None if self.excess is None else asdict(self.excess),
            "heads": [asdict(one) for one in self.heads],
            "worth": list(worth(self)),
            "records": self.records,
            "root": self.root,
        }


def read_results(log: LogReader, world: World) -> Results:
    """Read the results of the run in `log`. Raises `Failed` where it has decided nothing."""
    settings = world.desk.settings.desk
    last = next(log.records(["decision"], newest_first=True), None)
    if last is None:
        raise Failed(f"the log `{log.path}` has no decision to report; run `warrant doctor`")
    limits = recorded_limits(parse(log.blob(last["inputs"]["limits"])))
    sectors = {one.symbol: one.sector for one in world.instruments}
    books = Books.open(settings.account, Mode(settings.mode), settings.currency, settings.capital)
    counts = tally(log.records(), limits.limits, sectors, books)
    held = world.listed(world.sessions(counts.sessions[0], counts.sessions[0])[-1])
    return Results(
        tally=counts,
        limits=limits,
        currency=settings.currency,
        trained_until=world.trained_until,
        held=held,
        benchmark=buy_and_hold(world.survey.market.panel, held, counts.sessions, float(settings.capital)),
        heads=tuple(_heads(log, last)),
        last_id=last["record_id"],
        inputs=dict(sorted(last["inputs"].items())),
        versions=dict(sorted(next(log.records(["start"]))["versions"].items())),
        records=log.size,
        root=log.root.hex(),
        sessions_a_year=world.calendar.sessions_a_year,
        own_bars=world.desk.settings.feed.kind != "sample",
    )


def worth(results: Results) -> Iterator[str]:
    """What the result is worth, in sentences that follow from the numbers."""
    names = sorted(results.tally.sectors)
    what = f"The {len(names)} instruments ({', '.join(names)}) are"
    if results.own_bars:
        yield (
            f"{what} those of this desk. If whoever picked them knew how they went, or if those that vanished are"
            " missing, whatever may buy them looks better for it, and buy-and-hold most of all."
        )
    else:
        yield (
            f"{what} well-known names, picked by people who knew that they would survive and grow. Whatever may buy"
            " such names looks better for it, and buy-and-hold most of all."
        )
    speaking = [head for head in results.heads if head.wins is not None]
    told = ", ".join(_won(head) for head in speaking)
    silent = [head.name for head in results.heads if head.wins is None]
    skilled = [head.name for head in speaking if head.skilled]
    verdict = (
        "No head shows skill: the models likely have none."
        if not skilled
        else f"Only {', '.join(skilled)} won surely more often than not; among several heads one does by luck now and"
        " then, so the models likely have no skill."
    )
    if silent:
        verdict += f" {_list(silent).capitalize()} had nothing to say."
    yield f"Out of sample, {told or 'no head has a record'}. {verdict}"
    run, difference = results.performance, results.excess
    if run is not None and difference is not None:
        sure = "is" if run.annual.excludes_zero else "is not"
        yield (
            f"The run made {percent(run.annual.value)} a year ({interval(run.annual)}), which {sure} distinguishable"
            f" from nothing, with {percent(results.exposure)} of NAV invested on average. Buy-and-hold was invested in"
            " full and paid no costs, so the distance between the two curves is mostly a difference in exposure."
        )
    yield (
        "This shows what the machinery decides and why. It is no promise of returns, and no advice; one run over one"
        " past, with rules written by people who know how it went, proves nothing about another."
    )


def percent(share: float, places: int = 2) -> str:
    """A share in per cent for a reader; no minus before a zero."""
    shown = f"{share * 100:.{places}f}"
    return f"{shown.removeprefix('-') if float(shown) == 0 else shown.replace('-', '−')} %"


def interval(estimate: Estimate, places: int = 2) -> str:
    """The ends of a 95 % interval."""
    return f"95 %: {percent(estimate.low, places)} to {percent(estimate.high, places)}"


def sure(estimate: Estimate) -> str:
    """A share with its interval."""
    return f"{percent(estimate.value)} ({interval(estimate)})"


def ratio(estimate: Estimate) -> str:
    """A plain number with its interval."""
    return f"{estimate.value:.2f} (95 %: {estimate.low:.2f} to {estimate.high:.2f})".replace("-", "−")


def _won(head: HeadRecord) -> str:
    assert head.wins is not None
    return (
        f"{head.name} won {percent(head.wins.value, 1)} of {head.bets:,} bets ({interval(head.wins, 1)}; Brier score"
        f" {head.brier:.4f}, a coin's is {COIN_BRIER:.4f})"
    )


def _heads(log: LogReader, last: Json) -> Iterator[HeadRecord]:
    for fact in evidence_of(log, last).snapshot.all("head"):
        bets, share = int(fact.number("observations")), float(fact.number("hit-rate"))
        yield HeadRecord(
            name=fact.word("head"),
            status=fact.word("status"),
            bets=bets,
            wins=wilson(share, bets / HORIZON) if bets else None,
            payoff=float(fact.number("payoff")),
            brier=float(fact.number("brier")),
        )


def _list(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
