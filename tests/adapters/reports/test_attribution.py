"""Whose the result is: lots sum to the change of NAV exactly, whatever happened to the books."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.reports.attribution import NONE, PARTS, Result, cents, earned, opened
from engine.books.books import Books
from knowledge.values import Json

NAMES = ("AAPL", "IBM")
DAYS = tuple(f"2026-03-{day:02}" for day in range(2, 7))
PRICES = st.decimals("1", "900", places=2)
START: Json = {
    "kind": "start", "as_of": "2026-03-01T00:00:00Z", "account": "A", "mode": "paper", "currency": "USD",
    "capital": "100000", "costs": {"settlement_days": "0"},
}  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Json]:
    """A log of fills (also across zero), dividends, splits, borrow fees and closes, as the books would take it."""
    from engine.books.books import apply

    records, numbers = [START], iter(range(10_000))
    books = opened(START).books

    def add(**record: object) -> None:
        nonlocal books
        one: Json = {"as_of": f"{day}T20:00:00Z", "session": day, **record}
        books = apply(books, one)
        records.append(one)

    for day in DAYS:
        for name, held in sorted(books.holdings.items()):
            if held.quantity < 0 and draw(st.booleans()):
                add(kind="books", entry="borrow", **borrowed(books, name, day))
        for name in NAMES:
            if draw(st.integers(0, 5)) == 0:
                add(kind="books", entry="split", instrument=name, ratio=draw(st.sampled_from(("2", "3/2", "1/7"))))
            if draw(st.integers(0, 5)) == 0:
                add(kind="books", entry="dividend", instrument=name, per_share=str(draw(PRICES) / 100))
        for _ in range(draw(st.integers(0, 2))):
            number, name, side = next(numbers), draw(st.sampled_from(NAMES)), draw(st.sampled_from(("buy", "sell")))
            add(
                kind="fill", fill_id=f"f{number}", client_order_id=f"{name}-{side}-{number // 3}",
                instrument=name, side=side,
                quantity=str(draw(st.integers(1, 60))), price=str(draw(PRICES)), commission=str(draw(PRICES) / 100),
                slippage="0.01", strategy="s", horizon="swing", currency="USD", multiplier="1",
                role=draw(st.sampled_from(("entry", "exit", "stop"))), decision_id="d",
            )  # fmt: skip
        closes = {name: str(draw(PRICES)) for name in NAMES if draw(st.integers(0, 4))}
        add(kind="books", entry="session", closes=closes)
    return records


def borrowed(books: Books, name: str, day: str) -> Json:
    from decimal import Decimal

    from engine.books.records import borrow_fee, nights_between
    from knowledge.values import text

    held = books.holdings[name]
    value, nights = (
        abs(held.units * held.last_price),
        nights_between(books.session if books.ended else books.before, day),
    )
    fee = borrow_fee(value, Decimal("0.01"), nights)
    return {"instrument": name, "rate": "0.01", "value": text(value), "nights": nights, "fee": str(fee),
            "event_id": f"borrow:{name}:{day}"}  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(histories(), st.sampled_from(DAYS))
def test_the_parts_sum_to_the_change_of_nav(records: list[Json], first: str) -> None:
    found = earned(records, first)
    assert found is not None
    assert found.total.total == found.change == found.closes[-1].nav - found.before.nav
    assert found.change == found.after.closing_nav - found.books.closing_nav
    # costs are what the books say
    whole = earned(records, DAYS[0])
    assert whole is not None
    assert whole.total.commission == -Fraction(whole.after.fees)
    assert whole.total.borrow == -Fraction(whole.after.borrow)
    assert whole.total.dividends == Fraction(whole.after.dividends)


@given(st.lists(st.fractions(-1000, 1000), max_size=12))
def test_cents_sum_to_the_rounded_sum(values: list[Fraction]) -> None:
    rounded = cents(values)
    assert sum(rounded, NONE) == Fraction(round(sum(values, NONE) * 100), 100)
    assert all(abs(one - exact) < Fraction(1, 100) for one, exact in zip(rounded, values, strict=True))
    assert all(one.denominator in (1, 2, 4, 5, 10, 20, 25, 50, 100) for one in rounded)


def test_a_log_before_its_start_has_no_result() -> None:
    assert earned([], "2026-01-01") is None
    nothing = earned([START], "2026-01-01")
    assert nothing is not None
    assert (nothing.change, nothing.total, nothing.closes) == (0, Result(), ())
    assert len(PARTS) == 5
