"""Desks made by hand, for examples whose numbers a reader can check in the head.

NAV is 100,000; every instrument costs 100 a share, in lots of one, without slippage at the reference price. Limits are
given as (kind, bound) and get their kind as id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from engine.gate.market import Market, Terms
from engine.gate.proposals import Entry, Exit, Finding
from engine.limits.kinds import KINDS
from engine.limits.model import Limit, Limits, Parameters, Scenario
from engine.orders.order import Kind, Order, Role, Side, State
from engine.orders.portfolio import Mode, Operations, Portfolio, Position, Working
from tests.engine.books_strategy import Desk

OWNER = ("drift", "swing")


def terms(name: str, **more: object) -> Terms:
    plain = Terms(
        instrument=name,
        price=Fraction(100),
        unit=Fraction(1),
        tick=Fraction(1, 100),
        lot=1,
        multiplier=Fraction(1),
        average_volume=Fraction(10_000),
        beta=Fraction(1),
        volatility=Fraction(1587, 10_000),
        true_range=Fraction(2),
        sector="technology",
        issuer=name,
        currency="USD",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def limit(kind: str, bound: object = 0, **more: object) -> Limit:
    spec = KINDS[kind]
    plain = Limit(kind, spec.layers[0], kind, Fraction(str(bound)), spec.unit, "risk", "test", "2010-01-01")
    return replace(plain, **more)  # type: ignore[arg-type]


def limits(*rows: Limit, fee_per_order: int = 0, fee_per_share: int = 0, collar: str = "1") -> Limits:
    shape = (Fraction(2), Fraction(7, 10), Fraction(1, 4), Fraction(3, 20))
    scenario = Scenario("crash", Fraction("-0.4"), Fraction(0), "test")
    return Limits(
        "test",
        (*rows, limit("price_collar", collar)),
        (scenario,),
        Parameters(*shape, Fraction(fee_per_share), Fraction(fee_per_order)),
        MappingProxyType({"bull": Fraction(1), "unknown": Fraction(3, 10)}),
    )


def position(name: str, shares: int, stop: str | None = "90", owner: tuple[str, str] = OWNER) -> Position:
    hundred = Decimal(100)
    level = None if stop is None else Decimal(stop)
    return Position(name, Decimal(shares), hundred, level, hundred, 1, "USD", Decimal(1), *owner)


def working(
    name: str, side: Side, role: Role, shares: int, limit_price: str | None = None, stop_price: str | None = None,
    owner: tuple[str, str] = OWNER,
) -> Working:  # fmt: skip
    prices = [None if digits is None else Decimal(digits) for digits in (limit_price, stop_price)]
    order = Order(
        f"{role.value}-{name}-{shares}", name, side, role, Kind.LIMIT, Decimal(shares), *prices,
        role is not Role.ENTRY, *owner, "USD", Decimal(1),
    )  # fmt: skip
    return Working(order, Decimal(shares), State.WORKING)


def entry(
    name: str, target: int, side: Side = Side.BUY, conviction: int = 80, limit_price: str = "100",
    stop_price: str | None = None, forbidden: Sequence[str] = (), owner: tuple[str, str] = OWNER,
) -> Entry:  # fmt: skip
    found = tuple(Finding(one, False, "1", "0", one) for one in forbidden)
    stop = stop_price or ("90" if side is Side.BUY else "110")
    return Entry(name, side, Fraction(conviction, 100), Fraction(target), Fraction(limit_price), Fraction(stop),
                 *owner, (*found, Finding("fine", True, "0", "0", "fine")))  # fmt: skip


def leaving(name: str, side: Side, shares: int) -> Exit:
    return Exit(name, side, Fraction(shares), ("test",))


def desk(
    entries: Sequence[Entry], under: Limits, positions: Sequence[Position] = (), orders: Sequence[Working] = (),
    exits: Sequence[Exit] = (), market: Mapping[str, Terms] | None = None, clusters: Sequence[tuple[str, ...]] = (),
    **money: int,
) -> Desk:  # fmt: skip
    names = {one.instrument for one in (*entries, *positions, *exits)} | {one.order.instrument for one in orders}
    known = market if market is not None else {name: terms(name) for name in sorted(names)}
    plain: dict[str, int] = {"nav": 100_000, "settled_cash": 100_000, "day_pnl": 0, "traded_today": 0}
    amounts = {name: Decimal(amount) for name, amount in (plain | money).items()}
    portfolio = Portfolio(
        account="test", mode=Mode.BACKTEST, currency="USD", cash=Decimal(100_000), high_water_mark=Decimal(100_000),
        positions=tuple(positions), working=tuple(orders), operations=Operations(), **amounts,
    )  # fmt: skip
    missing = {name: ("bar",) for name in names if name not in known}
    place = Market("2011-01-03", known, missing, tuple(clusters))
    return Desk(portfolio, tuple(exits), tuple(entries), place, under, "bull")
