"""A worker that is stuck, lies, answers late or answers somebody else: no entry, a reason, and the next cycle runs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from adapters.running import worker as module
from adapters.running.worker import Worker, WorkerLost
from engine.orders.portfolio import Portfolio
from knowledge.facts import Snapshot
from knowledge.values import canonical, parse
from tests.attack.stage import SESSIONS, Stage, desk, entries, limits, rulebook, running

pytestmark = pytest.mark.real_start

MON, TUE = SESSIONS[:2]
MOODS = {(day, "AAPL"): "long" for day in (MON, TUE)}
LYING = """
import struct, sys
from adapters.running import worker
from engine.service import Service
answer = Service.answer
def lie(self, request):
    told = answer(self, request)
    return {lie} if b'"decide"' in request[:20] else told
Service.answer = lie
worker.serve()
"""


class Liar(Worker):
    """A worker that says `lie` (Python, of the true answer `told`) instead of every decision."""

    def __init__(self, lie: str) -> None:
        super().__init__(rulebook(), limits(), patience=5)
        self.program = LYING.replace("{lie}", lie)


def asked(stage: Stage, day: str) -> tuple[Snapshot, Portfolio]:
    with running(stage) as runner:
        snapshot = stage.snapshot(day)
        return snapshot, runner.portfolio(day, snapshot)


@pytest.mark.parametrize(
    "lie",
    [
        'b"no json at all"',
        'b"{}"',
        'b"[]"',
        "b'{\"decision\":null}'",
        'b\'{"decision":{"warrants":[]}}\'',
        # the answer to an earlier request, and a decision that carries another one's warrants
        'globals().setdefault("first", told)',
        'told.replace(b\'"portfolio":"sha256:\', b\'"portfolio":"sha256:0\')',
    ],
)
def test_an_answer_that_is_not_to_the_question_is_no_decision(tmp_path: Path, lie: str):
    stage = Stage(desk(tmp_path), moods=MOODS)
    with Liar(lie) as worker, running(stage, worker) as runner:
        stale = "first" in lie
        if stale:
            assert entries(runner.cycle(MON))
        record = runner.cycle(TUE if stale else MON)
        assert record["ended_from_outside"] is True
        assert "the worker was lost" in record["fault"]
        assert record["warrants"] == []
        worker.program = Worker.program
        assert runner.cycle(SESSIONS[2])["fault"] is None


def test_warrants_of_another_decision_inside_the_right_one_are_refused(tmp_path: Path):
    stage = Stage(desk(tmp_path), moods=MOODS)
    with Worker(rulebook(), limits()) as honest:
        decision = honest.decide(*asked(stage, MON))
    inputs = decision["inputs"]
    assert module._answers({"decision": decision}, inputs)
    forged = parse(canonical(decision))
    forged["warrants"][0]["inputs"]["limits"] = "sha256:other"
    assert not module._answers({"decision": forged}, inputs)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
def test_a_worker_that_does_not_even_read_is_ended_too(tmp_path: Path):
    """A request is larger than a pipe: writing it must not wait for ever either."""
    stage = Stage(desk(tmp_path), names=("AAPL", "IBM", "KO"), moods=MOODS)
    snapshot, portfolio = asked(stage, MON)
    padded = snapshot.encoded + b" " * 3_000_000
    with Worker(rulebook(), limits(), patience=1) as worker:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(WorkerLost, match="took no request within 1 s"):
            worker.decide_stored(padded, portfolio.encoded)
        assert worker.pid is None
        # A new process on a busy machine may take longer than that for its first cycle.
        worker._patience = module.PATIENCE
        assert worker.decide(snapshot, portfolio)["fault"] is None


def test_an_interrupt_leaves_no_answer_behind_for_the_next_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stage = Stage(desk(tmp_path), moods=MOODS)
    snapshot, portfolio = asked(stage, MON)
    with Worker(rulebook(), limits()) as worker:
        with monkeypatch.context() as patched:
            patched.setattr(module, "_read_within", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                worker.decide(snapshot, portfolio)
        assert worker.pid is None
        later = stage.snapshot(TUE)
        assert worker.decide(later, portfolio)["as_of"] == later.as_of


def test_a_module_in_the_folder_one_stands_in_is_not_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "z3.py").write_text("raise SystemExit('not the solver')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    stage = Stage(desk(tmp_path), moods=MOODS)
    with running(stage) as runner:
        assert entries(runner.cycle(MON))
