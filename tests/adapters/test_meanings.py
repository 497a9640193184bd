from __future__ import annotations

import pytest

from adapters.asking import process
from adapters.asking.meanings import differences, domains, meanings
from adapters.asking.process import RULES, ask
from knowledge.faults import Faulty
from rules.meaning.service import program_of, sources
from tests.rules import desk
from tests.rules.meaning.books import book, candidate, rsi

DEAD = book(candidate("buy", "long", rsi("(> ?rsi 70.0)&:(< ?rsi 30.0)"))).program


def test_the_rules_arrive_at_their_places() -> None:
    program = desk.program()
    again = program_of(sources(program))
    assert again.rules == program.rules
    assert [(one.file, one.at, one.name_at, one.text) for one in again.rules] == [
        (one.file, one.at, one.name_at, one.text) for one in program.rules
    ]


def test_a_process_of_its_own_answers_with_findings() -> None:
    (found,) = meanings(DEAD, ["M101"])
    assert (found.code, found.rule, found.file, found.line) == ("M101", "buy", "rules.clp", 4)


@pytest.mark.parametrize("program", ["import sys; sys.exit(3)", "import time; time.sleep(60)", "print('!nonsense')"])
def test_what_is_not_answered_is_said_to_be_not_analysed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PROGRAM", program + " # {!r}")
    monkeypatch.setattr(process, "PATIENCE_TO_START", 0.5)
    (found,) = meanings(DEAD, cap=0.2)
    assert found.code == "M109"
    assert found.sentence.startswith("not analysed: what the rules mean: ")


def test_a_difference_comes_with_facts_or_with_a_reason() -> None:
    new = book(candidate("buy", "long", rsi("(> ?rsi 70.0)"))).program
    answer = differences(DEAD, new)
    assert [(one["rule"], one["kind"]) for one in answer["changes"]] == [("buy", "wider")]
    assert "rsi-14" in answer["changes"][0]["after"]["facts"]
    assert answer["text"][0].startswith("wider: `buy`")
    late = differences(DEAD, new, cap=0.0)
    assert late["changes"] is None
    assert late["why"] == "not analysed: what changes in meaning: no answer within 0 s"


def test_rules_that_do_not_load_are_faults() -> None:
    request = {"op": "meaning", "rules": [["rules.clp", "(defrule a)"]], "asked": [], "domains": {}}
    with pytest.raises(Faulty) as raised:
        ask(request, answerer=RULES)
    assert raised.value.faults[0].file == "rules.clp"


def test_the_heads_of_a_desk_are_those_that_the_tests_take_for_them() -> None:
    assert len(domains()["head"]) == len(desk.HEADS)
