"""What one bar does to one order: the simulated venue's prices, and nothing of its memory.

A bar tells four prices and no path, so two moments are told apart: *at the open*, where the price is known, and
*within* the bar, where only touching is known.

- market: at the open, with slippage against us;
- limit: at the open if the open is at least as good as the limit (a gap in our favour), with slippage, but never
  outside the limit; else at the limit itself if the bar trades *through* it (touching is not enough: others queue);
- stop: at the open if the bar opens through the stop (a gap against us), else at the stop when the bar touches it, both
  with slippage against us, which may lie outside the bar's range;
- an order with a limit price, whatever its kind, never executes outside it; limits off the tick are narrowed to it;
- prices are rounded to the tick against us, and are never below one tick;
- on a bar that leapt (`risen`, `fallen`: a split nobody gave, a point that slipped, or the market), nothing but a stop
  executes where the leap would be our gain: whether anybody traded there, the next bar shows.

Left out: spread, auctions.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from engine.books.money import NOTHING, to_multiple
from engine.orders.order import Kind, Order, Side

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Bar:
    """One session's raw prices, in the instrument's currency."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    risen: bool = False
    """Whether it opens or closes so far above the last close that a person would have to look (`advisors.quality`)."""
    fallen: bool = False
    """The same below."""

    def flatters(self, sign: int | Decimal) -> bool:
        """Whether a leap of this bar would be the gain of a holding with this sign."""
        return self.risen if sign > 0 else self.fallen and sign < 0

    @property
    def usable(self) -> bool:
        """Whether the prices are finite, positive and inside [low, high]; on any other bar nothing fills."""
        prices = (self.open, self.high, self.low, self.close)
        if not all(price.is_finite() and price > 0 for price in prices):
            return False
        return self.low <= min(prices) and self.high >= max(prices)


@dataclass(frozen=True, slots=True)
class Session:
    """A bar's time: the ISO date of its session, and the instants (RFC 3339, UTC) of its open and its close."""

    date: str
    opens_at: str
    closes_at: str
    last: bool = True
    """Whether the session ends with it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the venue fixes about an instrument."""

    tick: Decimal
    currency: str
    multiplier: Decimal
    shortable: bool = True
    """Whether it lends shares to be sold short."""
    borrow_rate: Decimal = NOTHING
    """What that costs a year, as a share of their value."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, with the reasons for the defaults.

    Slippage of 5 basis points is an assumption, not a measurement: more than half the quoted spread of large US
    shares, so that a backtest rather pays too much. Commission is the fixed tariff of Interactive Brokers for US
    shares (0.005 a share, at least 1.00 an order; its cap of 1 % of an order's value is left out, which costs us).
    """

    slippage_bp: Decimal = Decimal(5)
    """Basis points of the reference price, on market and stop orders and on limit orders at the open."""
    commission_per_share: Decimal = Decimal("0.005")
    commission_least: Decimal = Decimal("1.00")
    """Per order, however many fills it takes."""

    def commission(self, filled: Decimal) -> Decimal:
        """What an order owes in all once `filled` shares are executed, rounded up to the cent."""
        owed = Fraction(self.commission_per_share) * Fraction(filled)
        return to_multiple(max(owed, Fraction(self.commission_least)), CENT, ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Execution:
    """The price of an execution, and the price of the bar or the order that it comes from."""

    price: Decimal
    reference: Decimal

    @property
    def slippage(self) -> Decimal:
        """What slippage and tick cost a share; never negative."""
        return abs(self.price - self.reference)


def at_open(order: Order, bar: Bar, tick: Decimal, costs: Costs) -> Execution | None:
    """The execution at the bar's open, if there is one."""
    if order.kind is Kind.STOP:
        return _against(order.side, bar.open, tick, costs) if _opens_through(order, bar) else None
    limit = _narrowed(order, tick)
    if limit is None:
        return _against(order.side, bar.open, tick, costs)
    if not _at_least_as_good(order.side, bar.open, limit):
        return None
    price = _against(order.side, bar.open, tick, costs).price
    return Execution(price if _at_least_as_good(order.side, price, limit) else limit, bar.open)


def within(order: Order, bar: Bar, tick: Decimal, costs: Costs) -> Execution | None:
    """The execution after the open, if there is one. A stop that the open is already through executes at the open."""
    if order.kind is Kind.STOP:
        if _opens_through(order, bar):
            return _against(order.side, bar.open, tick, costs)
        return _against(order.side, _stop(order), tick, costs) if _touches(order, bar) else None
    limit = _narrowed(order, tick)
    if limit is None or _at_least_as_good(order.side, bar.open, limit):
        return None
    through = bar.low < limit if order.side is Side.BUY else bar.high > limit
    return Execution(limit, limit) if through and limit > 0 else None


def narrowed(order: Order, price: Fraction, tick: Decimal) -> Decimal:
    """A price of this order as a multiple of the tick: a limit never wider, a stop never farther from the market."""
    # A limit buys at most, a stop sells at least: for both, the safe side is given by the order's own side.
    return to_multiple(price, tick, ROUND_FLOOR if order.side is Side.BUY else ROUND_CEILING)


def _narrowed(order: Order, tick: Decimal) -> Decimal | None:
    return None if order.limit_price is None else narrowed(order, Fraction(order.limit_price), tick)


def _against(side: Side, reference: Decimal, tick: Decimal, costs: Costs) -> Execution:
    slipped = Fraction(reference) * (1 + side.sign * Fraction(costs.slippage_bp) / 10_000)
    price = to_multiple(slipped, tick, ROUND_CEILING if side is Side.BUY else ROUND_FLOOR)
    return Execution(max(price, tick), reference)


def _at_least_as_good(side: Side, price: Decimal, limit: Decimal) -> bool:
    return price <= limit if side is Side.BUY else price >= limit


def _stop(order: Order) -> Decimal:
    if order.stop_price is None:
        raise ValueError(f"the stop order `{order.client_order_id}` has no stop price")
    return order.stop_price


def _opens_through(order: Order, bar: Bar) -> bool:
    return bar.open >= _stop(order) if order.side is Side.BUY else bar.open <= _stop(order)


def _touches(order: Order, bar: Bar) -> bool:
    return bar.high >= _stop(order) if order.side is Side.BUY else bar.low <= _stop(order)
