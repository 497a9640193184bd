"""An explanation is a tree of sentences; text, JSON and (later) HTML are renderings of one tree.

A node that would repeat a cause already told refers to it instead, so a shared cause is told once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.values import Json


@dataclass(frozen=True, slots=True)
class Telling:
    """One sentence and what it rests on."""

    text: str
    parts: tuple[Telling, ...] = ()

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"text": self.text, "parts": [part.to_json() for part in self.parts]}


def tell(text: str, *parts: Telling) -> Telling:
    """A node; for the brevity of the callers."""
    return Telling(text, parts)


def lines(root: Telling) -> Iterator[str]:
    """The tree as text, drawn with lines; shared causes are told once."""
    told: set[Telling] = set()
    yield root.text
    yield from _below(root, "", told)


def _below(node: Telling, margin: str, told: set[Telling]) -> Iterator[str]:
    for at, part in enumerate(node.parts):
        last = at == len(node.parts) - 1
        known = bool(part.parts) and part in told
        first, *more = part.text.splitlines() or [""]
        yield f"{margin}{'└─' if last else '├─'} {first}{' (told above)' if known else ''}"
        deeper = margin + ("   " if last else "│  ")
        yield from (f"{deeper}{line}" for line in more)
        told.add(part)
        if not known:
            yield from _below(part, deeper, told)
