"""The store fails under a desk, really: full and read-only disks, locks, a server that is killed, a wire that is cut.

For each: nothing is sent on what is not written, the reason is one sentence, and after it the desk goes on without a
record lost or doubled.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog, LogReader, LogUnreadable, LogUnwritable
from adapters.desk.folder import Desk
from adapters.desk.making import make_desk
from adapters.running.worker import Worker
from adapters.store import engine, opening
from adapters.store.address import Schema
from adapters.store.backup import back_up
from adapters.store.faults import StoreFailed
from adapters.verifying.verify import verify
from tests.adapters.records import at, body, make_log
from tests.adapters.store.wire import Wire
from tests.attack.stage import SESSIONS, Stage, desk, entries, limits, records, rulebook, running
from tests.postgresql import Server, binaries, schema

pytestmark = pytest.mark.sqlite_file


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that a test may kill."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed here")
    running = Server.made().start()
    yield running
    running.remove()


# --- disks ------------------------------------------------------------------------------------------------------


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    path = small_disk / "log.sqlite"
    with AuditLog.open(path) as log:
        log.append("start", body(at(0)))
        with pytest.raises(LogUnwritable, match="the disk is full"):
            for session in range(1, 10_000):
                log.append("state", body(at(session), note=os.urandom(20_000).hex()))
        size, root = log.size, log.root
        assert size > 1
        assert verify(path).root == root.hex()
        (small_disk / "room").write_bytes(b"")
        subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
        assert log.append("state", body(at(size))).index == size
    assert verify(path).holds


def test_a_disk_that_is_full_from_the_start_makes_no_half_store(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "ballast").write_bytes(b"x" * 4_000_000)
    with pytest.raises(LogUnwritable, match=r"the disk is full|no space left|input/output"):
        AuditLog.open(small_disk / "store" / "log.sqlite")
    assert not (small_disk / "store" / "log.sqlite").exists()
    (small_disk / "ballast").unlink()
    make_log(small_disk / "store" / "log.sqlite")
    assert verify(small_disk / "store" / "log.sqlite").holds


def test_a_backup_for_which_there_is_no_room_is_none(small_disk: Path, tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        for session in range(60):
            log.append("state", body(at(session), note=os.urandom(20_000).hex()))
    with pytest.raises(StoreFailed, match="the disk is full"):
        back_up(tmp_path / "log.sqlite", small_disk / "b.sqlite")
    assert list(small_disk.iterdir()) == []


def test_a_read_only_disk_refuses(small_disk: Path) -> None:
    make_log(small_disk / "log.sqlite")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(LogUnwritable, match=r"read-only|cannot be opened"):
        AuditLog.open(small_disk / "log.sqlite")
    with pytest.raises(LogUnwritable, match=r"read-only|cannot be opened"):
        AuditLog.open(small_disk / "new" / "log.sqlite")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    with AuditLog.open(small_disk / "log.sqlite") as log:
        assert log.append("state", body(at(9))).index == 32


# --- locks ------------------------------------------------------------------------------------------------------


def test_a_lock_that_is_released_in_time_is_waited_for(where: Path | Schema) -> None:
    with AuditLog.open(where) as log, engine.connect(where, write=True) as other:
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with engine.writing(other):
                held.set()
                release.wait()

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        threading.Timer(0.2, release.set).start()
        assert log.append("start", body(at(0))).index == 0
        holder.join()


def test_a_lock_that_is_not_released_refuses_and_later_goes_on(where: Path | Schema) -> None:
    with AuditLog.open(where, busy_seconds=0.05) as log, engine.connect(where, write=True) as other:
        with engine.writing(other), pytest.raises(LogUnwritable, match="another process holds it locked"):
            log.append("start", body(at(0)))
        assert log.append("start", body(at(0))).index == 0
    assert verify(where).holds


# --- servers ----------------------------------------------------------------------------------------------------


def test_a_desk_whose_server_is_killed_sends_nothing_and_goes_on_when_it_is_back(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.3)
    plain = desk(tmp_path)
    stage = Stage(Desk(plain.folder, plain.settings, own_server.url), moods={(SESSIONS[0], "AAPL"): "long"})
    assert str(stage.desk.store) == "stage in /postgres"
    with Worker(rulebook(), limits()) as worker:
        with running(stage, worker) as runner:
            runner._pass(SESSIONS[0])
            own_server.stop()
            with pytest.raises(LogUnwritable, match=r"connection to the server was lost|cannot be reached"):
                runner.cycle(SESSIONS[0])
            assert not runner.standing.broker.working()
            with pytest.raises(LogUnwritable, match="cannot be reached"):
                runner.log.append("state", body("2012-03-09T00:00:00Z"))
        with pytest.raises(LogUnwritable, match="cannot be reached"), running(stage, worker):
            pass
        with pytest.raises(LogUnreadable, match="cannot be reached"):
            LogReader.read(stage.desk.store)
        own_server.start()
        with running(stage, worker) as runner:
            assert entries(runner.cycle(SESSIONS[0])) == {"AAPL": "193"}
            own_server.stop()
            own_server.start()
            # a server that was only restarted between two cycles is dialled again without a word
            runner.cycle(SESSIONS[1])
    assert verify(stage.desk.store).holds
    assert len(records(stage, "decision")) == 2
    assert len(records(stage, "fill")) == 1


def test_the_command_line_ends_with_3_where_there_is_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_desk(tmp_path / "desk", None)
    with tempfile.TemporaryDirectory() as nobody:
        monkeypatch.setenv("WARRANT_STORE", f"postgresql+psycopg://jo:very-secret@/warrant?host={nobody}")
        for words in (
            ["store", "status"],
            ["store", "backup"],
            ["store", "upgrade"],
            ["audit", "verify"],
            ["kill", "--who", "Jo", "--why", "x"],
        ):
            assert cli.run([*words, "--desk", str(tmp_path / "desk")]) == 3, words
            told = capsys.readouterr()
            assert "shipped in /warrant" in told.err
            assert "the server cannot be reached" in told.err
            assert "secret" not in told.err + told.out
            assert len(told.err.splitlines()) == 1


@pytest.fixture
def wire(server: Server) -> Iterator[tuple[Wire, Schema]]:
    """A schema behind a wire that can be cut."""
    with tempfile.TemporaryDirectory() as folder, Wire(Path(folder), server.folder) as cable:
        direct = schema(server)
        yield cable, Schema(direct.url.replace(str(server.folder), folder), direct.name)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_connection_cut_in_the_middle_of_a_commit_is_found_out_and_never_doubles(
    wire: tuple[Wire, Schema], cut: str
) -> None:
    cable, where = wire
    with AuditLog.open(where) as log:
        log.append("start", body(at(0)), after=0)
        cable.cut = cut  # type: ignore[assignment]
        if cut == "before":
            with pytest.raises(LogUnwritable, match="connection to the server was lost"):
                log.append("state", body(at(1)), after=1)
            assert log.size == 1
        receipt = None if cut == "before" else log.append("state", body(at(1)), after=1)
        assert cable.cuts == 1
        if receipt is None:
            receipt = log.append("state", body(at(1)), after=1)
        assert (receipt.index, log.root) == (1, receipt.root)
        assert log.append("state", body(at(2)), after=2).index == 2
    assert verify(where).size == 3
    assert verify(where).holds


def test_where_it_cannot_be_found_out_nothing_is_written_on_top(
    wire: tuple[Wire, Schema], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server took the record and is then out of reach: the writer refuses until it is opened anew."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    cable, where = wire
    with AuditLog.open(where) as log:
        log.append("start", body(at(0)))
        cable.cut, cable.dead = "after", True
        with pytest.raises(LogUnwritable, match="whether the record is there is not known"):
            log.append("state", body(at(1)))
        cable.dead = False
        for _ in range(2):
            with pytest.raises(LogUnwritable, match="holds the record after all"):
                log.append("state", body(at(1)))
    with AuditLog.open(where) as log:
        assert log.size == 2
        assert log.append("state", body(at(2)), after=2).index == 2
    assert verify(where).holds


def test_where_it_was_not_written_after_all_the_next_one_is(
    wire: tuple[Wire, Schema], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    cable, where = wire
    with AuditLog.open(where) as log:
        log.append("start", body(at(0)))
        cable.cut, cable.dead = "before", True
        with pytest.raises(LogUnwritable, match="whether the record is there is not known"):
            log.append("state", body(at(1)))
        cable.dead = False
        assert log.append("state", body(at(1))).index == 1
    assert verify(where).size == 2


def test_the_letter_box_and_the_lease_on_a_dead_server_are_one_sentence(own_server: Server) -> None:
    where = schema(own_server)
    with (
        pytest.raises(StoreFailed, match="cannot be used: the connection to the server was lost"),
        opening.opened(where) as connection,
    ):
        own_server.stop()
        connection.exec_driver_sql("SELECT 1")
    with pytest.raises(StoreFailed, match="cannot be reached"), opening.opened(where):
        pass
    own_server.start()
