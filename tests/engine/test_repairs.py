"""Repairs: making the changes flips the refusal, and a smaller change does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given

from engine.gate.judge import Outcome, Reading, Ruling
from engine.limits.model import Limit, Limits
from engine.orders.order import Side
from engine.repairs import Repair, bound_for, repairs, until
from knowledge.prolog.proof import PolicyVerdict, ProofNode
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, entry, limit, limits, position, terms

REFUSED = (Outcome.CUT, Outcome.DENIED)
SMALLEST = Fraction(1, 10_000)


def rows_of(limits: Limits, session: str = "2011-01-03") -> dict[str, Limit]:
    return limits.rows(session)


def under(of: Desk, ruling: Ruling, bounds: Mapping[str, Fraction]) -> Ruling:
    """The same entry judged again under other bounds, beside earlier grants that ask for no more than they got."""
    changed = tuple(replace(one, bound=bounds.get(one.id, one.bound)) for one in of.limits.limits)
    quantities = {one.entry.instrument: one.quantity for one in of.judged().rulings}
    earlier = [one.entry.instrument for one in of.judged().rulings]
    earlier = earlier[: earlier.index(ruling.entry.instrument)]
    kept = tuple(
        replace(one, target=quantities[one.instrument]) if one.instrument in earlier else one
        for one in of.entries
        if one.instrument not in earlier or quantities[one.instrument] > 0
    )
    again = replace(of, entries=kept, limits=replace(of.limits, limits=changed)).judged()
    return next(one for one in again.rulings if one.entry.instrument == ruling.entry.instrument)


@given(desks())
def test_the_owners_changes_flip_the_refusal_and_less_does_not(of: Desk) -> None:
    rows = rows_of(of.limits, of.market.session)
    nav = Fraction(of.portfolio.nav)
    for ruling in of.judged().rulings:
        if ruling.outcome not in REFUSED or ruling.entry.basket is not None or not ruling.lacking:
            continue
        owned = repairs(ruling, rows, nav, None)[-1]
        if any(one.change not in ("raise", "lower") for one in owned):
            continue
        bounds = {one.about: Fraction(one.new) for one in owned}
        if len([one.id for one in of.limits.limits]) > len(rows):
            continue  # one id over several windows: another row than the one in force may bind
        flipped = under(of, ruling, bounds)
        if ruling.outcome is Outcome.CUT:
            assert flipped.outcome is Outcome.GRANTED
        else:
            assert flipped.quantity > 0
        for one in owned:
            sign = 1 if one.change == "raise" else -1
            step = 1 if rows[one.about].unit in ("shares", "account currency") else SMALLEST
            less = bounds[one.about] - sign * step
            if sign * (less - Fraction(one.old)) >= 0:
                held = under(of, ruling, {**bounds, one.about: less})
                assert held.outcome is not Outcome.GRANTED if ruling.outcome is Outcome.CUT else held.quantity == 0


def test_a_cut_says_how_many_shares_fewer_and_how_far_the_limit() -> None:
    of = desk([entry("AA", 200)], limits(limit("instrument_exposure", "0.16")))
    (ruling,) = of.judged().rulings
    fewer, owned = repairs(ruling, rows_of(of.limits), Fraction(of.portfolio.nav), None)
    assert (ruling.quantity, fewer) == (160, (Repair("quant", "AA", "fewer", "200", "160"),))
    assert owned == (Repair("risk", "instrument_exposure", "raise", "0.16", "0.2"),)


def test_a_crowded_one_says_what_the_earlier_grant_could_spare() -> None:
    of = desk([entry("AA", 100, conviction=90), entry("BB", 100, conviction=80)], limits(limit("gross", "0.1")))
    first, second = of.judged().rulings
    assert (first.quantity, second.outcome) == (100, Outcome.DENIED)
    spare, owned = repairs(second, rows_of(of.limits), Fraction(of.portfolio.nav), None)
    assert spare == (Repair("quant", "AA", "fewer", "", "1"),)
    assert owned == (Repair("risk", "gross", "raise", "0.1", "0.101"),)


def test_a_reserve_of_cash_is_lowered() -> None:
    of = desk([entry("AA", 990)], limits(limit("cash_reserve", "0.02")), settled_cash=100_000)
    (ruling,) = of.judged().rulings
    _, (change,) = repairs(ruling, rows_of(of.limits), Fraction(of.portfolio.nav), None)
    assert (change.change, Fraction(change.new)) == ("lower", Fraction(1, 100))


def test_a_convex_limit_is_raised_by_the_root() -> None:
    square = Reading("volatility", "volatility", Fraction(400), Fraction(100), Fraction(0), corner=object())  # type: ignore[arg-type]
    assert bound_for(limit("volatility", "0.1"), square, Fraction(1000)) == Fraction(2001, 10_000)


@pytest.mark.parametrize("bound", ["0", "-5"])
def test_where_the_file_says_nothing_no_number_is_made_up(bound: str) -> None:
    reading = Reading("gross", "gross", Fraction(10), Fraction(bound), Fraction(0))
    assert bound_for(limit("gross", "0"), reading, Fraction(1000)) is None
    ruling = Ruling(entry("AA", 10), Outcome.DENIED, Fraction(0), lacking=(reading,))
    ((change,),) = repairs(ruling, {"gross": limit("gross", "0")}, Fraction(1000), None)
    assert (change.change, change.owner) == ("none", "risk")
    assert "beyond" in change.words


def test_a_condition_and_a_policy_name_their_owner_and_what_would_have_to_be_so() -> None:
    leaf = ProofNode(
        "earnings_soon('AA')", "AA reports earnings within three sessions", "rules/book/earnings.pl:5", "holds"
    )
    proof = ProofNode(
        "forbidden(…)", "AA long is forbidden: earnings blackout", "rules/book/earnings.pl:9", "holds", (leaf,)
    )
    policy = PolicyVerdict("AA", "long", "forbidden", (proof,), None, ("earnings_blackout",))
    one = entry("AA", 10, forbidden=("interval", "policy"))
    rows = {
        "interval": replace(limit("interval_width", "0.03"), id="interval", owner="models"),
        "policy": replace(limit("policy"), owner="compliance"),
    }
    (way,) = repairs(Ruling(one, Outcome.DENIED, Fraction(0)), rows, Fraction(1000), policy)
    assert [(each.owner, each.about, each.change) for each in way] == [
        ("models", "interval", "condition"),
        ("compliance", "earnings_blackout", "policy"),
    ]
    assert way[1].words == "once it is no longer so that AA reports earnings within three sessions"


def test_what_was_not_known_has_to_become_known() -> None:
    leaf = ProofNode(
        "\\+ earnings('AA', _)", "it is not so that AA has an earnings date", "rules/book/earnings.pl:12", "holds"
    )
    proof = ProofNode("forbidden(…)", "AA long is forbidden", "rules/book/earnings.pl:12", "holds", (leaf,))
    assert until(proof) == "once AA has an earnings date"


def test_what_was_granted_needs_no_repair() -> None:
    of = desk([entry("AA", 10, side=Side.BUY)], limits(limit("gross", "1")), [position("BB", 10)], market={
        "AA": terms("AA"), "BB": terms("BB")})  # fmt: skip
    (ruling,) = of.judged().rulings
    assert repairs(ruling, rows_of(of.limits), Fraction(1), None) == ()
