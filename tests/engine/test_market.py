"""Clusters: connected by correlation, and a pair that nobody measured is connected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.correlations import correlation, correlations
from engine.gate.market import Market, _clusters, read_market
from knowledge.door import Refused, fact, freeze
from knowledge.facts import Fact, Snapshot
from tests.made_correlations import correlated
from tests.promises.cycles import calm

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
        found = correlation(snapshot, first, second)
        if found is None or abs(found) >= THRESHOLD:
            return True
    return False


def in_pairs(values: Mapping[tuple[str, str], str]) -> list[Fact]:
    """As logs of earlier releases hold them."""
    return [fact("correlation", first=one, second=two, value=value) for (one, two), value in values.items()]


@given(
    st.sampled_from([correlated, in_pairs]),
    st.lists(st.sampled_from(NAMES), unique=True).map(sorted),
    st.dictionaries(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.sampled_from(["0.7", "-0.7", "0.6999", "-0.6999", "0", "1", "0.7001"]),
        min_size=4,
    ),
)
def test_clusters_are_those_of_the_slow_search(
    said: Callable[[Mapping[tuple[str, str], str]], list[Fact]], names: list[str], values: dict[tuple[str, str], str]
) -> None:
    """Also where pairs are missing, stand the wrong way round, or name what is not asked about."""
    snapshot = freeze("2011-01-03T21:00:00Z", names, said(values))
    found = _clusters(snapshot, names, THRESHOLD)
    assert {frozenset(group) for group in found} == slowly(snapshot, names)
    assert list(found) == sorted(found) and all(list(group) == sorted(group) for group in found)


PAIRS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), st.sampled_from(["0.7", "-0.7", "0.1"]), min_size=1
)


@given(PAIRS)
def test_lists_and_pairs_say_the_same(values: dict[tuple[str, str], str]) -> None:
    now, before = (freeze("2011-01-03T21:00:00Z", NAMES, said(values)) for said in (correlated, in_pairs))
    known = {(one, two): Decimal(value) for (one, two), value in values.items() if one < two}
    assert {(one, two): value for one, two, value in correlations(now)} == known
    assert {(one, two): value for one, two, value in correlations(before)} == known
    for pair in combinations(NAMES, 2):
        assert correlation(now, *pair) == correlation(before, *reversed(pair)) == known.get(pair)


@given(PAIRS, PAIRS)
def test_where_there_are_lists_a_pair_by_itself_says_nothing(
    lists: dict[tuple[str, str], str], pairs: dict[tuple[str, str], str]
) -> None:
    both = freeze("2011-01-03T21:00:00Z", NAMES, [*correlated(lists), *in_pairs(pairs)])
    alone = freeze("2011-01-03T21:00:00Z", NAMES, correlated(lists))
    assert list(correlations(both)) == list(correlations(alone))
    assert all(correlation(both, *pair) == correlation(alone, *pair) for pair in combinations(NAMES, 2))


# --- the covariance ---------------------------------------------------------------------------------------------


def market_of(*facts: Fact) -> Market:
    """A calm market in which only these say what AAPL and IBM add to the covariance."""
    cycle = calm("quiet", "quiet")
    found = [one for one in cycle.facts if one.template != "risk"]
    return read_market(cycle.with_facts([*found, *facts]).snapshot, cycle.portfolio, THRESHOLD)


def risk(name: str, *loadings: str) -> Fact:
    return fact("risk", instrument=name, loadings=loadings, residual="0.0001")


def test_loadings_and_residual_are_read_as_they_were_published() -> None:
    terms = market_of(risk("AAPL", "0.01", "-0.002"), risk("IBM", "0.02", "0")).terms
    assert terms["AAPL"].factors == (Fraction(1, 100), Fraction(-1, 500))
    assert (terms["IBM"].factors, terms["IBM"].residual) == ((Fraction(1, 50), 0), Fraction(1, 10_000))


def test_an_instrument_without_them_has_none_and_the_others_keep_theirs() -> None:
    market = market_of(risk("AAPL", "0.01"))
    assert [market.terms[name].factors for name in ("AAPL", "IBM")] == [(Fraction(1, 100),), ()]
    assert market.covariance_fault == ""


def test_loadings_that_do_not_fit_together_are_nobodys() -> None:
    market = market_of(risk("AAPL", "0.01"), risk("IBM", "0.02", "0"))
    assert [one.factors for one in market.terms.values()] == [(), ()]
    assert market.covariance_fault == "loadings of 1 and of 2 factors"


@pytest.mark.parametrize("residual", ["-0.000000001", "101", "much"])
def test_a_residual_below_nothing_does_not_pass_the_door(residual: str) -> None:
    with pytest.raises(Refused):
        fact("risk", instrument="AAPL", loadings=("0.01",), residual=residual)
