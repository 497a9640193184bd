"""The frame of a report: one file that needs nothing else, the same bytes twice, words that stay words."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from adapters.frame import Failed
from adapters.reports.frame import pdf
from adapters.reports.frame.drawing import on_page
from adapters.reports.frame.fonts import faces
from adapters.reports.frame.page import (
    Card,
    Column,
    Folded,
    Origin,
    Page,
    Picture,
    Prose,
    Section,
    Table,
    anchor,
    link,
    record,
    render,
)  # fmt: skip
from adapters.reports.frame.vectors import text as words_at
from adapters.reports.frame.vectors import wide, wrapped

VOID = {"meta", "br", "wbr", "link", "img", "hr", "input"}
ORIGIN = Origin("a desk", "paper", 7, "ab" * 32, "none", "warrant report daily")
HOSTILE = "<script>alert(1)</script>&\"'</style>{{ 7 * 7 }}"


class Read(HTMLParser):
    """Ids, links, tags and words of a page; what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.records: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "data-record":
                self.records.append(value or "")
            elif name in ("href", "xlink:href", "src", "srcset", "data", "action"):
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def sound(text: str) -> Read:
    """A page that is well formed, needs nothing else and leads nowhere else; as it was read."""
    read = Read(text)
    assert (read.open, read.crossed) == ([], [])
    assert len(read.ids) == len(set(read.ids)), "an id stands twice"
    assert {one for one in read.links if not one.startswith("#")} == set(), "a link leaves the page"
    assert {one[1:] for one in read.links} <= set(read.ids), "a link leads nowhere"
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(read.tags)
    assert set(re.findall(r"url\((?!#)([a-z/]+)", text)) <= {"data", "data:font/ttf"[:4]}
    assert not re.search(r"@import|https?://(?!www\.w3\.org/)", text)
    return read


def page(words: str = "plain") -> Page:
    svg = on_page("one", lambda figure: figure.subplots().plot([0, 1], label=words), 2.0)
    table = Table((Column(words), Column("n", number=True)), ((words, "1"), (link("order", words), "2")), words)
    return Page(
        "daily", words, words, (words,),
        (
            Section("first", words, (Prose((words,)), table, Picture(svg, words, words), Folded(words, (table,)))),
            Section(anchor("order", words), words, (Table((Column("a"),), ()), Prose((record("0" * 16),)))),
        ),
        Origin(words, words, 7, "ab" * 32, words, words),
        (Card(words, words, words),),
    )  # fmt: skip


def test_a_page_needs_nothing_else_and_every_link_leads_somewhere() -> None:
    assert sound(render(page())).records == ["0" * 16]


@settings(max_examples=3, deadline=None)
@example(HOSTILE)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1))
def test_words_stay_words(words: str) -> None:
    plain, hostile = sound(render(page())), sound(render(page(words)))
    assert hostile.tags == plain.tags, "the words became tags"
    assert re.sub(r"(?<=[0-9]) (?=%|bp\b)", "\u00a0", words) in hostile.words


def test_the_same_page_has_the_same_bytes_in_another_process() -> None:
    from hashlib import sha256

    script = (
        "from hashlib import sha256; from tests.adapters.reports.test_page import page, pdf, render;"
        " one = render(page()); print(sha256(one.encode()).hexdigest(), sha256(pdf.to_pdf(one)).hexdigest())"
    )
    called = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told = called.stdout.split()
    here = render(page())
    assert told == [sha256(here.encode()).hexdigest(), sha256(pdf.to_pdf(here)).hexdigest()]


def test_on_paper_pages_are_numbered_and_name_the_root() -> None:
    from io import BytesIO

    read = PdfReader(BytesIO(pdf.to_pdf(render(page()))))
    words = read.pages[0].extract_text()
    assert f"page 1 of {len(read.pages)}" in words
    assert "ab" * 32 in words
    assert read.metadata is None or "/CreationDate" not in read.metadata
    kinds = {str(font["/BaseFont"]).split("+")[-1] for one in read.pages for font in fonts(one)}
    assert kinds <= {"Warrant-Sans", "Warrant-Sans-Bold", "Warrant-Mono"}, "a typeface of this machine"


def fonts(page: object) -> list[dict[str, object]]:
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]


def test_letters_that_the_page_does_not_use_are_not_in_it() -> None:
    assert len(faces("abc")) < len(faces("абвгд")) < 400_000


def test_without_pango_it_says_what_to_install_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(module: str, extra: str) -> None:
        print("-----\nWeasyPrint could not import some external libraries.")
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(pdf, "need", missing)
    with pytest.raises(Failed, match=r"needs the library Pango.*libpangoft2-1\.0-0.*brew install pango.*HTML"):
        pdf.to_pdf("<p>")
    assert capsys.readouterr().out == ""


@given(st.text("ab.[-_ ", min_size=1, max_size=60), st.floats(40, 200))
def test_words_are_broken_and_none_is_lost(words: str, room: float) -> None:
    lines = wrapped(words, room)
    assert all(wide(line) <= room for line in lines)
    if not any("…" in line for line in lines):
        assert "".join(lines).replace(" ", "") == words.replace(" ", "")


def test_a_word_without_marks_is_shortened_where_it_does_not_fit() -> None:
    assert wrapped("portfolio.sector[technology]", 116.0) == ["portfolio.sector", "[technology]"]
    assert wrapped("a" * 99, 60.0)[0].endswith("…")


def test_words_end_at_their_anchor_by_their_left_edge() -> None:
    """A PDF clips the first letter of words with another anchor; what cannot be measured keeps its own."""
    assert words_at(100, 9, "exit", anchor="end").startswith(
        f'<text x="{100 - wide("exit"):.1f}" y="9.0" text-anchor="start"'
    )
    assert 'x="100.0" y="9.0" text-anchor="end"' in words_at(100, 9, "出口", anchor="end")
