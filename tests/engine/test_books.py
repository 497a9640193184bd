"""The books against a ledger that only adds up cash, and case by case."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.books.books import (
    Books,
    apply,
    apply_dividend,
    apply_fill,
    apply_split,
    end_session,
    fold,
    mark,
    portfolio,
)
from engine.books.holdings import Fill, post, split_quantity
from engine.books.money import to_multiple, total
from engine.books.records import dividend_record, session_record, split_record
from engine.orders.order import Kind, Order, Role, Side, State
from engine.orders.portfolio import Mode, Operations, Portfolio, Working
from knowledge.values import canonical, parse

NAMES = ("AAPL", "IBM", "MSFT")
SESSIONS = tuple(f"2011-01-{day:02d}" for day in range(3, 29))
AS_OF = "2011-01-03T21:00:00Z"
DEPOSIT = Decimal(1_000_000)
OPENED = Books.open("desk", Mode.BACKTEST, "USD", DEPOSIT)

prices = st.decimals(min_value="0.01", max_value="900", places=4)
quantities = st.integers(1, 500).map(Decimal)
closes = st.dictionaries(st.sampled_from(NAMES), prices)
ratios = st.sampled_from([Fraction(2), Fraction(3, 2), Fraction(7), Fraction(1, 10), Fraction(7, 3)])
events = st.one_of(
    st.tuples(st.just("fill"), st.sampled_from(NAMES), st.sampled_from(Side), quantities, prices),
    st.tuples(st.just("dividend"), st.sampled_from(NAMES), st.decimals(min_value="0.0001", max_value="5", places=6)),
    st.tuples(st.just("split"), st.sampled_from(NAMES), ratios),
    st.tuples(st.just("close"), closes),
)
histories = st.lists(events, max_size=25)


def fill(side: Side, quantity: object, price: object, session: str = SESSIONS[0], **terms) -> Fill:
    commission = max(Decimal(1), Decimal("0.005") * Decimal(quantity))
    base = {
        "fill_id": "f-1",
        "instrument": "AAPL",
        "strategy": "trend",
        "horizon": "swing",
        "currency": "USD",
        "multiplier": Decimal(1),
        "commission": commission,
    }
    return Fill(side=side, quantity=Decimal(quantity), price=Decimal(price), session=session, **{**base, **terms})


def step(books: Books, event: tuple, session: str) -> Books:
    match event:
        case ("fill", name, side, quantity, price):
            return apply_fill(books, fill(side, quantity, price, session, instrument=name))
        case ("dividend", name, per_share):
            return apply_dividend(books, name, per_share, session)
        case ("split", name, ratio):
            return apply_split(books, name, ratio, session)
        case ("close", known):
            return end_session(books, session, known)
    raise AssertionError(event)


def live(history: list[tuple]) -> tuple[Books, str]:
    books, at = OPENED, 0
    for event in history:
        books = step(books, event, SESSIONS[at])
        at += event[0] == "close"
    return books, SESSIONS[at]


@given(histories, closes)
def test_nav_is_deposit_plus_result_plus_dividends_less_fees(history: list[tuple], at: dict[str, Decimal]) -> None:
    books, _ = live(history)
    marked = mark(books, at)
    assert marked.nav - Fraction(DEPOSIT) == (
        books.realised + marked.unrealised + Fraction(books.dividends) - Fraction(books.fees)
    )


@given(histories)
def test_cash_and_positions_are_those_of_a_ledger_that_only_adds(history: list[tuple]) -> None:
    """The oracle keeps two things, cash and shares, and knows nothing of cost or results."""
    cash, shares, last = Fraction(DEPOSIT), dict.fromkeys(NAMES, Fraction(0)), {}
    for event in history:
        match event:
            case ("fill", name, side, quantity, price):
                cash -= side.sign * Fraction(quantity) * Fraction(price)
                cash -= max(Fraction(1), Fraction(quantity) / 200)
                flips_or_opens = shares[name] == 0 or (
                    side.sign * shares[name] < 0 and abs(shares[name]) < Fraction(quantity)
                )
                if flips_or_opens:
                    last[name] = Fraction(price)
                shares[name] += side.sign * Fraction(quantity)
            case ("dividend", name, per_share):
                cash += shares[name] * Fraction(per_share)
            case ("split", name, ratio):
                if shares[name]:
                    last[name] /= ratio
                    rest = shares[name] * ratio - int(shares[name] * ratio)
                    cash += Fraction((rest * last[name] * 100).__floor__(), 100)
                    shares[name] = Fraction(int(shares[name] * ratio))
            case ("close", known):
                last.update({name: Fraction(price) for name, price in known.items() if shares[name]})
    books, _ = live(history)
    assert Fraction(books.cash) == cash
    assert {name: Fraction(held.quantity) for name, held in books.holdings.items()} == {
        name: count for name, count in shares.items() if count
    }
    assert {name: held.last_price for name, held in books.holdings.items()} == {
        name: last[name] for name, count in shares.items() if count
    }


@given(histories, st.integers(0, 25))
def test_the_fold_over_records_is_the_same_as_living_through_them(history: list[tuple], cut: int) -> None:
    records, at = [], 0
    for number, event in enumerate(history):
        records.append(_record(event, SESSIONS[at], number))
        at += event[0] == "close"
    read = [parse(canonical(record)) for record in records]
    once = fold(OPENED, read)
    assert once == live(history)[0]
    assert fold(fold(OPENED, read[:cut]), read[cut:]) == once


def _record(event: tuple, session: str, number: int):
    match event:
        case ("fill", name, side, quantity, price):
            return {
                "kind": "fill",
                "fill_id": f"f-{number}",
                "instrument": name,
                "side": side.value,
                "quantity": str(quantity),
                "price": str(price),
                "commission": str(max(Decimal(1), Decimal("0.005") * quantity)),
                "session": session,
                "strategy": "trend",
                "horizon": "swing",
                "currency": "USD",
                "multiplier": "1",
            }
        case ("dividend", name, per_share):
            return dividend_record(name, per_share, session, AS_OF)
        case ("split", name, ratio):
            return split_record(name, ratio, session, AS_OF)
        case ("close", known):
            return session_record(session, known, AS_OF)


@given(histories, closes)
def test_the_portfolio_says_what_the_books_say(history: list[tuple], at: dict[str, Decimal]) -> None:
    books, _ = live(history)
    seen = portfolio(books, at, (), Operations())
    assert Portfolio.from_json(parse(canonical(seen.to_json()))) == seen
    nav = mark(books, at).nav
    assert 0 <= nav - Fraction(seen.nav) < Fraction(1, 10**6)
    assert seen.high_water_mark >= seen.nav
    assert [held.instrument for held in seen.positions] == sorted(books.holdings)
    assert all(held.stop is None for held in seen.positions)
    if all(held.quantity > 0 for held in seen.positions):
        assert seen.settled_cash == to_multiple(Fraction(seen.cash), Decimal("0.01"), ROUND_FLOOR)


def test_a_round_trip_by_hand() -> None:
    books = apply_fill(OPENED, fill(Side.BUY, 100, "50"))
    books = apply_fill(books, fill(Side.BUY, 50, "53"))
    assert books.holdings["AAPL"].entry_price == 51
    books = end_session(books, SESSIONS[0], {"AAPL": Decimal("54")})
    seen = portfolio(books, {"AAPL": Decimal("54")}, (), Operations())
    assert (seen.nav, seen.day_pnl, seen.traded_today) == (Decimal(1_000_448), Decimal(448), Decimal(7650))
    books = apply_fill(books, fill(Side.SELL, 150, "52", SESSIONS[1]))
    assert (books.realised, books.fees, books.holdings) == (Fraction(150), Decimal(3), {})
    seen = portfolio(books, {}, (), Operations())
    assert (seen.nav, seen.day_pnl) == (Decimal(1_000_147), Decimal(-301))
    assert (seen.high_water_mark, seen.traded_today) == (Decimal(1_000_448), Decimal(7800))


def test_the_days_result_stands_until_the_next_session_begins() -> None:
    books = apply_fill(OPENED, fill(Side.BUY, 100, "50"))
    books = end_session(books, SESSIONS[0], {"AAPL": Decimal("40")})
    assert portfolio(books, {"AAPL": Decimal("40")}, (), Operations()).day_pnl == Decimal(-1001)
    books = end_session(books, SESSIONS[1], {"AAPL": Decimal("41")})
    seen = portfolio(books, {"AAPL": Decimal("41")}, (), Operations())
    assert (seen.day_pnl, seen.traded_today) == (Decimal(100), Decimal(0))


def test_short_proceeds_are_no_settled_cash() -> None:
    books = apply_fill(OPENED, fill(Side.SELL, 100, "50"))
    assert books.cash == Decimal(1_004_999) and books.settled_cash == Decimal(999_999)
    books = apply_fill(books, fill(Side.BUY, 100, "45"))
    assert books.cash == books.settled_cash == Decimal(1_000_498)


def test_a_dividend_pays_a_long_and_costs_a_short() -> None:
    for side, change in ((Side.BUY, Decimal(265)), (Side.SELL, Decimal(-265))):
        books = apply_fill(OPENED, fill(side, 100, "500"))
        after = apply_dividend(books, "AAPL", Decimal("2.65"), SESSIONS[0])
        assert after.cash - books.cash == after.dividends == change
        assert apply_dividend(books, "IBM", Decimal("2.65"), SESSIONS[0]) == books


def test_a_split_changes_no_value_and_pays_the_fraction() -> None:
    books = apply_fill(OPENED, fill(Side.BUY, 5, "90"))
    books = end_session(books, SESSIONS[0], {"AAPL": Decimal("96")})
    before = mark(books, {})
    books = apply_split(books, "AAPL", Fraction(3, 2), SESSIONS[1])
    held = books.holdings["AAPL"]
    assert (held.quantity, held.entry_price, held.last_price, held.best_close) == (7, 60, 64, 64)
    assert books.cash == DEPOSIT - 450 - 1 + 32
    assert mark(books, {}).nav == before.nav and mark(books, {}).missing == ("AAPL",)


def test_a_reverse_split_of_too_few_shares_leaves_none() -> None:
    books = apply_fill(OPENED, fill(Side.BUY, 3, "10"))
    books = apply_split(books, "AAPL", Fraction(1, 10), SESSIONS[0])
    assert books.holdings == {} and books.cash == DEPOSIT - 1 and books.realised == 0


@given(st.integers(-10_000, 10_000).filter(bool), ratios)
def test_a_split_keeps_whole_and_fraction_together(quantity: int, ratio: Fraction) -> None:
    whole, rest = split_quantity(Decimal(quantity), ratio)
    assert Fraction(whole) + rest == quantity * ratio
    assert abs(rest) < 1 and rest * quantity >= 0 and whole * quantity >= 0


def test_a_position_grows_older_and_remembers_its_best_close() -> None:
    for side, best in ((Side.BUY, ["48", "49", "49"]), (Side.SELL, ["48", "48", "47"])):
        books = apply_fill(OPENED, fill(side, 100, "50"))
        assert portfolio(books, {}, (), Operations()).positions[0].best_close == Decimal(50)
        for age, (close, expected) in enumerate(zip(["48", "49", "47"], best, strict=True)):
            books = end_session(books, SESSIONS[age], {"AAPL": Decimal(close)})
            held = portfolio(books, {}, (), Operations()).positions[0]
            assert (held.sessions_held, held.best_close) == (age + 1, Decimal(expected))


@pytest.mark.parametrize("price", [None, Decimal("NaN"), Decimal("Infinity"), Decimal(0), Decimal(-1)])
def test_without_a_price_that_counts_the_last_one_stands_and_is_reported(price: Decimal | None) -> None:
    books = apply_fill(OPENED, fill(Side.BUY, 100, "50"))
    books = end_session(books, SESSIONS[0], {"AAPL": Decimal("60")})
    given_prices = {} if price is None else {"AAPL": price}
    marked = mark(end_session(books, SESSIONS[1], given_prices), given_prices)
    assert marked.missing == ("AAPL",) and marked.nav == 1_000_999


def test_a_fill_across_zero_closes_first_and_opens_with_the_rest() -> None:
    books = apply_fill(OPENED, fill(Side.BUY, 100, "50"))
    across = fill(Side.SELL, 130, "52")
    posting = post(books.holdings["AAPL"], across)
    assert (posting.closed, posting.opened, posting.realised) == (100, 30, 200)
    held = apply_fill(books, across).holdings["AAPL"]
    assert (held.quantity, held.entry_price) == (-30, 52)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"currency": "EUR"}, "kept in USD"),
        ({"multiplier": Decimal(10)}, "multiplier"),
        ({"session": SESSIONS[0]}, "after the end of session"),
        ({"price": Decimal(0)}, "no positive"),
        ({"quantity": Decimal(-1)}, "no positive"),
    ],
)
def test_a_fill_that_can_not_belong_here_is_a_bug(wrong: dict, why: str) -> None:
    books = end_session(apply_fill(OPENED, fill(Side.BUY, 1, "50")), SESSIONS[0], {})
    good = {"side": Side.BUY, "quantity": Decimal(1), "price": Decimal(50), "session": SESSIONS[1]}
    apply_fill(books, fill(**good))
    with pytest.raises(ValueError, match=why):
        apply_fill(books, fill(**{**good, "commission": Decimal(1), **wrong}))


def test_a_session_ends_once() -> None:
    books = end_session(OPENED, SESSIONS[0], {})
    with pytest.raises(ValueError, match="after the end of session"):
        end_session(books, SESSIONS[0], {})


def test_an_unknown_entry_is_refused_and_other_records_pass_by() -> None:
    with pytest.raises(ValueError, match="know no entry `merger`"):
        apply(OPENED, {"kind": "books", "entry": "merger"})
    assert apply(OPENED, {"kind": "decision"}) == OPENED


def _stop(identity: str, price: str, remaining: int, state: State, side: Side = Side.SELL) -> Working:
    terms = ("trend", "swing", "USD", Decimal(1))
    stop = Order(identity, "AAPL", side, Role.STOP, Kind.STOP, Decimal(100), None, Decimal(price), True, *terms)
    return Working(stop, Decimal(remaining), state)


@pytest.mark.parametrize(
    ("working", "expected"),
    [
        ((), None),
        ((_stop("a", "45", 100, State.WORKING),), "45"),
        ((_stop("a", "45", 99, State.WORKING),), None),
        ((_stop("a", "45", 60, State.WORKING), _stop("b", "47", 40, State.PARTLY_FILLED)), "45"),
        ((_stop("a", "45", 100, State.WARRANTED),), None),
        ((_stop("a", "55", 100, State.WORKING, Side.BUY),), None),
    ],
)
def test_the_stop_of_a_position_is_the_farthest_that_protects_all_of_it(working, expected) -> None:
    books = apply_fill(OPENED, fill(Side.BUY, 100, "50"))
    held = portfolio(books, {}, working, Operations()).positions[0]
    assert held.stop == (None if expected is None else Decimal(expected))


@given(st.fractions(), st.sampled_from(["0.01", "0.05", "1", "0.000001"]).map(Decimal))
def test_a_multiple_lies_on_the_asked_side(value: Fraction, quantum: Decimal) -> None:
    down, up, near = (to_multiple(value, quantum, way) for way in (ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_EVEN))
    assert Fraction(down) <= value <= Fraction(up)
    assert total(up, -down) in (0, quantum)
    assert abs(Fraction(near) - value) <= Fraction(quantum) / 2
    assert (Fraction(down) / Fraction(quantum)).denominator == 1
