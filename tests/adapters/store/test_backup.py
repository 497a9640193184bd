"""Backup and restoration, between every two dialects, while the desk writes, interrupted, and of what is damaged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog, LogReader
from adapters.desk.making import make_desk
from adapters.store import copying
from adapters.store.address import Address
from adapters.store.backup import back_up, restore
from adapters.store.faults import StoreFailed
from adapters.store.lease import Lease, current, take
from adapters.store.opening import is_there, opened
from adapters.store.requests import answer, ask, open_requests, request
from adapters.verifying.verify import verify
from tests.adapters.records import at, body, make_log
from tests.postgresql import Server, schema

pytestmark = pytest.mark.sqlite_file

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=("sqlite", "postgresql"))
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """Where to restore."""
    if request.param == "sqlite":
        return tmp_path / "other" / "log.sqlite"
    running: Server = request.getfixturevalue("server")
    return schema(running)


def root(where: Address) -> bytes:
    with LogReader.read(where) as log:
        return log.root


def test_what_is_restored_is_what_was_backed_up_and_goes_on(
    where: Address, other: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PIECE", 7)
    make_log(where, 4)
    made = back_up(where, tmp_path / "backup.sqlite")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["backup.sqlite"]
    found = verify(tmp_path / "backup.sqlite")
    assert (found.holds, found.root, found.size) == (True, made.root, made.size)
    restored = restore(tmp_path / "backup.sqlite", other, NOON)
    assert (restored.root, restored.size) == (made.root, made.size)
    assert verify(other).holds
    with LogReader.read(where) as one, LogReader.read(other) as two:
        assert list(one) == list(two)
        assert list(one.timings()) == list(two.timings())
    with AuditLog.open(where) as one, AuditLog.open(other) as two:
        assert one.append("state", body(at(9))) == two.append("state", body(at(9)))


def test_requests_come_along_a_lease_does_not_and_resuming_is_asked_again(
    where: Address, other: Address, tmp_path: Path
) -> None:
    with opened(where) as connection:
        take(connection, Lease("a", "host", 7, "1", "boot", NOON, NOON, NOON.replace(year=2099)))
        done = ask(connection, NOON, "kill", "Jo", "a test")
        answer(connection, done.id, NOON, "done")
        kill = ask(connection, NOON, "kill", "Jo", "another")
        resume = ask(connection, NOON, "resume", "Jo", "it was nothing")
    back_up(where, tmp_path / "b.sqlite")
    restore(tmp_path / "b.sqlite", other, NOON)
    with opened(other) as connection:
        assert current(connection) is None
        assert open_requests(connection) == (kill,)
        assert request(connection, done.id).answer == "done"
        assert "asked again" in str(request(connection, resume.id).answer)
        assert ask(connection, NOON, "kill", "Jo", "numbers go on").id == resume.id + 1


def test_a_backup_of_a_desk_that_is_writing_is_one_state_of_it(where: Address, tmp_path: Path) -> None:
    roots, ended = set(), threading.Event()
    with AuditLog.open(where) as log:
        log.append("start", body(at(0)))
        roots.add(log.root.hex())

        def write() -> None:
            session = 0
            while not ended.is_set():
                session += 1
                log.append_many([], after=None)
                roots.add(log.append("state", body(at(session))).root.hex())

        writer = threading.Thread(target=write)
        writer.start()
        try:
            made = [back_up(where, tmp_path / f"b{number}.sqlite") for number in range(4)]
        finally:
            ended.set()
            writer.join()
    assert {one.root for one in made} <= roots
    assert [one.size for one in made] == sorted(one.size for one in made)


def test_nothing_is_overwritten(where: Address, other: Address, tmp_path: Path) -> None:
    make_log(where)
    back_up(where, tmp_path / "b.sqlite")
    before = (tmp_path / "b.sqlite").read_bytes()
    with pytest.raises(StoreFailed, match="overwrites nothing"):
        back_up(where, tmp_path / "b.sqlite")
    make_log(other, 1)
    there = root(other)
    with pytest.raises(StoreFailed, match="overwrites nothing"):
        restore(tmp_path / "b.sqlite", other, NOON)
    assert root(other) == there
    assert (tmp_path / "b.sqlite").read_bytes() == before


def test_a_damaged_backup_is_restored_nowhere(tmp_path: Path, other: Address) -> None:
    make_log(tmp_path / "log.sqlite")
    back_up(tmp_path / "log.sqlite", tmp_path / "b.sqlite")
    content = bytearray((tmp_path / "b.sqlite").read_bytes())
    at_ = content.index(b'"nav":"10000') + 8
    content[at_] ^= 1
    (tmp_path / "b.sqlite").write_bytes(content)
    with pytest.raises(StoreFailed, match=r"does not verify, so nothing is copied: .*bytes"):
        restore(tmp_path / "b.sqlite", other, NOON)
    assert not is_there(other)


def test_a_damaged_store_is_not_backed_up_as_if_it_were_sound(where: Address, tmp_path: Path) -> None:
    make_log(where)
    with opened(where) as connection:
        connection.exec_driver_sql(
            "DROP TRIGGER leaf_update" if isinstance(where, Path) else "ALTER TABLE leaf DISABLE TRIGGER leaf_update"
        )
        connection.exec_driver_sql("UPDATE leaf SET kind = 'fault' WHERE seq = 3")
    with pytest.raises(StoreFailed, match="does not verify"):
        back_up(where, tmp_path / "b.sqlite")
    assert not (tmp_path / "b.sqlite").exists()
    assert not list(tmp_path.glob("*.part*")) + list(tmp_path.glob(".*part*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from adapters.store import backup, copying
pieces = copying._pieces
def dying(source, table, key):
    for rows in pieces(source, table, key):
        yield rows
        if table.name == "blob":
            os.kill(os.getpid(), signal.SIGKILL)
copying._pieces = dying
backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_backup_that_is_killed_leaves_no_file_of_its_name(tmp_path: Path) -> None:
    make_log(tmp_path / "log.sqlite")
    file = tmp_path / "b.sqlite"
    words = [sys.executable, "-c", KILLED, str(tmp_path / "log.sqlite"), str(file)]
    assert subprocess.run(words, check=False, cwd=Path(__file__).parents[3]).returncode == -signal.SIGKILL
    assert not file.exists()
    made = back_up(tmp_path / "log.sqlite", file)
    assert made.root == root(tmp_path / "log.sqlite").hex() == root(file).hex()


def test_a_restoration_that_fails_half_way_leaves_nothing(
    tmp_path: Path, other: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_log(tmp_path / "log.sqlite")
    back_up(tmp_path / "log.sqlite", tmp_path / "b.sqlite")
    whole = copying._pieces

    def full(source, table, key):
        for rows in whole(source, table, key):
            if table.name == "tree":
                raise OSError(28, os.strerror(28))
            yield rows

    with monkeypatch.context() as patched, pytest.raises(StoreFailed, match="no space left on device"):
        patched.setattr(copying, "_pieces", full)
        restore(tmp_path / "b.sqlite", other, NOON)
    assert not is_there(other)
    assert restore(tmp_path / "b.sqlite", other, NOON).root == root(tmp_path / "log.sqlite").hex()


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = tmp_path / "desk"
    make_desk(desk, None)
    assert cli.run(["store", "backup", "--desk", str(desk)]) == 3
    assert "there is no log" in capsys.readouterr().err
    make_log(desk / "store" / "warrant.sqlite")
    assert cli.run(["store", "backup", "--desk", str(desk)]) == 0
    (file,) = (desk / "backups").iterdir()
    here = root(desk / "store" / "warrant.sqlite").hex()
    assert file.name == f"shipped-00000032-{here[:8]}.sqlite"
    assert cli.run(["store", "restore", str(file), "--desk", str(desk)]) == 3
    assert "overwrites nothing" in capsys.readouterr().err
    assert cli.run(["store", "restore", str(file), "--into", str(tmp_path / "new.sqlite"), "--desk", str(desk)]) == 0
    assert f"32 records, root {here}; verified" in capsys.readouterr().out
    assert root(tmp_path / "new.sqlite").hex() == here
