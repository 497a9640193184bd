"""A witness in whole lots, and what the real gate says of it under a file.

The snapshot the conditions read is made for the purpose: healthy heads that speak for the entry, fresh bars, a calm
index, unless the witness says otherwise; prices, volumes, sectors and clusters are those of the named snapshot. Then
the code that decides every day does what it does: trading states, conditions, and the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction

from engine.gate.circumstances import Case as Candidate
from engine.gate.circumstances import Circumstances
from engine.gate.conditions import findings
from engine.gate.judge import Outcome, judge
from engine.gate.market import Market
from engine.gate.measures import measures
from engine.gate.proposals import Entry, Grant
from engine.gate.reach import read_book, state_of
from engine.gate.scope import Scope
from engine.gate.states import trading_state
from engine.limits.model import Limit, Limits
from engine.orders.portfolio import Portfolio
from engine.universe.cases import Case
from knowledge.door import fact, freeze
from knowledge.facts import Fact, Snapshot
from knowledge.values import Json, text

HEADS = 6
"""Heads that speak for a witness, unless it says how many."""


@dataclass(frozen=True)
class Figures:
    """What the conditions read of the market and the models, by kind of limit; healthy where nothing is said."""

    values: Mapping[str, Fraction] = field(default_factory=dict)

    def of(self, kind: str, healthy: int = 0) -> Fraction:
        """The figure that the kind of limit reads."""
        return self.values.get(kind, Fraction(healthy))


@dataclass(frozen=True)
class Asked:
    """A portfolio, an entry and the circumstances, for the gate to judge."""

    case: Case
    portfolio: Portfolio
    entry: Entry
    figures: Figures = field(default_factory=Figures)

    def to_json(self) -> Json:
        """The canonical JSON value."""
        entry = self.entry
        return {
            "session": self.case.session,
            "regime": self.case.regime,
            "figures": {name: text(value) for name, value in sorted(self.case.known.items())},
            "conditions": {kind: text(value) for kind, value in sorted(self.figures.values.items())},
            "portfolio": self.portfolio.to_json(),
            "entry": {
                "instrument": entry.instrument,
                "side": entry.side.value,
                "quantity": text(entry.target),
                "limit_price": text(entry.limit_price),
                "stop_price": text(entry.stop_price),
                "strategy": entry.strategy,
                "horizon": entry.horizon,
            },
        }


@dataclass(frozen=True)
class Told:
    """What the gate says under one file: outcome, quantity, the limits that refuse, readings, the trading state."""

    outcome: Outcome
    quantity: Fraction
    reasons: tuple[str, ...]
    readings: Mapping[str, tuple[Fraction, Fraction]]
    """Value and bound of what refuses, with the whole order, by measure, in money."""
    state: str
    nav: Fraction

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "outcome": self.outcome.value,
            "quantity": text(self.quantity),
            "limits": list(self.reasons),
            "trading_state": self.state,
        }


def replay(asked: Asked, market: Market, limits: Limits, reading: bool = False) -> Told:
    """Judge it by the gate under a file; `market` is read with the file's parameters. Readings only where asked for."""
    case = asked.case
    known = dict(case.known)
    if "index_volatility" in asked.figures.values:
        known["index-volatility-rank"] = asked.figures.of("index_volatility")
    known.setdefault("index-move", asked.figures.of("index_move"))
    place = replace(market, session=case.session, figures=known)
    state, states = trading_state(asked.portfolio, place, limits, case.regime)
    book = read_book(asked.portfolio, (), place, limits)
    snapshot = _snapshot(asked, case.session)
    here = Circumstances(snapshot, asked.portfolio, place, book, (), limits, regime=case.regime, state=state)
    entry = asked.entry
    policies = () if asked.figures.of("policy") == 0 else ("a policy forbids it",)
    candidate = Candidate(entry.instrument, entry.side, _strategy(here, entry), entry.horizon, policies)
    entry = replace(entry, findings=findings(here, states, candidate))
    judgement = judge(book, (entry,), place, limits, case.regime, state)
    (ruling,) = judgement.rulings
    reasons = tuple(dict.fromkeys(
        [core.limit for core in ruling.cores] + [reading.limit for reading in ruling.binding]
    ))  # fmt: skip
    readings = _readings(Scope(book, (entry,), place, limits, case.regime, state), entry, reasons) if reading else {}
    nav = Fraction(asked.portfolio.nav)
    return Told(ruling.outcome, ruling.quantity, reasons, readings, state, nav)


def _strategy(here: Circumstances, entry: Entry) -> str:
    """Whose the order is, is free: somebody's who may trade, where the file says who may."""
    listed = permitted(here.in_force())
    return entry.strategy if not listed or entry.strategy in listed else min(listed)


def permitted(in_force: Iterable[Limit]) -> frozenset[str]:
    """The strategies that may trade under all limits that name them; empty where none does."""
    listed = [frozenset(one.names) for one in in_force if one.kind == "strategies"]
    return frozenset.intersection(*listed) if listed else frozenset()


def _readings(scope: Scope, entry: Entry, limits: tuple[str, ...]) -> dict[str, tuple[Fraction, Fraction]]:
    """Value and bound of the measures of these limits, with the whole order."""
    if entry.instrument not in scope.terms:
        return {}
    after = state_of(scope.book, (Grant(entry, entry.target),), scope.market, scope.limits)
    return {
        one.key: (one.value(after), one.bound(after))
        for one in measures(scope)
        if one.limit.id in limits and one.limit.spec.form == "linear"
    }


def _snapshot(asked: Asked, session: str) -> Snapshot:
    """The facts that the conditions read about the entry's instrument."""
    name, figures = asked.entry.instrument, asked.figures
    following = (date.fromisoformat(session) + timedelta(days=1)).isoformat()
    seen = (date.fromisoformat(session) - timedelta(days=int(figures.of("data_age")))).isoformat()
    prices = dict.fromkeys(("open", "high", "low", "close"), "1")
    facts = [
        fact("calendar", instrument=name, session="open", next=following),
        fact("bar", instrument=name, session=seen, volume=1, **prices),
        fact("indicator", instrument=name, name="ema-20-distance", value=text(figures.of("window_collar"))),
        fact("indicator", instrument=name, name="interval-75", value=text(figures.of("interval_width"))),
        *_heads(asked),
    ]
    if figures.of("data_quality"):
        facts.append(fact("quality", instrument=name, issue="gap", detail="made for a witness"))
    return freeze(f"{session}T21:00:00Z", (name,), facts)


def _heads(asked: Asked) -> list[Fact]:
    figures, facts = asked.figures, list[Fact]()
    direction = "long" if asked.entry.side.sign > 0 else "short"
    record = {
        "brier": text(figures.of("head_brier")),
        "psi": text(figures.of("head_psi")),
        "age": int(figures.of("head_age")),
        "accuracy": "0.5", "hit-rate": "0.5", "payoff": "1", "observations": 1,
    }  # fmt: skip
    # One unhealthy head speaks too, so that none healthy does not mean that nobody speaks.
    healthy = int(figures.of("healthy_heads", HEADS))
    for number in range(healthy + 1):
        head = f"head-{number}"
        status = "healthy" if number < healthy else "abstaining"
        facts.append(
            fact("advisory", instrument=asked.entry.instrument, head=head, direction=direction, probability="0.5",
                 conviction="0.5", weight="0.1", horizon=asked.entry.horizon, model="made")
        )  # fmt: skip
        facts.append(fact("head", head=head, status=status, model="made", **record))
    return facts
