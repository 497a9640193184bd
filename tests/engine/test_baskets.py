"""Baskets before the gate: whole units of a ratio, all legs or none, and who stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from unittest.mock import patch

import pytest

from engine.gate import judge as gate
from engine.gate.judge import SIZE, WHOLE, Core, Judgement, Outcome
from engine.gate.proposals import Entry
from engine.orders.basket import Basket
from engine.orders.order import Role, Side
from engine.proof.prove import Proof, prove
from tests.engine.books_strategy import Desk
from tests.engine.small_desk import desk, entry, limit, limits, position, working

GROSS = limits(limit("gross", "0.5"))


def basket(name: str, units: int, legs: Mapping[str, int], conviction: int = 80, **more: object) -> list[Entry]:
    """Entries of one basket: signed shares of one unit by instrument, so many units asked for."""
    whole = Basket(name, tuple((one, Fraction(shares)) for one, shares in sorted(legs.items())))
    made = [
        entry(one, abs(shares) * units, Side.BUY if shares > 0 else Side.SELL, conviction)
        for one, shares in sorted(legs.items())
    ]
    return [replace(one, basket=whole, **more) for one in made]  # type: ignore[arg-type]


def outcomes(of: Desk) -> list[tuple[str, str, int]]:
    return [(one.entry.instrument, one.outcome.value, int(one.quantity)) for one in of.judged().rulings]


def proved(of: Desk, judgement: Judgement | None = None) -> Proof:
    return prove(of.portfolio, of.exits, judgement or of.judged(), of.market, of.limits, of.regime)


def test_a_basket_is_cut_in_whole_units_of_its_ratio() -> None:
    """A unit is 3 AA against 4 BB, 700 of gross; 50,000 hold 71 of them."""
    of = desk(basket("pair", 100, {"AA": 3, "BB": -4}), GROSS)
    assert outcomes(of) == [("AA", "cut", 213), ("BB", "cut", 284)]
    (reading,) = of.judged().rulings[0].binding
    assert (reading.measure, reading.value) == ("gross", 72 * 700)
    assert proved(of).agrees


def test_a_limit_that_binds_one_leg_cuts_both() -> None:
    of = desk(basket("pair", 100, {"AA": 3, "BB": -4}), limits(limit("net_short", "0.1")))
    assert outcomes(of) == [("AA", "cut", 75), ("BB", "cut", 100)]
    alone = desk(basket("pair", 100, {"AA": 3, "BB": -4}), limits(limit("order_quantity", 100)))
    assert outcomes(alone) == [("AA", "cut", 75), ("BB", "cut", 100)]
    assert {one.measure for one in alone.judged().rulings[0].binding} == {"order_quantity[BB]"}


def test_the_hedge_counts_for_nothing_while_a_leg_may_wait() -> None:
    """Net exposure of the pair is nothing when both legs have filled; nobody knows that they will."""
    of = desk(basket("pair", 500, {"AA": 1, "BB": -1}), limits(limit("net_long", "0.2")))
    assert outcomes(of) == [("AA", "cut", 200), ("BB", "cut", 200)]
    told = proved(of).sentences
    assert told["AA"] == told["BB"]
    assert told["AA"][1] == (
        "one unit more, and if the entry in AA fills 200.01 while the entry in BB waits:"
        " net_long stands at 20.00 % of at most 20.00 % of NAV (1.00 USD beyond) (sat)"
    )


def test_one_forbidden_leg_denies_the_basket_and_is_named() -> None:
    one, other = basket("pair", 10, {"AA": 1, "BB": -1})
    forbidden = replace(other, findings=entry("BB", 1, forbidden=["compliance.policy"]).findings)
    of = desk([one, forbidden], GROSS)
    first, second = of.judged().rulings
    assert (first.outcome, second.outcome) == (Outcome.DENIED, Outcome.DENIED)
    assert first.cores == second.cores == (Core("compliance.policy[BB]", "compliance.policy", ()),)
    found = proved(of)
    assert found.agrees and [one.question for one in found.answers] == [
        "is there a filling of these grants that breaks a limit or a condition",
        "is there one with one unit more of basket:pair",
    ]
    assert found.sentences["AA"] == (
        "one unit more is forbidden by compliance.policy[BB], however the orders fill (sat)",
    )


def test_a_leg_that_sizing_leaves_nothing_of_denies_the_basket() -> None:
    of = desk(basket("pair", 0, {"AA": 1, "BB": -1}), GROSS)
    assert [one.cores for one in of.judged().rulings] == [(Core(SIZE, SIZE, ()),)] * 2


@pytest.mark.parametrize("change", ["missing", "turned", "another ratio"])
def test_a_basket_without_one_of_its_legs_is_denied(change: str) -> None:
    one, other = basket("pair", 10, {"AA": 1, "BB": -1})
    wrong = {
        "missing": [one],
        "turned": [one, replace(other, side=Side.BUY)],
        "another ratio": [one, basket("pair", 10, {"AA": 1, "BB": -2})[1]],
    }[change]
    of = desk(wrong, GROSS)
    assert all(Core(WHOLE, WHOLE, ()) in ruling.cores for ruling in of.judged().rulings)
    assert of.judged().grants == ()
    assert proved(of).agrees


def test_a_basket_crowds_and_is_crowded_as_one() -> None:
    first = basket("first", 100, {"AA": 1, "BB": -1}, conviction=90)
    second = basket("second", 300, {"CC": 1, "DD": -1}, conviction=85)
    of = desk([*first, *second, entry("EE", 10)], GROSS)
    assert outcomes(of) == [
        ("AA", "granted", 100), ("BB", "granted", 100), ("CC", "cut", 150), ("DD", "cut", 150), ("EE", "denied", 0),
    ]  # fmt: skip
    denied = of.judged().rulings[-1]
    assert denied.cores == (Core("gross", "gross", ("basket:first", "basket:second")),)
    assert denied.crowding == (
        ("gross", "basket:first", Fraction(20_000)), ("gross", "basket:second", Fraction(30_000)),
    )  # fmt: skip
    crowded = desk([entry("EE", 499, conviction=90), *basket("pair", 10, {"AA": 1, "BB": -1})], GROSS)
    assert crowded.judged().rulings[1].cores == (Core("gross", "gross", ("EE",)),)


def test_a_basket_comes_in_the_turn_of_its_least_convinced_leg() -> None:
    one, other = basket("pair", 10, {"AA": 1, "BB": -1}, conviction=90)
    of = desk([replace(other, conviction=Fraction(1, 2)), entry("CC", 10), one], GROSS)
    assert [ruling.entry.instrument for ruling in of.judged().rulings] == ["CC", "AA", "BB"]


def test_a_leg_is_judged_with_what_already_works() -> None:
    of = desk(basket("pair", 500, {"AA": 1, "BB": -1}), GROSS, [position("CC", 100)],
              [working("DD", Side.BUY, Role.ENTRY, 200, "100", "90")])  # fmt: skip
    assert outcomes(of) == [("AA", "cut", 100), ("BB", "cut", 100)]


# --- planted faults ---------------------------------------------------------------------------------------------


def changed(judgement: Judgement, **quantities: int) -> Judgement:
    return replace(judgement, rulings=tuple(
        replace(one, quantity=Fraction(quantities.get(one.entry.instrument, int(one.quantity))))
        for one in judgement.rulings
    ))  # fmt: skip


@pytest.mark.parametrize("quantities", [{"AA": 0}, {"AA": 99}, {"AA": 99, "BB": 99, "CC": 0}, {"CC": 101}])
def test_grants_that_are_no_whole_units_are_found_by_the_solver(quantities: dict[str, int]) -> None:
    of = desk(basket("three", 100, {"AA": 1, "BB": -1, "CC": 2}), limits(limit("gross", 1)))
    judgement = of.judged()
    assert proved(of, judgement).agrees
    assert not proved(of, changed(judgement, **quantities)).agrees


def test_a_gate_that_hedges_one_leg_with_the_other_is_found() -> None:
    """The arithmetic lets the legs fill together: net exposure would never bind."""
    of = desk(basket("pair", 500, {"AA": 1, "BB": -1}), limits(limit("net_long", "0.2")))

    def room(*_: object) -> int:
        return 500

    with patch.object(gate, "_room", room):
        assert not proved(of).agrees


def test_a_name_for_two_legs_is_no_basket() -> None:
    for legs in ((), (("AA", 1),), (("BB", 1), ("AA", 1)), (("AA", 1), ("AA", 1)), (("AA", 1), ("BB", 0))):
        with pytest.raises(ValueError, match="needs two legs"):
            Basket("pair", tuple((name, Fraction(shares)) for name, shares in legs))


def test_a_basket_reads_what_it_wrote() -> None:
    pair = Basket("pair", (("AA", Fraction(3)), ("BB", Fraction(-8, 3))))
    assert Basket.from_json(pair.to_json()) == pair
    assert pair.to_json() == {"name": "pair", "legs": {"AA": "3", "BB": "-8/3"}}
    assert pair.after_split("BB", Fraction(3)).legs == (("AA", 3), ("BB", -8))
    assert pair.fellows("AA") == ("BB",)


# --- what may stand of a basket while a leg waits ---------------------------------------------------------------


def test_a_leg_that_stands_while_another_waits_is_bounded() -> None:
    """Three legs in a unit: 100 shares bought against 60 and 40 sold. Net of all it is nothing; one way, 10,000."""
    legs = {"AA": 100, "BB": -60, "CC": -40}
    of = desk(basket("three", 9, legs), limits(limit("basket_net", "0.35")))
    assert outcomes(of) == [("AA", "cut", 300), ("BB", "cut", 180), ("CC", "cut", 120)]
    binding = of.judged().rulings[0].binding
    assert [(one.measure, one.value) for one in binding] == [
        ("basket_net[three:long]", 40_000), ("basket_net[three:short]", 40_000),
    ]  # fmt: skip
    assert proved(of).agrees


def test_a_basket_is_bounded_by_itself() -> None:
    """Two baskets and a single entry: none of them is a part of another's sum."""
    entries = [*basket("one", 30, {"AA": 10, "BB": -10}), *basket("two", 30, {"CC": 10, "DD": -10}), entry("EE", 500)]
    of = desk(entries, limits(limit("basket_net", "0.25")))
    assert [(name, quantity) for name, _, quantity in outcomes(of)] == [
        ("AA", 250), ("BB", 250), ("CC", 250), ("DD", 250), ("EE", 500),
    ]  # fmt: skip


def test_what_is_left_of_a_basket_counts_and_a_breach_of_it_is_told_as_its_base() -> None:
    """AA was sold off; 400 BB are short alone, which breaks the limit: no unit more of it goes in, others do."""
    pair = Basket("pair", (("AA", Fraction(1)), ("BB", Fraction(-1))))
    alone = replace(position("BB", -400, "110"), basket=pair)
    under = limits(limit("basket_net", "0.3"))
    assert outcomes(desk(basket("pair", 5, {"AA": 1, "BB": -1}), under, [alone])) == [
        ("AA", "denied", 0), ("BB", "denied", 0),
    ]  # fmt: skip
    of = desk([entry("AA", 100)], under, [alone])
    assert outcomes(of) == [("AA", "granted", 100)]
    (reading,) = [one for one in of.judged().readings if one.measure == "basket_net[pair:short]"]
    assert (reading.value, reading.base) == (40_000, 40_000)


def test_a_working_leg_may_fill_or_not() -> None:
    pair = Basket("pair", (("AA", Fraction(1)), ("BB", Fraction(-1))))
    waiting = working("BB", Side.SELL, Role.ENTRY, 200, "100", "110")
    waiting = replace(waiting, order=replace(waiting.order, basket=pair))
    of = desk(basket("pair", 500, {"AA": 1, "BB": -1}), limits(limit("basket_net", "0.3")), orders=[waiting])
    assert outcomes(of) == [("AA", "cut", 100), ("BB", "cut", 100)]
    assert proved(of).agrees


def test_the_regime_tightens_what_may_stand() -> None:
    of = desk(basket("pair", 500, {"AA": 1, "BB": -1}), limits(limit("basket_net", "0.3", regime=True)))
    assert outcomes(replace(of, regime="storm")) == [("AA", "cut", 90), ("BB", "cut", 90)]
    assert proved(replace(of, regime="storm")).agrees
