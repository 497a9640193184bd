"""Each trap of CLIPS and clipspy that was met while measuring them, as a regression test."""

from __future__ import annotations

import gc
import sys
from decimal import Decimal
from pathlib import Path

import clips
import numpy as np
import pytest

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.door import Refused, fact
from knowledge.facts import Fact
from knowledge.faults import Faulty
from tests.knowledge.clips_sample import SETUP, TREND, advisory, image, spread

PAGE = 4096
INFINITE = f"(* {'1.0e14 ' * 23})"
"""Overflows to infinity; the difference of two of them is NaN."""


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def without_door(template: str, **slots: object) -> Fact:
    """A fact that no door has seen."""
    return Fact(template, tuple((name.replace("_", "-"), value) for name, value in slots.items()))  # type: ignore[arg-type]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads memory from /proc")
def test_memory_is_flat_over_cycles() -> None:
    """One environment reused with `reset` grew by 100 kB a cycle with facts like these."""
    rules = image(TREND, SETUP)
    facts = [spread(0.1, f"I{number}") for number in range(40)]
    for _ in range(50):
        rules.infer(facts)
    gc.collect()
    before = resident()
    for _ in range(300):
        rules.infer(facts)
    gc.collect()
    assert resident() - before < 4_000_000


def test_nothing_survives_a_cycle() -> None:
    rules = image(TREND, SETUP)
    first = rules.infer([spread(0.1)])
    assert first.derived
    assert rules.infer([]).derived == ()
    assert rules.infer([spread(0.1, "IBM")]).derived == tuple(
        fact(one.template, **{name.replace("-", "_"): "IBM" if value == "AAPL" else value for name, value in one.slots})
        for one in first.derived
    )
    assert rules.infer([spread(0.1)]) == first


def test_a_cycle_with_a_fault_does_not_spoil_the_next() -> None:
    rules = image(
        TREND.replace("(< ?spread 50.0)", "(< (/ 1.0 ?spread) 50.0)").replace("(> ?spread 0.0)", "(>= ?spread 0.0)")
    )
    good = rules.infer([spread(0.1)])
    assert good.fault is None
    assert rules.infer([spread(0.0)]).fault is not None
    assert rules.infer([spread(0.1)]) == good


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_not_a_number_can_not_enter(number: float) -> None:
    """NaN satisfies <, <=, > and >= in CLIPS."""
    with pytest.raises(Refused):
        spread(number)
    odd = without_door("indicator", instrument="AAPL", name="ema-50-200", value=Decimal(number))
    found = image(TREND).infer([odd])
    assert found.derived == ()
    assert found.fault is not None
    assert "`indicator.value` takes a number" in found.fault


@pytest.mark.parametrize("value", [np.float64(0.1), np.int64(1), True, 0.1, 1, "0.1", None])
def test_nearly_right_types_can_not_enter(value: object) -> None:
    """`np.float64` became an external address; reading its slot twice aborted the interpreter."""
    odd = without_door("indicator", instrument="AAPL", name="ema-50-200", value=value)
    found = image(TREND).infer([odd])
    assert found.derived == ()
    assert found.fault is not None
    assert "`indicator.value` takes a number" in found.fault
    if isinstance(value, np.generic):
        with pytest.raises(Refused):
            fact("indicator", instrument="AAPL", name="ema-50-200", value=value)


@pytest.mark.parametrize(
    "odd",
    [
        without_door("indicator", instrument=np.str_("AAPL"), name="ema-50-200", value=Decimal(1)),
        without_door("indicator", instrument="AAPL", name="ema-50-200"),
        without_door("indicator", name="ema-50-200", value=Decimal(1)),
        without_door("indicator", instrument="AAPL", name="ema-50-200", value=Decimal(1), more=1),
        without_door("indicators", instrument="AAPL"),
        without_door("earnings", instrument="AAPL", sessions=10**30),
        without_door("earnings", instrument="AAPL", sessions=True),
        without_door("earnings", instrument="AAPL", sessions=Decimal(3)),
    ],
)
def test_malformed_facts_are_a_fault_and_no_crash(odd: Fact) -> None:
    found = image(TREND).infer([odd, spread(0.1, "IBM")])
    assert (found.derived, found.firings) == ((), ())
    assert found.fault


def test_two_values_for_one_key_are_a_fault() -> None:
    found = image(TREND).infer([spread(0.1), spread(0.2)])
    assert found.fault == "two facts say `indicator(AAPL,ema-50-200)`"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(/ ?spread 0)", "divide by zero"),
        ("(/ ?spread (- ?spread ?spread))", "divide by zero"),
        (f"(* ?spread {INFINITE})", "too large to be rounded"),
        (f"(- {INFINITE} {INFINITE})", "too large to be rounded"),
        ("(round (* ?spread 1.0e14 1.0e14))", "too large to be rounded"),
        ("(integer (* ?spread 1.0e14 1.0e14))", "too large to be rounded"),
    ],
)
def test_an_error_in_an_action_is_a_fault(expression: str, words: str) -> None:
    """`run` returns normally; the error shows on the router alone, and half of the actions are done."""
    rule = f"""
(defrule odd "quant | ?i"
  (indicator (instrument ?i) (value ?spread))
  => (assert (veto (instrument ?i) (rule odd)) (trail (instrument ?i) (rule odd) (stop {expression}))))
"""
    found = image(rule).infer([spread(0.1)])
    assert (found.derived, found.firings) == ((), ())
    assert found.fault is not None
    assert words in found.fault


@pytest.mark.parametrize("test", ["(> (/ 1 (- ?v ?v)) 0)", "(> (round (* ?v 1.0e14 1.0e14)) 0)"])
def test_an_error_in_a_condition_is_a_fault(test: str) -> None:
    """The same for conditions, which meet it while facts are asserted, before anything runs."""
    rule = f'(defrule odd "quant | ?i" (indicator (instrument ?i) (value ?v&:{test})) => (assert (regime (name bull))))'
    found = image(rule).infer([spread(0.1)])
    assert found.derived == ()
    assert found.fault
    heard, given = image(rule), [spread(0.1)]
    heard.hear(given)
    assert heard.infer(given) == found
    assert heard.infer([]).fault is None


@pytest.mark.parametrize("heard", [Fact("unheard-of", ()), Fact("indicator", ()), Fact("veto", (("rule", "a"),))])
def test_what_can_not_be_heard_is_a_fault_of_the_cycle_that_rests_on_it(heard: Fact) -> None:
    rules, good = image(TREND), spread(0.1)
    rules.hear([heard])
    rules.hear([good])
    assert rules.infer([good]) == image(TREND).infer([good])
    rules.hear([good, heard])
    assert rules.infer([good, heard]) == image(TREND).infer([good, heard])
    assert rules.infer([good, heard]).fault


def test_integer_overflow_can_not_pass_for_a_number() -> None:
    """64-bit products wrap around without a word. The door bounds integers; the rulebook refuses such products."""
    with pytest.raises(Refused):
        fact("earnings", instrument="AAPL", sessions=10**18)


def test_writing_elsewhere_is_a_fault() -> None:
    rule = '(defrule loud "quant | ?i" (indicator (instrument ?i)) => (printout {} "words" crlf))'
    assert "unknown line `words`" in str(image(rule.format("t")).infer([spread(0.1)]).fault)
    assert "words" in str(image(rule.format("stdwrn")).infer([spread(0.1)]).fault)
    assert "nowhere" in str(image(rule.format("nowhere")).infer([spread(0.1)]).fault)


def test_nothing_reaches_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    image('(defrule odd "q | s" (indicator (value ?v)) (test (> (/ 1 0) ?v)) => (assert (regime (name bull))))').infer(
        [spread(0.1)]
    )
    with pytest.raises(Faulty):
        image('(defrule odd "q | s" (indicator (value ?v)) => (unheard-of ?v))')
    assert capfd.readouterr() == ("", "")


def test_an_endless_loop_is_bounded() -> None:
    endless = """
(defrule start "quant | ?i" (indicator (instrument ?i)) =>
  (assert (opinion (instrument ?i) (head h) (direction long) (share 0.0))))
(defrule more "quant | ?i" (opinion (instrument ?i) (share ?s)) =>
  (assert (opinion (instrument ?i) (head h) (direction long) (share (+ ?s 0.00000001)))))
"""
    found = image(endless).infer([spread(0.1)], most_firings=500)
    assert (found.derived, found.firings) == ((), ())
    assert found.fault == "the rules did not come to an end within 500 firings"


def test_contradicting_conclusions_are_a_fault() -> None:
    rule = '(defrule {0} "quant | ?i" (indicator (instrument ?i)) => (assert (trend (instrument ?i) (direction {0}))))'
    found = image(rule.format("up"), rule.format("down")).infer([spread(0.1)])
    assert found.derived == ()
    assert found.fault is not None
    assert "contradict each other about `trend(AAPL)`" in found.fault
    assert "`direction` is " in found.fault
    against_given = image(rule.format("up")).infer([spread(0.1), fact("trend", instrument="AAPL", direction="down")])
    assert "contradict each other about `trend(AAPL)`" in str(against_given.fault)


def test_what_the_door_refuses_is_a_fault() -> None:
    """Binary images do not check ranges and allowed symbols; the door does."""
    odd_symbol = TREND.replace("(direction up)", "(direction sideways)")
    assert "takes one of `down`, `up`, not `sideways`" in str(image(odd_symbol).infer([spread(0.1)]).fault)
    rule = '(defrule big "quant | ?i" (advisory (instrument ?i) (head ?h) (direction ?d) (conviction ?c)) => '
    rule += "(assert (opinion (instrument ?i) (head ?h) (direction ?d) (share (+ ?c 1.0)))))"
    assert "lies in [0, 1], and 1.5 does not" in str(image(rule).infer([advisory("h", 0.5)]).fault)


def test_a_wrong_type_is_met_at_run_time_too() -> None:
    """Dynamic constraint checking is on: the image keeps the slot types."""
    rule = '(defrule odd "quant | ?i" (advisory (instrument ?i) (conviction ?c)) => '
    rule += "(assert (veto (instrument ?i) (rule ?c))))"
    found = image(rule).infer([advisory("h", 0.5)])
    assert found.derived == ()
    assert found.fault


@pytest.mark.parametrize("source", [TREND.replace("(trend ", "(trned "), TREND.replace("(quality ", "(qualty ")])
def test_a_misspelt_template_is_refused(source: str) -> None:
    """CLIPS would take it for a new template."""
    with pytest.raises(Faulty) as error:
        image(source)
    assert "trned" in str(error.value) or "qualty" in str(error.value)


def test_a_misspelt_template_without_slots_is_refused() -> None:
    with pytest.raises(Faulty, match="CLIPS and the rulebook disagree about `qualty`; check the spelling"):
        image(TREND.replace("(quality (instrument ?i))", "(qualty)"))


@pytest.mark.parametrize(
    "conditions",
    [
        "(not (quality (instrument AAPL)))",
        "(not (quality (instrument AAPL))) (indicator (instrument ?i))",
        "(test (< 1 2))",
        "(test (< 1 2)) (indicator (instrument ?i))",
        "(forall (bar (instrument ?i)) (quality (instrument ?i)))",
    ],
)
def test_a_rule_that_begins_with_an_absence_fires(conditions: str) -> None:
    """In an environment filled from a binary image such rules stay dead until `reset` primes them."""
    rule = f'(defrule first "quant | s" {conditions} => (assert (regime (name range))))'
    assert [one.ref for one in image(rule).infer([spread(0.1)]).derived] == ["regime()"]


def test_one_bad_rule_spoils_all() -> None:
    """A failed `load` leaves the good half loaded; here every bad rule is named and nothing is built."""
    bad = '(defrule {} "quant | s" (indicator (value ?v)) => (unheard-of ?v))'
    with pytest.raises(Faulty) as error:
        image(TREND, bad.format("one"), SETUP, bad.format("two"))
    assert [one.message.split("`")[1] for one in error.value.faults] == ["one", "two"]


def test_two_rules_of_one_name_are_refused() -> None:
    """CLIPS would replace the first by the second in silence."""
    with pytest.raises(Faulty, match="the rule `trend-up` is defined twice"):
        image(TREND, TREND)


def test_alternatives_among_conditions_are_refused() -> None:
    """CLIPS makes a rule of each, all of one name, and the trace does not say which fired."""
    source = '(defrule odd "quant | s" (or (bar (close ?c)) (indicator (value ?c))) => (assert (regime (name bull))))'
    with pytest.raises(Faulty, match="write a rule for each alternative"):
        image(source)


def test_close_floats_are_told_apart() -> None:
    """Pretty-printing shows 0.30000000000000004 as 0.3; values are read from the engine, never from its print."""
    rule = '(defrule copy "quant | ?i" (position (instrument ?i) (best-close ?b)) => '
    rule += "(assert (trail (instrument ?i) (rule copy) (stop ?b))))"
    digits = "99999999999.9999"
    position = fact(
        "position",
        instrument="AAPL",
        side="long",
        quantity="1",
        entry_price="1",
        **{"return": "0"},
        best_close=digits,
        sessions_held="1",
        horizon="swing",
        strategy="s",
    )
    (trail,) = image(rule).infer([position]).derived
    assert trail["stop"] == Decimal(digits)


def test_a_lost_image_is_a_fault() -> None:
    rules = image(TREND)
    rules._folder.cleanup()
    found = rules.infer([spread(0.1)])
    assert found.derived == ()
    assert "image of the rulebook" in str(found.fault)


def test_the_image_goes_with_its_owner() -> None:
    rules = image(TREND)
    path = Path(rules._path)
    assert path.exists()
    del rules
    gc.collect()
    assert not path.parent.exists()


def test_environments_are_freed_without_the_garbage_collector() -> None:
    """Bound-method callbacks keep an environment alive (1.8 MB each)."""
    rules = image(TREND)
    rules.infer([spread(0.1)])
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(one, clips.Environment) for one in gc.get_objects())
        for _ in range(5):
            rules.infer([spread(0.1)])
        assert sum(isinstance(one, clips.Environment) for one in gc.get_objects()) == before
    finally:
        gc.enable()


def test_strange_text_stays_text() -> None:
    """Strings with quotes, backslashes and line-like text must not disturb the trace."""
    rule = '(defrule a "quant | ?r" (abstention (instrument ?i) (reason ?r&~"")) => '
    rule += "(assert (veto (instrument ?i) (rule a))))"
    odd = fact("abstention", instrument="AAPL", head="h", reason='FIRE 1 x: f-1 " \\ (a) ; ? ü 漢')
    found = image(rule).infer([odd])
    assert found.fault is None
    assert found.firings[0].matched == ("abstention(AAPL,h)",)


def test_parse_keeps_the_source_that_is_built() -> None:
    (rule,) = parse(TREND, "a.clp").rules
    assert rule.text == TREND.strip()
    assert ClipsImage(parse(rule.text, "b.clp")).infer([spread(0.1)]) == image(TREND).infer([spread(0.1)])
