from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import product
from pathlib import Path
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.text import parse
from knowledge.clips.tree import Assert, Program, Rule
from knowledge.door import admit, fact
from knowledge.facts import Fact
from knowledge.templates import vocabulary
from rules.conditions import WorkingMemory
from rules.matching import matches
from rules.nearest import DEEPEST, Miss, nearest
from rules.plans import rules_of
from tests.rules import desk
from tests.rules.desk import advisory, indicator, market, position


def at_the_end(given_facts: list[Fact]) -> list[Fact]:
    inference = desk.image().infer(given_facts)
    assert inference.fault is None
    return [*given_facts, *inference.derived]


def why_not(*facts: Fact, goal: str = "candidate") -> Miss:
    found = nearest(desk.program(), at_the_end(list(facts)), "AAPL", (goal,))
    assert found is not None
    return found


def chain(miss: Miss | None) -> list[Miss]:
    return [] if miss is None else [miss, *chain(miss.because)]


def heads(*convictions: str, direction: str = "long") -> list[Fact]:
    names = ("technical", "volume", "rule-based")
    return [advisory("AAPL", name, direction, c, weight="0.3333") for name, c in zip(names, convictions, strict=True)]


def test_a_count_that_falls_short_names_who_agrees_and_who_does_not() -> None:
    silent = fact("abstention", instrument="AAPL", head="sentiment", reason="no news in three days")
    first, second, third = chain(why_not(*market(), *heads("0.81", "0.44", "0.92"), silent))
    assert (first.rule, first.held, first.conditions) == ("swing-long", 1, 5)
    assert first.failing == "there is no consensus (instrument AAPL, direction long)"
    assert (second.rule, second.held, second.conditions) == ("consensus-of-three", 2, 4)
    assert second.failing == (
        "only 2 of the 3 needed opinions (instrument AAPL, direction long): rule-based, technical; "
        "conviction of advisory AAPL volume is 0.44, and at least 0.7 is needed (0.26 missing); "
        "sentiment abstains: no news in three days"
    )
    assert (third.rule, third.value, third.threshold, third.gap) == ("opinion", "0.44", "0.7", "0.26")
    assert third.owner == "quant"
    assert re.fullmatch(r"rules/book/consensus\.clp:[0-9]+", third.source)


def test_any_of_the_heads_may_be_the_one_that_is_missing() -> None:
    for place, name in enumerate(("technical", "volume", "rule-based")):
        convictions = ["0.8", "0.8", "0.8"]
        convictions[place] = "0.69"
        last = chain(why_not(*market(), *heads(*convictions)))[-1]
        assert last.failing == f"conviction of advisory AAPL {name} is 0.69, and at least 0.7 is needed (0.01 missing)"


def test_a_head_that_says_the_opposite_is_named() -> None:
    miss = why_not(*market(), *heads("0.8", "0.8", "0.8")[:2], advisory("AAPL", "rule-based", "short", "0.9"))
    assert chain(miss)[1].failing.endswith("direction of advisory AAPL rule-based is short, and long is needed")


def test_a_score_below_its_threshold_says_by_how_much() -> None:
    miss = why_not(*market(), *heads("0.71", "0.72", "0.73"))
    assert (miss.rule, miss.held, miss.because) == ("swing-long", 1, None)
    assert (miss.value, miss.threshold, miss.gap, miss.unit) == ("0.719928", "0.75", "0.030072", "weighted conviction")


def test_a_veto_is_named_with_its_own_sentence() -> None:
    miss = why_not(*market(), *heads("0.9", "0.9", "0.9"), indicator("AAPL", "rsi-14", "84.2"))
    assert miss.held == 2
    assert miss.failing == (
        "there must be no veto AAPL veto-overbought, but there is one: "
        "no long in AAPL: it is overextended, with an RSI of 84.2, above 80"
    )


def test_a_position_in_the_way_is_named() -> None:
    miss = why_not(*market(), *heads("0.9", "0.9", "0.9"), position("AAPL"))
    assert (miss.held, miss.failing) == (3, "there must be no position AAPL, but there is one")


def test_the_setup_that_came_closest_is_followed() -> None:
    facts = [
        indicator("AAPL", "rsi-14", "69.5"),
        indicator("AAPL", "volume-ratio", "1"),
        indicator("AAPL", "adx-14", "9"),
    ]
    short = heads("0.9", "0.9", "0.9", direction="short")
    first, second = chain(why_not(*market(), *short, *facts))
    assert (first.rule, first.held) == ("swing-short", 2)
    assert first.failing == "there is no setup (instrument AAPL, direction short)"
    assert (second.rule, second.gap, second.unit) == ("reversion-short", "0.5", "index points")


def test_a_market_that_is_not_known_is_the_first_thing_missing() -> None:
    first, second = chain(why_not(*heads("0.9", "0.9", "0.9")))
    assert (first.held, first.failing) == (0, "there is no regime")
    assert second.failing == "there is no market (name index-volatility-rank)"


def test_percentages_are_spoken_and_digits_kept() -> None:
    rules = tuple(rule for rule in desk.program().rules if rule.name == "take-profit")
    miss = nearest(Program("exit.clp", rules), [position("AAPL", **{"return": "0.024"})], "AAPL", ("exit",))
    assert miss is not None
    assert miss.failing == "return of position AAPL is 2.4 %, and at least 2.5 % is needed (0.1 % missing)"
    assert (miss.value, miss.gap, miss.unit) == ("0.024", "0.001", "fraction of the entry price")


def test_a_strict_bound_is_missed_by_a_step_more() -> None:
    facts = [indicator("AAPL", "ema-50-200", "0"), indicator("AAPL", "adx-14", "30")]
    assert why_not(*facts, goal="trend").gap == "0.0001"


def test_a_computed_comparison_names_its_numbers() -> None:
    stop = fact("protection", instrument="AAPL", stop="107")
    miss = why_not(position("AAPL"), indicator("AAPL", "atr-14", "2"), stop, goal="trail")
    assert (miss.rule, miss.held, miss.value, miss.threshold, miss.gap) == ("trail-long", 3, "106", "107", "1.000001")


def test_nothing_is_missing_where_a_candidate_stands() -> None:
    assert nearest(desk.program(), at_the_end([*market(), *heads("0.9", "0.9", "0.9")]), "AAPL") is None


def test_an_instrument_of_which_nothing_is_known_has_an_answer() -> None:
    assert why_not().rule == "swing-long"


PECULIAR = parse(Path(__file__).with_name("peculiar.clp").read_text(encoding="utf-8"), "peculiar.clp")


@given(desk.few())
def test_every_kind_of_condition_has_words_for_its_failure(facts: list[Fact]) -> None:
    memory = WorkingMemory(facts)
    for rule in PECULIAR.rules:
        miss = nearest(Program(rule.file, (rule,)), memory, "AAPL", ("exit",))
        fires = any(found["i"] == "AAPL" for found in matches(rule, memory))
        assert (miss is None) is fires
        assert miss is None or (miss.held < miss.conditions and miss.failing)


CIRCLE = """
(defrule a "q | s" (setup (instrument ?i) (direction long)) => (assert (trend (instrument ?i) (direction up))))
(defrule b "q | s" (trend (instrument ?i)) => (assert (setup (instrument ?i) (kind volume) (direction long))))
"""


def test_rules_that_need_each_other_come_to_an_end() -> None:
    miss = nearest(parse(CIRCLE, "c.clp"), [], "AAPL", ("trend",))
    assert [one.rule for one in chain(miss)] == ["a", "b"]


@given(desk.facts(), st.sampled_from(desk.INSTRUMENTS))
def test_every_silence_has_a_reason_and_survives_the_record(facts: list[Fact], instrument: str) -> None:
    facts = at_the_end(facts)
    miss = nearest(desk.program(), facts, instrument)
    if any(one.template == "candidate" and one["instrument"] == instrument for one in facts):
        assert miss is None
        return
    assert miss is not None
    assert Miss.from_json(json.loads(json.dumps(miss.to_json()))) == miss
    for one in chain(miss):
        assert 0 <= one.held < one.conditions
        assert "?" not in one.sentence


@given(desk.facts(), st.sampled_from(desk.INSTRUMENTS))
def test_what_is_put_off_changes_no_answer(facts: list[Fact], instrument: str) -> None:
    memory, rules = WorkingMemory.of(at_the_end(facts)), rules_of(desk.program())
    found = nearest(desk.program(), memory, instrument)
    assert rules.deepest is not None
    assert rules.deepest <= DEEPEST
    with patch.dict(rules.__dict__, deepest=None):
        assert nearest(desk.program(), memory, instrument) == found


@given(desk.facts(), st.randoms())
def test_the_order_of_facts_changes_no_answer(facts: list[Fact], chance: object) -> None:
    facts = at_the_end(facts)
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    for goal in ("candidate", "exit", "setup", "trail"):
        one, other = (nearest(desk.program(), some, "AAPL", (goal,)) for some in (facts, shuffled))
        assert one == other


def conclusion(rule: Rule) -> str:
    action = rule.actions[0]
    assert isinstance(action, Assert)
    return action.assertions[0].template


ALONE = [
    (Program(rule.file, (rule,)), conclusion(rule))
    for rule in desk.program().rules
    if not rule.name.startswith(("regime", "consensus", "veto", "trail", "divergence", "pair"))
]
"""The rules that compare a fact's own number with a bound, each by itself."""


def test_closing_the_gap_makes_the_condition_hold() -> None:
    closed: set[str] = set()

    @given(desk.facts())
    def holds(facts: list[Fact]) -> None:
        facts = at_the_end(facts)
        for (alone, goal), instrument in product(ALONE, desk.INSTRUMENTS):
            known = [one for one in facts if one.template != goal]
            before = nearest(alone, known, instrument, (goal,))
            if before is not None and before.gap is not None and "; " not in before.failing:
                after = nearest(alone, [moved(one, before) for one in known], instrument, (goal,))
                assert after is None or after.held > before.held, (before, after)
                closed.add(before.rule)

    holds()
    assert {alone.rules[0].name for alone, _ in ALONE} - {"swing-short"} <= closed  # otherwise nothing was shown


def moved(one: Fact, miss: Miss) -> Fact:
    """The fact the miss speaks of, its value moved by the gap; any other as it is."""
    words = re.match(r"(\S+)(?: of (.+?))? is ", miss.failing)
    assert words
    assert miss.value and miss.threshold and miss.gap
    slot, owner = words[1], words[2] or ""
    shape = vocabulary().templates[one.template]
    key = [str(one[name]) for name in shape.key]
    if one.template == "indicator":
        ours, slot = key == [owner, slot], "value"
    else:
        ours = owner.split() == [one.template, *key]
    if not ours:
        return one
    step = Decimal(miss.gap) * (-1 if "too much" in miss.failing else 1)
    value = one.number(slot) + step
    return admit(one.template, {**dict(one.slots), slot: int(value) if shape.slots[slot].type == "integer" else value})


def test_instruments_may_share_one_memory() -> None:
    facts = at_the_end([*market(), *heads("0.9", "0.5", "0.9")])
    memory = WorkingMemory(facts)
    for instrument in ("AAPL", "IBM", "AAPL"):
        assert nearest(desk.program(), memory, instrument) == nearest(desk.program(), facts, instrument)
