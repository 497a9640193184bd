"""Every condition at its threshold and one step beyond, and what happens when its input is absent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.decision import Decision
from engine.gate.circumstances import Case, Circumstances
from engine.gate.conditions import _CONDITIONS, HOLDS, findings
from engine.gate.market import read_market
from engine.gate.reach import read_book
from engine.gate.states import _STATES, trading_state
from engine.limits.kinds import KINDS
from engine.limits.model import Limits
from engine.orders.basket import Basket
from engine.orders.order import Role, Side
from engine.orders.portfolio import Operations, Position, Working
from knowledge.door import fact
from knowledge.facts import Fact
from tests.engine.small_desk import limit
from tests.made_correlations import all_alike
from tests.promises.cycles import (
    OWNER,
    Cycle,
    account,
    calm,
    head_fact,
    instrument_facts,
    order,
    position,
    stop_order,
    with_bounds,
)

Change = Callable[[Cycle], Cycle]


def without(*refs: str) -> Change:
    return lambda cycle: cycle.with_facts(one for one in cycle.facts if one.ref not in refs)


def plus(*more: Fact) -> Change:
    """With these facts, in the place of those with the same key."""
    refs = {one.ref for one in more}
    return lambda cycle: cycle.with_facts([*(one for one in cycle.facts if one.ref not in refs), *more])


def operating(**more: object) -> Change:
    return holding(operations=Operations(**more))  # type: ignore[arg-type]


def holding(positions: Iterable[Position] = (), working: Iterable[Working] = (), **more: object) -> Change:
    return lambda cycle: replace(cycle, portfolio=account(tuple(positions), tuple(working), **more))


def heads(**more: object) -> Change:
    return plus(head_fact("technical", **more))


def indicator(name: str, value: str) -> Change:
    return plus(fact("indicator", instrument="AAPL", name=name, value=value))


def market(name: str, value: str) -> Change:
    return plus(fact("market", name=name, value=value))


def bar(session: str) -> Change:
    (known,) = [one for one in instrument_facts("AAPL", "long") if one.template == "bar"]
    return plus(fact("bar", **{**dict(known.slots), "session": session}))


def minutes(name: str, begins: str, ends: str, last: str = "yes") -> Change:
    """A bar within the session of the decision, which is at 21:00."""
    at = {"begins": f"2012-03-01T{begins}:00Z", "ends": f"2012-03-01T{ends}:00Z"}
    return plus(fact("period", instrument=name, last=last, **at))


def unbounded(*refs: str) -> Change:
    """Without these facts, and without any convex limit that would need them."""

    def change(cycle: Cycle) -> Cycle:
        straight = tuple(one for one in cycle.limits.limits if one.spec.form != "convex")
        return replace(without(*refs)(cycle), limits=replace(cycle.limits, limits=straight))

    return change


def bounded(*changes: Change) -> Change:
    """With a convex limit in force, which needs a covariance."""

    def change(cycle: Cycle) -> Cycle:
        for one in changes:
            cycle = one(cycle)
        rows = (*cycle.limits.limits, limit("volatility", 9))
        return replace(cycle, limits=replace(cycle.limits, limits=rows))

    return change


def next_session(day: str) -> Change:
    return plus(fact("calendar", instrument="AAPL", session="open", next=day))


def goes_on(last: str) -> Change:
    """The next bar lies in the session of the decision, if the one before is not the last."""
    return lambda cycle: minutes("AAPL", "20:55", "21:00", last)(next_session("2012-03-01")(cycle))


def money(**amounts: str) -> Change:
    return holding(**{name: Decimal(amount) for name, amount in amounts.items()})


def entry_order(side: Side, role: Role = Role.ENTRY) -> Working:
    stop = Decimal(500) if side is Side.BUY else Decimal(600)
    return order("w-1", "AAPL", side, role, Decimal(10), Decimal(540), stop)


BUYING_IBM = order("w-1", "IBM", Side.BUY, Role.ENTRY, Decimal(5), Decimal(210), Decimal(190))


def then(first: Change, second: Change) -> Change:
    return lambda cycle: second(first(cycle))


def stretched(name: str, quantity: int) -> Position:
    """A position of another horizon."""
    return replace(position(name, quantity), strategy="quant-position", horizon="position")


def two_books(known: str, quantity: int = 10) -> Change:
    """Apple in the book of the candidate's horizon and IBM in another, correlated so."""
    return then(holding([position("AAPL", 10), stretched("IBM", quantity)]), plus(*all_alike(("AAPL", "IBM"), known)))


def authorised(*names: str) -> Change:
    def change(cycle: Cycle) -> Cycle:
        rows = [replace(one, names=names) if one.kind == "strategies" else one for one in cycle.limits.limits]
        return replace(cycle, limits=replace(cycle.limits, limits=tuple(rows)))

    return change


CASE = Case("AAPL", Side.BUY, *OWNER, ())
OTHERS = replace(position("AAPL", 10), strategy="somebody-swing")
CASES: dict[str, tuple[list[Change], list[Change]]] = {
    "day_loss": ([money(nav="980100", day_pnl="-19899")], [money(nav="980000", day_pnl="-20000")]),
    "drawdown": ([money(nav="900001")], [money(nav="900000"), money(high_water_mark="0")]),
    "index_volatility": (
        [market("index-volatility-rank", "0.9899")],
        [market("index-volatility-rank", "0.99"), without("market(index-volatility-rank)")],
    ),
    "index_move": (
        [market("index-move", "0.0699"), market("index-move", "-0.0699")],
        [market("index-move", "0.07"), market("index-move", "-0.07"), without("market(index-move)")],
    ),
    "maintenance_margin": (
        [holding([position("AAPL", 3673)]), holding([position("AAPL", -3061)]), holding([stretched("AAPL", 2)])],
        [holding([position("AAPL", 3674)]), holding([position("AAPL", -3062)]), holding([position("JPM", 10)]),
         money(nav="0")],
    ),
    "kill_switch": ([], [operating(kill_switch=True), operating(halted=True)]),
    "head_brier": ([heads(brier="0.26")], [heads(brier="0.2601"), without("head(technical)")]),
    "head_psi": ([heads(psi="0.25")], [heads(psi="0.2501")]),
    "head_age": ([heads(age=90)], [heads(age=91)]),
    "healthy_heads": (
        [heads(status="failed")],
        [plus(head_fact("technical", status="failed"), head_fact("volume", status="abstaining"))],
    ),
    "head_validated": ([], [heads(status="unvalidated"), heads(status="failed"), without("head(technical)")]),
    "open_positions": (
        [holding([position("IBM", 10)]), holding([position("AAPL", 10), position("IBM", 10), position("JPM", 0)])],
        [holding([position("IBM", 10), position("JPM", 10)]),
         holding([position("IBM", 10)], [order("w-2", "JPM", Side.BUY, Role.ENTRY, Decimal(1), Decimal(41))])],
    ),
    "session_entries": (
        [operating(executions=(("AAPL", 4), ("IBM", 5)))], [operating(executions=(("AAPL", 4), ("IBM", 6)))],
    ),
    "window_collar": (
        [indicator("ema-20-distance", "0.3"), indicator("ema-20-distance", "-0.3")],
        [indicator("ema-20-distance", "0.3001"), indicator("ema-20-distance", "-0.3001"),
         without("indicator(AAPL,ema-20-distance)")],
    ),
    "book_correlation": (
        [two_books("0.4"), two_books("0.9", -10), holding([position("IBM", 10), position("AAPL", 10)])],
        [two_books("0.4001"), two_books("-0.5", -10), then(two_books("0.1"), without("correlations(AAPL)")),
         holding([stretched("JPM", 10), position("AAPL", 10)])],
    ),
    "strategies": ([], [authorised("somebody-swing"), authorised()]),
    "interval_width": (
        [indicator("interval-75", "0.05")],
        [indicator("interval-75", "0.0501"), without("indicator(AAPL,interval-75)")],
    ),
    "data_quality": (
        [plus(fact("quality", instrument="IBM", issue="gap", detail="x"))],
        [plus(fact("quality", instrument="AAPL", issue="gap", detail="x"))],
    ),
    "data_complete": (
        [holding([position("AAPL", 10)]), goes_on("no"), bounded(without("risk(IBM)")),
         unbounded("risk(AAPL)", "risk(IBM)")],
        [goes_on("yes"), next_session("2012-03-01"), next_session("2012-02-29"),
         without("indicator(AAPL,beta-252)"), without("reference(AAPL)"), without("bar(AAPL)"),
         holding([position("JPM", 10)]), holding([position("IBM", -10, stop=None)]), money(nav="0"),
         money(nav="-5"), bounded(without("risk(AAPL)")),
         bounded(plus(fact("risk", instrument="IBM", loadings=("0.01",), residual="0"))),
         bounded(without("risk(IBM)"), holding([position("IBM", 10)])),
         bounded(without("risk(IBM)"), holding((), [BUYING_IBM]))],
    ),
    "data_age": (
        [minutes("AAPL", "20:55", "21:00"), minutes("AAPL", "20:50", "20:56")],
        [bar("2012-02-29"), bar("2012-03-02"), without("bar(AAPL)"), minutes("AAPL", "17:55", "18:00"),
         minutes("AAPL", "20:50", "20:55"), minutes("AAPL", "21:00", "21:05"), minutes("IBM", "20:55", "21:00"),
         minutes("AAPL", "21:00", "21:00")],
    ),
    "feed_connected": ([], [operating(feed_connected=False)]),
    "broker_connected": ([], [operating(broker_connected=False)]),
    "books_reconciled": ([], [operating(books_reconciled=False)]),
    "clock_skew": ([operating(clock_skew_ms=2000), operating(clock_skew_ms=-2000)],
                   [operating(clock_skew_ms=2001), operating(clock_skew_ms=-2001)]),
    "message_rate": ([operating(messages_last_second=9)], [operating(messages_last_second=10)]),
    "repeated_execution": (
        [operating(executions=(("AAPL", 4),)), operating(executions=(("IBM", 9),))],
        [operating(executions=(("AAPL", 5),))],
    ),
    "other_strategy": (
        [holding([position("AAPL", 10)])],
        [holding([OTHERS]), holding([replace(position("AAPL", 10), horizon="position")])],
    ),
    "duplicate_order": (
        [holding(working=[entry_order(Side.SELL, Role.EXIT)])],
        [holding(working=[entry_order(Side.BUY)]), holding(working=[entry_order(Side.SELL)])],
    ),
    "wash_trade": (
        [holding([position("AAPL", 10)], [stop_order(position("AAPL", 10))])],
        [holding([position("AAPL", -10)]), holding(working=[entry_order(Side.SELL)]),
         holding([position("AAPL", 10)], [entry_order(Side.SELL, Role.EXIT)])],
    ),
    "log_verified": ([], [operating(log_verified=False)]),
}  # fmt: skip
"""By kind: what it still allows, and what it does not. The candidate is AAPL, long, and IBM wants nothing."""


BOUNDS = {
    "day_loss": "0.02", "index_volatility": "0.99", "head_brier": "0.26", "head_psi": "0.25", "head_age": "90",
    "healthy_heads": "3", "interval_width": "0.05", "data_age": "0", "clock_skew": "2000", "message_rate": "10",
    "repeated_execution": "5", "index_move": "0.07", "maintenance_margin": "0.5", "open_positions": "2",
    "session_entries": "10", "window_collar": "0.3", "book_correlation": "0.4",
}  # fmt: skip
"""The bounds these cases stand at, whatever the desk that ships has."""
DRAWDOWNS = {"account.drawdown": Fraction("0.1"), "account.drawdown_halt": Fraction("0.15")}


def at_these_bounds(known: Limits) -> Limits:
    bounds = {one.id: Fraction(BOUNDS[one.kind]) for one in known.limits if one.kind in BOUNDS}
    return with_bounds(known, bounds | DRAWDOWNS)


def found(change: Change | None, kind: str, case: Case = CASE) -> set[bool]:
    """Whether the conditions of a kind hold for AAPL."""
    cycle = calm("long", "quiet") if change is None else change(calm("long", "quiet"))
    limits = at_these_bounds(cycle.limits)
    market = read_market(cycle.snapshot, cycle.portfolio, limits.parameters.cluster_threshold)
    book = read_book(cycle.portfolio, (), market, limits)
    here = Circumstances(cycle.snapshot, cycle.portfolio, market, book, (), limits)
    _, states = trading_state(cycle.portfolio, market, limits)
    ids = {one.id for one in limits.limits if one.kind == kind}
    return {one.holds for one in findings(here, states, case) if one.limit in ids}


def test_every_condition_and_state_has_its_cases() -> None:
    kinds = {name for name, kind in KINDS.items() if kind.form in ("condition", "state")}
    assert set(CASES) | {"policy"} == kinds == set(_CONDITIONS) | set(_STATES)


@pytest.mark.parametrize("kind", CASES)
def test_a_healthy_cycle_meets_it(kind: str) -> None:
    assert found(None, kind) == {True}


@pytest.mark.parametrize(("kind", "at"), [(kind, at) for kind, (fine, _) in CASES.items() for at in range(len(fine))])
def test_it_allows(kind: str, at: int) -> None:
    assert found(CASES[kind][0][at], kind) == {True}


@pytest.mark.parametrize(("kind", "at"), [(kind, at) for kind, (_, bad) in CASES.items() for at in range(len(bad))])
def test_it_forbids(kind: str, at: int) -> None:
    assert False in found(CASES[kind][1][at], kind)


PAIR = Basket("AAPL-IBM", (("AAPL", Fraction(2)), ("IBM", Fraction(-5))))
WIDER = Basket("AAPL-IBM", (("AAPL", Fraction(2)), ("IBM", Fraction(-6))))
IN_PAIR = replace(position("AAPL", 10), basket=PAIR)


@pytest.mark.parametrize(
    ("held", "mine", "holds"),
    [
        (IN_PAIR, PAIR, True),
        (IN_PAIR, None, False),
        (IN_PAIR, WIDER, False),
        (position("AAPL", 10), PAIR, False),
        (replace(position("IBM", -10), basket=PAIR), PAIR, True),
        (replace(position("IBM", -10), basket=PAIR), WIDER, False),
        (replace(position("IBM", -10), basket=PAIR), None, True),
    ],
)
def test_a_leg_grows_only_with_its_own_basket(held: Position, mine: Basket | None, holds: bool) -> None:
    assert found(holding([held]), "other_strategy", replace(CASE, basket=mine)) == {holds}
    entry = order("w-1", held.instrument, Side.BUY, Role.ENTRY, Decimal(10), Decimal(540), Decimal(500))
    working = replace(entry, order=replace(entry.order, basket=held.basket))
    assert found(holding(working=[working]), "other_strategy", replace(CASE, basket=mine)) == {holds}


def test_the_legs_of_a_basket_are_messages_of_one_turn() -> None:
    """JPM comes before the pair, KO after it; the pair's two go out together, in the turn of its least conviction."""
    convictions = {"AAPL": "0.9", "IBM": "0.5", "JPM": "0.6", "KO": "0.4"}
    derived = tuple(
        fact("candidate", instrument=name, side="long", horizon="swing", conviction=one, rule="r")
        for name, one in convictions.items()
    ) + tuple(
        fact("basket-leg", basket="x", instrument=name, ratio=1, by="shares", rule="r") for name in ("AAPL", "IBM")
    )
    cycle = calm("quiet", "quiet", "quiet", "quiet")
    market = read_market(cycle.snapshot, cycle.portfolio, cycle.limits.parameters.cluster_threshold)
    book = read_book(cycle.portfolio, (), market, cycle.limits)
    here = Circumstances(cycle.snapshot, cycle.portfolio, market, book, (), cycle.limits, derived)
    (rate,) = [one for one in cycle.limits.limits if one.kind == "message_rate"]
    counted = {
        name: _CONDITIONS["message_rate"](rate, here, replace(CASE, instrument=name)).value for name in convictions
    }
    assert counted == {"JPM": "1", "AAPL": "3", "IBM": "3", "KO": "4"}


def test_every_reason_of_the_policies_forbids() -> None:
    assert found(None, "policy") == {True}
    assert found(None, "policy", replace(CASE, forbidden=("AAPL is restricted",))) == {False}


def test_what_is_forbidden_is_denied_and_named() -> None:
    decision = operating(books_reconciled=False)(calm("long", "quiet")).decided()
    verdict = decision.verdict("AAPL")
    assert (verdict.outcome.value, verdict.reasons) == ("denied", ("operations.books",))
    assert decision.warrants == ()


# --- trading states and holds -----------------------------------------------------------------------------------


def decided(change: Change) -> Decision:
    cycle = change(calm("long", "quiet"))
    return replace(cycle, limits=at_these_bounds(cycle.limits)).decided()


def test_the_strictest_state_applies() -> None:
    assert decided(money()).trading_state == "active"
    assert decided(money(nav="890000")).trading_state == "reducing"
    assert decided(money(nav="840000")).trading_state == "halted"
    assert decided(operating(kill_switch=True)).trading_state == "halted"


@pytest.mark.parametrize(("operations", "hold"), [({"frozen": ("AAPL",)}, "frozen"), ({"log_verified": False}, "log")])
def test_the_few_things_that_hold_an_exit_say_so(operations: dict[str, object], hold: str) -> None:
    held = holding([position("AAPL", 10, sessions=60)], operations=Operations(**operations))  # type: ignore[arg-type]
    decision = replace(held(calm("quiet", "quiet"))).decided()
    (leaving,) = decision.exits
    assert leaving.held_back == HOLDS[hold]
    assert decision.warrants == ()


# --- what no limit can be computed around -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        (money(nav="0"), "a NAV above zero"),
        (money(nav="-5"), "a NAV above zero"),
        (holding([position("JPM", 10)]), "JPM (held) reference"),
        (then(holding([position("IBM", 10)]), without("bar(IBM)")), "IBM (held) bar"),
    ],
)
def test_a_whole_cycle_without_it_has_no_entry_and_says_why(change: Change, lacks: str) -> None:
    """A NAV of zero or below, a held instrument without a price: every candidate is denied, whatever it is in."""
    assert decided(money()).warrants != ()
    decision = decided(change)
    verdict = decision.verdict("AAPL")
    assert verdict.outcome.value == "denied"
    assert "operations.complete" in verdict.reasons
    assert any(lacks in one.detail for one in verdict.findings if one.limit == "operations.complete")
    assert [one.order.role for one in decision.warrants if one.order.role is Role.ENTRY] == []
