"""Mutants as text: each kind of mistake, at its place; and what becomes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.faults import Faulty
from rules.cases import cases_of
from rules.rulebook import Rulebook, read_rulebook
from rules.testing.bench import Bench
from rules.testing.killing import Judge
from rules.testing.mutants import changed, mutants
from tests.adapters.casework import desks
from tests.rules.desk import rulebook

RULES = """(defrule wide
  "quant | ?i is wide, by ?gap"
  (declare (salience 0))
  (divergence (rich ?i) (cheap ?j&~?i) (gap ?gap&:(> ?gap 2.0)))
  (not (veto (instrument ?j)))
  (exists (opinion (instrument ?i) (direction long|short)))
  (test (or (> ?gap 3.0) (eq ?i AAPL)))
  =>
  (assert (trail (instrument ?i) (stop (* 2.0 ?gap)) (rule wide))
          (exit (instrument ?j) (rule wide))))
"""


def sentences(rulebook: Rulebook, kind: str) -> set[str]:
    return {f"{one.operator}: {one.sentence}" for one in mutants(rulebook) if one.kind == kind}


def test_each_kind_of_mistake_is_made_in_a_rule(tmp_path: Path) -> None:
    book = read_rulebook(desks.desk(tmp_path, rules=RULES))
    assert sentences(book, "rule") >= {
        "comparison: `>` became `>=` in `(> ?gap 2.0)`",
        "comparison: `>` became `<=` in `(> ?gap 2.0)`",
        "comparison: `or` became `and` in `(or (> ?gap 3.0) (eq ?i AAPL))`",
        "comparison: `eq` became `neq` in `(eq ?i AAPL)`",
        "threshold: `2.0` became `2.0001`",
        "threshold: `2.0` became `2.1`",
        "dropped: the condition `(not (veto (instrument ?j)))` was dropped",
        "dropped: the slot `(direction long|short)` was dropped",
        "dropped: `short` was dropped",
        "dropped: `~?i` was dropped",
        "dropped: `(> ?gap 3.0)` was dropped",
        "dropped: the conclusion `(exit (instrument ?j) (rule wide))` was dropped",
        "negation: `not` was taken away from `(veto (instrument ?j))`",
        "negation: `exists` became `not` in `(exists (opinion (instrument ?i) (direction long|short)))`",
        "negation: `~` was taken away from `~?i`",
        "symbol: `long` became `short`",
        "swapped: `?i` and `?j&~?i` were swapped",
        "arithmetic: `*` became `/` in `(* 2.0 ?gap)`",
    }


def test_each_kind_of_mistake_is_made_in_a_policy() -> None:
    assert sentences(rulebook(), "policy") >= {
        "comparison: `=<` became `<` in `SessionsToEarnings =< 3`",
        "comparison: `@=<` became `@>` in `First @=< NextSession`",
        "threshold: `3` became `4`",
        "threshold: `'2012-05-18'` became `'2012-05-17'`",
        "dropped: `trading(Session)` was dropped",
        "dropped: the clause `trading(half)` was dropped",
        "negation: `\\+` was taken away from `shortable(Instrument)`",
        "symbol: `yes` became `no`",
        "symbol: `'XNAS'` became `'other-XNAS'`",
        "swapped: `Member` and `Group` were swapped in `member_of(Member, Group)`",
    }


def test_a_mutant_is_text_that_can_be_read_or_is_refused_by_the_checks() -> None:
    refused = 0
    for one in mutants(rulebook())[::31]:
        source = next(text for file, text in rulebook().sources if file == one.file)
        assert all(0 <= edit.start <= edit.end <= len(source) for edit in one.edits)
        try:
            assert changed(rulebook(), one).fingerprint != rulebook().fingerprint
        except Faulty as error:
            refused += 1
            # Not for want of a parenthesis: the text stays a rule.
            assert not any("parenthesis" in fault.message for fault in error.faults), one
    assert refused < 10


SPARSE = """rule: pair-together
cases:
  - name: nothing
    given: []
    expect_not:
      - exit: {}
"""


@pytest.mark.parametrize(
    ("sentence", "outcome"),
    [("`~?rich` was dropped", "equal"), ("`<=` became `<` in", "offer")],
)
def test_the_solver_settles_what_no_search_finds(sentence: str, outcome: str) -> None:
    (case,) = cases_of(SPARSE, "sparse.yaml", lambda path: path)
    judge = Judge(Bench(rulebook()), [case])
    one = next(one for one in mutants(rulebook()) if one.about == "pair-together" and one.sentence.startswith(sentence))
    found = judge.judge(one)
    assert (found.is_refused, found.by, found.offer) == (False, None, None)
    assert getattr(judge.settle(one), outcome)
