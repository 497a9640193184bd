from __future__ import annotations

from knowledge.clips.session import ClipsImage, Inference
from knowledge.facts_file import read_facts
from rules.findings import Finding
from rules.rulebook import Rulebook
from tests.rules.meaning.books import book, candidate, of, rsi, rule, shipped


def fired(rulebook: Rulebook, finding: Finding) -> Inference:
    """The witness as a person fires it: read from its file, in an engine of its own."""
    assert finding.witness is not None
    return ClipsImage(rulebook.program).infer(read_facts(finding.witness, "witness.yaml"))


def test_two_sides_on_the_same_facts_are_a_conflict_with_facts_that_show_it() -> None:
    made = book(candidate("buy", "long", rsi("(<= ?rsi 35.0)")) + candidate("sell", "short", rsi("(>= ?rsi 30.0)")))
    (found,) = of(made, "M103")
    assert (found.rule, found.file, found.line) == ("sell", "rules.clp", 7)
    assert "propose opposite things" in found.sentence
    sides = [(fact["instrument"], fact["side"]) for fact in fired(made, found).derived]
    assert sides == [(sides[0][0], "long"), (sides[0][0], "short")]


def test_thresholds_that_never_meet_are_none() -> None:
    made = book(candidate("buy", "long", rsi("(< ?rsi 30.0)")) + candidate("sell", "short", rsi("(>= ?rsi 30.0)")))
    assert of(made, "M103") == []
    between = book(candidate("buy", "long", rsi("(< ?rsi 30.004)")) + candidate("sell", "short", rsi("(> ?rsi 30.0)")))
    assert of(between, "M103") == [], "no RSI lies between two steps of its grid"


def test_one_asks_for_the_absence_of_what_the_other_needs() -> None:
    held = "(position (instrument ?i))"
    made = book(candidate("buy", "long", held) + candidate("sell", "short", f"{rsi('(> ?rsi 1.0)')} (not {held})"))
    assert of(made, "M103") == []


def test_two_conclusions_of_one_key_contradict_each_other() -> None:
    up = rule("up", rsi("(> ?rsi 50.0)"), "(trend (instrument ?i) (direction up))")
    down = rule("down", rsi("(< ?rsi 60.0)"), "(trend (instrument ?i) (direction down))")
    made = book(up + down)
    (found,) = of(made, "M103")
    assert "`trend(" in found.sentence
    assert (fired(made, found).fault or "").startswith("the rules contradict each other about `trend(")


def test_a_rule_can_contradict_itself() -> None:
    made = book(rule("market", "(indicator (instrument ?i) (name rsi-14) (value ?x))", "(regime (name bull))"))
    assert of(made, "M103") == []
    made = book(rule("market", "(setup (instrument ?i) (direction ?d)) (setup (instrument ?j) (direction long))",
                     "(consensus (instrument ?i) (direction ?d) (heads 3) (score 0.9))")
                + rule("one", rsi("(> ?rsi 50.0)"), "(setup (instrument ?i) (kind momentum) (direction long))", 10)
                + rule("two", rsi("(> ?rsi 60.0)"), "(setup (instrument ?i) (kind momentum) (direction short))",
                       10))  # fmt: skip
    (found,) = of(made, "M103")
    assert "contradicts itself" in found.sentence
    assert fired(made, found).fault


def test_a_conflict_that_rests_on_concluded_facts_is_shown_from_facts_outside() -> None:
    made = shipped(
        "entry.clp", "(consensus (instrument ?i) (direction short)", "(consensus (instrument ?i) (direction ?d)"
    )
    (found,) = of(made, "M103")
    assert found.rule == "swing-short"
    facts = read_facts(found.witness or "", "witness.yaml")
    assert {fact.template for fact in facts} <= {"advisory", "indicator", "market"}
    refs = {fact.ref for fact in fired(made, found).derived}
    assert {"candidate(AAPL,long)", "candidate(AAPL,short)"} <= refs
