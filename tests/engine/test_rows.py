"""The gate in whole numbers beside the gate in fractions: the same rulings, readings and grants, to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.gate import compiled
from engine.gate.compiled import rows_of
from engine.gate.convex import ConvexMeasure
from engine.gate.crowding import heavier
from engine.gate.judge import Core, Outcome
from engine.gate.measures import measures
from engine.gate.proposals import Entry, Grant
from engine.gate.reach import ZERO, state_of
from engine.gate.running import Running
from engine.gate.scope import Scope
from engine.gate.shocks import Shocks
from engine.gate.stress import shock
from engine.gate.whole import whole
from engine.limits.model import Scenario
from engine.orders.basket import Basket
from engine.orders.order import Role, Side
from tests.engine import slow_gate
from tests.engine.books_strategy import Desk, desks
from tests.engine.queue_strategy import queues
from tests.engine.small_desk import desk, entry, limit, limits, position, terms, working
from tests.engine.test_smt import ROWS

QUANTITIES = st.fractions(0, 3_000, max_denominator=3)


def slowly(of: Desk) -> slow_gate.Judgement:
    return slow_gate.judge(of.book, of.entries, of.market, of.limits, of.regime)


@given(desks())
def test_both_gates_rule_the_same(any_desk: Desk) -> None:
    fast, slow = any_desk.judged(), slowly(any_desk)
    assert fast.rulings == slow.rulings
    assert fast.readings == slow.readings
    assert fast.grants == slow.grants


def running_of(of: Desk, entries: Sequence[Entry]) -> tuple[Running, Scope]:
    scope = Scope(of.book, tuple(entries), of.market, of.limits, of.regime)
    return Running(rows_of(scope, state_of(of.book, (), of.market, of.limits), entries)), scope


@given(desks(), st.data())
def test_any_grants_make_the_same_of_every_limit(any_desk: Desk, data: st.DataObject) -> None:
    """At any quantities whatever, any of the entries left out, also such as no gate would grant."""
    free = any_desk.judged().scope.entries
    some = [replace(one, target=data.draw(QUANTITIES)) for one in free if data.draw(st.booleans())]
    running, scope = running_of(any_desk, some)
    found, base = measures(scope), state_of(any_desk.book, (), any_desk.market, any_desk.limits)
    assert [running.rows.key(at) for at in range(len(running.rows.limits))] == [one.key for one in found]
    asks = running.desk.asks
    parts = [running.part(ask.name, [(place, ask.target)], 1) for place, ask in enumerate(asks)]
    *before, last = parts or [None]
    for part in before:
        running.grant(part)
    more = () if last is None else (last,)
    state = state_of(any_desk.book, [Grant(one, one.target) for one in some], any_desk.market, any_desk.limits)
    for at, value, bound, corner in running.read(range(len(found)), *more):
        measure = found[at]
        assert value == slow_gate.value_of(measure, state), measure.key
        assert bound == slow_gate.bound_of(measure, state), measure.key
        assert running.amount(at, running.rows.bases[at]) == slow_gate.value_of(measure, base), measure.key
        assert corner == (slow_gate.corner_of(measure, state) if isinstance(measure, ConvexMeasure) else None)
        assert measure.value(state) == slow_gate.value_of(measure, state), measure.key
        assert measure.bound(state) == slow_gate.bound_of(measure, state), measure.key
    broken = [one.key for one in found if measure_breaks(one, state, base)]
    assert [found[at].key for at in range(len(found)) if running.breaks(at, (*before, *more))] == broken
    if last is not None:
        assert [found[at].key for at in running.broken(last)] == broken


def measure_breaks(measure: slow_gate.Measure | ConvexMeasure, state: slow_gate.State, base: slow_gate.State) -> bool:
    if isinstance(measure, ConvexMeasure):
        return measure.value(state) > measure.bound(state)
    return measure.value(state) > max(measure.bound(state), measure.value(base))


def test_an_entry_that_lowers_the_least_exposure_of_others_is_seen() -> None:
    """Selling what is held lowers its least: the other one's share of the whole rises."""
    under = limits(limit("concentration", "0.6", once=2))
    of = desk([entry("BB", 60, Side.SELL)], under, [position("AA", 100), position("BB", 100)])
    (asked,) = of.judged().scope.entries
    running, scope = running_of(of, [asked])
    found, base = measures(scope), state_of(of.book, (), of.market, of.limits)
    part = running.part("BB", [(0, 60)], 1)
    state = state_of(of.book, [Grant(asked, Fraction(60))], of.market, of.limits)
    at = next(place for place, one in enumerate(found) if one.key == "concentration[AA]")
    ((_, value, _, _),) = running.read([at], part)
    assert value == found[at].value(state) > found[at].value(base)
    assert at in running.broken(part)


def ruled(of: Desk) -> list[tuple[str, int]]:
    """Outcomes and shares, of both gates."""
    rulings = of.judged().rulings
    assert rulings == slowly(of).rulings
    return [(one.outcome.value, int(one.quantity)) for one in rulings]


@pytest.mark.parametrize("kind", ROWS)
def test_measures_say_what_the_twin_says(kind: str) -> None:
    of, most = ROWS[kind]
    (asked,) = of.judged().scope.entries
    scope = Scope(of.book, (asked,), of.market, of.limits, of.regime)
    state = state_of(of.book, [Grant(asked, Fraction(most))], of.market, of.limits)
    for one in measures(scope):
        assert one.value(state) == slow_gate.value_of(one, state)
        assert one.bound(state) == slow_gate.bound_of(one, state)


@pytest.mark.parametrize("kind", ["stress", "beta", "gross", "open_risk", "concentration"])
def test_what_is_only_held_has_denominators_too(kind: str) -> None:
    odd = terms("BB", price=Fraction(100, 7), beta=Fraction(2, 11), volatility=Fraction(1, 13))
    plain = limits(limit(kind, "0.6", once=1) if kind == "concentration" else limit(kind, "0.1"))
    five = replace(plain.scenarios[0], id="five", index=ZERO, sigmas=Fraction(5))
    under = replace(plain, scenarios=(*plain.scenarios, five))
    of = desk([entry("AA", 999)], under, [position("BB", 130, "13.7")], market={"AA": terms("AA"), "BB": odd})
    ((outcome, quantity),) = ruled(of)
    assert outcome == "cut" and 0 < quantity < 999


def test_a_single_share_is_the_least_there_is() -> None:
    """One BB is held, so that one AA is half of all."""
    of = desk([entry("AA", 9)], limits(limit("concentration", "0.5", once=1)), [position("BB", 1)])
    assert ruled(of) == [("cut", 1)]


def test_the_row_that_needs_most_of_nav_bounds_what_only_costs() -> None:
    """All of `net_long` is taken, and little of the exposure in AA: a dollar of slippage is too much for the first."""
    under = limits(limit("net_long", "0.5"), limit("instrument_exposure", "0.9"))
    entries = [entry("AA", 500), entry("CC", 10, Side.SELL, 70, "99")]
    assert ruled(desk(entries, under)) == [("granted", 500), ("denied", 0)]


def test_a_rise_of_a_single_unit_needs_its_nav() -> None:
    """Held are 99,998 of 100,000, and one dollar more is granted: what costs two has no room."""
    market = {"AA": terms("AA", price=Fraction(1)), "BB": terms("BB", price=Fraction(1)), "CC": terms("CC")}
    entries = [entry("AA", 1, limit_price="1", stop_price="1"), entry("CC", 1, Side.SELL, 70, "98")]
    of = desk(entries, limits(limit("net_long", 1)), [position("BB", 99_998, "1")], market=market)
    assert ruled(of) == [("granted", 1), ("denied", 0)]


def test_a_grant_that_only_costs_does_not_crowd_a_row_by_itself() -> None:
    """200 are left of `net_long`. AA takes 100, CC costs 120 and so takes 60; DD would cost 297, and so take 148.50:
    beside it AA alone exceeds, and CC alone, which raises nothing, does not."""
    entries = [
        entry("AA", 1, conviction=90), entry("CC", 10, Side.SELL, 80, "88"), entry("DD", 3, Side.SELL, 70, "1"),
    ]  # fmt: skip
    market = {name: terms(name, lot=3 if name == "DD" else 1) for name in ("AA", "BB", "CC", "DD")}
    of = desk(entries, limits(limit("net_long", "0.5")), [position("BB", 498)], market=market)
    assert ruled(of) == [("granted", 1), ("granted", 10), ("denied", 0)]
    assert [core.grants for core in of.judged().rulings[-1].cores] == [("AA",)]


def test_a_basket_spares_what_the_worst_of_the_broken_rows_asks_for() -> None:
    """100 CC exceed `gross` by 5,000 and `net_long` by 10,000: 50 units of AA and BB, which are 200 each."""
    pair = Basket("pair", (("AA", Fraction(1)), ("BB", Fraction(1))))
    legs = [replace(entry(name, 225), basket=pair) for name in ("AA", "BB")]
    market = {name: terms(name, lot=100 if name == "CC" else 1) for name in ("AA", "BB", "CC")}
    of = desk([*legs, entry("CC", 100, conviction=70)], limits(limit("gross", "0.5"), limit("net_long", "0.45")),
              market=market)  # fmt: skip
    assert ruled(of) == [("granted", 225), ("granted", 225), ("denied", 0)]
    assert of.judged().rulings[-1].spare == (("basket:pair", Fraction(50)),)


def test_a_basket_whose_one_leg_helps_has_no_room_where_the_other_needs_some() -> None:
    """All of `gross` is held short in AA: buying it back raises nothing, and each BB does."""
    pair = Basket("pair", (("AA", Fraction(1)), ("BB", Fraction(1))))
    legs = [replace(entry(name, 50), basket=pair) for name in ("AA", "BB")]
    of = desk(legs, limits(limit("gross", "0.1")), [position("AA", -100, "110")])
    assert ruled(of) == [("denied", 0), ("denied", 0)]


@pytest.mark.parametrize("count", [1, 9])
def test_what_adds_nothing_is_in_no_set(count: int) -> None:
    """One or nine take a dollar each, CC, sold short, none; one dollar is left, and two are one too many."""
    one_dollar = {"limit_price": "1", "stop_price": "1"}
    names = [f"A{at}" for at in range(count)]
    market = {name: terms(name, price=Fraction(1)) for name in (*names, "BB")} | {"CC": terms("CC")}
    market["ZZ"] = terms("ZZ", price=Fraction(1), lot=2)
    entries = [entry(name, 1, conviction=90 - at, **one_dollar) for at, name in enumerate(names)]
    entries += [entry("CC", 1, Side.SELL, 95), entry("ZZ", 2, conviction=10, **one_dollar)]
    of = desk(entries, limits(limit("net_long", 1)), [position("BB", 99_999 - count, "1")], market=market)
    assert ruled(of) == [("granted", 1)] * (count + 1) + [("denied", 0)]
    assert [core.grants for core in of.judged().rulings[-1].cores] == [tuple(names)]


def test_of_many_grants_those_that_crowd_a_convex_limit_are_found_by_deletion() -> None:
    names = [f"A{at}" for at in range(10)]
    market = {name: terms(name, factors=(Fraction(1, 100),), lot=450 if name == "A9" else 1) for name in names}
    entries = [entry(name, 50 if name != "A9" else 450, conviction=90 - at) for at, name in enumerate(names)]
    of = desk(entries, limits(limit("volatility", "0.11")), market=market)
    # The twin would try every corner of every set.
    *granted, last = of.judged().rulings
    assert ([int(one.quantity) for one in granted], last.outcome.value) == ([50] * 9, "denied")
    assert [len(core.grants) for core in last.cores] == [5]


def test_a_move_of_the_index_counts_beside_scenarios_of_sectors() -> None:
    """Where moves and places are the same small numbers, too: a short position loses all of it when prices double."""
    double = Scenario("double", Fraction(1), ZERO, "test")
    gone = Scenario("gone", ZERO, ZERO, "test", sectors=(("technology", Fraction(-1)),))
    calm = Scenario("calm", ZERO, ZERO, "test", sectors=(("technology", ZERO),))
    of = desk([entry("AA", 999, Side.SELL)], replace(limits(limit("stress", "0.1")), scenarios=(double, gone, calm)))
    assert ruled(of) == [("cut", 100)]


MOVING = {
    "index": Scenario("index", Fraction(-2, 5), ZERO, "test"),
    "milder sector": Scenario("both", Fraction(-2, 5), ZERO, "test", sectors=(("technology", Fraction(-1, 5)),)),
    "worse sector": Scenario("both", Fraction(-2, 5), ZERO, "test", sectors=(("technology", Fraction(-4, 5)),)),
    "sector the other way": Scenario("both", Fraction(-2, 5), ZERO, "test", sectors=(("technology", Fraction(1, 5)),)),
    "sector alone": Scenario("sector", ZERO, ZERO, "test", sectors=(("technology", Fraction(-1, 5)),)),
    "sector at rest": Scenario("sector", ZERO, ZERO, "test", sectors=(("technology", ZERO),)),
    "of others": Scenario("others", ZERO, ZERO, "test", sectors=(("banks", Fraction(-1, 5)),)),
    "sigmas": Scenario("sigmas", ZERO, Fraction(5), "test"),
    "own": Scenario("own", ZERO, ZERO, "test", instruments=(("AA", Fraction(1, 9)),)),
}


@pytest.mark.parametrize("name", MOVING)
def test_a_shock_is_what_is_written_down(name: str) -> None:
    one = terms("AA", beta=Fraction(3, 2), price=Fraction(70))
    made, slow = Shocks([MOVING[name]], [one]), shock(MOVING[name], one)
    assert [tuple(Fraction(each, made.unit) * one.exposure for each in made.profiles(one)[0])] == [slow]
    for sign in (1, -1):
        worst = max(sign * each for each in slow)
        losses = {at: Fraction(loss, made.unit) * one.exposure for at, loss in made.losses(one, sign, 1, 3).items()}
        assert losses == ({3: worst} if worst > 0 else {})


def test_a_move_of_its_own_has_a_denominator_of_its_own() -> None:
    """A seventh of 100 a share, of 10,000."""
    plain = limits(limit("stress", "0.1"))
    own = Scenario("own", ZERO, ZERO, "test", instruments=(("AA", Fraction(-1, 7)), ("ZZ", Fraction(1, 11))))
    of = desk([entry("AA", 999)], replace(plain, scenarios=(own,)))
    assert [(one.outcome.value, one.quantity) for one in of.judged().rulings] == [("cut", 700)]
    assert of.judged().rulings == slowly(of).rulings


AWKWARD = st.fractions(1, 10**9, max_denominator=10**9)
MOVES = st.fractions(Fraction(-9, 10), Fraction(9, 10), max_denominator=10**6).filter(bool)


@st.composite
def awkward_scenarios(draw: st.DrawFn, names: Sequence[str]) -> tuple[Scenario, ...]:
    sector = st.tuples(st.sampled_from(("energy", "health care")), MOVES).map(lambda one: (one,))
    return (
        Scenario("index", draw(MOVES), ZERO, "test"),
        Scenario("both", draw(MOVES), ZERO, "test", sectors=draw(sector)),
        Scenario("sector", ZERO, ZERO, "test", sectors=draw(sector)),
        Scenario("sigmas", ZERO, draw(AWKWARD) / 10**8, "test"),
        Scenario("single", ZERO, ZERO, "test", instruments=tuple((name, draw(MOVES)) for name in names)),
    )


@st.composite
def awkward_desks(draw: st.DrawFn) -> Desk:
    """Prices, betas and moves that share no denominator: their products are far beyond 64 bits."""
    names = [f"A{at}" for at in range(draw(st.integers(1, 4)))]
    market = {
        name: terms(
            name, price=draw(AWKWARD), beta=draw(st.fractions(-2, 2, max_denominator=10**7)),
            volatility=draw(AWKWARD) / 10**9, average_volume=draw(AWKWARD),
            unit=draw(st.sampled_from((Fraction(1), Fraction(7, 9)))),
            sector=draw(st.sampled_from(("energy", "technology"))), lot=draw(st.sampled_from((1, 7))),
        )
        for name in names
    }  # fmt: skip
    entries = []
    for at, name in enumerate(names):
        side, known = draw(st.sampled_from(Side)), market[name]
        target = Fraction(draw(st.integers(0, 200)) * known.lot)
        plain = entry(name, 0, side, 90 - at)
        prices = [known.price * (1 + side.sign * draw(MOVES) / 10) for _ in range(2)]
        entries.append(replace(plain, target=target, limit_price=prices[0], stop_price=prices[1]))
    bound = st.fractions(Fraction(1, 100), 2, max_denominator=10**5)
    kinds = ("gross", "net_long", "net_short", "beta", "stress", "turnover", "volume_share", "instrument_exposure")
    under = [limit(kind, draw(bound)) for kind in draw(st.lists(st.sampled_from(kinds), min_size=2, unique=True))]
    held = [position(names[0], 700 * draw(st.sampled_from((0, 1, -1))), str(draw(st.integers(1, 10**12))))]
    money = {"nav": draw(st.integers(1, 10**13)), "settled_cash": 10**20}
    of = desk(entries, limits(*under, fee_per_order=draw(st.sampled_from((0, 3)))), held, market=market, **money)
    return replace(of, limits=replace(of.limits, scenarios=draw(awkward_scenarios(names))))


@settings(max_examples=15)
@given(awkward_desks())
def test_no_number_is_too_large(any_desk: Desk) -> None:
    fast, slow = any_desk.judged(), slowly(any_desk)
    assert fast.rulings == slow.rulings
    assert fast.readings == slow.readings


def test_a_desk_beyond_64_bits() -> None:
    prices = {"AA": Fraction(10**9 + 7, 998244353), "BB": Fraction(123456789, 1000003)}
    market = {name: terms(name, price=price, beta=Fraction(7, 999983)) for name, price in prices.items()}
    asked = [
        replace(entry(name, 10**6, conviction=80 - at), limit_price=price, stop_price=price / 2)
        for at, (name, price) in enumerate(prices.items())
    ]
    under = limits(limit("gross", "1.2"), limit("beta", "0.0000001"), limit("stress", "0.3"))
    of = desk(asked, under, market=market, nav=10**8)
    running, _ = running_of(of, of.judged().scope.entries)
    assert max(slope for line in running.rows.slopes for slope in line.values()) > 2**63
    assert [one.outcome.value for one in of.judged().rulings] == ["granted", "cut"]
    assert of.judged().rulings == slowly(of).rulings


@settings(max_examples=40)
@given(st.sampled_from(("energy", "technology", "materials")), MOVES, st.data())
def test_shocks_are_those_that_are_written_down(sector: str, move: Fraction, data: st.DataObject) -> None:
    """All scenarios at once, and one after the other in fractions."""
    found = data.draw(awkward_scenarios(["A0"]))
    one = terms("A0", sector=sector, beta=move * 2, price=data.draw(AWKWARD))
    made, sign = Shocks(found, [one]), data.draw(st.sampled_from((1, -1)))
    slow = [shock(scenario, one) for scenario in found]
    fast = made.profiles(one)
    assert [(Fraction(p, made.unit) * one.exposure, Fraction(n, made.unit) * one.exposure) for p, n in fast] == slow
    worst = {10 + at: max(sign * p, sign * n) for at, (p, n) in enumerate(slow)}
    losses = {at: Fraction(loss, made.unit) * one.exposure for at, loss in made.losses(one, sign, 1, 10).items()}
    assert losses == {at: loss for at, loss in worst.items() if loss > 0}


@given(st.lists(st.integers(1, 6), max_size=7), st.integers(0, 20))
def test_the_minimal_sets_that_weigh_more(weights: list[int], most: int) -> None:
    """Beside trying every set."""
    named = sorted(((each, f"g{at}") for at, each in enumerate(weights)), reverse=True)
    heavy = [
        chosen
        for size in range(len(named) + 1)
        for chosen in combinations(named, size)
        if sum(each for each, _ in chosen) > most
    ]
    least = [
        {name for _, name in one} for one in heavy if not any(set(other) < set(one) for other in heavy)
    ]  # fmt: skip
    found = [set(names) for names in heavier(named, most)]
    assert len(found) == len(least) and all(one in least for one in found)


def test_ten_grants_crowd_the_eleventh_in_both() -> None:
    """More grants than are enumerated: one smallest set is found by deletion."""
    entries = [entry(f"A{place:02}", 60, conviction=90 - place) for place in range(11)]
    of = desk(entries, limits(limit("gross", "0.6")))
    assert of.judged().rulings == slowly(of).rulings
    assert len(of.judged().rulings[-1].cores[0].grants) == 10


def test_a_number_that_is_not_whole_in_its_unit_is_a_bug() -> None:
    assert whole(Fraction(3, 4), 8) == 6
    with pytest.raises(AssertionError):
        whole(Fraction(1, 3), 8)


def test_a_lot_that_stands_at_the_bound_is_refused_for_the_other_grant_alone() -> None:
    of = desk([entry("AA", 1, conviction=90), entry("BB", 1)], limits(limit("gross", "0.001")))
    first, second = of.judged().rulings
    assert first.outcome is Outcome.GRANTED
    assert second.cores == (Core("gross", "gross", ("AA",)),)
    assert second.spare == (("AA", 1),)


def test_what_may_be_sold_already_leaves_room_to_buy() -> None:
    """100 shares may go short: up to 100 bought the worst filling stays there, and then it turns."""
    resting = working("AA", Side.SELL, Role.ENTRY, 100, "100", "110")
    of = desk([entry("AA", 300)], limits(limit("gross", "0.15")), orders=[resting])
    assert of.judged().grants[0].quantity == 150
    assert of.judged().rulings == slowly(of).rulings
    crowded = desk([entry("AA", 300, conviction=90), entry("BB", 10)], of.limits, orders=[resting])
    assert crowded.judged().rulings[1].spare == (("AA", 1),)
    assert crowded.judged().rulings == slowly(crowded).rulings


def test_an_entry_that_only_costs_breaks_a_row_that_it_does_not_move() -> None:
    """AA stands exactly at its bound of NAV⁻; each share of BB takes a fee of 1 from that."""
    under = limits(limit("instrument_exposure", "100/999"), fee_per_share=1)
    of = desk([entry("AA", 100, conviction=90), entry("BB", 1)], under)
    first, second = of.judged().rulings
    assert first.outcome is Outcome.GRANTED
    assert second.cores == (Core("instrument_exposure[AA]", "instrument_exposure", ("AA",)),)
    assert of.judged().rulings == slowly(of).rulings
    running, _ = running_of(of, of.judged().scope.entries)
    assert running.room([(1, 1)], 1) == 1
    running.grant(running.part("AA", [(0, 1)], 100))
    assert running.room([(1, 1)], 1) == running.room([(0, 1)], 5) == 0


def test_an_entry_is_cut_where_its_costs_break_what_it_does_not_move() -> None:
    """AA risks 990 of 1 % of NAV⁻, 999.01 after its fees: BB, which risks nothing, may cost 901."""
    entries = [entry("AA", 99, conviction=90), entry("BB", 1000, stop_price="100")]
    of = desk(entries, limits(limit("open_risk", "0.01"), fee_per_share=1))
    assert [one.quantity for one in of.judged().rulings] == [99, 901]
    assert of.judged().rulings == slowly(of).rulings


def test_two_entries_in_one_instrument_cannot_be_judged() -> None:
    """What one adds would depend on the other; nothing in the engine asks for that, and Z3 answers the same."""
    of = desk([entry("AA", 300, conviction=90), entry("AA", 500)], limits(limit("gross", "0.5")))
    with pytest.raises(ValueError, match="two entries in AA"):
        of.judged()
    forbidden = desk([entry("AA", 300), entry("AA", 500, forbidden=["no"])], limits(limit("gross", "0.5")))
    assert [one.outcome.value for one in forbidden.judged().rulings] == ["granted", "denied"]


def test_a_limit_of_a_kind_without_rows_raises() -> None:
    """It is not left out: no entry is granted that nobody has held against it."""
    of = desk([entry("AA", 300)], limits(limit("gross", "0.5")))
    with patch.dict(compiled._ROWS):
        del compiled._ROWS["gross"]
        with pytest.raises(KeyError):
            of.judged()


@settings(max_examples=max(15, settings.default.max_examples // 4))
@given(queues())
def test_a_queue_of_many_is_ruled_the_same(of: Desk) -> None:
    """Grants crowd each other in several measures at once, beside fees, slippage and positions on either side."""
    fast, slow = of.judged(), slowly(of)
    assert fast.rulings == slow.rulings
    assert fast.readings == slow.readings
