"""A process of engines that was forked is a child like any other, and starts real where something about it differs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.running import worker as module
from adapters.running.worker import Worker
from tests import sprouting
from tests.promises.cycles import calm, rulebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children of children are adopted on Linux alone")


def started(program: str, **more: str) -> subprocess.Popen[bytes]:
    return sprouting.started(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **more},
        start_new_session=True,
    )


def test_a_worker_is_a_child_of_its_own_session_and_its_end_is_seen() -> None:
    worker = Worker(rulebook(), calm("quiet").limits).start()
    process = worker._process
    assert isinstance(process, sprouting.Sprouted)
    assert os.getsid(process.pid) == process.pid
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert f"PPid:\t{os.getpid()}\n" in status
    before = os.times().children_user
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert os.times().children_user > before, "what it took is counted"
    worker.close()


def test_it_ends_when_its_input_does() -> None:
    with started(Worker.program) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def open_files(worker: Worker) -> list[str]:
    """What a worker that has loaded its engines holds open, by kind."""
    return sorted(str(one.readlink()).split(":")[0] for one in Path(f"/proc/{worker.pid}/fd").iterdir())


def test_it_holds_what_one_holds_that_was_started_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    with Worker(rulebook(), calm("quiet").limits) as forked:
        monkeypatch.setattr(module, "subprocess", subprocess)
        with Worker(rulebook(), calm("quiet").limits) as real:
            assert open_files(forked) == open_files(real)


def test_another_program_or_another_hash_seed_starts_for_itself() -> None:
    for process in (started("print(1)"), started(Worker.program, PYTHONHASHSEED="7")):
        assert not isinstance(process, sprouting.Sprouted)
        process.kill()
        process.communicate()


@pytest.mark.real_start
def test_a_test_about_starting_starts_for_real() -> None:
    with Worker(rulebook(), calm("quiet").limits) as worker:
        assert not isinstance(worker._process, sprouting.Sprouted)
