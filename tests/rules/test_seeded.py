"""A sample of the seeded faults, each with the tools that find it; the whole table: `python -m tests.rules.seeded`."""

from __future__ import annotations

import re
from functools import cache

import pytest

from rules.findings import Finding
from tests.rules.seeded import MARKS, PAGE, WANTED, Seeded, Seen, look, read_faults, regions, told

FAULTS = {one.id: one for one in read_faults()}
SAMPLE = {
    "word-1": (("R104",), (), False),
    "copy-4": (("R208",), ("M102",), False),
    "conclusion-1": (("R118",), (), False),
    "policy-6": (("P110",), (), False),
    "policy-23": (("P108",), (), False),
    "policy-2": ((), (), True),
    "dead-1": ((), ("M101",), True),
    "bound-2": ((), (), True),
}
"""Codes of lints, codes of meaning, and whether cases fail, which are run where the rulebook loads."""
CODES = ("M101", "M102")


@cache
def clean() -> Seen:
    return look(None, CODES)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_seeded_fault_is_found_by_what_should_find_it(name: str) -> None:
    one = told(FAULTS[name], look(FAULTS[name], CODES, diff=False), clean())
    assert (one.lints, one.meaning, one.cases != 0) == SAMPLE[name]
    assert one.seen.false == 0


def test_nothing_is_said_of_the_clean_book() -> None:
    assert (clean().lints, clean().meaning, clean().cases, clean().false) == ((), (), frozenset(), 0)


def test_every_fault_is_an_edit_that_can_be_made_and_stands_on_the_page() -> None:
    assert len(FAULTS) == len(read_faults()) >= 60 > WANTED
    assert all(one.book() for one in FAULTS.values())
    table = PAGE.read_text(encoding="utf-8").partition(MARKS[0])[2].partition(MARKS[1])[0]
    assert re.findall(r"^\| ([a-z-]+-\d+) \|", table, re.MULTILINE) == list(FAULTS)


def test_a_note_of_gaps_counts_only_with_the_words_that_the_fault_foretells() -> None:
    gap = Seeded("g", "hidden gap", "", "r", "", "", "", ("rsi-14 at least 60", "adx-14 at most 9"))
    nothing = Seen((), (), frozenset(), None, 0, 0.0)
    sentence = (
        "no candidate is proposed with rsi-14 at least 60 in 9 regions: {}; beta-252 at 1 (1 % of the declared space); "
        "and 7 like these"
    )
    with_words = sentence.format("adx-14 at most 9 (2.00 % of the declared space)")
    without = sentence.format("adx-14 at most 8 (2.00 % of the declared space)")
    assert told(gap, _noted(with_words), nothing).meaning == ("M104",)
    assert told(gap, _noted(without), nothing).meaning == ()
    assert told(gap, _noted(with_words), _noted(with_words)).meaning == ()
    (note,) = _noted(with_words).meaning or ()
    assert list(regions(note)) == ["rsi-14 at least 60, adx-14 at most 9", "rsi-14 at least 60, beta-252 at 1"]


def _noted(sentence: str) -> Seen:
    return Seen((), (Finding("M104", "note", "f", 1, 1, 1, 1, "r", sentence),), frozenset(), None, 0, 0.0)


def test_a_rule_that_feeds_itself_is_not_followed_for_ever() -> None:
    seen = look(FAULTS["twin-5"], ("M104",), diff=False)
    assert [one.code for one in seen.lints] == ["R301"]
    assert {one.code for one in seen.meaning or ()} == {"M109"}
    assert any("conclude too much to follow" in one.sentence for one in seen.meaning or ())
