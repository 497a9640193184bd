"""What the lints find beside the examples of their pages, what they leave alone, and that their claims are true."""

from __future__ import annotations

import operator
import re
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.clips.tree import Call
from knowledge.door import fact
from knowledge.faults import Faulty
from knowledge.prolog.check import look_here
from knowledge.prolog.session import PrologPolicies
from knowledge.templates import Slot
from rules import arithmetic
from rules.cases import read_cases
from rules.findings import Finding, mended
from rules.lints.cased import outline
from rules.lints.check import Checked, check, wanted
from rules.lints.ranges import verdict
from rules.texts import BookText, Source, read_texts
from tests.rules.lints.examples import FOLDER, NOTHING, REST, SPOKEN, example

ROOT = Path(__file__).parents[3]
GOOD = (FOLDER / "R101-good.clp").read_text(encoding="utf-8")


def checked(*rules: str, policies: str = "") -> Checked:
    sources = tuple(Source(f"{place}.clp", text) for place, text in enumerate(rules))
    return check(BookText(sources, (REST, Source("p.pl", policies or NOTHING.text))), read_policies=look_here)


def codes(*rules: str) -> list[str]:
    return [one.code for one in checked(*rules).findings]


def rule(conditions: str, name: str = "odd", act: str = "(exit (instrument ?i) (rule odd))", said: str = "") -> str:
    words = " ".join(dict.fromkeys(re.findall(r"\?[a-z]+", conditions + act)))
    return f'(defrule {name} "quant | {said or words}"\n  {conditions}\n  =>\n  (assert {act.replace("odd", name)}))\n'


def test_the_book_that_ships_is_clean() -> None:
    book = read_texts(ROOT)
    outlines = [outline(path.read_text(encoding="utf-8")) for path in (ROOT / "rules/cases").glob("*.yaml")]
    assert None not in outlines
    cased = {one[0] for one in outlines if one is not None and len(one[1]) == 2}
    found = check(book, frozenset(cased), read_policies=look_here)
    assert [str(one) for one in found.findings] == []
    assert found.silenced == ()
    assert found.sound


def test_layout_and_reading_agree_about_cases() -> None:
    full: dict[str, set[bool]] = {}
    for case in read_cases(ROOT / "rules/cases"):
        if case.kind == "rule" and case.fires is not None:
            full.setdefault(case.about, set()).add(case.fires)
    quick = [outline(path.read_text(encoding="utf-8")) for path in (ROOT / "rules/cases").glob("*.yaml")]
    assert {one[0]: set(one[1]) for one in quick if one is not None and one[0]} == full


@pytest.mark.parametrize(
    "text",
    [
        "rule: a\ncases: [{name: x, given: []}]\n",
        "rule: a\ncases:\n  - {name: x, given: [], expect: [trend: {}]}\n",
        "rule: a\ncases:\n  - given: []\n    name: x\n",
        "rule: a\ncases:\n  - name: x\n    expect: [trend: {}]\n",
        "rule: a\ncases:\n  - name: x\n    expect:\n    - trend: {}\n",
        "rule: a\ncases:\n  - name: x\n    given: |\n      - a\n",
        "rule: a\nrule: b\ncases:\n  - name: x\n",
        "cases:\n  - name: x\n",
        "rule: a\ncases:\n",
    ],
)
def test_of_another_layout_nothing_is_said(text: str) -> None:
    assert outline(text) is None


# Ranges.

SLOTS = {
    name: Slot(name, "number", low=Decimal(low), high=Decimal(high), quantum=Decimal(1))
    for name, low, high in (("x", -2, 3), ("y", 1, 4), ("z", -3, -1))
}
terms = st.recursive(
    st.sampled_from(["?x", "?y", "?z"]) | st.integers(-9, 9).map(lambda one: f"{one}.0"),
    lambda inner: (
        st.tuples(st.sampled_from(["+", "-", "*", "min", "max"]), inner, inner).map(
            lambda one: f"({one[0]} {one[1]} {one[2]})"
        )
        | inner.map(lambda one: f"(abs {one})")
        | st.tuples(inner, st.sampled_from(["2.0", "-4.0"])).map(lambda one: f"(/ {one[0]} {one[1]})")
    ),
    max_leaves=4,
)


@given(st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), terms, terms)
@settings(max_examples=150)
def test_what_always_or_never_holds_does_on_every_value(function: str, one: str, other: str) -> None:
    text = f"(defrule a (test ({function} {one} {other})) => (assert (b)))"
    call = next(part.call for part in parse(text, "a.clp").rules[0].conditions if hasattr(part, "call"))
    assert isinstance(call, Call)
    said = verdict(call, SLOTS)
    holds = arithmetic.test(call)
    values = {name: range(int(slot.low or 0), int(slot.high or 0) + 1) for name, slot in SLOTS.items()}
    seen = {
        holds({name: Decimal(value) for name, value in zip(values, chosen, strict=True)})
        for chosen in product(*values.values())
    }
    assert said is None or seen == {said}


@pytest.mark.parametrize(
    ("threshold", "found"),
    [
        ("(< ?x 100.01)", True),
        ("(<= ?x 100.0)", True),
        ("(>= ?x 0.0)", True),
        ("(> ?x 100.0)", True),
        ("(< ?x 0.0)", True),
        ("(> 130.0 ?x)", True),
        ("(< (- 100.0 ?x) 0.0)", True),
        ("(> (* 2.0 ?x) 200.0)", True),
        ("(< ?x 100.0)", False),
        ("(>= ?x 100.0)", False),
        ("(> (* 2.0 ?x) 199.0)", False),
        ("(or (> ?x 130.0) (< ?x 20.0))", True),
    ],
)
def test_a_threshold_beyond_the_range_is_told(threshold: str, found: bool) -> None:
    source = rule(f"(indicator (instrument ?i) (name rsi-14) (value ?x))\n  (test {threshold})")
    assert codes(source) == (["R401"] if found else [])


@given(st.sampled_from(["<", "<=", ">", ">="]), st.decimals(1, 99, places=4), st.booleans())
@settings(max_examples=60)
def test_the_next_step_lets_the_same_numbers_pass(function: str, threshold: Decimal, flipped: bool) -> None:
    call = f"({function} {threshold} ?x)" if flipped else f"({function} ?x {threshold})"
    source = rule(f"(indicator (instrument ?i) (name rsi-14) (value ?x&:{call}))")
    found = checked(source).findings
    assert [one.code for one in found] == (["R403"] if threshold % Decimal("0.01") else [])
    for one in found:
        assert one.fix is not None
        after = mended({"0.clp": source}, [one.fix])["0.clp"]
        written = Decimal(re.findall(r"[0-9]+\.[0-9]+", after)[0])
        grid = [threshold.quantize(Decimal("0.01")) + step * Decimal("0.01") for step in range(-3, 4)]
        holds = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[function]
        for value in grid:
            before, now = ((bound, value) if flipped else (value, bound) for bound in (threshold, written))
            assert holds(*before) is holds(*now)
        assert checked(after).findings == ()


# Guards, twins, circles, saliences.

ENTRY = """(trend (instrument ?i) (direction up))
  (not (position (instrument ?i)))
  (not (working (instrument ?i)))"""
BUY = "(candidate (instrument ?i) (side long) (horizon swing) (conviction 0.5) (rule odd))"
VETO = """(defrule stop "quant | no ?i" (declare (salience 9))
  (consensus (instrument ?i)) => (assert (veto (instrument ?i) (rule stop))))
"""


@pytest.mark.parametrize(
    ("conditions", "others", "lacking"),
    [
        (ENTRY, "", []),
        (ENTRY.replace("(not (position (instrument ?i)))", ""), "", ["position"]),
        (ENTRY.replace("(not (position", "(not (working"), "", ["position"]),
        (ENTRY.replace("(not (position (instrument ?i)))", "(position (instrument ?i) (side long))"), "", []),
        (ENTRY.replace("position (instrument ?i)", "position (instrument ?other)"), "", ["position"]),
        (ENTRY, VETO, ["veto"]),
        (f"{ENTRY}\n  (veto (instrument ?i))", VETO, ["veto"]),
        (ENTRY.replace("(not (working (instrument ?i)))", "(working (instrument ?i))"), "", ["working"]),
        (f"{ENTRY}\n  (not (veto (instrument ?i)))", VETO, []),
        (f"{ENTRY}\n  (not (consensus (instrument ?i)))", VETO, []),
        (f"{ENTRY}\n  (not (consensus (instrument ?i) (direction long)))", VETO, ["veto"]),
    ],
)
def test_a_proposal_asks_what_speaks_against_it(conditions: str, others: str, lacking: list[str]) -> None:
    source = rule(conditions, act=BUY, said="?i")
    found = [one for one in checked(source, others).findings if one.code == "R305"]
    assert [re.findall(r"its `([a-z]+)`", one.sentence)[0] for one in found] == lacking
    for one in found:
        assert one.fix is not None
        assert not one.fix.safe
        assert "R305" not in codes(mended({"0.clp": source}, [one.fix])["0.clp"], others)


def test_what_all_siblings_ask_is_expected_of_a_rule() -> None:
    asks = f"{ENTRY}\n  (not (quality (instrument ?i)))"
    siblings = [rule(f"(bar (instrument ?i))\n  {asks}", name=name, act=BUY) for name in ("one", "two")]
    (found,) = (one for one in checked(*siblings, rule(ENTRY, act=BUY)).findings if one.code == "R305")
    assert "never asks for the absence of its `quality`" in found.sentence
    assert "R305" not in codes(siblings[0], rule(ENTRY, act=BUY))


BASE = """(trend (instrument ?i) (direction ?d))
  (setup (instrument ?i) (direction ?s))
  (indicator (instrument ?i) (name rsi-14) (value ?x&:(> ?x 20.0)))"""


@pytest.mark.parametrize(
    ("twin", "same"),
    [
        ("(setup (direction ?b) (instrument ?a)) (indicator (name rsi-14) (instrument ?a) (value ?z&:(< 20.0 ?z))) "
         "(trend (instrument ?a) (direction ?c))", True),
        (BASE.replace("?s", "?d").replace("(direction ?d))\n  (ind", "(direction long))\n  (ind"), False),
        (BASE.replace("> ?x 20.0", ">= ?x 20.0"), False),
        (BASE.replace("rsi-14", "adx-14"), False),
        (BASE.replace("(setup (instrument ?i)", "(setup (instrument ?j)"), False),
    ],
)  # fmt: skip
def test_the_same_rule_twice_is_seen_through_names_and_order(twin: str, same: bool) -> None:
    name = "?a" if "?a" in twin else "?i"
    other = rule(twin, "twin", f"(exit (instrument {name}) (rule twin))")
    assert ("R208" in codes(rule(BASE), other)) is same


def test_many_alike_conditions_are_compared_within_bounds() -> None:
    one = "\n".join(f"(opinion (instrument ?i{n}) (head ?h{n}))" for n in range(12))
    other = "\n".join(f"(opinion (instrument ?i{n}) (head ?h{11 - n}))" for n in range(12))
    act = "(exit (instrument ?i0) (rule odd))"
    found = codes(rule(one, act=act, said=" ".join(re.findall(r"\?\w+", one))),
                  rule(other, "twin", act, " ".join(re.findall(r"\?\w+", other))))  # fmt: skip
    assert set(found) <= {"R208"}


@pytest.mark.parametrize(
    ("conditions", "act", "endless"),
    [
        ("(divergence (rich ?a) (cheap ?b) (gap ?g))", "(divergence (rich ?a) (cheap ?b) (gap (+ ?g 0.1)))", True),
        ("(divergence (rich ?a) (cheap ?b) (gap ?g))", "(divergence (rich ?b) (cheap ?a) (gap ?g))", False),
        ("(divergence (rich ?a) (cheap ?b) (gap ?g&:(< ?g 9.0)))",
         "(divergence (rich ?a) (cheap ?b) (gap (+ ?g 0.1)))", False),
        ("(basket-leg (basket ?a) (instrument ?b))",
         '(basket-leg (basket (sym-cat ?a "x")) (instrument ?b) (ratio 1.0) (by value) (rule odd))', True),
        ("(basket-leg (basket ?a) (instrument ?b) (by shares))",
         '(basket-leg (basket (sym-cat ?a "x")) (instrument ?b) (ratio 1.0) (by value) (rule odd))', False),
    ],
)  # fmt: skip
def test_a_circle_that_computes_is_endless(conditions: str, act: str, endless: bool) -> None:
    source = rule(conditions, act=act)
    assert ("R301" in codes(source)) is endless
    start = {
        "divergence": fact("divergence", rich="AAPL", cheap="IBM", gap=1),
        "basket-leg": fact("basket-leg", basket="A", instrument="IBM", ratio=1, by="shares", rule="r"),
    }[conditions[1:].partition(" ")[0]]
    if endless and "by" not in start.template:
        fault = ClipsImage(parse(source, "a.clp")).infer([start], most_firings=50).fault
        assert fault is not None


def test_a_salience_is_needless_where_no_absence_hangs_on_it() -> None:
    asking = rule("(trend (instrument ?i))\n  (not (veto (instrument ?i)))", act="(exit (instrument ?i) (rule odd))")
    assert codes(VETO, asking) == []
    assert codes(VETO) == ["R304"]
    assert codes(VETO, VETO.replace("stop", "halt").replace("consensus", "trend")) == []
    other = VETO.replace("stop", "halt").replace("consensus", "trend").replace("salience 9", "salience 7")
    found = [one for one in checked(VETO, other, asking).findings if one.code == "R304"]
    assert [one.fix.sentence if one.fix else "" for one in found] == [
        "write `(declare (salience 7))`",
        "write `(declare (salience 9))`",
    ]


# Fixes.


@pytest.mark.parametrize("code", ["R008", "R105", "R108", "R116", "R118", "R304", "R403"])
def test_a_safe_fix_leaves_nothing_behind(code: str) -> None:
    path = example(code, "bad")
    assert path is not None
    text = path.read_text(encoding="utf-8")
    found = [one for one in checked(text).findings if one.code == code]
    assert all(one.fix is not None and one.fix.safe for one in found)
    after = mended({"0.clp": text}, [one.fix for one in found if one.fix])["0.clp"]
    assert code not in codes(after)
    assert all(one.severity != "error" for one in checked(after).findings)


def test_leaving_out_what_is_unused_changes_no_firing() -> None:
    text = rule("(consensus (instrument ?i) (direction ?d&long|short) (score ?x))\n  (not (veto (rule ?z)))", said="?i")
    found = checked(text).findings
    assert [one.code for one in found] == ["R108", "R108", "R108"]
    after = mended({"0.clp": text}, [one.fix for one in found if one.fix])["0.clp"]
    assert "(direction long|short))\n  (not (veto))" in after
    facts = [fact("consensus", instrument=name, direction="long", score=0.5, heads=3) for name in ("AAPL", "IBM")]
    one, other = (ClipsImage(parse(source, "a.clp")).infer(facts) for source in (text, after))
    assert one == other
    assert len(one.firings) == 2


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("R101", "(indicator"),
        ("R102", "(value"),
        ("R103", "up"),
        ("R104", "adx-14"),
        ("R107", "?adx"),
        ("R204", "?adx"),
    ],
)
def test_a_misspelt_word_has_a_guess_that_is_not_made_unasked(code: str, right: str) -> None:
    path = example(code, "bad")
    assert path is not None
    text = path.read_text(encoding="utf-8")
    (found,) = (one for one in checked(text).findings if one.code == code)
    assert found.fix is not None
    assert not found.fix.safe
    assert checked(mended({"0.clp": text}, [found.fix])["0.clp"]).findings == ()


# Comments.


def test_a_comment_silences_what_it_names_where_it_stands() -> None:
    odd = rule("(indicator (instrument ?i) (name rsi-14) (value ?x&:(< ?x 130.0)))")
    reason = "R401 because the desk is told so by a person"
    for text in (
        f"; warrant: allow {reason}\n{odd}",
        f";;; warrant:  allow  R108 , {reason}\n{odd}".replace("R108 , ", ""),
        odd.replace("=>", f"=> ; warrant: allow {reason}\n"),
    ):
        found = checked(text)
        assert found.findings == ()
        assert [(one.finding.code, one.reason) for one in found.silenced] == [
            ("R401", "the desk is told so by a person")
        ]
    assert codes(f"{odd}; warrant: allow {reason}\n{GOOD}") == ["R401", "R008"]


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("warrant: allow R401", "this comment allows nothing"),
        ("warrant: R401 because of it", "this comment allows nothing"),
        ("warrant: allow R999 because of it", "`R999` is no code"),
        ("warrant: allow R107 because of it", "`R107` keeps the rulebook from loading"),
        ("warrant: allow R401 because of it", "`R401` is allowed here and not found"),
        ("warrant:", "this comment allows nothing"),
    ],
)
def test_a_comment_is_checked_itself(comment: str, words: str) -> None:
    (found,) = checked(f"; {comment}\n{GOOD}").findings
    assert words in found.sentence
    (found,) = checked(GOOD, policies=f"% {comment.replace('R401', 'P116')}\n{NOTHING.text}").findings
    assert words.replace("R401", "P116") in found.sentence


def test_what_stands_in_a_string_is_no_comment() -> None:
    assert codes(GOOD.replace("quant | ", "quant | ; warrant: allow ")) == []
    text = NOTHING.text.replace("'NOTHING'", "'% warrant: NOTHING'").replace("==", "\\==")
    assert {one.code for one in checked(GOOD, policies=text).findings} == {"P108"}


def test_a_comment_about_meaning_waits_for_a_look_at_it() -> None:
    text = f"; warrant: allow M101 because it is meant\n{GOOD}"
    assert codes(text) == []
    sources = BookText((Source("0.clp", text),), (REST, NOTHING))
    look = ("M", lambda program: ())
    assert [one.code for one in check(sources, looks=(look,), read_policies=look_here).findings] == ["R008"]


# Policies.


def test_a_circle_of_two_predicates_is_seen() -> None:
    text = f"""{NOTHING.text}
:- sentence(one(A), "~A"). :- sentence(two(A), "~A").
one(A) :- two(A).
two(A) :- one(A).
two(A) :- earnings(A, _), one(A).
forbidden(candidate(I, _, _, _, _), r) :- one(I).
"""
    found = [one for one in checked(GOOD, policies=text).findings if one.code == "P120"]
    assert [one.line for one in found] == [4, 5]


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        ("down(N) :- N > 0, M is N - 1, down(M).", False),
        ("down(N) :- M is N - 1, down(M).", True),
        ("down(N) :- \\+ down(N).", True),
        ("down(N) :- (N == 3 ; down(N)).", True),
        ("down(N) :- calendar(N, _, M), down(M).", False),
    ],
)
def test_a_recursion_that_uses_nothing_up_is_endless(clauses: str, found: bool) -> None:
    text = f"""{NOTHING.text}:- sentence(down(N), "~N").
{clauses}
forbidden(candidate(I, _, _, _, _), r) :- down(I).
"""
    assert ("P120" in {one.code for one in checked(GOOD, policies=text).findings}) is found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("earnings(I, N), N =< 3", False),
        ("N =< 3, earnings(I, N)", True),
        ("I == 'IBM'", False),
        ("\\+ earnings(I, N), calendar(I, _, N)", True),
        ("calendar(I, _, N), \\+ N == '2020-01-01'", False),
        ("\\+ (earnings(I, N), N =< 3)", False),
        ("N is 3 + 4, earnings(I, M), M < N", False),
        ("N is M + 4, earnings(I, M), M < N", True),
        ("(earnings(I, N) ; N = 3), N < 4", False),
        ("N = M, earnings(I, M), N < 4", False),
    ],
)
def test_what_has_no_value_yet_is_told_and_nothing_else(body: str, found: bool) -> None:
    text = f"{SPOKEN}forbidden(candidate(I, _, _, _, _), r) :- {body}.\n"
    book = BookText((Source("a.clp", GOOD),), (Source("rest.pl", REST.text.replace(SPOKEN, "")), Source("p.pl", text)))
    assert [one.code for one in check(book, read_policies=look_here).findings] == (["P123"] if found else [])
    facts = [fact("earnings", instrument="IBM", sessions=3), fact("calendar", instrument="IBM", session="open",
             next="2020-01-02")]  # fmt: skip
    candidate = fact("candidate", instrument="IBM", side="long", horizon="swing", conviction=1, rule="r")
    (verdict_,) = PrologPolicies(book.policies).judge(facts, [candidate])
    assert (verdict_.outcome == "undetermined") is found, verdict_


def test_faults_of_the_rest_are_told_beside_an_unreadable_clause() -> None:
    text = f"{SPOKEN}forbidden(candidate(I, _, _, _, _), r) :- earnings(I, soon), !.\nforbidden(X :- .\n"
    found = check(BookText((Source("a.clp", GOOD),), (Source("p.pl", text),)), read_policies=look_here).findings
    assert [(one.line, one.code) for one in found] == [(2, "P108"), (2, "P102"), (3, "P101")]


# Selection, and one slip that hides no other.


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ((), (), True),
        (("R1",), (), True),
        (("R2",), (), False),
        ((), ("R1",), False),
        (("R108",), ("R1",), True),
        (("R1",), ("R108",), False),
        (("R",), ("R",), False),
    ],
)
def test_the_longer_word_chooses(select: tuple[str, ...], ignore: tuple[str, ...], expected: bool) -> None:
    assert wanted("R108", select, ignore) is expected


def test_one_slip_hides_no_other() -> None:
    three = [GOOD.replace("trend-up", f"trend-{place}") for place in range(4)]
    broken = (
        three[0].replace("))))\n", ")))\n") + three[1].replace("adx-14", "adx-41") + three[2].replace('?adx"', "?adx")
    )
    found: tuple[Finding, ...] = checked(broken + three[3].replace("(trend ", "(trned ")).findings
    assert [(one.code, one.line) for one in found] == [("R001", 1), ("R104", 8), ("R001", 12), ("R101", 20)]
    with pytest.raises(Faulty) as error:
        parse(broken, "a.clp")
    assert len(error.value.faults) == 2


@pytest.mark.parametrize(
    ("goal", "code"),
    [
        ("earnings(I, N), N =< -1", "P124"),
        ("earnings(I, N), 0 > N", "P124"),
        ("earnings(I, N), N >= 0", "P124"),
        ("earnings(I, N), N =:= -2", "P124"),
        ("earnings(I, N), N =\\= -2", "P124"),
        ("earnings(I, N), N =< 0", None),
        ("earnings(I, N), -1 =\\= N - 1", None),
        ("indicator(I, 'rsi-14', V), V > 100", "P124"),
        ("indicator(I, 'rsi-14', V), V > 199r2", None),
        ("indicator(I, _, V), V > 100", None),
        ("calendar(I, _, D), D @< '2012-6-7'", "P126"),
        ("calendar(I, _, D), D @< '2012-06-31'", "P126"),
        ("calendar(I, _, D), D @< '2012-06-30'", None),
        ("member(I, ['GROUP-2012', 'GROUP-2013', 'group-of'])", None),
        ("member(I, ['syndicate-a']), I \\== 'sindicate-a'", "P125"),
    ],
)
def test_what_stands_written_is_looked_at(goal: str, code: str | None) -> None:
    text = f"{SPOKEN}forbidden(candidate(I, _, _, _, _), r) :- {goal}.\n"
    book = BookText((Source("a.clp", GOOD),), (Source("rest.pl", REST.text.replace(SPOKEN, "")), Source("p.pl", text)))
    assert [one.code for one in check(book, read_policies=look_here).findings] == ([code] if code else [])


@pytest.mark.parametrize(
    ("constraint", "beyond"),
    [
        ("?d", True),
        ("?d&~flat", False),
        ("?d&long|short", False),
        ("?d&long|flat", True),
        ("?d&~long", True),
        ("?d&:(neq ?d flat)", False),
    ],
)
def test_a_concluded_symbol_fits_its_slot(constraint: str, beyond: bool) -> None:
    source = rule(
        f"(advisory (instrument ?i) (head ?h) (direction {constraint}))",
        act="(opinion (instrument ?i) (head ?h) (direction ?d) (share 0.5))",
    )
    assert codes(source) == (["R405"] if beyond else [])
    told = {"probability": 1, "conviction": 1, "weight": 1, "horizon": "swing", "model": "m"}
    heads = [
        fact("advisory", instrument="IBM", head=f"h-{way}", direction=way, **told) for way in ("long", "short", "flat")
    ]
    assert (ClipsImage(parse(source, "a.clp")).infer(heads).fault is not None) is beyond


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        ("t(hlf). f(I) :- calendar(I, S, _), t(S).", True),
        ("t(half). f(I) :- calendar(I, S, _), t(S).", False),
        ("t(hlf). f(I) :- calendar(I, S, _), t(S). f(I) :- earnings(I, _), t(hlf).", False),
        ("t(hlf). f(I) :- calendar(I, S, _), t(S). f(I) :- reference(I, S, _, _, _, _, _, _, _, _), t(S).", False),
        ("t(hlf). f(I) :- calendar(I, S, _), t(S). f(I) :- earnings(I, _), t(_).", False),
        ("t(hlf) :- true. f(I) :- calendar(I, S, _), t(S).", False),
    ],
)
def test_a_fact_that_nobody_asks_for_is_told(clauses: str, found: bool) -> None:
    spoken = ':- sentence(t(S), "~S").\n:- sentence(f(I), "~I").\n'
    text = f"{spoken}{clauses}\nforbidden(candidate(I, _, _, _, _), r) :- f(I).\n"
    assert [one.code for one in checked(GOOD, policies=text).findings] == (["P127"] if found else [])
