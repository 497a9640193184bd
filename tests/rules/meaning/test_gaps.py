from __future__ import annotations

from fractions import Fraction
from functools import cache

from hypothesis import given, settings

from knowledge.clips.session import ClipsImage
from knowledge.facts import Fact
from knowledge.facts_file import read_facts
from knowledge.templates import vocabulary
from rules.meaning.cells import Box, axes
from rules.meaning.ground import Ground
from rules.meaning.inquiry import Bench
from rules.meaning.regions import Search
from rules.rulebook import Rulebook
from tests.rules import desk
from tests.rules.meaning.books import DOMAINS, book, candidate, of, rsi, shipped


def said(rulebook: Rulebook) -> list[str]:
    return [one.sentence for one in of(rulebook, "M104")]


def test_the_space_is_cut_at_thresholds() -> None:
    made = book(candidate("buy", "long", rsi("(<= ?rsi 30.0)")) + candidate("sell", "short", rsi("(< 70.0 ?rsi)")))
    (axis,) = axes(Ground(made.program, vocabulary(), {}), ["candidate"])
    assert [axis.in_words(cell) for cell in axis.cells] == [
        "rsi-14 at most 30", "rsi-14 from 30.01 to 70", "rsi-14 at least 70.01",
    ]  # fmt: skip
    assert sum(map(axis.share, axis.cells)) == 1


def test_what_nothing_covers_is_a_gap_in_words_with_facts() -> None:
    made = book(candidate("buy", "long", rsi("(<= ?rsi 30.0)")) + candidate("sell", "short", rsi("(>= ?rsi 70.0)")))
    assert said(made) == ["no candidate is proposed with rsi-14 from 30.01 to 69.99 (39.99 % of the declared space)"]
    (found,) = of(made, "M104")
    assert ClipsImage(made.program).infer(read_facts(found.witness or "", "w.yaml")).derived == ()


def test_the_largest_comes_first() -> None:
    buy = rsi("(<= ?rsi 30.0)|:(and (>= ?rsi 35.0) (<= ?rsi 80.0))")
    assert said(book(candidate("buy", "long", buy))) == [
        "no candidate is proposed with rsi-14 at least 80.01 (20.00 % of the declared space)",
        "no candidate is proposed with rsi-14 from 30.01 to 34.99 (4.99 % of the declared space)",
    ]


def test_a_region_that_only_a_guard_closes_is_none_of_the_measures() -> None:
    made = book(candidate("buy", "long", f"{rsi('(>= ?rsi 0.0)')} (not (position (instrument ?i)))"))
    assert said(made) == []


def test_a_hole_between_regimes_is_found_through_all_that_rests_on_them() -> None:
    made = shipped("regime.clp", "(value ?rank&:(>= ?rank 0.90)))\n  =>", "(value ?rank&:(>= ?rank 0.95)))\n  =>")
    assert said(made)[0] == (
        "no candidate is proposed with index-volatility-rank from 0.9 to 0.9499 (5.00 % of the declared space)"
    )


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
