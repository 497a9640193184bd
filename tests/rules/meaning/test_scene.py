"""What is said of a scene beside what CLIPS does: no firing is excluded, and no conclusion is drawn otherwise."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.clips.tree import Program
from knowledge.facts import Fact
from knowledge.templates import vocabulary
from rules.matching import bindings
from rules.meaning.consequences import Consequences
from rules.meaning.ground import Ground
from rules.meaning.inquiry import Bench, Shown
from rules.meaning.lives import Life, live
from rules.meaning.scene import Scene
from rules.meaning.script import TRUE, Lexicon, Num, Term, Word, implied, real
from rules.meaning.solver import Solver
from tests.rules import desk
from tests.rules.meaning.books import DOMAINS, candidate

PECULIAR = Path(__file__).parents[1] / "peculiar.clp"
PECULIAR_PROGRAM = parse(PECULIAR.read_text(encoding="utf-8"), "peculiar.clp")
PECULIAR_IMAGE = ClipsImage(PECULIAR_PROGRAM)
BOOKS = {
    "shipped": Ground(desk.program(), vocabulary(), DOMAINS),
    "peculiar": Ground(PECULIAR_PROGRAM, vocabulary(), DOMAINS),
}


def pinned(lexicon: Lexicon, term: Term, value: object) -> str:
    """That a term has the value it had in a firing."""
    if isinstance(term, Num):
        assert isinstance(value, int | Decimal)
        return f"(= {term.text} {real(value)})"
    assert isinstance(term, Word)
    known = str(value)
    try:
        return f"(= {term.text} {lexicon.word(known).text})"
    except KeyError:
        # Words that no rule writes keep their order beyond those that rules do.
        place = sorted([*desk.INSTRUMENTS, known]).index(known)
        return f"(= {term.text} {lexicon.last + 1 + place})" if known in desk.INSTRUMENTS else TRUE


@cache
def lived(book: str, rule: str) -> Life:
    """A rule's scene after CLIPS fired it, with all that was concluded then."""
    ground = BOOKS[book]
    life = live(ground, Bench(ground.program), next(one for one in ground.program.rules if one.name == rule))
    assert isinstance(life, Life)
    assert isinstance(life.answer, Shown)
    life.inquiry.follow(life.answer)
    return life


def excluded(book: str, image: ClipsImage, facts: list[Fact]) -> list[str]:
    """The firings that the scenes of their rules say to be impossible."""
    inference = image.infer(facts)
    by_ref = {one.ref: one for one in (*facts, *inference.derived)}
    found = []
    for firing in {one.rule: one for one in inference.firings}.values():
        life = lived(book, firing.rule)
        scene = life.inquiry.scene
        bound = bindings(life.rule, [by_ref[ref] if ref else None for ref in firing.matched])
        here = scene.script.declare("a", "Bool")
        for name, value in bound.items():
            scene.script.say(implied(here, pinned(scene.ground.lexicon, life.fired.known[name], value)))
        if life.inquiry.solver.check([*life.fired.names, here]) == "unsat":
            found.append(f"{firing.rule} {bound}")
    return found


@settings(max_examples=20)
@given(desk.facts())
def test_no_firing_of_the_shipped_rulebook_is_excluded(facts: list[Fact]) -> None:
    assert excluded("shipped", desk.image(), facts) == []


@settings(max_examples=20)
@given(desk.few())
def test_no_firing_of_peculiar_rules_is_excluded(facts: list[Fact]) -> None:
    assert excluded("peculiar", PECULIAR_IMAGE, facts) == []


def concluded(program: Program, ground: Ground, facts: list[Fact]) -> set[tuple[object, ...]]:
    """What the rules conclude when they are run by hand over given facts."""
    run = Consequences(ground)
    run.proposed(program.rules, facts, {}, "candidate", "AAPL")
    derived = [node for node in run.nodes if not node.is_told]
    assert {node.present for node in derived} <= {TRUE}
    return {
        (node.template, *(getattr(term, "known", None) for _, term in sorted(node.slots.items()))) for node in derived
    }


def said(derived: tuple[Fact, ...]) -> set[tuple[object, ...]]:
    return {(fact.template, *(value for _, value in sorted(fact.slots))) for fact in derived}


@settings(max_examples=12)
@given(desk.facts())
def test_a_run_by_hand_concludes_what_clips_concludes(facts: list[Fact]) -> None:
    assert concluded(desk.program(), BOOKS["shipped"], facts) == said(desk.image().infer(facts).derived)


@settings(max_examples=25)
@given(desk.few())
def test_a_run_by_hand_of_peculiar_rules_concludes_what_clips_concludes(facts: list[Fact]) -> None:
    assert concluded(PECULIAR_PROGRAM, BOOKS["peculiar"], facts) == said(PECULIAR_IMAGE.infer(facts).derived)


@pytest.mark.parametrize("rule", PECULIAR_PROGRAM.rules, ids=lambda rule: rule.name)
def test_facts_are_found_for_every_kind_of_condition(rule: object) -> None:
    life = live(BOOKS["peculiar"], Bench(PECULIAR_PROGRAM), rule)  # type: ignore[arg-type]
    assert isinstance(life, Life)
    assert isinstance(life.answer, Shown)


@pytest.mark.parametrize("spread", ["(> ?s 0.0)", "(< ?s 0.0)"])
def test_a_fact_that_one_rule_was_seen_to_conclude_may_be_another_rules(spread: str) -> None:
    text = candidate("buy", "long", f"(indicator (instrument ?i) (name ema-50-200) (value ?s&:{spread}))"
                     "(indicator (instrument ?i) (name adx-14) (value ?a&:(>= ?a 20.0)))")  # fmt: skip
    scene = Scene(BOOKS["shipped"])
    fired = scene.fire(parse(text, "buy.clp").rules[0])
    seen = [node for node in scene.nodes if node.template == "indicator"]
    for name in ("trend-up", "trend-down"):
        (rule,) = (one for one in desk.program().rules if one.name == name)
        scene.grow(rule, seen)
    scene.settle()
    assert Solver(scene.script).check(fired.names) == "sat"
