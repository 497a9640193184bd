"""One process runs a desk: real processes that hold its lease, are refused, wait, and are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters import cli
from adapters.frame import Failed
from adapters.running import lease as running
from adapters.running.lease import HEARTBEAT_SECONDS, LASTS, alive, held
from adapters.store import lease as table
from adapters.store.opening import opened
from tests.shared_run import SharedRun

pytestmark = pytest.mark.sqlite_file  # another process opens the file

HOLDER = """
import sys
from pathlib import Path
from adapters.running.lease import held
with held(Path(sys.argv[1]), "run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(store: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease until its input ends."""
    command = [sys.executable, "-P", "-c", HOLDER, str(store)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.kill()


def holding(store: Path) -> table.Lease | None:
    with opened(store) as connection:
        return table.current(connection)


def test_a_second_process_is_refused_and_told_who_runs_the_desk(tmp_path: Path) -> None:
    store = tmp_path / "desk.sqlite"
    with holder(store) as other:
        with (
            pytest.raises(Failed, match=rf"`warrant run` runs this desk since .* \(process {other.pid} on "),
            held(store, "cycle"),
        ):
            pass
        # Refused, it took nothing away.
        found = holding(store)
        assert found is not None and found.pid == other.pid and alive(found, found.taken_at)


def test_a_lease_is_given_back_at_the_end(tmp_path: Path) -> None:
    store = tmp_path / "desk.sqlite"
    for _ in range(2):
        with held(store, "cycle") as mine:
            assert holding(store) == mine.lease
        assert holding(store) is None


def test_who_was_killed_does_not_stand_in_the_way(tmp_path: Path) -> None:
    store = tmp_path / "desk.sqlite"
    with holder(store) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        left = holding(store)
        assert left is not None and left.pid == other.pid
        assert not alive(left, left.taken_at)
        with held(store, "run") as mine:
            assert mine.lease.pid == os.getpid()


def test_a_process_that_stands_still_keeps_its_lease_beyond_its_expiry(tmp_path: Path) -> None:
    """Whoever is suspended comes back: only its end, which this machine sees, frees the desk."""
    store = tmp_path / "desk.sqlite"
    with holder(store) as other:
        other.send_signal(signal.SIGSTOP)
        found = holding(store)
        assert found is not None
        with opened(store) as connection:
            table.renew(connection, found, found.taken_at - 2 * LASTS, found.taken_at - LASTS)
        with pytest.raises(Failed, match="runs this desk"), held(store, "run"):
            pass
        other.send_signal(signal.SIGCONT)


def test_a_number_that_another_process_has_now_is_not_the_holder(tmp_path: Path) -> None:
    store = tmp_path / "desk.sqlite"
    with held(store, "run") as mine:
        pass
    with opened(store) as connection:
        table.take(connection, replace(mine.lease, pid_started="1"))
    with held(store, "run") as ours:
        assert ours.lease.pid_started == mine.lease.pid_started != "1"


def test_a_holder_elsewhere_is_believed_until_its_lease_expires(tmp_path: Path) -> None:
    store = tmp_path / "desk.sqlite"
    with held(store, "run") as mine:
        pass
    elsewhere = replace(mine.lease, host="elsewhere")
    with opened(store) as connection:
        table.take(connection, elsewhere)
    with pytest.raises(Failed, match="on elsewhere"), held(store, "run"):
        pass
    with opened(store) as connection:
        table.renew(connection, elsewhere, elsewhere.taken_at - 2 * LASTS, elsewhere.taken_at - LASTS)
    with held(store, "run"):
        pass


def test_waiting_ends_when_the_holder_does(tmp_path: Path) -> None:
    store, looks = tmp_path / "desk.sqlite", []
    with holder(store) as other:

        def looked() -> bool:
            looks.append(None)
            assert other.stdin is not None
            other.stdin.close()
            return False

        with held(store, "run", wait=True, stopping=looked):
            assert looks


def test_waiting_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    store = tmp_path / "desk.sqlite"
    with holder(store), pytest.raises(Failed), held(store, "run", wait=True, stopping=lambda: True):
        pass


def test_a_heartbeat_keeps_the_lease_and_notices_that_it_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=3 * HEARTBEAT_SECONDS) < LASTS
    monkeypatch.setattr(running, "HEARTBEAT_SECONDS", 0.01)
    store = tmp_path / "desk.sqlite"
    with held(store, "run") as mine:
        first = mine.lease
        while mine.lease == first:
            mine.check()
        assert mine.lease.expires_at > first.expires_at
        # Somebody on another host found it expired and took it.
        late = mine.lease.expires_at + 10 * LASTS
        with opened(store) as connection:
            table.take(connection, replace(first, host="elsewhere", taken_at=late, expires_at=late + LASTS))
        with pytest.raises(Failed, match="is lost: `warrant run` holds it"):
            while True:
                mine.check()
    found = holding(store)
    assert found is not None and found.host == "elsewhere"


def test_a_command_on_a_desk_that_runs_ends_with_3(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.copied(tmp_path)
    with holder(desk.store) as other:
        assert cli.run(["cycle", "--desk", str(desk.folder)]) == 3
        assert f"process {other.pid}" in capsys.readouterr().err


def test_a_process_that_one_may_not_see_is_not_taken_for_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system hides what others run, it still says that there is a process."""
    store = tmp_path / "desk.sqlite"

    def refused(pid: int, number: int) -> None:
        raise PermissionError

    with holder(store):
        monkeypatch.setattr(running, "_started", lambda pid: "7" if pid == os.getpid() else "")
        monkeypatch.setattr(os, "kill", refused)
        with pytest.raises(Failed, match="runs this desk"), held(store, "run"):
            pass
        monkeypatch.undo()
