"""The absence of a conclusion is read only after every rule that may still reach it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.clips.tree import Program
from knowledge.door import fact
from rules.stages import order_faults

KINDS = ("momentum", "reversion", "volume")
TEMPLATES = {
    "trend": "(trend (instrument ?i) (direction up))",
    "veto": "(veto (instrument ?i) (rule {0}))",
    "exit": "(exit (instrument ?i) (rule {0}))",
    **{kind: f"(setup (instrument ?i) (kind {kind}) (direction long))" for kind in KINDS},
}
ASKED = {
    "trend": "(trend (instrument ?i))",
    "veto": "(veto (instrument ?i))",
    "exit": "(exit (instrument ?i))",
    **{kind: f"(setup (instrument ?i) (kind {kind}))" for kind in KINDS},
}


def rule(name: str, salience: int, conditions: str, conclusion: str) -> str:
    return f"""(defrule {name} "quant | ?i" (declare (salience {salience})) (bar (instrument ?i)) {conditions}
  => (assert {conclusion}))\n"""


def complaints(*rules: str) -> list[str]:
    return [str(fault) for fault in order_faults(parse("".join(rules), "a.clp"))]


VETO = rule("stop", 100, "", "(veto (instrument ?i) (rule stop))")


def test_a_lower_salience_is_asked_for() -> None:
    enter = "(not (veto (instrument ?i)))"
    assert complaints(VETO, rule("enter", 99, enter, "(exit (instrument ?i) (rule enter))")) == []
    (complaint,) = complaints(VETO, rule("enter", 100, enter, "(exit (instrument ?i) (rule enter))"))
    assert complaint == (
        "a.clp:3:81: `enter` asks for the absence of `veto`, which `stop` may still conclude; "
        "declare a salience below 100 here, or raise it there"
    )


def test_rules_that_lead_there_by_others_count() -> None:
    early = rule("early", 5, "", "(trend (instrument ?i) (direction up))")
    stop = rule("stop", 100, "(exists (trend (instrument ?i)))", "(veto (instrument ?i) (rule stop))")
    enter = rule("enter", 10, "(not (veto (instrument ?i)))", "(exit (instrument ?i) (rule enter))")
    (complaint,) = complaints(early, stop, enter)
    assert "which `early` may still conclude; declare a salience below 5 here" in complaint


def test_a_circle_through_an_absence_has_no_meaning() -> None:
    (complaint,) = complaints(rule("odd", 0, "(not (veto (instrument ?i)))", "(veto (instrument ?i) (rule odd))"))
    assert "to which its own conclusion leads" in complaint


def test_forall_asks_for_an_absence_too() -> None:
    every = "(forall (indicator (instrument ?i)) (veto (instrument ?i)))"
    assert len(complaints(VETO, rule("late", 100, every, "(exit (instrument ?i) (rule late))"))) == 1
    assert complaints(VETO, rule("late", 1, every, "(exit (instrument ?i) (rule late))")) == []


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Small programs of rules over one instrument, some of which ask for absences."""
    rules = []
    for number in range(draw(st.integers(2, 6))):
        asked = draw(st.lists(st.tuples(st.sampled_from(sorted(ASKED)), st.booleans()), max_size=3))
        conditions = " ".join(f"(not {ASKED[name]})" if absent else ASKED[name] for name, absent in asked)
        conclusion = TEMPLATES[draw(st.sampled_from(sorted(TEMPLATES)))].format(f"r{number}")
        rules.append(rule(f"r{number}", draw(st.integers(0, 4)), conditions, conclusion))
    return parse("".join(rules), "a.clp")


BAR = fact("bar", instrument="AAPL", session="2011-01-03", open=1, high=1, low=1, close=1, volume=1)


@given(programs(), st.randoms(use_true_random=False))
def test_in_sound_order_the_order_of_rules_does_not_matter(program: Program, random) -> None:
    if order_faults(program):
        return
    first = ClipsImage(program).infer([BAR])
    shuffled = list(program.rules)
    random.shuffle(shuffled)
    other = ClipsImage(Program("a.clp", tuple(shuffled))).infer([BAR])
    assert first.fault is None
    assert set(other.firings) == set(first.firings)
    assert other.derived == first.derived
    # Every firing is still true at the end: no absence it rested on was filled later.
    again = ClipsImage(program).infer([BAR, *first.derived])
    assert {(one.rule, one.matched) for one in again.firings} == {(one.rule, one.matched) for one in first.firings}
