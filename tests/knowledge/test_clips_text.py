"""Any text is a program or a list of faults; places are exact; what is written reads back as it was meant."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.text import parse
from knowledge.clips.tree import (
    AllOf,
    And,
    AnyOf,
    Assert,
    Assertion,
    Call,
    Exists,
    Forall,
    Literal,
    Load,
    Not,
    Or,
    Pattern,
    Place,
    Predicate,
    Return,
    Rule,
    SlotTest,
    SlotValue,
    Test,
    Unlike,
    Value,
    Variable,
    Wildcard,
)
from knowledge.faults import Faulty

ROOT = Path(__file__).parents[2]
AT = Place(1, 1, 0, 0)
PIECES = (
    *("(", ")", '"', "\\", ";", "&", "|", "~", "?", "?x", "$?y", "?*z*", "<-", "=>", ":", "=", "<", "\n", "\r\n", " "),
    *("(defrule a", "(deftemplate t", '(load "x")', "(assert ", "(test ", "(not ", "(exists ", "(forall ", "(or "),
    *("(declare (salience 1))", "1", "-2.5", "1e9", "1e999", ".", "word", '"o | s"', "\0", "\ud800", "é", "\x85", "\t"),
)


def faults(source: str) -> list[str]:
    with pytest.raises(Faulty) as error:
        parse(source, "a.clp")
    return [str(fault) for fault in error.value.faults]


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_a_program_or_faulty(source: str) -> None:
    try:
        program = parse(source, "a.clp")
    except Faulty as error:
        assert error.faults
        lines = source.split("\n")
        for fault in error.faults:
            assert fault.file == "a.clp"
            assert 1 <= fault.line <= len(lines)
            assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
    else:
        assert all(source[one.at.start] == "(" and source[one.at.end - 1] == ")" for one in program.constructs)


@given(st.data())
def test_damaging_the_rule_book_never_escapes(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted((ROOT / "rules" / "book").glob("*.clp"))))
    source = path.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, min(len(source), start + 20)))
    damaged = source[:start] + data.draw(st.sampled_from(["", *PIECES])) + source[end:]
    try:
        parse(damaged, "a.clp")
    except Faulty as error:
        assert error.faults


# Trees written out and read back. The writer here is the plainest possible one; the parser has none.

names = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)?", fullmatch=True).filter(
    lambda name: name not in ("not", "and", "or", "exists", "forall", "test", "declare", "logical", "object", "assert")
)
variables = names.map(lambda name: Variable(name, AT))
literals = st.one_of(
    names.map(lambda word: Literal("symbol", word, AT)),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="\xa0")).map(
        lambda words: Literal("string", "".join(c for c in words if c.isprintable()), AT)
    ),
    st.integers(-(10**17) + 1, 10**17 - 1).map(lambda number: Literal("integer", number, AT)),
    st.integers(-(10**14), 10**14).map(lambda units: Literal("float", Decimal(units).scaleb(-6).normalize(), AT)),
)
functions = st.sampled_from(["+", "-", "*", "/", "<", ">=", "<>", "eq", "and", "or", "not", "max", "str-compare"])


def calls(arguments: st.SearchStrategy) -> st.SearchStrategy[Call]:
    return st.builds(Call, functions, st.lists(arguments, max_size=3).map(tuple), st.just(AT))


expressions = st.recursive(literals | variables, calls, max_leaves=6)
call = calls(expressions)
single = st.one_of(
    st.just(Wildcard(AT)),
    st.builds(Value, literals | variables, st.just(AT)),
    st.builds(Predicate, call, st.just(AT)),
    st.builds(Return, call, st.just(AT)),
    st.builds(Unlike, st.builds(Value, literals | variables, st.just(AT)), st.just(AT)),
)


def joined(draw: st.DrawFn) -> AllOf | AnyOf | Wildcard | Value | Unlike | Predicate | Return:
    """Alternatives of conjunctions; after a leading `?x &`, alternatives again."""

    def conjunction(parts: list) -> object:
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts), AT)

    def is_variable(part: object) -> bool:
        return isinstance(part, Value) and isinstance(part.term, Variable)

    alternatives = draw(st.lists(st.lists(single, min_size=1, max_size=3), min_size=1, max_size=3))
    # A variable in front followed by `&` is a constraint of its own; the writer below would have to know that too.
    if is_variable(alternatives[0][0]) and len(alternatives[0]) > 1 and len(alternatives) > 1:
        alternatives[0] = alternatives[0][:1]
    parts = [conjunction(one) for one in alternatives]
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts), AT)  # type: ignore[return-value]


slot_tests = st.builds(SlotTest, names, st.composite(joined)(), st.just(AT))
patterns = st.builds(Pattern, names, st.lists(slot_tests, max_size=3).map(tuple), st.none() | names, st.just(AT))


def grouped(inner: st.SearchStrategy) -> st.SearchStrategy:
    many = st.lists(inner, min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(Not, inner, st.just(AT)),
        *(st.builds(kind, many, st.just(AT)) for kind in (And, Or, Exists)),
        st.builds(Forall, inner, many, st.just(AT)),
    )


conditions = st.recursive(patterns | st.builds(Test, call, st.just(AT)), grouped, max_leaves=4)
asserts = st.builds(
    Assert,
    st.lists(
        st.builds(
            Assertion,
            names,
            st.lists(st.builds(SlotValue, names, expressions, st.just(AT)), max_size=3).map(tuple),
            st.just(AT),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    st.just(AT),
)
rules = st.builds(
    Rule,
    names,
    st.none() | st.just("owner | a sentence about ?x"),
    st.integers(-10_000, 10_000),
    st.lists(conditions, min_size=1, max_size=3).map(tuple),
    st.lists(asserts | call, min_size=1, max_size=2).map(tuple),
    st.just("a.clp"),
    st.just(""),
    st.just(AT),
    st.just(AT),
    st.just(AT),
)


def written(node: object) -> str:  # noqa: PLR0911, PLR0912, one line a kind
    def row(*parts: object) -> str:
        return "(" + " ".join(part if isinstance(part, str) else written(part) for part in parts) + ")"

    match node:
        case Literal("string", words):
            return '"' + str(words).replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Literal("float", number):
            digits = f"{number:f}"
            return digits if "." in digits else digits + ".0"
        case Literal(_, value):
            return str(value)
        case Variable(name):
            return f"?{name}"
        case Call(function, arguments):
            return row(function, *arguments)
        case Wildcard():
            return "?"
        case Value(term):
            return written(term)
        case Unlike(part):
            return "~" + written(part)
        case AllOf(parts):
            return "&".join(map(written, parts))
        case AnyOf(parts):
            return "|".join(map(written, parts))
        case Predicate(test):
            return ":" + written(test)
        case Return(value):
            return "=" + written(value)
        case SlotTest(slot, part) | SlotValue(slot, part):
            return row(slot, part)
        case Pattern(template, slots, address):
            return (f"?{address} <- " if address else "") + row(template, *slots)
        case Not(part) | Test(part):
            return row(type(node).__name__.lower(), part)
        case And(parts) | Or(parts) | Exists(parts):
            return row(type(node).__name__.lower(), *parts)
        case Forall(first, rest):
            return row("forall", first, *rest)
        case Assert(parts):
            return row("assert", *parts)
        case Assertion(template, slots):
            return row(template, *slots)
        case Rule():
            docstring = [f'"{node.docstring}"'] if node.docstring is not None else []
            salience = [f"(declare (salience {node.salience}))"]
            return row("defrule", node.name, *docstring, *salience, *node.conditions, "=>", *node.actions)
    raise AssertionError(node)


@given(st.lists(rules, max_size=3))
def test_what_is_written_reads_back(program: list[Rule]) -> None:
    source = "\n; a comment\n".join(map(written, program))
    read = parse(source, "a.clp")
    assert read.rules == tuple(program)
    for rule in read.rules:
        assert rule.text == source[rule.at.start : rule.at.end]
        assert parse(rule.text, "b.clp").rules == (rule,)


def test_places_and_words_are_exact() -> None:
    source = '; first\r\n(defrule up "quant | ?i"\n  ?f <- (bar (close ?c&:(> ?c 1.50))) => (assert (b (c ?c))))'
    (rule,) = parse(source, "a.clp").rules
    (pattern,) = rule.conditions
    assert isinstance(pattern, Pattern)
    assert (rule.at.line, rule.at.column) == (2, 1)
    assert (rule.name_at.line, rule.name_at.column) == (2, 10)
    assert (rule.docstring_at.line, rule.docstring_at.column) == (2, 13)
    assert (pattern.at.line, pattern.at.column) == (3, 3)
    assert rule.words(pattern) == "?f <- (bar (close ?c&:(> ?c 1.50)))"
    assert rule.words(pattern.slots[0].constraint) == "?c&:(> ?c 1.50)"
    assert (rule.owner, rule.sentence) == ("quant", "?i")


def test_a_variable_in_front_is_a_constraint_of_its_own() -> None:
    (rule,) = parse("(defrule a (b (c ?x&red|blue)) => (assert (d)))", "a.clp").rules
    (pattern,) = rule.conditions
    assert isinstance(pattern, Pattern)
    either = AnyOf((Value(Literal("symbol", "red", AT), AT), Value(Literal("symbol", "blue", AT), AT)), AT)
    assert pattern.slots[0].constraint == AllOf((Value(Variable("x", AT), AT), either), AT)


def test_loads_come_in_order() -> None:
    program = parse('(load "b.clp")\n  (load "a.clp")', "rules.clp")
    assert program.loads == (Load("b.clp", "rules.clp", AT), Load("a.clp", "rules.clp", AT))
    assert (program.loads[1].at.line, program.loads[1].at.column) == (2, 3)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("(defrule a\n  (b)", "a.clp:1:1: the parenthesis `(` is never closed; add the missing `)`"),
        (
            "(defrule a\n  (b) => (assert (c))\n\n(defrule b (b) => (assert (c)))",
            "a.clp:1:1: the parenthesis `(` is not closed before line 4; add the missing `)`",
        ),
        ('(load "x")\n)', "a.clp:2:1: the parenthesis `)` closes nothing; remove it, or open it with `(`"),
        ('(defrule a "open)', 'a.clp:1:12: the string opened by `"` does not end; add the missing `"`'),
        ("(defrul a)", 'a.clp:1:1: unknown construct `defrul`; a rulebook holds `(defrule …)` and `(load "file")`'),
        ("(defrule a (b) (assert (c)))", "the rule `a` has no `=>`; write it between its conditions and its actions"),
        ("(defrule a => (assert (c)))", "the rule `a` has no condition; write what must be known before the `=>`"),
        ("(defrule a (b) =>)", "the rule `a` has no action; write `(assert …)` after the `=>`"),
        ("(defrule a (b x) => (assert (c)))", "a.clp:1:15: `x` in `b` is no slot; write `(slot value)`"),
        ("(defrule a (b (x 1 2)) => (assert (c)))", "`2` is one value too many for the slot `x`; it takes one"),
        ("(defrule a (b (x)) => (assert (c)))", "the slot `x` has no value; write `(x value)`"),
        ("(defrule a (b (x $?y)) => (assert (c)))", "`$?y` would match several values, but a slot holds one"),
        ("(defrule a (b (x ?*y*)) => (assert (c)))", "`?*y*` is no variable"),
        ("(defrule a (b (x ?y&)) => (assert (c)))", "write one after `&`, `|` or `~`"),
        ("(defrule a (b (x (+ 1 2))) => (assert (c)))", "a call needs `:` (a test) or `=` (a value) before it"),
        ("(defrule a (b (x 1e999)) => (assert (c)))", "write at most 15 significant digits"),
        ("(defrule a (b (x 0.1234567890123456)) => (assert (c)))", "write at most 15 significant digits"),
        ("(defrule a (b (x 123456789012345678)) => (assert (c)))", "a whole number has at most 17 digits"),
        ("(defrule a (declare (salience high)) (b) => (assert (c)))", "n from -10000 to 10000"),
        ("(defrule a (logical (b)) => (assert (c)))", "`logical` is not part of a rulebook; leave it out"),
        ("(defrule a (not (b) (c)) => (assert (c)))", "needs exactly one condition"),
        ("(load rules)", "needs one file name in quotes"),
        ("(" * 70 + ")" * 70, "parentheses nest more than 60 levels deep"),
        ("(defrule a (b\xa0) => (assert (c)))", "a.clp:1:14: the character U+00A0 can not be printed"),
    ],
)
def test_each_malformed_form_has_its_sentence(source: str, complaint: str) -> None:
    found = faults(source)
    assert len(found) == 1
    assert complaint in found[0]


def test_all_faults_of_a_file_are_told_at_once() -> None:
    assert len(faults("(defrul a)\n(load x)\nword\n(defrule b (c) =>)")) == 4
