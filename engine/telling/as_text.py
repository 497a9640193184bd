"""A telling as text, for a terminal: paragraphs, then the tree drawn with lines.

Each line of the tree is one sentence; where a sentence has line feeds of its own, the lines after the first begin with
`╎`, so that no text can draw a branch that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from engine.telling.narrative import Shown, Telling, told_once
from engine.telling.tokens import Run, plain, visible

_COLUMNS = 100


def as_text(root: Telling) -> str:
    """The whole as one text that ends with a line feed."""
    return "".join(f"{line}\n" for line in lines(root))


def lines(root: Telling) -> Iterator[str]:
    """The whole, line by line; shared causes are told once."""
    for paragraph in root.summary:
        yield from wrap(_flowing(paragraph), _COLUMNS, break_long_words=False, break_on_hyphens=False)
        yield ""
    shown = told_once(root)
    first, *more = _lines(root.run)
    yield first
    yield from (f"╎ {line}" for line in more)
    yield from _below(shown, "")


def _below(node: Shown, margin: str) -> Iterator[str]:
    for at, part in enumerate(node.parts):
        last = at == len(node.parts) - 1
        first, *more = _lines(part.telling.run)
        yield f"{margin}{'└─' if last else '├─'} {first}{' (told above)' if part.again else ''}"
        deeper = margin + ("   " if last else "│  ")
        yield from (f"{deeper}╎ {line}" for line in more)
        yield from _below(part, deeper)


def _lines(run: Run) -> list[str]:
    return visible(plain(run)).split("\n")


def _flowing(run: Run) -> str:
    return " ".join(visible(plain(run)).split())
