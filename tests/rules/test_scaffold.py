"""A scaffold loads and passes its own cases, whatever is asked for; what can not be is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.faults import Faulty
from knowledge.templates import vocabulary
from rules.cases import cases_of
from rules.rulebook import Rulebook, Source
from rules.scaffold import CONCLUSIONS, Wish, scaffold
from rules.testing.bench import Bench

DESK = Path(__file__).parents[2]
WORDS = vocabulary()
MEASURES = sorted({**WORDS.measures["indicators"], **WORDS.measures["market"]})


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(MEASURES))
    measure = WORDS.measures["indicators"].get(name) or WORDS.measures["market"][name]
    steps = int((measure.high - measure.low) / measure.quantum)
    bound = measure.low + measure.quantum * draw(st.integers(1, steps - 1))
    return f"{name} {draw(st.sampled_from(['<', '<=', '>', '>=']))} {bound:f}"


@settings(max_examples=8)
@given(
    st.lists(comparisons(), min_size=1, max_size=3, unique_by=lambda one: one.split()[0]),
    st.sampled_from(sorted(CONCLUSIONS)),
    st.sampled_from(["long", "short"]),
)
def test_a_scaffold_loads_and_its_cases_pass(when: list[str], concludes: str, side: str) -> None:
    about = [one.split()[0] in WORDS.measures["indicators"] for one in when]
    wish = Wish("new-one", concludes, side, tuple(when))
    if concludes == "setup" and not any(about):
        with pytest.raises(Faulty, match="about an instrument"):
            scaffold(wish, WORDS)
        return
    made = scaffold(wish, WORDS)
    rulebook = Rulebook((Source("rules.clp", made.rule),), ())
    cases = cases_of(made.cases, "rules/cases/new-one.yaml", lambda path: "")
    assert sum(bool(case.expect) for case in cases) == 1 + len(CONCLUSIONS[concludes].blocks)
    assert len(cases) >= 1 + 2 * len(when)
    bench = Bench(rulebook)
    assert [problem for case in cases for problem in bench.run(case).problems] == []


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("rsi-14 > 130", "can never hold: rsi-14 lies in 0 to 100"),
        ("rsi-14 >= 0", "always holds"),
        ("rsi-15 > 80", "did you mean `rsi-14`?"),
        ("rsi-14 > 80.001", "comes in steps of 0.01"),
        ("rsi-14 = 80", "is no comparison"),
        ("rsi-14 > 80)) (defrule x", "is no comparison"),
    ],
)
def test_what_can_not_be_is_refused(when: str, said: str) -> None:
    with pytest.raises(Faulty) as caught:
        scaffold(Wish("new-one", "veto", "long", (when,)), WORDS)
    assert said in str(caught.value)


def test_everything_wrong_is_told_at_once() -> None:
    wish = Wish("new one", "veto", "long", ("rsi-14 > 80", "rsi-14 < 20"), "the desk", 'a "quote"')
    with pytest.raises(Faulty) as caught:
        scaffold(wish, WORDS)
    assert len(caught.value.faults) == 4
