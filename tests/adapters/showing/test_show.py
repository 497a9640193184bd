"""`warrant rules show`: the page holds every rule, policy and word, links lead somewhere, and bytes repeat."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from adapters.cli import run as warrant
from knowledge.prolog.text import read_policies
from rules.rulebook import read_rulebook

DESK = Path(__file__).parents[3]


def test_the_page_of_the_shipped_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first.html", tmp_path / "second.html"
    for out in (first, second):
        assert warrant(["rules", "show", "--desk", str(DESK), "--out", str(out)]) == 0
    text = first.read_text(encoding="utf-8")
    assert text == second.read_text(encoding="utf-8")
    rulebook = read_rulebook(DESK)
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= anchors
    assert {f"rule-{rule.name}" for rule in rulebook.program.rules} <= anchors
    assert {
        f"policy-{clause.head.args[1].value}"
        for clause in read_policies(rulebook.policies).clauses
        if clause.head.name == ("forbidden", 2)
    } <= anchors
    assert rulebook.fingerprint in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "29 rules" in capsys.readouterr().out


def test_boxes_of_the_picture_do_not_overlap(tmp_path: Path) -> None:
    out = tmp_path / "book.html"
    assert warrant(["rules", "show", "--desk", str(DESK), "--out", str(out)]) == 0
    found = re.findall(
        r'<rect class="\w+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', out.read_text()
    )
    boxes = [tuple(map(float, one)) for one in found]
    assert len(boxes) > 20
    for number, (x, y, wide, high) in enumerate(boxes):
        for u, v, wider, higher in boxes[:number]:
            assert x + wide <= u or u + wider <= x or y + high <= v or v + higher <= y


def test_one_rule_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert warrant(["rules", "show", "swing-short", "--desk", str(DESK)]) == 0
    shown = capsys.readouterr().out
    assert "not if there is veto, position, working" in " ".join(shown.split())
    assert "(defrule swing-short" in shown
    assert warrant(["rules", "show", "swing-short", "--json", "--desk", str(DESK)]) == 0
    assert json.loads(capsys.readouterr().out)["concludes"] == "candidate"


def test_an_unknown_rule_and_a_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert warrant(["rules", "show", "swing-lnog", "--desk", str(DESK)]) == 2
    assert "did you mean `swing-long`?" in capsys.readouterr().err
    assert warrant(["rules", "show", "--out", str(tmp_path / "gone" / "x.html"), "--desk", str(DESK)]) == 3
    assert "can not be written" in capsys.readouterr().err
