"""Each way in which a rule can be wrong has its sentence; what passes is understood by CLIPS as well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.faults import Faulty
from knowledge.templates import vocabulary
from rules import arithmetic
from rules.rule_checks import rule_faults
from rules.signatures import SIGNATURES

ROOT = Path(__file__).parents[2]
RULE = """(defrule trend-up
  "quant | ?i trends up: ?adx"
  (declare (salience 10))
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  (bar (instrument ?i) (volume ?volume) (close ?close))
  (abstention (instrument ?i) (head ?h) (reason ?why))
  (not (quality (instrument ?i)))
  =>
  (assert (trend (instrument ?i) (direction up))))
"""


def complaints(source: str) -> list[str]:
    return [str(fault) for fault in sorted(rule_faults(parse(source, "a.clp"), vocabulary()))]


def test_the_sample_is_sound() -> None:
    assert complaints(RULE) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        # Name, owner, sentence.
        ('"quant | ?i trends up: ?adx"', "", '1:10: the rule `trend-up` lacks an owner; write `"OWNER | SENTENCE"`'),
        ("quant | ?i", "?i", "2:3: the rule `trend-up` lacks an owner"),
        ("quant | ?i trends up: ?adx", "quant | ", "2:3: the rule `trend-up` lacks a sentence"),
        (
            "?i trends up: ?adx",
            "?i trends up: ?axd",
            "2:3: the sentence names `?axd`, which no condition binds; did you mean `?adx`?",
        ),
        ("defrule trend-up", "defrule -trend", "1:10: `-trend` can not be the id of a rule"),
        # Templates, slots, symbols, measures, literals.
        ("(bar ", "(bra ", "5:3: unknown template `bra`; did you mean `bar`?"),
        ("(volume ?volume)", "(volum ?volume)", "5:24: `bar` has no slot `volum`; did you mean `volume`?"),
        (
            "(close ?close))",
            "(close ?close)) (correlations (instrument ?i) (others ?others))",
            "5:87: the slot `others` holds a list: a policy can look into it with `member/2`",
        ),
        ("(name adx-14)", "(name adx-41)", "4:36: unknown measure `adx-41`; did you mean `adx-14`?"),
        (
            "(quality (instrument ?i))",
            "(quality (issue stael))",
            "7:24: the slot `issue` never holds `stael`; did you mean `stale`?",
        ),
        (
            "(quality (instrument ?i))",
            "(quality (instrument -a))",
            "never holds `-a`; symbols start with a letter or digit",
        ),
        ("(close ?close)", "(close 5)", "the slot `close` holds a number, not the integer 5; write `5.0`"),
        ("(close ?close)", "(close five)", "the slot `close` holds a number, not the symbol five"),
        ("(close ?close)", '(close "5")', 'the slot `close` holds a number, not the text "5"'),
        ("(volume ?volume)", "(volume 5.0)", "the slot `volume` holds an integer, not the number 5.0"),
        ("(name adx-14)", '(name "adx-14")', 'the slot `name` holds a symbol, not the text "adx-14"'),
        (
            "(close ?close)",
            "(close ?close) (close 5.0)",
            "the slot `close` stands here twice; join its constraints with `&`",
        ),
        # Variables.
        (
            ">= ?adx 20.0",
            ">= ?axd 20.0",
            "4:61: `?axd` has no value here; bind it in a condition before this; did you mean `?adx`?",
        ),
        (">= ?adx 20.0", ">= ?close 20.0", "`?close` has no value here"),
        ("(instrument ?i) (direction up)", "(instrument ?j) (direction up)", "9:30: `?j` has no value here"),
        (
            "(not (quality (instrument ?i)))",
            "(not (quality (instrument ?k)))\n (test (eq ?k ?i))",
            "`?k` has no value here",
        ),
        ("(close ?close)", "(close ?volume)", "`?volume` is an integer and never equals the slot `close`, a number"),
        ("(head ?h)", "(head ?h|?unbound)", "`?unbound` has no value here"),
        ("(head ?h)", "(head ~?unbound)", "`?unbound` has no value here"),
        ("(not (quality", "?f <- (exists (quality", None),
        (
            "(bar (instr",
            "?f <- (bar (instr",
            "5:3: `?f <-` serves nothing here, no function takes the address of a fact",
        ),
        # Expressions.
        (">= ?adx 20.0", "> ?adx twenty", "4:65: `>` takes a number here, not a symbol"),
        (">= ?adx 20.0", ">= ?adx", "`>=` takes at least 2 arguments, not 1"),
        (">= ?adx 20.0", "not ?adx 20.0", "`not` takes 1 argument, not 2"),
        (
            ">= ?adx 20.0",
            "- ?adx 20.0",
            "this test gives a number, which always counts as true; compare it with something",
        ),
        (">= ?adx 20.0", "python ?adx 20.0", "a rule can not call `python`"),
        (">= ?adx 20.0", "eq ?adx 20", "`eq` compares a number with an integer, which are never equal; use `=`"),
        (">= ?adx 20.0", "and ?adx TRUE", "`and` takes a test here, not a number"),
        (
            "?adx&:(>= ?adx 20.0)",
            "?adx&=(round 20.5)",
            "an integer never equals the slot `value`, which holds a number",
        ),
        ("(direction up)", "(direction (* 2 3))", "`*` of whole numbers overflows beyond 64 bits"),
        # Conditions.
        (
            "(not (quality (instrument ?i)))",
            "(or (quality (instrument ?i)) (rate))",
            "7:3: `or` stands by itself; write a rule for each",
        ),
        ("(not (quality (instrument ?i)))", "(and (quality (instrument ?i)) (rate))", "7:3: `and` stands by itself"),
        (
            "(not (quality (instrument ?i)))",
            "(not (test (> 1 2)))",
            "7:3: `not` of a test can not be traced; write the opposite",
        ),
        ("(not (quality (instrument ?i)))", "(exists (test (> 1 2)))", "7:3: `exists` must begin with a pattern"),
        # Actions.
        ("(assert (trend", "(retract (trend", None),
        (
            "(assert (trend (instrument ?i) (direction up)))",
            "(retract ?i)",
            "9:3: `retract` is no action of a rule, only `assert` is",
        ),
        ("(assert (trend (instrument ?i) (direction up)))", '(printout t "up")', "`printout` is no action of a rule"),
        ("(assert (trend (instrument ?i) (direction up)))", "(bind ?x 1)", "`bind` is no action of a rule"),
        ("(assert (trend ", "(assert (trned ", "9:11: unknown template `trned`; did you mean `trend`?"),
        ("(direction up)", "(directoin up)", "`trend` has no slot `directoin`; did you mean `direction`?"),
        ("(direction up)", "(direction upp)", "the slot `direction` never holds `upp`; did you mean `up`?"),
        (" (direction up)", "", "9:11: `trend` lacks `direction`; a conclusion gives every slot"),
        ("(direction up)", "(direction up) (direction up)", "the slot `direction` stands here twice"),
        ("(direction up)", "(direction ?adx)", "the slot `direction` holds a symbol, not a number"),
        ("(direction up)", "(direction ?why)", "the slot `direction` holds a symbol, not a text"),
        (
            "(trend (instrument ?i) (direction up))",
            "(quality (instrument ?i) (issue stale) (detail ?why))",
            "9:11: rules can not conclude `quality`: such facts come from the door alone",
        ),
        (
            "(trend (instrument ?i) (direction up))",
            "(protection (instrument ?i) (stop ?adx))",
            "rules can not conclude `protection`: such facts come from the portfolio alone",
        ),
    ],
)
def test_each_unsound_rule_has_its_sentence(old: str, new: str, complaint: str | None) -> None:
    assert RULE.count(old) >= 1
    source = new.join(RULE.rsplit(old, 1))
    if complaint is None:
        # The text itself is refused, or several things are wrong: what matters is that it does not pass.
        try:
            assert complaints(source)
        except Faulty as error:
            assert error.faults
        return
    found = complaints(source)
    assert len(found) >= 1
    assert any(re.match(r"a\.clp:[0-9]+:[0-9]+: ", one) and complaint in one for one in found), found


def test_a_rule_id_belongs_to_one_rule() -> None:
    assert complaints(RULE + RULE) == ["a.clp:10:10: the rule `trend-up` exists at a.clp:1; rename one"]


def test_what_passes_the_checks_is_built_by_clips() -> None:
    ClipsImage(parse(RULE, "a.clp"))


def test_every_function_is_computed_by_the_oracle_too() -> None:
    assert set(SIGNATURES) <= set(arithmetic.FUNCTIONS) | {"and", "or"}


def test_every_word_of_the_book_is_needed() -> None:
    """Changing any declared word of the book to an unknown one is noticed."""
    for path in sorted((ROOT / "rules" / "book").glob("*.clp")):
        source = path.read_text(encoding="utf-8")
        for found in re.finditer(r"(?<=\()[a-z-]+(?= )", re.sub(r'"[^"]*"|;.*', lambda one: "_" * len(one[0]), source)):
            broken = source[: found.start()] + "unheard-of" + source[found.end() :]
            try:
                noticed = bool(rule_faults(parse(broken, path.name), vocabulary()))
            except Faulty as error:
                noticed = bool(error.faults)
            assert noticed, (path.name, found[0])


WORDS = st.sampled_from(
    [*sorted(set(re.findall(r"[^\s()\"]+|[()]", RULE))), "bar", "close", "?v", "~", "(test (> 1.0 2.0))", "exists"]
)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), WORDS), min_size=1, max_size=3))
def test_a_mutated_rule_is_refused_or_built(edits: list[tuple[int, int, str]]) -> None:
    """What the checks let through, CLIPS understands as well: no surprise is left for the first cycle."""
    source = RULE
    for start, length, word in edits:
        source = source[:start] + word + source[start + length :]
    try:
        program = parse(source, "a.clp")
    except Faulty:
        return
    if not rule_faults(program, vocabulary()):
        assert ClipsImage(program).infer([]).fault is None
