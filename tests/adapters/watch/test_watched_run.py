"""A desk that runs and is watched: what its loop tells, and what `warrant run --log` leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import sleep

import pytest

from adapters import cli
from adapters.audit.log import AuditLog, LogUnwritable
from adapters.frame import Failed
from adapters.running.runner import Runner
from adapters.running.standing import Standing
from adapters.running.watch import Happening
from adapters.running.worker import Worker
from adapters.running.world import Law
from adapters.schedule.loop import Loop
from adapters.schedule.timetable import Timetable
from adapters.watch.desk_watch import WEBHOOK, watching
from knowledge.values import Json
from tests.adapters.clocks import MadeClock
from tests.adapters.schedule.test_loop import BEFORE_THU, FRI, THU, market, run_to
from tests.adapters.test_runner import records
from tests.adapters.watch.receiver import receiving
from tests.attack.stage import limits, rulebook
from tests.shared_run import SharedRun


class Heard:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.happenings: list[tuple[Happening, Mapping[str, Json]]] = []
        self.kinds: list[str] = []

    def opened(self, standing: Standing, records: int) -> None:
        pass

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        self.kinds.append(record["kind"])

    def happened(self, what: Happening, **fields: Json) -> None:
        self.happenings.append((what, fields))

    def of(self, what: Happening) -> list[Mapping[str, Json]]:
        return [fields for one, fields in self.happenings if one is what]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), limits()) as one:
        yield one


def test_a_loop_tells_what_comes_next_that_it_lives_and_what_fails_once_each(tmp_path: Path, worker: Worker) -> None:
    here, clock, heard = market(tmp_path, broken=True), MadeClock(BEFORE_THU), Heard()
    with AuditLog.open(here.desk.store) as log:
        runner = Runner(here.desk, Law(rulebook(), limits()), here, log, worker, heard, clock)  # type: ignore[arg-type]
        runner.start({"capital": str(here.desk.settings.desk.capital)})
        loop = Loop(runner, Timetable(here.calendar, here.desk.settings.schedule), clock)
        run_to(loop, clock, f"{THU}T21:05:00Z")
        (failing,) = heard.of(Happening.FEED_FAILING)
        assert "the file is empty" in str(failing["reason"])
        here.broken, here.there = False, {THU}
        run_to(loop, clock, f"{FRI}T20:00:00Z")
    assert len(heard.of(Happening.FEED_FAILING)) == len(heard.of(Happening.FEED_FINE)) == 1
    desk = here.desk.settings.desk.name
    assert [one["cycle_id"] for one in heard.of(Happening.NEXT_CYCLE)] == [f"{desk}:{THU}", f"{desk}:{FRI}"]
    assert all(one["due_at"] < one["latest_at"] for one in heard.of(Happening.NEXT_CYCLE))
    assert len(heard.of(Happening.ALIVE)) > 10
    assert heard.kinds.count("decision") == 1
    (decision,) = [one for one in records(here.desk) if one["kind"] == "decision"]
    assert decision["cycle_id"] == f"{desk}:{THU}"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def page(port: int, name: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10) as answer:
        return str(answer.read().decode())


def turning(port: int) -> bool:
    """Whether the desk's loop has turned and knows its next cycle."""
    try:
        return re.search(r"^warrant_next_cycle_seconds [0-9]", page(port, "metrics"), re.MULTILINE) is not None
    except OSError:
        return False


@pytest.mark.sqlite_file  # the process of its own knows the file, not the server of the tests
def test_a_desk_that_runs_by_the_clock_is_watched_killed_and_stopped(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process of its own, as an operator starts it: scraped, killed by another process's word, and ended."""
    desk, file, port = shared.bare(tmp_path / "desk"), tmp_path / "desk.log", free_port()
    settings = desk.folder / "warrant.toml"
    paper = settings.read_text().replace('mode = "backtest"', 'mode = "paper"')
    settings.write_text(f"{paper}\n[watch]\nmetrics_port = {port}\n")
    command = [sys.executable, "-P", "-c", "from adapters.cli import main; main()", "run", "--log", str(file)]
    with (
        receiving() as receiver,
        subprocess.Popen(
            [*command, "--desk", str(desk.folder)],
            env={**os.environ, WEBHOOK: receiver.address},
            stderr=subprocess.PIPE,
        ) as process,
    ):
        try:
            while process.poll() is None and not turning(port):
                sleep(0.05)
            assert cli.run(["kill", "--desk", str(desk.folder), "--who", "anyone", "--why", "the news"]) == 0
            assert capsys.readouterr().out.startswith("the desk is killed; entries cancelled: 0")
            (body,) = receiver.wait(1)
            assert (body["kind"], body["sentence"]) == ("killed", "anyone killed the desk: the news")
            health = json.loads(page(port, "healthz"))
            assert (health["healthy"], health["stopped_by"]) == (True, ["kill"])
            assert "\nwarrant_kill_switch 1.0\n" in page(port, "metrics")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert process.stderr is not None and process.stderr.read() == b""
        finally:
            process.kill()
    events = [json.loads(line)["event"] for line in file.read_text().splitlines()]
    assert events == ["start", "reconciliation", "next-cycle", "state", "alert", "stopped"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [(LogUnwritable("the disk is full"), "log-unwritable"), (ValueError("a fault"), "desk-failed")],
)
def test_how_a_run_ends_is_told(error: Exception, kind: str, shared: SharedRun, tmp_path: Path) -> None:
    with pytest.raises(Failed), watching(shared.desk, tmp_path / "log"):
        try:
            raise error
        except type(error) as cause:
            raise Failed(f"{cause}; nothing more was sent") from cause
    (alert,) = [
        one for line in (tmp_path / "log").read_text().splitlines() if (one := json.loads(line))["event"] == "alert"
    ]
    assert alert["kind"] == kind
    assert str(error) in alert["sentence"]


def test_a_run_with_orders_and_fills_loses_no_line(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an order went through has a name of its own in its line: `event` is what the line is called by."""
    from adapters.watch.desk_watch import DeskWatch

    watch = DeskWatch("shipped", tmp_path / "lines.jsonl", live=False)
    watch.start()
    told = [one for one in shared.records if one["kind"] in ("order", "fill", "cancel", "expiry")]
    for record in told:
        watch.recorded(record, {})
    watch.close()
    lines = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["event"], one["order_event"]) for one in lines] == [(one["kind"], one["event"]) for one in told]
    assert capsys.readouterr().err == ""
