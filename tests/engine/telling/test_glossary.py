"""The words at the end of a page: those that occur in it, and the same that the page of words has."""

from __future__ import annotations

from pathlib import Path

from engine.telling.as_html import page
from engine.telling.glossary import WORDS, glossary
from engine.telling.narrative import tell

PAGE = Path(__file__).parents[3] / "docs" / "words.md"


def test_the_page_of_words_has_each() -> None:
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    assert [name for name, _, meaning in WORDS if f"| {name} | {meaning} |" not in rows] == []


def test_only_whole_words_of_a_text_are_told() -> None:
    assert [name for name, _ in glossary("The KELLY stake of a satellite, in lots.")] == ["Kelly stake", "lot"]
    assert not list(glossary("nothing of the kind: a slot, an alphabet, a stopwatch"))


def test_a_page_ends_with_the_words_that_occur_in_it_and_no_others() -> None:
    written = page("a title", tell("the verdict", tell("its Brier score")))
    assert written.count("<dt>") == 1
    assert "<dt>Brier score</dt>" in written
    assert "Words of this page" not in page("a title", tell("nothing"))
