from __future__ import annotations

import pytest

from tests.rules.meaning.books import book, candidate, of, rsi, rule

ADX = "(indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))"


@pytest.mark.parametrize(
    ("conditions", "part"),
    [
        (rsi("(< ?rsi 130.0)"), "(< ?rsi 130.0)"),
        (f"{ADX} (position (instrument ?i) (side long|short))", "long|short"),
        (f"{ADX} (test (or (>= ?adx 50.0) (<= ?adx 60.0)))", "(or (>= ?adx 50.0) (<= ?adx 60.0))"),
        (f"{ADX} (position (instrument ?i) (sessions-held ?n&:(> (+ ?n 1) 0)))", "(> (+ ?n 1) 0)"),
    ],
)
def test_a_condition_that_nothing_can_break_is_always_true(conditions: str, part: str) -> None:
    (found,) = of(book(candidate("buy", "long", conditions)), "M105")
    assert part in found.sentence
    assert found.witness


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (rsi("(> ?rsi 30.0)&:(> ?rsi 20.0)"), "(> ?rsi 30.0)"),
        (f"{ADX} (test (> ?adx 10.0))", "(>= ?adx 20.0)"),
        (f"{ADX} (indicator (instrument ?i) (name adx-14))", "the other conditions"),
        (f"{ADX} (exists (indicator (instrument ?i) (name adx-14) (value ?)))", "the other conditions"),
        (f"{ADX} (position (instrument ?i)) (not (position (instrument ?i) (quantity ?q&:(< ?q 0.0))))", "the other"),
    ],
)
def test_a_condition_that_follows_from_others_is_implied(conditions: str, reason: str) -> None:
    (found,) = of(book(candidate("buy", "long", conditions)), "M106")
    assert reason in found.sentence
    assert found.severity == "note"


@pytest.mark.parametrize(
    "conditions",
    [
        rsi("(< ?rsi 100.0)"),
        f"{ADX} (test (<= ?adx 20.0))",
        f"{ADX} (indicator (instrument ?j) (name adx-14) (value ?x&:(> ?x ?adx)))",
        f"{ADX} (not (position (instrument ?i) (side short)))",
        f"{ADX} (position (instrument ?j&~?i))",
    ],
)
def test_a_condition_that_changes_something_is_neither(conditions: str) -> None:
    made = book(candidate("buy", "long", conditions))
    assert of(made, "M105") == of(made, "M106") == []


def test_what_rules_conclude_is_known_to_be_as_they_conclude_it() -> None:
    up = rule("up", rsi("(> ?rsi 50.0)"), "(trend (instrument ?i) (direction up))", 10)
    strong = "(consensus (instrument ?i) (direction long) (heads 3) (score 0.9))"
    made = book(up + rule("agree", "(trend (instrument ?i) (direction ~down))", strong))
    (found,) = of(made, "M106")
    assert found.rule == "agree"
    assert "is concluded" in found.sentence
