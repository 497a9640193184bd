"""A rulebook that changes under a running desk is swapped between two cycles, or refused whole and told once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.audit.log import LogReader
from adapters.desk.folder import Desk
from adapters.running.reloading import Reloading
from adapters.running.session import opened
from adapters.running.worker import Worker
from adapters.schedule import scheduled
from adapters.schedule.scheduled import Plan, run_scheduled
from adapters.verifying.law import LawCheck
from adapters.verifying.verify import verify
from knowledge.values import Json, parse
from rules.rulebook import Rulebook, read_rulebook
from rules.texts import BookText
from tests.shared_run import SharedRun

VETO = "rules/book/veto.clp"
EXIT = "rules/book/exit.clp"
KEPT = "time-stop.yaml"
"""The cases that are left: each takes a moment."""


def made(shared: SharedRun, folder: Path) -> Desk:
    desk = shared.bare(folder)
    for path in (desk.folder / "rules/cases").glob("*.yaml"):
        if path.name != KEPT:
            path.unlink()
    return desk


def edit(desk: Desk, file: str, before: str, after: str) -> None:
    """A change as an editor saves it."""
    path = desk.folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text, (file, before)
    part = path.with_suffix(".part")
    part.write_text(text.replace(before, after, 1), encoding="utf-8")
    part.replace(path)


def records(desk: Desk, *kinds: str) -> list[Json]:
    with LogReader.read(desk.store) as log:
        return list(log.records(kinds))


def kept(desk: Desk, digest: str) -> Json:
    with LogReader.read(desk.store) as log:
        return parse(log.blob(digest))


def test_a_running_desk_takes_a_whole_rulebook_or_none(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, decided, midway = made(shared, tmp_path / "desk"), list[str](), list[Callable[[], None]]()
    whole, answer = (desk.folder / VETO).read_text(encoding="utf-8"), Worker.decided

    def in_the_middle(own: Worker, *asked: object) -> object:
        while midway:
            midway.pop()()
        return answer(own, *asked)  # type: ignore[arg-type]

    def restored() -> None:
        (desk.folder / VETO).write_text(whole.replace("80.0", "70.0"), encoding="utf-8")
        edit(desk, EXIT, "(>= ?n 6)", "(>= ?n 5)")
        midway.append(lambda: edit(desk, VETO, "; ", "; Nothing else.\n; "))

    after = [
        lambda: edit(desk, VETO, "80.0", "70.0"),
        lambda: edit(desk, VETO, "(defrule", "(defrul"),
        (desk.folder / VETO).unlink,
        lambda: ((desk.folder / VETO).write_text(whole, encoding="utf-8"), edit(desk, EXIT, "(>= ?n 5)", "(>= ?n 6)")),
        restored,
    ]

    def told(record: Json) -> None:
        decided.append(record["inputs"]["rulebook"])
        if len(decided) <= len(after):
            after[len(decided) - 1]()

    world = shared.world_of(desk)
    monkeypatch.setattr(scheduled.World, "of", staticmethod(lambda *_: world))
    monkeypatch.setattr(Worker, "decided", in_the_middle)
    first = read_rulebook(desk.folder).fingerprint
    run_scheduled(desk, Plan(replay="feed", cycles=7), told)
    last = read_rulebook(desk.folder).fingerprint

    changes = records(desk, "rulebook")
    assert [one["outcome"] for one in changes] == ["adopted", "refused", "refused", "refused", "adopted"]
    second = changes[0]["new"]
    assert decided == [first, *[second] * 5, last]
    assert (changes[0]["verdict"], changes[-1]["verdict"]) == ("affected 2, wider 1", "the rules mean the same")
    assert changes[0]["files"] == [VETO]
    assert changes[0]["who"]
    assert changes[0]["claimed"] is True
    broken, gone, failing = (one["reason"] for one in changes[1:4])
    assert broken.startswith(f"{VETO}:")
    assert "does not exist" in gone
    assert "case `time-stop: " in failing
    for one in changes:
        texts = kept(desk, one["new"])
        assert one["outcome"] == "refused" or Rulebook.from_json(texts).fingerprint == one["new"]
    assert [one["kind"] for one in kept(desk, changes[0]["diff"])["changes"]] == ["wider", "affected", "affected"]
    assert verify(desk.store).holds


def _ended_between_record_and_swap(shared: SharedRun, desk: Desk) -> None:
    def ended(own: Worker, other: Worker) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    Worker.take_over = ended  # type: ignore[method-assign]
    with opened(desk, shared.world_of(desk)) as runner:
        reloading = Reloading(desk, runner)
        reloading.look()
        runner.cycle("2011-01-03")
        edit(desk, VETO, "; ", "; Nothing else.\n; ")
        reloading.look()


def test_a_kill_between_record_and_swap_leaves_the_new_rulebook_in_force(shared: SharedRun, tmp_path: Path) -> None:
    desk = made(shared, tmp_path / "desk")
    shared.world_of(desk)
    first = read_rulebook(desk.folder).fingerprint
    process = multiprocessing.get_context("fork").Process(target=_ended_between_record_and_swap, args=(shared, desk))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (change,) = records(desk, "rulebook")
    assert (change["outcome"], change["old"]) == ("adopted", first)
    with opened(desk, shared.world_of(desk)) as runner:
        Reloading(desk, runner).look()
        assert runner.cycle("2011-01-04")["inputs"]["rulebook"] == change["new"]
    # What the files say at a start is in force, also where it is what was swapped out.
    edit(desk, VETO, "; Nothing else.\n; ", "; ")
    with opened(desk, shared.world_of(desk)) as runner:
        assert runner.cycle("2011-01-05")["inputs"]["rulebook"] == first
    assert [one["rulebook"] for one in records(desk, "start")] == [first]
    assert [(one["new"], one["outcome"]) for one in records(desk, "rulebook")][1:] == [(first, "adopted")]
    assert verify(desk.store).holds


class Judged(Reloading):
    """Says no to every text, and counts how often it was asked."""

    asked = 0

    def _judged(self, book: BookText) -> tuple[str, ...]:
        self.asked += 1
        return tuple(map(str, book.faults)) or ("no",)


def test_files_are_judged_when_they_change_and_told_once(shared: SharedRun, tmp_path: Path) -> None:
    desk, told = shared.bare(tmp_path / "desk"), list[Json]()
    runner = SimpleNamespace(
        law=SimpleNamespace(rulebook=read_rulebook(desk.folder)), amend=lambda record, blobs: told.append(record)
    )
    one = Judged(desk, runner)  # type: ignore[arg-type]

    def look() -> tuple[int, int]:
        one.look()
        one.look()
        return one.asked, len(told)

    whole = (desk.folder / VETO).read_bytes()
    assert look() == (0, 0)
    os.utime(desk.folder / VETO)
    assert look() == (0, 0)
    edit(desk, VETO, "80.0", "70.0")
    assert look() == (1, 1)
    # Cases may be what was wrong: asked again, and as the answer is the same, nothing is recorded.
    edit(desk, f"rules/cases/{KEPT}", "rule:", "rule: ")
    assert look() == (2, 1)
    (desk.folder / VETO).write_bytes(b"\xff")
    assert look() == (3, 2)
    (desk.folder / VETO).unlink()
    assert look() == (4, 3)
    (desk.folder / VETO).write_bytes(whole)
    assert look() == (4, 3)
    edit(desk, VETO, "80.0", "70.0")
    assert look() == (5, 4)
    assert [one["files"] for one in told] == [[VETO]] * 4


def test_a_decision_by_a_rulebook_that_is_not_in_force_is_a_fault_of_the_log() -> None:
    check = LawCheck()
    story = [
        {"kind": "start", "rulebook": "a", "limits": "l"},
        {"kind": "decision", "as_of": "2011-01-03T21:00:00Z", "inputs": {"rulebook": "a", "limits": "l"}},
        {"kind": "rulebook", "old": "a", "new": "c", "outcome": "refused"},
        {"kind": "rulebook", "old": "a", "new": "b", "outcome": "adopted"},
        {"kind": "decision", "as_of": "2011-01-04T21:00:00Z", "inputs": {"rulebook": "b", "limits": "l"}},
    ]
    assert [list(check.feed(one)) for one in story] == [[], [], [], [], []]
    again = {"kind": "decision", "as_of": "2011-01-05T21:00:00Z", "inputs": {"rulebook": "a", "limits": "l"}}
    assert [name for name, _ in check.feed(again)] == ["inputs.rulebook"]
    assert [name for name, _ in check.feed({"kind": "rulebook", "old": "a", "new": "d", "outcome": "refused"})] == [
        "old"
    ]
