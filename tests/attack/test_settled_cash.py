"""Settled cash while everything happens at once: splits on unsettled trades, shorts, another cycle from one day on."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.books.books import Books, apply
from engine.books.records import borrow_record, dividend_record, session_record, settlement_record, split_record
from engine.books.settlement import due
from engine.orders.order import Side
from engine.orders.portfolio import Mode
from knowledge.values import Json, canonical, parse
from tests.engine.test_ledger import CAPITAL, NAMES, SESSIONS, events, fill, prices, start

RATE = Decimal("0.75")
days = st.tuples(
    st.one_of(st.none(), st.integers(0, 3)),
    st.lists(events, max_size=4),
    st.dictionaries(st.sampled_from(NAMES), prices),
)


def records_of(session: str, told: list[tuple], books: Books) -> list[Json]:
    """What the nights bring is due before anything else."""
    opens = f"{session}T14:30:00Z"
    shorts = [one for one in books.holdings.values() if one.quantity < 0]
    found = [borrow_record(one, RATE, books.session, session, opens) for one in shorts]
    found += [settlement_record(one, session, opens) for one in due(books.unsettled, session)]
    for event in told:
        match event:
            case ("fill", name, Side() as side, quantity, price):
                found.append(fill(session, name, side, quantity, price))
            case ("dividend", name, per_share):
                found.append(dividend_record(name, per_share, session, opens))
            case ("split", name, ratio):
                found.append(split_record(name, ratio, session, opens))
    return found


@given(st.lists(days, max_size=len(SESSIONS)))
def test_no_moment_counts_money_that_is_not_there_yet(history: list[tuple]):
    """The oracle knows of cash and of the proceeds held against shorts what they were after each record, and how long
    what came in has to wait; what went out is gone at once. Settled cash is never more than that leaves."""
    books, lag = Books.open("desk", Mode.BACKTEST, "USD", CAPITAL), 0
    gone, came = Fraction(0), []
    for number, (session, (another, told, closes)) in enumerate(zip(SESSIONS, history, strict=False)):
        lag = lag if another is None else another
        books = apply(books, start(lag))
        ending = session_record(session, closes, f"{session}T21:00:00Z")
        for record in [*records_of(session, told, books), ending]:
            before, books = books, apply(books, parse(canonical(record)))
            free = Fraction(books.cash) - books.short_proceeds - Fraction(before.cash) + before.short_proceeds
            going = max(Fraction(0), -free)
            if record["kind"] == "fill":
                bought = record["side"] == "buy"
                going = Fraction(record["commission"])
                going += Fraction(record["quantity"]) * Fraction(record["price"]) if bought else 0
            gone += going
            came.append((number + lag, free + going))
            there = sum((amount for when, amount in came if when <= number), Fraction(CAPITAL)) - gone
            assert Fraction(books.settled_cash) <= there
            assert books.receivable >= 0 and all(one.left >= 0 for one in books.unsettled)


def test_it_would_be_seen():
    """The same history with its sale counted at once has more than the oracle allows."""
    books = apply(Books.open("desk", Mode.BACKTEST, "USD", CAPITAL), start(2))
    for side in (Side.BUY, Side.SELL):
        books = apply(books, fill(SESSIONS[0], NAMES[0], side, 100, "50"))
    assert books.receivable == 5000 and books.settled_cash == CAPITAL - 5003
