from __future__ import annotations

from knowledge.clips.session import ClipsImage
from knowledge.facts_file import read_facts
from knowledge.templates import vocabulary
from rules.meaning.cells import axes
from rules.meaning.ground import Ground
from rules.rulebook import Rulebook
from tests.rules import desk
from tests.rules.meaning.books import book, candidate, of, rsi


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


def test_a_hole_between_regimes_is_found_through_what_rests_on_them() -> None:
    regimes = next(one.text for one in desk.rulebook().rules if one.file.endswith("/regime.clp"))
    hole = regimes.replace("(>= ?rank 0.90)", "(>= ?rank 0.95)")
    buy = candidate("buy", "long", "(regime) (advisory (instrument ?i) (direction long) (conviction ?c&:(> ?c 0.9)))")
    assert said(book(regimes + buy)) == []
    assert said(book(hole + buy)) == [
        "no candidate is proposed with index-volatility-rank from 0.9 to 0.9499 (5.00 % of the declared space)"
    ]
