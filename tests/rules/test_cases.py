from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.faults import Faulty
from rules.cases import read_cases, without_case
from rules.testing.bench import CaseResult, run_cases
from tests.rules.desk import DESK, rulebook

CASES = read_cases(DESK / "rules" / "cases", DESK)


@pytest.mark.parametrize("result", run_cases(rulebook(), CASES), ids=lambda one: f"{one.case.about}: {one.case.name}")
def test_the_case_passes(result: CaseResult) -> None:
    assert result.passed, f"{result.case.place}: {said(result)}"


def test_every_rule_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    assert without_case(rulebook(), CASES) == []


def said(result: CaseResult) -> list[str]:
    return [problem.message for problem in result.problems]


def run(directory: Path, text: str) -> list[CaseResult]:
    (directory / "one.yaml").write_text(text, encoding="utf-8")
    return run_cases(rulebook(), read_cases(directory))


GIVEN = """rule: trend-up
defaults:
  indicator: {instrument: AAPL}
cases:
  - name: one
    given:
      - indicator: {name: ema-50-200, value: 0.05}
      - indicator: {name: adx-14, value: %s}
    %s:
      - trend: {direction: up}
"""


def test_a_case_that_expects_too_much_says_what_was_missing_and_what_came_closest(tmp_path: Path) -> None:
    (result,) = run(tmp_path, GIVEN % ("19.99", "expect"))
    (problem,) = result.problems
    assert problem.message == "`trend(direction up)` was not concluded"
    assert problem.closest == (
        "trend-up holds in 1 of its 2 conditions, "
        "but adx-14 of AAPL is 19.99, and at least 20 is needed (0.01 missing)",
    )
    assert (problem.line, problem.column) == (10, 9)
    assert result.case.place.endswith("one.yaml:5")


def test_a_case_gives_lists(tmp_path: Path) -> None:
    more = "      - correlations: {instrument: AAPL, others: [IBM, MSFT], values: [0.5, -0.25]}\n    expect:"
    (result,) = run(tmp_path, (GIVEN % ("20", "expect")).replace("    expect:", more))
    assert result.passed, result.problems


def test_a_case_that_forbids_what_happens_says_so(tmp_path: Path) -> None:
    (result,) = run(tmp_path, GIVEN % ("20", "expect_not"))
    assert said(result) == ["`trend(AAPL)` was concluded"]
    assert result.problems[0].closest == (
        "trend-up fired: AAPL trends up: its 50-bar average stands 5 % over its 200-bar average, with an ADX of 20",
    )


def test_a_case_whose_conclusion_another_rule_reached_does_not_pass(tmp_path: Path) -> None:
    (result,) = run(tmp_path, (GIVEN % ("20", "expect")).replace("rule: trend-up", "rule: trend-down"))
    assert said(result) == ["`trend-down` did not fire"]
    (words,) = result.problems[0].closest
    assert words.startswith("trend-down fails at its first condition: ema-50-200 of AAPL is 5 %, and less than 0 %")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("cases:", "case:", "4:1: unknown key `case` in the file; known are `rule`, `policy`, `defaults`, `cases`"),
        ("cases:", "case:", "1:1: `cases` is missing"),
        ("adx-14", "adx-15", "8:9: `indicator.name` takes one of"),
        ("value: 20", "value: .nan", "8:9: `indicator`: `.nan` is not a number"),
        ("- trend:", "- advisory:", "10:9: `advisory` is nothing that rules conclude; check the name of the template"),
        ("{direction: up}", "{side: up}", "10:9: `trend` has no slot `side`; it has instrument, direction"),
        ("    expect:", "    expected:", "9:5: unknown key `expected` in a case"),
        (
            "rule: trend-up",
            "rule: trend-upp",
            "1:7: there is no rule `trend-upp` in the rulebook; did you mean `trend-up`?",
        ),
        ("  - name: one", "  - nom: [one", "6:10: not YAML: "),
        ("cases:\n", "cases: []\nold:\n", "unknown key `old`"),
        ("value: 20", "value: ", "8:35: `value` takes one value"),
        ("value: 20", "value: [20]", "8:35: `value` takes one value"),
        ("value: 20", "value: true", "8:9: `indicator`: `true` is not a number"),
        ("value: 20", "value: 20, value: 30", "8:46: `value` stands twice in `indicator`; keep one"),
        ("{direction: up}", "{direction: up, score: much}", "10:9: `trend` has no slot `score`"),
        ("- trend: {direction: up}", "- consensus: {heads: three}", "10:28: `three` in `heads` is no number"),
        ("- trend: {direction: up}", "- trend\n", "10:9: a fact is written as `template: {slot: value, …}`"),
        (
            "    expect:",
            "      - correlations: {instrument: A, others: B, values: [0]}\n    expect:",
            "9:47: `others` takes a list",
        ),
        (
            "    expect:",
            "      - correlations: {instrument: A, others: [B, C], values: [0]}\n    expect:",
            "9:9: `correlations.values` and `correlations.others` belong together",
        ),
        ("rule: trend-up", "rule: [trend-up]", "1:1: `rule` takes one value"),
        ("rule: trend-up", "rule: 'trend", "not YAML"),
    ],
)
def test_a_malformed_file_is_refused_at_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = GIVEN % ("20", "expect")
    assert old in text
    with pytest.raises(Faulty) as refusal:
        run(tmp_path, text.replace(old, new))
    assert f"one.yaml:{complaint}" in str(refusal.value) or complaint in str(refusal.value)


def test_a_case_without_expectation_is_refused(tmp_path: Path) -> None:
    text = (GIVEN % ("20", "expect")).split("    expect")[0]
    with pytest.raises(Faulty, match="the case `one` expects nothing"):
        run(tmp_path, text)


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = (GIVEN % ("much", "expect")).replace("{direction: up}", "{side: up}").replace("ema-50-200", "ema")
    with pytest.raises(Faulty) as refusal:
        run(tmp_path, text)
    assert [fault.line for fault in refusal.value.faults] == [7, 8, 10]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_bytes(b"rule: \xff")
    with pytest.raises(Faulty, match="UTF-8"):
        read_cases(tmp_path)
