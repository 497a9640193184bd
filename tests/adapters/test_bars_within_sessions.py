"""Desks end to end whose bars are a quarter of an hour, or days that never close, or that decide once a week."""

from __future__ import annotations

import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.answers.lookup import decision_at
from adapters.audit.log import LogReader
from adapters.calendars.calendar import ExchangeCalendar
from adapters.calendars.periods import period
from adapters.calendars.special import read_sessions
from adapters.desk.folder import Desk, read_desk
from adapters.reports.daily import daily
from adapters.reports.frame.page import render
from adapters.reports.frame.span import span
from adapters.reports.order import order
from adapters.running.backtest import remaining, run
from adapters.running.continuity import check_account
from adapters.running.session import opened
from adapters.running.world import World
from adapters.schedule.scheduled import Plan, run_scheduled
from adapters.verifying.recheck import Arithmetic
from adapters.verifying.replay import Replay
from adapters.verifying.verify import verify
from engine.books.books import Books, apply
from engine.books.ledger import Ledger, differences
from engine.orders.portfolio import Mode
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.adapters.reports.test_page import sound
from tests.postgresql import clone
from tests.relabelled import Relabelled, labels_of, settings

STORM = 'sessions:\n  - {exchange: XNYS, date: 2025-11-03, kind: half, hours: ["09:30-13:00"], reason: a storm}\n'
NEW_YORK = ExchangeCalendar("XNYS", own=read_sessions(STORM, "sessions.yaml"))
FRIDAY, MONDAY = "2025-10-31", "2025-11-03"
"""The clock goes back between them, and Monday is a half day by the desk's own table."""


def decide(desk: Desk, last: str, most: int | None = None) -> World:
    world = World.of(desk)
    with opened(desk, world) as runner:
        for _ in run(runner, remaining(runner, world.first_decision, last)[:most]):
            pass
    return world


def records(desk: Desk) -> list[Json]:
    with LogReader.read(desk.store) as log:
        return list(log.records())


def of(found: list[Json], kind: str, *entries: str) -> list[Json]:
    return [one for one in found if one["kind"] == kind and (not entries or one["entry"] in entries)]


def check_books(found: list[Json]) -> Books:
    """Books and ledger say the same after every session; the books at the end."""
    books, ledger = Books.open("made-1", Mode.BACKTEST, "USD", Decimal(1_000_000)), Ledger()
    for record in found:
        books = apply(books, record)
        ledger.take(record)
        assert not (books.ended and list(differences(ledger, books))), record
    return books


def check_fills(desk: Desk, world: World, found: list[Json]) -> None:
    """Each at prices of the bar it is booked with, which began no earlier than its order was accepted."""
    accepted = {one["client_order_id"]: one["as_of"] for one in of(found, "order") if one["event"] == "accept"}
    bars = {world.session(label).closes_at: label for label in world.survey.market.panel.sessions}
    for one in of(found, "fill"):
        label = bars[one["as_of"]]
        bar, slip = world.bars(label)[one["instrument"]], Decimal("1.001")
        assert one["session"] == label[:10]
        assert bar.low / slip <= Decimal(one["price"]) <= bar.high * slip
        if one["role"] != "stop":
            assert accepted[one["client_order_id"]] <= world.session(label).opens_at


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, World]:
    """A desk that decided every quarter of an hour of a Friday and a short Monday, begun anew in the middle."""
    labels = labels_of(NEW_YORK, "15m", "2025-08-08", MONDAY)
    text = settings('interval = "15m"', "2025-10-30", "15 minutes")
    folder = tmp_path_factory.mktemp("quarters") / "desk"
    desk = Relabelled(labels, text, calm=5.0).make(folder)
    (folder / "sessions.yaml").write_text(STORM, encoding="utf-8")
    decide(desk, MONDAY, most=17)
    return desk, decide(desk, MONDAY)


def test_it_decides_at_the_end_of_every_bar_over_the_change_of_the_clock_and_a_half_day(quarters) -> None:
    decisions = of(records(quarters[0]), "decision")
    assert [one["period"] for one in decisions] == list(labels_of(NEW_YORK, "15m", FRIDAY, MONDAY))
    assert Counter(one["period"][:10] for one in decisions) == {FRIDAY: 26, MONDAY: 14}
    assert [one["as_of"] for one in (decisions[0], decisions[25], decisions[26], decisions[-1])] == [
        "2025-10-31T13:45:00Z", "2025-10-31T20:00:00Z", "2025-11-03T14:45:00Z", "2025-11-03T18:00:00Z",
    ]  # fmt: skip
    assert not [one for one in decisions if one["fault"]]


def test_a_day_is_reported_by_its_bars(quarters) -> None:
    with LogReader.read(quarters[0].store) as log:
        told = daily(span(log, "desk", FRIDAY, FRIDAY, ""))
        text = sound(render(told)).words
        both = sound(render(order(span(log, "desk", None, None, ""), None)))
    assert told.lead[0].startswith("26 decisions, ")
    fill = next(one for one in of(records(quarters[0]), "fill"))
    assert any(f"{fill['as_of'][:16]}: {fill['quantity']} at {fill['price']}" in words for words in text)
    assert {"14:00", "18:00"} <= set(text), "the curve has the hours of the day"
    sent = [one for one in of(records(quarters[0]), "order") if one["event"] == "submit"]
    assert {f"order-{one['client_order_id']}" for one in sent if one["order"]["role"] == "entry"} <= set(both.ids)


def test_orders_meet_the_bars_after_them(quarters) -> None:
    desk, world = quarters
    found = records(desk)
    fills = of(found, "fill")
    assert {one["role"] for one in fills} >= {"entry", "stop"}, "there is something to see"
    assert len({one["as_of"] for one in fills}) > 2
    check_fills(desk, world, found)


def test_what_counts_in_sessions_counts_sessions(quarters) -> None:
    found = records(quarters[0])
    assert [one["session"] for one in of(found, "books", "session")] == [FRIDAY, MONDAY]
    assert [one["period"] for one in of(found, "books", "session")] == ["2025-10-31T19:45", "2025-11-03T17:45"]
    assert len(of(found, "books", "closes")) == 25 + 13
    books = check_books(found)
    assert books.ended and all(held.sessions_held <= 2 for held in books.holdings.values())


def test_orders_live_for_the_day(quarters) -> None:
    warrants = [(one["period"], each) for one in of(records(quarters[0]), "decision") for each in one["warrants"]]
    for label, one in warrants:
        last = period(NEW_YORK, "15m", label).last
        following = NEW_YORK.next_session(label[:10]) if last else label[:10]
        assert one["expires_at"] == f"{following}T23:59:59Z"
    assert {each["order"]["role"] for _, each in warrants} >= {"entry", "stop"}


def test_the_log_of_bars_verifies_with_replay(quarters) -> None:
    desk, _ = quarters
    with Replay(1) as replay:
        found = verify(desk.store, arithmetic=Arithmetic(), replay=replay)
        assert not list(replay.findings())
    assert found.holds, found.first
    assert replay.decided == 40


def test_the_same_bars_through_the_schedule_make_the_same_log(quarters, tmp_path: Path) -> None:
    """A replay by the clock sees each bar when it has closed, and decides what the backtest decided."""
    desk, _ = quarters
    shutil.copytree(desk.folder, tmp_path / "desk", ignore=shutil.ignore_patterns("*.sqlite*"))
    again = Desk(tmp_path / "desk", desk.settings)
    run_scheduled(again, Plan(replay="feed", until=FRIDAY), lambda record: None)
    found, expected = records(again), records(desk)
    assert of(found, "decision")[-1]["period"] == "2025-10-31T19:45"
    assert len(of(found, "decision")) == 26
    assert found == expected[: len(found)]


def test_other_bars_need_a_log_of_their_own(quarters, tmp_path: Path) -> None:
    desk, _ = quarters
    shutil.copytree(desk.folder, tmp_path / "desk")
    (tmp_path / "desk" / "warrant.toml").write_text(
        (desk.folder / "warrant.toml").read_text(encoding="utf-8").replace("15m", "5m"), encoding="utf-8"
    )
    changed = read_desk(tmp_path / "desk")
    if not changed.store.exists():
        # On a server the records do not lie in the folder.
        clone(desk.store, changed.store)
    with LogReader.read(changed.store) as log, pytest.raises(Faulty, match="`interval` is `5m`, and the log"):
        check_account(changed, log)


def test_a_decision_is_found_by_its_bar(quarters) -> None:
    with LogReader.read(quarters[0].store) as log:
        assert decision_at(log, "2025-10-31T14:15")["period"] == "2025-10-31T14:15"
        with pytest.raises(Faulty, match="26 times on this date; write a bar's label, from 2025-10-31T13:30 to"):
            decision_at(log, FRIDAY)
        with pytest.raises(Faulty, match="no decision of this date"):
            decision_at(log, "2025-10-31T14:16")
        with pytest.raises(Faulty, match="this is no date"):
            decision_at(log, "2025-10-31T25:00")


def test_daily_bars_that_never_stop_and_a_desk_that_decides_on_sundays(tmp_path: Path) -> None:
    always = ExchangeCalendar("24/7")
    labels = labels_of(always, "1d", "2024-01-01", "2025-11-09")
    text = settings('calendar = "24/7"', "2025-10-19", "close")
    desk = Relabelled(labels, text, exchange="24/7").make(tmp_path / "desk")
    world = decide(desk, "2025-10-27")
    found = records(desk)
    assert [one["as_of"] for one in of(found, "decision")] == [f"2025-10-{day}T23:59:59Z" for day in range(20, 28)]
    check_fills(desk, world, found)
    check_books(found)

    shutil.copytree(tmp_path / "desk", tmp_path / "weekly", ignore=shutil.ignore_patterns("*.sqlite*"))
    weekly = Relabelled(labels, settings('calendar = "24/7"', "2025-10-19", "week"), exchange="24/7")
    again = Desk(tmp_path / "weekly", weekly.read())
    decide(again, "2025-11-09")
    found = records(again)
    assert [one["period"] for one in of(found, "decision")] == ["2025-10-26", "2025-11-02", "2025-11-09"]
    booked = [one["session"] for one in of(found, "books", "session")]
    assert booked == list(always.sessions("2025-10-26", "2025-11-09"))
    check_books(found)
