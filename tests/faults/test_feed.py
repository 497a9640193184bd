"""The feed of a running desk fails, lies, goes back in time or comes late, in real files under its real loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.bars.feeds import CsvFeed
from adapters.running.watch import Happening
from adapters.running.worker import Worker
from advisors.quality import Rows
from tests.faults.filed import (
    FRI,
    MON,
    NAMES,
    THU,
    WED,
    Cells,
    denied,
    entered,
    lines_of,
    made_desk,
    records,
    running,
    settled,
    show,
    write,
)  # fmt: skip

LONG = dict.fromkeys(NAMES, "long")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def torn(path: Path) -> None:
    """Cut in the middle of its last line, as a copy that is under way."""
    path.write_bytes(path.read_bytes()[:-30])


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (empty, "lacks `date`"), (binary, "cannot be read as UTF-8 text"), (torn, "cells where the first line"),
        (gone, "there is no file of bars"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_is_told_once_and_its_cycle_missed(
    spoil: Callable[[Path], None], said: str, tmp_path: Path, worker: Worker
) -> None:
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        show(desk, WED)
        one.to(WED)
        show(desk, THU)
        spoil(desk.folder / "bars" / "IBM.csv")
        one.to(THU)
        (reason,) = one.heard.reasons(Happening.FEED_FAILING)
        assert said in reason and "IBM.csv" in reason
        assert settled(desk)[1:] == [("missed", THU)] and one.held == {}
        show(desk, FRI)
        one.to(FRI)
        assert [what for what, _ in one.heard.happenings].count(Happening.FEED_FINE) == 1
    assert settled(desk) == [("decision", WED), ("missed", THU), ("decision", FRI)]
    (missed,) = records(desk, "missed")
    assert missed["cause"] == "feed" and said in missed["reason"]
    # What rested at the venue filled on Thursday, and is booked when Thursday's bars have come.
    assert {one["session"] for one in records(desk, "fill") if one["role"] == "entry"} == {THU}


def test_a_file_that_is_mended_within_the_grace_loses_no_cycle(tmp_path: Path, worker: Worker) -> None:
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        show(desk, WED)
        torn(desk.folder / "bars" / "IBM.csv")
        one.to(WED, "21:01:30")
        assert settled(desk) == []
        show(desk, WED)
        one.to(WED)
    assert settled(desk) == [("decision", WED)]


def test_a_file_that_stays_as_wrong_as_it_is_is_not_read_again_and_again(
    tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a desk of many instruments would do nothing but read, and hear no kill meanwhile."""
    desk, read = made_desk(tmp_path / "desk"), []
    original = CsvFeed.series

    def counted(feed: CsvFeed) -> tuple[Rows, ...]:
        read.append(feed)
        return original(feed)

    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        one.to(WED, "20:30:00")
        monkeypatch.setattr(CsvFeed, "series", counted)
        show(desk, WED)
        binary(desk.folder / "bars" / "IBM.csv")
        one.to(WED, "21:01:30")
        assert len(read) == 1
        show(desk, WED)
        one.to(WED)
    assert len(read) == 2
    assert settled(desk) == [("decision", WED)]


def test_yesterdays_bars_under_todays_date_are_stale_and_admit_no_entry(tmp_path: Path, worker: Worker) -> None:
    desk = made_desk(tmp_path / "desk")

    def again(lines: list[Cells]) -> None:
        lines[-1][1:] = lines[-2][1:]

    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        show(desk, WED, **dict.fromkeys(NAMES, again))
        one.to(WED)
    (decision,) = records(desk, "decision")
    assert decision["warrants"] == []
    assert all(denied(decision, name) == ["operations.quality"] for name in NAMES)


def test_another_symbols_prices_admit_no_entry(tmp_path: Path, worker: Worker) -> None:
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        show(desk, WED)
        theirs = [list(line) for line in lines_of("AAPL") if line[0] == WED]
        write(desk, "MSFT", [*(list(line) for line in lines_of("MSFT") if line[0] < WED), *theirs])
        one.to(WED)
    (decision,) = records(desk, "decision")
    assert entered(decision) == {"AAPL", "IBM"}
    # Of such prices the rules may not even propose anything.
    assert "operations.quality" in denied(decision, "MSFT") or not denied(decision, "MSFT")


def test_bars_that_are_not_due_yet_are_neither_booked_nor_decided(tmp_path: Path, worker: Worker) -> None:
    """A file that has next week's dates: what a bar says before its close nobody asks."""
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        show(desk, MON)
        one.to(WED, "20:59:00")
        assert settled(desk) == [] and records(desk, "books") == []
        one.to(WED)
        assert settled(desk) == [("decision", WED)]
        assert [record["session"] for record in records(desk, "books")] == [WED]
        ahead = records(desk, "decision")[0]["inputs"]["snapshot"]
    other = made_desk(tmp_path / "other")
    with running(other, f"{WED}T20:00:00Z", LONG, worker) as one:
        show(other, WED)
        one.to(WED)
    assert records(other, "decision")[0]["inputs"]["snapshot"] == ahead


def test_a_file_that_goes_back_in_time_decides_nothing_twice_and_takes_nothing_back(
    tmp_path: Path, worker: Worker
) -> None:
    """A vendor's job puts an old file back: the sessions it lacks are booked, and stay so."""
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        for day in (WED, THU):
            show(desk, day)
            one.to(day)
        before = one.loop.runner.standing.books
        show(desk, WED)
        one.to(FRI)
        assert one.loop.runner.standing.books == before
        assert settled(desk)[2:] == [("missed", FRI)]
        show(desk, MON)
        one.to(MON)
    assert settled(desk) == [("decision", WED), ("decision", THU), ("missed", FRI), ("decision", MON)]
    passed = [record["session"] for record in records(desk, "books") if record["entry"] == "session"]
    assert passed == [WED, THU, FRI, MON]


def test_rows_that_run_backwards_decide_what_rows_in_order_decide(tmp_path: Path, worker: Worker) -> None:
    decisions = []
    for name, spoil in (("desk", lambda lines: None), ("other", lambda lines: lines.reverse())):
        desk = made_desk(tmp_path / name)
        with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
            show(desk, WED, **dict.fromkeys(NAMES, spoil))
            one.to(WED)
        decisions.append(records(desk, "decision")[0]["inputs"])
    assert decisions[0] == decisions[1]


def test_a_past_that_is_said_anew_changes_no_book_and_the_next_snapshot_says_it(tmp_path: Path, worker: Worker) -> None:
    """Thursday's closes are revised after they were booked: the log keeps what was known."""
    desk = made_desk(tmp_path / "desk")

    def revised(lines: list[Cells]) -> None:
        for line in lines:
            if line[0] == THU:
                line[3:5] = [repr(float(cell) * 0.98) for cell in line[3:5]]

    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        for day in (WED, THU):
            show(desk, day)
            one.to(day)
        booked = [record for record in records(desk, "books") if record["session"] == THU]
        show(desk, FRI, **dict.fromkeys(NAMES, revised))
        one.to(FRI)
    assert [record for record in records(desk, "books") if record["session"] == THU] == booked
    assert settled(desk)[-1] == ("decision", FRI)
    from adapters.verifying.verify import verify

    assert verify(desk.store).holds
