"""Causes by substitution, beside all cases in between; and what two cases differ in."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from engine.limits.text import read_limits
from engine.supposing.apart import DATE, Apart, mixed_rulebook
from engine.supposing.case import Case
from engine.supposing.changes import changed
from engine.supposing.difference import outcome
from engine.supposing.substitution import Substitution, makes_too
from engine.supposing.sure import kind_of
from knowledge.door import freeze
from knowledge.facts import Snapshot
from knowledge.values import Json, canonical, parse
from rules.rulebook import Rulebook
from rules.texts import Source
from tests.engine.supposing.bench import InProcess, decided
from tests.promises.cycles import calm, limits_text, rulebook


@pytest.fixture(scope="module")
def bench() -> InProcess:
    return InProcess(calm("long", "quiet"))


def other(bench: InProcess, *sets: str) -> Case:
    return changed(bench.case, sets)[0]


def searched(bench: InProcess, b: Case) -> Substitution:
    return Substitution(Apart(bench.case, b), bench.suppose)


def brute(bench: InProcess, apart: Apart, name: str) -> set[tuple[str, ...]]:
    """The smallest sets of groups that give B's kind of outcome, of all sets, each decided in full."""
    groups = apart.groups
    wanted = kind_of(outcome(decided(apart.b), name))
    for size in range(1, len(groups) + 1):
        found = set()
        for some in combinations(groups, size):
            pieces = [piece for group in some for piece in groups[group]]
            told = bench.suppose({**apart.change(pieces), "full": True})
            if not told["fault"] and kind_of(outcome(told, name)) == wanted:
                found.add(some)
        if found:
            return found
    raise AssertionError("all together give B")


@pytest.mark.parametrize(
    ("sets", "groups", "pieces"),
    [
        (
            ("fact.indicator(AAPL,rsi-14)=85", "fact.market(index-move)=0.001", "head.technical.psi=0.1"),
            [("indicators of AAPL",)],
            [("indicator(AAPL,rsi-14)",)],
        ),
        (
            ("fact.indicator(AAPL,rsi-14)=85", "fact.earnings(AAPL)=1", "portfolio.cash=1"),
            [("indicators of AAPL",)],
            [("indicator(AAPL,rsi-14)",)],
        ),
        (
            ("fact.earnings(AAPL)=1", "limit.model.brier=0.01", "portfolio.cash=1"),
            [("earnings of AAPL",), ("the limits",)],
            [("earnings(AAPL)",)],
        ),
        (
            ("fact.indicator(AAPL,interval-75)=0.028", "limit.model.interval=2.7 %", "parameter.fee_per_order=2"),
            [("indicators of AAPL", "the limits")],
            [("indicator(AAPL,interval-75)", "limit model.interval")],
        ),
    ],
    ids=["one", "the-rules-come-first", "either", "both-together"],
)
def test_causes_are_those_of_all_cases_in_between(
    bench: InProcess, sets: tuple[str, ...], groups: list[tuple[str, ...]], pieces: list[tuple[str, ...]]
) -> None:
    search = searched(bench, other(bench, *sets))
    one = search.changed("AAPL")
    assert list(one.found.sets) == groups
    assert list(one.causes[0].pieces.sets) == pieces
    assert set(one.found.sets) == brute(bench, search.apart, "AAPL")
    for cause in one.causes:
        for some in cause.pieces.sets:
            assert makes_too(one, bench.suppose({**search.apart.change(some), "full": True}))


def test_a_quantity_has_its_cause(bench: InProcess) -> None:
    search = searched(bench, other(bench, "limit.order.value=3 %", "fact.indicator(IBM,rsi-14)=44"))
    one = search.changed("AAPL")
    assert one.before["quantity"] != one.after["quantity"]
    assert one.found.sets == (("the limits",),)
    assert search.instruments() == ("AAPL",)


def test_all_pieces_of_the_other_are_the_other() -> None:
    """Facts, date, portfolio and law: put in whole, the service decides what the other case is decided as."""
    bench = InProcess(calm("long", "long"))
    law = read_limits(limits_text().replace("bound: 5000", "bound: 4000"))
    texts = {source.file: source.text for source in rulebook().rules}
    texts["rules/book/veto.clp"] = texts["rules/book/veto.clp"].replace("80.0", "50.0")
    book = Rulebook(tuple(Source(*one) for one in texts.items()), rulebook().policies)
    later = calm("short", "quiet").snapshot
    b = replace(other(bench, "portfolio.cash=5"), snapshot=dated(later), limits=law, rulebook=book)
    apart = Apart(bench.case, b)
    assert {"rule veto-overbought", "limit order.quantity", DATE, "money of the account"} <= apart.pieces.keys()
    whole = bench.suppose({**apart.change(apart.pieces), "full": True})
    assert without_digests(whole) == without_digests(decided(b))
    assert without_digests(bench.suppose({**apart.change(()), "full": True})) == without_digests(bench.record)


def without_digests(decision: Json) -> Json:
    left = ("inputs", "warrants", "law_digest")
    return parse(canonical({name: value for name, value in decision.items() if name not in left}))


def dated(snapshot: Snapshot) -> Snapshot:
    """The snapshot a day later: another clock, other sessions of bars."""
    case = Case(snapshot, InProcess(calm("quiet")).case.portfolio, rulebook(), InProcess(calm("quiet")).case.limits)
    day = "2012-03-02"
    facts = [one for one in case.snapshot.facts if one.template != "bar"]
    bars = [one for one in case.snapshot.facts if one.template == "bar"]
    moved = changed(case, [f"fact.{one.ref}.session={day}" for one in bars])[0].snapshot.all("bar")
    return freeze(f"{day}T21:00:00Z", snapshot.universe, [*facts, *moved])


def test_a_rulebook_in_between_has_the_rules_of_each() -> None:
    texts = {source.file: source.text for source in rulebook().rules}
    texts["rules/book/veto.clp"] = texts["rules/book/veto.clp"].replace("80.0", "50.0").replace("20.0", "30.0")
    b = Rulebook(tuple(Source(*one) for one in texts.items()), rulebook().policies[:-1])
    half = {
        one.name: one.text for one in mixed_rulebook(rulebook(), b, frozenset({"rule veto-overbought"})).program.rules
    }
    assert "50.0" in half["veto-overbought"] and "20.0" in half["veto-oversold"]
    assert len(half) == len(rulebook().program.rules)


def test_a_case_in_between_that_is_none_makes_nothing(bench: InProcess) -> None:
    found = bench.suppose({"put": [["bar", {"instrument": "AAPL"}]]})
    assert "Refused" in found["fault"] and found["verdicts"] == []
    assert bench.suppose({})["fault"] is None
