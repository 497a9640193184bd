"""What an inference says: derived facts, and which rule concluded them from what."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import clips
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.build import deftemplate
from knowledge.clips.native import assert_facts
from knowledge.clips.session import ClipsImage, Firing, Inference
from knowledge.clips.text import parse
from knowledge.clips.tree import Program
from knowledge.door import fact
from knowledge.facts import Fact, ordered
from knowledge.faults import Faulty
from knowledge.templates import vocabulary
from rules.matching import matches
from rules.rulebook import read_rulebook
from tests.knowledge.clips_sample import SETUP, TREND, advisory, image, spread

ROOT = Path(__file__).parents[2]
OPINION = """
(defrule opinion
  "quant | ?h says ?d on ?i"
  (advisory (instrument ?i) (head ?h) (direction ?d&long|short) (conviction ?c) (weight ?w))
  => (assert (opinion (instrument ?i) (head ?h) (direction ?d) (share (* ?c ?w)))))
"""


def test_a_derivation_names_facts_and_conclusions() -> None:
    found = image(TREND, SETUP).infer([spread(0.1)])
    trend, momentum, volume = "trend(AAPL)", "setup(AAPL,momentum,long)", "setup(AAPL,volume,long)"
    assert found.fault is None
    assert [one.ref for one in found.derived] == [momentum, volume, trend]
    assert found.firings == (
        Firing("trend-up", ("indicator(AAPL,ema-50-200)", None, None), (trend,)),
        Firing("setup-momentum", (trend,), (momentum,)),
        Firing("setup-volume", (trend,), (momentum, volume)),
    )


def test_what_was_known_already_is_supported_and_not_derived() -> None:
    trend = fact("trend", instrument="AAPL", direction="up")
    found = image(TREND).infer([spread(0.1), trend])
    assert found == Inference((), (Firing("trend-up", ("indicator(AAPL,ema-50-200)", None, None), (trend.ref,)),), None)


def test_no_fact_no_firing() -> None:
    assert image(TREND, SETUP).infer([]) == Inference((), (), None)
    blocked = [spread(0.1), fact("quality", instrument="AAPL", issue="stale", detail="3 sessions old")]
    assert image(TREND, SETUP).infer(blocked) == Inference((), (), None)


def test_numbers_are_on_their_grid_inside_working_memory() -> None:
    """0.1 × 3 is 0.30000000000000004 in binary: downstream, a comparison with 0.3 must see 0.3."""
    downstream = """
(defrule at-most "quant | ?h" (opinion (instrument ?i) (head ?h) (share ?s&:(<= ?s 0.3)))
  => (assert (veto (instrument ?i) (rule at-most))))
(defrule above "quant | ?h" (opinion (instrument ?i) (head ?h) (share ?s&:(> ?s 0.3)))
  => (assert (veto (instrument ?i) (rule above))))
"""
    threefold = OPINION.replace("(* ?c ?w)", "(* ?c 3.0)")
    found = image(threefold, downstream).infer([advisory("a", 0.1)])
    assert [one.ref for one in found.derived] == ["opinion(AAPL,a)", "veto(AAPL,at-most)"]
    assert found.derived[0]["share"] == Decimal("0.3")


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_derived_number_is_the_nearest_on_its_grid(conviction: int, weight: int) -> None:
    found = IMAGE.infer([advisory("a", conviction / 10_000, weight / 10_000)])
    # At most eight decimals: the exact product is on the grid.
    assert [one["share"] for one in found.derived] == [Decimal(conviction) * Decimal(weight) / 10**8]


IMAGE = image(OPINION)


def test_a_file_of_several_patterns_with_groups_keeps_them_apart() -> None:
    source = """
(defrule pair "quant | ?a and ?b"
  (test (< 1 2))
  (advisory (instrument ?i) (head ?a))
  (exists (indicator (instrument ?i)))
  (forall (head (head ?a)) (abstention (head ?a)))
  (not (and (bar (instrument ?i) (close ?c)) (test (> ?c 5.0))))
  (advisory (instrument ?i) (head ?b&~?a))
  => (assert (veto (instrument ?i) (rule pair))))
"""
    found = image(source).infer([advisory("x", 0.5), advisory("y", 0.5), spread(0.1)])
    one, other = "advisory(AAPL,x)", "advisory(AAPL,y)"
    assert [firing.matched for firing in found.firings] == [
        (None, one, None, None, None, other),
        (None, other, None, None, None, one),
    ]


BOOK = read_rulebook(ROOT).program
BOOK_IMAGE = ClipsImage(BOOK)
MEASURES = ("ema-50-200", "adx-14", "rsi-14", "zscore-20", "momentum-63", "macd-histogram", "volume-ratio", "atr-14")
INDEX = ("index-ema-200-distance", "index-momentum-63", "index-volatility-rank")


@st.composite
def snapshots(draw: st.DrawFn) -> list[Fact]:
    """Facts near the thresholds of the book, often on them."""
    levels = st.sampled_from([-0.05, -0.0001, 0.0, 0.0001, 0.05, 0.7, 0.75, 0.9, 1.0])
    facts = [fact("market", name=name, value=draw(levels)) for name in INDEX[:2] if draw(st.booleans())]
    facts.append(fact("market", name=INDEX[2], value=abs(draw(levels))))
    for name in ("AAPL", "IBM"):
        for measure in MEASURES:
            value = draw(st.none() | levels)
            if value is not None:
                value = abs(value) if measure in ("adx-14", "rsi-14", "volume-ratio", "atr-14") else value
                facts.append(fact("indicator", instrument=name, name=measure, value=value))
        facts += [advisory(head, draw(levels.map(abs)), 0.25, name) for head in ("a", "b", "c", "d")]
        if draw(st.booleans()):
            stop, best = draw(st.floats(1, 9)), draw(st.floats(9, 12))
            facts.append(fact("protection", instrument=name, stop=stop))
            facts.append(_position(name, draw(st.sampled_from(["long", "short"])), best, draw(st.integers(0, 9))))
    return facts


def _position(instrument: str, side: str, best: float, held: int) -> Fact:
    return fact(
        "position",
        instrument=instrument,
        side=side,
        quantity=10,
        entry_price=10,
        **{"return": 0.01},
        best_close=best,
        sessions_held=held,
        horizon="swing",
        strategy="s",
    )


@given(snapshots(), st.randoms(use_true_random=False))
def test_permuted_facts_and_rules_give_the_same_inference(facts: list[Fact], random) -> None:
    first = BOOK_IMAGE.infer(facts)
    assert first.fault is None
    random.shuffle(facts)
    assert BOOK_IMAGE.infer(facts) == first
    shuffled = list(BOOK.rules)
    random.shuffle(shuffled)
    other = ClipsImage(Program("rules.clp", tuple(shuffled))).infer(facts)
    assert other.derived == first.derived
    assert set(other.firings) == set(first.firings)


@given(snapshots(), st.integers(0, 9), st.booleans(), st.randoms(use_true_random=False))
def test_what_is_heard_before_changes_no_inference(facts: list[Fact], last: int, shuffled: bool, random) -> None:
    """In order, in disorder, of this snapshot or of another: the same as where nothing is heard."""
    expected = BOOK_IMAGE.infer(facts)
    told = list(ordered([one for one in facts if one.template not in ("position", "protection")]))
    heard = list(told)
    if shuffled:
        random.shuffle(heard)
    if last == 0:
        heard.append(spread(0.5, "ZZZ"))
    while heard:
        count = random.randint(1, len(heard))
        BOOK_IMAGE.hear(heard[:count])
        heard = heard[count:]
        if last == 1:
            break
    rest = [one for one in facts if one not in told]
    assert BOOK_IMAGE.infer([*told, *rest]) == expected
    assert BOOK_IMAGE.infer(facts) == expected


def test_what_is_heard_in_order_is_in_working_memory_by_then() -> None:
    rules = image(TREND)
    first, second, third = spread(0.1, "A"), spread(0.2, "B"), spread(0.3, "C")
    for one in (first, second):
        rules.hear([one])
    begun = rules._next
    assert begun is not None
    assert len(begun.refs) == 2
    assert len(rules.infer([first, second, third]).derived) == 3
    assert rules._spent is begun
    rules.hear([second])
    rules.hear([first])
    assert len(rules.infer([first, second]).derived) == 2
    assert rules._spent is not begun


@given(snapshots())
def test_a_rule_fires_as_often_as_its_conditions_hold_at_the_end(facts: list[Fact]) -> None:
    """The oracle is a reader of the same rules that shares nothing with CLIPS (rules/matching.py)."""
    found = BOOK_IMAGE.infer(facts)
    memory = [*facts, *found.derived]
    for rule in BOOK.rules:
        assert sum(one.rule == rule.name for one in found.firings) == len(matches(rule, memory)), rule.name


CONDITIONS = (
    "(indicator (instrument ?i) (name ema-50-200) (value ?v))",
    "(indicator (instrument ?j) (name ?n) (value ?w&~0.0))",
    "(advisory (instrument ?i) (head ?h&a|b) (conviction ?c&:(>= ?c 0.7)))",
    "(test (< 1 2))",
    "(not (position (instrument AAPL)))",
    "(not (and (position (instrument ?k)) (protection (instrument ?k))))",
    "(exists (advisory (instrument AAPL) (conviction ?d&:(> ?d 0.75))))",
    "(forall (position (instrument ?l)) (protection (instrument ?l) (stop ?s&:(> ?s 2.0))))",
    "(not (or (market (name index-momentum-63) (value 0.05)) (position (side short))))",
)


@given(st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=5), st.lists(snapshots(), min_size=1, max_size=3))
def test_any_order_of_conditions_means_what_the_oracle_says(conditions: list[str], cycles: list[list[Fact]]) -> None:
    source = f'(defrule any "quant | s" {" ".join(conditions)} => (assert (regime (name range))))'
    program = parse(source, "a.clp")
    rules = ClipsImage(program)
    for facts in cycles:
        found = rules.infer(facts)
        assert found.fault is None
        assert len(found.firings) == len(matches(program.rules[0], facts))


@given(snapshots())
def test_every_conclusion_rests_on_facts_that_are_there(facts: list[Fact]) -> None:
    found = BOOK_IMAGE.infer(facts)
    given_refs = {one.ref for one in facts}
    supported = {ref for firing in found.firings for ref in firing.concluded}
    assert {one.ref for one in found.derived} == supported - given_refs
    assert {ref for firing in found.firings for ref in firing.matched if ref} <= given_refs | supported
    assert found.derived == ordered(found.derived)


def test_clips_refusing_a_rule_is_a_fault_with_a_place() -> None:
    source = "\n" + TREND.replace("(test (< ?spread 50.0))", "(test (unheard-of ?spread))")
    with pytest.raises(Faulty) as error:
        ClipsImage(parse(source, "a.clp"))
    (complaint,) = error.value.faults
    assert (complaint.file, complaint.line, complaint.column) == ("a.clp", 3, 1)
    assert "CLIPS refuses the rule `trend-up`" in complaint.message
    assert "unheard-of" in complaint.message


def test_a_rulebook_without_rules_infers_nothing() -> None:
    assert ClipsImage(Program("a.clp", ())).infer([spread(0.1)]) == Inference((), (), None)


MARKED = """
(defrule marked "quant | ?i" (correlations (instrument ?i)) => (assert (trend (instrument ?i) (direction up))))
"""


def test_a_list_is_handed_over_value_by_value() -> None:
    """A rule of a rulebook can not look into it; the engine can, and finds the list as it was."""
    lists = fact("correlations", instrument="AAPL", others=["IBM", "MSFT"], values=["0.5", "-0.25"])
    assert [one.ref for one in image(MARKED).infer([lists]).derived] == ["trend(AAPL)"]
    inside = MARKED.replace("?i))", "?i) (others $? IBM ?after) (values ?v&:(= ?v 0.5) -0.25))", 1)
    environment = clips.Environment()
    environment.build(deftemplate(vocabulary().templates["correlations"]))
    environment.build(deftemplate(vocabulary().templates["trend"]))
    environment.build(inside)
    assert_facts(environment, {lists.ref: lists}, vocabulary())
    assert environment.run() == 1


@pytest.mark.parametrize("values", ["0.5", (0.5,), ("0.5",), [Decimal("0.5")], (Decimal("NaN"),)])
@pytest.mark.parametrize("source", [MARKED, TREND], ids=["a rule reads it", "no rule reads it"])
def test_what_is_no_list_of_the_slot_is_undetermined(values: object, source: str) -> None:
    """The door lets none of these in; whoever goes round it is refused here."""
    odd = Fact("correlations", (("instrument", "A"), ("others", ("B",)), ("values", values)))  # type: ignore[arg-type]
    assert "`correlations.values` takes a" in str(image(source).infer([odd]).fault)
