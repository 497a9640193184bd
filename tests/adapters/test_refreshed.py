"""A world to which sessions come says what a world says that is opened anew on the same files, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from adapters.bars.feeds import SampleFeed
from adapters.desk.folder import Desk, read_desk
from adapters.desk.making import make_desk
from adapters.running.world import World
from advisors.quality import COLUMNS

SETTINGS = """\
[desk]
name = "growing"
account = "PAPER-1"
currency = "USD"
capital = 1_000_000
mode = "backtest"

[feed]
kind = "csv"
path = "bars"

[advisors]
trained_until = "2006-09-29"
retrain_days = 20
"""
NAMES = ("AAPL", "IBM", "MSFT")
FIRST = "2004-08-20"
Odd = Mapping[tuple[str, str], Mapping[str, float] | None]
"""Cells that a file has in place of the sample's, by instrument and date; None leaves the row out."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    make_desk(tmp_path / "desk", None)
    (tmp_path / "desk/warrant.toml").write_text(SETTINGS)
    text = (tmp_path / "desk/instruments.yaml").read_text()
    blocks = text.split("\n  ")
    kept = [blocks[0], *(one for one in _entries(blocks[1:]) if one.split(":")[0] in NAMES)]
    (tmp_path / "desk/instruments.yaml").write_text("\n  ".join(kept))
    (tmp_path / "desk/bars").mkdir()
    return read_desk(tmp_path / "desk")


def _entries(lines: Sequence[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if line.startswith(" "):
            found[-1] += f"\n  {line}"
        else:
            found.append(line)
    return found


def write(desk: Desk, last: str, odd: Odd | None = None) -> None:
    """The sample's files as they stood after the session `last`, with some odd cells."""
    assert desk.bars is not None
    sample = SampleFeed(NAMES)
    for rows in (*sample.series(), sample.index()):
        lines = ["date,open,high,low,close,volume,adj_close"]
        for at, day in enumerate(rows.dates):
            cells = {name: float(getattr(rows, name)[at]) for name in (*COLUMNS, "adj_close")}
            strange = (odd or {}).get((rows.instrument, day), {})
            if FIRST <= day <= last and strange is not None:
                numbers = {**cells, **strange}.values()
                lines.append(",".join((day, *("" if np.isnan(one) else repr(one) for one in numbers))))
        (desk.bars / f"{rows.instrument}.csv").write_text("\n".join(lines) + "\n")


def days(after: str, count: int) -> list[str]:
    return [day for day in SampleFeed(NAMES).index().dates if day > after][:count]


def assert_the_same(grown: World, desk: Desk, day: str) -> None:
    anew = World.of(desk)
    assert grown.snapshot(day).encoded == anew.snapshot(day).encoded
    assert grown.cleaned.market.reports == anew.cleaned.market.reports
    assert grown.cleaned.market.actions == anew.cleaned.market.actions
    for mine, other in zip(grown.council.seats, anew.council.seats, strict=True):
        assert [one.model for one in mine.walk.trainings if one.row < grown_row(grown, day)] == [
            one.model for one in other.walk.trainings if one.row < grown_row(anew, day)
        ]
        for part in ("edge", "probability"):
            assert np.array_equal(getattr(mine.walk, part), getattr(other.walk, part), equal_nan=True)
        assert np.array_equal(mine.record.rank, other.record.rank, equal_nan=True)


def grown_row(world: World, day: str) -> int:
    return world.survey.market.panel.row(day)


def test_session_by_session_is_all_at_once(desk: Desk) -> None:
    """Through a training by plan, a bar that is missing, one that contradicts itself, a dividend and a jump."""
    coming = days("2006-10-26", 14)
    odd: dict[tuple[str, str], Mapping[str, float] | None] = {
        ("IBM", coming[1]): None,
        ("MSFT", coming[2]): {"high": 1.0},
        ("AAPL", coming[5]): {"close": 900.0, "high": 900.0, "adj_close": 900.0},
        ("AAPL", coming[9]): {"volume": float("nan")},
    }
    write(desk, coming[0], odd)
    world = World.of(desk)
    world.snapshot(coming[0])
    trainings = len(world.council.seats[0].walk.trainings)
    for number, day in enumerate(coming[1:], 1):
        write(desk, day, odd)
        if number % 4 == 0:
            world.prepare()
            assert not world.council.behind
        world = world.refreshed()
        assert {"cleaned", "survey", "council"} <= world.__dict__.keys()
        world.snapshot(day)
        if number in (2, 13):
            assert_the_same(world, desk, day)
    assert len(world.council.seats[0].walk.trainings) > trainings


def test_several_sessions_come_at_once(desk: Desk) -> None:
    coming = days("2006-10-26", 30)
    write(desk, coming[0])
    world = World.of(desk)
    world.snapshot(coming[0])
    write(desk, coming[-1])
    world = world.refreshed()
    assert "council" in world.__dict__
    assert_the_same(world, desk, coming[-1])
    assert_the_same(world, desk, coming[7])


def test_a_past_that_is_said_anew_is_read_anew(desk: Desk) -> None:
    """A restated close, a row that comes late, a file that begins earlier."""
    coming = days("2006-10-26", 5)
    odd: dict[tuple[str, str], Mapping[str, float] | None] = {("IBM", coming[1]): None}
    write(desk, coming[2], odd)
    world = World.of(desk)
    world.snapshot(coming[2])
    write(desk, coming[3], {**odd, ("MSFT", coming[1]): {"close": 30.11, "high": 40.0, "low": 20.0}})
    world = world.refreshed()
    assert_the_same(world, desk, coming[3])
    write(desk, coming[4])
    world = world.refreshed()
    assert_the_same(world, desk, coming[4])


def test_a_late_row_at_the_end_of_the_file_is_seen(desk: Desk) -> None:
    coming = days("2006-10-26", 3)
    write(desk, coming[1], {("IBM", coming[0]): None})
    world = World.of(desk)
    world.snapshot(coming[1])
    write(desk, coming[2], {("IBM", coming[0]): None})
    assert desk.bars is not None
    with (desk.bars / "IBM.csv").open("a") as file:
        file.write(f"{coming[0]},110,111,109,110,1000000,\n")
    world = world.refreshed()
    assert_the_same(world, desk, coming[2])


def test_a_world_whose_files_stand_still_is_itself(desk: Desk) -> None:
    (day,) = days("2006-10-26", 1)
    write(desk, day)
    world = World.of(desk)
    world.snapshot(day)
    assert world.refreshed() is world
    (desk.folder / "instruments.yaml").write_text((desk.folder / "instruments.yaml").read_text() + "# noted\n")
    anew = world.refreshed()
    assert anew is not world and "survey" not in anew.__dict__
