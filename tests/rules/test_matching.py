from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import clips
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.clips.tree import Call, Program, Test
from knowledge.door import fact
from knowledge.facts import Fact
from rules.arithmetic import FUNCTIONS, Unanswerable, evaluation
from rules.cases import read_cases
from rules.conditions import WorkingMemory
from rules.matching import bindings, matches, sentence
from rules.signatures import SIGNATURES
from tests.rules import desk


def firings(program: Program, image: ClipsImage, given_facts: list[Fact]) -> tuple[list[str], list[str]]:
    """Every firing as rule and bindings: as CLIPS had it, and as the matcher has it on the facts at the end."""
    inference = image.infer(given_facts)
    assert inference.fault is None
    facts = WorkingMemory((*given_facts, *inference.derived))
    by_ref = {one.ref: one for one in facts}
    rules = {rule.name: rule for rule in program.rules}
    fired = [
        shown(firing.rule, bindings(rules[firing.rule], [by_ref[ref] if ref else None for ref in firing.matched]))
        for firing in inference.firings
    ]
    matched = [shown(rule.name, found) for rule in program.rules for found in matches(rule, facts)]
    return sorted(fired), sorted(matched)


def shown(rule: str, found: dict[str, object]) -> str:
    return f"{rule} {sorted((name, str(value)) for name, value in found.items())}"


@given(desk.facts())
def test_a_rule_of_the_book_matches_exactly_when_it_fires(facts: list[Fact]) -> None:
    fired, matched = firings(desk.program(), desk.image(), facts)
    assert matched == fired


def test_every_rule_matches_where_its_cases_make_it_fire() -> None:
    seen: set[str] = set()
    for case in read_cases(desk.DESK / "rules" / "cases"):
        fired, matched = firings(desk.program(), desk.image(), list(case.given))
        assert matched == fired, case.place
        seen.update(line.split()[0] for line in fired)
    assert {rule.name for rule in desk.program().rules} == seen


PECULIAR = Path(__file__).with_name("peculiar.clp")


PECULIAR_PROGRAM = parse(PECULIAR.read_text(encoding="utf-8"), "peculiar.clp")
PECULIAR_IMAGE = ClipsImage(PECULIAR_PROGRAM)


def test_every_kind_of_condition_matches_exactly_when_clips_fires() -> None:
    seen: set[str] = set()

    @given(desk.few())
    def agree(facts: list[Fact]) -> None:
        fired, matched = firings(PECULIAR_PROGRAM, PECULIAR_IMAGE, facts)
        assert matched == fired
        seen.update(line.split()[0] for line in fired)

    agree()
    assert {rule.name for rule in PECULIAR_PROGRAM.rules} == seen  # otherwise nothing was compared with nothing


NUMBERS = st.one_of(st.integers(-9, 9), st.integers(-40, 40).map(lambda quarters: Decimal(quarters) / 4))
ENGINE = clips.Environment()


def call(text: str) -> Call:
    """A call of literals, read as a rule would hold it."""
    program = parse(f'(defrule r "q | s" (test {text}) => (assert (exit (instrument A) (rule r))))', "call.clp")
    condition = program.rules[0].conditions[0]
    assert isinstance(condition, Test)
    return condition.call


def test_the_closed_list_is_the_one_the_rulebook_accepts() -> None:
    assert FUNCTIONS.keys() | {"and", "or"} == SIGNATURES.keys()


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"not", "str-compare", "sym-cat"}))
def test_functions_give_what_clips_gives(name: str) -> None:
    one = SIGNATURES[name].most == 1

    @given(st.lists(NUMBERS, min_size=1 if one else 2, max_size=1 if one else 3))
    @settings(max_examples=40)
    def same(numbers: list[int | Decimal]) -> None:
        written = [str(number) if type(number) is int else f"{number:.2f}" for number in numbers]
        text = f"({name} {' '.join(written)})"
        try:
            ours = evaluation(call(text))({})
        except Unanswerable:
            with pytest.raises(clips.CLIPSError):
                ENGINE.eval(text)
            return
        theirs = ENGINE.eval(text)
        if isinstance(ours, Decimal | Fraction):
            assert type(theirs) is float
            assert float(ours) == theirs
        else:
            assert ours == theirs
            assert isinstance(theirs, type(ours))

    same()


@given(st.text("abAB-_.9", min_size=1, max_size=3), st.text("abAB-_.9", min_size=1, max_size=3))
def test_words_are_ordered_as_clips_orders_them(one: str, other: str) -> None:
    if not {one[0], other[0]} & set("-.9"):
        text = f"(str-compare {one} {other})"
        assert evaluation(call(text))({}) == ENGINE.eval(text)


@given(st.lists(st.sampled_from(("AA", "b-c", '"+"', '"x y"', "pair_1")), min_size=2, max_size=4))
def test_words_are_joined_as_clips_joins_them(words: list[str]) -> None:
    text = f"(sym-cat {' '.join(words)})"
    assert evaluation(call(text))({}) == ENGINE.eval(text)


def test_a_division_by_zero_holds_nowhere() -> None:
    source = (
        '(defrule r "q | s" (bar (volume ?v)) (test (> (/ 1.0 ?v) 0.0)) => (assert (exit (instrument A) (rule r))))'
    )
    rule = parse(source, "r.clp").rules[0]
    prices = {"open": 1, "high": 1, "low": 1, "close": 1}
    assert matches(rule, [fact("bar", instrument="A", session="2011-01-03", volume=0, **prices)]) == []


def test_a_sentence_speaks_with_the_values_and_their_units() -> None:
    rule = next(rule for rule in desk.program().rules if rule.name == "trend-up")
    facts = [desk.indicator("AAPL", "ema-50-200", "0.031"), desk.indicator("AAPL", "adx-14", "27.5")]
    said = "AAPL trends up: its 50-bar average stands 3.1 % over its 200-bar average, with an ADX of 27.5"
    assert sentence(rule, bindings(rule, facts)) == said
    (found,) = matches(rule, facts)
    assert sentence(rule, found) == said


def test_facts_of_another_rule_are_refused() -> None:
    rule = next(rule for rule in desk.program().rules if rule.name == "trend-up")
    with pytest.raises(ValueError, match="do not belong to the rule `trend-up`"):
        bindings(rule, desk.market())


@given(desk.facts(), st.randoms())
def test_the_order_of_facts_changes_no_match(facts: list[Fact], chance: object) -> None:
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    for rule in desk.program().rules:
        one, other = (sorted(shown("", found) for found in matches(rule, some)) for some in (facts, shuffled))
        assert one == other
