"""A desk that dies between two steps, or that cannot see its market, goes on as if it had not, and says so."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.audit.log import AuditLog
from adapters.running.backtest import remaining
from adapters.running.runner import Runner
from adapters.running.worker import Worker
from adapters.running.world import Law
from adapters.verifying.sequence import SequenceCheck
from advisors.actions import Action
from engine.limits.text import read_limits
from engine.orders.order import Role
from knowledge.door import Refused, fact
from tests.attack.stage import SESSIONS, SHIPPED, Stage, desk, entries, limits, records, rulebook, running

MON, TUE, WED, THU = SESSIONS[:4]
BUY = {(MON, "AAPL"): "long"}


class Crash(BaseException):
    """The process ends here."""


def crash(*_: object, **__: object) -> None:
    raise Crash


@pytest.fixture(scope="module")
def worker():
    with Worker(rulebook(), limits()) as one:
        yield one


def complaints(stage: Stage) -> list[str]:
    check = SequenceCheck()
    return [str(found) for one in records(stage) for found in check.feed(one["seq"], one["record_id"], one)]


# --- what is decided and not yet done ---------------------------------------------------------------------------


def test_a_crash_between_the_record_and_the_submission_loses_no_order_and_doubles_none(tmp_path: Path, worker: Worker):
    stage = Stage(desk(tmp_path), moods=BUY)
    with running(stage, worker) as runner:
        runner._submit = crash  # type: ignore[method-assign]
        with pytest.raises(Crash):
            runner.cycle(MON)
    for _ in range(2):
        with running(stage, worker) as runner:
            assert sum(one.order.role is Role.ENTRY for one in runner.standing.broker.working()) == 1
    assert complaints(stage) == []


def test_no_entry_goes_out_on_the_permission_of_a_law_that_was_changed_before_it_was_sent(
    tmp_path: Path, worker: Worker
):
    stage = Stage(desk(tmp_path), moods=BUY)
    with running(stage, worker) as runner:
        runner._submit = crash  # type: ignore[method-assign]
        with pytest.raises(Crash):
            runner.cycle(MON)
    text = (SHIPPED / "limits.yaml").read_text(encoding="utf-8")
    tight = read_limits(text.replace("order_value, bound: 10 %", "order_value, bound: 0.1 %"))
    for _ in range(2):
        with running(stage, worker, tight) as runner:
            assert not runner.standing.broker.working()
    recovery = records(stage, "recovery")
    assert len(recovery) == 1
    assert "have changed" in recovery[0]["reason"]
    with running(stage, worker, tight) as runner:
        runner.cycle(TUE)
    assert complaints(stage) == []


def test_a_halt_that_was_decided_is_carried_out_after_a_crash(tmp_path: Path, worker: Worker):
    # The entry of Monday stands far from the market on Tuesday; NAV falls by a fifth, which halts the desk.
    stage = Stage(desk(tmp_path), moods=BUY)
    with running(stage, worker) as runner:
        runner.cycle(MON)
        poor = replace(runner.portfolio(MON, stage.snapshot(MON)), nav=Decimal(800_000))
        runner.portfolio = lambda *_: poor  # type: ignore[method-assign]
        runner._halt = crash  # type: ignore[method-assign]
        runner._due = lambda _: ()  # type: ignore[method-assign]
        with pytest.raises(Crash):
            runner.cycle(MON)
    with running(stage, worker) as runner:
        assert runner.standing.halted
        working = runner.standing.broker.working()
        assert [one.state for one in working if one.order.role is Role.ENTRY] == ["cancel-pending"]
        runner.cycle(TUE)
        assert not runner.standing.books.holdings
    assert [one["state"] for one in records(stage, "state")] == ["halted"]


def test_a_named_person_ends_a_halt_and_a_restart_does_not_bring_it_back(tmp_path: Path, worker: Worker):
    stage = Stage(desk(tmp_path))
    with running(stage, worker) as runner:
        poor = replace(runner.portfolio(MON, stage.snapshot(MON)), nav=Decimal(800_000))
        runner.portfolio = lambda *_: poor  # type: ignore[method-assign]
        runner.cycle(MON)
        assert runner.standing.halted
        runner._append(
            runner._last_as_of, [{"kind": "state", "state": "active", "who": "A. Person", "why": "reviewed"}]
        )
    with running(stage, worker) as runner:
        assert not runner.standing.halted


def test_what_was_executed_counts_for_one_session_also_after_a_restart(tmp_path: Path, worker: Worker):
    moods = {(day, "AAPL"): "long" for day in (MON, TUE)}
    stage = Stage(desk(tmp_path), moods=moods)
    with running(stage, worker) as runner:
        runner.cycle(MON)
        runner.cycle(TUE)
        assert runner.standing.executed == {"AAPL": 1}
        runner._pass(WED)
        lived = runner.portfolio(WED, stage.snapshot(WED))
    with running(stage, worker) as runner:
        assert runner.portfolio(WED, stage.snapshot(WED)) == lived
        assert runner.standing.executed == {}


# --- sessions that are skipped, and sessions nobody can see -----------------------------------------------------


def test_sessions_that_are_skipped_still_pass(tmp_path: Path, worker: Worker):
    """The first decision may move behind the last one (`trained_until` is edited): a split between them counts."""
    split = {WED: (Action(WED, "AAPL", "split", Decimal(2)),)}
    stage = Stage(desk(tmp_path), moods=BUY, actions=split)
    with running(stage, worker) as runner:
        bought = Decimal(entries(runner.cycle(MON))["AAPL"])
        runner.cycle(THU)
        assert runner.standing.books.holdings["AAPL"].quantity == 2 * bought
    passed = [one["session"] for one in records(stage, "books") if one["entry"] == "session"]
    assert passed == [MON, TUE, WED, THU]


@pytest.mark.parametrize("error", [Refused("two facts say `bar(AAPL)`"), KeyError("AAPL"), ZeroDivisionError()])
def test_a_session_without_a_snapshot_is_recorded_and_the_next_one_is_decided(
    tmp_path: Path, worker: Worker, error: Exception
):
    class Blind(Stage):
        def snapshot(self, day: str):
            if day == MON:
                raise error
            return super().snapshot(day)

    stage = Blind(desk(tmp_path))
    with running(stage, worker) as runner:
        assert runner.cycle(MON)["kind"] == "fault"
    with running(stage, worker) as runner:
        assert remaining(runner, MON, THU) == (TUE, WED, THU)
        assert runner.cycle(TUE)["kind"] == "decision"
    assert len(records(stage, "fault")) == 1


def test_facts_that_contradict_each_other_are_such_a_session(tmp_path: Path, worker: Worker):
    twice = Stage(desk(tmp_path), facts=lambda _, found: [*found, fact("rate", currency="USD", value=2)])
    with running(twice, worker) as runner:
        assert "two facts say `rate(USD)`" in runner.cycle(MON)["fault"]


# --- records that the books can not follow ----------------------------------------------------------------------


def test_what_the_books_refuse_is_never_written(tmp_path: Path, worker: Worker):
    stage = Stage(desk(tmp_path), moods=BUY)
    with running(stage, worker) as runner:
        runner.cycle(MON)
        before = runner.log.size
        runner.standing.books = replace(runner.standing.books, currency="EUR")
        with pytest.raises(ValueError, match="these books are kept in EUR"):
            runner.cycle(TUE)
        assert runner.log.size == before
    with AuditLog.open(stage.desk.store) as log:
        assert Runner(stage.desk, Law(rulebook(), limits()), stage, log, worker)  # type: ignore[arg-type]
