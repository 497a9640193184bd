"""Decisions made again in worker processes, from logs of real runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.audit.log import AuditLog, LogReader
from adapters.running.session import opened
from adapters.running.worker import Worker, WorkerLost
from adapters.verifying.replay import Replay
from adapters.verifying.verification import Check, Finding
from adapters.verifying.verify import verify
from knowledge.values import Json
from tests.shared_run import SharedRun, decide_all


def replayed(store: Path, jobs: int = 1, patience: float = 20.0) -> tuple[Replay, list[Finding]]:
    with Replay(jobs, patience) as replay:
        walked = verify(store, replay=replay)
        return replay, [*walked[Check.REPLAY].findings, *replay.findings()]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_decision_of_a_run_is_made_again(shared: SharedRun, jobs: int) -> None:
    replay, findings = replayed(shared.store, jobs)
    assert findings == []
    assert replay.decided == sum(one["kind"] == "decision" for one in shared.records) > 40
    assert replay.outside == 0


def test_each_record_is_replayed_under_the_law_it_names(shared: SharedRun, tmp_path: Path) -> None:
    """The desk's limits and rules change in the middle; the old ones live on in the log."""
    desk = shared.bare(tmp_path)
    world = shared.world()
    days = world.sessions(world.first_decision, "2011-01-14")
    with opened(desk, world) as runner:
        decide_all(runner, days[4])
    desk.limits.write_text(desk.limits.read_text().replace("bound: 20 %, unit: NAV", "bound: 3 %, unit: NAV", 1))
    with opened(desk, world) as runner:
        decide_all(runner, days[-1])
    with LogReader.read(desk.store) as log:
        decisions = list(log.records(["decision"]))
    assert len({one["inputs"]["limits"] for one in decisions}) == 2
    assert replayed(desk.store)[1] == []


class Mortal(Worker):
    """A keeper whose worker dies in the second cycle of a run."""

    asked = 0

    def _ask(
        self, request: bytes, patience: float, meanwhile: Callable[[], None] | None = None
    ) -> tuple[Json, dict[str, bytes]]:
        deciding = b'"op":"decide"' in request[:20]
        Mortal.asked += deciding
        if deciding and Mortal.asked == 2:
            assert self.pid is not None
            os.kill(self.pid, signal.SIGKILL)
        return super()._ask(request, patience, meanwhile)


def test_a_cycle_that_was_ended_from_outside_is_not_decided_again(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, world = shared.bare(tmp_path), shared.world()
    monkeypatch.setattr("adapters.running.session.Worker", Mortal)
    monkeypatch.setattr(Mortal, "asked", 0)
    with opened(desk, world) as runner:
        records = decide_all(runner, "2011-01-07")
    lost = [one for one in records if one.get("ended_from_outside")]
    assert [one["as_of"][:10] for one in lost] == ["2011-01-04"]
    assert lost[0]["fault"] == "the worker was lost: it was killed by signal 9"
    assert {one["outcome"] for one in lost[0]["verdicts"]} == {"undetermined"}
    assert lost[0]["warrants"] == []
    assert all(one["fault"] is None for one in records if one not in lost)
    replay, findings = replayed(desk.store)
    assert (replay.outside, replay.decided, findings) == (1, 4, [])


def test_one_that_permits_something_all_the_same_is_found(shared: SharedRun, tmp_path: Path) -> None:
    store = tmp_path / "log.sqlite"
    chosen = next(one for one in shared.records if one["kind"] == "decision" and one["warrants"])
    with LogReader.read(shared.store) as old, AuditLog.open(store) as log:
        blobs = {name: old.blob(name) for name in chosen["blobs"]}
        own = ("format", "kind", "seq", "record_id", "blobs")
        body = {name: value for name, value in chosen.items() if name not in own}
        receipt = log.append("decision", {**body, "ended_from_outside": True}, blobs)
    found = replayed(store)[1]
    assert {one.record_id for one in found} == {receipt.record_id}
    assert "warrants" in {one.field for one in found}


def test_inputs_that_are_gone_are_named(shared: SharedRun) -> None:
    chosen = next(one for one in shared.records if one["kind"] == "decision")

    def blob(name: str) -> bytes:
        if name == chosen["inputs"]["portfolio"]:
            raise KeyError(name)
        return b"{}"

    with Replay(1) as replay:
        (sentence,) = replay(chosen, blob)
    assert sentence.startswith("inputs.portfolio: nothing readable is stored")


def test_inputs_that_make_no_sense_are_findings(shared: SharedRun) -> None:
    chosen = next(one for one in shared.records if one["kind"] == "decision")
    with Replay(1) as replay:
        assert replay(chosen, lambda name: b'{"rules":[],"policies":[]}') == []
        (finding,) = replay.findings()
    assert (finding.check, finding.seq, finding.record_id) == (Check.REPLAY, chosen["seq"], chosen["record_id"])


def test_a_worker_that_is_lost_in_a_replay_is_a_finding_and_the_next_is_replayed(
    shared: SharedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = Worker._decide, []

    def once_lost(self: Worker, *asked: object) -> Json:
        calls.append(1)
        if len(calls) == 3:
            raise WorkerLost("the worker was lost: no answer within 20 s")
        return whole(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "_decide", once_lost)
    replay, (finding,) = replayed(shared.store)
    assert finding.sentence.startswith("it could not be decided again: the worker was lost")
    assert replay.decided == len(calls)


def test_records_that_decide_nothing_need_no_worker(shared: SharedRun) -> None:
    with Replay(1) as replay:
        for record in shared.records:
            if record["kind"] != "decision":
                assert replay(record, {}.__getitem__) == []
        assert (replay.decided, replay.findings()) == (0, [])
