"""Kill and resume of a real desk: by command, by request of a running process, past one that hangs, after a crash."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import LogReader, LogUnwritable
from adapters.desk.folder import Desk, read_desk
from adapters.frame import Failed
from adapters.people.approving import Asked, approve
from adapters.running import intervention
from adapters.running.desk_log import DeskLog
from adapters.running.intervention import answer, kill, resume
from adapters.running.resuming import StillStopped
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.world import World, read_law
from adapters.store import lease, opening, requests
from adapters.verifying.verify import verify
from engine.gate.trading import TradingState
from engine.limits.model import Limits
from knowledge.values import Json
from tests.adapters.test_runner import Crash, crash, entry_days, records
from tests.shared_run import SharedRun, decide_all

ADA = "Ada Lovelace"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def people(desk: Desk, *names: str) -> Desk:
    """The desk with these people listed as those who resume it."""
    settings = desk.folder / "warrant.toml"
    settings.write_text(
        settings.read_text() + f"\n[people]\nresume = {json.dumps(list(names))}\napprove = {json.dumps(list(names))}\n"
    )
    return read_desk(desk.folder)


@pytest.fixture(scope="module")
def first_entry(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> tuple[SharedRun, str]:
    """A desk that has decided its first entry, which works at the broker; and the session. Only read."""
    folder, day = tmp_path_factory.mktemp("first-entry"), entry_days(shared)[0]
    desk = people(shared.bare(folder), ADA)
    with opened(desk, shared.world()) as runner:
        decide_all(runner, day)
        assert any(one.order.role == "entry" for one in runner.standing.broker.working())
    return SharedRun(folder), day


@pytest.fixture
def working(first_entry: tuple[SharedRun, str], shared: SharedRun, tmp_path: Path) -> tuple[Desk, World, str]:
    """A copy of that desk, its world and the session."""
    made, day = first_entry
    return made.copied(tmp_path), shared.world(), day


def following(world: World, day: str) -> str:
    """The session after this one."""
    return world.sessions(day, "9999-12-31")[1]


def states(desk: Desk) -> list[Json]:
    return [one for one in records(desk) if one["kind"] == "state"]


@contextmanager
def holding(desk: Desk, hours: float = 1.0) -> Iterator[None]:
    """Somebody holds the desk's lease."""
    now = datetime.now(UTC)
    wanted = lease.Lease("run-1", "here", 1, "1", "boot", now, now, now + timedelta(hours=hours))
    with opening.opened(desk.store) as connection:
        taken = lease.take(connection, wanted)
        yield
        lease.release(connection, taken)


# --- kill -------------------------------------------------------------------------------------------------------


def test_a_kill_cancels_entries_keeps_what_protects_and_survives_a_restart(working: tuple[Desk, World, str]) -> None:
    desk, world, day = working
    entries = [one["client_order_id"] for one in records(desk) if one["kind"] == "order" and one["event"] == "submit"]
    size = len(records(desk))
    words = kill(desk, ADA, "the news")
    after = records(desk)[size:]
    assert words == f"the desk is killed; entries cancelled: {len(after) - 1}; exits and protective orders stay"
    assert [after[0][name] for name in ("kind", "state", "who", "why")] == ["state", "killed", ADA, "the news"]
    assert {(one["kind"], one["event"]) for one in after[1:]} == {("cancel", "request-cancel")}
    assert {one["client_order_id"] for one in after[1:]} <= set(entries)
    with opened(desk, world) as runner:
        assert runner.standing.killed
        stopped = runner.cycle(following(world, day))
        assert stopped["trading_state"] == "halted"
        assert not any(one.order.role == "entry" for one in runner.standing.broker.working())
        assert runner.standing.stops == ("kill",)
    assert not any(one["order"]["role"] == "entry" for one in stopped["warrants"])
    assert verify(desk.store).holds


def test_exits_and_stops_go_on_under_a_kill(shared: SharedRun, tmp_path: Path) -> None:
    """A killed desk trails its stops and closes as one that was only halted would: nothing but entries is refused."""
    desk, world = shared.bare(tmp_path), shared.world()
    exits = [
        one["as_of"][:10]
        for one in shared.records
        if one["kind"] == "decision" and any(w["order"]["role"] in ("exit", "stop") for w in one["warrants"])
    ]
    with opened(desk, world) as runner:
        decide_all(runner, world.sessions(world.first_decision, exits[-1])[-2])
        runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
        decided = runner.cycle(exits[-1])
    assert decided["warrants"]
    assert {one["order"]["role"] for one in decided["warrants"]} <= {"exit", "stop"}
    sent = [one for one in records(desk) if one["kind"] == "order" and one["decision_id"] == decided["record_id"]]
    assert {one["client_order_id"] for one in sent} == {one["order"]["client_order_id"] for one in decided["warrants"]}


def test_a_second_kill_adds_nothing(working: tuple[Desk, World, str]) -> None:
    desk, _, _ = working
    kill(desk, ADA, "the news")
    before = records(desk)
    assert kill(desk, "somebody else", "again") == "the desk was killed before"
    assert records(desk) == before


@pytest.mark.parametrize("broken", ["rules.clp", "limits.yaml", "instruments.yaml", "policies.pl"])
def test_no_broken_file_keeps_a_desk_from_being_killed(
    broken: str, working: tuple[Desk, World, str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk, _, _ = working
    (desk.folder / broken).write_text("((( ::: not this\n")
    assert cli.run(["kill", "--desk", str(desk.folder), "--who", "anyone", "--why", "it burns"]) == 0
    assert capsys.readouterr().out.startswith("the desk is killed; entries cancelled: ")
    assert states(desk)[-1]["who"] == "anyone"


def test_a_crash_between_a_kill_and_its_cancels_is_mended(
    working: tuple[Desk, World, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, world, _ = working
    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(DeskLog, "_cancel_entries", crash)
        kill(desk, ADA, "the news")
    assert records(desk)[-1]["kind"] == "state"
    for _ in range(2):
        with opened(desk, world) as runner:
            entries = [one for one in runner.standing.broker.working() if one.order.role == "entry"]
            assert entries and {one.state for one in entries} == {"cancel-pending"}
    assert verify(desk.store).holds


def test_an_entry_decided_before_a_kill_and_never_sent_is_not_sent_after_it(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, world, day = shared.bare(tmp_path), shared.world(), entry_days(shared)[0]
    with monkeypatch.context() as patched, pytest.raises(Crash), opened(desk, world) as runner:
        decide_all(runner, world.sessions(world.first_decision, day)[-2])
        patched.setattr(Runner, "_submit", crash)
        runner.cycle(day)
    kill(desk, ADA, "the news")
    size = len(records(desk))
    with opened(desk, world):
        pass
    (recovery, *rest) = records(desk)[size:]
    assert recovery["reason"] == "the desk was halted or killed since, and no entry goes out on an older permission"
    assert not any(one["kind"] == "order" and one["order"]["role"] == "entry" for one in rest)
    assert verify(desk.store).holds


def test_a_desk_that_never_ran_has_nothing_to_kill(shared: SharedRun, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="it has never run and has no orders; do not start it"):
        kill(shared.bare(tmp_path), ADA, "early")


def test_an_intervention_has_a_person_and_a_reason(
    working: tuple[Desk, World, str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk, _, _ = working
    assert cli.run(["kill", "--desk", str(desk.folder), "--who", " ", "--why", "x"]) == 2
    assert cli.run(["resume", "--desk", str(desk.folder), "--who", ADA, "--why", ""]) == 2
    assert "`--who` is empty" in capsys.readouterr().err
    assert states(desk) == []


# --- a process that runs the desk -------------------------------------------------------------------------------


def test_the_process_that_runs_the_desk_is_asked_and_answers(working: tuple[Desk, World, str]) -> None:
    desk, world, day = working
    with opened(desk, world) as runner, opening.opened(desk.store) as box:
        said: list[str] = []
        asking = threading.Thread(target=lambda: said.append(kill(desk, ADA, "the news", patience=60)))
        asking.start()
        while not (asked := requests.open_requests(box)):
            pass
        (one,) = asked
        words = answer(runner, runner.law.limits, one.what, one.who, one.why, one.asked_at)
        requests.answer(box, one.id, NOW, words)
        asking.join()
        assert said == [words.removeprefix("done: ")]
        assert runner.standing.killed
        # It goes on: the kill is its own record.
        assert runner.cycle(following(world, day))["trading_state"] == "halted"
    assert (states(desk)[0]["state"], states(desk)[0]["who"]) == ("killed", ADA)


def test_a_process_that_hangs_is_passed_over_and_can_write_no_more(working: tuple[Desk, World, str]) -> None:
    desk, world, day = working
    with opened(desk, world) as runner:
        words = kill(desk, ADA, "it hangs", patience=0)
        assert re.search(r"; `warrant cycle` \(process \d+ on \S+\) holds the desk and did not answer$", words)
        assert states(desk)[-1]["state"] == "killed"
        with pytest.raises(LogUnwritable, match="another process"):
            runner.cycle(following(world, day))
        with opening.opened(desk.store) as box:
            assert requests.open_requests(box) == ()
    assert verify(desk.store).holds


def test_a_resume_that_nobody_answers_is_withdrawn(working: tuple[Desk, World, str]) -> None:
    desk, _, _ = working
    kill(desk, ADA, "the news")
    with holding(desk):
        with pytest.raises(Failed, match="did not answer, and the desk was not resumed"):
            resume(desk, read_law(desk).limits, ADA, "fine again", patience=0)
        with opening.opened(desk.store) as box:
            assert requests.request(box, 1).answer == "withdrawn: no answer within 0 s"
    assert [one["state"] for one in states(desk)] == ["killed"]


def test_an_expired_lease_is_no_process(working: tuple[Desk, World, str]) -> None:
    desk, _, _ = working
    with holding(desk, hours=-1):
        assert kill(desk, ADA, "the news").startswith("the desk is killed")


# --- resume -----------------------------------------------------------------------------------------------------


def test_only_a_listed_person_resumes(working: tuple[Desk, World, str], capsys: pytest.CaptureFixture[str]) -> None:
    desk, world, day = working
    kill(desk, "anyone", "the news")
    where = ["--desk", str(desk.folder)]
    assert cli.run(["resume", *where, "--who", "anyone", "--why", "fine again"]) == 1
    assert "`[people] resume` of warrant.toml lists `Ada Lovelace`" in capsys.readouterr().out
    assert cli.run(["resume", *where, "--who", ADA, "--why", "fine again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["done"] == "the desk is active; ended: kill"
    assert (states(desk)[-1]["state"], states(desk)[-1]["ends"]) == ("active", ["kill"])
    assert cli.run(["resume", *where, "--who", ADA, "--why", "once more"]) == 0
    assert "nothing to resume" in capsys.readouterr().out
    with opened(desk, world) as runner:
        assert runner.cycle(following(world, day))["trading_state"] == "active"
    assert verify(desk.store).holds


def halting_limits(desk: Desk, bound: str) -> Limits:
    """The desk's limits with a halt at this rank of the index's volatility."""
    file = desk.folder / "limits.yaml"
    old = "kind: index_volatility, bound: 0.99, unit: rank, then: reducing"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, f"kind: index_volatility, bound: {bound}, unit: rank, then: halted"))
    return read_law(desk).limits


def test_what_would_halt_the_desk_again_stands_against_a_resume(shared: SharedRun, tmp_path: Path) -> None:
    """A halt is latched; it ends where the bound, or the value, lets the next cycle through, and not before."""
    desk, world = people(shared.bare(tmp_path), ADA), shared.world()
    limits = halting_limits(desk, "0.0001")
    day = world.first_decision
    with opened(desk, world) as runner:
        assert runner.cycle(day)["trading_state"] == "halted"
        assert runner.standing.halted
    with pytest.raises(StillStopped, match=r"`systemic.volatility` halts at 0.0001, and stands at 0\.\d+: it would"):
        resume(desk, limits, ADA, "never mind")
    (desk.folder / "limits.yaml").write_bytes((shared.folder / "limits.yaml").read_bytes())
    limits = halting_limits(desk, "1")
    # A looser bound that nobody approved ends no halt: it is judged by the one in force.
    with pytest.raises(StillStopped, match=r"halts at 0\.0001"):
        resume(desk, limits, ADA, "the bound was wrong")
    approve(desk, (limits.source, "limits.yaml"), Asked(ADA, "the bound was wrong"))
    assert resume(desk, limits, ADA, "the bound was wrong") == "the desk is active; ended: halt"
    with opened(desk, world) as runner:
        assert not runner.standing.stopped
        assert runner.cycle(following(world, day))["trading_state"] == "active"
        assert not runner.standing.halted


def test_books_that_differ_and_a_cycle_without_a_decision_stand_against_a_resume(
    working: tuple[Desk, World, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, world, day = working
    limits = read_law(desk).limits
    with opened(desk, world) as runner:
        runner.cycle(following(world, day))
        (name, *_) = runner.standing.broker.positions()
        runner.kill(ADA, "the news", "2026-11-20T09:00:00Z")
        with monkeypatch.context() as patched:
            patched.setitem(runner.standing.broker.state.positions, name, 7)
            with pytest.raises(StillStopped, match=f"{name}: the books say [0-9]+, the broker says 7 "):
                runner.resume(ADA, "fine", "2026-11-20T09:00:00Z", limits)
        runner.worker.program = "raise SystemExit(3)"
        runner.worker.close()
        assert runner.cycle(world.sessions(day, "9999-12-31")[2])["fault"]
        with pytest.raises(StillStopped, match="the last cycle was undetermined"):
            runner.resume(ADA, "fine", "2026-11-20T09:00:00Z", limits)


def test_a_throttle_holds_until_a_person_ends_it(working: tuple[Desk, World, str]) -> None:
    """Two entries of one instrument in a session, where one is the bound: it stays counted for all sessions after."""
    desk, world, day = working
    file = desk.folder / "limits.yaml"
    file.write_text(
        file.read_text().replace("kind: repeated_execution, bound: 5", "kind: repeated_execution, bound: 1")
    )
    limits = read_law(desk).limits
    day = following(world, day)
    with opened(desk, world) as runner:
        runner.cycle(day)
        (name, *_) = runner.standing.executed
        assert runner.standing.throttled == {name: 1}
        day = following(world, day)
        runner.cycle(day)
        assert dict(runner.portfolio(day, world.snapshot(day)).operations.executions)[name] == 1
    assert [one["instrument"] for one in states(desk)] == [name]
    assert resume(desk, limits, ADA, "looked into it") == f"the desk is active; ended: throttle of {name}"
    with opened(desk, world) as runner:
        assert name not in dict(runner.portfolio(day, world.snapshot(day)).operations.executions)
    assert verify(desk.store).holds


def test_the_messages_of_the_last_second_survive_a_restart(working: tuple[Desk, World, str]) -> None:
    """Orders that the last decision sent and cancels that a kill asked for count alike, and no restart forgets them."""
    desk, world, day = working
    close = world.session(day).closes_at
    kill(desk, ADA, "the news")
    at_close = [one for one in records(desk) if one["recorded_at"] == close]
    sent = [one for one in at_close if one.get("event") == "submit"]
    asked = [one for one in at_close if one.get("event") == "request-cancel"]
    assert sent
    assert asked
    for _ in range(2):
        with opened(desk, world) as runner:
            assert runner.standing.messages_until(close) == len(sent) + len(asked)
            operations = runner.portfolio(day, world.snapshot(day)).operations
            assert operations.messages_last_second == len(sent) + len(asked)
            assert runner.standing.messages_until(world.session(following(world, day)).closes_at) == 0
            assert runner.standing.trading is TradingState.HALTED


def test_what_stops_a_desk_is_what_the_table_says(working: tuple[Desk, World, str]) -> None:
    """Over kill, cycles and resume: halted exactly while a kill or a halt stands, before and after a restart."""
    desk, world, day = working
    limits = read_law(desk).limits
    seen = []
    with opened(desk, world) as runner:
        seen.append(runner.standing.trading)
        runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
        seen.append(runner.standing.trading)
        runner.cycle(following(world, day))
        seen.append(runner.standing.trading)
        flags = (runner.standing.killed, runner.standing.halted, runner.standing.halting)
    with opened(desk, world) as runner:
        assert (runner.standing.killed, runner.standing.halted, runner.standing.halting) == flags
        seen.append(runner.standing.trading)
        runner.resume(ADA, "fine", "2026-11-20T09:00:00Z", limits)
        seen.append(runner.standing.trading)
        assert not runner.standing.stopped
    active, halted = TradingState.ACTIVE, TradingState.HALTED
    assert seen == [active, halted, halted, halted, active]


def test_nobody_knows_how_to_do_anything_else(working: tuple[Desk, World, str]) -> None:
    desk, _, _ = working
    with intervention.opened(desk, lambda _: {}) as desk_log:
        assert answer(desk_log, read_law(desk).limits, "dance", ADA, "x", NOW).startswith("refused: nobody here")
    with LogReader.read(desk.store) as log:
        assert not list(log.records(["state"]))
