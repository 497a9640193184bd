"""The ledger against the books on random histories: exact balance, the same figures, settlements, borrow."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.books.accounts import ASSETS, Account, Entry, Line, Name
from engine.books.books import Books, apply, mark
from engine.books.ledger import Ledger, differences
from engine.books.records import (
    borrow_fee,
    borrow_record,
    dividend_record,
    session_record,
    settlement_record,
    split_record,
)
from engine.books.settlement import due
from engine.orders.order import Side
from engine.orders.portfolio import Mode
from knowledge.values import Json, canonical, parse

CAPITAL = Decimal(1_000_000)
NAMES = ("AAPL", "IBM")
SESSIONS = ("2011-01-03", "2011-01-04", "2011-01-05", "2011-01-06", "2011-01-07", "2011-01-10", "2011-01-11",
            "2011-01-12", "2011-01-13", "2011-01-14", "2011-01-18", "2011-01-19")  # fmt: skip

prices = st.decimals(min_value="0.01", max_value="900", places=4)
events = st.one_of(
    st.tuples(st.just("fill"), st.sampled_from(NAMES), st.sampled_from(Side), st.integers(1, 500), prices),
    st.tuples(st.just("fill"), st.sampled_from(NAMES), st.sampled_from(Side), st.just(100), prices),
    st.tuples(st.just("dividend"), st.sampled_from(NAMES), st.decimals(min_value="0.01", max_value="5", places=4)),
    st.tuples(st.just("split"), st.sampled_from(NAMES), st.sampled_from([Fraction(2), Fraction(3, 2), Fraction(1, 7)])),
)
days = st.tuples(st.lists(events, max_size=4), st.dictionaries(st.sampled_from(NAMES), prices))
histories = st.tuples(
    st.integers(0, 3), st.sampled_from(["0", "0.003", "0.75"]), st.lists(days, max_size=len(SESSIONS))
)


def start(settlement_days: int = 0) -> Json:
    costs = {"settlement_days": str(settlement_days)}
    terms = {"capital": str(CAPITAL), "currency": "USD", "costs": costs}
    return {"kind": "start", "as_of": "2011-01-03T14:30:00Z", **terms}


def fill(session: str, name: str, side: Side, quantity: object, price: object, slippage: str = "0.01") -> Json:
    return {
        "kind": "fill", "fill_id": "f", "instrument": name, "side": side.value, "quantity": str(quantity),
        "price": str(price), "commission": "1.5", "slippage": slippage, "session": session, "strategy": "trend",
        "horizon": "swing", "currency": "USD", "multiplier": "1", "as_of": f"{session}T21:00:00Z",
    }  # fmt: skip


def lived(history: tuple) -> Iterator[tuple[Json, Books]]:
    """Each record of a history with the books after it; what is due is settled, what is short is charged."""
    lag, rate, told = history
    books = Books.open("desk", Mode.BACKTEST, "USD", CAPITAL)

    def happens(record: Json) -> tuple[Json, Books]:
        nonlocal books
        record = parse(canonical(record))
        books = apply(books, record)
        return record, books

    yield happens(start(lag))
    for session, (events_of, closes) in zip(SESSIONS, told, strict=False):
        opens, before = f"{session}T14:30:00Z", books.session
        for held in [one for one in books.holdings.values() if one.quantity < 0 and Decimal(rate)]:
            yield happens(borrow_record(held, Decimal(rate), before, session, opens))
        for one in due(books.unsettled, session):
            yield happens(settlement_record(one, session, opens))
        for event in events_of:
            match event:
                case ("fill", name, side, quantity, price):
                    yield happens(fill(session, name, side, quantity, price))
                case ("dividend", name, per_share):
                    yield happens(dividend_record(name, per_share, session, opens))
                case ("split", name, ratio):
                    yield happens(split_record(name, ratio, session, opens))
        yield happens(session_record(session, closes, f"{session}T21:00:00Z"))


@given(histories)
def test_every_entry_balances_and_the_ledger_says_what_the_books_say(history: tuple) -> None:
    ledger = Ledger()
    for record, books in lived(history):
        entry = ledger.take(record)
        assert entry is None or sum(line.amount for line in entry.lines) == 0
        assert sum(ledger.balances.values()) == 0
        assert list(differences(ledger, books)) == []
        if record.get("entry") == "session":
            result = mark(books, {}).nav - Fraction(CAPITAL)
            assert ledger.nav - Fraction(CAPITAL) == result
            assert result == (
                books.realised
                - ledger.total(Name.UNREALISED)
                + Fraction(books.dividends)
                - Fraction(books.fees)
                - Fraction(books.borrow)
            )


@given(histories)
def test_at_a_sessions_end_settled_is_what_came_in_so_many_sessions_ago(history: tuple) -> None:
    """The oracle knows cash and the proceeds held against shorts, and when each inflow was; splits are left out."""
    lag, rate, told = history
    plain = (lag, rate, [([one for one in each if one[0] != "split"], closes) for each, closes in told])
    came: list[tuple[int, Fraction]] = []
    session, usable, before = 0, Fraction(CAPITAL), Books.open("desk", Mode.BACKTEST, "USD", CAPITAL)
    for record, books in lived(plain):
        free = Fraction(books.cash) - books.short_proceeds - Fraction(before.cash) + before.short_proceeds
        going = Fraction(0)
        if record["kind"] == "fill":
            going = Fraction(record["commission"])
            going += Fraction(record["quantity"]) * Fraction(record["price"]) if record["side"] == "buy" else 0
        elif free < 0:
            going = -free
        usable -= going
        came.append((session, free + going))
        if record.get("entry") == "session":
            usable_now = usable + sum(amount for at, amount in came if session - at >= lag)
            assert 0 <= usable_now - Fraction(books.settled_cash) < Fraction(1, 100)
            session += 1
        before = books


def test_a_sale_is_settled_cash_three_sessions_later() -> None:
    told = [([("fill", "AAPL", Side.BUY, 100, Decimal(50))], {}), ([("fill", "AAPL", Side.SELL, 100, Decimal(52))], {})]
    seen = [(one, books) for one, books in lived((3, "0", [*told, ([], {}), ([], {}), ([], {})]))]
    ends = {one["session"]: books for one, books in seen if one.get("entry") == "session"}
    bought, sold = Decimal("994998.5"), Decimal("994997")
    usable = [ends[day].settled_cash for day in SESSIONS[:5]]
    assert usable == [bought, sold, sold, sold, sold + 5200]
    assert ends[SESSIONS[2]].receivable == 5200 and ends[SESSIONS[2]].cash == sold + 5200
    settled = [(one["agreed"], one["session"]) for one, _ in seen if one.get("entry") == "settlement"]
    assert settled == [(SESSIONS[0], SESSIONS[3]), (SESSIONS[1], SESSIONS[4])]


def test_a_short_pays_each_night_on_its_last_close() -> None:
    sold = [("fill", "AAPL", Side.SELL, 100, Decimal(50))]
    told = [(sold, {"AAPL": Decimal(60)}), *[([], {}) for _ in range(5)]]
    fees = [Decimal(one["fee"]) for one, _ in lived((0, "0.36", told)) if one.get("entry") == "borrow"]
    # 6,000 at 36 % is 6.00 a night of 360; from Friday to Monday are three.
    assert fees == [Decimal(6)] * 4 + [Decimal(18)]
    assert borrow_fee(Fraction(1), Decimal("0.003"), 1) == Decimal("0.01"), "rounded to the cent against us"


def test_what_is_not_due_can_not_be_charged_or_settled() -> None:
    told = [([("fill", "AAPL", Side.SELL, 100, Decimal(50))], {"AAPL": Decimal(60)}), ([], {}), ([], {})]
    whole = list(lived((1, "0.36", told)))
    for at, (record, _) in enumerate(whole):
        if record.get("entry") not in ("borrow", "settlement"):
            continue
        wrong = {"fee": "0.01"} if record["entry"] == "borrow" else {"payable": "1"}
        with pytest.raises(ValueError, match=r"is due|settles what is not due"):
            _taken(whole[:at]).take({**record, **wrong})
        with pytest.raises(ValueError, match=r"is due|nothing is due"):
            apply(whole[at - 1][1], {**record, **wrong})


def test_a_session_can_not_end_before_what_is_due_is_settled() -> None:
    told = [([("fill", "AAPL", Side.BUY, 100, Decimal(50))], {}), ([], {})]
    *before, (settlement, _), (end, _) = list(lived((1, "0", told)))
    assert settlement["entry"] == "settlement"
    with pytest.raises(ValueError, match="is not settled"):
        apply(before[-1][1], end)


def test_slippage_is_shown_and_is_no_second_cost() -> None:
    ledger = _taken(list(lived((0, "0", [([("fill", "AAPL", Side.BUY, 100, Decimal(50))], {"AAPL": Decimal(50)})]))))
    assert ledger.balance(Name.SLIPPAGE, "AAPL") == 1 and ledger.total(Name.SLIPPAGE, Name.IN_PRICES) == 0
    assert ledger.nav == Fraction(CAPITAL) - Fraction("1.5") == ledger.total(*ASSETS)


def test_a_difference_is_named() -> None:
    told = [([("fill", "AAPL", Side.BUY, 100, Decimal(50))], {"AAPL": Decimal(50)})]
    (*_, (_, books)) = lived((0, "0", told))
    ledger = _taken([one for one in lived((0, "0", told)) if one[0]["kind"] != "fill"])
    assert {what for what, _, _ in differences(ledger, books)} >= {"cash", "shares of AAPL", "cost of AAPL"}


def test_an_entry_that_does_not_balance_and_an_account_that_is_none_can_not_be_made() -> None:
    with pytest.raises(ValueError, match="does not balance"):
        Entry("2011-01-03T21:00:00Z", "fill", "odd", (Line(Account(Name.SETTLED), Fraction(1, 3)),))
    for name, instrument in ((Name.SETTLED, "AAPL"), (Name.POSITION, "")):
        with pytest.raises(ValueError, match="kept for"):
            Account(name, instrument)


def _taken(story: list[tuple[Json, Books]]) -> Ledger:
    ledger = Ledger()
    for record, _ in story:
        ledger.take(record)
    return ledger
