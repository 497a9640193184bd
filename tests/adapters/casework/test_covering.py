"""Coverage as a command: the table, the page, and the cycles of a log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.casework.coverage_told import told
from adapters.casework.covering import measure
from adapters.casework.page import page
from adapters.cli import run as warrant
from tests.adapters.casework import desks

CYCLE = {
    "as_of": "2012-01-03T21:00:00Z",
    "facts": [
        ["indicator", {"instrument": "IBM", "name": "adx-14", "value": "20.5"}],
        ["earnings", {"instrument": "IBM", "sessions": "12"}],
    ],
}


def test_cases_and_cycles_are_measured_side_by_side(tmp_path: Path) -> None:
    folder = desks.desk(tmp_path)
    measured = measure(folder, lambda asked: asked.cases, iter([CYCLE]), lambda count: None)
    assert told(measured, every=True) == [
        "rule or policy     fires in  conditions   sides  in practice   sides",
        "strong                  3/4         1/1     1/1          1/1     0/1",
        "permitted               1/2         1/1     0/0          1/1     0/0",
        "earnings_blackout       1/2         0/1     1/1          0/1     0/1",
        "",
        "rules.clp:4:57: strong: (>= ?adx 20.0)",
        "    cases: true 3, closest 20 (at the number); false 1, closest 19.99 (0.01 away)",
        "    practice: true 1, closest 20.5 (0.5 away); false never",
        "policies.pl:4:100: earnings_blackout: Sessions =< 3",
        "    cases: true 1, closest 3 (at the number); false 1, closest 4 (1 away)",
        "    practice: true never; false 1, closest 12 (9 away)",
        "cases: 4 cases; 1 of 1 rules fire, 1 of 1 conditions hold and fail, 4 of 4 sides",
        "practice: 1 cycle; 1 of 1 rules fire, 0 of 1 conditions hold and fail, 2 of 4 sides",
    ]
    html = page(measured, "desk")
    assert '<mark class="both" title="true: 3, closest 20 (at the number); false: 1, closest 19.99' in html
    assert "&gt;= ?adx 20.0" in html and "<script" not in html and "http" not in html


def test_what_no_case_shows_is_told_at_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lax = desks.STRONG.partition("  - name: a step below")[0]
    folder = desks.desk(tmp_path, strong=lax)
    out = tmp_path / "page.html"
    assert warrant(["rules", "coverage", "--desk", str(folder), "--html", str(out)]) == 1
    said = capsys.readouterr().out
    assert "rules.clp:4:57: strong: `(>= ?adx 20.0)` was never false, all else being as it must" in said
    assert "What no case shows" in out.read_text(encoding="utf-8")
    assert warrant(["rules", "coverage", "--desk", str(folder), "--json"]) == 1
    assert {one["level"] for one in json.loads(capsys.readouterr().out)["missing"]} == {"rule", "condition", "side"}
