"""The books: cash, positions and results as a fold over what the log says happened.

- Everything is exact: money is `Decimal` that refuses to round, cost and realised result are `Fraction`.
- NAV - deposited = realised + unrealised + dividends - fees - borrow, always, and exactly. The same records as double
  entry, account by account, are `engine.books.ledger`, derived apart from this fold and compared with it.
- Bars shorter than a session move last prices and best closes (`closes`); what counts in sessions waits for the end.
- A session begins with its first event and ends with `end_session`; until the next one begins, the day's result and
  `traded_today` are those of the session that ended.
- Settled cash leaves out the proceeds of open short sales, and what has not come in yet (`engine.books.settlement`); a
  desk's `start` record says how many sessions that takes.
- A short pays for its borrow each calendar night, on its value at the last close, and pays dividends.
- A held instrument without a price keeps its last one, and `Mark.missing` names it.
- Splits pay fractions of a share in cash, rounded to the cent against the account.

Left out: currencies other than the account's (such a fill is refused), interest, taxes. Protective stops are orders:
they live at the venue, and `portfolio` reads them from the working orders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from engine.books.holdings import Fill, Holding, after_bar, after_close, after_fill, after_split, post, settling
from engine.books.money import NOTHING, product, to_multiple, total
from engine.books.records import CENT, borrow_fee, nights_between
from engine.books.settlement import Unsettled, agree, older, settled
from engine.orders.order import Role, Side, State
from engine.orders.portfolio import Mode, Operations, Portfolio, Position, Working
from knowledge.values import Json, fraction

_PRICE = Decimal("0.000001")
_CLOSE = Decimal("0.0001")
_NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Mark:
    """The books at given prices. `missing`: held instruments that keep their last price, in canonical order."""

    nav: Fraction
    unrealised: Fraction
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Books:
    """The state of one account. `holdings` is never changed in place."""

    account: str
    mode: Mode
    currency: str
    deposited: Decimal
    cash: Decimal
    fees: Decimal
    borrow: Decimal
    """What borrowing shares has cost."""
    dividends: Decimal
    realised: Fraction
    holdings: Mapping[str, Holding]
    settlement_days: int
    """Sessions until what is agreed from now on settles."""
    unsettled: tuple[Unsettled, ...]
    session: str
    """The session whose events are being booked, empty before the first."""
    before: str
    """The session before that one."""
    ended: bool
    """Whether that session is over."""
    opening_nav: Fraction
    """NAV at the close before `session`."""
    closing_nav: Fraction
    """NAV at the last close."""
    high_water_mark: Fraction
    traded: Decimal
    """Notional traded in `session`."""

    @classmethod
    def open(cls, account: str, mode: Mode, currency: str, deposit: Decimal) -> Books:
        """New books with a deposit and nothing else."""
        nav = Fraction(deposit)
        return cls(
            account=account,
            mode=mode,
            currency=currency,
            deposited=deposit,
            cash=deposit,
            fees=NOTHING,
            borrow=NOTHING,
            dividends=NOTHING,
            realised=Fraction(0),
            holdings={},
            settlement_days=0,
            unsettled=(),
            session="",
            before="",
            ended=True,
            opening_nav=nav,
            closing_nav=nav,
            high_water_mark=nav,
            traded=NOTHING,
        )

    @property
    def short_proceeds(self) -> Fraction:
        """What open short sales brought, held by the broker against them."""
        return sum((-held.cost for held in self.holdings.values() if held.quantity < 0), Fraction(0))

    @property
    def receivable(self) -> Fraction:
        """What has been agreed to come in and has not yet."""
        return sum((one.receivable for one in self.unsettled), Fraction(0))

    @property
    def settled_cash(self) -> Decimal:
        """Cash without proceeds of open short sales and without what has not come in, rounded down to the cent."""
        return to_multiple(Fraction(self.cash) - self.short_proceeds - self.receivable, CENT, ROUND_FLOOR)


def fold(books: Books, records: Iterable[Json]) -> Books:
    """Apply the log's records in their order; kinds that do not concern the books pass by."""
    for record in records:
        books = apply(books, record)
    return books


def apply(books: Books, record: Json) -> Books:
    """Apply one record. Raises `ValueError` on one that can not have happened after these books."""
    if record["kind"] == "start":
        return replace(books, settlement_days=int(record.get("costs", {}).get("settlement_days", "0")))
    if record["kind"] == "fill":
        return apply_fill(books, Fill.from_json(record))
    if record["kind"] != "books":
        return books
    step = _ENTRIES.get(record["entry"])
    if step is None:
        raise ValueError(f"the books know no entry `{record['entry']}`; they know {', '.join(_ENTRIES)}")
    return step(books, record)


def apply_fill(books: Books, fill: Fill) -> Books:
    """Book one execution. Raises `ValueError` where it can not belong to these books."""
    held = books.holdings.get(fill.instrument)
    if fill.currency != books.currency:
        raise ValueError(f"fill `{fill.fill_id}` is in {fill.currency}, and these books are kept in {books.currency}")
    if held is not None and held.multiplier != fill.multiplier:
        raise ValueError(f"fill `{fill.fill_id}` has multiplier {fill.multiplier}, the position {held.multiplier}")
    if not (fill.quantity > 0 and fill.price > 0 and fill.commission.is_finite()):
        raise ValueError(f"fill `{fill.fill_id}` has no positive quantity and price, or no finite commission")
    books = _begin(books, fill.session)
    posting = post(held, fill)
    return replace(
        books,
        cash=total(books.cash, posting.cash, -fill.commission),
        fees=total(books.fees, fill.commission),
        realised=books.realised + posting.realised,
        traded=total(books.traded, abs(posting.cash)),
        holdings=_with(books.holdings, fill.instrument, after_fill(held, fill, posting)),
        unsettled=_agreed(books, *settling(held, fill, posting)),
    )


def apply_split(books: Books, instrument: str, ratio: Fraction, session: str) -> Books:
    """`ratio` new shares for each old one, before the session's first trade; fractions are paid in cash.

    The fraction is worth the last price after the split, rounded to the cent against the account.
    """
    if ratio <= 0:
        raise ValueError(f"a split of `{instrument}` by {ratio} is no split")
    books = _begin(books, session)
    books = replace(
        books, holdings={name: _in_new_shares(one, instrument, ratio) for name, one in books.holdings.items()}
    )
    held = books.holdings.get(instrument)
    if held is None:
        return books
    after, rest = after_split(held, ratio)
    paid = to_multiple(rest * Fraction(held.multiplier) * held.last_price / ratio, CENT, ROUND_FLOOR)
    cost_of_rest = held.cost - (after.cost if after else 0)
    return replace(
        books,
        cash=total(books.cash, paid),
        realised=books.realised + Fraction(paid) - cost_of_rest,
        holdings=_with(books.holdings, instrument, after),
        # The proceeds of the fraction of a short are held against it no longer.
        unsettled=_agreed(books, max(_NONE, Fraction(paid)) + max(_NONE, -cost_of_rest), max(_NONE, -Fraction(paid))),
    )


def apply_dividend(books: Books, instrument: str, per_share: Decimal, session: str) -> Books:
    """A cash dividend on its ex-date, before the session's first trade: a long receives it, a short pays it."""
    books = _begin(books, session)
    held = books.holdings.get(instrument)
    if held is None:
        return books
    amount = product(held.quantity, held.multiplier, per_share)
    unsettled = _agreed(books, max(_NONE, Fraction(amount)), max(_NONE, -Fraction(amount)))
    return replace(books, cash=total(books.cash, amount), dividends=total(books.dividends, amount), unsettled=unsettled)


def apply_borrow(books: Books, record: Json) -> Books:
    """What a short cost over the nights before a session; first of its events. Refuses any other fee than that."""
    books = _begin(books, record["session"])
    held, rate = books.holdings.get(record["instrument"]), Decimal(record["rate"])
    if held is None or held.quantity >= 0 or not books.before:
        raise ValueError(f"`{record['event_id']}` charges for shares that were not borrowed")
    value, nights = abs(held.units * held.last_price), nights_between(books.before, books.session)
    fee = borrow_fee(value, rate, nights)
    if (fraction(record["value"]), record["nights"], Decimal(record["fee"])) != (value, nights, fee):
        raise ValueError(f"`{record['event_id']}` charges {record['fee']} for {nights} nights, and {fee} is due")
    return replace(books, cash=total(books.cash, -fee), borrow=total(books.borrow, fee))


def apply_settlement(books: Books, agreed: str, receivable: Fraction, payable: Fraction, session: str) -> Books:
    """Money that was agreed in an earlier session changes hands; it was cash all the while, and now counts as such."""
    books = _begin(books, session)
    return replace(books, unsettled=settled(books.unsettled, session, agreed, receivable, payable))


def mark(books: Books, prices: Mapping[str, Decimal]) -> Mark:
    """Value the books: NAV and unrealised result at `prices`, or at the last price where there is none that counts."""
    nav, unrealised, missing = Fraction(books.cash), Fraction(0), []
    for instrument in sorted(books.holdings):
        held = books.holdings[instrument]
        price = _price(prices, instrument)
        if price is None:
            missing.append(instrument)
        value = held.units * (held.last_price if price is None else price)
        nav += value
        unrealised += value - held.cost
    return Mark(nav, unrealised, tuple(missing))


def apply_closes(books: Books, session: str, closes: Mapping[str, Decimal]) -> Books:
    """A bar ends inside a session: last prices and best closes move, and nothing is a session older."""
    books = _begin(books, session)
    moved = {name: after_bar(held, _price(closes, name)) for name, held in books.holdings.items()}
    return replace(books, holdings=moved)


def end_session(books: Books, session: str, closes: Mapping[str, Decimal]) -> Books:
    """End a session at its closes: positions grow a session older, the high-water mark rises if NAV did."""
    books = _begin(books, session)
    nav = mark(books, closes).nav
    return replace(
        books,
        ended=True,
        unsettled=older(books.unsettled, session),
        closing_nav=nav,
        high_water_mark=max(books.high_water_mark, nav),
        holdings={name: after_close(held, _price(closes, name)) for name, held in books.holdings.items()},
    )


def portfolio(
    books: Books, prices: Mapping[str, Decimal], working: Sequence[Working], operations: Operations
) -> Portfolio:
    """The portfolio a decision starts from, at `prices`. NAV and its relatives round down to a millionth."""
    nav = mark(books, prices).nav
    positions = tuple(_position(books.holdings[name], working) for name in sorted(books.holdings))
    return Portfolio(
        account=books.account,
        mode=books.mode,
        currency=books.currency,
        nav=to_multiple(nav, _PRICE, ROUND_FLOOR),
        cash=books.cash,
        settled_cash=books.settled_cash,
        day_pnl=to_multiple(nav - books.opening_nav, _PRICE, ROUND_FLOOR),
        high_water_mark=to_multiple(max(books.high_water_mark, nav), _PRICE, ROUND_CEILING),
        traded_today=books.traded,
        positions=positions,
        working=tuple(sorted(working, key=lambda one: one.order.client_order_id)),
        operations=operations,
    )


def _position(held: Holding, working: Sequence[Working]) -> Position:
    entry = to_multiple(held.entry_price, _PRICE, ROUND_HALF_EVEN)
    return Position(
        instrument=held.instrument,
        quantity=held.quantity,
        entry_price=entry,
        stop=_protection(held, working),
        best_close=entry if held.best_close is None else to_multiple(held.best_close, _CLOSE, ROUND_HALF_EVEN),
        sessions_held=held.sessions_held,
        currency=held.currency,
        multiplier=held.multiplier,
        strategy=held.strategy,
        horizon=held.horizon,
        basket=held.basket,
    )


def _protection(held: Holding, working: Sequence[Working]) -> Decimal | None:
    """The farthest of the active stops, if together they cover the position; else nothing protects all of it."""
    stops = [
        (one.order.stop_price, one.remaining)
        for one in working
        if one.order.instrument == held.instrument
        and one.order.role is Role.STOP
        and one.state is not State.WARRANTED
        and (one.order.side is Side.SELL) == (held.quantity > 0)
        and one.order.stop_price is not None
    ]
    if sum((remaining for _, remaining in stops), NOTHING) < abs(held.quantity):
        return None
    prices = [price for price, _ in stops if price is not None]
    return min(prices) if held.quantity > 0 else max(prices)


def _begin(books: Books, session: str) -> Books:
    """Turn to `session`: the first event of a new one moves the opening NAV and forgets what was traded."""
    if session < books.session or (session == books.session and books.ended):
        raise ValueError(f"an event of session {session} comes after the end of session {books.session}")
    if session == books.session:
        return books
    before = books.session
    return replace(books, session=session, before=before, ended=False, opening_nav=books.closing_nav, traded=NOTHING)


def _agreed(books: Books, receivable: Fraction, payable: Fraction) -> tuple[Unsettled, ...]:
    return agree(books.unsettled, books.session, books.settlement_days, receivable, payable)


def _with(holdings: Mapping[str, Holding], instrument: str, held: Holding | None) -> Mapping[str, Holding]:
    others = {name: other for name, other in holdings.items() if name != instrument}
    return others if held is None else {**others, instrument: held}


def _in_new_shares(held: Holding, instrument: str, ratio: Fraction) -> Holding:
    """The ratio of a leg's basket after a split of one of its legs."""
    return held if held.basket is None else replace(held, basket=held.basket.after_split(instrument, ratio))


def _price(prices: Mapping[str, Decimal], instrument: str) -> Fraction | None:
    price = prices.get(instrument)
    return Fraction(price) if price is not None and price.is_finite() and price > 0 else None


def _settlement(books: Books, record: Json) -> Books:
    amounts = fraction(record["receivable"]), fraction(record["payable"])
    return apply_settlement(books, record["agreed"], *amounts, record["session"])


def _closes(record: Json) -> dict[str, Decimal]:
    return {name: Decimal(each) for name, each in record["closes"].items()}


_ENTRIES: dict[str, Callable[[Books, Json], Books]] = {
    "split": lambda books, one: apply_split(books, one["instrument"], fraction(one["ratio"]), one["session"]),
    "dividend": lambda books, one: apply_dividend(books, one["instrument"], Decimal(one["per_share"]), one["session"]),
    "borrow": apply_borrow,
    "settlement": _settlement,
    "closes": lambda books, one: apply_closes(books, one["session"], _closes(one)),
    "session": lambda books, one: end_session(books, one["session"], _closes(one)),
}
"""What a record of kind `books` may say, by its entry."""
