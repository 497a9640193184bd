"""Outlines say what full decisions say, whatever is supposed; what is put in place of law and facts is meant."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.limits.text import read_limits
from engine.supposing.changes import changed
from engine.supposing.difference import outcome
from engine.supposing.law import bounded, mixed, parts
from knowledge.values import Json
from tests.engine.supposing.bench import InProcess, decided
from tests.promises.cycles import calm, limits, limits_text

NAMES = ("AAPL", "IBM")


@pytest.fixture(scope="module")
def bench() -> InProcess:
    """Two candidates, both of them cut."""
    return InProcess(calm("long", "long"))


def outcomes(decision: Json) -> list[Json]:
    return [outcome(decision, name) for name in NAMES]


def spoken(decision: Json) -> list[Json]:
    """The same, where who is silent has no verdict."""
    found = outcomes(decision)
    return [None if one is not None and one.get("outcome") == "no-candidate" else one for one in found]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"bounds": {"limit order.value": "1/100"}}, ["limit.order.value=1 %"]),
        ({"bounds": {"parameter kelly_fraction": "1/100"}}, ["parameter.kelly_fraction=0.01"]),
        ({"put": [["earnings", {"instrument": "AAPL", "sessions": "1"}]]}, ["fact.earnings(AAPL)=1"]),
        ({"put": [["earnings", {"instrument": "IBM", "sessions": "1"}]]}, ["fact.earnings(IBM)=1"]),
    ],
)
def test_an_outline_is_what_is_decided_in_full_by_the_edited_inputs(
    bench: InProcess, change: Json, words: list[str]
) -> None:
    """The one decided by the service, the other from files edited as a person would."""
    outline = bench.suppose(change)
    assert outcomes(outline) == spoken(decided(changed(bench.case, words)[0]))
    assert outcomes(bench.suppose({**change, "full": True})) == outcomes(decided(changed(bench.case, words)[0]))


def test_nothing_that_is_supposed_warrants_anything(bench: InProcess) -> None:
    assert bench.record["warrants"]
    assert bench.suppose({"full": True})["warrants"] == []
    assert "warrants" not in bench.suppose({})


def test_what_was_asked_before_does_not_show_in_what_is_asked_next(bench: InProcess) -> None:
    base = bench.suppose({})
    refused = bench.suppose({"put": [["earnings", {"instrument": "AAPL", "sessions": "0"}]]})
    assert refused != base
    assert bench.suppose({}) == base
    assert bench.suppose({"drop": ["earnings(AAPL)"]}) != base
    assert bench.suppose({"bounds": {"limit portfolio.gross": "0"}}) != base
    assert bench.suppose({}) == base


def test_what_was_looked_up_is_told(bench: InProcess) -> None:
    read = set(bench.suppose({"read": True})["read"])
    assert {"indicator(AAPL,interval-75)", "head(technical)", "bar(AAPL)"} <= read
    assert "indicator(AAPL,rsi-14)" not in read


def test_a_surprise_is_a_decision_that_permits_nothing(bench: InProcess) -> None:
    found = bench.suppose({"bounds": {"limit order.collar": "-5"}})
    assert found["fault"] or all(one["outcome"] != "granted" for one in found["verdicts"])


def test_law_is_mixed_piece_by_piece() -> None:
    one = limits()
    text = limits_text().replace("bound: 40 %", "bound: 30 %", 1)
    two = read_limits(text.replace("fee_per_share: {value: 0.005", "fee_per_share: {value: 0.01"))
    apart = {name for name, part in parts(one).items() if parts(two)[name] != part}
    assert apart == {"limit portfolio.sector", "parameter fee_per_share"}
    assert parts(mixed(one, two, apart)) == parts(two)
    assert parts(mixed(one, two, ())) == parts(one)
    half = parts(mixed(one, two, {"limit portfolio.sector"}))
    assert half["limit portfolio.sector"] == parts(two)["limit portfolio.sector"]
    assert half["parameter fee_per_share"] == parts(one)["parameter fee_per_share"]


def test_a_number_in_place_of_a_bound() -> None:
    found = bounded(
        limits(), {"limit portfolio.sector": Fraction(1, 3), "multiplier bull": Fraction(1, 2)}, "2012-03-01"
    )
    assert found.rows("2012-03-01")["portfolio.sector"].bound == Fraction(1, 3)
    assert found.multiplier("bull") == Fraction(1, 2)
    assert found.source == limits().source
