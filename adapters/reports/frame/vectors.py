"""Drawings that are cells, bars and lines of text rather than curves: written as SVG by hand, to the tenth of a pixel.

The page's typeface is known letter by letter: words are measured, not guessed. Same values, same bytes. Every word is
escaped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from adapters.reports.frame.fonts import SANS

WIDTH = 780
"""Of a drawing: as wide as the page, whose letters it then has."""
SIZE = 10.5
"""Of letters."""
INK, SOFT, LINE = "#1d2129", "#545b66", "#d9dce1"
SHARES = (
    (0.25, "#dce8f3", "below 25 %"),
    (0.5, "#b9d4e8", "25 to 50 %"),
    (0.75, "#6aaed6", "50 to 75 %"),
    (0.9, "#0072B2", "75 to 90 %"),
    (1.0, "#E69F00", "90 to 100 %"),
)
"""Shares of a bound and how they are shown, up to each."""
_PIECES = re.compile(r".[^-._\[(,:/]*")
"""A word up to its next mark."""
_BEFORE = {"middle": 0.5, "end": 1.0}
"""The share of words that lies left of their anchor."""
PASSED, UNREAD = "#8f2d00", "#fafafa"


@cache
def _advances() -> tuple[dict[int, int], int]:
    """Widths of letters of the page's typeface by code point, and how many make its size."""
    import matplotlib as mpl
    from fontTools.ttLib import TTFont

    with TTFont(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", lazy=True) as font:
        metrics, units = font["hmtx"], int(font["head"].unitsPerEm)
        return {code: int(metrics[name][0]) for code, name in font.getBestCmap().items()}, units


def wide(words: str, size: float = SIZE) -> float:
    """How wide words are, in pixels."""
    known, units = _advances()
    return sum(known.get(ord(one), units) for one in words) * size / units


def text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, size: float = SIZE) -> str:
    """Words at a place. Their left edge is worked out where all letters are known: WeasyPrint clips others."""
    if anchor != "start" and all(ord(one) in _advances()[0] for one in words):
        x, anchor = x - wide(words, size) * _BEFORE[anchor], "start"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size:g}">'
        f"{escape(words, quote=True)}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, width: float = 1.0) -> str:
    """A straight line."""
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{stroke}" stroke-width="{width:g}" fill="none"/>'


def box(x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> str:
    """A filled rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" stroke="{stroke}"/>'


def drawing(height: float, parts: Iterable[str], width: float = WIDTH) -> str:
    """The SVG of these parts."""
    return (
        f'<svg class="full" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'font-family="{SANS}">\n' + "\n".join(parts) + "\n</svg>"
    )


def cut(words: str, room: float, size: float = SIZE) -> str:
    """Words that fit into this room, with an ellipsis where they had to be shortened."""
    if wide(words, size) <= room:
        return words
    while words and wide(f"{words}…", size) > room:
        words = words[:-1]
    return f"{words}…"


def wrapped(words: str, room: float, size: float = SIZE) -> list[str]:
    """Words on as many lines as they need; one that is wider than a line is broken at its marks, or else shortened."""
    lines: list[str] = []
    for word in words.split():
        if lines and wide(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for piece in _PIECES.findall(word):
            if lines[-1] and wide(lines[-1] + piece, size) > room:
                lines.append("")
            lines[-1] = cut(lines[-1] + piece, room, size)
    return lines or [""]


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of a heat map; `shares` has one for each column, None where nothing was read."""

    group: str
    label: str
    shares: Sequence[float | None]
    passed: Sequence[bool]
    figure: str
    """What stands at its end."""


def heat_map(lanes: Sequence[Lane], columns: Sequence[str], end: str) -> str:
    """Lanes under each other, grouped; each cell by the share it has, a dot where a bound was passed."""
    if not lanes or not columns:
        return ""
    left = max(wide(one.label) for one in lanes) + 12
    right = max(wide(words) for words in (end, *(one.figure for one in lanes))) + 10
    each = min((WIDTH - left - right) / len(columns), 60.0)
    tall, y = 14.0, 40.0
    parts = [*_legend(), text(left + each * len(columns) + 8, 34, end, fill=SOFT)]
    by_fill: dict[str, list[str]] = {}
    dots: list[str] = []
    group = ""
    for lane in lanes:
        if lane.group != group:
            group, y = lane.group, y + 6
            parts += [text(0, y + 11, group, fill=SOFT), line(0, y + 15, WIDTH, y + 15)]
            y += 18
        parts.append(text(left - 8, y + 10.5, lane.label, anchor="end"))
        for at, (share, passed) in enumerate(zip(lane.shares, lane.passed, strict=True)):
            x = left + each * at
            cell = (
                f"M{x:.1f} {y + 0.5:.1f}h{each - 0.4 * (each > 3):.2f}v{tall - 1:.1f}h-{each - 0.4 * (each > 3):.2f}z"
            )
            by_fill.setdefault(_fill(share, passed), []).append(cell)
            if passed:
                dots.append(f'<circle cx="{x + each / 2:.1f}" cy="{y + tall / 2:.1f}" r="2" fill="white"/>')
        parts.append(text(left + each * len(columns) + 8, y + 10.5, lane.figure))
        y += tall
    parts += [f'<path d="{"".join(cells)}" fill="{fill}"/>' for fill, cells in sorted(by_fill.items())]
    return drawing(y + 22, [*parts, *dots, *_days(columns, left, each, y + 14)])


def _fill(share: float | None, passed: bool) -> str:
    if passed:
        return PASSED
    if share is None:
        return UNREAD
    return next((fill for most, fill, _ in SHARES if share < most), SHARES[-1][1])


def _legend() -> Iterator[str]:
    x = 0.0
    entries = [*((fill, words) for _, fill, words in SHARES), (PASSED, "beyond"), (UNREAD, "not read")]
    for fill, words in entries:
        yield box(x, 4, 12, 11, fill, LINE)
        if fill == PASSED:
            yield f'<circle cx="{x + 6:.1f}" cy="9.5" r="2" fill="white"/>'
        yield text(x + 17, 13.5, words, size=9.5)
        x += wide(words, 9.5) + 32


def _days(columns: Sequence[str], left: float, each: float, y: float) -> Iterator[str]:
    """As many of the columns' names as fit, under their left edges."""
    room = max(wide(one, 9.5) for one in columns) + 14
    every = max(1, -int(-room // each))
    for at in range(0, len(columns), every):
        x = left + each * at
        if x + room - 14 <= WIDTH:
            yield text(x, y, columns[at], fill=SOFT, size=9.5)


def bars(rows: Sequence[tuple[str, str, float, bool, str]], most: float = 1.0) -> str:
    """Bars beside each other's names: group, label, share, whether a bound was passed, what stands behind it.

    `most` is the share at which the line of the bound stands.
    """
    left = max((wide(label) for _, label, *_ in rows), default=0) + 12
    right = max((wide(words) for *_, words in rows), default=0) + 12
    room = (WIDTH - left - right) / 1.08
    parts, y, group = [*_legend()], 22.0, ""
    for name, label, share, passed, words in rows:
        if name != group:
            group, y = name, y + 6
            parts += [text(0, y + 11, group, fill=SOFT), line(0, y + 15, WIDTH, y + 15)]
            y += 18
        parts.append(text(left - 8, y + 10.5, label, anchor="end"))
        length = room * min(max(share, 0.0) / most, 1.08)
        parts += [box(left, y + 2, room, 10, UNREAD), box(left, y + 2, length, 10, _fill(share, passed))]
        if passed:
            parts.append(f'<circle cx="{left + length - 5:.1f}" cy="{y + 7:.1f}" r="2" fill="white"/>')
        parts.append(text(WIDTH - right + 12, y + 10.5, words))
        y += 14
    parts.append(line(left + room, 24, left + room, y + 4, INK))
    return drawing(y + 8, parts)
