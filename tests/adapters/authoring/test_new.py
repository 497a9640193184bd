"""`warrant rules new`: a rule that loads and passes its cases, or a desk as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.cli import run as warrant
from rules.rulebook import read_rulebook

SHIPPED = Path(__file__).parents[3]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name in ("rules.clp", "policies.pl", "limits.yaml", "instruments.yaml", "warrant.toml"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    for name in ("book", "cases"):
        shutil.copytree(SHIPPED / "rules" / name, tmp_path / "rules" / name)
    return tmp_path


def listed(desk: Path) -> dict[str, str]:
    return {str(one.relative_to(desk)): one.read_text() for one in sorted(desk.rglob("*")) if one.is_file()}


def test_a_new_rule_is_loaded_tested_and_checked(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        "rules",
        "new",
        "veto-stretched",
        "--when",
        "zscore-20 > 2.5",
        "--when",
        "rsi-14 >= 70",
        "--desk",
        str(desk),
    ]
    assert warrant(asked) == 0
    assert "next: warrant rules test veto-stretched" in capsys.readouterr().out
    rule = read_rulebook(desk).program.rules[-1]
    assert rule.name == "veto-stretched"
    assert rule.sentence.endswith("zscore-20 is ?zscore-20, above 2.5 and rsi-14 is ?rsi-14, at or above 70")
    assert warrant(["rules", "test", "veto-stretched", "--desk", str(desk)]) == 0
    assert warrant(["rules", "check", "--no-meaning", "--desk", str(desk)]) == 0, capsys.readouterr().out


def test_a_second_rule_of_that_name_changes_nothing(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = listed(desk)
    assert warrant(["rules", "new", "opinion", "--when", "rsi-14 > 80", "--desk", str(desk)]) == 2
    assert "`rules/cases/opinion.yaml` exists" in capsys.readouterr().err
    (desk / "rules/cases/opinion.yaml").unlink()
    assert warrant(["rules", "new", "opinion", "--when", "rsi-14 > 80", "--desk", str(desk)]) == 2
    assert "the rule `opinion` exists" in capsys.readouterr().err
    assert listed(desk) == {path: text for path, text in before.items() if path != "rules/cases/opinion.yaml"}


def test_a_sentence_that_names_what_is_not_there_changes_nothing(desk: Path) -> None:
    before = listed(desk)
    asked = ["rules", "new", "odd", "--when", "rsi-14 > 80", "--sentence", "it is ?nothing", "--desk", str(desk)]
    assert warrant(asked) == 2
    assert listed(desk) == before
