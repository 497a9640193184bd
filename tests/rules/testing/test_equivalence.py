"""Rules that are proved to mean the same: beside every value of the slot, and where they must not be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.clips.text import parse
from knowledge.clips.tree import Rule
from knowledge.door import Refused, fact
from rules.matching import matches
from rules.testing.equivalence import equal

SIGNS = st.sampled_from(["<", "<=", ">", ">="])
HEADS = st.integers(0, 12).map(lambda tens: Decimal(tens) / 2)


def rule(conditions: str, sentence: str = "?i") -> Rule:
    action = "(assert (veto (instrument ?i) (rule r)))"
    text = f'(defrule r "quant | {sentence}" (declare (salience 0)) {conditions} => {action})'
    return parse(text, "r.clp").rules[0]


def over_heads(sign: str, number: Decimal) -> Rule:
    return rule(f"(consensus (instrument ?i) (heads ?n&:({sign} ?n {number:f})))")


@given(SIGNS, HEADS, SIGNS, HEADS)
@example(">", Decimal(4), ">=", Decimal(5))
@example(">=", Decimal("3.5"), ">", Decimal(3))
def test_comparisons_are_equal_exactly_when_every_value_of_the_grid_agrees(
    sign: str, number: Decimal, other_sign: str, other: Decimal
) -> None:
    one, two = over_heads(sign, number), over_heads(other_sign, other)
    facts = [fact("consensus", instrument="A", direction="long", score="0.5", heads=heads) for heads in range(3, 10)]
    agree = all(bool(matches(one, [each])) is bool(matches(two, [each])) for each in facts)
    if equal(one, two):
        assert agree
    # The other way holds but for a comparison that no value satisfies, which is no mistake that cases could show.
    elif agree:
        assert not any(matches(one, [each]) for each in facts) or sign[0] != other_sign[0]


def test_the_slot_of_heads_begins_at_three() -> None:
    with pytest.raises(Refused):
        fact("consensus", instrument="A", direction="long", score="0.5", heads=2)


@pytest.mark.parametrize(
    ("one", "other", "is_equal"),
    [
        ("(regime (name ?r)) (trend (instrument ?i))", "(regime) (trend (instrument ?i))", True),
        ("(regime (name ?r&~bear)) (trend (instrument ?i))", "(regime (name ~bear)) (trend (instrument ?i))", True),
        ("(regime (name ?r&~bear)) (trend (instrument ?i))", "(regime (name ?r)) (trend (instrument ?i))", False),
        ("(trend (instrument ?i)) (setup (instrument ?i))", "(trend (instrument ?i)) (setup)", False),
        ("(trend (instrument ?i) (direction ?))", "(trend (instrument ?i))", True),
        ("(trend (instrument ?i)) (not (veto (instrument ?i)))", "(trend (instrument ?i)) (not (veto))", False),
        (
            "(indicator (instrument ?i) (name rsi-14) (value ?v&:(> ?v 79.995)))",
            "(indicator (instrument ?i) (name rsi-14) (value ?v&:(>= ?v 80.0)))",
            True,
        ),
        (
            "(indicator (instrument ?i) (name rsi-14) (value ?v&:(>= ?v 0.0)))",
            "(indicator (instrument ?i) (name rsi-14) (value ?v&:(>= ?v -5.0)))",
            True,
        ),
        (
            "(indicator (instrument ?i) (name zscore-20) (value ?v&:(> ?v 79.995)))",
            "(indicator (instrument ?i) (name rsi-14) (value ?v&:(> ?v 79.995)))",
            False,
        ),
    ],
)
def test_what_only_the_sentence_reads_is_no_difference(one: str, other: str, is_equal: bool) -> None:
    assert bool(equal(rule(one, "?i"), rule(other, "all"))) is is_equal
