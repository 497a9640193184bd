"""Two processes on one desk, and a log that is swapped under a running one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.audit.log import LogUnwritable
from adapters.running.worker import Worker
from tests.attack.stage import SESSIONS, Stage, desk, entries, limits, records, rulebook, running

BUY = {(SESSIONS[0], "AAPL"): "long"}


@pytest.fixture(scope="module")
def worker():
    with Worker(rulebook(), limits()) as one:
        yield one


def test_the_second_of_two_runners_writes_nothing_and_sends_nothing(tmp_path: Path, worker: Worker):
    stage = Stage(desk(tmp_path), moods=BUY)
    with running(stage, worker) as first, running(stage, worker) as second:
        assert entries(first.cycle(SESSIONS[0])) == {"AAPL": "193"}
        before = first.log.size
        with pytest.raises(LogUnwritable, match="another process"):
            second.cycle(SESSIONS[0])
        assert not second.standing.broker.working()
        assert first.log.size == before
        first.cycle(SESSIONS[1])
    assert len(records(stage, "fill")) == 1
    assert len(records(stage, "decision")) == 2


def test_two_runners_that_take_turns_do_not_double_an_order(tmp_path: Path, worker: Worker):
    stage = Stage(desk(tmp_path), moods=BUY)
    with running(stage, worker) as first, running(stage, worker) as second:
        first._pass(SESSIONS[0])
        with pytest.raises(LogUnwritable, match="another process"):
            second.cycle(SESSIONS[0])
        first.cycle(SESSIONS[0])
        with pytest.raises(LogUnwritable, match="another process"):
            second.cycle(SESSIONS[1])
    with running(stage, worker) as again:
        assert [one.order.quantity for one in again.standing.broker.working()] == [193, 193]


@pytest.mark.parametrize("swap", ["moved", "replaced"])
@pytest.mark.sqlite_file
def test_nothing_is_sent_on_the_word_of_a_file_that_is_no_longer_the_log(tmp_path: Path, worker: Worker, swap: str):
    stage = Stage(desk(tmp_path), moods=BUY)
    with running(stage, worker) as runner:
        runner._pass(SESSIONS[0])
        path = stage.desk.store
        if swap == "moved":
            path.rename(path.with_name("elsewhere.sqlite"))
        else:
            shutil.copyfile(path, path.with_name("older"))
            path.with_name("older").replace(path)
        with pytest.raises(LogUnwritable):
            runner.cycle(SESSIONS[0])
        assert not runner.standing.broker.working()
