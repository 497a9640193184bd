"""Intervals beside an oracle: each end decided again on both sides, and random places within, from edited inputs."""

from __future__ import annotations

from random import Random

import pytest

from engine.supposing.changes import changed
from engine.supposing.difference import outcome
from engine.supposing.inputs import Input, Read, inputs_of
from engine.supposing.intervals import Budget
from engine.supposing.sure import HARDLY, Search, Sure, amount_of, kind_of
from knowledge.values import Json, text
from tests.engine.supposing.bench import InProcess, decided
from tests.promises.cycles import calm, rulebook

NAME = "AAPL"
WATCHED = (
    "advisory(AAPL,technical) conviction",
    "advisory(AAPL,technical) probability",
    "indicator(AAPL,interval-75) value",
    "indicator(AAPL,rsi-14) value",
    "limit order.value",
    "limit model.brier",
    "portfolio settled_cash",
)


@pytest.fixture(scope="module")
def bench() -> InProcess:
    return InProcess(calm("long", "quiet"))


@pytest.fixture(scope="module")
def known(bench: InProcess) -> dict[str, Input]:
    read = bench.suppose({"read": True})["read"]
    return {one.name: one for one in inputs_of(bench.case, bench.record, NAME, read)}


def words_of(one: Input, digits: str) -> str:
    """What a person would type to suppose it."""
    if one.fact is not None:
        return f"fact.{one.fact.ref}.{one.slot}={digits}"
    return f"{one.name.replace(' ', '.', 1)}={digits}"


@pytest.mark.parametrize("name", WATCHED)
def test_ends_and_places_within_are_what_is_decided_in_full(
    bench: InProcess, known: dict[str, Input], name: str
) -> None:
    one = known[name]
    found = Search(bench.suppose).sure(NAME, one)
    was = outcome(bench.record, NAME)

    def told(place: int) -> Json:
        case, _ = changed(bench.case, [words_of(one, text(one.grid.value(place)))])
        return outcome(decided(case), NAME)

    for part, within in ((kind_of, found.outcome), (amount_of, found.quantity)):
        for end in (within.low, within.high):
            assert part(told(end.last)) == part(was)
            if end.beyond is not None:
                assert abs(end.beyond - end.last) == 1
                assert part(told(end.beyond)) != part(was)
        place = Random(name).randint(within.low.last, within.high.last)
        assert part(told(place)) == part(was)


def sure(bench: InProcess, known: dict[str, Input], name: str) -> Sure:
    return Search(bench.suppose).sure(NAME, known[name])


def test_thresholds_of_rules_and_limits_are_found_exactly(bench: InProcess, known: dict[str, Input]) -> None:
    conviction = sure(bench, known, "advisory(AAPL,technical) conviction")
    assert [text(one.last) for one in conviction.flips if not one.rises] == ["0.7"]
    assert [one.becomes for one in conviction.flips if not one.rises] == [None]
    rsi = sure(bench, known, "indicator(AAPL,rsi-14) value")
    assert [(text(one.last), text(one.beyond)) for one in rsi.flips] == [("80", "80.01")]
    interval = sure(bench, known, "indicator(AAPL,interval-75) value")
    assert [text(one.last) for one in interval.flips] == ["0.03"]
    assert interval.flips[0].becomes["reasons"] == ["model.interval"]
    assert not sure(bench, known, "advisory(AAPL,technical) probability").matters


def test_a_bound_that_the_arithmetic_names_is_told_exactly(bench: InProcess, known: dict[str, Input]) -> None:
    """Readings give the share of NAV at which a limit begins to bind; both sides of it are decided, hardly apart."""
    names = ("limit order.value", "limit portfolio.gross", "limit account.margin")
    exact = {name: one.exact for name in names for one in sure(bench, known, name).moves if one.exact is not None}
    assert exact
    before = outcome(bench.record, NAME)["quantity"]
    for name, value in exact.items():
        one = known[name]
        for bound, same in ((value, True), (value - HARDLY, False)):
            told = bench.suppose({**one.change_to(bound), "full": True})
            assert ((outcome(told, NAME) or {}).get("quantity") == before) is same


def test_what_nobody_reads_is_no_input_and_does_not_matter(bench: InProcess, known: dict[str, Input]) -> None:
    refs = {one.ref for one in bench.case.snapshot.facts if one.template == "indicator" and one["instrument"] == NAME}
    unread = refs - {one.fact.ref for one in known.values() if one.fact is not None}
    assert unread
    for ref in sorted(unread):
        case, _ = changed(bench.case, drops=[ref])
        now = decided(case)
        assert outcome(now, NAME) == outcome(bench.record, NAME), ref


def test_who_is_silent_rests_on_what_rules_read_alone(bench: InProcess) -> None:
    read = bench.suppose({"read": True})["read"]
    found = list(inputs_of(bench.case, bench.record, "IBM", read))
    rules = Read(rulebook())
    assert found and all(one.fact is not None and rules.reads(one.fact, one.slot, policies=False) for one in found)


def test_a_budget_ends_the_search_and_says_so(bench: InProcess, known: dict[str, Input]) -> None:
    search = Search(bench.suppose, Budget(4))
    found = search.sure(NAME, known["portfolio settled_cash"])
    assert search.budget.used == 4
    assert not found.known
