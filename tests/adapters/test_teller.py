"""Who tells why nothing is proposed makes no difference. With real processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.running import teller as module
from adapters.running.teller import Teller, beside
from adapters.running.worker import Worker
from engine.service import Service
from engine.verdicts import Silent
from knowledge.values import canonical, parse
from rules.rulebook import Rulebook
from tests.promises.cycles import calm, rulebook

pytestmark = pytest.mark.real_start

CYCLE = calm("long", "quiet")
NAMES = tuple(sorted(f"X{place:02d}" for place in range(module.WORTH_ASKING)))
SILENT = Silent(rulebook(), CYCLE.snapshot, (), (*NAMES, *CYCLE.snapshot.universe))
EVERYBODY = (
    "import adapters.running.teller as t\nt.WORTH_ASKING = 0\nfrom adapters.running.worker import serve; serve()"
)


@pytest.fixture
def teller() -> Iterator[Teller]:
    with beside(()) as one:
        yield one


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]


def ended(pid: int) -> bool:
    """Gone, or only waiting to be asked how it ended."""
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


def test_the_process_tells_what_is_told_here(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = SILENT.verdicts()
    monkeypatch.setattr(Silent, "verdicts", lambda silent: pytest.fail("it was told here"))
    for _ in range(2):
        waiting = teller.silences(SILENT)
        assert waiting() == expected
        assert waiting() == expected


def test_nobody_is_asked_about_a_few(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Silent, "question", lambda silent: pytest.fail("somebody was asked"))
    few = replace(SILENT, instruments=("AAPL",))
    assert teller.silences(few)() == few.verdicts()


def test_an_answer_that_nobody_waited_for_is_not_taken_for_another(teller: Teller) -> None:
    teller.silences(replace(SILENT, instruments=NAMES))
    assert teller.silences(SILENT)() == SILENT.verdicts()


def test_another_rulebook_is_read_anew(teller: Teller) -> None:
    teller.learn(rulebook())
    first = [one for one in rulebook().rules if "pair" not in one.file]
    fewer = replace(SILENT, rulebook=Rulebook(tuple(first), rulebook().policies))
    assert teller.silences(fewer)() == fewer.verdicts()
    assert teller.silences(SILENT)() == SILENT.verdicts()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_is_lost_costs_nothing_but_time(teller: Teller, when: str) -> None:
    (pid,) = [one for one in children(os.getpid()) if "python" in Path(f"/proc/{one}/comm").read_text()][-1:]
    if when == "before":
        os.kill(pid, signal.SIGKILL)
        assert ended(pid)
    else:
        os.kill(pid, signal.SIGSTOP)
    waiting = teller.silences(SILENT)
    if when == "after":
        os.kill(pid, signal.SIGKILL)
    assert waiting() == SILENT.verdicts()
    assert teller.silences(SILENT)() == SILENT.verdicts()


@pytest.mark.parametrize("said", [b"", b"nonsense", b"[]"])
def test_what_it_can_not_tell_is_told_here(teller: Teller, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = module.Pipe()
    monkeypatch.setattr(teller, "_connection", ours)
    waiting = teller.silences(SILENT)
    theirs.send_bytes((1).to_bytes(8, "big") + said)
    assert waiting() == SILENT.verdicts()
    theirs.close()
    assert teller.silences(SILENT)() == SILENT.verdicts()


def test_a_worker_that_asks_decides_the_same_and_takes_the_process_with_it() -> None:
    request = {"op": "decide", "snapshot": CYCLE.snapshot.to_json(), "portfolio": CYCLE.portfolio.to_json()}
    expected = parse(Service(rulebook(), CYCLE.limits).answer(canonical(request)) or b"")["decision"]
    asking = type("Asking", (Worker,), {"program": EVERYBODY})
    with asking(rulebook(), CYCLE.limits) as worker:
        assert worker.decide(CYCLE.snapshot, CYCLE.portfolio) == expected
        (pid,) = children(worker.pid)
        os.kill(pid, signal.SIGKILL)
        assert worker.decide(CYCLE.snapshot, CYCLE.portfolio) == expected
        assert worker.restarts == 0
        worker.rebind(rulebook(), CYCLE.limits)
        assert worker.decide(CYCLE.snapshot, CYCLE.portfolio) == expected
        (pid,) = children(worker.pid)
    assert ended(pid)
