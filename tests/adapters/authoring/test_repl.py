"""`warrant rules repl`: each change is told by what it changes, and what does not load changes nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.authoring.bench import Engines, bench_of
from adapters.authoring.conversation import Conversation
from adapters.cli import run as warrant
from knowledge.facts_file import read_facts
from rules.rulebook import read_rulebook

DESK = Path(__file__).parents[3]
FACTS = """
- consensus: {instrument: AAPL, direction: long, score: 0.8, heads: 3}
- indicator: {instrument: AAPL, name: rsi-14, value: 70}
- market: {name: index-volatility-rank, value: 0.95}
- market: {name: index-ema-200-distance, value: 0}
- market: {name: index-momentum-63, value: 0}
"""
MINE = """(defrule mine "q | ?i is hot at ?v"
  (declare (salience 100))
  (indicator (instrument ?i) (name rsi-14) (value ?v&:(> ?v 60)))
  =>
  (assert (veto (instrument ?i) (rule mine))))""".splitlines()


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with Engines() as engines:
        yield engines


@pytest.fixture
def talk(engines: Engines) -> Conversation:
    return Conversation(bench_of(read_rulebook(DESK), read_facts(FACTS, "facts.yaml")), engines)


def test_a_change_is_told_by_what_comes_and_goes(talk: Conversation) -> None:
    shown = talk.take("set rsi-14 AAPL 85")
    assert any(line.startswith("+ veto(AAPL,veto-overbought)  veto-overbought: ") for line in shown)
    assert "- candidate(AAPL,long)" in shown
    assert "+ candidate(AAPL,long)" in " ".join(talk.take("undo"))
    assert talk.take("set rsi-14 AAPL 71") == ["nothing changes"]


def test_a_rule_is_tried_over_several_lines_and_replaced_by_its_name(talk: Conversation) -> None:
    assert [talk.take(line) for line in MINE[:-1]] == [[]] * 4
    assert talk.is_open
    assert "+ veto(AAPL,mine)  mine: AAPL is hot at 70" in talk.take(MINE[-1])
    other = " ".join(MINE).replace("60", "75")
    assert "- veto(AAPL,mine)" in talk.take(other)
    assert "more than 75 is needed" in talk.take("why mine AAPL")[0]


def test_a_rule_of_the_book_is_replaced_too(talk: Conversation) -> None:
    (found,) = [one for one in read_rulebook(DESK).program.rules if one.name == "veto-overbought"]
    assert any("veto-overbought" in line for line in talk.take(found.text.replace("80", "65")))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("set rsi-15 AAPL 3", "did you mean `rsi-14`?"),
        ("set rsi-14 AAPL 130", "130"),
        ("drop indicator(AAPL,rsi)", "there is no fact"),
        ("why swing-lnog", "did you mean `swing-long`?"),
        ("load nowhere.yaml", "can not be read"),
        ("indicator: {instrument: AAPL}", "name"),
        ('(defrule x "q | x" (nothing) => (assert (veto (instrument a) (rule x))))', "unknown template `nothing`"),
        ("facts 'a", "closing quotation"),
        ("undo", "nothing to take back"),
    ],
)
def test_what_can_not_be_is_told_and_changes_nothing(talk: Conversation, line: str, said: str) -> None:
    before = talk.take("fires"), talk.take("facts"), talk.take("rules")
    assert said in " ".join(talk.take(line))
    assert (talk.take("fires"), talk.take("facts"), talk.take("rules")) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.text(max_size=80) | st.sampled_from(["((", "(a", ")", "set", "drop", "- x: {", "why a b c", "load"]))
def test_any_line_is_answered(talk: Conversation, line: str) -> None:
    for one in (line, ""):
        assert all(isinstance(each, str) for each in talk.take(one))


def test_facts_are_written_as_they_are_read(talk: Conversation, tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    talk.take(f"save {path}")
    assert set(read_facts(path.read_text(), "f")) == set(read_facts(FACTS, "f"))
    assert talk.take(f"load {path}") == ["nothing changes"]


def test_lines_from_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(FACTS)
    monkeypatch.setattr("sys.stdin", io.StringIO("set rsi-14 AAPL 85\nquit\nfires\n"))
    assert warrant(["rules", "repl", str(path), "--desk", str(DESK)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("5 facts on the bench, ")
    assert "veto(AAPL,veto-overbought)" in shown
    assert "→" not in shown
