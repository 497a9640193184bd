"""What an editor asks of texts, at marked places of the book that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.editor.book import VOCABULARY, Book, read_book
from adapters.editor.completion import Proposal, completions
from adapters.editor.hovering import Told, Values, hover
from adapters.editor.navigation import Target, definitions, references
from adapters.editor.renaming import Refused, Renamed, rename
from rules.texts import read_texts
from tests.adapters.editor.client import ROOT

TREND = "rules/book/trend.clp"
ENTRY = "rules/book/entry.clp"
SETUP = "rules/book/setup.clp"
SHORT = "rules/book/short_selling.pl"


def written(file: str, marked: str) -> tuple[Book, int]:
    """The book with this text for a file, and the place of the mark `@` in it."""
    offset = marked.index("@")
    return read_book(ROOT, {file: marked.replace("@", "", 1)}), offset


def after(file: str, words: str) -> tuple[Book, int]:
    """The book that ships, and the place behind these words of a file."""
    book = read_book(ROOT, {})
    return book, book.texts[file].index(words) + len(words)


def offered(file: str, marked: str) -> list[str]:
    book, offset = written(file, marked)
    return [one.label for one in completions(book, file, offset)]


def said(place: Told | None) -> str:
    assert place is not None
    return place.markdown


def words(book: Book, targets: list[Target]) -> list[tuple[str, str]]:
    texts = {**book.texts, VOCABULARY: Path(VOCABULARY).read_text(encoding="utf-8")}
    return [(Path(one.file).name, texts[one.file][one.start : one.end]) for one in targets]


# Completion.

RULE = '(defrule r "q | ?i moves by ?x"\n  (indicator (instrument ?i) (name rsi-14) (value ?x))\n  '


def test_templates_and_slots_are_offered_where_they_may_stand() -> None:
    assert {"indicator", "trend", "not", "test", "declare"} <= set(offered(TREND, f"{RULE}(@"))
    assert offered(TREND, f"{RULE}(indicator (@") == ["instrument", "name", "value"]
    assert offered(TREND, f"{RULE}(indicator (instrument ?i) (val@") == ["name", "value"]
    assert offered(TREND, f"{RULE}=> (@") == ["assert"]
    concluded = offered(TREND, f"{RULE}=> (assert (@))")
    assert "trend" in concluded and "indicator" not in concluded
    assert offered(TREND, f"{RULE}=> (assert (trend (@") == ["instrument", "direction"]


def test_measures_symbols_variables_and_functions_are_offered() -> None:
    names = offered(TREND, f"{RULE}(indicator (name @)")
    assert names[:2] == ["rsi-14", "macd-histogram"] and names[-2:] == ["?i", "?x"]
    assert "index-move" in offered(TREND, f"{RULE}(market (name ind@)")
    assert offered(TREND, f"{RULE}(trend (direction ~@)")[:2] == ["up", "down"]
    assert offered(TREND, f"{RULE}(trend (direction ?@)") == ["?i", "?x"]
    assert ">=" in offered(TREND, f"{RULE}(indicator (value ?y&:(@")
    assert offered(TREND, f"{RULE}(test (> ?x @") == ["?i", "?x"]
    assert "trend-up" in offered(ENTRY, f"{RULE}(veto (rule @")


def test_sentences_offer_variables_and_comments_nothing() -> None:
    assert offered(TREND, RULE.replace("moves", "?@ moves")) == ["?i", "?x"]
    assert offered(TREND, RULE.replace("moves", "mo@ves")) == []
    assert offered(TREND, f"{RULE}; (indicator (@") == []


def test_a_completion_takes_the_place_of_the_whole_word() -> None:
    book, offset = written(TREND, f"{RULE}(indi@cator (name rsi-14))")
    first = next(one for one in completions(book, TREND, offset) if one.label == "indicator")
    start = offset - len("indi")
    assert first == Proposal("indicator", "template", first.detail, start, start + len("indicator"), "indicator")


def test_loads_offer_files_that_are_not_loaded(desk: Path) -> None:
    (desk / "rules/book/draft.clp").write_text("", encoding="utf-8")
    text = '(load "rules/book/'
    book = read_book(desk, {"rules.clp": text})
    assert "rules/book/draft.clp" in [one.label for one in completions(book, "rules.clp", len(text))]
    assert "rules/book/draft.clp" in book.unloaded and TREND in book.unloaded


def test_policies_offer_predicates_templates_values_and_variables() -> None:
    head = "forbidden(candidate(Instrument, Side, _, _, _), r) :-\n    "
    goals = offered(SHORT, f"{head}@")
    assert {"trading", "earnings", "forbidden"} <= set(goals)
    assert "trading" in offered(SHORT, f"{head}\\+ tr@")
    assert offered(SHORT, f"{head}calendar(@") == ["Instrument", "Side"]
    assert offered(SHORT, f"{head}calendar(Instrument, @") == ["open", "half", "closed", "Instrument", "Side"]
    assert "'rsi-14'" in offered(SHORT, f"{head}indicator(Instrument, @")
    book, offset = written(SHORT, f"{head}@")
    goal = next(one for one in completions(book, SHORT, offset) if one.label == "calendar")
    assert goal.text == "calendar(Instrument, Session, Next)"


def test_cases_offer_templates_slots_values_and_rules() -> None:
    case = "rules/cases/trend-up.yaml"
    assert "trend-up" in offered(case, "rule: @")
    assert "earnings_blackout" in offered(case, "policy: ea@")
    assert "indicator" in offered(case, "cases:\n  - name: a\n    given:\n      - ind@")
    assert offered(case, "cases:\n  - trend: {@") == ["instrument", "direction"]
    assert offered(case, "cases:\n  - trend: {instrument: A, direction: @") == ["up", "down"]


def test_the_texts_of_a_desk_are_those_that_it_loads() -> None:
    book, loaded = read_book(ROOT, {}), read_texts(ROOT)
    assert list(book.rules.items()) == list(loaded.rules)
    assert list(book.policies.items()) == list(loaded.policies)


def test_a_path_that_leads_nowhere_or_out_of_the_desk_is_passed_over(desk: Path) -> None:
    odd = ["../x.clp", "/etc/passwd", "rules", "", ".", "a\0b", "x" * 5000, "rules.clp", "rules/book/trend.clp"]
    book = read_book(desk, {"rules.clp": "".join(f'(load "{one}")' for one in odd)})
    assert list(book.rules) == ["rules.clp", "rules/book/trend.clp"]


# Hover.


def test_a_rule_is_told_with_its_sentence_and_who_feeds_it() -> None:
    told = said(hover(*_at(TREND, "(defrule trend-")))
    assert "?i trends up" in told and "(quant)" in told and "concludes `trend`" in told
    assert said(hover(*_at("rules/cases/trend-up.yaml", "rule: tre"))) == told


def test_the_vocabulary_is_told_with_units_and_ranges() -> None:
    assert "from 0 to 100" in said(hover(*_at(TREND, "(name adx-")))
    assert "| `value` | a number in the unit" in said(hover(*_at(TREND, "(indi")))
    assert "`up` or `down`" in said(hover(*_at(TREND, "(trend (instrument ?i) (dire")))
    assert said(hover(*_at(TREND, ":(>= ?a"))) == (
        "`?adx` is the `value` of `indicator`: adx-14, index points, from 0 to 100, in steps of 0.01"
    )
    assert "shares of ~Instrument can be borrowed" in said(hover(*_at(SHORT, "\\+ short")))
    assert "earnings(Instrument, Sessions)" in said(hover(*_at("rules/book/earnings.pl", "\\+ earn")))


def test_a_measure_is_told_with_its_recent_values() -> None:
    book, file, offset = _at(TREND, "(name adx-")
    values = Values((("2012-05-18", "AAPL", "21.5"), ("2012-05-17", "IBM", "9")))
    told = said(hover(book, file, offset, lambda named: values))
    assert "| | 2012-05-18 | 2012-05-17 |\n|---|---|---|\n| AAPL | 21.5 |  |\n| IBM |  | 9 |" in told


# Definitions and references.


def _at(file: str, words: str) -> tuple[Book, str, int]:
    book, offset = after(file, words)
    return book, file, offset


def test_definitions() -> None:
    book, file, offset = _at("rules/cases/trend-up.yaml", "rule: trend")
    assert words(book, definitions(book, file, offset)) == [("trend.clp", "trend-up")]
    book, file, offset = _at(TREND, "(defrule trend-up")
    assert words(book, definitions(book, file, offset))[0] == ("trend-up.yaml", "trend-up")
    book, file, offset = _at(ENTRY, "(consens")
    found = words(book, definitions(book, file, offset))
    assert found == [("consensus.clp", "consensus")] * 2 + [("templates.yaml", "consensus")]
    book, file, offset = _at(TREND, "(assert (tre")
    assert words(book, definitions(book, file, offset)) == [("templates.yaml", "trend")]
    for place in ("(indicator (inst", "(name adx-1"):
        book, file, offset = _at(TREND, place)
        assert words(book, definitions(book, file, offset))[0][0] == "templates.yaml"
    book, file, offset = _at(SHORT, "\\+ short")
    assert words(book, definitions(book, file, offset)) == [("short_selling.pl", "shortable")]
    book, file, offset = _at("rules/cases/not-shortable.yaml", "policy: not")
    assert words(book, definitions(book, file, offset)) == [("short_selling.pl", "not_shortable")]
    book, file, offset = _at("rules.clp", '(load "rules/book/tr')
    assert definitions(book, file, offset) == [Target("rules/book/trend.clp", 0, 0)]
    book, file, offset = _at("policies.pl", "include('rules/book/sess")
    assert definitions(book, file, offset) == [Target("rules/book/session.pl", 0, 0)]


def test_references() -> None:
    book, file, offset = _at("rules/book/session.pl", "trading(")
    offset = book.texts[file].index("trading(open)")
    assert [one.file for one in references(book, file, offset)] == [file] * 4
    assert len(references(book, file, offset, declaration=False)) == 2
    book, file, offset = _at(TREND, "(assert (trend")
    found = words(book, references(book, file, offset))
    assert {"trend.clp", "setup.clp", "trend-up.yaml", "templates.yaml"} <= {name for name, _ in found}
    assert {word for _, word in found} == {"trend"}


# Renaming.


def test_a_rule_takes_its_cases_and_slots_along() -> None:
    book, file, offset = _at("rules/book/veto.clp", "(defrule veto-overb")
    renamed = rename(book, file, offset, "veto-hot")
    assert renamed.moves == (("rules/cases/veto-overbought.yaml", "rules/cases/veto-hot.yaml"),)
    assert {one.file for one in renamed.edits} == {file, "rules/cases/veto-overbought.yaml"}
    assert len([one for one in renamed.edits if one.file == file]) == 2


@pytest.mark.parametrize(
    ("file", "words", "name", "why"),
    [
        (TREND, "(defrule trend-up", "trend-down", "names something else"),
        (TREND, "(defrule trend-up", "trend up", "no name of a rule"),
        (TREND, "(defrule trend-up", "yes", "no name of a rule"),
        (TREND, "(value ?spr", "?adx", "names something else"),
        (TREND, "(value ?spr", "1", "no name of a variable"),
        (TREND, "(indicator", "other", "the program's"),
        (TREND, "; A trend", "other", "nothing that has a name"),
        (SHORT, "\\+ shortable", "trading", "names something else"),
        (SHORT, "\\+ shortable", "Shortable", "no name of a predicate"),
        (SHORT, "forbidden", "refused", "the engine asks policies for"),
        ("rules/cases/jurisdiction.yaml", "rule: by-hand", "by-me", "defined nowhere"),
    ],
)
def test_a_name_that_is_not_free_or_not_ours_is_refused(file: str, words: str, name: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        rename(*_at(file, words), name)


def test_what_has_its_name_already_keeps_it() -> None:
    assert rename(*_at(TREND, "(defrule trend-up"), "trend-up") == Renamed(())
