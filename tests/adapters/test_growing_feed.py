"""A feed that grows while the desk runs: each session's bars come after its close, and the log is a backtest's.

This is the way of a live desk: the world is read anew when its files changed, and knows nothing that comes later. A
backtest over the finished files has the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapters.bars.feeds import SampleFeed
from adapters.desk.folder import Desk, read_desk
from adapters.running.backtest import remaining, run
from adapters.running.session import opened
from adapters.running.world import World
from adapters.schedule.loop import Loop
from adapters.schedule.timetable import Timetable
from advisors.quality import COLUMNS, Rows
from tests.adapters.clocks import MadeClock
from tests.shared_run import SharedRun

NAMES = ("AAPL", "IBM")
BEGIN = "2008-04-01"
"""The first bar: enough to train the heads on twice, and no more."""
DAYS = ("2011-01-03", "2011-01-04")


def write(folder: Path, rows: Rows, last: str) -> None:
    """The file of one instrument as it stood after the close of `last`."""
    columns = [getattr(rows, name) for name in COLUMNS]
    if not np.isnan(rows.adj_close).all():
        columns.append(rows.adj_close)
    names = ["date", *COLUMNS, *(["adj_close"] if len(columns) > len(COLUMNS) else [])]
    lines = [",".join(names)]
    for at, day in enumerate(rows.dates):
        if BEGIN <= day <= last:
            lines.append(",".join([day, *(repr(float(column[at])) for column in columns)]))
    (folder / f"{rows.instrument}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def grow(folder: Path, last: str) -> None:
    feed = SampleFeed(NAMES)
    for rows in (*feed.series(), feed.index()):
        write(folder, rows, last)


def desk_of(shared: SharedRun, folder: Path, bars: Path) -> Desk:
    shared.bare(folder)
    settings = folder / "warrant.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('kind = "sample"', f'kind = "csv"\npath = "{bars}"'), encoding="utf-8")
    return read_desk(folder)


def world_of(desk: Desk) -> World:
    return World.of(desk, NAMES)


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    folder = tmp_path / "bars"
    folder.mkdir()
    grow(folder, "2010-12-31")
    return folder


def test_a_desk_whose_bars_come_day_by_day_has_the_log_of_a_backtest(
    shared: SharedRun, tmp_path: Path, bars: Path
) -> None:
    live = desk_of(shared, tmp_path / "live", bars)
    clock = MadeClock(f"{DAYS[0]}T12:00:00Z")
    with opened(live, world_of(live), clock=clock) as runner:
        loop = Loop(runner, Timetable(runner.world.calendar, live.settings.schedule), clock)
        for day in DAYS:
            clock.at(f"{day}T21:05:00Z")
            before = runner.standing.settled
            # The bars are late; of the first day, too: until then the feed ends where the heads' training does.
            loop.turn()
            assert runner.standing.settled == before
            grow(bars, day)
            clock.at(f"{day}T21:10:00Z")
            loop.turn()
            assert runner.standing.last_session == day
        lived = runner.log.root
    past = desk_of(shared, tmp_path / "past", bars)
    world = world_of(past)
    with opened(past, world) as runner:
        assert [day for day, _ in run(runner, remaining(runner, DAYS[0], DAYS[-1]))] == list(DAYS)
        assert runner.log.root == lived
