"""A desk on a stage: the real runner, worker, log and broker over a market that a test writes itself.

Every instrument has the bars, facts and heads a test gives it, by session; nothing is trained and no file is read but
the law of the desk that ships. What is refused here is refused by the parts under attack, not by the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

from adapters.answers.explaining import explain
from adapters.audit.log import AuditLog, LogReader
from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.periods import DAILY, Period, period
from adapters.desk.folder import Desk
from adapters.desk.settings import read_settings
from adapters.paper.venue import Bar, Listing, Session
from adapters.running.runner import Runner
from adapters.running.worker import Worker
from adapters.running.world import Law
from advisors.actions import Action
from engine.limits.model import Limits
from engine.limits.text import read_limits
from engine.orders.tail_loss import NoTailLoss
from engine.telling.as_text import as_text
from knowledge.door import fact, freeze
from knowledge.facts import Fact, Snapshot
from knowledge.values import Json
from rules.rulebook import Rulebook, read_rulebook
from tests.made_correlations import all_alike
from tests.made_risk import risk

SHIPPED = Path(__file__).parents[2]
SESSIONS = ("2012-03-01", "2012-03-02", "2012-03-05", "2012-03-06", "2012-03-07", "2012-03-08")
PRICES = {"AAPL": "500", "IBM": "200", "KO": "70"}
SECTORS = {"AAPL": "technology", "IBM": "technology", "KO": "beverages"}
HEADS = ("rule-based", "sentiment", "technical", "volume")
INDICATORS = {
    "rsi-14": "55", "macd-histogram": "0.001", "bollinger-position": "0.6", "stochastic-k": "60", "adx-14": "25",
    "ema-20-distance": "0.01", "ema-50-200": "0.02", "obv-zscore": "0.5", "volume-ratio": "1.1",
    "average-volume-20": "9000000", "momentum-21": "0.02", "momentum-63": "0.06", "momentum-252": "0.1",
    "volatility-20": "0.22", "zscore-20": "0.5", "beta-252": "1.05", "interval-75": "0.02",
}  # fmt: skip
MARKET = {
    "index-ema-200-distance": "0.04", "index-momentum-63": "0.05", "index-volatility-rank": "0.4",
    "index-volatility-20": "0.15", "index-move": "0.004",
}  # fmt: skip
SETTINGS = """
[desk]
name = "stage"
account = "PAPER-1"
currency = "USD"
capital = 1_000_000
mode = "backtest"
"""


@cache
def rulebook() -> Rulebook:
    return read_rulebook(SHIPPED)


@cache
def limits() -> Limits:
    return read_limits((SHIPPED / "limits.yaml").read_text(encoding="utf-8"))


def desk(folder: Path, settings: str = SETTINGS) -> Desk:
    return Desk(folder, read_settings(settings.encode(), "warrant.toml"))


def instrument_facts(name: str, session: str, following: str, mood: str) -> list[Fact]:
    """A healthy instrument whose heads all say `mood` (long, short or flat)."""
    close = Decimal(PRICES[name])
    found = [
        fact("bar", instrument=name, session=session, open=close, high=close + 1, low=close - 1, close=close,
             volume=8_000_000),
        fact("reference", instrument=name, issuer=name.lower(), sector=SECTORS[name], currency="USD", exchange="XNYS",
             country="US", shortable="yes", lot=1, tick="0.01", multiplier=1),
        fact("calendar", instrument=name, session="open", next=following),
        fact("earnings", instrument=name, sessions=30),
        risk(name),
        fact("indicator", instrument=name, name="atr-14", value=close / 50),
    ]  # fmt: skip
    found += [fact("indicator", instrument=name, name=measure, value=value) for measure, value in INDICATORS.items()]
    return found + [
        fact("advisory", instrument=name, head=head, direction=mood, conviction="0.85", probability="0.58",
             weight="0.25", horizon="swing", model="m1")
        for head in HEADS
    ]  # fmt: skip


def shared_facts(names: Sequence[str]) -> list[Fact]:
    """What is about no single instrument."""
    found = [fact("market", name=name, value=value) for name, value in MARKET.items()]
    found.append(fact("rate", currency="USD", value=1))
    found += all_alike(names, "0.3")
    return found + [
        fact("head", head=head, status="healthy", model="m1", brier="0.24", psi="0.1", age=20, accuracy="0.54",
             observations=600, payoff="1.2", **{"hit-rate": "0.55"})
        for head in HEADS
    ]  # fmt: skip


@dataclass
class Stage:
    """A `World` made by hand. `moods` are by session and instrument; what is not said is flat."""

    desk: Desk
    names: tuple[str, ...] = ("AAPL", "IBM")
    moods: Mapping[tuple[str, str], str] = field(default_factory=dict)
    quotes: Mapping[tuple[str, str], Bar] = field(default_factory=dict)
    """Bars that differ from the instrument's usual one."""
    actions: Mapping[str, tuple[Action, ...]] = field(default_factory=dict)
    facts: Callable[[str, list[Fact]], list[Fact]] = lambda _, found: found
    """The last word on a session's facts."""
    first_decision: str = SESSIONS[0]

    @property
    def calendar(self) -> ExchangeCalendar:
        return _calendar()

    @property
    def listings(self) -> dict[str, Listing]:
        return {name: Listing(Decimal("0.01"), "USD", Decimal(1)) for name in self.names}

    def session(self, day: str) -> Session:
        return Session(day, self.calendar.open_instant(day), self.calendar.close_instant(day))

    def period(self, day: str) -> Period:
        return period(self.calendar, DAILY, day)

    def next_open(self, day: str) -> str:
        return self.calendar.open_instant(self.calendar.next_session(day))

    def sessions(self, first: str, last: str) -> tuple[str, ...]:
        return tuple(day for day in SESSIONS if first <= day <= last)

    def bars(self, day: str) -> dict[str, Bar]:
        return {name: self.quotes.get((day, name), usual(name)) for name in self.names}

    def prepare(self) -> None:
        """There is nothing to train."""

    def hush(self, against: object) -> None:
        """A stage has no heads that anybody approves."""

    def early(self, day: str, tell: Callable[[Sequence[Fact]], None]) -> None:
        """The snapshot is made in one go."""

    def tail_loss(self, day: str, values: Mapping[str, Decimal], nav: Decimal) -> NoTailLoss:
        return NoTailLoss("a stage has no past")

    def snapshot(self, day: str) -> Snapshot:
        following, facts = self.calendar.next_session(day), shared_facts(self.names)
        for name in self.names:
            facts += instrument_facts(name, day, following, self.moods.get((day, name), "flat"))
        return freeze(self.calendar.close_instant(day), self.names, self.facts(day, facts))


@cache
def _calendar() -> ExchangeCalendar:
    return ExchangeCalendar("XNYS", "2012-01-01", "2012-12-31")


def usual(name: str) -> Bar:
    close = Decimal(PRICES[name])
    return Bar(close, close + 1, close - 1, close, 8_000_000)


@contextmanager
def running(stage: Stage, worker: Worker | None = None, known: Limits | None = None) -> Iterator[Runner]:
    """A runner over the stage's log, begun as a desk is begun: the log read back, unfinished business resolved."""
    law = Law(rulebook(), known or limits())
    own = worker or Worker(law.rulebook, law.limits)
    try:
        with AuditLog.open(stage.desk.store) as log:
            runner = Runner(stage.desk, law, stage, log, own)  # type: ignore[arg-type]
            runner.start({"capital": str(stage.desk.settings.desk.capital)})
            runner.recover()
            yield runner
    finally:
        if worker is None:
            own.close()


def explained(stage: Stage) -> dict[str, list[str]]:
    """What is told of every record of the log, by its kind."""
    found: dict[str, list[str]] = {}
    with LogReader.read(stage.desk.store) as log:
        for record in log:
            found.setdefault(record["kind"], []).append(as_text(explain(log, record["record_id"])))
    return found


def records(stage: Stage, *kinds: str) -> list[Json]:
    with AuditLog.open(stage.desk.store) as log:
        return list(log.records(kinds))


def entries(record: Json) -> dict[str, str]:
    """Quantities of the warranted entries of a decision, by instrument."""
    orders = (one["order"] for one in record["warrants"])
    return {one["instrument"]: one["quantity"] for one in orders if one["role"] == "entry"}
