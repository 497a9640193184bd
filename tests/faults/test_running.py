"""What a running desk stands on fails under its loop: the worker, the store, the disk, the law, the calendar."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import LogUnwritable
from adapters.desk.folder import Desk, read_desk
from adapters.desk.settings import read_settings
from adapters.running.worker import Worker
from adapters.schedule import scheduled
from adapters.store import engine
from adapters.verifying.verify import verify
from engine.limits.text import read_limits
from knowledge.faults import Faulty
from tests.adapters.clocks import MadeClock
from tests.adapters.schedule.test_loop import (
    BEFORE_THU,
    FRI,
    MON,
    PAPER,
    THU,
    Market,
    complaints,
    looping,
    market,
    run_to,
    settled,
)
from tests.attack.stage import entries, records
from tests.faults.filed import NAMES, WED, made_desk, running, show
from tests.faults.filed import records as recorded
from tests.promises.cycles import limits, rulebook
from tests.shared_run import SharedRun

LONG = {(day, "AAPL"): "long" for day in (THU, FRI)}


# --- the process that decides -----------------------------------------------------------------------------------


def test_a_worker_that_is_killed_while_it_decides_costs_that_cycle_and_no_other(tmp_path: Path) -> None:
    here, clock = market(tmp_path, there={THU, FRI}, moods=LONG), MadeClock(BEFORE_THU)
    with Worker(rulebook(), limits()).start() as own, looping(here, clock, own) as loop:
        pid = own.pid
        assert pid is not None
        # Standing still, it has the question and can not have answered it when it is killed.
        os.kill(pid, signal.SIGSTOP)
        kill = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        kill.start()
        run_to(loop, clock, f"{THU}T22:00:00Z")
        kill.join()
        run_to(loop, clock, f"{FRI}T22:00:00Z")
    first, second = records(here, "decision")
    assert "the worker was lost" in first["fault"] and first["warrants"] == []
    assert second["fault"] is None and set(entries(second)) == {"AAPL"}
    assert complaints(here) == []


# --- the store --------------------------------------------------------------------------------------------------


@pytest.mark.sqlite_file
@pytest.mark.parametrize("seconds", [0.1, None], ids=["a-moment", "for-long"])
def test_a_store_that_somebody_holds_locked(seconds: float | None, tmp_path: Path, worker: Worker) -> None:
    """For a moment it is waited for; for long the desk ends, sends nothing, and decides the cycle after a restart."""
    here, clock = market(tmp_path, there={THU, FRI}, moods=LONG), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{THU}T21:00:30Z")
        loop.runner.log._connection.exec_driver_sql(f"PRAGMA busy_timeout={20_000 if seconds else 100}")
        with locked(here.desk, seconds):
            if seconds:
                run_to(loop, clock, f"{THU}T21:05:00Z")
            else:
                with pytest.raises(LogUnwritable, match="another process holds it locked"):
                    run_to(loop, clock, f"{THU}T21:05:00Z")
                assert loop.runner.standing.broker.working() == ()
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{FRI}T22:00:00Z")
    assert settled(here) == [("decision", THU), ("decision", FRI)]
    assert len(records(here, "fill")) == 1
    assert complaints(here) == []


@contextmanager
def locked(desk: Desk, seconds: float | None) -> Iterator[None]:
    """Hold the write lock so long, or until the end."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with engine.connect(desk.store, write=True) as other, engine.writing(other):
            held.set()
            release.wait(seconds)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        yield
    finally:
        release.set()
        holder.join()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], check=False, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if made.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.sqlite_file
def test_a_disk_that_is_full_under_a_running_desk(small_disk: Path, worker: Worker) -> None:
    """Nothing is sent; with room again and within the grace, the cycle is decided."""
    here, clock = on_disk(small_disk), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{THU}T22:00:00Z")
        working = loop.runner.standing.broker.working()
        with pytest.raises(OSError, match="No space left"), (small_disk / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        with pytest.raises(LogUnwritable, match="the disk is full"):
            run_to(loop, clock, f"{FRI}T21:05:00Z")
        assert len(records(here, "decision")) == 1 and working
    (small_disk / "ballast").unlink()
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{MON}T22:00:00Z")
    assert settled(here) == [("decision", THU), ("decision", FRI), ("decision", MON)]
    assert verify(here.desk.store).holds
    assert complaints(here) == []


@pytest.mark.sqlite_file
def test_a_disk_that_is_read_only_when_a_desk_starts(small_disk: Path, worker: Worker) -> None:
    """It does not start; mended too late for a cycle, that cycle is missed, and what rested at the venue is booked."""
    here, clock = on_disk(small_disk), MadeClock(BEFORE_THU)
    with looping(here, clock, worker) as loop:
        run_to(loop, clock, f"{THU}T22:00:00Z")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(LogUnwritable, match=r"read-only|cannot be opened"), looping(here, clock, worker):
        pass
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    with looping(here, clock := MadeClock(f"{FRI}T23:00:00Z"), worker) as loop:
        run_to(loop, clock, f"{MON}T22:00:00Z")
    assert settled(here) == [("decision", THU), ("missed", FRI), ("decision", MON)]
    assert [one["session"] for one in records(here, "fill")] == [FRI]
    assert complaints(here) == []


def on_disk(place: Path) -> Market:
    desk = Desk(place, read_settings(PAPER.encode(), "warrant.toml"))
    return Market(desk, there={THU, FRI, MON}, moods={(THU, "AAPL"): "long"})


# --- the law, the calendar --------------------------------------------------------------------------------------


def test_a_law_that_changes_under_a_running_desk_binds_it_from_its_next_start(tmp_path: Path) -> None:
    desk = made_desk(tmp_path / "desk")
    path = desk.folder / "limits.yaml"
    before, text = read_limits(path.read_text(encoding="utf-8")).fingerprint, path.read_text(encoding="utf-8")
    with running(desk, f"{WED}T20:00:00Z", dict.fromkeys(NAMES, "long")) as one:
        path.write_text(text.replace("bound: 2 %", "bound: nonsense", 1), encoding="utf-8")
        show(desk, WED)
        one.to(WED)
    (decision,) = recorded(desk, "decision")
    assert decision["inputs"]["limits"] == before
    with pytest.raises(Faulty, match=r"limits\.yaml"), running(desk, f"{WED}T23:00:00Z"):
        pass
    # A looser one waits for a person (tests/adapters/test_approvals.py); a tighter one needs nobody.
    assert "by: sector, bound: 40 %" in text
    path.write_text(text.replace("by: sector, bound: 40 %", "by: sector, bound: 35 %", 1), encoding="utf-8")
    with running(desk, f"{WED}T23:00:00Z"):
        pass
    assert [one["verdict"] for one in recorded(desk, "change")] == ["tighter"]
    first, second = recorded(desk, "start")
    assert first["limits"] == before != second["limits"]


def test_where_the_calendar_ends_the_desk_ends_and_says_what_to_do(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.bare(tmp_path / "desk")
    settings = desk.folder / "warrant.toml"
    settings.write_text(settings.read_text().replace('mode = "backtest"', 'mode = "paper"'), encoding="utf-8")
    monkeypatch.setattr(scheduled, "WallClock", lambda: MadeClock("2029-06-01T00:00:00Z"))
    # Of this desk, not of the one whose run is shared: its log is nobody's to write to.
    world = shared.world_of(read_desk(desk.folder))
    monkeypatch.setattr(scheduled.World, "of", staticmethod(lambda *_: world))
    assert cli.run(["run", "--desk", str(desk.folder)]) == 3
    assert "the calendar of XNYS ends, and no cycle is known after it" in capsys.readouterr().err
