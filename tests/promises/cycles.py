"""Whole cycles under the shipped rulebook: a market with its facts, an account, the desk's limits, and what came out.

A cycle is a few instruments, each in a mood: the heads agree on a side strongly enough for a candidate, or do not.
Everything is healthy unless a test breaks it, so that whatever is refused was refused for a reason the test knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from engine.decide import decide
from engine.decision import Decision
from engine.gate.market import read_market
from engine.gate.proposals import Entry, Grant
from engine.limits.kinds import KINDS
from engine.limits.model import Limit, Limits
from engine.limits.text import read_limits
from engine.orders.order import Kind, Order, Role, Side, State
from engine.orders.portfolio import Mode, Operations, Portfolio, Position, Working
from knowledge.door import fact, freeze, snapshot_from_json
from knowledge.facts import Fact, Snapshot
from knowledge.values import Json, text
from rules.rulebook import Rulebook, read_rulebook
from tests.made_correlations import all_alike
from tests.made_risk import risk
from tests.promises.account import Account

DESK = Path(__file__).parents[2]
AS_OF = "2012-03-01T21:00:00Z"
SESSION, NEXT = "2012-03-01", "2012-03-02"
HEADS = ("rule-based", "sentiment", "technical", "volume")
SHARES = {"AAPL": "technology", "IBM": "technology", "JPM": "banks", "KO": "beverages"}
"""Instruments, and their sectors."""
PRICES = {"AAPL": "544.47", "IBM": "197.82", "JPM": "40.37", "KO": "69.23"}
OWNER = ("quant-swing", "swing")
"""Strategy and horizon of what the shipped rulebook proposes."""
INDICATORS = {
    "rsi-14": "55", "macd-histogram": "0.001", "bollinger-position": "0.6", "stochastic-k": "60", "adx-14": "25",
    "ema-20-distance": "0.01", "ema-50-200": "0.02", "obv-zscore": "0.5", "volume-ratio": "1.1",
    "average-volume-20": "9000000", "momentum-21": "0.02", "momentum-63": "0.06", "momentum-252": "0.1",
    "volatility-20": "0.22", "zscore-20": "0.5", "beta-252": "1.05", "interval-75": "0.02",
}  # fmt: skip
FALLING = {"ema-50-200": "-0.02", "momentum-63": "-0.06", "macd-histogram": "-0.001"}
"""What makes a downtrend of it, with a setup for a short entry."""
MOODS = ("long", "short", "quiet", "rich", "cheap")
APART = {"rich": ("short", {"zscore-20": "1.9"}), "cheap": ("long", {"zscore-20": "-1.8"})}
"""Halves of a pair: the side that three heads lean to, too few of them strongly, and where the close stands."""


@dataclass(frozen=True, repr=False)
class Cycle:
    """Everything `decide` takes but the rulebook."""

    facts: tuple[Fact, ...]
    universe: tuple[str, ...]
    portfolio: Portfolio
    limits: Limits

    def __repr__(self) -> str:
        odd = {one.id: str(one.bound) for one in self.limits.limits if one not in limits().limits}
        facts = [one.ref for one in self.facts if one not in facts_of(dict.fromkeys(SHARES, "quiet"))]
        return f"Cycle({self.universe}, {facts}, {self.portfolio.to_json()}, bounds={odd})"

    @property
    def snapshot(self) -> Snapshot:
        """The frozen facts."""
        return freeze(AS_OF, self.universe, self.facts)

    def decided(self) -> Decision:
        """What the core decides."""
        return decide(self.snapshot, rulebook(), self.limits, self.portfolio)

    def to_json(self) -> Json:
        """The cycle for another process."""
        changed = {one.id: text(one.bound) for one in self.limits.limits if one not in limits().limits}
        return {"snapshot": self.snapshot.to_json(), "portfolio": self.portfolio.to_json(), "bounds": changed}

    @classmethod
    def from_json(cls, value: Json) -> Cycle:
        """Read what `to_json` wrote."""
        snapshot = snapshot_from_json(value["snapshot"])
        bounds = {name: Fraction(bound) for name, bound in value["bounds"].items()}
        portfolio = Portfolio.from_json(value["portfolio"])
        return cls(snapshot.facts, snapshot.universe, portfolio, with_bounds(limits(), bounds))

    def with_facts(self, facts: Iterable[Fact]) -> Cycle:
        """The same cycle with other facts."""
        return replace(self, facts=tuple(facts))


@cache
def rulebook() -> Rulebook:
    """The rulebook that ships."""
    return read_rulebook(DESK)


@cache
def limits_text() -> str:
    """The text of the limits that ship."""
    return (DESK / "limits.yaml").read_text(encoding="utf-8")


@cache
def limits() -> Limits:
    """The limits that ship."""
    return read_limits(limits_text())


def with_bounds(known: Limits, bounds: Mapping[str, Fraction]) -> Limits:
    """The same limits with some bounds changed, by id."""
    rows = tuple(replace(one, bound=bounds.get(one.id, one.bound)) for one in known.limits)
    return replace(known, limits=rows)


def bounded(known: Limits) -> list[Limit]:
    """Limits that hold a number, the price collar apart (it shapes orders too)."""
    loose = ("price_collar", "data_quality", "data_complete", "other_strategy", "duplicate_order", "policy")
    return [one for one in known.limits if one.spec.unit != "-" and one.kind not in (*loose, "wash_trade")]


# --- facts ------------------------------------------------------------------------------------------------------


def facts_of(moods: Mapping[str, str], regime: str = "bull") -> list[Fact]:
    """A healthy market in which the heads agree with each instrument's mood."""
    found = [*market_facts(regime), *(fact("rate", currency="USD", value=1),)]
    found += all_alike(moods, "0.3")
    for head in HEADS:
        found.append(head_fact(head))
    for name, mood in moods.items():
        found += instrument_facts(name, mood)
    return found


def market_facts(regime: str) -> list[Fact]:
    """The three measures of the market, so that the rules find this regime."""
    distance, momentum, rank = {
        "bull": ("0.04", "0.05", "0.4"), "bear": ("-0.04", "-0.05", "0.4"),
        "range": ("0.04", "-0.05", "0.4"), "volatile": ("0.04", "0.05", "0.93"),
    }[regime]  # fmt: skip
    values = {
        "index-ema-200-distance": distance, "index-momentum-63": momentum, "index-volatility-rank": rank,
        "index-volatility-20": "0.15", "index-move": "0.004",
    }  # fmt: skip
    return [fact("market", name=name, value=value) for name, value in values.items()]


def head_fact(name: str, **more: object) -> Fact:
    """A healthy head whose bets paid."""
    slots: dict[str, object] = {"status": "healthy", "model": "m1", "brier": "0.24", "psi": "0.1", "age": 20}
    slots |= {"accuracy": "0.54", "hit-rate": "0.55", "payoff": "1.2", "observations": 600} | more
    return fact("head", head=name, **slots)


def instrument_facts(name: str, mood: str) -> list[Fact]:
    """Bar, measures, reference data, calendar, and the word of every head."""
    close = Decimal(PRICES[name])
    ranges = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    found = [
        fact("bar", instrument=name, session=SESSION, volume=8_000_000, **ranges),
        fact("reference", instrument=name, issuer=name.lower(), sector=SHARES[name], currency="USD", exchange="XNYS",
             country="US", shortable="yes", lot=1, tick="0.01", multiplier=1),
        fact("calendar", instrument=name, session="open", next=NEXT),
        fact("earnings", instrument=name, sessions=30),
        risk(name),
    ]  # fmt: skip
    true_range = (close * Decimal("0.02")).quantize(Decimal("0.0001"))
    values = INDICATORS | {"atr-14": str(true_range)} | (FALLING if mood == "short" else {})
    if mood in APART:
        side, stands = APART[mood]
        values |= stands
    found += [fact("indicator", instrument=name, name=measure, value=value) for measure, value in values.items()]
    if mood in APART:
        leaning = zip(HEADS, ("0.85", "0.80", "0.55"), strict=False)
        return found + [advisory(name, head, side, conviction) for head, conviction in leaning]
    direction = mood if mood in ("long", "short") else "flat"
    return found + [advisory(name, head, direction) for head in HEADS]


def advisory(name: str, head: str, direction: str, conviction: object = "0.85", **more: object) -> Fact:
    """What a head says."""
    slots = {"probability": "0.58", "weight": "0.25", "horizon": "swing", "model": "m1", **more}
    return fact("advisory", instrument=name, head=head, direction=direction, conviction=conviction, **slots)


# --- the account ------------------------------------------------------------------------------------------------


def account(positions: Sequence[Position] = (), working: Sequence[Working] = (), **more: object) -> Portfolio:
    """An account of a million with these positions."""
    money = {"nav": "1000000", "cash": "800000", "settled_cash": "800000", "day_pnl": "0"}
    money |= {"high_water_mark": "1000000", "traded_today": "0"}
    values: dict[str, object] = {name: Decimal(value) for name, value in money.items()}
    fixed: dict[str, object] = {"account": "test", "mode": Mode.BACKTEST, "currency": "USD"}
    fixed |= {"operations": Operations(), "positions": tuple(positions), "working": tuple(working)}
    return Portfolio(**(fixed | values | more))  # type: ignore[arg-type]


def position(name: str, quantity: int, sessions: int = 2, stop: str | None = "") -> Position:
    """A position near its entry price, with its stop 5 % away unless said otherwise."""
    price = Decimal(PRICES[name])
    side = 1 if quantity > 0 else -1
    away = (price * (1 - side * Decimal("0.05"))).quantize(Decimal("0.01"))
    at = away if stop == "" else None if stop is None else Decimal(stop)
    return Position(name, Decimal(quantity), price, at, price, sessions, "USD", Decimal(1), *OWNER)


def stop_order(held: Position) -> Working:
    """The working protective stop of a position."""
    side = Side.SELL if held.quantity > 0 else Side.BUY
    return order(f"s-{held.instrument}", held.instrument, side, Role.STOP, abs(held.quantity), stop=held.stop)


def target_order(held: Position) -> Working:
    """The working target of a position, the other of its stop's pair."""
    side = Side.SELL if held.quantity > 0 else Side.BUY
    gain = (Decimal(PRICES[held.instrument]) * (1 - side.sign * Decimal("0.03"))).quantize(Decimal("0.01"))
    return order(f"t-{held.instrument}", held.instrument, side, Role.TARGET, abs(held.quantity), limit=gain)


def order(
    identity: str, name: str, side: Side, role: Role, quantity: Decimal, limit: Decimal | None = None,
    stop: Decimal | None = None,
) -> Working:  # fmt: skip
    """A working order."""
    kind = Kind.LIMIT if limit is not None else Kind.STOP if role is Role.STOP else Kind.MARKET
    reducing = role is not Role.ENTRY
    terms = Order(identity, name, side, role, kind, quantity, limit, stop, reducing, *OWNER, "USD", Decimal(1))
    return Working(terms, quantity, State.WORKING)


# --- what came out ----------------------------------------------------------------------------------------------


def grants_of(decision: Decision) -> tuple[Grant, ...]:
    """The entries that were warranted, read from the warrants alone."""
    found = []
    for one in decision.warrants:
        order, stop = one.order, one.protective_stop
        if order.role is Role.ENTRY:
            assert order.limit_price is not None and stop is not None and stop.stop_price is not None
            assert stop.reduce_only and stop.role is Role.STOP and stop.side is not order.side
            assert stop.quantity == order.quantity and not order.reduce_only
            prices = (Fraction(order.limit_price), Fraction(stop.stop_price))
            quantity = Fraction(order.quantity)
            entry = Entry(
                order.instrument,
                order.side,
                Fraction(0),
                quantity,
                *prices,
                order.strategy,
                order.horizon,
                (),
                order.basket,
            )
            found.append(Grant(entry, quantity))
    return tuple(found)


def account_after(cycle: Cycle, decision: Decision) -> Account:
    """The plain account with the orders that a decision sends, and those it would have sent but for a hold."""
    threshold = cycle.limits.parameters.cluster_threshold
    market = read_market(cycle.snapshot, cycle.portfolio, threshold)
    exits = tuple(one.exit for one in decision.exits)
    return Account(cycle.portfolio, exits, grants_of(decision), market, cycle.limits, decision.regime)


def entered(decision: Decision) -> dict[str, Decimal]:
    """Quantities of the warranted entries, by instrument."""
    return {one.order.instrument: one.order.quantity for one in decision.warrants if one.order.role is Role.ENTRY}


# --- strategies -------------------------------------------------------------------------------------------------

KEPT_KINDS = tuple(name for name, kind in KINDS.items() if kind.form in ("linear", "order") and name != "price_collar")
NUMERIC = tuple(one.id for one in limits().limits if one.kind in KEPT_KINDS)
"""Ids of the shipped limits that bound a number."""


@st.composite
def accounts(draw: st.DrawFn, names: Sequence[str]) -> Portfolio:
    """An account that holds or works some of the instruments; money between plenty and nothing."""
    positions = [
        position(name, draw(st.sampled_from((120, 400, 1500, -300))), draw(st.sampled_from((1, 3, 5))))
        for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=2))
    ]
    working = [stop_order(held) for held in positions if draw(st.booleans())]
    working += [target_order(held) for held in positions if draw(st.integers(0, 2)) == 0]
    free = [name for name in names if name not in {one.instrument for one in positions}]
    for name in draw(st.lists(st.sampled_from(free), unique=True, max_size=1)) if free else ():
        price = Decimal(PRICES[name])
        limit = draw(st.sampled_from((price, None)))
        working.append(
            order(f"e-{name}", name, Side.BUY, Role.ENTRY, Decimal(200), limit, (price * 9 / 10).quantize(Decimal(1)))
        )
    return account(
        positions,
        sorted(working, key=lambda one: one.order.client_order_id),
        nav=Decimal(draw(st.sampled_from((1_000_000, 1_000_000, 960_000, 880_000)))),
        settled_cash=Decimal(draw(st.sampled_from((800_000, 800_000, 90_000, 0)))),
        day_pnl=Decimal(draw(st.sampled_from((0, 0, -12_000, -25_000)))),
    )


@st.composite
def cycles(draw: st.DrawFn, moods: Sequence[str] = ("long", "long", "short", "quiet")) -> Cycle:
    """A healthy cycle of two to four instruments, with some of the shipped bounds drawn anew."""
    names = sorted(draw(st.lists(st.sampled_from(sorted(SHARES)), unique=True, min_size=2, max_size=4)))
    regime = draw(st.sampled_from(("bull", "bull", "range", "bear", "volatile")))
    said = {name: draw(st.sampled_from(moods)) for name in names}
    if {"AAPL", "IBM"} <= said.keys() and len(moods) > 1 and draw(st.integers(0, 1)) == 0:
        said |= {"AAPL": "rich", "IBM": "cheap"}
    facts = facts_of(said, regime)
    factors = st.sampled_from([Fraction(one) for one in ("1", "1/2", "1/5", "1/20", "0", "3")])
    drawn = draw(st.dictionaries(st.sampled_from(NUMERIC), factors, max_size=4))
    known = {one.id: one.bound for one in limits().limits}
    bounds = {name: known[name] * factor for name, factor in drawn.items()}
    return Cycle(tuple(facts), tuple(names), draw(accounts(names)), with_bounds(limits(), bounds))


def calm(*moods: str, **more: object) -> Cycle:
    """A cycle with these moods, in the order of the instruments' names, an empty account and the shipped limits."""
    names = tuple(sorted(SHARES))[: len(moods)]
    return Cycle(tuple(facts_of(dict(zip(names, moods, strict=True)))), names, account(**more), limits())  # type: ignore[arg-type]
