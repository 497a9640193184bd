"""Clusters: connected by correlation, and a pair that nobody measured is connected."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from engine.gate.market import _clusters
from knowledge.door import fact, freeze
from knowledge.facts import Snapshot

NAMES = ["AA", "BB", "CC", "DD", "EE"]
THRESHOLD = Fraction(7, 10)


def slowly(snapshot: Snapshot, names: list[str]) -> set[frozenset[str]]:
    """Groups merged until no pair between two of them is connected."""
    groups = [frozenset({name}) for name in names]
    while pair := next((two for two in combinations(groups, 2) if connected(snapshot, *two)), None):
        groups = [group for group in groups if group not in pair] + [pair[0] | pair[1]]
    return {group for group in groups if len(group) > 1}


def connected(snapshot: Snapshot, one: frozenset[str], other: frozenset[str]) -> bool:
    for first, second in (sorted((a, b)) for a in one for b in other):
        found = snapshot.find("correlation", first, second)
        if found is None or abs(found.number("value")) >= THRESHOLD:
            return True
    return False


@given(
    st.lists(st.sampled_from(NAMES), unique=True).map(sorted),
    st.dictionaries(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.sampled_from(["0.7", "-0.7", "0.6999", "-0.6999", "0", "1", "0.7001"]),
        min_size=4,
    ),
)
def test_clusters_are_those_of_the_slow_search(names: list[str], values: dict[tuple[str, str], str]) -> None:
    """Also where pairs are missing, stand the wrong way round, or name what is not asked about."""
    facts = [fact("correlation", first=one, second=two, value=value) for (one, two), value in values.items()]
    snapshot = freeze("2011-01-03T21:00:00Z", names, facts)
    found = _clusters(snapshot, names, THRESHOLD)
    assert {frozenset(group) for group in found} == slowly(snapshot, names)
    assert list(found) == sorted(found) and all(list(group) == sorted(group) for group in found)
