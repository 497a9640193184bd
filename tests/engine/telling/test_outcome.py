"""What a position made is what the account made by it: the books are the oracle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings

from engine.books.books import Books, mark
from engine.orders.order import Side
from engine.telling.as_text import as_text
from engine.telling.outcome import Outcome, follow, outcome_of, sentence
from engine.telling.tokens import plain
from knowledge.values import Json
from tests.engine.test_ledger import fill, histories, lived

ORDER = {"instrument": "AAPL", "currency": "USD", "client_order_id": "O-1"}


def of_one(history: tuple[Any, ...]) -> list[tuple[Json, Books]]:
    """A life with one instrument."""
    lag, rate, told = history
    days = [
        (
            [(event[0], "AAPL", *event[2:]) for event in events],
            {"AAPL": closes["AAPL"]} if "AAPL" in closes else {},
        )
        for events, closes in told
    ]
    return list(lived((lag, rate, days)))


def entered(story: list[tuple[Json, Books]]) -> tuple[int, Outcome | None]:
    """The first fill of the story as our order's, and what is told of it."""
    first = next((at for at, (record, _) in enumerate(story) if record["kind"] == "fill"), len(story))
    if first == len(story):
        return first, follow(ORDER, None, [])
    records = [record for record, _ in story[first:] if record["kind"] in ("fill", "books")]
    return first, follow(ORDER, None, [{**records[0], "client_order_id": "O-1"}, *records[1:]])


@settings(max_examples=60, deadline=None)
@given(histories)
def test_the_result_is_what_the_account_moved_by(history: tuple[Any, ...]) -> None:
    story = of_one(history)
    first, outcome = entered(story)
    if outcome is None:
        assert first == len(story)
        return
    closing = next((books for _, books in story[first:] if not books.holdings), story[-1][1])
    assert outcome.result == mark(closing, {}).nav - mark(story[first - 1][1], {}).nav
    assert (outcome.held is None) is bool(outcome.closed) is not bool(closing.holdings)
    assert outcome.commission == Decimal("1.5") * len(outcome.fills)
    told = as_text(outcome_of(outcome, lambda one: f"by {one['fill_id']}"))
    assert "profit" in told or "loss" in told
    assert plain(sentence(outcome, "by a stop")).startswith("It was ")


def test_another_instrument_and_what_came_before_the_entry_take_no_part() -> None:
    def filled(session: str, name: str, side: Side, price: str, order: str) -> Json:
        return {**fill(session, name, side, 100, price), "client_order_id": order}

    story = [
        filled("2011-01-03", "IBM", Side.BUY, "99", "O-0"),
        filled("2011-01-04", "AAPL", Side.BUY, "10", "O-1"),
        filled("2011-01-05", "IBM", Side.SELL, "1", "O-2"),
        filled("2011-01-05", "AAPL", Side.SELL, "12", "O-3"),
        filled("2011-01-06", "AAPL", Side.BUY, "50", "O-4"),
    ]
    outcome = follow(ORDER, None, iter(story))
    assert outcome is not None
    assert (outcome.result, outcome.opened, outcome.closed) == (197, "2011-01-04", "2011-01-05")
    assert plain(sentence(outcome, "by a stop")) == (
        "It was bought at 10.00 USD on 2011-01-04 and closed on 2011-01-05 by a stop: "
        "a profit of 197.00 USD after 3.00 USD of commissions."
    )
