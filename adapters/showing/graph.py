"""A picture of who feeds whom: told facts on the left, what is concluded from them to the right, as SVG.

Rules that read and conclude the same templates share a box. A line into a box says that it reads those facts; a dashed
one that it asks for their absence. Within a column, boxes stand near what feeds them (Sugiyama, Tagawa, Toda, "Methods
for visual understanding of hierarchical system structures", 1981). Same rules, same bytes; lengths in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from rules.feeding import Fed, Feeding

LINE = 17
"""Height of a line of text."""
LETTER = 6.65
"""Width of a letter, at the size the page writes names in."""
GAP = 27
"""Between columns, where the lines bend."""
SPACE = 13
"""Between boxes of a column."""
MARGIN = 8


@dataclass(eq=False)
class Box:
    """A template, or the rules that read and conclude the same ones; `x`, `y` is its upper left corner."""

    kind: str
    names: tuple[str, ...]
    column: int
    before: list[tuple[Box, bool]] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        """Pixels."""
        return max(len(name) for name in self.names) * LETTER + 16

    @property
    def height(self) -> float:
        """Pixels."""
        return len(self.names) * LINE + 8

    @property
    def middle(self) -> float:
        """The height at which lines meet the box."""
        return self.y + self.height / 2


def picture(feeding: Feeding) -> str:
    """The SVG text. Templates link to `#template-NAME`, rules to `#rule-NAME` of the page around it."""
    boxes = _boxes(feeding)
    if not boxes:
        return ""
    width, height = _place(boxes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="who feeds whom" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    ]
    parts += [_line(start, box, absent) for box in boxes for start, absent in box.before]
    parts += [part for box in boxes for part in _drawn(box)]
    return "\n".join((*parts, "</svg>"))


def _boxes(feeding: Feeding) -> list[Box]:
    """Every box with what feeds it, by columns."""
    templates = {name: Box("template", (name,), column) for name, column in feeding.template_columns.items()}
    grouped: dict[tuple[object, ...], list[Fed]] = {}
    for fed in feeding.rules:
        grouped.setdefault((fed.reads, fed.lacks, fed.concludes), []).append(fed)
    rules = []
    for group in grouped.values():
        first = group[0]
        box = Box("rule", tuple(fed.rule for fed in group), feeding.rule_columns[first.rule])
        box.before = [(templates[name], False) for name in first.reads]
        box.before += [(templates[name], True) for name in first.lacks]
        for name in first.concludes:
            templates[name].before.append((box, False))
        rules.append(box)
    return sorted([*templates.values(), *rules], key=lambda box: box.column)


def _place(boxes: Sequence[Box]) -> tuple[float, float]:
    """Give each box its place; returns the size of the picture."""
    columns: dict[int, list[Box]] = {}
    for box in boxes:
        columns.setdefault(box.column, []).append(box)
    x = float(MARGIN)
    for column in columns.values():
        for box in column:
            box.x = x
        x += max(box.width for box in column) + GAP
    tallest = max(_stacked(column) for column in columns.values())
    after: dict[int, list[Box]] = {}
    for box in boxes:
        for start, _ in box.before:
            after.setdefault(id(start), []).append(box)
    for column in columns.values():
        _stack(column, tallest)
    for _ in range(4):
        for column in columns.values():
            column.sort(key=lambda box: _mean([start for start, _ in box.before], box))
            _stack(column, tallest)
        for column in reversed(columns.values()):
            column.sort(key=lambda box: _mean(after.get(id(box), ()), box))
            _stack(column, tallest)
    return x - GAP + MARGIN, tallest + 2 * MARGIN


def _mean(others: Sequence[Box], box: Box) -> float:
    return sum(other.middle for other in others) / len(others) if others else box.middle


def _stacked(column: Sequence[Box]) -> float:
    return sum(box.height for box in column) + SPACE * (len(column) - 1)


def _stack(column: Sequence[Box], tallest: float) -> None:
    """One box under the other, the free room shared out between and around them."""
    free = (tallest - _stacked(column)) / (len(column) + 1)
    y = MARGIN + free
    for box in column:
        box.y = y
        y += box.height + SPACE + free


def _line(start: Box, end: Box, absent: bool) -> str:
    x1, y1, x2, y2 = start.x + start.width, start.middle, end.x, end.middle
    bend = max(GAP * 0.9, (x2 - x1) / 3)
    kind = "absent" if absent else "concludes" if start.kind == "rule" else "reads"
    curve = f"C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}{curve}"/>'


def _drawn(box: Box) -> Iterator[str]:
    kind = "told" if box.kind == "template" and not box.column else box.kind
    corner = 4 if box.kind == "rule" else box.height / 2
    yield (
        f'<rect class="{kind}" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{corner:.1f}"/>'
    )
    for number, name in enumerate(box.names):
        shown = escape(name, quote=True)
        y = box.y + 4 + LINE * number + LINE * 0.72
        yield f'<a href="#{box.kind}-{shown}"><text x="{box.x + 8:.1f}" y="{y:.1f}">{shown}</text></a>'
