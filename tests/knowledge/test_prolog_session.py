"""Verdicts: their promises over random facts, the shape of their proofs, and every way to give up."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import door
from knowledge.facts import Fact
from knowledge.prolog.session import PolicyVerdict, PrologPolicies, ProofNode
from knowledge.values import canonical
from tests.knowledge.policy_texts import (
    ROOT,
    UNIVERSE,
    both_sides,
    candidate,
    earnings,
    forbidding,
    knowledge_of,
    policies,
    shipped_sources,
    worlds,
)

SHIPPED = PrologPolicies(shipped_sources())
REASONS = sum(text.count("\nforbidden(") for _, text in shipped_sources())


def written(verdicts: tuple[PolicyVerdict, ...]) -> bytes:
    return canonical([verdict.to_json() for verdict in verdicts])


@given(worlds(), st.randoms(use_true_random=False))
def test_facts_in_any_order_give_the_same_bytes(world, order):
    shuffled = list(world)
    order.shuffle(shuffled)
    assert written(SHIPPED.judge(world, both_sides())) == written(SHIPPED.judge(shuffled, both_sides()))


@given(worlds(), worlds())
def test_nothing_survives_from_one_cycle_to_the_next(first, second):
    alone = written(SHIPPED.judge(first, both_sides()))
    SHIPPED.judge(second, both_sides())
    assert written(SHIPPED.judge(first, both_sides())) == alone


@given(worlds(), worlds(), st.integers(0, 9))
def test_what_is_heard_before_changes_no_verdict(world, other, count):
    alone = written(SHIPPED.judge(world, both_sides()))
    SHIPPED.hear([*world[:count], *other])
    assert written(SHIPPED.judge(world, both_sides())) == alone
    SHIPPED.forget()
    assert written(SHIPPED.judge(world, both_sides())) == alone


@given(worlds(), knowledge_of("ZZZ"))
def test_an_unrelated_fact_changes_no_verdict(world, unrelated):
    more = [*world, *unrelated, door.fact("trend", instrument="AAPL", direction="up")]
    assert written(SHIPPED.judge(more, both_sides())) == written(SHIPPED.judge(world, both_sides()))


@given(worlds())
def test_a_candidate_is_judged_as_if_it_were_alone(world):
    together = SHIPPED.judge(world, both_sides())
    alone = tuple(SHIPPED.judge(world, [one])[0] for one in both_sides())
    assert together == alone


@given(worlds())
def test_a_permission_lists_every_reason_that_failed(world):
    for verdict in SHIPPED.judge(world, both_sides()):
        if verdict.outcome == "permitted":
            (proof,) = verdict.proofs
            (negation,) = proof.children
            assert (proof.status, negation.status) == ("holds", "holds")
            assert negation.goal.startswith("\\+ forbidden(")
            assert len(negation.children) == REASONS
            for clause in negation.children:
                assert clause.status == "fails"
                assert clause.children[-1].status in ("fails", "absent")


COMPARISONS = {
    "=<": lambda a, b: int(a) <= int(b),
    "@=<": lambda a, b: a.strip("'") <= b.strip("'"),
    "==": lambda a, b: a == b,
}


def checked_again(node: ProofNode) -> None:
    """A stranger's check of one node: its status follows from its children, or from its own values."""
    below = [child.status == "holds" for child in node.children]
    words = node.goal.split(" ")
    if node.goal.startswith("\\+ "):
        assert below
        assert (node.status == "holds") != below[-1]
    elif len(words) == 3 and words[1] in COMPARISONS:
        assert (node.status == "holds") == COMPARISONS[words[1]](words[0], words[2])
    elif node.status == "holds":
        assert all(below)
    elif node.status == "fails" and node.goal.startswith("reference"):
        assert below == [True], "a fact with the same key and other values"
    elif node.status == "fails":
        assert not below[-1]
    else:
        assert below == []
    for child in node.children:
        checked_again(child)


@given(worlds())
def test_a_stranger_can_check_every_node(world):
    for verdict in SHIPPED.judge(world, both_sides()):
        assert verdict.proofs
        for proof in verdict.proofs:
            checked_again(proof)


@given(worlds())
def test_a_refusal_proves_each_reason(world):
    for verdict in SHIPPED.judge(world, both_sides()):
        assert (verdict.outcome == "forbidden") == bool(verdict.reasons)
        if verdict.outcome == "forbidden":
            assert len(verdict.proofs) == len(verdict.reasons)
            for proof, reason in zip(verdict.proofs, verdict.reasons, strict=True):
                assert proof.status == "holds"
                assert proof.goal.startswith("forbidden(candidate(") and proof.goal.endswith(f", {reason})")
                assert all(child.status == "holds" for child in proof.children)


@given(worlds())
def test_facts_in_a_proof_are_facts_of_the_snapshot(world):
    known = {f"{fact.template}({fact['instrument']}" for fact in world}
    for verdict in SHIPPED.judge(world, both_sides()):
        for proof in verdict.proofs:
            for node in proof.walk():
                if node.source == "snapshot":
                    assert node.goal.replace("'", "").split(",")[0] in known
                    assert node.status == "holds"


def test_verdicts_come_in_the_order_of_the_candidates():
    asked = [candidate("IBM"), candidate("AAPL", "short"), candidate("AAPL")]
    verdicts = SHIPPED.judge([], asked)
    assert [(one.instrument, one.side) for one in verdicts] == [("IBM", "long"), ("AAPL", "short"), ("AAPL", "long")]
    assert SHIPPED.judge([], []) == ()


def test_verdicts_survive_the_record():
    world = [earnings("AAPL", 2), earnings("IBM", 20)]
    for verdict in (*SHIPPED.judge(world, both_sides()), *forbidding("Side < 1").judge([], [candidate()])):
        assert PolicyVerdict.from_json(verdict.to_json()) == verdict
        canonical(verdict.to_json())


@pytest.mark.parametrize(("field", "value"), [("outcome", "perhaps"), ("proofs", [{"status": "maybe"}])])
def test_a_record_that_says_something_else_is_refused(field, value):
    record = SHIPPED.judge([], [candidate()])[0].to_json() | {field: value}
    with pytest.raises(ValueError):
        PolicyVerdict.from_json(record)


# Giving up ----------------------------------------------------------------------------------------------------------

CIRCLE = ':- sentence(loop(X), "round ~X").\nloop(X) :- loop(X).\n'
WIDE = f"L = [{','.join(map(str, range(200)))}], member(A, L), member(B, L), member(C, L), A + B + C > 9999"

GIVES_UP = {
    "an unbound variable in an order": ("X @< Y, X = Y", "unbound(@<)"),
    "an unbound variable in arithmetic": ("X < 3, X = 1", "unbound(arithmetic)"),
    "an unbound variable in an equality": ("X == Y, X = Y", "unbound(==)"),
    "an unbound variable under a negation": ("\\+ earnings(X, _), X == Side", "unbound(\\+)"),
    "two kinds of value": ('Name = "long", Side == Name', 'incomparable(long,"long")'),
    "an order of unlike values": ("Number = 3, Side @< Number", "incomparable(long,3)"),
    "a symbol in arithmetic": ("Side < 3", "type_error(evaluable,long/0)"),
    "a division by nothing": ("X = 0, 1 / X < 3", "evaluation_error(zero_divisor)"),
    "a member of no list": ("L = 3, member(Side, L)", "unbound(member)"),
}


@pytest.mark.parametrize(("body", "fault"), GIVES_UP.values(), ids=GIVES_UP)
def test_where_prolog_would_guess_the_verdict_is_undetermined(body, fault):
    (verdict,) = forbidding(body).judge([], [candidate()])
    assert (verdict.outcome, verdict.proofs) == ("undetermined", ())
    assert verdict.fault == f"the policies could not be followed: `{fault}`"


def test_a_circle_is_given_up_and_the_others_are_judged():
    judge = policies(f"forbidden(candidate(_, Side, _, _, _), r) :- Side == long, loop(1).\n{CIRCLE}").judge
    long, short = judge([], [candidate(), candidate(side="short")])
    assert long.outcome == "undetermined"
    assert "60 goals deep" in str(long.fault)
    assert short.outcome == "permitted"


def test_inferences_are_counted_and_the_others_are_judged():
    judge = forbidding(f"Side == long, {WIDE}").judge
    first = judge([], [candidate(), candidate(side="short")], most_inferences=20_000)
    assert first == judge([], [candidate(), candidate(side="short")], most_inferences=20_000)
    assert first[0].fault == "the policies took more than 20000 inferences"
    assert [one.outcome for one in first] == ["undetermined", "permitted"]


def test_the_count_is_the_same_in_another_process():
    """The smallest sufficient budget is a property of text and facts, not of the machine's state."""
    search = (
        "from tests.knowledge.policy_texts import *\n"
        "judge = PrologPolicies(shipped_sources()).judge\n"
        "few, many = 1, 100_000\n"
        "while few < many:\n"
        "    middle = (few + many) // 2\n"
        "    enough = judge([], [candidate()], most_inferences=middle)[0].outcome != 'undetermined'\n"
        "    few, many = (few, middle) if enough else (middle + 1, many)\n"
        "print(few)\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", prefix + search], cwd=ROOT, capture_output=True, text=True, check=True)
        for prefix in (
            "",
            "from tests.knowledge.policy_texts import *\nforbidding('Side == long').judge([], both_sides())\n",
        )
    ]
    assert runs[0].stdout == runs[1].stdout
    assert 1 < int(runs[0].stdout) < 100_000


def test_a_candidate_that_nothing_permits_is_forbidden():
    text = (
        ':- sentence(permitted(C), "~C is permitted").\n'
        "permitted(candidate(_, Side, _, _, _)) :- Side == short.\n"
        ':- sentence(forbidden(C, Reason), "~C is forbidden: ~Reason").\n'
        "forbidden(candidate(_, _, intraday, _, _), r).\n"
    )
    (verdict,) = PrologPolicies([("p.pl", text)]).judge([], [candidate()])
    assert (verdict.outcome, verdict.reasons) == ("forbidden", ("not_permitted",))
    assert verdict.proofs[0].children[0].sentence == "side long is not short"


def test_policies_that_permit_and_forbid_are_undetermined():
    text = (
        ':- sentence(permitted(C), "~C is permitted").\npermitted(_).\n'
        ':- sentence(forbidden(C, Reason), "~C is forbidden: ~Reason").\nforbidden(_, r).\n'
    )
    (verdict,) = PrologPolicies([("p.pl", text)]).judge([], [candidate()])
    assert verdict.outcome == "undetermined"
    assert "contradiction" in str(verdict.fault)


def test_a_reason_that_names_nothing_is_undetermined():
    (verdict,) = policies("forbidden(_, _).\n").judge([], [candidate()])
    assert "unknown_reason" in str(verdict.fault)


# Exactness ----------------------------------------------------------------------------------------------------------


@given(st.integers(-(10**12), 10**12), st.integers(0, 6), st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_numbers_compare_as_exact_decimals(a, a_places, b, b_places):
    left, right = Decimal(a).scaleb(-a_places), Decimal(b).scaleb(-b_places)
    low, high = (f"{n.as_integer_ratio()[0]}r{n.as_integer_ratio()[1]}" for n in (left, right))
    (verdict,) = forbidding(f"X = {low}, Y = {high}, X < Y").judge([], [candidate()])
    assert (verdict.outcome == "forbidden") == (left < right)


@pytest.mark.parametrize("instrument", UNIVERSE)
@given(sessions=st.integers(0, 400))
def test_the_comparison_carries_its_values(instrument: str, sessions: int):
    facts: list[Fact] = [earnings(instrument, sessions)]
    body = "earnings(Instrument, SessionsToEarnings), SessionsToEarnings * 2 =< 7"
    (verdict,) = forbidding(body).judge(facts, [candidate(instrument)])
    (last,) = [node for proof in verdict.proofs for node in proof.walk() if node.goal == f"{sessions * 2} =< 7"]
    sign = "≤" if sessions * 2 <= 7 else ">"
    assert last.sentence == f"{sessions * 2} (sessions to earnings * 2) {sign} 7"


def test_a_policy_looks_into_a_list() -> None:
    known = [door.fact("correlations", instrument="AAPL", others=["IBM", "MSFT"], values=["0.5", "-0.25"])]
    for value, outcome in {"1r2": "forbidden", "-1r4": "forbidden", "1r4": "permitted"}.items():
        found = forbidding(f"correlations(Instrument, Others, Values), member('IBM', Others), member({value}, Values)")
        assert found.judge(known, [candidate()])[0].outcome == outcome
