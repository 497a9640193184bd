"""Facts of correlations, made by hand: one for each instrument, with those after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from knowledge.door import fact
from knowledge.facts import Fact


def correlated(pairs: Mapping[tuple[str, str], str]) -> list[Fact]:
    """The facts that say these pairs, whose first is not always the lesser."""
    rows: dict[str, dict[str, str]] = {}
    for (first, second), value in pairs.items():
        rows.setdefault(first, {})[second] = value
    return [
        fact("correlations", instrument=name, others=sorted(row), values=[row[other] for other in sorted(row)])
        for name, row in rows.items()
    ]


def all_alike(names: Iterable[str], value: str) -> list[Fact]:
    """Every pair of these has this one correlation."""
    return correlated(dict.fromkeys(combinations(sorted(names), 2), value))
