"""What no pattern can match is left outside, and nothing is concluded otherwise for it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.asked import EVERY, asked_of
from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.door import fact
from knowledge.facts import Fact
from knowledge.templates import vocabulary
from rules.rulebook import read_rulebook

ROOT = Path(__file__).parents[2]
WORDS = vocabulary()


def asked(conditions: str) -> dict[str, list[str]]:
    """The refs of some facts that a rule with these conditions asks for, by template."""
    program = parse(f'(defrule one "quant | ." {conditions} => (assert (veto (instrument A) (rule one))))', "a.clp")
    found = asked_of(program, WORDS, {"veto"})
    return {
        name: [one.ref for one in KNOWN if one.template == name and taken.takes(one)] for name, taken in found.items()
    }


KNOWN = [
    *(fact("indicator", instrument=one, name=name, value=1) for one in ("A", "B") for name in ("rsi-14", "adx-14")),
    *(fact("setup", instrument="A", kind=kind, direction="long") for kind in ("momentum", "reversion")),
    fact("veto", instrument="A", rule="one"),
]
RSI = ["indicator(A,rsi-14)", "indicator(B,rsi-14)"]
ALL = ["indicator(A,rsi-14)", "indicator(A,adx-14)", "indicator(B,rsi-14)", "indicator(B,adx-14)"]


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        ("(indicator (instrument ?i) (name rsi-14))", RSI),
        ("(indicator (instrument A) (name rsi-14))", RSI[:1]),
        ("(indicator (instrument ?i) (name rsi-14|adx-14))", ALL),
        ("(indicator (name ?n&rsi-14|atr-14))", RSI),
        ("(indicator (name ~rsi-14))", ALL),
        ("(indicator (name ?n) (value ?v&:(> ?v 1.0)))", ALL),
        ("(not (indicator (name rsi-14)))", RSI),
        ("(exists (indicator (name rsi-14)) (indicator (name ?n) (instrument B)))", [*RSI[:1], *ALL[2:]]),
        ("(forall (indicator (name atr-14)) (indicator (name rsi-14)))", RSI),
        ("(indicator (name rsi-14)) (or (indicator (name atr-14)) (and (indicator (name adx-14) (instrument A))))",
         [*ALL[:2], RSI[1]]),
        ("(indicator (name rsi-14&adx-14))", []),
    ],
)  # fmt: skip
def test_a_pattern_takes_what_it_may_match(conditions: str, taken: list[str]) -> None:
    assert sorted(asked(conditions)["indicator"]) == sorted(taken)


def test_a_template_of_no_pattern_is_not_asked_for_and_one_that_is_concluded_always_is() -> None:
    assert asked("(setup (kind momentum))") == {"setup": ["setup(A,momentum,long)"], "veto": ["veto(A,one)"]}


BOOK = ClipsImage(read_rulebook(ROOT).program)
WHOLE = ClipsImage(read_rulebook(ROOT).program)
WHOLE._asked = dict.fromkeys(WORDS.templates, EVERY)
MEASURES = WORDS.measures["indicators"]
NAMES = sorted(MEASURES)
VALUES = [Decimal(one) for one in ("-0.03", "0", "0.05", "0.9", "25")]


def measured() -> st.SearchStrategy[Fact]:
    return st.sampled_from(NAMES).flatmap(
        lambda name: st.builds(
            lambda one, value: fact("indicator", instrument=one, name=name, value=value),
            st.sampled_from(["AAPL", "IBM"]),
            st.sampled_from([one for one in VALUES if MEASURES[name].low <= one <= MEASURES[name].high]),
        )
    ) | st.builds(
        lambda head, way: fact(
            "advisory", instrument="AAPL", head=head, direction=way, conviction="0.85", probability="0.58",
            weight="0.3", horizon="swing", model="m1"),
        st.sampled_from(["tech", "volume", "regime"]),
        st.sampled_from(["long", "short", "flat"]),
    )  # fmt: skip


@given(st.lists(measured(), unique_by=lambda one: one.ref))
def test_the_shipped_rules_conclude_the_same_from_all_facts(facts: list[Fact]) -> None:
    found = BOOK.infer(facts)
    assert found == WHOLE.infer(facts)
    BOOK.prepare()
    assert BOOK.infer(facts) == found
