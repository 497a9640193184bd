"""The theorems are proved of sensible files, are about something, and fail where what they rest on is taken away."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from engine.limits.text import read_limits
from engine.universe.theorems import Theorem, not_encoded, settle, theorems
from tests.engine.small_desk import limit, limits
from tests.engine.universe.edited import BASE
from tests.engine.universe.made_market import made_market

MARKET = made_market(6)
FILE = read_limits(BASE.read_text(encoding="utf-8"))
EXTENDS = "(assert (ite buys-{one} (>= held-{one} 0.0) (<= held-{one} 0.0)))"


EVERY = theorems(FILE, MARKET)


def all_of(promise: int) -> list[Theorem]:
    return [one for one in EVERY if one.promise == promise]


@pytest.mark.parametrize("promise", [1, 2, 3, 4])
def test_every_promise_is_proved_for_every_limit(promise: int) -> None:
    found = [(one.about, settle(one).answer) for one in all_of(promise)]
    assert len(found) > 20
    assert {answer for _, answer in found} == {"proved"}


@pytest.mark.parametrize("promise", [1, 3, 4])
def test_no_theorem_is_empty(promise: int) -> None:
    """What is assumed can be so: without its last line, the denied claim, each has an example."""
    for one in all_of(promise):
        if "regime" in one.about and "bull" not in one.about:
            continue  # the same with another number
        assumed = "\n".join(one.text.strip().split("\n")[:-1])
        assert settle(replace(one, text=assumed)).answer == "counterexample", one.about


def test_an_entry_against_a_position_would_break_soundness() -> None:
    """Without what `wash_trade` guarantees, an entry could hide behind exits that never fill."""
    # Any exits, from any position: an order on the other side may carry it anywhere.
    absolute = next(one for one in all_of(1) if one.about.startswith("portfolio.sector"))
    loose = absolute.text
    for one in "AB":
        loose = loose.replace(EXTENDS.format(one=one), "").replace(
            f"(assert (<= exits-{one} (ite buys-{one} held-{one} (- held-{one}))))", ""
        )
    found = settle(replace(absolute, text=loose))
    assert found.answer == "counterexample"
    assert {"entry-A", "exits-A", "held-A"} <= dict(found.values).keys()


def test_exits_beyond_the_position_would_cross_zero() -> None:
    crossing = next(one for one in all_of(2) if one.about == "all exits")
    uncapped = crossing.text.replace("(assert (<= exits-A (ite buys-A held-A (- held-A))))", "")
    assert uncapped != crossing.text
    assert settle(replace(crossing, text=uncapped)).answer == "counterexample"


def test_below_a_nav_of_zero_a_tighter_limit_could_grant_more() -> None:
    """Why theorem 4 assumes NAV⁻ ≥ 0, and why that is a theorem of its own."""
    net = next(one for one in all_of(4) if one.about == "portfolio.net_long")
    anywhere = net.text.replace("(assert (>= nav 0.0))", "")
    assert anywhere != net.text
    assert settle(replace(net, text=anywhere)).answer == "counterexample"


def test_a_file_that_bounds_no_order_does_not_keep_nav_above_zero() -> None:
    found = {one.about: settle(one).answer for one in theorems(limits(limit("net_long", "1")), MARKET)}
    assert found.pop("NAV⁻ of an entry") == "counterexample"
    assert set(found.values()) == {"proved"}


def test_a_changed_number_is_another_theorem_and_the_others_stay() -> None:
    text = BASE.read_text(encoding="utf-8")
    changed = read_limits(text.replace("by: sector, bound: 40 %", "by: sector, bound: 41 %"))
    before = {one.digest for one in theorems(FILE, MARKET)}
    after = {one.digest: one.about for one in theorems(changed, MARKET)}
    assert {about for digest, about in after.items() if digest not in before} == {"portfolio.sector"}


def test_what_no_theorem_is_about_is_named() -> None:
    assert not_encoded(limits(limit("volatility", Fraction(1, 10)), limit("gross", "1"))) == [
        "price_collar",
        "volatility",
    ]


def test_the_budget_is_counted() -> None:
    sector = next(one for one in all_of(1) if one.about == "portfolio.sector")
    assert settle(sector, budget=500).answer == "unknown"


def test_the_shipped_file_is_proved() -> None:
    shipped = read_limits((Path(__file__).parents[3] / "limits.yaml").read_text(encoding="utf-8"))
    known = {one.digest for one in theorems(FILE, MARKET)}
    assert {settle(one).answer for one in theorems(shipped, MARKET) if one.digest not in known} <= {"proved"}
