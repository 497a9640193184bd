"""Each pattern is seen in a log that shows it, and not in one that nearly does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from engine.surveillance.finding import Finding, Pattern, Severity
from engine.surveillance.parameters import Parameters
from knowledge.values import Json
from tests.engine.surveillance.made import Log, found

BY = Parameters()


def only(records: list[Json], by: Parameters = BY) -> Finding:
    (one,) = found(records, by)
    return one


# --- wash trades --------------------------------------------------------------------------------------------------


def crossed(side: str = "sell", limit: str | None = "9.90", **said: str) -> Log:
    log = Log()
    log.send("one", "buy", limit="10")
    log.send("two", side, limit=limit, **said)
    return log


@pytest.mark.parametrize("limit", ["9.90", "10", None])
def test_orders_that_could_meet(limit: str | None) -> None:
    one = only(crossed(limit=limit).records)
    assert (one.pattern, one.severity, one.orders) == (Pattern.WASH, Severity.WARNING, ("one", "two"))
    assert one.instrument == "AAPL"
    assert "would have taken the other's price" in one.sentence


def gone_first() -> Log:
    log = Log()
    log.send("one", "buy")
    log.cancel("one")
    log.send("two", "sell", limit="9.90")
    return log


def filled_first() -> Log:
    log = Log()
    log.send("one", "buy")
    log.fill("one")
    log.send("two", "sell", limit=None, role="exit")
    return log


@pytest.mark.parametrize("log", [
    crossed("buy"), crossed(limit="10.01"), crossed(instrument="IBM"), crossed(kind="stop", role="stop"),
    crossed(warrant="W-one"), gone_first(), filled_first(),
], ids=["one side", "prices apart", "another instrument", "a stop", "its own stop", "gone", "filled"])  # fmt: skip
def test_orders_that_could_not_meet(log: Log) -> None:
    assert found(log.records) == ()


@pytest.mark.parametrize(("price", "severity"), [("10", Severity.SEVERE), ("10.02", Severity.WARNING)])
def test_orders_that_met(price: str, severity: Severity) -> None:
    log = crossed()
    log.fill("one")
    assert len(found(log.records)) == 1
    log.fill("two", price=price)
    could, met = found(log.records)
    assert (met.severity, met.orders, met.first) == (severity, ("one", "two"), "2026-03-02")
    assert could.severity is Severity.WARNING


def test_of_orders_that_could_meet_and_filled_in_two_bars_no_more_is_said() -> None:
    log = crossed()
    log.fill("one")
    log.time = "15:05"
    log.fill("two")
    assert [one.severity for one in found(log.records)] == [Severity.WARNING]


def undone(strategy: str = "pairs", price: str = "10", quantity: int = 100, later: bool = False) -> Log:
    log = Log()
    log.send("one", "buy")
    log.fill("one")
    if later:
        log.end(AAPL="10")
    log.time = "15:30"
    log.send("two", "sell", quantity, limit=None, strategy=strategy)
    log.time = "15:35"
    log.fill("two", quantity, price=price)
    return log


@pytest.mark.parametrize("log", [undone(), undone(price="10.01"), undone(quantity=80)])
def test_strategies_that_undo_each_other(log: Log) -> None:
    one = only(log.records)
    assert (one.severity, one.orders) == (Severity.WARNING, ("one", "two"))
    assert "two strategies" in one.sentence


@pytest.mark.parametrize("log", [
    undone(strategy="swing"), undone(price="10.02"), undone(quantity=79), undone(later=True),
], ids=["one strategy", "another price", "another quantity", "another session"])  # fmt: skip
def test_strategies_that_do_not(log: Log) -> None:
    assert found(log.records) == ()


def test_baskets_are_told_apart_like_strategies() -> None:
    log = undone(strategy="swing")
    for record in log.records:
        if record["client_order_id"] == "two" and "order" in record:
            record["order"]["basket"] = {"name": "pair"}
    assert only(log.records).pattern is Pattern.WASH


# --- layering -----------------------------------------------------------------------------------------------------


def layered(
    shown: int = 3, size: int = 100, side: str = "buy", role: str = "exit", wait: int = 0, ends: str = "cancel"
) -> Log:
    log = Log()
    for number in range(shown):
        log.send(f"layer {number}", side, size, limit="9")
    log.send("real", "sell", 100, limit="11", role=role)
    log.fill("real", 100, price="11")
    for _ in range(wait):
        log.end(AAPL="11")
    log.time = "15:10"
    if ends == "kill":
        log.state("killed")
    for number in range(shown):
        if ends == "fill":
            log.fill(f"layer {number}", size, price="9")
        elif ends == "replace":
            log.cancel(f"layer {number}", replaced_by="x")
        else:
            log.cancel(f"layer {number}")
    return log


def of(pattern: Pattern, records: list[Json], by: Parameters = BY) -> list[Finding]:
    return [one for one in found(records, by) if one.pattern is pattern]


def test_layers_that_go_after_a_fill() -> None:
    (one,) = of(Pattern.LAYERING, layered().records)
    assert (one.severity, one.instrument) == (Severity.SEVERE, "AAPL")
    assert one.orders == ("real", "layer 0", "layer 1", "layer 2")
    assert [figure.value for figure in one.figures] == ["3", "3"]


def layers_before_the_fill() -> Log:
    log = Log()
    for number in range(3):
        log.send(f"layer {number}", "buy", limit="9")
        log.cancel(f"layer {number}")
    log.send("real", "sell", limit="11", role="exit")
    log.fill("real", price="11")
    return log


@pytest.mark.parametrize("log", [
    layered(shown=2), layered(size=66), layered(side="sell"), layered(role="stop"), layered(wait=1),
    layered(ends="kill"), layered(ends="fill"), layered(ends="replace"), layers_before_the_fill(),
], ids=["two", "small", "one side", "a stop's", "later", "killed", "filled", "replaced", "before"])  # fmt: skip
def test_what_is_no_layering(log: Log) -> None:
    assert of(Pattern.LAYERING, log.records) == []


def test_layers_may_go_so_many_sessions_later() -> None:
    assert of(Pattern.LAYERING, layered(wait=1).records, replace(BY, layering_sessions=2))


# --- marking the close --------------------------------------------------------------------------------------------


def late(share: int = 5, close: str = "10.10", at: str = "20:55", side: str = "buy") -> Log:
    """A session of five-minute bars from 20:00 on, with one fill of this share of its bar, in percent."""
    log = Log()
    log.send("one", side, share * 1000, limit=None)
    for minute in range(5, 60, 5):
        log.time = f"20:{minute:02}"
        if log.time == at:
            log.fill("one", share * 1000, volume=100_000)
        log.bar(AAPL="10" if minute <= 45 else "10.05")
    log.time = "21:00"
    if log.time == at:
        log.fill("one", share * 1000, volume=100_000)
    log.end(AAPL=close)
    return log


@pytest.mark.parametrize("at", ["20:50", "20:55", "21:00"])
def test_a_close_that_was_marked(at: str) -> None:
    one = only(late(at=at).records)
    assert (one.pattern, one.severity, one.orders) == (Pattern.CLOSE, Severity.SEVERE, ("one",))
    assert [figure.value for figure in one.figures] == ["0.05", "0.01"]
    assert "5.00 % of the volume of AAPL, which went up 1.00 %" in one.sentence


@pytest.mark.parametrize(
    "log",
    [late(share=4), late(close="10.09"), late(at="20:45"), late(side="sell")],
    ids=["a small share", "a small move", "before", "against the move"],
)
def test_closes_that_were_not(log: Log) -> None:
    assert found(log.records) == ()


def daily(close: str = "11", share: int = 5, ratio: str = "") -> Log:
    log = Log()
    log.end(AAPL="10" if not ratio else "20")
    if ratio:
        log.split("AAPL", ratio)
    log.send("one", "buy", share * 1000, limit=None)
    log.fill("one", share * 1000, volume=100_000)
    log.end(AAPL=close)
    return log


def test_of_a_daily_bar_no_more_is_said_than_it_says() -> None:
    one = only(daily().records)
    assert one.severity is Severity.NOTICE
    assert "its bar does not say when" in one.sentence
    assert only(daily(ratio="2").records).figures[1].value == "0.1"


@pytest.mark.parametrize("log", [daily(share=4), daily(close="10.09"), daily(close="10.05", ratio="2")])
def test_daily_bars_that_say_nothing(log: Log) -> None:
    assert found(log.records) == ()


def test_what_one_bought_and_sold_late_is_netted() -> None:
    log = Log()
    log.end(AAPL="10")
    for order, side, quantity in (("one", "buy", 6000), ("two", "sell", 5999)):
        log.send(order, side, quantity, limit=None)
        log.fill(order, quantity, price="10", volume=100_000)
    log.end(AAPL="11")
    (one,) = of(Pattern.CLOSE, log.records)
    assert one.orders == ("one",)


# --- repeated cancels ---------------------------------------------------------------------------------------------


def taken_back(cancelled: int = 5, kept: int = 5, days: int = 1, role: str = "entry", state: str = "") -> Log:
    log = Log()
    for number in range(kept):
        log.send(f"kept {number}", "buy", role=role)
    for number in range(cancelled):
        if days > 1 and number == cancelled // 2:
            log.end()
        log.send(f"back {number}", "buy", role=role)
        if state and number == 0:
            log.state(state)
        log.cancel(f"back {number}")
    return log


def test_orders_taken_back_again_and_again() -> None:
    one = only(taken_back().records)
    assert (one.pattern, one.severity, len(one.orders)) == (Pattern.CANCELS, Severity.WARNING, 5)
    assert [figure.value for figure in one.figures] == ["5", "0.5"]
    assert len(found(taken_back(cancelled=12).records)) == 1, "once a day"


@pytest.mark.parametrize("log", [
    taken_back(cancelled=4, kept=0), taken_back(kept=6), taken_back(cancelled=8, kept=0, days=2),
    taken_back(role="stop"), taken_back(state="killed"), taken_back(state="halted"),
], ids=["few", "a small share", "on two days", "stops", "killed", "halted"])  # fmt: skip
def test_cancels_that_are_none(log: Log) -> None:
    assert found(log.records) == ()


def test_a_desk_that_was_resumed_counts_again() -> None:
    log = taken_back(state="killed")
    log.state("active")
    for number in range(10):
        log.send(f"again {number}", "buy")
        log.cancel(f"again {number}")
    assert len(found(log.records)) == 1


def trailed(times: int, instruments: int = 1) -> Log:
    log = Log()
    for number in range(times):
        name = f"S{number % instruments}"
        log.send(f"stop {number}", "sell", role="stop", kind="stop", limit=None, instrument=name)
        log.cancel(f"stop {number}", replaced_by=f"stop {number + 1}")
    return log


def test_stops_that_move_over_and_over() -> None:
    one = only(trailed(20).records)
    assert (one.pattern, one.severity) == (Pattern.CANCELS, Severity.NOTICE)
    assert found(trailed(19).records) == found(trailed(38, 2).records) == ()


# --- nearness to limits -------------------------------------------------------------------------------------------


def near(
    *, measure: str = "portfolio.sector[technology]", value: str = "95", base: str = "0", times: int = 3,
    every: int = 1, outcome: str = "granted", name: str = "AAPL",
) -> Log:  # fmt: skip
    log = Log(day="2026-03-01")
    for _ in range(times):
        log.decide(name, outcome=outcome, readings=[(measure, value, "100", base)])
        for _ in range(every):
            log.end(AAPL="10")
    return log


def test_entries_near_a_bound_again_and_again() -> None:
    one = only(near().records)
    assert (one.pattern, one.severity, one.limit) == (Pattern.NEAR, Severity.NOTICE, "portfolio.sector[technology]")
    assert one.orders == tuple(f"2026-03-0{day}-AAPL" for day in (1, 2, 3))
    assert len(found(near(times=5).records)) == 1, "the count begins anew"
    assert len(found(near(times=6).records)) == 2


def test_of_squares_the_root_counts() -> None:
    measure = "portfolio.volatility"
    assert only(near(measure=measure, value="90.25").records).figures[1].value == "0.95"
    assert found(near(measure=measure, value="90.24").records) == ()


@pytest.mark.parametrize("log", [
    near(value="94.99"), near(base="95"), near(times=2), near(every=10), near(measure="model.heads"),
    near(measure="order.collar[AAPL]"), near(measure="order.value[IBM]"),
], ids=["farther", "was so before", "twice", "long apart", "a condition", "a collar", "another's order"])  # fmt: skip
def test_nearness_that_is_none(log: Log) -> None:
    assert found(log.records) == ()


def test_whole_orders_just_under_a_limit() -> None:
    one = only(near(measure="order.value[AAPL]").records)
    assert (one.pattern, one.severity, one.limit, one.instrument) == (
        Pattern.UNDER, Severity.WARNING, "order.value", "AAPL",
    )  # fmt: skip
    assert found(near(measure="order.value[AAPL]", outcome="cut").records) == (), "a cut is the limit's own work"


def bound(*days: bool, refused: bool = False, limit: str = "portfolio.sector") -> Log:
    log = Log(day="2026-03-01")
    for binds in days:
        if binds and refused:
            log.decide(refused=[limit])
        elif binds:
            log.decide("AAPL", outcome="cut", binding=[limit])
        log.end(AAPL="10")
    return log


@pytest.mark.parametrize("refused", [False, True])
def test_a_limit_that_binds_day_after_day(refused: bool) -> None:
    one = only(bound(*[True] * 5, refused=refused).records)
    assert (one.pattern, one.severity, one.limit) == (Pattern.BINDING, Severity.NOTICE, "portfolio.sector")
    assert (one.first, one.last, one.figures[0].value) == ("2026-03-01", "2026-03-05", "5")


@pytest.mark.parametrize("log", [
    bound(*[True] * 4), bound(True, True, True, False, True, True), bound(*[True] * 5, limit="model.heads"),
])  # fmt: skip
def test_a_limit_that_does_not(log: Log) -> None:
    assert found(log.records) == ()


# --- all ----------------------------------------------------------------------------------------------------------

SHOWN: dict[str, Callable[[], Log]] = {
    "met": crossed, "undone": undone, "layered": layered, "marked": late, "daily": daily, "back": taken_back,
    "near": near, "bound": lambda: bound(*[True] * 5),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_finding_says_itself_whole(name: str) -> None:
    for one in found(SHOWN[name]().records):
        said = one.to_json()
        assert said["finding_id"] == one.id and len(one.id) == 16
        assert said["figures"] and said["source"] and len(one.sentence) > 30
        assert said["instruments"] and one.instrument in ("", *one.instruments)
        assert one.first <= one.last <= one.as_of[:10]
        assert said["completed_by"] < len(SHOWN[name]().records)


def test_parameters_come_back_from_their_json() -> None:
    by = replace(BY, near=Fraction(97, 100), layering_orders=4)
    assert Parameters.from_json(by.to_json()) == by
    for wrong in ({}, {**by.to_json(), "more": "1"}):
        with pytest.raises(ValueError, match="not the parameters"):
            Parameters.from_json(wrong)
