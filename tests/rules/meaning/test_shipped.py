"""What the shipped rulebook means: nothing but notes, each of them true."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from hypothesis import given, settings

from knowledge.facts import Fact
from knowledge.templates import vocabulary
from rules.meaning.cells import Box
from rules.meaning.ground import Ground
from rules.meaning.inquiry import Bench
from rules.meaning.meaning import meaning
from rules.meaning.regions import Search
from tests.rules import desk
from tests.rules.meaning.books import DOMAINS
from tests.rules.meaning.seeded import falsely


def test_it_has_three_conditions_that_follow_from_others_and_nothing_else() -> None:
    found = meaning(desk.program(), DOMAINS, asked=("M101", "M102", "M103", "M105", "M106"))
    assert [(one.code, one.file.rpartition("/")[2], one.rule) for one in found] == [
        ("M106", "consensus.clp", "consensus-of-four"),
        ("M106", "pair.clp", "divergence"),
        ("M106", "pair.clp", "pair-together"),
    ]
    assert "from the words of the desk (head: rule-based, sentiment, technical, volume)" in found[0].sentence
    assert list(falsely(desk.rulebook(), found)) == []


@cache
def found() -> tuple[Search, list[Box]]:
    search = Search(Ground(desk.program(), vocabulary(), DOMAINS), Bench(desk.program()), "candidate")
    return search, [one.box for one in search.regions()]


@settings(max_examples=25)
@given(desk.facts())
def test_nothing_is_proposed_inside_a_gap_of_the_shipped_rulebook(facts: list[Fact]) -> None:
    search, boxes = found()
    assert boxes
    assert search.untold == []
    proposed = {fact["instrument"] for fact in desk.image().infer(facts).derived if fact.template == "candidate"}
    for instrument in proposed:
        counts = {}
        for axis in search.space:
            ref = search.ref(axis, str(instrument))
            value = next((one.number("value") for one in facts if one.ref == ref), None)
            counts[axis.name] = None if value is None else Fraction(value) / Fraction(axis.measure.quantum)
        for box in boxes:
            inside = [counts[name] is not None and span[0] <= counts[name] <= span[1] for name, span in box.items()]  # type: ignore[operator]
            assert not all(inside), (instrument, box)
