"""`warrant status`: how a desk stands, told from its log while it runs and while it does not, and nothing written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters import cli
from adapters.answers.status import lines, status
from adapters.audit.log import LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.running.intervention import kill
from adapters.running.lease import held
from tests.kills import paper
from tests.shared_run import LAST, SharedRun


@pytest.fixture
def ran(shared: SharedRun, tmp_path: Path) -> Desk:
    return shared.copied(tmp_path)


def now_at(written: str) -> datetime:
    return datetime.fromisoformat(written)


def test_a_desk_that_does_not_run(ran: Desk, shared: SharedRun) -> None:
    found = status(ran, now_at("2026-03-02T12:00:00Z"))
    assert found["runs"] is None
    assert found["state"]["name"] == "active"
    decided = [one for one in shared.records if one["kind"] == "decision"]
    assert (found["last_cycle"]["kind"], found["last_cycle"]["as_of"][:10]) == ("decision", LAST)
    assert sum(found["last_cycle"]["verdicts"].values()) == len(decided[-1]["verdicts"])
    assert found["log"] == {"records": len(shared.records), "root": shared.root.hex(), "signed": None}
    assert found["money"]["nav"] == "1002039.59"
    assert found["reconciliation"]["agrees"]
    # A backtest does not run by the clock.
    assert found["next_cycle"] is None


def test_nothing_is_written(ran: Desk) -> None:
    def files() -> dict[Path, bytes]:
        """All but the files that SQLite makes beside a database while somebody reads it."""
        found = (path for path in sorted(ran.folder.rglob("*")) if path.is_file())
        return {path: path.read_bytes() for path in found if not path.name.endswith(("-shm", "-wal"))}

    before = files()
    status(ran, datetime.now(UTC))
    assert files() == before


def test_a_desk_that_runs_is_told_with_its_process(ran: Desk) -> None:
    with held(ran.store, "run") as mine:
        runs = status(ran, datetime.now(UTC))["runs"]
        assert (runs["holder"], runs["process"], runs["host"]) == ("warrant run", mine.lease.pid, mine.lease.host)
    assert status(ran, datetime.now(UTC))["runs"] is None


def test_the_next_cycle_of_a_paper_desk(shared: SharedRun, tmp_path: Path) -> None:
    """From the last one that is settled: the ones between are past, and the next start will say so."""
    shared.copied(tmp_path)
    paper(tmp_path)
    found = status(read_desk(tmp_path), now_at("2011-03-10T12:00:00Z"))["next_cycle"]
    assert found == {
        "label": "2011-03-10",
        "as_of": "2011-03-10T21:00:00Z",
        "due_at": "2011-03-10T21:01:00Z",
        "latest_at": "2011-03-10T21:16:00Z",
        "exchange_time": "2011-03-10 16:01:00 EST",
        "in_seconds": 9 * 3600 + 60,
        "missed_before": 3,
    }
    # Daylight saving begins on Sunday, March 13.
    summer = status(read_desk(tmp_path), now_at("2011-03-12T12:00:00Z"))["next_cycle"]
    assert (summer["due_at"], summer["exchange_time"]) == ("2011-03-14T20:01:00Z", "2011-03-14 16:01:00 EDT")
    far = status(read_desk(tmp_path), now_at("2011-03-10T12:00:00Z") + timedelta(days=365 * 14))["next_cycle"]
    assert far["missed_before"] == 1000
    assert far["label"] == "2025-03-06"


def test_a_killed_desk_says_by_whom(ran: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kill(ran, "A. Person", "a test")
    assert cli.run(["status", "--desk", str(ran.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"]["name"], told["state"]["who"], told["state"]["why"]) == ("killed", "A. Person", "a test")


def test_what_people_read(ran: Desk) -> None:
    with LogReader.read(ran.store) as log:
        decision = next(log.records(["decision"], newest_first=True))
    assert list(lines(status(ran, now_at("2026-03-02T12:00:00Z")))) == [
        "desk      shipped, backtest",
        "state     active since 2011-01-03T14:30:00Z",
        "runs      no: no process holds the desk",
        f"last      2011-03-04T21:00:00Z  {decision['record_id']}: 4 no-candidate, 0 exits",
        "money     NAV 1002039.59 USD, cash 1002039.59, after 2011-03-04",
        "feed      sample, newest not asked, booked up to 2011-03-04",
        f"log       {decision['seq'] + 1} records, root {status(ran, datetime.now(UTC))['log']['root']}",
        "checked   books and broker agree, last recorded as of 2011-01-03T14:30:00Z",
    ]


def test_a_desk_without_a_log(shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = shared.bare(tmp_path)
    assert cli.run(["status", "--desk", str(desk.folder)]) == 0
    told = capsys.readouterr().out
    assert "\nruns      no: no process holds the desk\nlast      none\nmoney     NAV 1000000 USD" in told
    assert "\nlog       none yet: the desk has never run, `warrant run` or `warrant cycle` begins it\n" in told
    assert told.endswith("\nchecked   books and broker agree\n")
    assert not desk.store.exists()
