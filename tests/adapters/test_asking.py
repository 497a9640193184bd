"""Questions about all markets from the command line: verdicts, exit statuses, places of faults, and the wall clock."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from adapters import cli
from adapters.asking import process
from adapters.asking.files import limits_file
from adapters.asking.process import TooLate, ask
from adapters.asking.remembered import remembered
from adapters.frame import Failed
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.shared_run import SharedRun

pytestmark = pytest.mark.real_start

GROSS = "kind: gross, bound: 160 %"


@pytest.fixture
def edited(shared: SharedRun, tmp_path: Path) -> Path:
    """The desk's limits with less gross and no limit on open risk: incomparable."""
    text = (shared.folder / "limits.yaml").read_text(encoding="utf-8")
    assert text.count(GROSS) == 1
    changed = text.replace(GROSS, "kind: gross, bound: 50 %")
    changed = "\n".join(line for line in changed.splitlines() if "account.open_risk" not in line)
    file = tmp_path / "edited.yaml"
    file.write_text(changed + "\n", encoding="utf-8")
    return file


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = cli.run(["limits", *words])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_a_comparison_says_what_each_file_lets_through(
    shared: SharedRun, edited: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "diff", str(shared.folder / "limits.yaml"), str(edited), "--desk", str(shared.folder))
    assert status == 1
    assert out.startswith("incomparable: each file accepts an order that the other refuses")
    assert "portfolio.gross bound: 1.6 → 0.5" in out
    assert f"{edited} accepts what" in out
    assert "the last decision of" in out


def test_a_file_beside_itself_is_equivalent_in_json(shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    # one name: the other file is the desk's own
    status, out, _ = run(capsys, "diff", str(shared.folder / "limits.yaml"), "--desk", str(shared.folder), "--json")
    found = json.loads(out)
    assert (status, found["verdict"], found["admits_more"], found["programmes"]) == (0, "equivalent", "no", 0)
    assert found["snapshot"].startswith("sha256:")


def test_what_is_not_answered_in_time_is_not_known(
    shared: SharedRun, edited: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    plain = subprocess.Popen

    def watched(*args: object, **named: object) -> object:
        started = plain(*args, **named)  # type: ignore[call-overload]
        seen.append(started.pid)
        return started

    monkeypatch.setattr(subprocess, "Popen", watched)
    monkeypatch.setattr(process, "ask", lambda request: ask(request, cap=0.0))
    status, out, _ = run(capsys, "diff", str(shared.folder / "limits.yaml"), str(edited), "--desk", str(shared.folder))
    assert status == 1
    assert out.startswith("unknown within budget: no answer within 0 s")
    # the process is gone, and has been waited for
    assert seen
    with pytest.raises(ProcessLookupError):
        os.kill(seen[-1], 0)


def test_a_wrong_file_is_told_with_its_place(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    text = (shared.folder / "limits.yaml").read_text(encoding="utf-8")
    bad.write_text(text.replace(GROSS, "kind: gross, bound: many"), encoding="utf-8")
    line = text[: text.index(GROSS)].count("\n") + 1
    status, _, err = run(capsys, "diff", str(shared.folder / "limits.yaml"), str(bad), "--desk", str(shared.folder))
    assert status == 2
    assert f"bad.yaml:{line}:" in err
    assert run(capsys, "diff", "nowhere.yaml", "--desk", str(shared.folder))[0] == 2
    wrong = ("--snapshot", "sha256:" + "0" * 20, "--desk", str(shared.folder))
    status, _, err = run(capsys, "check", *wrong)
    assert (status, "no decision of the log names" in err) == (2, True)
    assert run(capsys, "check", "--session", "2011-01-03", *wrong)[0] == 2


def test_the_desk_that_ships_passes_its_check(shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "check", "--desk", str(shared.folder))
    assert status == 0, out
    assert "limits.yaml: nothing found" in out
    assert "never binds" in out


def test_what_was_proved_is_remembered_until_it_says_something_else(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.copied(tmp_path / "desk")
    where = ("--desk", str(desk.folder), "--json")
    first = json.loads(run(capsys, "prove", *where)[1])
    assert first["proved"] == len(first["theorems"]) > 80
    assert not any(one["remembered"] for one in first["theorems"])
    assert all(one["resources"] > 0 for one in first["theorems"])

    limits = desk.folder / "limits.yaml"
    limits.write_text(limits.read_text(encoding="utf-8").replace("by: sector, bound: 40 %", "by: sector, bound: 39 %"))
    second = json.loads(run(capsys, "prove", *where)[1])
    assert {one["about"] for one in second["theorems"] if not one["remembered"]} == {"portfolio.sector"}

    memory = desk.models.parent / "proved.json"
    memory.write_text('{"solver": "another", "answers": {}}', encoding="utf-8")
    assert remembered(desk) == ("another", {})
    memory.write_text("nonsense", encoding="utf-8")
    assert remembered(desk) == ("", {})


@pytest.mark.parametrize("program", ["import os; os._exit(3)", "print('!'); print('out of turn')", "raise ValueError"])
def test_a_process_that_fails_is_an_engine_failure(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PROGRAM", program)
    with pytest.raises(Failed):
        ask({"op": "diff"})


def test_a_process_that_never_answers_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "import os, sys; os.write(1, b'!'); sys.stdin.buffer.read(); import threading; threading.Event().wait()"
    monkeypatch.setattr(process, "_PROGRAM", endless)
    # more than a pipe holds, so that it is written in parts
    request: Json = {"op": "x" * 300_000}
    with pytest.raises(TooLate):
        ask(request, cap=0.2)


def test_a_file_may_be_one_that_git_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["init", "-q"], ["add", "a.yaml"],
                  ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"]):  # fmt: skip
        (tmp_path / "a.yaml").write_text("version: 1\n", encoding="utf-8")
        subprocess.run(["git", *words], check=True, capture_output=True)
    (tmp_path / "a.yaml").write_text("version: 2\n", encoding="utf-8")
    assert limits_file("HEAD:a.yaml") == ("version: 1\n", "HEAD:a.yaml")
    assert limits_file("a.yaml")[0] == "version: 2\n"
    with pytest.raises(Faulty, match="git does not know it"):
        limits_file("HEAD:b.yaml")
    with pytest.raises(Faulty, match="there is no file"):
        limits_file("b.yaml")
