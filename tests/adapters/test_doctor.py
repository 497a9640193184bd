"""The check-up finds what is broken, says what to do, and never breaks itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from adapters import cli
from adapters.desk import doctor, doctor_desk
from adapters.desk.doctor import ENGINES, Finding
from tests.adapters.test_desk import desk_at


def test_this_machine_is_fine() -> None:
    # the tests run in the environment that the launcher made, so whatever is found here is a fault of the check
    assert [finding for finding in doctor.check_machine() if not finding.fine] == []


def test_an_engine_that_takes_its_process_down_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "Z3", "import os; os.abort()")
    found = doctor._engine("Z3")
    assert found == Finding("Z3", False, "ended with signal 6: without a word", doctor.AFRESH)


def test_prolog_without_its_home_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    # the library is found, and aborts the process that loads it
    variables = subprocess.run(["swipl", "--dump-runtime-variables"], capture_output=True, text=True, check=True).stdout
    monkeypatch.setenv("LIBSWIPL_PATH", variables.partition('PLLIBSWIPL="')[2].partition('"')[0])
    monkeypatch.setenv("SWI_HOME_DIR", "/nowhere")
    found = doctor._engine("SWI-Prolog")
    assert not found.fine
    assert "can not start" in found.seen
    assert "apt-get install swi-prolog-nox" in found.remedy


def test_an_engine_that_never_answers_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LONGEST_RUN", 1)
    monkeypatch.setitem(ENGINES, "CLIPS", "while True: pass")
    assert doctor._engine("CLIPS").seen == "no answer within 1 s"


def test_an_engine_that_answers_wrongly_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "Z3", ENGINES["Z3"].replace("== 2", "== 3"))
    assert "a wrong answer" in doctor._engine("Z3").seen


@pytest.mark.parametrize(
    ("pin", "seen"),
    [
        ("pydantic==99.1", "is older than the pinned 99.1"),
        ("no-such-package==1.0", "missing; the pin is 1.0"),
    ],
)
def test_a_package_that_is_missing_or_older_than_its_pin_is_found(pin: str, seen: str) -> None:
    (found,) = doctor._pins(f"{pin} \\\n    --hash=sha256:00\npytest==1.0 \\\n")
    assert not found.fine
    assert seen in found.seen


def test_where_extras_were_chosen_a_missing_package_is_no_finding() -> None:
    pins = "no-such-package==1.0 \\\n"
    assert [found.fine for found in doctor._pins(pins, whole=False)] == [True]
    assert [found.fine for found in doctor._pins(pins + "pydantic==99.1 \\\n", whole=False)] == [False]


def test_versions_compare_as_numbers() -> None:
    assert doctor._older("2.9.1", "2.10")
    assert not doctor._older("2.10", "2.9.1")
    assert not doctor._older("2.10.0", "2.10")


def test_a_package_that_does_not_import_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, body in {"typer": "raise OSError('no libtyper.so')", "z3": "import os; os._exit(9)"}.items():
        (tmp_path / f"{name}.py").write_text(body)
    run = doctor._run
    path = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    monkeypatch.setattr(doctor, "_run", lambda text, *words: run(path + text, *words))
    found = doctor._imports()
    assert [finding.subject for finding in found] == ["import typer", "import z3"]
    assert "no libtyper.so" in found[0].seen
    assert "status 9" in found[1].seen


def test_a_stranger_with_our_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    (found,) = doctor._own_packages()
    assert (found.subject, found.fine) == ("own folders", False)
    assert found.seen == f"Python finds `{tmp_path / 'engine'}` for `engine`, which is not ours"
    assert found.remedy.startswith("take that folder off PYTHONPATH")


def store_findings(store: Path) -> dict[str, bool]:
    """Subject and verdict of each finding about a store."""
    return {finding.subject: finding.fine for finding in doctor_desk.check_store(store)}


def test_a_store_that_can_be_made_is_fine_and_is_not_made(tmp_path: Path) -> None:
    assert store_findings(tmp_path / "a" / "b.sqlite") == {"store": True, "room": True}
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_can_not_be_written_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert store_findings(tmp_path / "file" / "b.sqlite") == {"store": False}
    (tmp_path / "b.sqlite").mkdir()
    assert store_findings(tmp_path / "b.sqlite") == {"store": False}
    (tmp_path / "c.sqlite").write_text("not a database, something else")
    assert store_findings(tmp_path / "c.sqlite") == {"store": False}
    monkeypatch.setattr(doctor_desk, "LEAST_FREE", 2**80)
    assert store_findings(tmp_path / "d.sqlite") == {"store": True, "room": False}


def test_every_fault_of_the_desk_is_found_and_the_status_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = desk_at(tmp_path, "[desk]\nbogus = 1\n")
    (desk / "limits.yaml").unlink()
    monkeypatch.setattr(doctor, "check_machine", lambda: [Finding("python", True, "3")])
    assert cli.run(["--json", "doctor", "--desk", str(desk)]) == 1
    told = json.loads(capsys.readouterr().out)
    wrong = [check["seen"] for check in told["checks"] if not check["fine"]]
    assert told["found"] == len(wrong) == 7
    assert any("`limits.yaml` is missing" in seen for seen in wrong)
    assert any(f"{desk}/warrant.toml:2:1: unknown key `bogus`" in seen for seen in wrong)
    assert cli.run(["doctor", "--desk", str(desk)]) == 1
    shown = capsys.readouterr().out
    assert "fine   python" in shown
    assert shown.endswith("9 checks, 7 found\n")


@pytest.mark.sqlite_file
def test_a_reader_that_breaks_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(desk: object) -> str:
        raise ValueError("surprise")

    monkeypatch.setattr(doctor_desk, "READERS", {"limits.yaml": broken})
    findings = {finding.subject: finding for finding in doctor_desk.check_desk(desk_at(tmp_path))}
    assert not findings["limits.yaml"].fine
    assert "surprise" in findings["limits.yaml"].seen
    assert findings["store"].fine
