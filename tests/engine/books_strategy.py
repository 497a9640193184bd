"""Random desks for the gate: positions, working orders, exits, entries, a market and a file of limits.

The numbers are small and round on purpose, so that bounds are met exactly as often as they are missed. A desk may be
odd (a stop larger than its position, an exit on the wrong side, opposite entries working, a bound its positions break
already), because the promises hold for every input. Entries carry the findings that the engine itself would give them
for what the numbers take for granted: an entry extends a position or starts from flat, and its figures are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import prod
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from engine.gate.judge import Judgement, Ruling, judge
from engine.gate.market import Market, Terms
from engine.gate.proposals import Entry, Exit, Finding, Grant
from engine.gate.reach import Book, read_book
from engine.limits.kinds import GROUPS, KINDS
from engine.limits.model import ALWAYS, Limit, Limits, Parameters, Scenario, When
from engine.orders.basket import Basket
from engine.orders.order import Kind, Order, Role, Side, State
from engine.orders.portfolio import Mode, Operations, Portfolio, Position, Working

SESSION = "2011-01-03"
NAMES = ("AA", "BB", "CC", "DD")
SECTOR_MOVES = (("energy", Fraction("0.15")), ("technology", Fraction("-0.5")))
OWN_MOVES = tuple(zip(NAMES, map(Fraction, ("-0.6", "0.3", "0", "-0.05")), strict=True))
STRATEGIES = ("drift", "swing-book")
HORIZONS = ("position", "swing")
REGIMES = ("bear", "bull", "unknown")
NUMERIC = tuple(name for name, kind in KINDS.items() if kind.form in ("linear", "order", "convex"))
"""Every kind that bounds a number."""
BOUNDS = ("0.2", "0.25", "0.4", "0.5", "0.6", "1", "1.6", "3", "0.1", "0.05", "0.02", "0.01", "0")
RANK = "index-volatility-rank"
UNTIL = ("",) * 10 + (SESSION, "2011-01-02")
WHENS = (ALWAYS,) * 12 + (
    When(regimes=("bull", "bear")), When(regimes=("volatile",)), When(figure=RANK, above=Fraction(1, 2)),
    When(("bear",), (), RANK, None, Fraction(9, 10)),
)  # fmt: skip


LOADINGS = tuple(
    tuple(map(Fraction, pair.split()))
    for pair in ("0.01 0.004", "0.02 -0.003", "0.01 0.004", "0.005 0", "-0.01 0.01", "0 0.02") * 6 + ("",)
)
"""What an instrument answers to two factors with; one in 37 has no covariance."""


@dataclass(frozen=True)
class Desk:
    """Everything the gate and the prover are asked about."""

    portfolio: Portfolio
    exits: tuple[Exit, ...]
    entries: tuple[Entry, ...]
    market: Market
    limits: Limits
    regime: str

    @property
    def book(self) -> Book:
        """The book the arithmetic reads."""
        return read_book(self.portfolio, self.exits, self.market, self.limits)

    def judged(self) -> Judgement:
        """What the arithmetic rules."""
        return judge(self.book, self.entries, self.market, self.limits, self.regime)

    def with_limits(self, rows: Sequence[Limit]) -> Desk:
        """The same desk under other limits."""
        return replace(self, limits=replace(self.limits, limits=tuple(rows)))

    def with_entries(self, entries: Sequence[Entry]) -> Desk:
        """The same desk with other entries."""
        return replace(self, entries=tuple(entries))


@st.composite
def desks(draw: st.DrawFn, kinds: Sequence[str] = NUMERIC, most_instruments: int = 4, rows: int = 6) -> Desk:
    """A desk of a few instruments, with rows of limits of these kinds."""
    names = NAMES[: draw(st.integers(1, most_instruments))]
    market = draw(markets(names))
    limits = draw(limit_files(kinds, rows))
    positions = [one for name in names for one in draw(st.lists(_position(name), max_size=1))]
    if len(positions) > 1 and draw(st.integers(0, 3)) == 0:
        positions = _held_together(positions)
    held = {one.instrument: one for one in positions}
    working = [one for name in names for one in draw(_working(name, held.get(name)))]
    exits = [one for one in (draw(_exit(held_one)) for held_one in positions) if one is not None]
    nav, settled, pnl, traded, regime = draw(
        picked((100_000,) * 6 + (60_000, 12_345, 0), (80_000, 40_000, 10_000, 0, -500), (0, 750, -500, -1_500),
               (0, 0, 20_000), REGIMES)
    )  # fmt: skip
    portfolio = Portfolio(
        account="test",
        mode=Mode.BACKTEST,
        currency="USD",
        nav=Decimal(nav),
        cash=Decimal(50_000),
        settled_cash=Decimal(settled),
        day_pnl=Decimal(pnl),
        high_water_mark=Decimal(100_000),
        traded_today=Decimal(traded),
        positions=tuple(positions),
        working=tuple(working),
        operations=Operations(),
    )
    entered = draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=3))
    entries = [draw(_entry(name, portfolio, exits, market)) for name in entered]
    if len(entries) > 1 and draw(st.integers(0, 1)) == 0:
        entries = draw(_joined(entries, market))
    return Desk(portfolio, tuple(exits), tuple(entries), market, limits, regime)


def together(rulings: Sequence[Ruling]) -> list[list[Ruling]]:
    """Rulings in their order, those of one basket in one list."""
    return [list(ruled) for _, ruled in groupby(rulings, lambda one: whose([one]))]


def whose(ruled: Sequence[Ruling]) -> str:
    """What cores call these."""
    basket = ruled[0].entry.basket
    return ruled[0].entry.instrument if basket is None else f"basket:{basket.name}"


def further(ruled: Sequence[Ruling], market: Market, steps: int = 1) -> list[Grant]:
    """Grants of these rulings with one lot more, or one unit more of the basket."""
    found = []
    for one in ruled:
        name, basket = one.entry.instrument, one.entry.basket
        lot = Fraction(market.terms[name].lot) if name in market.terms else Fraction(1)
        found.append(Grant(one.entry, one.quantity + steps * (lot if basket is None else basket.unit(name))))
    return found


def is_free(ruled: Sequence[Ruling], market: Market) -> bool:
    """Whether only numbers can refuse these."""
    basket = ruled[0].entry.basket
    whole = basket is None or [one.entry.instrument for one in ruled] == list(basket.instruments)
    known = all(one.entry.instrument in market.terms for one in ruled)
    return whole and known and all(found.holds for one in ruled for found in one.entry.findings)


# --- the market -------------------------------------------------------------------------------------------------


@st.composite
def markets(draw: st.DrawFn, names: Sequence[str]) -> Market:
    """Terms for these instruments; now and then one lacks its figures."""
    gone = draw(st.sampled_from((*[""] * 40, *names)))
    terms = {name: draw(_terms(name)) for name in names if name != gone}
    missing = {name: ("bar",) for name in names if name == gone}
    joined = draw(st.lists(st.sampled_from(names), unique=True))
    clusters = (tuple(sorted(joined)),) if len(joined) > 1 else ()
    rank = draw(st.sampled_from((None, None, Fraction(1, 2), Fraction(95, 100))))
    return Market(SESSION, terms, missing, clusters, {} if rank is None else {RANK: rank})


def picked(*options: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """One of each of these, in a single draw: a draw costs more than a judgement, and a night has 160,000 of them."""

    def decoded(number: int) -> tuple[Any, ...]:
        found = []
        for choices in options:
            number, at = divmod(number, len(choices))
            found.append(choices[at])
        return tuple(found)

    return st.integers(0, prod(map(len, options)) - 1).map(decoded)


def _terms(name: str) -> st.SearchStrategy[Terms]:
    """Shrinks to the first of each."""
    drawn = picked(
        _fractions("10", "12.5", "20", "33.3", "100"),
        _fractions("1", "1", "1", "10", "1.5", "2/3"),
        (1, 1, 10, 100),
        _fractions("500", "2000", "100000"),
        _fractions("1", "0.8", "1.3", "0", "-0.5"),
        _fractions("0.15", "0.3", "0.6"),
        ("banks", "technology"),
        (name, "holding"),
        ("USD", "EUR"),
        LOADINGS,
        _fractions("0.0001", "0", "0.0009"),
    )

    def terms(values: tuple[Any, ...]) -> Terms:
        price, unit, lot, volume, beta, volatility, sector, issuer, currency, factors, residual = values
        tick, one, true_range = Fraction(1, 100), Fraction(1), Fraction(1, 2)
        figures = (volume, beta, volatility, true_range)
        return Terms(name, price, unit, tick, lot, one, *figures, sector, issuer, currency, factors, residual)

    return drawn.map(terms)


# --- limits -----------------------------------------------------------------------------------------------------


@st.composite
def limit_files(draw: st.DrawFn, kinds: Sequence[str] = NUMERIC, rows: int = 6) -> Limits:
    """Up to `rows` limits of these kinds, and the price collar that every file has."""
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=rows))
    found = [draw(_limit(kind, at)) for at, kind in enumerate(chosen)]
    collar = Limit("collar", 1, "price_collar", Fraction("0.03"), "reference price", "risk", "test", "2010-01-01")
    fees = draw(st.sampled_from((("0", "0"), ("0.005", "1"), ("0.01", "25"))))
    shape = ("2", "0.7", "0.25", "0.15", *fees)
    scenarios = (
        Scenario("crash", Fraction("-0.4"), Fraction(0), "test"),
        Scenario("rally", Fraction("0.2"), Fraction(0), "test"),
        Scenario("together", Fraction(0), Fraction(5), "test"),
        Scenario("sectors", Fraction("-0.3"), Fraction(0), "test", sectors=SECTOR_MOVES),
        Scenario("without-index", Fraction(0), Fraction(0), "test", sectors=SECTOR_MOVES),
        Scenario("names", Fraction(0), Fraction(0), "test", instruments=OWN_MOVES),
        Scenario("drawn", Fraction(0), Fraction(0), "test", paths=1000, seed=7),
    )
    multipliers = MappingProxyType({"bear": Fraction(1, 2), "bull": Fraction(1), "unknown": Fraction(3, 10)})
    return Limits("test", (*found, collar), scenarios, Parameters(*map(Fraction, shape)), multipliers)


def _limit(kind: str, at: int) -> st.SearchStrategy[Limit]:
    spec = KINDS[kind]
    grouped, effective = kind == "group_gross", ("2010-01-01",) * 9 + ("2012-01-01",)
    only = ("", "", "technology", "swing", "drift") if grouped else ("",)
    regime = (False, True) if "regime" in spec.options else (False,)
    once = (1, 2, 3) if kind == "concentration" else (0,)
    days = (1, 5) if "days" in spec.options else (1,)
    drawn = picked(BOUNDS, effective, UNTIL, WHENS, regime, GROUPS if grouped else ("",), only, once, days)

    def limit(values: tuple[Any, ...]) -> Limit:
        digits, effective, until, when, regime, by, only, once, days = values
        bound = Fraction(digits) * {"order_quantity": 500, "credit": 100_000}.get(kind, 1)
        return Limit(
            id=f"{kind}.{at}",
            layer=spec.layers[0],
            kind=kind,
            bound=min(bound, Fraction(1)) if kind == "concentration" else bound,
            unit=spec.unit,
            owner="risk",
            source="test",
            effective=effective,
            until=until,
            when=when,
            regime=regime,
            by=by,
            only=only,
            once=once,
            long=Fraction(1, 2) if kind == "margin" else Fraction(0),
            short=Fraction(3, 2) if kind == "margin" else Fraction(0),
            days=days,
        )

    return drawn.map(limit)


# --- positions and orders ---------------------------------------------------------------------------------------


def _position(name: str) -> st.SearchStrategy[Position]:
    """Long without a stop every other time, short without one rarely."""
    prices = ("8", "9.5", "10.3", "12.1", "19", "20.6", "31", "34.3", "97", "103")
    drawn = picked((0, 100, 500, 1_000, 2_500), (1, 1, -1), prices, range(30), STRATEGIES, HORIZONS)

    def position(values: tuple[Any, ...]) -> Position:
        size, side, price, bare, strategy, horizon = values
        shares = Decimal(size * side)
        stop = None if (bare < 15 if shares > 0 else shares < 0 and bare == 0) else Decimal(price)
        entry = Decimal(20)
        return Position(name, shares, entry, stop, entry, 3, "USD", Decimal(1), strategy, horizon)

    return drawn.map(position)


@st.composite
def _working(draw: st.DrawFn, name: str, held: Position | None) -> list[Working]:
    """No, one or two orders; reducing ones mostly, but not always, on the side that reduces, and of any size."""
    found = []
    shares = Decimal(0) if held is None else held.quantity
    owner = (STRATEGIES[0], HORIZONS[0]) if held is None else (held.strategy, held.horizon)
    for number in range(draw(st.sampled_from((0, 0, 0, 1, 1, 2)))):
        role = draw(st.sampled_from((Role.ENTRY, Role.EXIT, Role.STOP, Role.STOP, Role.TARGET)))
        along = Side.SELL if shares < 0 else Side.BUY
        against = Side.BUY if shares < 0 else Side.SELL
        usual = along if role is Role.ENTRY else against
        side = draw(st.sampled_from((usual,) * 20 + (Side.BUY, Side.SELL)))
        quantity = Decimal(draw(st.sampled_from((10, 100, 400, 1_500))))
        done = draw(st.sampled_from((Decimal(0), Decimal(0), quantity / 2)))
        priced = role is Role.ENTRY and draw(st.integers(0, 4)) > 0
        stopped = role is Role.STOP or (role is Role.ENTRY and draw(st.integers(0, 29)) > 0)
        order = Order(
            client_order_id=f"{name}-{number}",
            instrument=name,
            side=side,
            role=role,
            kind=Kind.LIMIT if priced else Kind.MARKET,
            quantity=quantity,
            limit_price=_price(draw) if priced else None,
            stop_price=_price(draw) if stopped else None,
            reduce_only=role is not Role.ENTRY,
            strategy=draw(st.sampled_from((owner[0],) * 9 + STRATEGIES)),
            horizon=draw(st.sampled_from((owner[1],) * 9 + HORIZONS)),
            currency="USD",
            multiplier=Decimal(1),
        )
        found.append(Working(order, quantity - done, draw(st.sampled_from((State.WORKING, State.CANCEL_PENDING)))))
    return found


@st.composite
def _exit(draw: st.DrawFn, held: Position) -> Exit | None:
    if held.quantity == 0 or draw(st.integers(0, 4)) > 0:
        return None
    side = Side.SELL if held.quantity > 0 else Side.BUY
    return Exit(held.instrument, side, abs(Fraction(held.quantity)) * draw(st.sampled_from(_fractions("1", "1/2"))),
                ("test",))  # fmt: skip


@st.composite
def _entry(draw: st.DrawFn, name: str, portfolio: Portfolio, exits: Sequence[Exit], market: Market) -> Entry:
    held = portfolio.position(name)
    shares = Decimal(0) if held is None else held.quantity
    entering = [one.order for one in portfolio.working if one.order.instrument == name and one.order.role is Role.ENTRY]
    along = Side.SELL if shares < 0 or (entering and entering[0].side is Side.SELL) else Side.BUY
    flat = shares == 0 and not entering
    side, conviction, strategy, horizon, lots, slip, distance, fed = draw(
        picked(
            (along,) * 20 + (Side.SELL, Side.BUY) + ((Side.SELL,) * 9 if flat else ()),
            _fractions("0.75", "0.8", "0.8", "0.9"),
            STRATEGIES,
            HORIZONS,
            (20, 40, 3, 1, 0, 250, 2_000),
            _fractions("0.03", "0.03", "0.03", "0.01", "0", "-0.01", "0.05"),
            _fractions("0.05", "0.1", "0.3", "0", "-0.05"),
            (True,) * 29 + (False,),
        )
    )
    owner = (entering[0].strategy, entering[0].horizon) if entering else (STRATEGIES[0], HORIZONS[0])
    if held is not None and shares:
        owner = (held.strategy, held.horizon)
    if not flat:
        strategy, horizon = owner
    terms = market.terms.get(name)
    zero = Fraction(0)
    bare = Entry(name, side, conviction, zero, zero, zero, strategy, horizon, ())
    if terms is None:
        return replace(bare, findings=_findings(bare, portfolio, exits, market, fed))
    sized = replace(
        bare,
        target=Fraction(lots * terms.lot),
        limit_price=terms.price * (1 + side.sign * slip),
        stop_price=terms.price * (1 - side.sign * distance),
    )
    return replace(sized, findings=_findings(sized, portfolio, exits, market, fed))


def _held_together(positions: Sequence[Position]) -> list[Position]:
    """The same, the first two as legs of a basket."""
    legs = sorted((one.instrument, 3 if one.quantity >= 0 else -2) for one in positions[:2])
    basket = Basket("held", tuple((name, Fraction(shares)) for name, shares in legs))
    return [*(replace(one, basket=basket) for one in positions[:2]), *positions[2:]]


@st.composite
def _joined(draw: st.DrawFn, entries: Sequence[Entry], market: Market) -> list[Entry]:
    """The first entries as legs of one basket: two or all; a few lots of each are a unit. Now and then one is lost."""
    count, units, lost, *lots = draw(
        picked((len(entries), 2), (15, 40, 4, 1, 0, 300), (*[None] * 30, 0, 1), *[(1, 2, 3, 7)] * len(entries))
    )
    legs = sorted(entries[:count], key=lambda one: one.instrument)
    unit = {
        one.instrument: Fraction(many * (market.terms[one.instrument].lot if one.instrument in market.terms else 1))
        for one, many in zip(legs, lots, strict=False)
    }
    basket = Basket("pair", tuple((one.instrument, unit[one.instrument] * one.side.sign) for one in legs))
    joined = [
        replace(one, basket=basket, target=unit[one.instrument] * (units if one.instrument in market.terms else 0))
        for one in legs
    ]
    return [*(one for at, one in enumerate(joined) if at != lost), *entries[count:]]


def _findings(
    entry: Entry, portfolio: Portfolio, exits: Sequence[Exit], market: Market, fed: bool
) -> tuple[Finding, ...]:
    """What the mandatory conditions say of it, and one more that mostly holds."""
    own = [one.order for one in portfolio.working if one.order.instrument == entry.instrument]
    held = portfolio.position(entry.instrument)
    shares = Decimal(0) if held is None else held.quantity
    against = [one for one in own if one.side is not entry.side and one.role is not Role.STOP]
    wash = bool(against) or shares * entry.side.sign < 0 or any(one.instrument == entry.instrument for one in exits)
    owner = (entry.strategy, entry.horizon)
    owners = {(one.strategy, one.horizon) for one in own if one.role is Role.ENTRY}
    if held is not None and shares:
        owners.add((held.strategy, held.horizon))
    complete = entry.instrument in market.terms and portfolio.nav > 0 and not unpriced(portfolio, market)
    around = {entry.instrument, *(one.instrument for one in (*portfolio.positions, *exits))}
    around |= {one.order.instrument for one in portfolio.working}
    complete = complete and all(market.terms[name].factors for name in around if name in market.terms)
    answers = {
        "compliance.wash": not wash,
        "operations.complete": complete,
        "operations.strategy": owners <= {owner},
        "operations.feed": fed,
    }
    return tuple(Finding(name, holds, str(int(holds)), "1", name) for name, holds in answers.items())


def unpriced(portfolio: Portfolio, market: Market) -> bool:
    """Whether something held or worked cannot be computed, so that no entry may be granted."""
    held = any(
        one.quantity != 0 and (one.instrument not in market.terms or (one.quantity < 0 and one.stop is None))
        for one in portfolio.positions
    )
    return held or any(
        one.order.instrument not in market.terms
        or (one.order.role is Role.ENTRY and one.order.side is Side.SELL and one.order.stop_price is None)
        for one in portfolio.working
    )


def _price(draw: st.DrawFn) -> Decimal:
    return Decimal(draw(st.sampled_from(("8", "9.5", "10.3", "12.1", "19", "20.6", "31", "34.3", "97", "103"))))


def _fractions(*digits: str) -> list[Fraction]:
    return [Fraction(one) for one in digits]
