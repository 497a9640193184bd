"""The prover against a reading in Python that knows nothing of Prolog: random policies, random facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tests.knowledge.policy_texts import both_sides, candidate, earnings, policies

Meaning = Callable[[str, dict[str, int]], bool]


@dataclass(frozen=True)
class Goal:
    """A goal about `Side` and the earnings of `I`: as text, and what it means."""

    text: str
    holds: Meaning


def release(bound: int, operator: str, number: int) -> Goal:
    compare = {
        "<": int.__lt__,
        "=<": int.__le__,
        ">": int.__gt__,
        ">=": int.__ge__,
        "=:=": int.__eq__,
        "=\\=": int.__ne__,
    }
    if operator == "known":
        return Goal("earnings(I, _)", lambda side, known: "now" in known)
    name = f"S{number}"
    return Goal(
        f"earnings(I, {name}), {name} {operator} {bound}",
        lambda side, known: "now" in known and compare[operator](known["now"], bound),
    )


def own(goals: list[Goal], number: int) -> Goal:
    """A predicate with one clause for each goal."""
    return Goal(f"p{number}(I, Side)", lambda side, known: any(goal.holds(side, known) for goal in goals))


@st.composite
def goals(draw: st.DrawFn, below: tuple[Goal, ...], depth: int, number: list[int]) -> Goal:
    number[0] += 1
    kind = draw(st.sampled_from(["release", "side", "own", *(["not", "and", "or"] if depth else [])]))
    if kind == "own" and below:
        return draw(st.sampled_from(below))
    if kind == "side":
        wanted = draw(st.sampled_from(["long", "short"]))
        return Goal(f"Side == {wanted}", lambda side, known: side == wanted)
    if kind == "not":
        inner = draw(goals(below, depth - 1, number))
        return Goal(f"\\+ ({inner.text})", lambda side, known: not inner.holds(side, known))
    if kind in ("and", "or"):
        a, b = draw(goals(below, depth - 1, number)), draw(goals(below, depth - 1, number))
        if kind == "and":
            return Goal(f"{a.text}, {b.text}", lambda side, known: a.holds(side, known) and b.holds(side, known))
        return Goal(f"({a.text} ; {b.text})", lambda side, known: a.holds(side, known) or b.holds(side, known))
    return release(
        draw(st.integers(0, 5)), draw(st.sampled_from(["known", "<", "=<", ">", ">=", "=:=", "=\\="])), number[0]
    )


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, dict[str, Goal]]:
    """Predicates p0, p1, … each over those before it, and the reasons that rest on them."""
    number = [0]
    below: tuple[Goal, ...] = ()
    text = ""
    for level in range(draw(st.integers(1, 3))):
        clauses = draw(st.lists(goals(below, 2, number), min_size=1, max_size=3))
        text += f':- sentence(p{level}(I, Side), "p{level} of ~I ~Side").\n'
        # `I = I` keeps a name that a body may not use from looking misspelt.
        text += "".join(f"p{level}(I, Side) :- I = I, Side = Side, {clause.text}.\n" for clause in clauses)
        below = (*below, own(clauses, level))
    reasons = {f"r{place}": draw(goals(below, 1, number)) for place in range(draw(st.integers(1, 3)))}
    for name, goal in reasons.items():
        text += f"forbidden(candidate(I, Side, _, _, _), {name}) :- I = I, Side = Side, {goal.text}.\n"
    return text, reasons


@given(programs(), st.dictionaries(st.sampled_from(["AAPL", "IBM", "MSFT"]), st.integers(0, 6)))
def test_the_prover_agrees_with_a_plain_reading(program, sessions):
    text, reasons = program
    facts = [earnings(name, count) for name, count in sessions.items()]
    for verdict in policies(text).judge(facts, both_sides()):
        known = {"now": sessions[verdict.instrument]} if verdict.instrument in sessions else {}
        expected = {name for name, goal in reasons.items() if goal.holds(verdict.side, known)}
        assert verdict.fault is None
        assert set(verdict.reasons) == expected
        assert verdict.outcome == ("forbidden" if expected else "permitted")


@given(programs(), st.integers(1, 400))
def test_a_smaller_budget_never_permits_more(program, budget):
    judge = policies(program[0]).judge
    (small,), (large,) = judge([], [candidate()], most_inferences=budget), judge([], [candidate()])
    assert small.outcome in ("undetermined", large.outcome)
