"""Who feeds whom: columns run from told facts to conclusions, whatever the order of the rules."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.text import parse
from knowledge.clips.tree import Program
from rules.feeding import feeding_of
from rules.rulebook import read_rulebook

DESK = Path(__file__).parents[2]
BOOK = """
(defrule up "q | up" (indicator (instrument ?i)) => (assert (trend (instrument ?i) (direction up))))
(defrule go "q | go" (trend (instrument ?i)) (not (veto (instrument ?i))) => (assert (candidate (instrument ?i))))
(defrule no "q | no" (trend (instrument ?i)) (position (instrument ?i)) => (assert (veto (instrument ?i))))
"""
PROGRAM = parse(BOOK, "book.clp")


def test_reads_lacks_and_neighbours() -> None:
    feeding = feeding_of(PROGRAM)
    up, go, no = feeding.rules
    assert (go.reads, go.lacks, go.concludes) == (("trend",), ("veto",), ("candidate",))
    assert feeding.feeders(go) == ("up", "no")
    assert feeding.fed_by(up) == ("go", "no")
    assert feeding.feeders(no) == ("up",)
    assert feeding.rule_columns == {"up": 1, "go": 5, "no": 3}
    assert feeding.template_columns == {
        "indicator": 0, "trend": 2, "veto": 4, "candidate": 6, "position": 0,
    }  # fmt: skip


@given(st.integers(0, 10**6))
def test_columns_do_not_hang_on_the_order_of_rules(seed: int) -> None:
    program = read_rulebook(DESK).program
    rules = list(program.rules)
    random.Random(seed).shuffle(rules)
    feeding = feeding_of(Program("mixed", tuple(rules)))
    assert dict(feeding.rule_columns) == dict(feeding_of(program).rule_columns)
    for fed in feeding.rules:
        assert all(feeding.template_columns[name] < feeding.rule_columns[fed.rule] for name in fed.asks)
        assert all(feeding.template_columns[name] > feeding.rule_columns[fed.rule] for name in fed.concludes)


def test_a_circle_has_an_end() -> None:
    circle = parse(
        """(defrule a "q | a" (trend (instrument ?i)) => (assert (setup (instrument ?i))))
           (defrule b "q | b" (setup (instrument ?i)) => (assert (trend (instrument ?i))))""",
        "circle.clp",
    )
    assert set(feeding_of(circle).rule_columns) == {"a", "b"}
