"""Cycles of a real desk: what a crash leaves open is closed once, what cannot be recorded is not sent, and neither
order, nor a second run, nor the future changes anything.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import LogReader, Receipt
from adapters.desk.folder import Desk
from adapters.frame import Failed
from adapters.running.backtest import remaining
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.world import World
from adapters.verifying.verify import verify
from engine.review.replay import differences
from knowledge.facts import Fact, Snapshot
from knowledge.values import Json
from tests.lookahead import compare
from tests.made_feeds import ShuffledFeed
from tests.shared_run import LAST, SharedRun, decide_all


class Crash(BaseException):
    """The process ends here; nothing may catch it."""


def crash(*_: object) -> None:
    raise Crash


def records(desk: Desk) -> list[Json]:
    with LogReader.read(desk.store) as log:
        return list(log)


def root(desk: Desk) -> bytes:
    with LogReader.read(desk.store) as log:
        return log.root


def entry_days(shared: SharedRun) -> list[str]:
    """Sessions whose decision warranted an entry."""
    return [
        one["as_of"][:10]
        for one in shared.records
        if one["kind"] == "decision" and any(w["order"]["role"] == "entry" for w in one["warrants"])
    ]


# --- crashes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def crashed(shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, World, str]:
    """A desk whose process ended between a decision with an entry and its submission; and the session."""
    desk, world, day = shared.bare(tmp_path), shared.world(), entry_days(shared)[0]
    with monkeypatch.context() as patched, pytest.raises(Crash), opened(desk, world) as runner:
        decide_all(runner, world.sessions(world.first_decision, day)[-2])
        patched.setattr(Runner, "_submit", crash)
        runner.cycle(day)
    return desk, world, day


def test_what_was_decided_and_not_submitted_is_submitted_once(crashed: tuple[Desk, World, str]) -> None:
    desk, world, day = crashed
    (*_, last) = records(desk)
    assert (last["kind"], last["as_of"][:10]) == ("decision", day)
    wanted = [one["order"]["client_order_id"] for one in last["warrants"]]
    with opened(desk, world):
        pass
    after = records(desk)[last["seq"] + 1 :]
    assert after[0]["kind"] == "recovery"
    assert after[0]["warrants"] == [one["warrant_id"] for one in last["warrants"]]
    submitted = [one["client_order_id"] for one in after if one["kind"] == "order" and one["event"] == "submit"]
    assert submitted == wanted
    for _ in range(2):
        with opened(desk, world):
            pass
    assert records(desk)[last["seq"] + 1 :] == after
    assert verify(desk.store).holds


def test_a_run_that_crashed_ends_where_one_that_did_not(shared: SharedRun, crashed: tuple[Desk, World, str]) -> None:
    """But for the record of the recovery, and what numbers records: the same decisions, orders and fills."""
    desk, world, _ = crashed
    with opened(desk, world) as runner:
        assert decide_all(runner) != []

    def story(found: list[Json]) -> list[tuple[object, ...]]:
        kept = ("kind", "as_of", "client_order_id", "event", "quantity", "price", "nav", "verdicts", "warrants")
        return [tuple(one.get(name) for name in kept) for one in found if one["kind"] != "recovery"]

    assert story(records(desk)) == story(shared.records)
    assert verify(desk.store).holds


@pytest.mark.parametrize("step", ["_pass", "_record_models", "_decide", "_commit"])
def test_a_crash_before_the_decision_is_recorded_leaves_nothing_open(
    step: str, shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cycle is run again, and the log is, as far as it goes, the one of a run that never stopped."""
    desk, world, day = shared.bare(tmp_path), shared.world(), entry_days(shared)[0]
    with monkeypatch.context() as patched, pytest.raises(Crash), opened(desk, world) as runner:
        decide_all(runner, world.sessions(world.first_decision, day)[-2])
        patched.setattr(Runner, step, crash)
        runner.cycle(day)
    with opened(desk, world) as runner:
        assert remaining(runner, world.first_decision, day) == (day,)
        decide_all(runner, world.sessions(day, LAST)[2])
        size, here = runner.log.size, runner.log.root
    with LogReader.read(shared.store) as log:
        assert log.root_at(size) == here


# --- a store that fails -----------------------------------------------------------------------------------------


class Counted:
    """A broker's `submit` that counts what reaches it."""

    def __init__(self, runner: Runner) -> None:
        self.sent = 0
        self._submit: Callable[..., object] = runner.standing.broker.submit

    def __call__(self, *given: object) -> object:
        self.sent += 1
        return self._submit(*given)


@pytest.mark.sqlite_file
def test_what_cannot_be_recorded_is_not_sent(shared: SharedRun, tmp_path: Path) -> None:
    """A full disk at the decision: the exception names it, and the broker saw no order."""
    desk, world, day = shared.bare(tmp_path), shared.world(), entry_days(shared)[0]
    with pytest.raises(Failed, match="the disk is full; nothing more was sent"), opened(desk, world) as runner:
        decide_all(runner, world.sessions(world.first_decision, day)[-2])
        counted = Counted(runner)
        runner.standing.broker.submit = counted  # type: ignore[method-assign, assignment]
        commit = runner._commit

        def full(*given: object) -> Receipt:
            pages = runner.log._connection.exec_driver_sql("PRAGMA page_count").scalar()
            runner.log._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            return commit(*given)  # type: ignore[arg-type]

        runner._commit = full  # type: ignore[method-assign]
        try:
            runner.cycle(day)
        finally:
            assert counted.sent == 0
    assert verify(desk.store).holds
    assert all(one["as_of"][:10] < day for one in records(desk) if one["kind"] in ("decision", "order"))


def test_a_desk_that_runs_is_not_opened_twice(shared: SharedRun, tmp_path: Path) -> None:
    """Two runners of one log would each send what the other does not know of."""
    desk, world = shared.bare(tmp_path), shared.world()
    with opened(desk, world) as one:
        with pytest.raises(Failed, match="runs this desk"), opened(desk, world):
            pass
        one.cycle(world.first_decision)


def blocked(desk: Desk) -> None:
    """A store that cannot be opened: a folder stands in its place."""
    desk.store.mkdir()


def garbage(desk: Desk) -> None:
    desk.store.write_bytes(b"no database, " * 500)


def emptied(desk: Desk) -> None:
    desk.store.touch()


@pytest.mark.parametrize("spoil", [blocked, garbage, emptied])
@pytest.mark.sqlite_file
def test_the_command_line_ends_with_3_where_the_store_fails(
    spoil: Callable[[Desk], None], shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.bare(tmp_path)
    spoil(desk)
    assert cli.run(["cycle", "--desk", str(desk.folder)]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert "nothing more was sent" in told.err
    assert str(desk.store.name) in told.err


@pytest.mark.sqlite_file
def test_a_log_that_does_not_verify_starts_nothing(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.copied(tmp_path)
    connection = sqlite3.connect(desk.store)
    with connection:
        connection.execute("DROP TRIGGER leaf_delete")
        connection.execute("DELETE FROM leaf WHERE seq = (SELECT max(seq) FROM leaf)")
    connection.close()
    assert cli.run(["cycle", "--desk", str(desk.folder)]) == 3
    assert "does not verify" in capsys.readouterr().err


# --- determinism ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShuffledWorld(World):
    """A world that tells its facts in another order each time."""

    def snapshot(self, day: str) -> Snapshot:
        """The same snapshot, frozen from facts in a drawn order."""
        from knowledge.door import freeze

        whole = super().snapshot(day)
        facts: list[Fact] = list(whole.facts)
        random.Random(day).shuffle(facts)
        return freeze(whole.as_of, reversed(whole.universe), facts)


def run_again(desk: Desk, world: World) -> bytes:
    with opened(desk, world) as runner:
        decide_all(runner)
        return runner.log.root


def test_two_runs_have_the_same_root(shared: SharedRun, tmp_path: Path) -> None:
    assert run_again(shared.bare(tmp_path), shared.world()) == shared.root


def test_permuted_bars_and_facts_change_nothing(shared: SharedRun, tmp_path: Path) -> None:
    desk, world = shared.bare(tmp_path), shared.world()
    shuffled = ShuffledWorld(desk, tuple(reversed(world.instruments)), ShuffledFeed(world.feed, 3))
    assert run_again(desk, shuffled) == shared.root


def test_a_run_in_pieces_is_one_run(shared: SharedRun, tmp_path: Path) -> None:
    desk, world = shared.bare(tmp_path), shared.world()
    days = world.sessions(world.first_decision, LAST)
    for last in (days[3], days[4], days[20], LAST):
        with opened(desk, world) as runner:
            decide_all(runner, last)
    assert root(desk) == shared.root


def test_the_future_decides_nothing(shared: SharedRun) -> None:
    """Some of the run's decisions, each made again from a feed that ends with its own session.

    `python -m tests.lookahead` does it for every decision of the demonstration.
    """
    decisions = [one for one in shared.records if one["kind"] == "decision"]
    chosen = [decisions[0], decisions[-2]]
    chosen += [one for one in decisions if one["as_of"][:10] == entry_days(shared)[-1]]
    for record, found in compare(shared.desk, shared.world(), [one["record_id"] for one in chosen]):
        assert found == [], record["as_of"]


def test_a_replay_names_the_session_it_would_have_decided_differently(shared: SharedRun) -> None:
    """The comparison above can fail: two sessions' decisions are not the same."""
    one, other = [record for record in shared.records if record["kind"] == "decision"][:2]
    fields = {sentence.split(":")[0] for sentence in differences(one, other)}
    assert {"as_of", "inputs.snapshot"} <= fields
