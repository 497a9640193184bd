from __future__ import annotations

import pytest
from hypothesis import given

from knowledge.clips.text import parse
from knowledge.door import fact, freeze
from knowledge.facts import Fact
from rules.nearest import nearest
from rules.plans import rules_of
from rules.questions import answer, misses_of, question
from tests.rules import desk


@given(desk.facts())
def test_another_process_says_what_is_said_here(facts: list[Fact]) -> None:
    given_facts = [one for one in facts if one.template not in ("position", "working", "protection", "held-leg")]
    snapshot = freeze("2012-01-03T21:00:00Z", desk.INSTRUMENTS, given_facts)
    inference = desk.image().infer(facts)
    assert inference.fault is None
    others = [*(one for one in facts if one not in given_facts), *inference.derived]
    said = answer(desk.program(), question(desk.program(), snapshot, others, desk.INSTRUMENTS))
    memory = [*snapshot.facts, *others]
    assert misses_of(said, desk.INSTRUMENTS) == [nearest(desk.program(), memory, name) for name in desk.INSTRUMENTS]


def test_what_no_rule_looks_at_is_not_sent() -> None:
    text = (
        '(defrule up "quant | ?i" (trend (instrument ?i)) => (assert (setup (instrument ?i) (kind a) (direction b))))'
    )
    program = parse(text, "a.clp")
    assert rules_of(program).templates == {"trend", "setup", "abstention"}
    snapshot = freeze("2012-01-03T21:00:00Z", ["AAPL"], [fact("market", name="index-move", value=0)])
    assert question(program, snapshot, snapshot.facts, ["AAPL"]) == b'{"facts":[],"instruments":["AAPL"]}'


@pytest.mark.parametrize(
    "said", [b"", b"[", b"{}", b"null", b"[]", b"[null,null]", b"[{}]", b"[1]", b'["a"]', b"[1.5]"]
)
def test_what_is_no_answer_is_refused(said: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        misses_of(said, ["AAPL"])


def test_nothing_to_tell_is_an_answer() -> None:
    assert misses_of(b"[null]", ["AAPL"]) == [None]
