"""A venue that lies: each lie stops the entries and no exit, is named in a record, and ends with the lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from adapters.paper.broker import Unstated
from adapters.running.runner import Runner
from adapters.running.worker import Worker
from engine.books.reconcile import Statement
from engine.orders.working import OpenOrders
from knowledge.values import Json
from tests.adapters.paper_desk import Desk, as_logged
from tests.adapters.test_paper_properties import World, histories
from tests.attack.stage import SESSIONS, Stage, desk, entries, limits, records, rulebook, running

MON, TUE, WED, THU = SESSIONS[:4]
MOODS = {(MON, "AAPL"): "long", (TUE, "IBM"): "long", (WED, "IBM"): "long", (WED, "AAPL"): "short"}
Lie = Callable[[Statement], Statement]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), limits()) as one:
        yield one


def wrong_position(told: Statement) -> Statement:
    return replace(told, positions={name: held + 1 for name, held in told.positions.items()})


def lost_fill(told: Statement) -> Statement:
    return replace(told, positions={})


def doubled_order(told: Statement) -> Statement:
    name, order = sorted(told.orders.items())[0]
    return replace(told, orders={**told.orders, f"{name}-again": order})


def forgotten_order(told: Statement) -> Statement:
    return replace(told, orders={})


def a_cent(told: Statement) -> Statement:
    return replace(told, cash=told.cash - Decimal("0.01"))


def settled_too_soon(told: Statement) -> Statement:
    return replace(told, settled_cash=told.settled_cash + 1)


def silent(told: Statement) -> Statement:
    raise Unstated("the venue does not answer")


@pytest.mark.parametrize(
    ("lie", "what", "name"),
    [
        (wrong_position, "position", "AAPL"),
        (lost_fill, "position", "AAPL"),
        (doubled_order, "order", "20120301T210000Z-AAPL-stop-again"),
        (forgotten_order, "order", "20120301T210000Z-AAPL-stop"),
        (a_cent, "cash", ""),
        (settled_too_soon, "settled cash", ""),
        (silent, "statement", ""),
    ],
)
def test_a_lie_stops_entries_is_named_and_ends(tmp_path: Path, worker: Worker, lie: Lie, what: str, name: str) -> None:
    stage = Stage(desk(tmp_path), moods=MOODS)
    with running(stage, worker) as runner:
        assert set(entries(runner.cycle(MON))) == {"AAPL"}
        honest = _lying(runner, lie)
        held_up = runner.cycle(TUE)
        assert runner.standing.books.holdings["AAPL"].quantity > 0
        assert entries(held_up) == {} and _reasons(held_up, "IBM") == ["operations.books"]
        exiting = runner.cycle(WED)
        assert entries(exiting) == {}
        assert [one["order"]["role"] for one in exiting["warrants"]] == ["exit"], "what reduces goes out all the same"
        runner.standing.broker.statement = honest  # type: ignore[method-assign]
        stage.moods = {**MOODS, (THU, "IBM"): "long"}
        assert set(entries(runner.cycle(THU))) == {"IBM"}
    told = records(stage, "reconciliation")
    assert told[0]["agrees"] is True and told[-1]["agrees"] is True
    first = next(one for one in told if not one["agrees"])
    assert (what, name) in {(one["what"], one["name"]) for one in first["differences"]}
    assert first["reason"] and all(one["books"] != one["broker"] for one in first["differences"])


def test_an_answer_that_stays_the_same_is_one_record_and_a_restart_none(tmp_path: Path, worker: Worker) -> None:
    stage = Stage(desk(tmp_path), moods=MOODS)
    with running(stage, worker) as runner:
        for day in (MON, TUE, WED, THU):
            runner.cycle(day)
    with running(stage, worker) as runner:
        assert runner.reconcile() == [] and runner.standing.differences() == ()
    assert [one["differences"] for one in records(stage, "reconciliation")] == [[]]


def test_a_venue_that_can_not_keep_its_account_agrees_with_nothing(tmp_path: Path, worker: Worker) -> None:
    stage = Stage(desk(tmp_path), moods=MOODS)
    with running(stage, worker) as runner:
        odd = {"kind": "books", "entry": "settlement", "agreed": MON, "session": MON, "event_id": "odd", "as_of": MON}
        runner.standing.broker.observe({**odd, "receivable": "1", "payable": "0"})
        decided = runner.cycle(MON)
        assert entries(decided) == {} and _reasons(decided, "AAPL") == ["operations.books"]
    assert "settles what is not due" in records(stage, "reconciliation")[0]["reason"]


@given(histories)
def test_our_list_of_open_orders_is_the_venues(history: list[tuple]) -> None:
    world = World(Desk(participation=Decimal("0.1"))).play(history)
    ours = OpenOrders()
    for record in as_logged(world.desk.records):
        ours.take(record)
    live = world.desk.broker.state.live.items()
    assert {name: one.remaining for name, one in ours.orders.items()} == {name: one.remaining for name, one in live}


def _lying(runner: Runner, lie: Lie) -> Callable[[], Statement]:
    broker = runner.standing.broker
    honest = broker.statement
    broker.statement = lambda: lie(honest())  # type: ignore[method-assign]
    return honest


def _reasons(decision: Json, name: str) -> list[str]:
    verdict = next(one for one in decision["verdicts"] if one["instrument"] == name)
    assert verdict["outcome"] == "denied"
    return list(verdict["reasons"])
