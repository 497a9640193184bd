"""`warrant rules check` and `explain`: statuses, formats, fixes, and what a terminal is spared."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from adapters import cli
from adapters.linting.shown import printable
from rules.lints.catalogue import LINTS

ROOT = Path(__file__).resolve().parents[3]
FAST = "--no-meaning"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name in ("rules.clp", "policies.pl", "limits.yaml", "instruments.yaml", "warrant.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("book", "cases"):
        shutil.copytree(ROOT / "rules" / name, tmp_path / "rules" / name)
    return tmp_path


def change(desk: Path, file: str, old: str, new: str) -> None:
    path = desk / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = cli.run(["rules", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_clean_book_is_status_0(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "check", FAST, "--desk", str(desk))
    assert (status, out) == (0, "29 rules in 16 files: nothing found\n")


def test_a_finding_is_shown_with_its_line_and_a_mark(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/book/setup.clp", "(>= ?rsi 70.0)", "(>= ?rsi 170.0)")
    status, out, _ = run(capsys, "check", FAST, "--desk", str(desk))
    assert status == 1
    assert out == (
        "rules/book/setup.clp:33:57: R401 `(>= ?rsi 170.0)` never holds: `?rsi`, a `rsi-14`, lies between 0 and 100 "
        "(index points)\n"
        "   33 |   (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(>= ?rsi 170.0)))\n"
        "      |                                                         ^^^^^^^^^^^^^^^\n"
        "      = correct the threshold\n"
        "\n"
        "29 rules in 16 files: 1 warning\n"
    )


def test_all_findings_of_all_files_come_in_one_run(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/book/setup.clp", "(name rsi-14)", "(name rsi-41)")
    change(desk, "rules/book/trend.clp", "(direction up))))", "(direction up)))")
    change(desk, "rules/book/short_selling.pl", "Side == short", "Side == shrt")
    change(desk, "rules/book/earnings.pl", "=< 3.", "=< 3, !.")
    (desk / "rules/cases/trail-long.yaml").unlink()
    status, out, _ = run(capsys, "check", FAST, "--json", "--desk", str(desk))
    found = json.loads(out)["findings"]
    assert status == 1
    assert [(one["code"], one["file"].rpartition("/")[2]) for one in found] == [
        ("P102", "earnings.pl"),
        ("R104", "setup.clp"),
        ("P108", "short_selling.pl"),
        ("R207", "trail.clp"),
        ("R001", "trend.clp"),
    ]


def test_what_can_not_be_read_is_status_2(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules.clp", "trend.clp", "trned.clp")
    status, out, _ = run(capsys, "check", FAST, "--desk", str(desk))
    assert status == 2
    assert "R003 `rules/book/trned.clp` does not exist" in out


def test_a_code_is_selected_or_ignored(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/book/setup.clp", "(>= ?rsi 70.0)", "(>= ?rsi 170.0)")
    assert run(capsys, "check", FAST, "--ignore", "R4", "--desk", str(desk))[0] == 0
    assert run(capsys, "check", FAST, "--select", "R401", "--desk", str(desk))[0] == 1
    status, _, err = run(capsys, "check", FAST, "--select", "X", "--desk", str(desk))
    assert status == 2
    assert "no code begins with `X`" in err


def test_a_file_beside_the_book_is_checked_with_it(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/book/setup.clp", "(>= ?rsi 70.0)", "(>= ?rsi 170.0)")
    (desk / "mine.clp").write_text('(defrule trend-up "quant | ?i" (bar (instrument ?i)) => (assert (trend)))\n')
    status, out, _ = run(capsys, "check", FAST, str(desk / "mine.clp"), "--desk", str(desk))
    assert status == 1
    assert "mine.clp:1:10: R206" in out
    assert "R401" not in out
    assert run(capsys, "check", FAST, str(desk / "not-there.clp"), "--desk", str(desk))[0] == 2


def test_safe_changes_are_shown_then_made(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/book/setup.clp", "(>= ?rsi 70.0)", "(>= ?rsi 70.005)")
    change(desk, "rules/book/exit.clp", "(horizon swing) (sess", "(horizon swing) (side ?side) (sess")
    before = (desk / "rules/book/setup.clp").read_text(encoding="utf-8")
    status, out, _ = run(capsys, "check", FAST, "--diff", "--desk", str(desk))
    assert status == 1
    assert "+  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(>= ?rsi 70.01)))" in out
    assert (desk / "rules/book/setup.clp").read_text(encoding="utf-8") == before
    status, out, err = run(capsys, "check", FAST, "--fix", "--desk", str(desk))
    assert (status, out) == (0, "29 rules in 16 files: nothing found\n")
    assert "mended rules/book/setup.clp:33: R403 write `70.01`, which lets the same numbers pass" in err
    assert (desk / "rules/book/exit.clp").read_bytes() == (ROOT / "rules/book/exit.clp").read_bytes()


def test_a_guess_is_not_made(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/book/setup.clp", "(name rsi-14)", "(name rsi-41)")
    before = (desk / "rules/book/setup.clp").read_bytes()
    assert run(capsys, "check", FAST, "--fix", "--desk", str(desk))[0] == 1
    assert (desk / "rules/book/setup.clp").read_bytes() == before


def test_sarif_names_rule_place_and_fix(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/book/setup.clp", "(>= ?rsi 70.0)", "(>= ?rsi 70.005)")
    status, out, _ = run(capsys, "check", FAST, "--format", "sarif", "--desk", str(desk))
    log = json.loads(out)
    (result,) = log["runs"][0]["results"]
    assert (status, log["version"], result["ruleId"], result["level"]) == (1, "2.1.0", "R403", "warning")
    assert log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "R403"
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "rules/book/setup.clp"
    region = location["region"]
    assert (region["startLine"], region["endColumn"] - region["startColumn"]) == (33, len("70.005"))
    (change_,) = result["fixes"][0]["artifactChanges"]
    assert change_["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "70.01"}}]


def test_every_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain")
    assert status == 0
    assert [line[:4] for line in out.splitlines()] == list(LINTS)
    status, out, _ = run(capsys, "explain", "r305")
    assert status == 0
    assert out.startswith("# R305 guard left out\n")
    assert out.rstrip() == (ROOT / LINTS["R305"].page).read_text(encoding="utf-8").rstrip()
    status, _, err = run(capsys, "explain", "R999")
    assert status == 2
    assert "there is no code `R999`" in err


def test_a_terminal_obeys_no_text() -> None:
    assert printable("a\x1b[31m\u202eb\ud800") == "a\\x1b[31m\\u202eb\\ud800"


def test_a_file_of_cases_that_can_not_be_read_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(desk, "rules/cases/trail-long.yaml", "cases:", "cases: [")
    status, out, _ = run(capsys, "check", FAST, "--desk", str(desk))
    assert status == 1
    assert "rules/cases/trail-long.yaml:" in out
    assert ": C101 " in out
    (desk / "rules/cases/trail-long.yaml").unlink()
    os.mkfifo(desk / "rules/cases/trail-long.yaml")
    status, out, _ = run(capsys, "check", FAST, "--desk", str(desk))
    assert status == 1
    assert "C101 there is no file `rules/cases/trail-long.yaml`" in out
