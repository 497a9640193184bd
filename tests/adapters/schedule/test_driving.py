"""What turns the loop by the machine's clock: APScheduler, and signals that stop it between two turns."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from adapters.running.clock import WallClock
from adapters.schedule.driving import asked_to_stop, drive, drive_by_wall


class Turned:
    """A loop that notes when it is turned and asks for the instants it was given, then ends."""

    def __init__(self, *asked: datetime) -> None:
        self.clock = WallClock()
        self.asked = list(asked)
        self.turns: list[datetime] = []

    def turn(self) -> datetime | None:
        self.turns.append(self.clock.now())
        return self.asked.pop(0) if self.asked else None


def test_the_loop_is_turned_when_it_asked_for_it() -> None:
    wanted = [datetime.now(UTC) + timedelta(milliseconds=part) for part in (100, 200, 201)]
    loop = Turned(*wanted)
    drive_by_wall(loop, lambda: False)  # type: ignore[arg-type]
    assert len(loop.turns) == 4
    assert all(turned >= asked for turned, asked in zip(loop.turns[1:], wanted, strict=True))


def test_the_loop_is_turned_every_second_however_far_its_next_cycle_is() -> None:
    far = datetime.now(UTC) + timedelta(days=3)
    loop = Turned(far, far)
    drive_by_wall(loop, lambda: False)  # type: ignore[arg-type]
    assert len(loop.turns) == 3


def test_what_a_turn_raises_ends_the_drive() -> None:
    class Broken(Turned):
        def turn(self) -> datetime | None:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        drive_by_wall(Broken(), lambda: False)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_after_the_turn_under_way(number: signal.Signals) -> None:
    class Signalled(Turned):
        ended = False

        def turn(self) -> datetime | None:
            self.turns.append(self.clock.now())
            os.kill(os.getpid(), number)
            self.ended = True
            return self.clock.now()

    for way in (drive_by_wall, lambda loop, asked: drive(loop, loop.clock, asked)):
        loop = Signalled()
        with asked_to_stop() as asked:
            way(loop, asked)  # type: ignore[operator]
        assert loop.ended
        assert len(loop.turns) == 1


def test_a_wall_clock_tells_by_what_it_was_set() -> None:
    wall, elapsed = [1000.0], [50.0]
    clock = WallClock(lambda: wall[0], lambda: elapsed[0])
    assert clock.jumped() == 0
    wall[0], elapsed[0] = 1100.0, 150.0
    assert clock.jumped() == 0
    wall[0] -= 3600
    assert clock.jumped() == -3600
    assert clock.jumped() == 0
    # Less than a second is the clock's own business.
    wall[0] += 0.5
    assert clock.jumped() == 0
