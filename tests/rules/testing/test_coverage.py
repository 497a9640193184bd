"""Sides of comparisons, beside the real engine with each turned round; and what the shipped cases exercise."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import pytest

from knowledge.clips import tree
from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.door import fact
from knowledge.facts import Fact
from rules.cases import read_cases
from rules.conditions import WorkingMemory
from rules.testing.bench import Bench, asks_policies
from rules.testing.coverage import Near, Ruler, Seen, added
from rules.testing.mutants import Edit, edited
from rules.testing.sides import Side, sides
from tests.rules.desk import DESK, rulebook

OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
CASES = read_cases(DESK / "rules" / "cases", DESK)


@cache
def bench() -> Bench:
    return Bench(rulebook())


def simple() -> Iterator[Side]:
    """The comparisons that stand by themselves in a pattern: turned round, they hold where they alone failed."""
    for rule in rulebook().program.rules:
        whole = [one.constraint for condition in rule.conditions if isinstance(condition, tree.Pattern)
                 for one in condition.slots]  # fmt: skip
        parts = [part for one in whole if isinstance(one, tree.AllOf) for part in one.parts]
        calls = [part.test for part in parts if isinstance(part, tree.Predicate)]
        yield from (side for side in sides(rule) if any(side.call is call for call in calls))


def turned(side: Side) -> ClipsImage:
    """The rule by itself, with the comparison turned round."""
    start = side.call.at.start - side.rule.at.start + 1
    edit = Edit(start, start + len(side.call.function), OPPOSITE[side.call.function])
    return ClipsImage(parse(edited(side.rule.text, [edit]), "turned.clp"))


@pytest.mark.parametrize("side", list(simple())[::2], ids=lambda side: f"{side.rule.name} {side.words}")
def test_a_comparison_shows_the_side_that_decides_in_the_real_engine(side: Side) -> None:
    image = turned(side)
    for case in (one for one in CASES if one.about == side.rule.name):
        outcome = bench().outcome(case.given, False)
        shown = {one.is_true for one in side.shown(WorkingMemory(outcome.memory))}
        assert (True in shown) is outcome.fired(side.rule.name), case.place
        # What the rule turned round concludes may contradict what is known: it fired all the same.
        inference = image.infer(outcome.memory)
        assert (False in shown) is bool(inference.firings or inference.fault), case.place


def test_every_side_of_the_shipped_book_is_shown_by_a_case() -> None:
    ruler = Ruler(bench())
    seen = added(ruler.seen(bench().outcome(one.given, asks_policies(one)), asks_policies(one)) for one in CASES)
    missing = [item for item in ruler.items() if item.level != "goal" and not seen.get(item.key, Seen()).both]
    assert missing == []


def of(words: str) -> Side:
    return next(side for rule in rulebook().program.rules for side in sides(rule) if side.words == words)


def pair(*gaps: tuple[str, str, str]) -> WorkingMemory:
    facts: list[Fact] = [
        fact("regime", name="range"),
        fact("opinion", instrument="A", head="h", direction="short", share="0.2"),
        fact("opinion", instrument="B", head="h", direction="long", share="0.2"),
    ]
    return WorkingMemory([*facts, *(fact("divergence", rich=rich, cheap=cheap, gap=gap) for rich, cheap, gap in gaps)])


def test_beneath_not_a_comparison_shows_what_is_in_the_way() -> None:
    side = of("(> ?wider ?gap)")
    shown = [(one.is_true, one.value, one.apart) for one in side.shown(pair(("A", "B", "3"), ("A", "C", "3.5")))]
    assert shown == [(True, 3.5, 0.5)]
    shown = [(one.is_true, one.value, one.apart) for one in side.shown(pair(("A", "B", "3"), ("A", "C", "2.5")))]
    assert shown == [(False, 3, 0), (False, 2.5, 0.5)]


def test_what_is_seen_adds_up_and_keeps_the_closest() -> None:
    near, far = Near(Fraction("19.99"), Fraction("0.01")), Near(Fraction("3"), Fraction("17"))
    one = Seen(1, 2, None, far) + Seen(0, 1, None, near)
    assert one == Seen(1, 3, None, near)
    assert Seen.from_json(one.to_json()) == one
