"""Whose the result is: each position as the entries that made it, and what each of them has come to, exactly.

A lot is what one entry order opened. What closes a position closes its lots in proportion to their shares, and so are
dividends, borrow fees, commissions and the cash for fractions of a split shared out. Every step is linear: the values
of all lots sum to NAV less the deposit, at every close, without a remainder; where they do not, nothing is reported.

The books (`engine.books`) keep average cost and so a realised and an unrealised part; lots keep cash and shares, and
their value is all there is to attribute. Left out: interest and taxes, as in the books.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import floor

from adapters.frame import Failed
from engine.books.books import Books, apply, mark
from engine.books.holdings import Holding, split_quantity
from engine.orders.order import Side
from engine.orders.portfolio import Mode
from knowledge.values import Json, fraction

NONE = Fraction(0)
KINDS = ("start", "fill", "books")
"""Records that the books are made of."""
PARTS = ("prices", "slippage", "commission", "borrow", "dividends")
"""What a result is made of: price moves as if fills had cost nothing, then what they cost, then the rest."""


@dataclass(frozen=True, slots=True)
class Result:
    """What something brought, in the account's currency; costs are negative. `total` is the sum of the parts."""

    prices: Fraction = NONE
    slippage: Fraction = NONE
    commission: Fraction = NONE
    borrow: Fraction = NONE
    dividends: Fraction = NONE

    @property
    def total(self) -> Fraction:
        """All of it."""
        return self.prices + self.slippage + self.commission + self.borrow + self.dividends

    def __add__(self, other: Result) -> Result:
        return Result(*(getattr(self, part) + getattr(other, part) for part in PARTS))

    def __sub__(self, other: Result) -> Result:
        return self + other.times(Fraction(-1))

    def times(self, share: Fraction) -> Result:
        """A share of it."""
        return Result(*(getattr(self, part) * share for part in PARTS))


@dataclass(slots=True)
class Lot:
    """What one entry order opened; `cash` is what it has taken in less what it has paid, all costs included."""

    order_id: str
    decision_id: str
    instrument: str
    side: str
    strategy: str
    horizon: str
    opened: str
    multiplier: Fraction
    shares: Fraction = NONE
    bought: Fraction = NONE
    """Shares that it opened, unsigned, over all fills; splits leave it as it was."""
    cash: Fraction = NONE
    slippage: Fraction = NONE
    commission: Fraction = NONE
    borrow: Fraction = NONE
    dividends: Fraction = NONE
    ended: str = ""
    """The session in which the last share went; empty while there are any."""
    closed_by: list[str] = field(default_factory=list)
    """Roles of the orders that closed it, in order."""

    def result(self, price: Fraction) -> Result:
        """What it has come to at this price."""
        total = self.cash + self.shares * self.multiplier * price
        prices = total + self.slippage + self.commission + self.borrow - self.dividends
        return Result(prices, -self.slippage, -self.commission, -self.borrow, self.dividends)


@dataclass(frozen=True, slots=True)
class Close:
    """The account at the end of a session, or of a bar inside it."""

    session: str
    as_of: str
    nav: Fraction
    peak: Fraction
    """The highest NAV of a close so far, this one included; the deposit before any."""

    @property
    def drawdown(self) -> Fraction:
        """How far below its peak, as a positive share of it."""
        return 1 - self.nav / self.peak if self.peak > 0 else NONE


@dataclass
class Attribution:
    """A fold over the records of `KINDS`, from the beginning of the log."""

    books: Books
    lots: list[Lot] = field(default_factory=list)
    closes: list[Close] = field(default_factory=list)
    moments: list[Close] = field(default_factory=list)
    """The account at the ends of bars inside sessions, where bars are shorter."""

    def take(self, record: Json) -> None:
        """Book one record. Raises `Failed` where lots and books do not agree."""
        held = dict(self.books.holdings)
        self.books = apply(self.books, record)
        if record["kind"] == "fill":
            self._fill(record, held.get(record["instrument"]))
        elif record["kind"] == "books":
            self._entry(record, held)

    def results(self) -> dict[str, Result]:
        """What each lot has come to by its order, at the last prices."""
        prices = {name: held.last_price for name, held in self.books.holdings.items()}
        return {one.order_id: one.result(prices.get(one.instrument, NONE)) for one in self.lots}

    def check(self) -> None:
        """Raises `Failed` where the lots do not sum to the result of the books."""
        lots = sum((one.total for one in self.results().values()), NONE)
        if lots != self.books.closing_nav - Fraction(self.books.deposited):
            raise Failed(
                "the parts of the result do not sum to the change of NAV, so none of them is told; run"
                " `warrant audit verify`, then `warrant books`"
            )

    # --- one record -------------------------------------------------------------------------------------------------

    def _fill(self, record: Json, held: Holding | None) -> None:
        signed = Fraction(record["quantity"]) * Side(record["side"]).sign
        standing = NONE if held is None else Fraction(held.quantity)
        closing = NONE
        if standing and (standing > 0) != (signed > 0):
            closing = min(abs(signed), abs(standing)) * (1 if signed > 0 else -1)
        if closing:
            for lot, share in self._shared(record["instrument"]):
                _move(lot, record, closing * share)
                if record["role"] not in lot.closed_by:
                    lot.closed_by.append(record["role"])
                if not lot.shares:
                    lot.ended = record["session"]
        if signed != closing:
            lot = self._lot(record)
            _move(lot, record, signed - closing)
            lot.bought, lot.ended = lot.bought + abs(signed - closing), ""

    def _entry(self, record: Json, held: dict[str, Holding]) -> None:
        name = record.get("instrument", "")
        match record["entry"]:
            case "dividend" if name in held:
                for lot, _ in self._shared(name):
                    paid = lot.shares * lot.multiplier * Fraction(record["per_share"])
                    lot.cash, lot.dividends = lot.cash + paid, lot.dividends + paid
            case "borrow":
                for lot, share in self._shared(name):
                    paid = Fraction(record["fee"]) * share
                    lot.cash, lot.borrow = lot.cash - paid, lot.borrow + paid
            case "split" if name in held:
                self._split(record, held[name])
            case "closes":
                nav = mark(self.books, {}).nav
                peak = max(self.books.high_water_mark, nav)
                self.moments.append(Close(record["session"], record["as_of"], nav, peak))
            case "session":
                books = self.books
                self.closes.append(Close(record["session"], record["as_of"], books.closing_nav, books.high_water_mark))

    def _split(self, record: Json, held: Holding) -> None:
        ratio = fraction(record["ratio"])
        whole, rest = split_quantity(held.quantity, ratio)
        paid = Fraction(floor(rest * Fraction(held.multiplier) * held.last_price / ratio * 100), 100)
        for lot, share in self._shared(record["instrument"]):
            lot.shares = Fraction(whole) * share
            lot.cash += paid * share
            if not lot.shares:
                lot.ended = record["session"]

    def _shared(self, instrument: str) -> list[tuple[Lot, Fraction]]:
        """The lots that are open, each with its part of the position."""
        found = [lot for lot in self.lots if lot.instrument == instrument and lot.shares]
        together = sum((lot.shares for lot in found), NONE)
        return [(lot, lot.shares / together) for lot in found]

    def _lot(self, record: Json) -> Lot:
        for lot in reversed(self.lots):
            if lot.order_id == record["client_order_id"]:
                return lot
        lot = Lot(
            order_id=record["client_order_id"],
            decision_id=record.get("decision_id", ""),
            instrument=record["instrument"],
            side="long" if record["side"] == "buy" else "short",
            strategy=record["strategy"],
            horizon=record["horizon"],
            opened=record["session"],
            multiplier=Fraction(record["multiplier"]),
        )
        self.lots.append(lot)
        return lot


def _move(lot: Lot, record: Json, shares: Fraction) -> None:
    """A part of a fill, in signed shares, moves a lot: shares, cash, and what it cost."""
    part = abs(shares) / Fraction(record["quantity"])
    commission = Fraction(record["commission"]) * part
    lot.shares += shares
    lot.cash -= shares * Fraction(record["price"]) * lot.multiplier + commission
    lot.commission += commission
    lot.slippage += Fraction(record.get("slippage", "0")) * abs(shares) * lot.multiplier


def opened(start: Json) -> Attribution:
    """The account as a log's first `start` opens it."""
    return Attribution(Books.open(start["account"], Mode(start["mode"]), start["currency"], Decimal(start["capital"])))


# --- of a span of sessions ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Earned:
    """What the sessions of a span brought: by lot, and the NAV before and after. It sums exactly."""

    currency: str
    before: Close
    """The last close before; the deposit where there was none."""
    closes: tuple[Close, ...]
    moments: tuple[Close, ...]
    """Inside those sessions."""
    lots: tuple[Lot, ...]
    """Those that brought or cost anything in the span."""
    by_lot: dict[str, Result]
    books: Books
    """At the beginning of the span."""
    after: Books

    @property
    def change(self) -> Fraction:
        """NAV at the last close less NAV before the first."""
        return (self.closes[-1].nav if self.closes else self.before.nav) - self.before.nav

    @property
    def total(self) -> Result:
        """Everything; its total is `change`."""
        return sum(self.by_lot.values(), Result())


def earned(records: Iterable[Json], first: str) -> Earned | None:
    """Fold a log up to the end of a span, which begins with the day `first`; None before any `start`.

    Both ends are closes: what happened after the last one belongs to a session that has not ended. Raises `Failed`.
    """
    kept = list(records)
    if not kept or kept[0]["kind"] != "start":
        return None
    ends = [at for at, one in enumerate(kept) if one["kind"] == "books" and one["entry"] == "session"]
    begin = next((at + 1 for at in reversed(ends) if kept[at]["as_of"][:10] < first), 0)
    told = opened(kept[0])
    for record in kept[:begin]:
        told.take(record)
    books, last, before = told.books, _last(told), told.results()
    told.check()
    for record in kept[begin : ends[-1] + 1 if ends else 0]:
        told.take(record)
    told.check()
    by_lot = {name: one - before.get(name, Result()) for name, one in told.results().items()}
    by_lot = {name: one for name, one in by_lot.items() if one != Result()}
    return Earned(
        currency=books.currency,
        before=last,
        closes=tuple(one for one in told.closes if one.as_of[:10] >= first),
        moments=tuple(one for one in told.moments if one.as_of[:10] >= first),
        lots=tuple(lot for lot in told.lots if lot.order_id in by_lot),
        by_lot=by_lot,
        books=books,
        after=told.books,
    )


def _last(told: Attribution) -> Close:
    """The last close, or the account as it was opened."""
    deposit = Fraction(told.books.deposited)
    return told.closes[-1] if told.closes else Close("", "", deposit, deposit)


def cents(values: Sequence[Fraction]) -> list[Fraction]:
    """Values rounded to the cent so that they sum to the rounded sum: the largest remainders are rounded up."""
    lower = [Fraction(floor(one * 100), 100) for one in values]
    missing = round(round(sum(values, NONE) * 100) - sum(lower, NONE) * 100)
    order = sorted(range(len(values)), key=lambda at: (lower[at] - values[at], at))
    return [one + Fraction(at in order[:missing], 100) for at, one in enumerate(lower)]
