"""Scenarios: what they make a position lose, what the file may say of them, and the figures of drawn paths."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from statistics import NormalDist, quantiles

import pytest
from hypothesis import given

from engine.gate.market import read_market
from engine.gate.paths import DIGITS, draws, figures
from engine.gate.reach import read_book
from engine.gate.stress import shock, stresses
from engine.limits.model import Limits, Scenario
from engine.orders.order import Side
from engine.review.oracle import Case, stress_losses
from engine.review.oracle_stress import loss_of
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, entry, limit, limits, position, terms
from tests.engine.test_limits_text import TEXT, faults
from tests.promises.cycles import Cycle, calm

NONE = Fraction(0)
DRAWN = Scenario("drawn", NONE, NONE, "test", paths=10_000, seed=42)


def with_scenarios(of: Limits, *scenarios: Scenario) -> Limits:
    return replace(of, scenarios=scenarios)


def stressed(of: Desk) -> object:
    book = read_book(of.portfolio, of.exits, of.market, of.limits)
    return stresses(book, of.judged().grants, of.market, of.limits).to_json()


@given(desks(kinds=("stress", "stress", "gross")))
def test_the_losses_of_a_decision_are_those_of_the_oracle(of: Desk) -> None:
    judged = of.judged()
    case = Case(of.portfolio, of.exits, [one.entry for one in judged.grants], of.market, of.limits, of.regime)
    assert stressed(of)["losses"] == stress_losses(case, judged.grants)  # type: ignore[index]


def test_a_position_loses_by_the_worse_of_index_and_sector() -> None:
    crash = Scenario("crash", Fraction("-0.4"), NONE, "test", sectors=(("technology", Fraction("-0.3")),))
    one = terms("AA", beta=Fraction(1, 2), sector="technology")
    each = one.exposure
    assert loss_of(crash, one, Fraction(10)) == 10 * each * Fraction("0.3")  # the sector: half the index is 0.2
    assert loss_of(crash, one, Fraction(-10)) == -10 * each * Fraction("0.2")  # a short gains by the smaller move
    p, n = shock(crash, one)
    assert (10 * p, -10 * n) == (loss_of(crash, one, Fraction(10)), loss_of(crash, one, Fraction(-10)))
    other = replace(one, sector="energy")
    assert loss_of(crash, other, Fraction(10)) == 10 * each * Fraction("0.2")


def test_the_limit_cuts_at_the_worst_scenario_and_says_which() -> None:
    milder = Scenario("milder", Fraction("-0.1"), NONE, "test")
    sector = Scenario("sector", NONE, NONE, "test", sectors=(("technology", Fraction("-0.5")),))
    rows = with_scenarios(limits(limit("stress", "0.1")), milder, sector)
    of = desk([entry("AA", 900)], rows, market={"AA": terms("AA", sector="technology")})
    ruling = of.judged().rulings[0]
    assert [one.measure for one in ruling.binding] == ["stress[sector]"]
    assert ruling.quantity == 200  # 200 shares at 100 lose half of 20,000, which is a tenth of NAV


def test_a_scenario_that_leaves_an_instrument_out_admits_no_entry_beside_it() -> None:
    cycle: Cycle = calm("quiet", "quiet")
    names = cycle.snapshot.universe
    silent = Scenario("partial", NONE, NONE, "test", instruments=tuple((one, NONE) for one in names[1:]))
    threshold = cycle.limits.parameters.cluster_threshold
    market = read_market(cycle.snapshot, cycle.portfolio, threshold, (silent,))
    assert names[0] not in market.terms
    assert "scenario partial" in market.missing[names[0]]
    assert set(names[1:]) <= market.terms.keys()


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ("index: -10 %, paths: 1000, seed: 1", "has either moves"),
        ("paths: 1000", "go with the `seed`"),
        ("paths: 10, seed: 1", "at least 1000"),
        ("sectors: {tecnology: -10 %}", "`tecnology` is no sector"),
        ("sectors: [technology]", "is a mapping of names to moves"),
        ("sectors: {technology: -110 %}", "at least -1"),
        ("index: -10 %, instruments: {AAPL: -20 %}", "says no other"),
        ("index: -10 %, from: 2010-05-05", "both its days"),
        ("index: -10 %, from: 2010-05-06, to: 2010-05-05", "before it begins"),
        ("index: -10 %, sigmas: 3", "has either moves"),
    ],
)
def test_what_a_scenario_may_not_say_is_refused_at_its_place(says: str, said: str) -> None:
    found = faults(TEXT + f"  - {{id: odd, {says}, source: test}}\n")
    line = TEXT.count("\n") + 1
    assert any(said in one.message and one.line == line for one in found), list(map(str, found))


# --- drawn paths ------------------------------------------------------------------------------------------------


def test_draws_are_those_of_the_seed_and_look_normal() -> None:
    drawn = draws(42, 10_000, 3)
    first = int.from_bytes(hashlib.shake_256(b"warrant paths 42").digest(8), "little")
    assert int(drawn[0, 0]) == round(NormalDist().inv_cdf(((first >> 11) + 0.5) / 2**53) * DIGITS)
    column = [int(one) / DIGITS for one in drawn[:, 1]]
    cuts = quantiles(column, n=20)
    assert abs(cuts[0] + 1.645) < 0.05 and abs(cuts[-1] - 1.645) < 0.05
    assert (draws(42, 10_000, 3) == drawn).all() and not (draws(43, 10_000, 3) == drawn).all()


def test_the_quantiles_of_drawn_paths_are_near_the_parametric_ones() -> None:
    one = terms("AA", factors=(Fraction(1, 100), Fraction(1, 200)), residual=Fraction(1, 10_000))
    nav = Fraction(100_000)
    shares = 100_000 / one.exposure  # as much as there is NAV
    sigma = (Fraction(1, 100) ** 2 + Fraction(1, 200) ** 2 + Fraction(1, 10_000)) ** 0.5
    found = figures(DRAWN, {"held": {"AA": Fraction(shares)}}, nav, {"AA": one})
    (tail,) = found.results
    for (_, loss), z in zip(tail.quantiles, (1.645, 2.326, 3.09), strict=True):
        assert abs(float(loss) / (float(sigma) * z) - 1) < 0.08
    assert tail.worst > tail.beyond > dict(tail.quantiles)["99"]


def test_without_a_covariance_there_are_no_figures_and_no_guess() -> None:
    bare = terms("AA", factors=(), residual=NONE)
    assert figures(DRAWN, {"held": {"AA": Fraction(1)}}, Fraction(1000), {"AA": bare}).results == ()
    assert figures(DRAWN, {"held": {"AA": Fraction(1)}}, Fraction(0), {"AA": terms("AA")}).results == ()


def test_more_factors_than_64_bits_hold_have_no_figures() -> None:
    many = terms("AA", factors=(Fraction(1, 100),) * 91)
    assert figures(DRAWN, {"held": {"AA": Fraction(1)}}, Fraction(1000), {"AA": many}).results == ()


def test_a_decision_without_candidates_has_the_losses_of_what_is_held() -> None:
    rows = with_scenarios(limits(), Scenario("crash", Fraction("-0.4"), NONE, "test"))
    of = desk([], rows, [position("AA", 100)], market={"AA": terms("AA", beta=Fraction(1))})
    assert stressed(of) == {"losses": [{"scenario": "crash", "held": "4000", "worst": "4000"}]}


def test_a_short_gains_in_a_crash_and_its_worst_filling_is_told_beside_it() -> None:
    rows = with_scenarios(limits(), Scenario("crash", Fraction("-0.4"), NONE, "test"))
    long = entry("BB", 50, side=Side.BUY)
    of = desk([long], rows, [position("AA", -100, "110")])
    (loss,) = stressed(of)["losses"]  # type: ignore[index]
    assert Fraction(loss["held"]) < 0
    assert Fraction(loss["worst"]) == Fraction(loss["held"]) + 50 * Fraction("0.4") * 100
