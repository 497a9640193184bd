"""M104: regions of the measures in which nothing is proposed, whatever else is known, largest first.

How they are found: `rules.meaning.regions`. Regions that share a bound (an overbought market, say) are told together:
the bound that most of them share first, the largest of them in words and with facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from rules.findings import Finding
from rules.meaning.cells import Axis, Box, Span, in_words
from rules.meaning.ground import Ground
from rules.meaning.inquiry import Bench
from rules.meaning.regions import Region, Search
from rules.meaning.telling import told

MOST_NAMED = 4
"""Regions of a group that are put in words; the others are counted."""


def gaps(ground: Ground, bench: Bench) -> Iterator[Finding]:
    """Every gap of each kind of proposal, as findings about the first rule that proposes; and what is not known."""
    for goal, shape in ground.words.templates.items():
        if any(slot.opposed for slot in shape.slots.values()) and ground.concluding.get(goal):
            search = Search(ground, bench, goal)
            first = ground.concluding[goal][0][0]
            for group in _groups(search.space, search.regions()):
                sentence = f"no {goal} is proposed with {_said(search.space, group)}"
                yield told("M104", first, None, sentence, "say so in a rule, or leave it", group[0].facts)
            for why in dict.fromkeys(search.untold):
                yield told("M109", first, None, f"not analysed: gaps: {why}")


def _groups(space: Sequence[Axis], regions: Sequence[Region]) -> list[list[Region]]:
    """Regions that share a bound, together: the bound that most of them share first; then the largest group first."""
    left = list(regions)
    found: list[list[Region]] = []
    while left:
        counted = Counter(bound for one in left for bound in _bounds(space, one.box))
        (name, span), _ = counted.most_common(1)[0] if counted else ((space[0].name, space[0].whole), 0)
        found.append([one for one in left if one.box[name] == span])
        left = [one for one in left if one.box[name] != span]
    return sorted(found, key=lambda group: -group[0].share)


def _bounds(space: Sequence[Axis], box: Box) -> list[tuple[str, Span]]:
    return [(axis.name, box[axis.name]) for axis in space if box[axis.name] != axis.whole]


def _said(space: Sequence[Axis], group: Sequence[Region]) -> str:
    """A group in words: the bounds that all share, then what bounds the largest besides."""
    first = group[0].box
    if len(group) == 1:
        return f"{in_words(space, first)} ({_percent(group[0].share)} of the declared space)"
    shared = [axis for axis in space if all(one.box[axis.name] == first[axis.name] for one in group)]
    rest = [axis for axis in space if axis not in shared]
    named = [f"{in_words(rest, one.box)} ({_percent(one.share)} of the declared space)" for one in _unlike(rest, group)]
    more = f"; and {len(group) - MOST_NAMED} like these" if len(group) > MOST_NAMED else ""
    return f"{in_words(shared, first)} in {len(group)} regions: {'; '.join(named)}{more}"


def _unlike(space: Sequence[Axis], group: Sequence[Region]) -> list[Region]:
    """The largest region, and those that have least in common with the ones before; largest first."""
    chosen = list(group[:1])
    while len(chosen) < min(MOST_NAMED, len(group)):
        known = {bound for one in chosen for bound in _bounds(space, one.box)}
        rest = [one for one in group if one not in chosen]
        chosen.append(max(rest, key=lambda one: len(set(_bounds(space, one.box)) - known)))
    return [one for one in group if one in chosen]


def _percent(share: Fraction) -> str:
    hundredths = round(share * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02} %" if hundredths else "less than 0.01 %"
