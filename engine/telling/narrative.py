"""An explanation is a tree of sentences, each a run of tokens; text, HTML, Markdown and JSON are made from one tree.

A node that would repeat a cause already told refers to it instead, so a shared cause is told once, in every rendering:
`told_once` says which nodes those are. What a reader needs only to check is marked `detail`, and `brief` leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.telling.tokens import Phrase, Run, plain, run


@dataclass(frozen=True, slots=True, init=False)
class Telling:
    """One sentence and what it rests on."""

    run: Run
    parts: tuple[Telling, ...]
    about: str
    """What the node is about, for programs: `rules`, `policies`, `conditions`, `size`, `limits`, `proof`, `orders` …"""
    summary: tuple[Run, ...]
    """Paragraphs in plain words, told before the tree."""
    detail: bool
    """Whether the node is there to be checked rather than read."""

    def __init__(
        self,
        said: Phrase,
        parts: Iterable[Telling] = (),
        about: str = "",
        summary: Iterable[Phrase] = (),
        detail: bool = False,
    ) -> None:
        object.__setattr__(self, "run", run(said))
        object.__setattr__(self, "parts", tuple(parts))
        object.__setattr__(self, "about", about)
        object.__setattr__(self, "summary", tuple(run(one) for one in summary))
        object.__setattr__(self, "detail", detail)

    @property
    def text(self) -> str:
        """The sentence without its sorts."""
        return plain(self.run)

    def further(self, *parts: Telling) -> Telling:
        """The same with more parts at its end."""
        return Telling(self.run, (*self.parts, *parts), self.about, self.summary, self.detail)

    def of(self, parts: Iterable[Telling]) -> Telling:
        """The same sentence with other parts."""
        return Telling(self.run, parts, self.about, self.summary, self.detail)

    def named(self, about: str) -> Telling:
        """The same with the name of what it is about."""
        return Telling(self.run, self.parts, about, self.summary, self.detail)

    def headed(self, *summary: Phrase) -> Telling:
        """The same with these paragraphs before it."""
        return Telling(self.run, self.parts, self.about, summary, self.detail)

    def as_detail(self) -> Telling:
        """The same, to be shown only where everything is."""
        return Telling(self.run, self.parts, self.about, self.summary, True)


def tell(*pieces: Phrase | Telling) -> Telling:
    """A node: its sentence from the pieces in order (words, tokens, runs), its parts from the tellings among them.

    `tell("holds ", shares(111), " of ", instrument("AAPL"), why)`.
    """
    parts = [one for one in pieces if isinstance(one, Telling)]
    return Telling([one for one in pieces if not isinstance(one, Telling)], parts)


def brief(root: Telling) -> Telling:
    """The tree without its details; what is shared stays shared."""
    known: dict[int, Telling] = {}

    def shortened(node: Telling) -> Telling:
        found = known.get(id(node))
        if found is None:
            found = known[id(node)] = node.of([shortened(part) for part in node.parts if not part.detail])
        return found

    return shortened(root)


def size(root: Telling) -> int:
    """Sentences of the tree, shared ones counted as they are shown."""
    left, count = [told_once(root)], 0
    while left:
        count += 1
        left += left.pop().parts
    return count


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as a rendering shows it."""

    telling: Telling
    parts: tuple[Shown, ...]
    anchor: str = ""
    """The name under which others refer to it, where they do."""
    again: str = ""
    """The anchor of the node that told all this already; it has no parts then."""


def told_once(root: Telling, prefix: str = "") -> Shown:
    """The tree with each cause told once, the first time; the time and space are those of what is shown.

    A node without parts is short enough to be told again. Anchors are `prefix` with `c1`, `c2` … in order.
    """
    names = _Names()
    told: set[int] = set()
    referred: dict[int, None] = {}
    drawn: list[tuple[int, bool]] = []

    def first(node: Telling) -> None:
        name = names.of(node)
        again = bool(node.parts) and name in told
        drawn.append((name, again))
        told.add(name)
        if again:
            referred.setdefault(name)
        else:
            for part in node.parts:
                first(part)

    first(root)
    order = dict.fromkeys(name for name, again in drawn if not again and name in referred)
    anchors = {name: f"{prefix}c{at}" for at, name in enumerate(order, 1)}
    steps = iter(drawn)

    def second(node: Telling) -> Shown:
        name, again = next(steps)
        if again:
            return Shown(node, (), again=anchors[name])
        return Shown(node, tuple(map(second, node.parts)), anchors.get(name, ""))

    return second(root)


class _Names:
    """One number for all nodes that say the same, found without comparing trees again and again."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], int] = {}
        self._seen: dict[int, int] = {}

    def of(self, node: Telling) -> int:
        found = self._seen.get(id(node))
        if found is None:
            said = (node.run, node.about, node.detail, *map(self.of, node.parts))
            found = self._seen[id(node)] = self._known.setdefault(said, len(self._known))
        return found
