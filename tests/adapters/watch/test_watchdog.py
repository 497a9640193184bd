"""What should have happened and did not, by instants that are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from adapters.watch.watchdog import LATE, SILENCE, Watchdog

LATEST = datetime(2026, 11, 20, 21, 16, tzinfo=UTC)


def kinds(dog: Watchdog, now: datetime, elapsed: float = 0) -> list[str]:
    return [one.kind for one in dog.fresh(now, elapsed)]


def test_a_cycle_is_overdue_five_seconds_after_its_latest_instant_and_is_told_once() -> None:
    dog = Watchdog()
    dog.expect("d:2026-11-20", LATEST)
    assert kinds(dog, LATEST + LATE) == []
    (found,) = dog.fresh(LATEST + LATE + timedelta(milliseconds=1), 0)
    assert found.sentence == "d:2026-11-20 is neither decided nor missed, 5 s after 2026-11-20T21:16:00Z"
    assert found.cycle_id == "d:2026-11-20"
    dog.expect("d:2026-11-20", LATEST)
    assert kinds(dog, LATEST + timedelta(hours=1)) == []
    # It goes on speaking against the desk's health until the cycle is settled.
    assert dog.silences(LATEST + timedelta(hours=1), 0)
    dog.settled("d:2026-11-19")
    assert dog.silences(LATEST + timedelta(hours=1), 0)
    dog.settled("d:2026-11-20")
    assert dog.silences(LATEST + timedelta(hours=1), 0) == ()
    dog.expect("d:2026-11-23", LATEST + timedelta(days=3))
    assert kinds(dog, LATEST + timedelta(days=3, seconds=6)) == ["cycle-overdue"]


@given(st.floats(-1e5, 1e5))
def test_a_cycle_that_was_settled_is_never_overdue(seconds: float) -> None:
    dog = Watchdog()
    dog.expect("d:2026-11-20", LATEST)
    dog.settled("d:2026-11-20")
    assert kinds(dog, LATEST + timedelta(seconds=seconds)) == []


def test_a_loop_that_was_heard_and_falls_silent_is_told_once_a_silence() -> None:
    dog = Watchdog()
    assert kinds(dog, LATEST, 1e9) == []
    dog.heard(100.0)
    assert kinds(dog, LATEST, 100.0 + SILENCE) == []
    assert kinds(dog, LATEST, 100.1 + SILENCE) == ["no-heartbeat"]
    assert kinds(dog, LATEST, 200.0 + SILENCE) == []
    dog.heard(300.0)
    assert kinds(dog, LATEST, 300.1 + SILENCE) == ["no-heartbeat"]


def test_a_loop_that_ended_in_good_order_owes_nothing() -> None:
    dog = Watchdog()
    dog.expect("d:2026-11-20", LATEST)
    dog.heard(0.0)
    dog.end()
    assert kinds(dog, LATEST + timedelta(days=1), 1e9) == []
