"""The paper broker, case by case: what it takes, how it fills, what follows from a fill."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from adapters.audit.log import AuditLog
from adapters.audit.reader import verify_receipt
from adapters.paper.broker import Costs, PaperBroker, Reason
from engine.orders.order import Event, Kind, Role, Side, State, TimeInForce
from engine.orders.portfolio import Mode
from engine.orders.warrants import LiveWarrant
from tests.adapters.paper_desk import (
    ACCOUNT,
    FREE,
    LISTINGS,
    Desk,
    aimed,
    bar,
    closes,
    day,
    entry,
    fills,
    order,
    resized,
    session,
    told,
    warrant,
)

BUY, SELL = Side.BUY, Side.SELL
ENTRY = entry("e", BUY, "100", "95")
EXIT = order("x", SELL, Role.EXIT, Kind.MARKET)
CALM = bar("99", "101", "98")


def held(costs: Costs = FREE) -> Desk:
    """A desk that bought 100 AAPL at 99 in session 1, with a stop at 95."""
    desk = Desk(costs)
    desk.submit(*ENTRY)
    assert fills(desk.advance(1, AAPL=CALM)) == [("e", "100", "99")]
    return desk


# Which submissions are taken.


def _refusal(desk: Desk, one, receipt, now: str) -> tuple[str, bool]:
    answer = desk.broker.submit(one, receipt, now)
    desk.records += answer.fresh
    assert not answer.accepted
    last = answer.events[-1]
    if last["kind"] == "expiry":
        assert (last["event"], last["state"], last["refused"][0]) == ("expire", "expired", Reason.EXPIRED)
        last = {"reason": last["refused"][0], "stray": False, "detail": last["refused"][1]}
    else:
        assert (last["kind"], last["event"], last["state"]) == ("rejection", "reject", "rejected")
    assert last["detail"]
    desk.broker.advance(session(1), {"AAPL": CALM})
    assert desk.broker.positions() == {} and desk.broker.working() == ()
    assert desk.restored(desk.records).state == desk.broker.state
    return last["reason"], last["stray"]


def test_without_a_valid_receipt_nothing_trades() -> None:
    desk, one = Desk(), warrant(*ENTRY)
    other = warrant(resized(ENTRY[0], 101), resized(ENTRY[1], 101))
    good = desk.log.decide(one)
    foreign = Desk().log
    foreign.decide(other)
    bad = {
        "none": None,
        "text": "trust me",
        "of another decision": desk.log.decide(other),
        "of no decision": desk.log.decide(one, kind="order"),
        "of a decision without warrants": desk.log.decide(),
        "of another log": foreign.decide(one),
        "with an edited leaf": replace(good, leaf=good.leaf.replace(b'"100"', b'"900"')),
        "with another index": replace(good, index=good.index + 1),
        "with a broken path": replace(desk.log.decide(one), path=()),
    }
    for name, receipt in bad.items():
        assert _refusal(desk, one, receipt, closes(0)) == (Reason.NO_RECEIPT, True), name
    assert desk.broker.submit(one, good, closes(0)).accepted, "a stray rejection takes no id"


def test_a_verifier_that_raises_or_answers_something_else_than_true_proves_nothing() -> None:
    def raises(_: object) -> bool:
        raise RuntimeError("the log is gone")

    one = warrant(*ENTRY)
    for verify in (raises, lambda _: 1, lambda _: None):
        desk = Desk()
        desk.broker = PaperBroker(ACCOUNT, Mode.BACKTEST, LISTINGS, verify)
        assert _refusal(desk, one, desk.log.decide(one), closes(0)) == (Reason.NO_RECEIPT, True)


def test_a_live_warrant_is_refused_by_type_and_a_paper_one_by_check() -> None:
    desk = Desk()
    live = warrant(*ENTRY, mode=Mode.LIVE)
    assert type(live) is LiveWarrant
    assert _refusal(desk, live, desk.log.decide(live), closes(0)) == (Reason.WRONG_MODE, True)
    assert _refusal(desk, "an order, please", None, closes(0)) == (Reason.WRONG_MODE, True)
    paper = warrant(*ENTRY, mode=Mode.PAPER)
    assert _refusal(desk, paper, desk.log.decide(paper), closes(0)) == (Reason.WRONG_MODE, False)
    with pytest.raises(ValueError, match="can not be opened for `live`"):
        PaperBroker(ACCOUNT, Mode.LIVE, LISTINGS, desk.log.verify)


@pytest.mark.parametrize(
    ("one", "now", "reason"),
    [
        (warrant(*ENTRY, account="other"), closes(0), Reason.WRONG_ACCOUNT),
        (warrant(*ENTRY, at=1), closes(0), Reason.NOT_YET),
        (warrant(*ENTRY), "2011-01-02T21:00:01Z", Reason.EXPIRED),
        (warrant(*entry("e", BUY, "100", "95", name="FB")), closes(0), Reason.NOT_LISTED),
        (warrant(ENTRY[0]), closes(0), Reason.BAD_TERMS),
        (warrant(*entry("e", BUY, "100", "100")), closes(0), Reason.BAD_TERMS),
        (warrant(*entry("e", SELL, "100", "95")), closes(0), Reason.BAD_TERMS),
        (warrant(*entry("e", BUY, "100", "95", 0)), closes(0), Reason.BAD_TERMS),
        (warrant(*entry("e", BUY, "-1", "-2")), closes(0), Reason.BAD_TERMS),
        (warrant(replace(ENTRY[0], currency="EUR"), ENTRY[1]), closes(0), Reason.BAD_TERMS),
        (warrant(replace(ENTRY[0], multiplier=Decimal(10)), ENTRY[1]), closes(0), Reason.BAD_TERMS),
        (warrant(replace(ENTRY[0], kind=Kind.MARKET, limit_price=None), ENTRY[1]), closes(0), Reason.BAD_TERMS),
        (warrant(replace(ENTRY[0], kind=Kind.STOP), ENTRY[1]), closes(0), Reason.BAD_TERMS),
        (warrant(replace(ENTRY[0], reduce_only=True), ENTRY[1]), closes(0), Reason.BAD_TERMS),
        (warrant(ENTRY[0], resized(ENTRY[1], 99)), closes(0), Reason.BAD_TERMS),
        (warrant(ENTRY[0], replace(ENTRY[1], side=BUY)), closes(0), Reason.BAD_TERMS),
        (warrant(ENTRY[0], replace(ENTRY[1], reduce_only=False)), closes(0), Reason.BAD_TERMS),
        (warrant(ENTRY[0], replace(ENTRY[1], instrument="IBM")), closes(0), Reason.BAD_TERMS),
        (warrant(ENTRY[0], replace(ENTRY[1], client_order_id="e")), closes(0), Reason.BAD_TERMS),
        (warrant(ENTRY[0], replace(ENTRY[1], limit_price=Decimal(90))), closes(0), Reason.BAD_TERMS),
        (warrant(EXIT), closes(0), Reason.NOTHING_TO_REDUCE),
        (warrant(replace(EXIT, reduce_only=False)), closes(0), Reason.BAD_TERMS),
        (warrant(EXIT, ENTRY[1]), closes(0), Reason.BAD_TERMS),
        (warrant(ENTRY[1]), closes(0), Reason.NOTHING_TO_REDUCE),
    ],
)
def test_a_proven_submission_that_can_not_be_taken_is_rejected_with_its_reason(one, now: str, reason: Reason) -> None:
    desk = Desk()
    receipt = desk.log.decide(one)
    assert _refusal(desk, one, receipt, now) == (reason, False)
    again = desk.broker.submit(one, receipt, now)
    assert not again.accepted and again.fresh == ()


def test_the_stop_of_an_entry_that_is_not_taken_expires_with_it() -> None:
    desk = Desk()
    assert told(desk.submit(*entry("e", BUY, "100", "95", name="FB"))) == [("e", "submit"), ("e", "reject")]
    assert told(desk.records) == [("e", "submit"), ("e", "reject"), ("e-stop", "expire")]
    late = warrant(*entry("f", BUY, "100", "95"))
    answer = desk.broker.submit(late, desk.log.decide(late), closes(2))
    assert told(answer.events) == [("f", "expire")] and told(answer.fresh) == [("f", "expire"), ("f-stop", "expire")]


def test_the_last_instant_of_a_warrant_still_counts() -> None:
    desk, one = Desk(), warrant(*ENTRY)
    assert desk.broker.submit(one, desk.log.decide(one), one.expires_at).accepted


def test_the_same_submission_twice_gets_the_same_answer_and_makes_no_second_order() -> None:
    desk, one = Desk(), warrant(*ENTRY)
    receipt = desk.log.decide(one)
    first = desk.broker.submit(one, receipt, closes(0))
    assert first.accepted and first.fresh == first.events
    for now in (closes(0), closes(40)):  # also long after it has filled and expired
        again = desk.broker.submit(one, receipt, now)
        assert again.events == first.events and again.fresh == ()
        desk.broker.advance(session(1), {"AAPL": CALM})
        assert desk.broker.positions() == {"AAPL": Decimal(100)}
    restored = desk.fresh_broker().restore(first.events)
    assert restored.submit(one, receipt, closes(0)).events == first.events


def test_an_id_belongs_to_one_warrant() -> None:
    desk = Desk()
    desk.submit(*ENTRY)
    before = desk.broker.working()
    for terms in ((resized(ENTRY[0], 50), resized(ENTRY[1], 50)), entry("e-stop", BUY, "100", "95")):
        rejected = desk.submit(*terms)[-1]
        assert (rejected["reason"], rejected["stray"]) == (Reason.ID_TAKEN, True)
    rejected = desk.submit(entry("f", BUY, "100", "95")[0], ENTRY[1])[-1]
    assert (rejected["reason"], rejected["stray"]) == (Reason.ID_TAKEN, False)
    assert desk.broker.working() == before


def test_no_entry_against_the_position_or_against_a_working_entry() -> None:
    desk = Desk()
    desk.submit(*ENTRY)
    assert desk.submit(*entry("s1", SELL, "100", "105"))[-1]["reason"] == Reason.OPPOSITE
    desk = held()
    assert desk.submit(*entry("s2", SELL, "100", "105"), at=1)[-1]["reason"] == Reason.OPPOSITE
    assert desk.submit(*entry("more", BUY, "100", "96"), at=1)[-1]["event"] == Event.ACCEPT


# How orders fill.


def test_nothing_fills_on_a_bar_that_was_open_before_the_order_came() -> None:
    desk, one = Desk(), warrant(*ENTRY, at=1)
    desk.broker.submit(one, desk.log.decide(one), closes(1))
    assert desk.broker.advance(session(1), {"AAPL": CALM}) == ()
    desk = Desk()
    one = warrant(*ENTRY)
    desk.broker.submit(one, desk.log.decide(one), "2011-01-02T14:30:01Z")
    assert fills(desk.broker.advance(session(1), {"AAPL": CALM})) == []


@pytest.mark.parametrize("bars", [{}, {"AAPL": bar("99", "98", "97")}, {"AAPL": bar("NaN", "98", "97")}, {"IBM": CALM}])
def test_without_a_usable_bar_nothing_fills_and_orders_wait_until_they_expire(bars) -> None:
    desk = Desk(FREE)
    desk.submit(*ENTRY, sessions=2)
    assert desk.advance(1, **bars) == ()
    assert [one.state for one in desk.broker.working()] == [State.WORKING, State.WARRANTED]
    assert told(desk.advance(2, **bars)) == [("e", "expire"), ("e-stop", "expire")]


def test_a_day_entry_expires_with_the_next_session_and_takes_its_waiting_stop_along() -> None:
    desk = Desk()
    desk.submit(*ENTRY)
    assert told(desk.advance(1, AAPL=bar("105", "106", "100"))) == [("e", "expire"), ("e-stop", "expire")]
    assert desk.broker.working() == ()


def test_an_order_that_expires_before_the_bar_closes_takes_no_part_in_it() -> None:
    desk = Desk()
    desk.submit(*ENTRY)
    assert told(desk.advance(2, AAPL=CALM)) == [("e", "expire"), ("e-stop", "expire")]


def test_an_entry_shows_its_stop_to_whoever_counts_the_risk() -> None:
    desk = Desk()
    desk.submit(*ENTRY)
    first, second = desk.broker.working()
    assert (first.order.stop_price, first.remaining, first.state) == (Decimal(95), Decimal(100), State.WORKING)
    assert (second.order, second.remaining, second.state) == (ENTRY[1], Decimal(100), State.WARRANTED)


def test_the_stop_of_an_entry_can_be_hit_in_the_same_bar() -> None:
    desk = Desk(FREE)
    desk.submit(*ENTRY)
    records = desk.advance(1, AAPL=bar("102", "103", "94"))
    assert fills(records) == [("e", "100", "100"), ("e-stop", "100", "95")]
    assert told(records) == [("e", "fill-all"), ("e-stop", "submit"), ("e-stop", "accept"), ("e-stop", "fill-all")]
    desk = Desk(FREE)
    desk.submit(*ENTRY)
    assert fills(desk.advance(1, AAPL=bar("93", "99", "92"))) == [("e", "100", "93"), ("e-stop", "100", "93")]


def test_at_the_open_a_market_exit_comes_before_a_stop_that_is_gapped() -> None:
    desk = held()
    desk.submit(EXIT, at=1)
    records = desk.advance(2, AAPL=bar("90", "91", "89"))
    assert fills(records) == [("x", "100", "90")]
    assert told(records)[1:] == [("e-stop", "request-cancel"), ("e-stop", "confirm-cancel")]
    assert desk.broker.working() == () and desk.broker.positions() == {}


def test_within_a_bar_the_stop_comes_before_the_profit() -> None:
    desk = held()
    desk.submit(order("x", SELL, Role.EXIT, Kind.LIMIT, limit="105"), at=1)
    assert fills(desk.advance(2, AAPL=bar("100", "106", "94"))) == [("e-stop", "100", "95")]


def test_exits_and_stops_together_never_exceed_the_position() -> None:
    desk = held()
    desk.submit(resized(EXIT, 70), at=1)
    desk.submit(replace(resized(EXIT, 70), client_order_id="y"), at=1)
    records = desk.advance(2, AAPL=CALM)
    assert fills(records) == [("x", "70", "99"), ("y", "30", "99")]
    assert [one["event"] for one in records if one["client_order_id"] == "y"] == [
        "fill-part",
        "request-cancel",
        "confirm-cancel",
    ]
    assert desk.broker.working() == ()


def test_after_a_partial_exit_the_stop_is_truncated_at_what_is_left() -> None:
    desk = held()
    desk.submit(resized(EXIT, 70), at=1)
    desk.advance(2, AAPL=CALM)
    assert fills(desk.advance(3, AAPL=bar("96", "97", "94"))) == [("e-stop", "30", "95")]
    assert desk.broker.working() == () and desk.broker.positions() == {}


def test_the_nearest_stop_is_reached_first() -> None:
    desk = held()
    desk.submit(*entry("f", BUY, "100", "97", 50), at=1)
    desk.advance(2, AAPL=CALM)
    assert fills(desk.advance(3, AAPL=bar("98", "99", "90"))) == [("f-stop", "50", "97"), ("e-stop", "100", "95")]


def test_a_short_is_the_mirror_image() -> None:
    desk = Desk(FREE)
    desk.submit(*entry("s", SELL, "100", "105"))
    assert fills(desk.advance(1, AAPL=bar("98", "101", "97"))) == [("s", "100", "100")]
    assert desk.broker.positions() == {"AAPL": Decimal(-100)}
    assert fills(desk.advance(2, AAPL=bar("104", "106", "103"))) == [("s-stop", "100", "105")]


# Trailing, cancelling, splitting.


def _trail(identity: str, stop: str, quantity: int = 100):
    return order(identity, SELL, Role.STOP, Kind.STOP, quantity, stop=stop)


def test_a_stop_is_replaced_by_a_closer_one_only() -> None:
    desk = held()
    for stop in ("95", "94.99"):
        assert desk.submit(_trail(f"t{stop}", stop), at=1)[-1]["reason"] == Reason.NOT_CLOSER
    assert desk.submit(_trail("small", "97", 99), at=1)[-1]["reason"] == Reason.BAD_TERMS
    answer = desk.submit(_trail("t", "97"), at=1)
    assert told(answer) == [
        ("t", "submit"),
        ("t", "accept"),
        ("e-stop", "request-cancel"),
        ("e-stop", "confirm-cancel"),
    ]
    assert [(one.order.client_order_id, one.order.stop_price) for one in desk.broker.working()] == [("t", Decimal(97))]
    assert desk.advance(2, AAPL=bar("99", "99", "98")) == (), "a stop rests longer than its warrant lives"
    assert fills(desk.advance(3, AAPL=bar("99", "99", "96"))) == [("t", "100", "97")]


def test_a_closer_stop_leaves_those_that_are_closer_still() -> None:
    desk = held()
    desk.submit(*entry("f", BUY, "100", "97", 50), at=1)
    desk.advance(2, AAPL=CALM)
    assert desk.submit(_trail("bare", "96", 99), at=2)[-1]["reason"] == Reason.BAD_TERMS
    desk.submit(_trail("t", "96", 100), at=2)
    assert [one.order.client_order_id for one in desk.broker.working()] == ["f-stop", "t"]
    assert desk.broker.positions() == {"AAPL": Decimal(150)}


def test_a_cancel_counts_as_not_done_until_it_is_confirmed() -> None:
    desk = Desk()
    desk.submit(*ENTRY)
    assert told(desk.broker.cancel("e", closes(0), "changed our mind")) == [("e", "request-cancel")]
    assert desk.broker.working()[0].state is State.CANCEL_PENDING
    assert desk.broker.cancel("e", closes(0), "again") == ()
    records = desk.broker.advance(session(1), {"AAPL": CALM})
    assert told(records) == [("e", "confirm-cancel"), ("e-stop", "expire")]


def test_a_cancel_of_nothing_is_answered_and_changes_nothing() -> None:
    desk = held()
    before = desk.broker.working()
    for identity in ("e", "nobody"):
        (record,) = desk.broker.cancel(identity, closes(1), "why not")
        assert (record["event"], record["stray"]) == ("refuse-cancel", True)
        desk.records.append(record)
    assert desk.broker.working() == before
    assert desk.restored(desk.records).state == desk.broker.state


def test_kill_cancels_entries_and_keeps_protective_orders() -> None:
    desk = held()
    desk.submit(*entry("f", BUY, "97", "94"), at=1)
    desk.submit(resized(EXIT, 10), at=1)
    assert told(desk.broker.cancel_entries(closes(1), "kill switch")) == [("f", "request-cancel")]
    records = desk.broker.advance(session(2), {"AAPL": CALM})
    assert fills(records) == [("x", "10", "99")]
    assert [one.order.client_order_id for one in desk.broker.working()] == ["e-stop"]


def test_a_split_adjusts_position_and_resting_orders() -> None:
    desk = held()
    desk.submit(*entry("f", BUY, "97.01", "94.01", 11), at=1, sessions=2)
    records = desk.broker.split("AAPL", Fraction(3, 2), session(2))
    assert [one["kind"] for one in records] == ["books"] and desk.broker.split("AAPL", Fraction(3, 2), session(2)) == ()
    assert desk.broker.positions() == {"AAPL": Decimal(150)}
    stop, more, waiting = desk.broker.working()
    assert (stop.order.stop_price, stop.remaining) == (Decimal("63.34"), Decimal(150))
    assert (more.order.limit_price, more.order.stop_price, more.remaining) == (
        Decimal("64.67"),
        Decimal("62.68"),
        Decimal(16),
    )
    assert (waiting.order.stop_price, waiting.remaining) == (Decimal("62.68"), Decimal(17))
    desk.records += records
    assert desk.restored(desk.records).state == desk.broker.state
    assert fills(desk.broker.advance(session(2), {"AAPL": bar("64", "64", "63")})) == [
        ("f", "16", "64"),
        ("e-stop", "150", "63.34"),
    ]


def test_a_split_that_leaves_no_share_leaves_no_order() -> None:
    desk = Desk(FREE)
    desk.submit(*entry("e", BUY, "100", "95", 5))
    desk.advance(1, AAPL=CALM)
    desk.submit(*entry("f", BUY, "100", "95", 5), at=1)
    records = desk.broker.split("AAPL", Fraction(1, 10), session(2))
    assert desk.broker.positions() == {} and desk.broker.working() == ()
    assert {one["client_order_id"] for one in records[1:]} == {"e-stop", "f", "f-stop"}


def test_partial_fills_can_be_said_and_the_stop_is_as_large_as_what_has_filled() -> None:
    desk = Desk(Costs(Decimal(0)))
    desk.submit(*ENTRY, sessions=3)
    whole = fills_of_entry(desk)
    part = {**whole, "event": "fill-part", "state": "partly-filled", "quantity": "40"}
    broker = desk.restored([*desk.records, part])
    records = broker.advance(session(2), {"AAPL": bar("102", "103", "101")})
    assert told(records) == [("e-stop", "submit"), ("e-stop", "accept")]
    by_id = {one.order.client_order_id: one for one in broker.working()}
    assert (by_id["e"].state, by_id["e"].remaining) == (State.PARTLY_FILLED, Decimal(60))
    assert (by_id["e-stop"].state, by_id["e-stop"].remaining) == (State.WORKING, Decimal(40))
    rest = broker.advance(session(3), {"AAPL": bar("100", "103", "99")})
    assert fills(rest) == [("e", "60", "100")]
    assert rest[0]["commission"] == "0", "the least commission is per order, not per fill"
    assert broker.working()[0].remaining == Decimal(100)


def test_a_stop_out_ends_what_is_left_of_its_entry() -> None:
    desk = Desk(FREE)
    desk.submit(*ENTRY, sessions=3)
    part = {**fills_of_entry(desk), "event": "fill-part", "state": "partly-filled", "quantity": "40"}
    broker = desk.restored([*desk.records, part])
    broker.advance(session(2), {"AAPL": bar("102", "103", "101")})
    records = broker.advance(session(3), {"AAPL": bar("94", "95", "93")})
    assert fills(records) == [("e-stop", "40", "94")]
    assert broker.working() == () and broker.positions() == {}


def test_the_stop_of_an_entry_that_may_still_fill_is_not_replaced() -> None:
    desk = Desk(FREE)
    desk.submit(*ENTRY, sessions=3)
    part = {**fills_of_entry(desk), "event": "fill-part", "state": "partly-filled", "quantity": "40"}
    desk.records.append(part)
    desk.broker = desk.restored(desk.records)
    desk.advance(2, AAPL=bar("102", "103", "101"))
    assert told(desk.submit(_trail("t", "97", 40), at=2)) == [("t", "submit"), ("t", "accept")]
    assert fills(desk.advance(3, AAPL=bar("100", "101", "99"))) == [("e", "60", "100")]
    assert fills(desk.advance(4, AAPL=bar("98", "98", "94"))) == [("t", "40", "97"), ("e-stop", "60", "95")]
    assert desk.broker.working() == () and desk.broker.positions() == {}


def fills_of_entry(desk: Desk):
    """The fill record of the whole entry, from a twin of this desk's broker."""
    return desk.restored(desk.records).advance(session(1), {"AAPL": CALM})[0]


def test_a_log_with_a_hole_or_a_contradiction_is_not_restored() -> None:
    desk = held()
    with pytest.raises(ValueError, match="one is missing"):
        desk.restored([desk.records[0], *desk.records[2:]])
    with pytest.raises(ValueError, match="the table says working"):
        desk.restored([desk.records[0], {**desk.records[1], "state": "filled"}])
    with pytest.raises(ValueError, match="more than was left"):
        desk.restored([*desk.records[:2], {**desk.records[2], "quantity": "101"}])
    repeated = [record for record in desk.records for _ in range(2)]
    assert desk.restored(repeated).state == desk.broker.state


def test_with_the_real_log_from_decision_to_restored_position(tmp_path) -> None:
    one = warrant(*ENTRY)
    around = {"recorded_at": closes(0), "desk": "demo", "mode": "backtest"}
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        broker = PaperBroker(
            ACCOUNT, Mode.BACKTEST, LISTINGS, lambda receipt: verify_receipt(receipt, log.root_at(receipt.tree_size))
        )
        receipt = log.append("decision", {**around, "as_of": closes(0), "warrants": [one.to_json()]})
        records = [*broker.submit(one, receipt, closes(0)).fresh, *broker.advance(session(1), {"AAPL": CALM})]
        for record in records:
            body = {name: value for name, value in record.items() if name != "kind"}
            log.append(record["kind"], {**around, **body})
        again = PaperBroker(ACCOUNT, Mode.BACKTEST, LISTINGS, lambda receipt: False).restore(log.records())
    assert broker.positions() == {"AAPL": Decimal(100)}
    assert again.state == broker.state
    assert records[0]["decision_id"] == receipt.record_id
    assert records[2]["session"] == day(1)


def test_what_can_not_be_borrowed_is_not_sold_short() -> None:
    listings = {**LISTINGS, "AAPL": replace(LISTINGS["AAPL"], shortable=False)}
    desk = Desk()
    desk.broker = PaperBroker(ACCOUNT, Mode.BACKTEST, listings, desk.log.verify)
    assert desk.submit(*entry("s", SELL, "100", "105"))[-1]["reason"] == Reason.NOT_SHORTABLE
    assert desk.submit(*ENTRY)[-1]["event"] == Event.ACCEPT


# Targets, time in force, volume.

PAIR = aimed("e", BUY, "100", "95", "105")


def paired(participation: str | None = None, quantity: int = 100) -> Desk:
    """A desk that bought AAPL at 99 in session 1, with a stop at 95 and a target at 105."""
    desk = Desk(FREE, participation=None if participation is None else Decimal(participation))
    desk.submit(*aimed("e", BUY, "100", "95", "105", quantity))
    assert fills(desk.advance(1, AAPL=CALM)) == [("e", str(quantity), "99")]
    return desk


def _left(desk: Desk) -> dict[str, str]:
    return {one.order.client_order_id: str(one.remaining) for one in desk.broker.working()}


def test_a_target_is_taken_and_its_stop_goes() -> None:
    desk = paired()
    assert _left(desk) == {"e-stop": "100", "e-target": "100"}
    records = desk.advance(2, AAPL=bar("100", "105.01", "96"))
    assert fills(records) == [("e-target", "100", "105")]
    assert told(records)[1:] == [("e-stop", "request-cancel"), ("e-stop", "confirm-cancel")]
    assert desk.broker.working() == () and desk.restored(desk.records).state == desk.broker.state


def test_within_one_bar_the_stop_comes_before_the_target() -> None:
    desk = paired()
    assert fills(desk.advance(2, AAPL=bar("100", "110", "94"))) == [("e-stop", "100", "95")]
    assert desk.broker.working() == ()


def test_a_target_waits_while_its_entry_fills() -> None:
    desk = Desk(FREE)
    desk.submit(*PAIR)
    assert fills(desk.advance(1, AAPL=bar("99", "120", "98"))) == [("e", "100", "99")]
    assert fills(desk.advance(2, AAPL=bar("107", "120", "106"))) == [("e-target", "100", "107")], "a gap in our favour"


def test_what_one_of_a_pair_fills_the_other_loses() -> None:
    desk = paired("0.1")
    thin = replace(bar("104", "106", "103"), volume=400)
    assert fills(desk.advance(2, AAPL=thin)) == [("e-target", "40", "105")]
    assert _left(desk) == {"e-stop": "60", "e-target": "60"}
    thin = replace(bar("96", "97", "94"), volume=250)
    assert fills(desk.advance(3, AAPL=thin)) == [("e-stop", "25", "95")]
    assert _left(desk) == {"e-stop": "35", "e-target": "35"}
    assert fills(desk.advance(4, AAPL=bar("98", "99", "97"))) == [("e-stop", "35", "98")], (
        "begun, it goes on at the open"
    )
    assert desk.broker.working() == () and desk.broker.positions() == {}
    assert desk.restored(desk.records).state == desk.broker.state


def test_a_closer_stop_takes_the_place_in_the_pair() -> None:
    desk = paired("0.1")
    desk.submit(_trail("t", "97"), at=1)
    assert _left(desk) == {"e-target": "100", "t": "100"}
    desk.advance(2, AAPL=replace(bar("104", "106", "103"), volume=300))
    assert _left(desk) == {"e-target": "70", "t": "70"}
    desk.advance(3, AAPL=replace(bar("98", "99", "96"), volume=500))
    assert _left(desk) == {"e-target": "20", "t": "20"}
    assert desk.submit(_trail("closer", "98", 20), at=3)[-1]["reason"] == Reason.NOT_CLOSER, "it is a market order now"


def test_a_split_changes_both_of_a_pair() -> None:
    desk = paired()
    desk.records += desk.broker.split("AAPL", Fraction(3, 2), session(2))
    stop, target = (one.order for one in desk.broker.working())
    assert (stop.stop_price, target.limit_price) == (Decimal("63.34"), Decimal(70))
    assert _left(desk) == {"e-stop": "150", "e-target": "150"}
    assert fills(desk.advance(2, AAPL=bar("69", "71", "68"))) == [("e-target", "150", "70")]
    assert desk.broker.working() == () and desk.restored(desk.records).state == desk.broker.state


def test_an_entry_whose_target_has_begun_to_fill_is_over() -> None:
    desk = Desk(FREE, participation=Decimal("0.1"))
    desk.submit(*PAIR, sessions=5)
    desk.advance(1, AAPL=replace(CALM, volume=400))
    assert _left(desk) == {"e": "60", "e-stop": "40", "e-target": "40"}
    records = desk.advance(2, AAPL=replace(bar("104", "106", "103"), volume=100))
    assert fills(records) == [("e-target", "10", "105")] and ("e", "confirm-cancel") in told(records)
    assert _left(desk) == {"e-stop": "30", "e-target": "30"}


@pytest.mark.parametrize(
    "target",
    [
        replace(PAIR[2], limit_price=Decimal(100)),
        replace(PAIR[2], side=BUY),
        replace(PAIR[2], reduce_only=False),
        replace(PAIR[2], kind=Kind.MARKET),
        replace(PAIR[2], time_in_force=TimeInForce.DAY),
        resized(PAIR[2], 99),
        replace(PAIR[2], client_order_id="e-stop"),
        replace(PAIR[2], client_order_id="e"),
        replace(PAIR[2], instrument="IBM"),
    ],
)
def test_a_target_that_is_none_is_not_taken(target) -> None:
    desk = Desk()
    assert desk.submit(*PAIR[:2], target)[-1]["event"] == Event.REJECT
    assert desk.broker.working() == () and desk.restored(desk.records).state == desk.broker.state


def test_a_target_comes_only_with_its_entry() -> None:
    desk = held()
    assert desk.submit(PAIR[2], at=1)[-1]["reason"] == Reason.BAD_TERMS


def test_a_day_order_works_one_session_however_long_its_warrant_lives() -> None:
    desk = Desk(FREE)
    desk.submit(replace(ENTRY[0], time_in_force=TimeInForce.DAY), ENTRY[1], sessions=5)
    assert told(desk.advance(1, AAPL=bar("105", "106", "101"))) == [("e", "expire"), ("e-stop", "expire")]


def test_an_immediate_order_takes_the_open_and_no_more() -> None:
    for opening, volume, filled in (("99", 400, [("e", "40", "99")]), ("101", 9999, []), ("99", 0, [])):
        desk = Desk(FREE, participation=Decimal("0.1"))
        desk.submit(replace(ENTRY[0], time_in_force=TimeInForce.IOC), ENTRY[1], sessions=5)
        records = desk.advance(1, AAPL=replace(bar(opening, "102", "97"), volume=volume))
        assert fills(records) == filled
        assert ("e", "confirm-cancel") in told(records)
        assert [one.order.client_order_id for one in desk.broker.working()] == (["e-stop"] if filled else [])
        assert desk.restored(desk.records).state == desk.broker.state


def test_orders_of_one_instrument_share_the_volume_and_the_commission_is_the_orders() -> None:
    desk = Desk(Costs(Decimal(0)), participation=Decimal("0.1"))
    desk.submit(*entry("e", BUY, "100", "95", 300), sessions=9)
    desk.submit(*entry("f", BUY, "100", "94", 300), sessions=9)
    for number in (1, 2, 3):
        desk.advance(number, AAPL=replace(CALM, volume=2000))
    assert fills(desk.records) == [("e", "200", "99"), ("e", "100", "99"), ("f", "100", "99"), ("f", "200", "99")]
    paid = [one["commission"] for one in desk.records if one["kind"] == "fill"]
    assert paid == ["1", "0.5", "1", "0.5"]
