"""The gate: largest quantities in order of conviction, and every minimal reason for what it refuses."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given

from engine.gate.judge import SIZE, WHOLE, Core, Judgement, Outcome, Ruling
from engine.gate.proposals import Entry, Grant
from engine.orders.order import Role, Side
from engine.review.oracle import Case, worst
from tests.engine.books_strategy import Desk, desks, further, is_free, together, whose
from tests.engine.small_desk import desk, entry, limit, limits, position, terms, working

GROSS = limits(limit("gross", "0.5"))


def case_of(of: Desk, judgement: Judgement) -> Case:
    return Case(of.portfolio, of.exits, judgement.scope.entries, of.market, of.limits, of.regime)


def broken(case: Case, grants: list[Grant]) -> set[str]:
    return {one.measure for one in worst(case, grants) if not one.holds}


@given(desks())
def test_each_entry_is_as_large_as_target_and_limits_allow(any_desk: Desk) -> None:
    """By the oracle: what is granted breaks nothing, and one lot (of a basket, one unit) more would."""
    judgement = any_desk.judged()
    case, grants = case_of(any_desk, judgement), []
    for ruled in together(judgement.rulings):
        more = further(ruled, any_desk.market)
        if not is_free(ruled, any_desk.market):
            assert all(one.quantity == 0 for one in ruled)
        elif all(one.quantity <= one.entry.target for one in more):
            assert broken(case, [*grants, *more])
        steps = {one.quantity / (grown.quantity - one.quantity) for one, grown in zip(ruled, more, strict=True)}
        assert len(steps) == 1 and steps.pop().denominator == 1
        assert all(0 <= one.quantity <= one.entry.target for one in ruled)
        if ruled[0].quantity:
            grants += [Grant(one.entry, one.quantity) for one in ruled]
            assert broken(case, grants) == set()
    assert tuple(grants) == judgement.grants


@given(desks())
def test_a_basket_is_ruled_on_as_one(any_desk: Desk) -> None:
    for ruled in together(any_desk.judged().rulings):
        assert len({(one.outcome, one.binding, one.cores, one.crowding) for one in ruled}) == 1


@given(desks())
def test_entries_are_ruled_on_by_conviction_then_name(any_desk: Desk) -> None:
    """A basket by the least conviction of its legs and the name of its first."""
    rulings = together(any_desk.judged().rulings)
    queue = [(-min(one.entry.conviction for one in ruled), ruled[0].entry.instrument) for ruled in rulings]
    assert queue == sorted(queue)
    turned, straight = any_desk.with_entries(any_desk.entries[::-1]).judged(), any_desk.judged()
    assert (straight, straight.readings) == (turned, turned.readings)


@given(desks())
def test_a_cut_names_each_limit_that_one_lot_more_breaks(any_desk: Desk) -> None:
    judgement = any_desk.judged()
    case, grants = case_of(any_desk, judgement), []
    for ruled in together(judgement.rulings):
        if ruled[0].outcome is Outcome.CUT:
            more = further(ruled, any_desk.market)
            assert {one.measure for one in ruled[0].binding} == broken(case, [*grants, *more])
            assert all(one.slack < 0 for one in ruled[0].binding)
        grants += [Grant(one.entry, one.quantity) for one in ruled if one.quantity]


@given(desks())
def test_a_denial_names_every_minimal_core_and_no_other(any_desk: Desk) -> None:
    """By trying every set of earlier grants."""
    judgement = any_desk.judged()
    case = case_of(any_desk, judgement)
    granted: list[tuple[str, list[Grant]]] = []
    for ruled in together(judgement.rulings):
        if ruled[0].outcome is Outcome.DENIED:
            assert set(ruled[0].cores) == expected_cores(any_desk, case, ruled, granted)
            assert ruled[0].cores
        else:
            granted.append((whose(ruled), [Grant(one.entry, one.quantity) for one in ruled]))


def expected_cores(
    of: Desk, case: Case, ruled: list[Ruling], granted: list[tuple[str, list[Grant]]]
) -> set[Core]:  # fmt: skip
    basket = ruled[0].entry.basket
    found = {
        Core(failed.limit if basket is None else f"{failed.limit}[{one.entry.instrument}]", failed.limit, ())
        for one in ruled
        for failed in one.entry.findings
        if not failed.holds
    }
    if basket is not None and len(ruled) < len(basket.legs):
        found.add(Core(WHOLE, WHOLE, ()))
    if any(one.entry.instrument not in of.market.terms for one in ruled):
        return found
    step = further(ruled, of.market)
    if any(one.quantity > one.entry.target for one in step):
        found.add(Core(SIZE, SIZE, ()))
    if not is_free(ruled, of.market):
        return found
    limit_of = {row.measure: row.limit for row in worst(case, step)}
    breaking: dict[str, list[frozenset[str]]] = {}
    for size in range(len(granted) + 1):
        for chosen in combinations(granted, size):
            names = frozenset(name for name, _ in chosen)
            for measure in broken(case, [*(one for _, grants in chosen for one in grants), *step]):
                sets = breaking.setdefault(measure, [])
                if not any(smaller <= names for smaller in sets):
                    sets.append(names)
    altogether = broken(case, [*(one for _, grants in granted for one in grants), *step])
    return found | {
        Core(measure, limit_of[measure], tuple(sorted(names))) for measure in altogether for names in breaking[measure]
    }


# --- examples ---------------------------------------------------------------------------------------------------


def outcomes(of: Desk) -> list[tuple[str, str, int]]:
    return [(one.entry.instrument, one.outcome.value, int(one.quantity)) for one in of.judged().rulings]


def test_the_first_takes_what_the_second_lacks() -> None:
    of = desk([entry("AA", 300), entry("BB", 300, conviction=90), entry("CC", 10, conviction=70)], GROSS)
    assert outcomes(of) == [("BB", "granted", 300), ("AA", "cut", 200), ("CC", "denied", 0)]
    crowded = of.judged().rulings[2]
    assert crowded.cores == (Core("gross", "gross", ("AA", "BB")),)
    assert crowded.crowding == (("gross", "AA", Fraction(20_000)), ("gross", "BB", Fraction(30_000)))


def test_every_smallest_set_of_grants_that_crowds_is_named() -> None:
    """Any two of three grants of 200 leave no room for one lot of 150."""
    market = {name: terms(name, lot=150 if name == "DD" else 1) for name in ("AA", "BB", "CC", "DD")}
    entries = [entry(name, 200, conviction=90) for name in ("AA", "BB", "CC")]
    of = desk([*entries, entry("DD", 150, conviction=70)], limits(limit("gross", "0.6")), market=market)
    denied = of.judged().rulings[3]
    assert outcomes(of)[:3] == [("AA", "granted", 200), ("BB", "granted", 200), ("CC", "granted", 200)]
    assert [core.grants for core in denied.cores] == [("AA", "BB", "CC")]
    tighter = desk([*entries[:2], entry("DD", 300, conviction=70)], limits(limit("gross", "0.4")),
                   market={**market, "DD": terms("DD", lot=300)})  # fmt: skip
    assert [core.grants for core in tighter.judged().rulings[2].cores] == [("AA",), ("BB",)]


def test_beyond_eight_grants_one_smallest_set_is_found() -> None:
    names = [f"A{at}" for at in range(9)]
    under = limits(limit("gross", "0.5"), limit("group_gross", "0.1", by="sector"))
    market = {name: terms(name, sector="banks" if name == "A3" else "other") for name in names}
    market["ZZ"] = terms("ZZ", sector="banks")
    under = limits(limit("group_gross", "0.1", by="sector", only="banks"))
    entries = [entry(name, 100, conviction=90) for name in names]
    of = desk([*entries, entry("ZZ", 10, conviction=70)], under, market=market)
    denied = of.judged().rulings[-1]
    assert [core.grants for core in denied.cores] == [("A3",)]


def test_a_limit_that_forbids_alone_blames_no_grant() -> None:
    of = desk([entry("AA", 100, conviction=90), entry("BB", 5)], limits(limit("gross", "0.5"),
              limit("order_quantity", 0)))  # fmt: skip
    assert all(core.alone for one in of.judged().rulings for core in one.cores)


@pytest.mark.parametrize(
    ("one", "cores"),
    [
        (entry("AA", 0), {SIZE}),
        (entry("AA", 9, forbidden=["compliance.policy", "model.age"]), {"compliance.policy", "model.age"}),
        (entry("AA", 0, forbidden=["model.age"]), {SIZE, "model.age"}),
    ],
)
def test_reasons_that_are_no_numbers(one: Entry, cores: set[str]) -> None:
    (ruling,) = desk([one], GROSS).judged().rulings
    assert ruling.outcome is Outcome.DENIED
    assert {core.constraint for core in ruling.cores} == cores


def test_an_entry_below_one_lot_is_told_of_the_limits_too() -> None:
    (ruling,) = desk([entry("AA", 0)], limits(limit("gross", 0))).judged().rulings
    assert {core.constraint for core in ruling.cores} == {SIZE, "gross"}


def test_an_entry_whose_figures_are_missing_must_say_so() -> None:
    of = desk([entry("AA", 0)], GROSS, market={})
    with pytest.raises(AssertionError, match="AA has no terms"):
        of.judged()


def test_a_breached_limit_blocks_what_makes_it_worse_and_nothing_else() -> None:
    held = [position("AA", 900)]
    assert outcomes(desk([entry("BB", 5)], GROSS, held)) == [("BB", "denied", 0)]
    under = limits(limit("group_gross", "0.5", by="issuer"))
    assert outcomes(desk([entry("BB", 5)], under, held)) == [("BB", "granted", 5)]


def test_a_breached_net_limit_admits_what_helps() -> None:
    of = desk([entry("BB", 50, Side.SELL)], limits(limit("net_long", "0.1")), [position("AA", 900)])
    assert outcomes(of) == [("BB", "granted", 50)]


def test_a_working_order_that_may_never_fill_takes_its_room() -> None:
    of = desk([entry("AA", 400)], GROSS, orders=[working("BB", Side.BUY, Role.ENTRY, 300, "100", "90")])
    assert outcomes(of) == [("AA", "cut", 200)]


def test_fees_of_the_next_entry_count_against_limits_it_does_not_touch() -> None:
    """AA stands exactly at its bound; BB's fee lowers NAV⁻, and the bound with it."""
    under = limits(limit("instrument_exposure", "0.5"), fee_per_order=100)
    of = desk([entry("AA", 600, conviction=90), entry("BB", 1)], under)
    assert outcomes(of) == [("AA", "cut", 499), ("BB", "granted", 1)]
    (first,) = [one for one in of.judged().readings if one.measure == "instrument_exposure[AA]"]
    assert first.slack == Fraction(99_800, 2) - 49_900


def test_readings_are_of_everything_granted_together() -> None:
    of = desk([entry("AA", 100), entry("BB", 100)], GROSS)
    judgement = of.judged()
    assert judgement.readings[0].value == 20_000
    assert (judgement.readings[0].base, judgement.readings[0].slack) == (0, 30_000)
