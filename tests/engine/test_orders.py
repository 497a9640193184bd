"""The order-state table: what it allows, what it refuses, and its picture."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orders.diagram import COMMAND, mermaid, page
from engine.orders.order import FINAL, TABLE, Event, ImpossibleEvent, Kind, Order, Role, Side, State, follow
from knowledge.values import canonical, parse

PAGE = Path(__file__).parents[2] / "docs" / "order-states.md"
MAY_FILL = {State.WORKING, State.PARTLY_FILLED, State.CANCEL_PENDING}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_only_what_the_table_lists_can_happen(state: State, event: Event) -> None:
    if (state, event) in TABLE:
        assert follow(state, event) is TABLE[state, event]
    else:
        with pytest.raises(ImpossibleEvent, match=f"{state} can not {event}"):
            follow(state, event)


def test_nothing_follows_a_final_state_and_only_those() -> None:
    assert {state for state, _ in TABLE}.isdisjoint(FINAL)
    assert {state for state, _ in TABLE} | FINAL == set(State)


def test_every_state_is_reachable_and_every_state_can_end() -> None:
    assert _reach(State.WARRANTED) == set(State)
    for state in State:
        assert _reach(state) & FINAL


def test_every_event_is_used() -> None:
    assert {event for _, event in TABLE} == set(Event)


def test_a_cancel_counts_as_not_done_until_it_is_confirmed() -> None:
    for before in (State.WORKING, State.PARTLY_FILLED):
        pending = follow(before, Event.REQUEST_CANCEL)
        assert pending is State.CANCEL_PENDING and pending not in FINAL
    assert follow(State.CANCEL_PENDING, Event.FILL_PART) is State.CANCEL_PENDING
    assert follow(State.CANCEL_PENDING, Event.FILL_ALL) is State.FILLED
    assert [before for (before, event), after in TABLE.items() if after is State.CANCELLED] == [State.CANCEL_PENDING]
    assert [event for (_, event), after in TABLE.items() if after is State.CANCELLED] == [Event.CONFIRM_CANCEL]


def test_only_an_accepted_order_fills() -> None:
    assert {state for state, event in TABLE if event in (Event.FILL_PART, Event.FILL_ALL)} == MAY_FILL
    assert [state for (state, event) in TABLE if event is Event.ACCEPT] == [State.SUBMITTED]


@given(st.lists(st.sampled_from(Event)))
def test_no_life_fills_after_its_end(events: list[Event]) -> None:
    state, ended = State.WARRANTED, False
    for event in events:
        try:
            state = follow(state, event)
        except ImpossibleEvent:
            continue
        assert not ended
        ended = state in FINAL


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), f"write it anew: {COMMAND}"


def test_the_diagram_has_one_arrow_for_each_pair() -> None:
    arrows = [line for line in mermaid().splitlines() if ": " in line]
    assert len(arrows) == len(TABLE)
    assert "    cancel_pending --> cancelled: confirm-cancel" in arrows


@given(
    quantity=st.decimals(min_value="0.000001", max_value="1000000", places=6),
    price=st.none() | st.decimals(min_value="0.0001", max_value="100000", places=4),
    side=st.sampled_from(Side),
    role=st.sampled_from(Role),
    kind=st.sampled_from(Kind),
)
def test_an_order_survives_its_canonical_bytes(quantity, price, side, role, kind) -> None:
    order = Order("c-1", "AAPL", side, role, kind, quantity, price, price, True, "trend", "swing", "USD", quantity)
    assert Order.from_json(parse(canonical(order.to_json()))) == order


def _reach(start: State) -> set[State]:
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for (before, _), after in TABLE.items():
            if before is here and after not in seen:
                seen.add(after)
                todo.append(after)
    return seen
