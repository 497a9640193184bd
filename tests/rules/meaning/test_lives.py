from __future__ import annotations

import pytest

from knowledge.clips.session import ClipsImage
from knowledge.facts_file import read_facts
from tests.rules.meaning.books import book, candidate, of, rsi, rule

ADX = "(indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))"
UP = "(trend (instrument ?i) (direction up))"


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        (rsi("(> ?rsi 70.0)&:(< ?rsi 30.0)"), "`(> ?rsi 70.0)` (line 4) and `(< ?rsi 30.0)` (line 4) do not hold"),
        (rsi("(> ?rsi 100.0)"), "(line 4) never holds"),
        (rsi("(> ?rsi 50.0)&:(< ?rsi 50.01)"), "do not hold together"),
        (f"{ADX} (test (< (* 2.0 ?adx) 39.0))", "`(< (* 2.0 ?adx) 39.0)` (line 4)"),
        (f"{ADX} (indicator (instrument ?i) (name adx-14) (value ?other&:(< ?other 20.0)))", "do not hold together"),
        ("(position (instrument ?i) (side long)) (position (instrument ?i) (side short))", "do not hold together"),
        ("(position (instrument ?i)) (not (position (instrument ?i)))", "do not hold together"),
        ("(position (instrument ?i) (sessions-held ?n)) (test (< (- ?n 3) -3))", "never holds"),
        (f"{ADX} {UP}", "nothing concludes `(trend (instrument ?i) (direction up))` (line 4)"),
        ("(advisory (instrument ?i) (weight ?w) (conviction ?c)) (test (> (* ?w ?c) 1.5))", "never holds"),
    ],
)
def test_a_rule_whose_conditions_can_not_hold_is_dead_and_says_why(conditions: str, why: str) -> None:
    made = book(candidate("buy", "long", conditions))
    (found,) = of(made, "M101")
    assert found.rule == "buy"
    assert why in found.sentence
    if found.witness:
        image = ClipsImage(made.program)
        assert image.infer(read_facts(found.witness, "w.yaml")).firings == ()


@pytest.mark.parametrize(
    "conditions",
    [
        rsi("(> ?rsi 70.0)&:(< ?rsi 70.02)"),
        f"{ADX} (test (<= (* 2.0 ?adx) 40.0))",
        "(position (instrument ?i) (side long)) (position (instrument ?j&~?i) (side short))",
        "(position (instrument ?i)) (not (position (instrument ?i) (side short)))",
        "(advisory (instrument ?i) (weight ?w) (conviction ?c)) (test (> (* ?w ?c) 0.99))",
        "(advisory (instrument ?i)) (forall (advisory (instrument ?i) (head ?g)) (head (head ?g) (status healthy)))",
        "(position (instrument ?i) (side ?s)) (test (eq (sym-cat ?s - ?s) long-long))",
        "(bar (instrument ?i) (high ?h) (low ?l)) (test (> (/ ?h ?l) 1.5))",
        "(bar (instrument ?i) (close ?c)) (test (= (round ?c) 12))",
    ],
)
def test_a_rule_that_fires_on_some_facts_is_not_dead(conditions: str) -> None:
    made = book(candidate("buy", "long", conditions))
    assert of(made, "M101") == []


def test_what_is_not_translated_is_said_to_be_not_analysed() -> None:
    made = book(
        candidate(
            "buy", "long", "(position (instrument ?i) (strategy ?s) (horizon ?h)) (test (eq (sym-cat ?s ?h) a-b))"
        )
    )
    (found,) = of(made, "M109")
    assert found.severity == "note"
    assert found.sentence.startswith("not analysed: whether it can fire: ")


def test_a_rule_that_needs_what_no_other_rule_concludes_from_its_own_facts_is_dead() -> None:
    up = rule("up", rsi("(> ?rsi 50.0)"), "(trend (instrument ?i) (direction up))", 10)
    made = book(up + candidate("buy", "long", f"{UP} {rsi('(< ?rsi 40.0)')}"))
    (found,) = of(made, "M101")
    assert "do not hold together" in found.sentence
    assert of(book(up + candidate("buy", "long", f"{UP} {rsi('(< ?rsi 60.0)')}")), "M101") == []


def test_a_circle_of_rules_is_not_taken_for_dead() -> None:
    made = book(
        rule("up", "(setup (instrument ?i))", "(trend (instrument ?i) (direction up))")
        + rule("set", UP, "(setup (instrument ?i) (kind momentum) (direction long))")
        + rule("start", rsi("(> ?rsi 70.0)"), "(trend (instrument ?i) (direction up))")
    )
    assert of(made, "M101") == []


def test_a_rule_that_clips_refuses_is_dead_and_the_others_are_asked() -> None:
    both_sides = "(position (instrument ?i) (side ?s&long&short))"
    made = book(candidate("buy", "long", both_sides) + candidate("sell", "short", rsi("(> ?rsi 100.0)")))
    refused, never = of(made, "M101")
    assert refused.sentence.startswith("CLIPS refuses the rule `buy`")
    assert never.rule == "sell"


def test_a_world_that_ends_undetermined_is_not_taken_for_the_last_one() -> None:
    up = rule("up", rsi("(> ?rsi 50.0)"), "(trend (instrument ?i) (direction up))")
    down = rule("down", rsi("(< ?rsi 60.0)"), "(trend (instrument ?i) (direction down))")
    assert of(book(up + down), "M109") == of(book(up + down), "M101") == []
