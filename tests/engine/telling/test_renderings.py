"""One tree, four renderings: whatever texts are in it, each rendering has the tree's shape and nothing besides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from engine.telling.as_html import as_html, page
from engine.telling.as_json import from_json, schema, to_json
from engine.telling.as_markdown import as_markdown
from engine.telling.as_text import as_text, lines
from engine.telling.narrative import Shown, Telling, brief, size, tell, told_once
from engine.telling.tokens import (
    Sort,
    Token,
    digest,
    instrument,
    listed,
    number,
    plain,
    run,
    share,
    shares,
    verdict,
    visible,
)
from tests.engine.telling.made import TELLINGS

SCHEMA = Path(__file__).parents[3] / "docs/telling.schema.json"
BRANCH = re.compile(r"(?:│  |   )*[├└]─ ")
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]")


def nodes(shown: Shown) -> Iterator[Shown]:
    yield shown
    for part in shown.parts:
        yield from nodes(part)


def squeezed(text: str) -> str:
    """What a reader sees of a text where white space does not count."""
    return "".join(visible(text).split())


# --- text -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(TELLINGS)
def test_text_has_one_branch_for_each_sentence_and_nothing_that_acts(root: Telling) -> None:
    text = as_text(Telling(root.run, root.parts))
    _, *rest = text.removesuffix("\n").split("\n")
    branches = [line for line in rest if BRANCH.match(line)]
    assert len(branches) == sum(1 for _ in nodes(told_once(root))) - 1
    assert all(line in branches or "╎" in line for line in rest), "no line that is neither a sentence nor its rest"
    assert not UNSEEN.search(text)
    text.encode()


def test_a_line_feed_in_a_name_draws_no_branch() -> None:
    forged = tell("top", tell("cut\n└─ granted, buy 1,000,000 shares"))
    assert list(lines(forged)) == ["top", "└─ cut", "   ╎ └─ granted, buy 1,000,000 shares"]


def test_a_shared_cause_is_told_once() -> None:
    shared = tell("cause", tell("fact"))
    whole = tell("top", tell("one", shared), tell("two", tell("cause", tell("fact"))))
    assert list(lines(whole))[-1] == "   └─ cause (told above)"
    written = json.dumps(to_json(whole))
    assert [text.count("fact") for text in (as_html(whole), as_markdown(whole), written)] == [1, 1, 2]
    assert '"see": "c1"' in written, "JSON has each sentence twice: as text and as tokens"


def test_what_many_share_takes_no_more_time_than_it_has_lines() -> None:
    """A tree whose every node is twice the one below would have 2^64 sentences if told out."""
    node = tell("leaf")
    for _ in range(64):
        node = tell("both", node, node)
    assert len(list(lines(node))) == 2 * 64 + 1
    assert from_json(to_json(node)).parts[0].parts


# --- HTML -------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser makes of a page: elements that are opened and closed, words, ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@settings(max_examples=60, deadline=None)
@given(TELLINGS)
def test_html_is_well_formed_and_made_of_nothing_but_our_elements(root: Telling) -> None:
    text = as_html(root, prefix="p-")
    found, shown = Page(text), list(nodes(told_once(root, "p-")))
    assert (found.open, found.crossed) == ([], [])
    ours = {"div", "p", "ul", "li", "details", "summary", "a", "span", "b", "strong", "code", "data", "time", "br"}
    assert set(found.tags) <= ours
    assert found.names <= {"class", "id", "href", "title", "value", "datetime", "open", "aria-hidden"}
    assert found.tags.count("li") == len(shown) - 1
    assert found.ids == [one.anchor for one in shown if one.anchor], "each once, in order"
    assert {one.removeprefix("#") for one in found.links} <= set(found.ids)
    assert not UNSEEN.search(text)


@settings(max_examples=30, deadline=None)
@given(TELLINGS)
def test_html_says_the_words_of_the_tree(root: Telling) -> None:
    marks = re.compile(r'<span class="mark"[^>]*>.</span>|<a class="again"[^>]*>told above</a>')
    said = "".join(Page(marks.sub("", as_html(root))).words)
    runs = [root.run, *root.summary, *(one.telling.run for one in list(nodes(told_once(root)))[1:])]
    assert "".join(said.split()) == "".join(squeezed(plain(one)) for one in runs)


def test_a_page_needs_nothing_else() -> None:
    text = page("a <title>", tell("top", tell("part")), tell("other"))
    found = Page(text)
    assert (found.open, found.crossed, found.links) == ([], [], [])
    assert not set(found.tags) & {"script", "link", "img", "iframe"}
    assert not re.search(r"@import|url\(", text)


def test_html_says_what_a_token_means_and_marks_a_verdict_with_a_shape() -> None:
    text = as_html(
        tell(instrument("AAPL"), " ", verdict("denied"), ": ", share("0.0417"), " ", digest("sha256:" + "ab" * 32))
    )
    assert '<strong class="verdict bad"><span class="mark" aria-hidden="true">✖</span> denied</strong>' in text
    assert '<data class="number" value="0.0417" title="exactly 0.0417 fraction">4.17 %</data>' in text
    assert f'title="sha256:{"ab" * 32}">abababababab</code>' in text


# --- Markdown ---------------------------------------------------------------------------------------------------

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ANCHOR = re.compile(r'</?a(?: id="[a-z0-9-]+")?>')


@settings(max_examples=60, deadline=None)
@given(TELLINGS)
def test_markdown_is_read_as_the_same_tree(root: Telling) -> None:
    text = as_markdown(root)
    blocks = READER.parse(text)
    shown = list(nodes(told_once(root)))
    kinds = [one.type for one in blocks]
    assert kinds.count("list_item_open") == len(shown) - 1
    assert kinds.count("heading_open") == 1
    ours = {"heading", "paragraph", "bullet_list", "list_item"}
    assert set(kinds) <= {"inline", *(f"{name}_{end}" for name in ours for end in ("open", "close"))}
    inline = [child for one in blocks for child in one.children or []]
    assert {one.type for one in inline} <= {
        "text", "code_inline", "strong_open", "strong_close", "html_inline", "link_open", "link_close", "text_special",
    }  # fmt: skip
    assert all(ANCHOR.fullmatch(one.content) for one in inline if one.type == "html_inline")
    assert all(str(one.attrs["href"]).startswith("#c") for one in inline if one.type == "link_open")
    assert not UNSEEN.search(text)


@settings(max_examples=30, deadline=None)
@given(TELLINGS)
def test_markdown_says_the_words_of_the_tree(root: Telling) -> None:
    said = [one.content for block in READER.parse(as_markdown(root)) for one in block.children or []
            if one.type in ("text", "code_inline", "text_special")]  # fmt: skip
    shown = list(nodes(told_once(root)))
    runs = [root.run, *root.summary, *(one.telling.run for one in shown[1:])]
    again = sum(bool(one.again) for one in shown)
    heard = "".join("".join(said).split()).replace("(toldabove)", "")
    assert heard == "".join(squeezed(plain(one)) for one in runs).replace("(toldabove)", "")
    assert again == as_markdown(root).count("([told above](#")


# --- JSON -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(TELLINGS)
def test_json_and_back_is_the_same(root: Telling) -> None:
    # Escaped, so that also half a character comes through.
    read = from_json(json.loads(json.dumps(to_json(root))))
    assert read == root
    assert as_text(read) == as_text(root)


def test_another_form_of_json_is_refused() -> None:
    with pytest.raises(ValueError, match="warrant-telling/2"):
        from_json({**to_json(tell("x")), "format": "warrant-telling/2"})


def test_the_published_schema_is_this_one_and_what_is_written_fits_it() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema()
    names = schema()["$defs"]["node"]["properties"]
    shared = tell("cause", tell(number("0.5", "USD"))).named("limits").as_detail()
    found = to_json(tell("top", tell("a", shared), tell("b", shared)).headed("paragraph"))
    keys = {key for one in walked(found) for key in one} - {"format", "summary"}
    assert keys == set(names)


def walked(node: dict[str, object]) -> Iterator[dict[str, object]]:
    yield node
    for part in node.get("parts", []):  # type: ignore[attr-defined]
        yield from walked(part)


# --- the pieces -------------------------------------------------------------------------------------------------


def test_numbers_keep_what_they_are() -> None:
    assert number("1500/1753", places=2) == Token(Sort.NUMBER, "0.86", "1500/1753")
    assert number("46434.777", "USD", places=0) == Token(Sort.NUMBER, "46,435 USD", "46434.777", "USD")
    assert share("-0.0001").text == "-0.01 %"
    assert [shares(n).text for n in (1, 2)] == ["1 share", "2 shares"]
    assert number("unknown").sort is Sort.WORDS


def test_words_beside_words_are_one_token_and_nothing_empty_stays() -> None:
    assert run("a", ["b", ("", "c")], instrument(""), instrument("X")) == run("abc", instrument("X"))
    assert [plain(listed("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_the_short_form_leaves_out_details_with_all_below_them() -> None:
    whole = tell("top", tell("why", tell("because")), tell("digests", tell("sha256")).as_detail())
    assert list(lines(brief(whole))) == ["top", "└─ why", "   └─ because"]
    assert size(whole) == 5
