"""The table of trading states: complete, folded the same way everywhere, and drawn as it is."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.gate.trading import (
    ENTERING,
    FOUND,
    TABLE,
    THROTTLE,
    ThrottleEvent,
    ThrottleState,
    TradingEvent,
    TradingState,
    follow,
    strictest,
)
from engine.gate.trading_diagram import page
from engine.limits.kinds import TRADING_STATES

PAGE = Path(__file__).parents[2] / "docs" / "trading-states.md"
EVENTS = st.lists(st.sampled_from(TradingEvent))


def test_every_event_has_an_answer_in_every_state() -> None:
    assert set(TABLE) == {(state, event) for state in TradingState for event in TradingEvent}
    assert set(THROTTLE) == {(state, event) for state in ThrottleState for event in ThrottleEvent}
    assert tuple(TradingState) == TRADING_STATES
    assert set(FOUND) == set(TradingState)


def test_only_a_person_ends_a_halt_or_a_throttle() -> None:
    leaving = {event for (state, event), after in TABLE.items() if state is TradingState.HALTED is not after}
    assert leaving == {TradingEvent.RESUME}
    freeing = {event for (state, event), after in THROTTLE.items() if state is ThrottleState.THROTTLED is not after}
    assert freeing == {ThrottleEvent.RESUME}
    assert frozenset({TradingState.ACTIVE}) == ENTERING


@given(EVENTS)
def test_a_kill_or_a_halt_lasts_until_a_resume(events: list[TradingEvent]) -> None:
    """The state is halted exactly where one of them came after the last resume."""
    state = TradingState.ACTIVE
    for event in events:
        state = follow(state, event)
    since = events[len(events) - events[::-1].index(TradingEvent.RESUME) :] if TradingEvent.RESUME in events else events
    stopped = TradingEvent.KILL in since or TradingEvent.HALT in since
    assert (state is TradingState.HALTED) is stopped


@given(st.lists(st.sampled_from(TRADING_STATES[1:])))
def test_of_what_limits_ask_for_the_strictest_counts(asked: list[str]) -> None:
    assert strictest(asked) == TRADING_STATES[max(map(TRADING_STATES.index, asked), default=0)]


def test_the_page_is_drawn_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
