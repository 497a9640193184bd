"""Targets through the whole desk: warranted with the entry, worked by the venue, borne out by the log."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.paper.venue import Bar
from adapters.running.worker import Worker
from adapters.verifying.recheck import Arithmetic
from adapters.verifying.verify import verify
from engine.limits.text import read_limits
from engine.orders.order import Role
from knowledge.values import Json
from tests.attack.stage import SESSIONS, SHIPPED, Stage, desk, explained, records, rulebook, running

MON, TUE, WED, THU, FRI = SESSIONS[:5]
ROW = "  take_profit: {value: 2.5 %, unit: limit price, owner: risk, source: desk mandate, effective: 2010-01-01}\n"
SETTINGS = """
[desk]
name = "stage"
account = "PAPER-1"
currency = "USD"
capital = 1_000_000
mode = "backtest"
[broker]
participation = 0.1
"""


def asking():
    text = (SHIPPED / "limits.yaml").read_text(encoding="utf-8")
    place = text.index("  stop_distance:")
    return read_limits(text[:place] + ROW + text[place:])


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), asking()) as one:
        yield one


def day(high: str, volume: int, low: str = "499") -> Bar:
    return Bar(Decimal(500), Decimal(high), Decimal(low), Decimal(500), volume)


def test_a_target_is_worked_with_its_stop_over_partial_fills_and_the_log_bears_it_out(
    tmp_path: Path, worker: Worker
) -> None:
    quotes = {
        (TUE, "AAPL"): day("501", 9_000_000),
        (WED, "AAPL"): day("530", 300),
        (THU, "AAPL"): day("530", 9_000_000),
    }
    moods = {(MON, "AAPL"): "long", (TUE, "IBM"): "long", (WED, "IBM"): "long"}
    stage = Stage(desk(tmp_path, SETTINGS), moods=moods, quotes=quotes)
    with running(stage, worker, asking()) as runner:
        bought = _entry(runner.cycle(MON))
        target, stop = bought["take_profit"], bought["protective_stop"]
        assert Decimal(target["limit_price"]) == Decimal("527.88") and target["quantity"] == stop["quantity"]
        runner.cycle(TUE)
        held = runner.standing.books.holdings["AAPL"].quantity
        assert sorted(one.order.role for one in _on(runner, "AAPL")) == [Role.STOP, Role.TARGET]
        runner.cycle(WED)
        assert runner.standing.books.holdings["AAPL"].quantity == held - 30
        assert {one.remaining for one in _on(runner, "AAPL")} == {held - 30}, "what one fills the other loses"
        runner.cycle(THU)
        assert "AAPL" not in runner.standing.books.holdings and not _on(runner, "AAPL")
        assert runner.standing.books.realised > 0 and runner.standing.differences() == ()
        before = runner.standing
    with running(stage, worker, asking()) as runner:
        assert runner.standing.broker.state == before.broker.state and runner.standing.orders == before.orders
    told = verify(stage.desk.store, arithmetic=Arithmetic())
    assert [one["fault"] for one in records(stage, "decision") if one["fault"]] == []
    for check in ("bytes", "sequence", "arithmetic"):
        assert [str(one) for one in told[check].findings] == [], check
    told_of = explained(stage)
    assert "takes the profit of AAPL at 527.88 USD" in " ".join(" ".join(told_of["fill"]).split())
    assert "at its profit target" in " ".join(told_of["decision"]) and "a profit of" in told_of["decision"][0]
    fills = [one for one in records(stage, "fill") if one["role"] == "target"]
    assert [Decimal(one["price"]) for one in fills] == [Decimal("527.88")] * 2
    assert sum(Fraction(one["quantity"]) for one in fills) == held


def test_an_entry_of_which_little_could_fill_is_for_the_day(tmp_path: Path, worker: Worker) -> None:
    quotes = {(TUE, "AAPL"): day("501", 250)}
    stage = Stage(desk(tmp_path, SETTINGS), moods={(MON, "AAPL"): "long"}, quotes=quotes)
    with running(stage, worker, asking()) as runner:
        runner.cycle(MON)
        runner.cycle(TUE)
        assert runner.standing.books.holdings["AAPL"].quantity == 25
        runner.cycle(WED)
        assert runner.standing.books.holdings["AAPL"].quantity == 25
        assert {(one.order.role, one.remaining) for one in _on(runner, "AAPL")} == {
            (Role.STOP, Decimal(25)),
            (Role.TARGET, Decimal(25)),
        }
        assert runner.standing.differences() == ()


def _entry(decision: Json) -> Json:
    return next(one for one in decision["warrants"] if one["order"]["role"] == "entry")


def _on(runner, name: str) -> list:
    return [one for one in runner.standing.broker.working() if one.order.instrument == name]


def test_what_a_thin_day_left_of_an_exit_is_asked_for_again_at_its_close(tmp_path: Path, worker: Worker) -> None:
    quotes = {(TUE, "AAPL"): day("501", 9_000_000), (THU, "AAPL"): day("501", 250)}
    moods = {(MON, "AAPL"): "long", (WED, "AAPL"): "short"}
    stage = Stage(desk(tmp_path, SETTINGS), moods=moods, quotes=quotes)
    with running(stage, worker, asking()) as runner:
        for session in (MON, TUE):
            runner.cycle(session)
        held = runner.standing.books.holdings["AAPL"].quantity
        stage.moods = {**moods, (THU, "AAPL"): "short"}
        (first,) = _exits(runner.cycle(WED))
        (again,) = _exits(runner.cycle(THU))
        assert (first["quantity"], again["quantity"]) == (str(held), str(held - 25))
        runner.cycle(FRI)
        assert "AAPL" not in runner.standing.books.holdings and runner.standing.differences() == ()


def _exits(decision: Json) -> list[Json]:
    return [one["order"] for one in decision["warrants"] if one["order"]["role"] == "exit"]
