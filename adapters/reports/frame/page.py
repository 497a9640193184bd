"""The frame of every report: title, what matters most, a table of contents, sections, and what it was made from.

A page is a value; `render` makes one HTML file of it that needs nothing else, with the same bytes for the same page: it
knows no clock, folder, script or network. Words are escaped where they enter; what is `Markup` has been before.
On paper (A4) pages are numbered and each names the tree's root that the report was made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from markupsafe import Markup, escape

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_ANCHOR = re.compile(r"[^A-Za-z0-9_.-]+")


class Block(Protocol):
    """A piece of a section."""

    def html(self) -> Markup:
        """The piece, escaped."""
        ...


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs."""

    paragraphs: tuple[str, ...]
    soft: bool = False
    """Remarks, in lighter ink."""

    def html(self) -> Markup:
        """One `p` each."""
        kind = Markup(' class="soft"') if self.soft else ""
        return _together(Markup("<p{}>{}</p>").format(kind, one) for one in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; `number` sets it to the right, `keep` never breaks its cells."""

    name: str
    number: bool = False
    keep: bool = False

    @property
    def style(self) -> Markup:
        """The class of its cells."""
        return Markup(' class="n"') if self.number else Markup(' class="keep"') if self.keep else Markup("")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `empty` is said where there are none, `total` is a last row that sums."""

    columns: tuple[Column, ...]
    rows: Sequence[tuple[str, ...]]
    caption: str = ""
    empty: str = "None."
    total: tuple[str, ...] = ()

    def html(self) -> Markup:
        """A `table`, or the sentence of its emptiness."""
        if not self.rows:
            return Markup('<p class="soft">{}</p>').format(
                f"{self.caption}: {self.empty}" if self.caption else self.empty
            )
        heads = _together(Markup("<th{}>{}</th>").format(one.style, one.name) for one in self.columns)
        caption = Markup("<caption>{}</caption>").format(self.caption) if self.caption else ""
        body = _together(Markup("<tr>{}</tr>\n").format(self._cells(row)) for row in self.rows)
        total = Markup("<tfoot><tr>{}</tr></tfoot>").format(self._cells(self.total)) if self.total else ""
        return Markup(
            '<div class="scroll"><table>{}<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>{}</table></div>'
        ).format(caption, heads, body, total)

    def _cells(self, row: Sequence[str]) -> Markup:
        return _together(
            Markup("<td{}>{}</td>").format(column.style, cell) for column, cell in zip(self.columns, row, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, and what it shows, for those who do not see it."""

    svg: str
    """Its text; whoever drew it escaped the words in it."""
    says: str
    caption: str = ""

    def html(self) -> Markup:
        """A `figure`."""
        words = Markup("<figcaption>{}</figcaption>").format(self.caption) if self.caption else ""
        return Markup('<figure role="img" aria-label="{}"><div class="drawing">{}</div>{}</figure>').format(
            self.says, Markup(self.svg), words  # noqa: S704 - drawn by `drawing` or `vectors`, which escape
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """HTML that a renderer of ours has made."""

    markup: Markup

    def html(self) -> Markup:
        """As it is."""
        return self.markup


@dataclass(frozen=True, slots=True)
class Folded:
    """Pieces behind a line that unfolds them; on paper they are shown."""

    line: str
    blocks: tuple[Block, ...]

    def html(self) -> Markup:
        """A `details`."""
        return Markup("<details><summary>{}</summary>{}</details>").format(self.line, blocks_html(self.blocks))


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading and an anchor; `parts` are its own sections."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]
    parts: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A figure that a reader wants first."""

    label: str
    figure: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a report was made from, and the command that makes it again."""

    desk: str
    mode: str
    records: int
    root: str
    """Of the tree over those records, hexadecimal."""
    checkpoint: str
    command: str


@dataclass(frozen=True, slots=True)
class Page:
    """A report."""

    kind: str
    """Its word on the command line."""
    title: str
    subtitle: str
    lead: tuple[str, ...]
    """What matters most, in a few sentences."""
    sections: tuple[Section, ...]
    origin: Origin
    cards: tuple[Card, ...] = ()


def render(page: Page) -> str:
    """The HTML text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from adapters.reports.frame.fonts import faces
    from engine.telling.as_html import STYLE

    shown = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    shown.trim_blocks = shown.lstrip_blocks = shown.keep_trailing_newline = True
    shown.filters["blocks"] = blocks_html
    body = shown.get_template("page.html.j2").render(page=page, faces=_PLACE, telling=STYLE)
    # A number and its unit stay on one line.
    body = re.sub(r"(?<=[0-9]) (?=%|bp\b)", "\u00a0", body)
    return body.replace(_PLACE, faces(body))


_PLACE = "/* typefaces */"


def blocks_html(blocks: Sequence[Block]) -> Markup:
    """Pieces one after the other."""
    return _together(block.html() for block in blocks)


def anchor(kind: str, name: str) -> str:
    """An id of the page for this thing: the same wherever it is linked from."""
    return f"{kind}-{_ANCHOR.sub('-', name)}"


def link(kind: str, name: str, words: str = "") -> Markup:
    """A link to `anchor(kind, name)` of the same page."""
    return Markup('<a href="#{}">{}</a>').format(anchor(kind, name), words or name)


def record(record_id: str) -> Markup:
    """The id of a record, as it stands in the log."""
    return Markup('<span class="id" data-record="{0}">{0}</span>').format(record_id)


def code(words: str) -> Markup:
    """A name as it stands in a file of the desk."""
    return Markup("<code>{}</code>").format(words)


def joined(parts: Sequence[str], between: str = ", ") -> Markup:
    """Parts in one cell, those that are `Markup` as they are."""
    return escape(between).join(parts)


def _together(parts: Iterator[Markup]) -> Markup:
    return Markup("").join(parts)
