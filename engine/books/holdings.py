"""One holding: what a fill, a split and a close do to a net position.

Cost is a signed fraction (quantity x price x multiplier), because an average price often is no finite decimal. A
closing fill is measured against the average cost; what is left of a holding keeps that average. A fill that crosses
zero closes first and opens with the rest: our own orders never do (exits are reduce-only), but books write down
what happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from engine.books.money import NOTHING, product, total
from engine.orders.basket import Basket
from engine.orders.order import Side
from knowledge.values import Json


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `quantity` and `price` are positive; `commission` is in the account's currency."""

    fill_id: str
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal
    session: str
    strategy: str
    horizon: str
    currency: str
    multiplier: Decimal
    basket: Basket | None = None

    @classmethod
    def from_json(cls, record: Json) -> Fill:
        """Read a `fill` record of the log. Raises `KeyError`, `ValueError`."""
        return cls(
            fill_id=record["fill_id"],
            instrument=record["instrument"],
            side=Side(record["side"]),
            quantity=Decimal(record["quantity"]),
            price=Decimal(record["price"]),
            commission=Decimal(record["commission"]),
            session=record["session"],
            strategy=record["strategy"],
            horizon=record["horizon"],
            currency=record["currency"],
            multiplier=Decimal(record["multiplier"]),
            basket=Basket.from_json(record["basket"]) if "basket" in record else None,
        )


@dataclass(frozen=True, slots=True)
class Holding:
    """A net position. `quantity` is signed; `cost` = sum of quantity x price x multiplier paid for it, same sign."""

    instrument: str
    quantity: Decimal
    cost: Fraction
    strategy: str
    horizon: str
    currency: str
    multiplier: Decimal
    opened: str
    sessions_held: int
    best_close: Fraction | None
    """The most favourable close since the entry; None before the first."""
    last_price: Fraction
    basket: Basket | None = None
    """Of which it is a leg: that of the fill which opened it."""

    @property
    def units(self) -> Fraction:
        """Signed quantity x multiplier."""
        return Fraction(self.quantity) * Fraction(self.multiplier)

    @property
    def entry_price(self) -> Fraction:
        """The average price paid or received."""
        return self.cost / self.units


@dataclass(frozen=True, slots=True)
class Posting:
    """What one fill does: the part that closes, the part that opens, the result of the first, the cash of both."""

    closed: Decimal
    opened: Decimal
    realised: Fraction
    cash: Decimal
    """Change of cash before commission."""
    commission: Decimal


def post(held: Holding | None, fill: Fill) -> Posting:
    """What a fill does to the holding it meets."""
    signed = fill.quantity * fill.side.sign
    closed = NOTHING
    realised = Fraction(0)
    if held is not None and (held.quantity > 0) != (signed > 0):
        closed = min(fill.quantity, abs(held.quantity))
        share = Fraction(closed) / abs(Fraction(held.quantity))
        value = Fraction(closed) * Fraction(fill.price) * Fraction(fill.multiplier) * -fill.side.sign
        realised = value - held.cost * share
    notional = product(fill.quantity, fill.price, fill.multiplier)
    opened = total(fill.quantity, -closed)
    return Posting(closed, opened, realised, -notional * fill.side.sign, fill.commission)


def settling(held: Holding | None, fill: Fill, posting: Posting) -> tuple[Fraction, Fraction]:
    """What a fill makes receivable and payable. Proceeds of a short stay with the broker until it is covered."""
    each = Fraction(fill.price) * Fraction(fill.multiplier)
    if fill.side is Side.SELL:
        return Fraction(posting.closed) * each, Fraction(0)
    released = Fraction(0)
    if held is not None and held.quantity < 0:
        released = abs(held.cost * Fraction(posting.closed) / Fraction(held.quantity))
    return released, Fraction(fill.quantity) * each


def after_fill(held: Holding | None, fill: Fill, posting: Posting) -> Holding | None:
    """The holding after a fill, None when flat. What is left of a holding keeps its average cost."""
    opening = Fraction(posting.opened) * Fraction(fill.price) * Fraction(fill.multiplier) * fill.side.sign
    if held is None or posting.closed == abs(held.quantity):
        return _opened(fill, posting.opened, opening) if posting.opened else None
    if posting.closed:
        left = total(held.quantity, posting.closed * fill.side.sign)
        return replace(held, quantity=left, cost=held.cost * Fraction(left) / Fraction(held.quantity))
    return replace(held, quantity=total(held.quantity, fill.quantity * fill.side.sign), cost=held.cost + opening)


def _opened(fill: Fill, quantity: Decimal, cost: Fraction) -> Holding:
    return Holding(
        instrument=fill.instrument,
        quantity=quantity * fill.side.sign,
        cost=cost,
        strategy=fill.strategy,
        horizon=fill.horizon,
        currency=fill.currency,
        multiplier=fill.multiplier,
        opened=fill.session,
        sessions_held=0,
        best_close=None,
        last_price=Fraction(fill.price),
        basket=fill.basket,
    )


def after_close(held: Holding, close: Fraction | None) -> Holding:
    """The holding one session older; without a close it keeps its last price."""
    return replace(after_bar(held, close), sessions_held=held.sessions_held + 1)


def after_bar(held: Holding, close: Fraction | None) -> Holding:
    """The holding at the close of a bar; without one it keeps its last price."""
    if close is None:
        return held
    best = close if held.best_close is None else (max if held.quantity > 0 else min)(held.best_close, close)
    return replace(held, best_close=best, last_price=close)


def after_split(held: Holding, ratio: Fraction) -> tuple[Holding | None, Fraction]:
    """The whole shares after a split (None if there are none) and the signed fraction of a share that is left over.

    The fraction carries its share of the cost away, so that the rest keeps its average price.
    """
    whole, rest = split_quantity(held.quantity, ratio)
    share = rest / (Fraction(held.quantity) * ratio)
    after = replace(
        held,
        quantity=whole,
        cost=held.cost * (1 - share),
        best_close=None if held.best_close is None else held.best_close / ratio,
        last_price=held.last_price / ratio,
    )
    return (after if whole else None), rest


def split_quantity(quantity: Decimal, ratio: Fraction) -> tuple[Decimal, Fraction]:
    """A signed quantity after a split: whole shares (towards zero) and the fraction that is paid in cash."""
    exact = Fraction(quantity) * ratio
    whole = Decimal(int(exact))
    return whole, exact - Fraction(whole)
