"""Z3 as a reader of text: strict answers, counted budget, no memory from one script to the next."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from unittest.mock import patch

import pytest
import z3

from engine.proof import solver
from engine.proof.solver import Answer, Nonsense, answers, version

PIGEONS = 9


BUDGET = "(set-option :rlimit 100000)"


def said(output: str) -> list[Answer]:
    with patch.object(z3, "Z3_eval_smtlib2_string", return_value=output):
        return answers(BUDGET)


def ask(script: str) -> list[Answer]:
    return answers(BUDGET + script)


def test_answers_come_in_the_order_of_the_questions() -> None:
    found = ask("""
        (set-logic QF_LRA) (declare-const x Real)
        (push 1) (assert (and (< 1.0 x) (< x 1.0))) (check-sat) (pop 1)
        (push 1) (assert (= (* 3.0 x) (- 2.0))) (check-sat) (get-value (x)) (pop 1)
    """)
    assert found == [Answer("unsat"), Answer("sat", (("x", Fraction(-2, 3)),))]


SOLVED = """
    (set-logic QF_LRA) (declare-const x Real)
    (push 1) (assert (= (* 3.0 x) (- 2.0))) (check-sat) (get-value (x)) (pop 1)
"""


def test_a_context_made_ahead_answers_one_script_as_one_made_for_it_does() -> None:
    plain = ask(SOLVED)
    solver.prepare()
    solver.prepare()
    made = solver._ahead[0]
    assert ask(SOLVED) == plain
    assert (solver._ahead, solver._spent) == ([], [made])
    assert ask(SOLVED) == plain
    assert solver._spent == [made]
    solver.prepare()
    assert made not in [*solver._ahead, *solver._spent]


def test_what_is_done_while_the_solver_works_changes_no_answer_and_is_done_once() -> None:
    done: list[int] = []
    assert answers(BUDGET + SOLVED, lambda: done.append(1)) == ask(SOLVED)
    assert done == [1]


def test_what_goes_wrong_meanwhile_is_raised_and_the_next_script_is_answered() -> None:
    def wrong() -> None:
        raise LookupError("meanwhile")

    with pytest.raises(LookupError, match="meanwhile"):
        answers(BUDGET + SOLVED, wrong)
    assert ask(SOLVED) == [Answer("sat", (("x", Fraction(-2, 3)),))]


def test_nonsense_is_nonsense_beside_other_work() -> None:
    with pytest.raises(Nonsense, match="gave up"):
        answers(BUDGET + "(assert y)", lambda: None)


@pytest.mark.parametrize(
    ("written", "number"),
    [("5.0", "5"), ("(- 5.0)", "-5"), ("(/ 1.0 3.0)", "1/3"), ("(- (/ 1.0 3.0))", "-1/3"), ("(/ (- 1.0) 3.0)", "-1/3"),
     ("0", "0"), ("(/ 7.0 2)", "7/2")],
)  # fmt: skip
def test_numbers_are_read_exactly(written: str, number: str) -> None:
    assert said(f"sat\n((x {written}))") == [Answer("sat", (("x", Fraction(number)),))]


def test_names_may_hold_spaces_and_brackets() -> None:
    assert said("sat\n((|entry A(1)| 1.0)\n (v0 2.0))")[0].values == (
        ("|entry A(1)|", Fraction(1)),
        ("v0", Fraction(2)),
    )


@pytest.mark.parametrize(
    "output",
    [
        "banana",
        "sat unsat maybe",
        "timeout",
        '(error "line 1 column 7: push canceled")\nunsat',
        'unsat\n(error "model is not available")',
        "unsat\n((x 1.0))",
        "sat\n((x 1.0)",
        "sat\n(x 1.0)",
        "sat\n((x))",
        "sat\n((x 0.5?))",
        "sat\n((x (root-obj (+ (^ x 2) (- 2)) 2)))",
        "sat\n((x (/ 1.0 0.0)))",
        "sat\n((x 1e5))",
        "sat\n((x true))",
        "sat)",
        'sat "',
        "((x 1.0))",
    ],
)
def test_whatever_is_no_answer_is_nonsense(output: str) -> None:
    with pytest.raises(Nonsense):
        said(output)


@pytest.mark.parametrize(
    "script",
    [
        "(check-sat",
        "(assert (> x 1.0))(check-sat)",
        "(declare-const x Real)(declare-const x Real)(check-sat)",
        "(check-sat)(get-value (y))",
        "(pop 1)(check-sat)",
    ],
)
def test_a_script_with_an_error_has_no_answer(script: str) -> None:
    with pytest.raises(Nonsense):
        ask(script)


def pigeonholes() -> str:
    """A question that is hard for its size: one more pigeon than holes."""
    names = [[f"p{a}h{b}" for b in range(PIGEONS)] for a in range(PIGEONS + 1)]
    lines = [f"(declare-const {one} Bool)" for row in names for one in row]
    lines += [f"(assert (or {' '.join(row)}))" for row in names]
    lines += [
        f"(assert (not (and {names[a][hole]} {names[b][hole]})))"
        for hole in range(PIGEONS)
        for a in range(PIGEONS + 1)
        for b in range(a)
    ]
    return "\n".join([*lines, "(check-sat)"])


def test_a_spent_budget_is_unknown() -> None:
    assert answers(f"(set-option :rlimit 20000)\n{pigeonholes()}") == [Answer("unknown")]


def test_the_budget_is_spent_the_same_each_time() -> None:
    script = f"(set-option :rlimit 20000)\n{pigeonholes()}"
    assert {tuple(answers(script)) for _ in range(5)} == {(Answer("unknown"),)}


def test_each_question_has_the_whole_budget() -> None:
    """A hard question spends its own budget, not that of the next."""
    hard = pigeonholes().replace("(check-sat)", "")
    script = f"(set-option :rlimit 60000)(push 1){hard}(check-sat)(pop 1)(push 1)(assert false)(check-sat)(pop 1)"
    assert [one.verdict for one in answers(script)] == ["unknown", "unsat"]


def test_a_cancelled_push_is_no_answer() -> None:
    """Z3 answers on after a push that its budget cancelled: then every later answer is to another question."""
    script = (
        "(set-option :rlimit 1)(declare-const x Real)(assert (> x 0.0))(push 1)(assert (< x 0.0))(check-sat)(pop 1)"
    )
    with pytest.raises(Nonsense):
        answers(script)


def test_a_script_without_a_budget_is_refused() -> None:
    """Z3 keeps the budget of one script for all later contexts: who sets none would get another's."""
    answers(f"(set-option :rlimit 1)\n{pigeonholes()}")
    with pytest.raises(Nonsense, match="budget"):
        answers("(check-sat)")


def test_nothing_of_a_script_is_left_for_the_next() -> None:
    ask("(declare-const x Real)(assert (> x 1.0))(assert false)(check-sat)")
    assert ask("(declare-const x Real)(assert (> x 1.0))(check-sat)")[0].verdict == "sat"


def test_the_same_script_has_the_same_filling() -> None:
    script = """(set-logic QF_LRA)(declare-const x Real)(declare-const y Real)(assert (or (> x 3.0) (> y 4.0)))
        (assert (< (+ x y) 10.0))(check-sat)(get-value (x y))"""
    assert len({tuple(ask(script)) for _ in range(30)}) == 1


MEMORY = """
import sys
from engine.proof.solver import answers
script = "(set-option :rlimit 100000)(set-logic QF_LRA)"
script += "".join(f"(declare-const x{k} Real)(assert (> x{k} {k}.0))" for k in range(30))
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4
for _ in range(300):
    answers(script + "(check-sat)")
before = resident()
for _ in range(1500):
    answers(script + "(check-sat)")
sys.exit(0 if resident() - before < 8192 else 1)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the process's memory from /proc")
def test_memory_stays_flat() -> None:
    assert subprocess.run([sys.executable, "-c", MEMORY], check=False).returncode == 0


def test_the_version_is_named() -> None:
    assert version() == z3.get_version_string()
