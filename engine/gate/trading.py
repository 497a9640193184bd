"""The trading states of a desk, and the table that says what may follow what.

Limits and persons move a desk between the states. What a limit finds lasts as long as it finds it, but for *halted*,
which only a listed person ends (docs/adr/0008). Within one decision the same table folds what the limits in force ask
for, from *active* on, so that the strictest counts. Entries need *active*; exits, stops and targets need no state.

A throttle is of one instrument: after too many entries, executed or refused, it has none until a person looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from engine.limits.kinds import TRADING_STATES


class TradingState(StrEnum):
    """What a desk may do."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class TradingEvent(StrEnum):
    """What moves a desk from one state to another."""

    CLEAR = "clear"
    """A decision finds that no limit asks for another state."""
    REDUCE = "reduce"
    """A decision finds a limit that asks for reducing, and none for more."""
    HALT = "halt"
    """A decision finds a limit that asks for a halt."""
    KILL = "kill"
    """A person kills the desk."""
    RESUME = "resume"
    """A listed person resumes it, and nothing stands against that."""


A, R, H = TradingState
TABLE: dict[tuple[TradingState, TradingEvent], TradingState] = {
    (A, TradingEvent.CLEAR): A,
    (A, TradingEvent.REDUCE): R,
    (A, TradingEvent.HALT): H,
    (A, TradingEvent.KILL): H,
    (A, TradingEvent.RESUME): A,
    (R, TradingEvent.CLEAR): A,
    (R, TradingEvent.REDUCE): R,
    (R, TradingEvent.HALT): H,
    (R, TradingEvent.KILL): H,
    (R, TradingEvent.RESUME): R,
    (H, TradingEvent.CLEAR): H,
    (H, TradingEvent.REDUCE): H,
    (H, TradingEvent.HALT): H,
    (H, TradingEvent.KILL): H,
    (H, TradingEvent.RESUME): A,
}
"""The trading-state table: (state, event) -> state, complete. (A resume outside a halt ends throttles alone.)"""

FOUND = {A: TradingEvent.CLEAR, R: TradingEvent.REDUCE, H: TradingEvent.HALT}
"""What a decision that names a state, or a limit that asks for it, does to the desk."""

ENTERING = frozenset({A})
"""States in which entries may go out."""

assert tuple(TradingState) == TRADING_STATES


class ThrottleState(StrEnum):
    """Whether an instrument may have entries."""

    FREE = "free"
    THROTTLED = "throttled"


class ThrottleEvent(StrEnum):
    """What happens to an instrument's entries."""

    ENTER = "enter"
    """An entry is executed, or refused by the venue, and fewer than the limit allows were."""
    REPEAT = "repeat"
    """As many as the limit allows were, in one session or one after the other."""
    RESUME = "resume"
    """A listed person resumes the desk."""


F, T = ThrottleState
THROTTLE: dict[tuple[ThrottleState, ThrottleEvent], ThrottleState] = {
    (F, ThrottleEvent.ENTER): F,
    (F, ThrottleEvent.REPEAT): T,
    (F, ThrottleEvent.RESUME): F,
    (T, ThrottleEvent.ENTER): T,
    (T, ThrottleEvent.REPEAT): T,
    (T, ThrottleEvent.RESUME): F,
}
"""The throttle table of one instrument, complete."""


def follow(state: TradingState, event: TradingEvent) -> TradingState:
    """The state after `event`."""
    return TABLE[state, event]


def strictest(asked: Iterable[str]) -> TradingState:
    """The state of a decision: what limits ask for, one after the other. Raises `ValueError` for no state."""
    state = TradingState.ACTIVE
    for name in asked:
        state = follow(state, FOUND[TradingState(name)])
    return state
