"""Each way in which a policy text can be wrong, with the place and the sentence that its author reads."""

from __future__ import annotations

import pytest

from knowledge.faults import Faulty
from knowledge.prolog.session import PrologPolicies, check_policies
from tests.knowledge.policy_texts import BASE, shipped_sources

BODY = "forbidden(candidate(I, Side, _, _, _), r) :- I = _, Side = _, {}.\n"
AT = BODY.index("{")

IN_A_BODY = {
    "cut": ("!", 0, "a cut (`!`) hides reasons"),
    "if-then-else": ("(Side == long -> true ; true)", 1, "`->` is a hidden cut"),
    "if-then": ("(Side == long -> true)", 1, "`->` is a hidden cut"),
    "assert": ("assertz(seen(I))", 0, "`assertz/1` is no predicate"),
    "write": ("write(I)", 0, "`write/1` is no predicate"),
    "shell": ("shell('ls')", 0, "`shell/1` is no predicate"),
    "open": ("open('f', read, _)", 0, "`open/3` is no predicate"),
    "consult": ("consult('f.pl')", 0, "`consult/1` is no predicate"),
    "halt": ("halt", 0, "`halt/0` is no predicate"),
    "another module": ("system:halt", 0, "`:/2` is no predicate"),
    "findall": ("findall(X, earnings(X, _), _)", 0, "`findall/3` is no predicate"),
    "call of a variable": ("Side", 0, "`Side` is no goal"),
    "a number as a goal": ("3", 0, "`3` is no goal"),
    "misspelt fact": ("earning(I, 3)", 0, "is `earnings` meant?"),
    "wrong arity of a fact": ("earnings(I)", 0, "`earnings` takes 2 values (instrument, sessions), not 1"),
    "wrong arity of a predicate": ("permitted(I, 3)", 0, "`permitted/2` is not defined, but `permitted/1` is"),
    "value that no slot holds": ("calendar(I, opne, _)", 12, "never holds `opne`; it holds `closed`, `half`, `open`"),
    "text for a symbol": ('calendar(I, "open", _)', 12, "holds a symbol, so `\"open\"` never matches; write `'open'`"),
    "symbol for a text": ("abstention(I, _, none)", 17, 'holds a text, so `none` never matches; write `"none"`'),
    "symbol for a number": ("earnings(I, soon)", 12, "holds a whole number, so `soon` never matches"),
    "unknown measure": ("indicator(I, rsi, _)", 13, "slot `name` of `indicator` never holds `rsi`"),
    "no symbol of the door": ("earnings('a b', _)", 9, "slot `instrument` of `earnings` never holds `'a b'`"),
    "comparison that never holds": ("Side == shrt", 8, "`Side` never holds `shrt`; it holds `long`, `short`"),
    "member that never holds": ("member(Side, [long, shrt])", 20, "`Side` never holds `shrt`"),
    "word for a list": ("correlations(I, other, _)", 16, "holds a list, so `other` never matches; look into it with"),
    "value that no list holds": (
        "correlations(I, ['a b'], _)",
        17,
        "the list in slot `others` of `correlations` never",
    ),
    "member of a list that never is": (
        "(correlations(I, All, _), member('a b', All))",
        33,
        "`All` never holds `'a b'`",
    ),
    "float": ("1 < 0.5", 4, "`0.5` has no exact form"),
    "power": ("1 < 2 ** 3", 4, "`**` is no exact arithmetic"),
    "text in arithmetic": ('1 < "2"', 4, "is no exact arithmetic"),
    "open list": ("member(1, [1|_])", 10, "`[1|_]` has an open end"),
    "dict": ("_{a: 1} = _", 0, "`_{a: 1}` has no exact form"),
    "character that does not print": ("I == 'a\\x1\\b'", 5, "holds a character that does not print"),
    "variable that occurs once": ("earnings(I, Sesions)", 12, "`Sesions` occurs once; is it misspelt?"),
}


@pytest.mark.parametrize(("goal", "offset", "words"), IN_A_BODY.values(), ids=IN_A_BODY)
def test_a_body_says_nothing_else(goal, offset, words):
    with pytest.raises(Faulty) as refusal:
        PrologPolicies([("p.pl", BASE + BODY.format(goal))])
    fault = next(fault for fault in refusal.value.faults if words in fault.message)
    assert (fault.file, fault.line) == ("p.pl", 4)
    # A conditional is reported where its condition begins.
    assert fault.column == AT + offset + 1


FINE = BODY.format("true")
ELSEWHERE = {
    "syntax": (BASE + "forbidden(_, r) :- .\n" + FINE, "p.pl:4:", "prolog can not read this clause"),
    "unclosed quotation": (BASE + FINE + "a('b).\n", "p.pl:5:", "prolog can not read this clause"),
    "initialization": (BASE + FINE + ":- initialization(halt).\n", "p.pl:5:1:", "would run while the policies load"),
    "dynamic": (BASE + FINE + ":- dynamic seen/1.\n", "p.pl:5:1:", "would run while the policies load"),
    "module": (BASE + FINE + ":- use_module(library(process)).\n", "p.pl:5:1:", "would run while the policies load"),
    "operator": (BASE + FINE + ":- op(700, xfx, is_in).\n", "p.pl:5:1:", "would run while the policies load"),
    "query": (BASE + FINE + "?- true.\n", "p.pl:5:1:", "would run while the policies load"),
    "grammar": (BASE + FINE + "a --> b.\n", "p.pl:5:1:", "`-->` writes a grammar"),
    "include of what was not read": (BASE + FINE + ":- include('x.pl').\n", "p.pl:5:4:", "`x.pl` is included here but"),
    "fact that a policy states": (
        BASE + FINE + "earnings('IBM', 9).\n",
        "p.pl:5:1:",
        "policies ask for it and never state",
    ),
    "word of the language": (BASE + FINE + "member(a, b).\n", "p.pl:5:1:", "is a word of the language"),
    "control": (BASE + FINE + "(a , b) :- true.\n", "p.pl:5:", "is no plain name of a predicate"),
    "another module's head": (BASE + FINE + "user:a.\n", "p.pl:5:1:", "is no plain name of a predicate"),
    "variable as a head": (BASE + FINE + "X :- X = 1.\n", "p.pl:5:1:", "is no plain name of a predicate"),
    "no sentence": (BASE + FINE + "listed(a).\n", "p.pl:5:1:", 'write `:- sentence(listed(A), "…").`'),
    "two sentences": (BASE + FINE + ':- sentence(permitted(_), "x").\n', "p.pl:5:4:", "the first is at p.pl:1"),
    "sentence of nothing": (BASE + FINE + ':- sentence(nothing(_), "x").\n', "p.pl:5:4:", "which no clause defines"),
    "sentence with values": (BASE + FINE + ':- sentence(permitted(a), "x").\n', "p.pl:5:4:", "with variables alone"),
    "sentence without text": (BASE + FINE + ":- sentence(permitted(_), x).\n", "p.pl:5:4:", "with variables alone"),
    "unknown mark": (
        BASE.replace("~Reason", "~Cause") + FINE,
        "p.pl:3:43:",
        "`~Cause` names no variable of `forbidden(Candidate, Reason)`; write `~~` for a tilde",
    ),
    "candidate of the wrong shape": (
        BASE + "forbidden(candidate(_), r).\n",
        "p.pl:4:11:",
        "`candidate` takes 5 values",
    ),
    "nothing that forbids": (BASE, "p.pl:1:1:", "no clause defines `forbidden/2`"),
    "nothing that permits": (
        ':- sentence(forbidden(_, _), "x").\nforbidden(_, r).\n',
        "p.pl:1:1:",
        "no clause defines `permitted/1`",
    ),
    "nesting": (BASE + BODY.format(", ".join(["true"] * 120)), "p.pl:4:", "nests more than 100 terms"),
    "nothing at all": ("", "p.pl:1:1:", "no clause defines `permitted/1`"),
}


@pytest.mark.parametrize(("text", "place", "words"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_text_says_nothing_else(text, place, words):
    with pytest.raises(Faulty) as refusal:
        PrologPolicies([("p.pl", text)])
    found = [str(fault) for fault in refusal.value.faults]
    assert any(line.startswith(place) and words in line for line in found), found


def test_all_faults_are_found_at_once_in_order_and_in_the_right_file():
    sources = [("policies.pl", ":- include('book/a.pl').\n" + BASE), ("book/a.pl", FINE + "a :- b.\n\nb :- !.\n")]
    faults = check_policies(sources)
    assert [str(fault).split(": ")[0] for fault in faults] == ["book/a.pl:2:1", "book/a.pl:4:1", "book/a.pl:4:6"]
    with pytest.raises(Faulty) as refusal:
        PrologPolicies(sources)
    assert list(refusal.value.faults) == faults


def test_line_endings_and_rare_characters_do_not_move_the_places():
    text = (BASE + FINE + "% ∑ 🐻\n/* é\n*/ a('🐻é') :- !.\n").replace("\n", "\r\n")
    places = [(fault.line, fault.column) for fault in check_policies([("p.pl", text)])]
    assert places == [(7, 4), (7, 15)]


def test_an_included_file_may_carry_the_folder_of_the_desk():
    entry, *rest = shipped_sources()
    assert check_policies([entry, *((f"desk/{name}", text) for name, text in rest)]) == []
    (missing,) = check_policies([entry, *rest[1:]])[:1]
    assert "`rules/book/restricted_list.pl` is included here but was not read" in missing.message


def test_a_broken_text_leaves_nothing_behind():
    with pytest.raises(Faulty):
        PrologPolicies([("p.pl", BASE + FINE + "broken(. ")])
    assert PrologPolicies([("p.pl", BASE + FINE)]).judge([], []) == ()


@pytest.mark.parametrize("text", ["\x00", "a('\x00').", "((((((", "'" * 999, ".", "}", "/* open"])
def test_garbage_is_a_fault(text):
    assert check_policies([("p.pl", BASE + FINE), ("q.pl", text)])
