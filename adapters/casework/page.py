"""Coverage as one HTML page: the table, and the text of every rule and policy with its comparisons marked.

One file without scripts, fonts or images from elsewhere. A mark is green where both sides were seen, amber where one
was, red where none; what stands behind it is shown where the pointer rests, and in the table below the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from adapters.casework.coverage_told import Row, rows, side_words
from adapters.casework.covering import Measured
from rules.testing.coverage import Item, Seen

TEMPLATES = Path(__file__).resolve().parent / "templates"
MARKED = ("side", "goal", "clause")


@dataclass(frozen=True, slots=True)
class Part:
    """A rule or policy on the page."""

    row: Row
    text: Markup
    sides: tuple[tuple[Item, tuple[str, str], tuple[str, str]], ...]
    state: str


def page(measured: Measured, desk: str) -> str:
    """The page. `desk` is the desk's name."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    parts = [_part(row, measured) for row in rows(measured)]
    return environment.get_template("coverage.html.j2").render(desk=desk, measured=measured, parts=parts, share=_share)


def _part(row: Row, measured: Measured) -> Part:
    sides = tuple(
        (one, side_words(one, measured.case_of(one)), side_words(one, measured.practice_of(one))) for one in row.sides
    )
    items = [one for one in measured.items if one.file == row.file and one.about == row.about]
    needed = [measured.case_of(one) for one in items if one.level != "goal"]
    state = "both" if all(one.both for one in needed) else "one" if any(one.true for one in needed) else "none"
    return Part(row, _marked(row, items, measured), sides, state)


def _marked(row: Row, items: list[Item], measured: Measured) -> Markup:
    """The text of the lines it stands in, with marks."""
    text = dict(measured.texts)[row.file]
    marks = [one for one in items if one.level == "side" or (one.level == "goal" and not measured.case_of(one).both)]
    first = text.rfind("\n", 0, min(one.start for one in items)) + 1
    last = _end(text, row, items)
    pieces, at = [], first
    for item in sorted(marks, key=lambda one: (one.start, -one.end)):
        if item.start < at:
            continue  # inside of one that is marked already
        seen = measured.case_of(item)
        pieces.append(escape(text[at : item.start]))
        pieces.append(f'<mark class="{_state(seen)}" title="{escape(_title(item, seen))}">')
        pieces.append(f"{escape(text[item.start : item.end])}</mark>")
        at = item.end
    pieces.append(escape(text[at:last]))
    return Markup("".join(pieces).rstrip())  # noqa: S704 - every piece of text in it was escaped


def _end(text: str, row: Row, items: list[Item]) -> int:
    """Where the last of the lines ends: a rule's with its parenthesis, a clause's with its last goal."""
    last = max(one.end for one in items)
    if any(one.level == "rule" for one in items):
        following = text.find("\n(def", last)
        blank = text.find("\n\n", last)
        ends = [one for one in (following, blank) if one >= 0]
        return min(ends, default=len(text))
    line = text.find("\n", last)
    return line if line >= 0 else len(text)


def _state(seen: Seen) -> str:
    return "both" if seen.both else "one" if seen.true or seen.false else "none"


def _title(item: Item, seen: Seen) -> str:
    true, false = side_words(item, seen)
    return f"true: {true}; false: {false}"


def _share(some: tuple[Item, ...], seen: dict[str, Seen]) -> str:
    return f"{sum(seen.get(one.key, Seen()).both for one in some)} of {len(some)}"
