"""Which of many differences made the difference: the smallest sets of them that do so by themselves.

Given the names of the differences between two sides, and a question that says whether taking a set of them over makes
the verdict of the other side, all sets of one are asked about, then, while there are few, all pairs. Where none does,
the set of all is made smaller: parts and their complements are tried as long as something can be left out (delta
debugging: Zeller, Hildebrandt, "Simplifying and isolating failure-inducing input", 2002). What is returned makes the
verdict, and no single member of it can be left out; that there is none smaller is known only where all sets of its size
were asked about, which `all_of_size` says. Sets that give neither verdict count as not making it. Whoever answers may
end the search by raising `Spent`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from engine.supposing.intervals import Spent

Makes = Callable[[frozenset[str]], bool]
MOST_PAIRS = 200
"""Pairs that are all asked about; with more differences the search begins with all of them."""


@dataclass(frozen=True, slots=True)
class Causes:
    """The sets found. Each makes the verdict by itself; empty where nothing was found within the budget."""

    sets: tuple[tuple[str, ...], ...]
    all_of_size: bool
    """Whether every set of this size or smaller was asked about, so that these are all."""
    spent: bool = False

    @property
    def joint(self) -> bool:
        """Whether it takes several differences together."""
        return bool(self.sets) and len(self.sets[0]) > 1


def causes(names: Sequence[str], makes: Makes) -> Causes:
    """The smallest sets of `names` that make the verdict, in the order of `names`; all of them together have to."""
    asked = _Asked(names, makes)
    try:
        single = tuple((name,) for name in names if asked((name,)))
        if single:
            return Causes(single, True)
        if len(names) * (len(names) - 1) // 2 <= MOST_PAIRS:
            pairs = tuple(pair for pair in combinations(names, 2) if asked(pair))
            if pairs:
                return Causes(pairs, True)
    except Spent:
        return _last(asked, names)
    return _last(asked, names)


def _last(asked: _Asked, names: Sequence[str]) -> Causes:
    try:
        return Causes((_shrunk(tuple(names), asked),), False)
    except Spent:
        return Causes((asked.smallest,) if asked.smallest else (), False, True)


class _Asked:
    """Answers by set, each found once."""

    def __init__(self, names: Sequence[str], makes: Makes) -> None:
        self._makes, self._place = makes, {name: at for at, name in enumerate(names)}
        self._known: dict[frozenset[str], bool] = {frozenset(names): True, frozenset(): False}
        self.smallest: tuple[str, ...] = ()
        """The smallest set that is known to make the verdict, except that of all."""

    def __call__(self, part: Sequence[str]) -> bool:
        """Whether a set makes the verdict. Raises `Spent`."""
        key = frozenset(part)
        if key not in self._known:
            self._known[key] = self._makes(key)
            if self._known[key] and (not self.smallest or len(key) < len(self.smallest)):
                self.smallest = tuple(sorted(key, key=self._place.__getitem__))
        return self._known[key]


def _shrunk(whole: tuple[str, ...], asked: _Asked) -> tuple[str, ...]:
    """A part of a set that makes the verdict, of which no member can be left out."""
    pieces = 2
    while len(whole) > 1:
        size = -(-len(whole) // pieces)
        parts = [whole[at : at + size] for at in range(0, len(whole), size)]
        rests = [tuple(one for one in whole if one not in part) for part in parts]
        if found := next((part for part in parts if asked(part)), None):
            whole, pieces = found, 2
        elif found := next((rest for rest in rests if rest and asked(rest)), None):
            whole, pieces = found, max(pieces - 1, 2)
        elif size == 1:
            break
        else:
            pieces = min(2 * pieces, len(whole))
    return whole
