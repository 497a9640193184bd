"""What holds of the features whatever stands in a text: they answer, and a name can be given back."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.casework.running import Asked
from adapters.editor.book import Book, read_book
from adapters.editor.completion import completions
from adapters.editor.hovering import hover
from adapters.editor.names import Mention
from adapters.editor.navigation import declared, definitions, references
from adapters.editor.places import Unit, offset_of, place_of, sound
from adapters.editor.renaming import Refused, Renamed, rename
from knowledge.prolog.text import read_policies
from knowledge.templates import vocabulary
from rules.findings import Fix, mended
from rules.rulebook import read_rulebook
from rules.stages import patterns
from rules.texts import Source, program_of
from tests.adapters.editor.client import ROOT

UNITS: tuple[Unit, ...] = ("utf-8", "utf-16", "utf-32")


@cache
def shipped() -> Book:
    return read_book(ROOT, {})


# Places.


@settings(max_examples=50)
@given(st.text(st.sampled_from("aß€😀\r\n"), max_size=40), st.sampled_from(UNITS))
def test_places_and_offsets_are_each_others_inverse(text: str, unit: Unit) -> None:
    for offset in range(len(text) + 1):
        inside = text[offset - 1 : offset + 1] == "\r\n"
        assert offset_of(text, *place_of(text, offset, unit), unit) == offset - inside


@settings(max_examples=50)
@given(st.text(), st.integers(-3, 9), st.integers(-3, 99), st.sampled_from(UNITS))
def test_a_place_counts_as_the_encoding_does(text: str, line: int, character: int, unit: Unit) -> None:
    found = offset_of(sound(text), line, character, unit)
    assert 0 <= found <= len(text)
    before = re.split(r"\r\n|\n|\r", sound(text)[:found])[-1]
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[unit]
    name = unit if unit == "utf-8" else f"{unit}-le"
    assert place_of(sound(text), found, unit)[1] == len(before.encode(name)) // width


# Any text.

PIECES = st.sampled_from(
    [
        *"()[]{}?~|&;%.,:-'\"\\\n \t_X",
        *("(defrule ", '(load "', "=>", "(assert ", "indicator", "(name rsi-14)", "?x", "(not ", "(test ", "<-"),
        *(":- sentence(", "forbidden(", "reference(", "0'", "/*", "*/", " is ", "- trend: {", "rule: ", "- name: "),
        *("\r\n", "\r", "😀", "\x00", "é"),
    ]
)
FILES = ("rules/book/trend.clp", "rules/book/session.pl", "rules/cases/trend-up.yaml")


@st.composite
def torn(draw: st.DrawFn) -> tuple[str, str, int]:
    """A file of the book with other text in it, or none of its own, and an offset anywhere."""
    file = draw(st.sampled_from(FILES))
    text = shipped().texts[file][:900] if draw(st.booleans()) else ""
    for _ in range(draw(st.integers(0, 3))):
        at, until = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        text = text[:at] + "".join(draw(st.lists(PIECES, max_size=12))) + text[min(until, at + 20) :]
    return file, text, draw(st.integers(0, len(text) + 1))


@settings(max_examples=150)
@given(torn())
@example(("rules/book/trend.clp", "(" * 3000, 3000))
@example(("rules/book/session.pl", "a" + "(" * 3000, 3001))
@example(("rules/book/session.pl", "f(a,b,c) :- calendar(a,b,c,d,e,", 31))
def test_every_feature_answers_at_any_place_of_any_text(asked: tuple[str, str, int]) -> None:
    file, text, offset = asked
    rules, policies, cases = (
        {**some, **({file: text} if file in some else {})}
        for some in (shipped().rules, shipped().policies, shipped().cases)
    )
    book = Book(rules, policies, cases, shipped().unloaded)
    for one in completions(book, file, offset):
        assert 0 <= one.start <= one.end <= len(text) and one.label
    hover(book, file, offset)
    for target in (*definitions(book, file, offset), *references(book, file, offset)):
        assert target.file in book.texts or target.file.endswith("templates.yaml")
    for outlined in book.outline(file):
        assert 0 <= outlined.start <= outlined.name_start <= outlined.name_end <= len(text)
    for mention in book.mentions_in(file):
        assert 0 <= mention.start <= mention.end <= len(text)
    try:
        rename(book, file, offset, "Fresh" if file.endswith(".pl") else "fresh")
    except Refused as refused:
        assert str(refused)


# The words of a sound text are those that its syntax tree has.


def test_rules_name_what_the_syntax_tree_has() -> None:
    for file, text in shipped().rules.items():
        program, faults = program_of(Source(file, text))
        assert not faults
        named = shipped().mentions_in(file)
        rules = [one for one in named if one.of.kind == "rule" and one.role == "definition"]
        assert [one.start for one in rules] == [rule.name_at.start for rule in program.rules]
        asked = [one.of.name for one in named if one.of.kind == "template" and one.role == "use"]
        assert asked == [one.template for rule in program.rules for one, _ in patterns(rule.conditions)]


def test_policies_name_what_prolog_reads() -> None:
    text = read_policies(tuple(shipped().policies.items()))
    heads = [
        (clause.file.name, clause.head.start, f"{clause.head.value}/{len(clause.head.args)}") for clause in text.clauses
    ]
    named = [one for one in shipped().mentions if one.of.kind == "predicate" and one.role == "definition"]
    assert [(one.file, one.start, one.of.name) for one in named] == heads
    goals = sorted(
        f"{goal.value}/{len(goal.args)}"
        for clause in text.clauses
        for goal, _ in clause.goals()
        if goal.name in text.defined
    )
    sentences = sum(directive.args[0].value == "sentence" for _, directive in text.directives)
    used = [one.of.name for one in shipped().mentions if one.of.kind == "predicate" and one.role == "use"]
    assert len(used) == len(goals) + sentences


def test_all_of_the_vocabulary_is_found_in_its_file() -> None:
    words = vocabulary()
    slots = sum(len(one.slots) for one in words.templates.values())
    assert len(declared()) == len(words.templates) + slots + sum(map(len, words.measures.values()))


# Renaming.


def renamables() -> list[Mention]:
    first: dict[object, Mention] = {}
    for one in filter(_is_old, shipped().mentions):
        first.setdefault(one.of, one)
    return list(first.values())


def renamed_book(book: Book, renamed: Renamed) -> Book:
    texts = book.texts | mended(book.texts, [Fix("", renamed.edits)])
    moved = dict(renamed.moves)
    cases = {moved.get(file, file): texts[file] for file in book.cases}
    return Book({file: texts[file] for file in book.rules}, {file: texts[file] for file in book.policies}, cases)


def fresh(mention: Mention) -> str:
    if mention.of.kind == "predicate":
        return "fresh_name"
    return "Fresh" if mention.file.endswith(".pl") else "fresh-name"


@pytest.mark.parametrize("kind", ["rule", "variable", "predicate"])
def test_a_name_given_back_leaves_every_text_as_it_was(kind: str) -> None:
    tried = [one for one in renamables() if one.of.kind == kind][:: 4 if kind == "variable" else 2]
    assert len(tried) > 5
    for one in tried:
        changed = rename(shipped(), one.file, one.start, fresh(one))
        assert changed.edits
        there = renamed_book(shipped(), changed)
        at = next(edit for edit in there.mentions if edit.role == "definition" and edit.of.name.startswith(fresh(one)))
        old = one.of.name.rpartition("/")[0] or one.of.name
        back = renamed_book(there, rename(there, at.file, at.start, old))
        assert {**back.texts} == {**shipped().texts}


def test_a_book_with_every_name_changed_loads_and_passes_its_cases(desk: Path) -> None:
    book = read_book(desk, {})
    number = 0
    while (one := next(filter(_is_old, book.mentions), None)) is not None:
        number += 1
        book = renamed_book(book, rename(book, one.file, one.start, f"{fresh(one)}{number}"))
    assert number == len(renamables())
    shutil.rmtree(desk / "rules")
    for file, text in book.texts.items():
        (desk / file).parent.mkdir(parents=True, exist_ok=True)
        (desk / file).write_text(text, encoding="utf-8")
    assert len(read_rulebook(desk).program.rules) == len(read_rulebook(ROOT).program.rules)
    with Asked(desk) as asked:
        assert not asked.lacking
        assert [one for case in asked.cases for one in asked.run(case)] == []


def _is_old(one: Mention) -> bool:
    if one.of.name.lower().startswith("fresh") or one.of.name in ("permitted/1", "forbidden/2"):
        return False
    return one.of.kind in ("rule", "variable", "predicate") and one.role == "definition"
