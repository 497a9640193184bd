"""The report of a real short run: whole, self-contained, the same bytes twice."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from adapters.audit.log import LogReader
from adapters.demo.desk import CHANGES
from adapters.demo.run import Demonstration
from adapters.reports.plots import SIZES, plots
from adapters.reports.report import Node, examples, render, tree
from engine.telling.as_text import lines
from engine.telling.narrative import Telling, tell

pytestmark = pytest.mark.sqlite_file  # a demonstration keeps its log in a file

pytest_plugins = ["tests.adapters.demo_sample"]

VOID = {"meta", "br", "wbr", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Collects ids, links and tags, and notices what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "xlink:href", "src", "srcset", "data", "action"):
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


@pytest.fixture(scope="module")
def text(shown: Demonstration) -> str:
    return shown.report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_is_the_same_when_it_is_made_again(shown: Demonstration, text: str) -> None:
    assert shown.results is not None
    with LogReader.read(shown.folder / "store/warrant.sqlite") as log:
        assert render(shown.results, log, shown.changed) == text


def test_whatever_the_machine_prefers_the_plots_are_the_same(shown: Demonstration) -> None:
    import matplotlib as mpl

    assert shown.results is not None
    before = plots(shown.results)
    with mpl.rc_context({"axes.facecolor": "black", "svg.fonttype": "path", "lines.linewidth": 9.0}):
        assert plots(shown.results) == before


def test_the_page_needs_nothing_else(page: Page, text: str) -> None:
    assert all(link.startswith("#") for link in page.links)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "image"}
    assert not re.search(r"@import|url\((?!#)", text)


def test_the_page_is_well_formed(page: Page) -> None:
    assert (page.open, page.crossed) == ([], [])


def test_ids_are_unique_and_every_link_leads_somewhere(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_the_page_names_no_folder_and_no_clock(shown: Demonstration, text: str) -> None:
    assert str(shown.folder) not in text
    assert not re.search(r"\b20(1[4-9]|2[0-9])-[0-9]{2}-[0-9]{2}", text), "no date after the data"


def test_every_plot_is_there_for_both_widths_and_for_those_who_do_not_see(shown: Demonstration, text: str) -> None:
    assert shown.results is not None
    for plot in plots(shown.results):
        assert [name for name, _ in plot.drawings] == [size.name for size in SIZES]
        assert f'aria-label="{plot.says}"' in text
        assert all(drawing in text.replace("\u00a0%", " %") for _, drawing in plot.drawings)


def test_the_page_says_what_differs_and_what_it_is_worth(text: str, shown: Demonstration) -> None:
    assert shown.results is not None
    for one in CHANGES:
        assert one.limit in text
    for words in ("no promise of returns", "survive", "no costs", shown.results.root):
        assert words in text


def test_the_examples_show_each_outcome_that_occurred(shown: Demonstration) -> None:
    assert shown.results is not None
    with LogReader.read(shown.folder / "store/warrant.sqlite") as log:
        found = {one.anchor: one for one in examples(shown.results, log)}
    assert {"example-cut", "example-denied", "example-no-candidate"} <= set(found)
    assert ": cut, buy " in found["example-cut"].tree.text
    assert "denied (on its own)" in found["example-denied"].tree.text


def count(node: Node) -> int:
    return 1 + sum(map(count, node.parts))


def test_the_tree_tells_what_the_lines_tell() -> None:
    shared = tell("cause", tell("fact"))
    whole = tell("top", tell("one", shared), tell("two", shared), Telling("three"))
    assert count(tree(whole)) == len(list(lines(whole)))
    assert [part.parts[0].again for part in tree(whole).parts[:2]] == [False, True]


def test_words_of_the_log_are_escaped(shown: Demonstration) -> None:
    """A fault may quote anything; it must not become part of the page."""
    assert shown.results is not None
    results = shown.results
    results.tally.faults.append("<script>alert(1)</script>")
    try:
        with LogReader.read(shown.folder / "store/warrant.sqlite") as log:
            assert "<script" not in render(results, log)
    finally:
        results.tally.faults.pop()
