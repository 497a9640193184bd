"""A market of which some was made before it was asked for is the market that is made at once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from engine.gate import market
from engine.gate.ahead import Ahead
from engine.gate.market import read_market
from knowledge.door import admit, fact, freeze
from knowledge.facts import Fact
from tests.promises.cycles import Cycle, calm

CYCLE = calm("quiet", "quiet", "quiet")
THRESHOLD = Fraction(7, 10)


def heard(facts: Sequence[Fact], parts: int = 3) -> Ahead:
    """Told in stretches."""
    ahead = Ahead(THRESHOLD)
    size = len(facts) // parts + 1
    for start in range(0, len(facts), size):
        ahead.hear(facts[start : start + size])
    return ahead


def same(cycle: Cycle, ahead: Ahead, threshold: Fraction = THRESHOLD) -> None:
    snapshot, portfolio, scenarios = cycle.snapshot, cycle.portfolio, cycle.limits.scenarios
    plain = read_market(snapshot, portfolio, threshold, scenarios)
    assert read_market(snapshot, portfolio, threshold, scenarios, ahead) == plain
    assert plain.terms


@given(st.data())
def test_whatever_was_heard_the_market_is_the_same(data: st.DataObject) -> None:
    """All facts, some, in odd order, the same facts read twice, or others that say something else."""
    facts = CYCLE.snapshot.facts
    told = data.draw(st.lists(st.sampled_from(facts), unique_by=id) | st.permutations(facts) | st.just(list(facts)))
    again = data.draw(st.sets(st.integers(0, len(told) - 1), max_size=3)) if told else set()
    told = [admit(one.template, dict(one.slots)) if at in again else one for at, one in enumerate(told)]
    same(CYCLE, heard(told, data.draw(st.integers(1, 4))))
    without = data.draw(st.sets(st.sampled_from(facts), max_size=2))
    same(CYCLE.with_facts([one for one in facts if one not in without]), heard(told))


def test_what_was_heard_is_not_made_again() -> None:
    ahead = heard(CYCLE.snapshot.facts)
    with patch.object(market, "terms_of", side_effect=AssertionError), patch.object(market, "near_of"):
        same_terms = read_market(CYCLE.snapshot, CYCLE.portfolio, THRESHOLD, CYCLE.limits.scenarios, ahead).terms
    assert same_terms == read_market(CYCLE.snapshot, CYCLE.portfolio, THRESHOLD, CYCLE.limits.scenarios).terms


def test_what_says_something_else_by_now_is_made_anew() -> None:
    facts = CYCLE.snapshot.facts
    bar = next(one for one in facts if one.template == "bar")
    dearer = fact("bar", **{**dict(bar.slots), "high": bar.number("high") * 2, "close": bar.number("close") * 2})
    cycle = CYCLE.with_facts([dearer if one is bar else one for one in facts])
    same(cycle, heard(facts))
    name = bar.word("instrument")
    terms = read_market(cycle.snapshot, cycle.portfolio, THRESHOLD, (), heard(facts)).terms
    assert terms[name].price == Fraction(dearer.number("close"))


def test_clusters_of_another_threshold_are_looked_for_again() -> None:
    ahead = heard(CYCLE.snapshot.facts)
    for threshold in (Fraction(0), Fraction(1, 3), Fraction(1)):
        same(CYCLE, ahead, threshold)


def test_correlations_that_were_heard_are_counted_for_who_is_asked_about() -> None:
    names = ("AA", "BB", "CC")
    said = fact("correlations", instrument="AA", others=("BB", "CC"), values=("0.9", "0.1"))
    ahead = heard([said])
    for universe in (names, ("AA", "CC"), ("AA", "BB"), ("BB", "CC")):
        snapshot = freeze("2011-01-03T21:00:00Z", universe, [said])
        plain = read_market(snapshot, CYCLE.portfolio, THRESHOLD)
        assert read_market(snapshot, CYCLE.portfolio, THRESHOLD, (), ahead) == plain
