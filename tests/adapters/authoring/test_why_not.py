"""`warrant rules why-not`, on the facts of a case: conditions one by one, the change, and the goal of a policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.authoring.bench import Engines, bench_of
from adapters.authoring.why_not import Answer, why_not
from engine.telling.as_text import lines as as_lines
from knowledge.facts_file import read_facts
from knowledge.faults import Faulty
from rules.rulebook import read_rulebook

DESK = Path(__file__).parents[3]
BOOK = read_rulebook(DESK)
FACTS = """
- market: {name: index-volatility-rank, value: 0.5}
- market: {name: index-ema-200-distance, value: 0.1}
- market: {name: index-momentum-63, value: 0.1}
- advisory: {instrument: AAPL, head: a, direction: long, probability: 0.6, conviction: 0.9, weight: 0.4,
             horizon: swing, model: m}
- advisory: {instrument: AAPL, head: b, direction: long, probability: 0.6, conviction: 0.9, weight: 0.3,
             horizon: swing, model: m}
- advisory: {instrument: AAPL, head: c, direction: long, probability: 0.6, conviction: 0.61, weight: 0.3,
             horizon: swing, model: m}
- earnings: {instrument: AAPL, sessions: 2}
"""


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with Engines() as engines:
        yield engines


def asked(engines: Engines, name: str, symbol: str = "AAPL") -> list[str]:
    return list(why_not(engines, bench_of(BOOK, read_facts(FACTS, "facts.yaml")), BOOK, name, symbol).lines)


def test_a_rule_that_did_not_fire(engines: Engines) -> None:
    lines = asked(engines, "swing-long")
    assert lines[0] == "swing-long did not fire for AAPL: 1 of its 5 conditions held"
    assert [line[2] for line in lines[1:6]] == ["✓", "✗", "·", "·", "·"]
    assert any(
        "conviction of advisory AAPL c is 0.61, and at least 0.7 is needed (0.09 missing)" in one for one in lines
    )
    assert lines[-2:] == ["it fires with this change:", "  advisory(AAPL,c): conviction 0.7 in place of 0.61"]


def test_a_rule_that_fired(engines: Engines) -> None:
    lines = asked(engines, "regime-bull")
    assert lines[0].startswith("regime-bull fired for AAPL: ")
    assert {line[2] for line in lines[1:]} == {"✓"}


def test_a_rule_that_no_fact_from_outside_can_fire(engines: Engines) -> None:
    assert asked(engines, "time-stop")[-1].startswith("no change of facts was found that fires it")


def test_a_policy_by_the_goal_that_decides(engines: Engines) -> None:
    lines = asked(engines, "earnings_blackout")
    assert lines[0].startswith("the rules propose nothing in AAPL")
    assert any("earnings_blackout forbids it" in line for line in lines)
    assert any("sessions to earnings" in line for line in lines)
    assert any("no_session forbids it" in line for line in asked(engines, "no_session"))
    assert any("restricted_list does not forbid it" in line for line in asked(engines, "restricted_list"))


def test_a_name_that_is_none(engines: Engines) -> None:
    with pytest.raises(Faulty, match="did you mean `swing-long`"):
        asked(engines, "swing-lnog")


def test_its_lines_are_a_tree_for_the_other_forms() -> None:
    lines = ("a did not fire", "  ✓ one", "  ✗ two", "a: there is no b", "  because b: no c", "    because c: d is 1")
    told = Answer(lines, {}).telling("a", "AAPL")
    assert list(as_lines(told)) == [
        "a and AAPL",
        "├─ a did not fire",
        "│  ├─ ✓ one",
        "│  └─ ✗ two",
        "└─ a: there is no b",
        "   └─ because b: no c",
        "      └─ because c: d is 1",
    ]
