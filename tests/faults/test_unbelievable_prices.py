"""A price nobody can believe (×10, a half, another symbol's) while a position is held and orders rest.

Were it money, one such bar would raise the high-water mark for good: the drawdown from a NAV that never was would hold
the desk *reducing* or *halted*, and no person could end that.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as grids

from adapters.running.worker import Worker
from advisors.panel import Panel
from advisors.quality import jumps, leaps
from tests.faults.filed import (
    FRI,
    MON,
    NAMES,
    THU,
    WED,
    Cells,
    Running,
    denied,
    entered,
    made_desk,
    records,
    running,
    settled,
    show,
)  # fmt: skip

LONG = dict.fromkeys(NAMES, "long")


def times(factor: float, column: int | None = None) -> object:
    def spoil(lines: list[Cells]) -> None:
        line = lines[-1]
        for at in range(1, 5) if column is None else (column, 2):
            line[at] = repr(round(float(line[at]) * factor, 4))

    return spoil


def booked(one: Running) -> tuple[object, object]:
    books = one.loop.runner.standing.books
    return books.high_water_mark, books.closing_nav


@pytest.mark.parametrize("spoil", [times(10), times(1.5, 1)], ids=["tenfold", "the-open-by-half"])
def test_a_leap_in_our_favour_is_no_money_until_the_next_bar_has_borne_it_out(
    tmp_path: Path, worker: Worker, spoil: object
) -> None:
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        for day in (WED, THU):
            show(desk, day)
            one.to(day)
        assert set(one.held) == set(NAMES)
        before = booked(one)
        one.said.clear()
        show(desk, FRI, MSFT=spoil)  # type: ignore[arg-type]
        one.to(FRI)
        # The others moved, and MSFT stands where it stood.
        assert booked(one)[0] == before[0]
        assert abs(booked(one)[1] - before[1]) < before[1] / 100  # type: ignore[operator]
        # Monday is as it was, and the vendor has not mended Friday.
        show(desk, MON, MSFT=lambda lines: spoil(lines[:-1]))  # type: ignore[operator]
        one.to(MON)
        assert booked(one)[0] == before[0]
    assert [kind for kind, _ in settled(desk)] == ["decision"] * 4
    friday, monday = records(desk, "decision")[2:]
    assert {friday["trading_state"], monday["trading_state"]} == {"active"}
    # None of the fills is at a price that never was.
    sold = [one for one in records(desk, "fill") if one["instrument"] == "MSFT" and one["role"] != "stop"]
    assert {one["session"] for one in sold} <= {THU, MON}


def test_a_leap_that_was_true_is_booked_a_bar_later(tmp_path: Path, worker: Worker) -> None:
    desk = made_desk(tmp_path / "desk")

    def since_friday(lines: list[Cells]) -> None:
        for line in lines:
            if line[0] >= FRI:
                line[1:5] = [repr(float(cell) * 1.5) for cell in line[1:5]]

    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        for day in (WED, THU):
            show(desk, day)
            one.to(day)
        nav = [one.loop.runner.standing.books.closing_nav]
        one.said.clear()
        for day in (FRI, MON):
            show(desk, day, MSFT=since_friday)
            one.to(day)
            nav.append(one.loop.runner.standing.books.closing_nav)
        assert "MSFT" in one.held or any(fill["instrument"] == "MSFT" for fill in records(desk, "fill"))
    gain = Fraction(495 * 26) * Fraction("0.45")
    assert nav[1] < nav[0] + gain / 2 and nav[2] > nav[0] + gain / 2


def test_a_fall_counts_at_once_and_its_stop_is_filled(tmp_path: Path, worker: Worker) -> None:
    """Nobody can tell a slipped point from a crash: a loss is taken for true, and so is the stop that it hits."""
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        for day in (WED, THU):
            show(desk, day)
            one.to(day)
        show(desk, FRI, MSFT=times(0.5))  # type: ignore[arg-type]
        one.to(FRI)
        assert "MSFT" not in one.held
    (fill,) = [one for one in records(desk, "fill") if one["instrument"] == "MSFT" and one["role"] == "stop"]
    assert fill["session"] == FRI and Decimal(fill["price"]) < 15
    (*_, friday) = records(desk, "decision")
    assert "MSFT" not in entered(friday)


@pytest.mark.parametrize("spoil", [times(0.1)], ids=["a-tenth"])
def test_no_entry_executes_at_a_price_nobody_believes(tmp_path: Path, worker: Worker, spoil: object) -> None:
    desk = made_desk(tmp_path / "desk")
    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        show(desk, WED)
        one.to(WED)
        show(desk, THU, MSFT=spoil)  # type: ignore[arg-type]
        one.to(THU)
        assert set(one.held) == {"AAPL", "IBM"}
    (*_, thursday) = records(desk, "decision")
    assert "MSFT" not in entered(thursday)
    assert "operations.quality" in denied(thursday, "MSFT") or not denied(thursday, "MSFT")


@pytest.mark.parametrize("issue", ["not-a-number", "crossed"])
def test_a_stop_is_not_filled_by_a_bar_that_contradicts_itself(tmp_path: Path, worker: Worker, issue: str) -> None:
    """Such a bar is no price at all: the stop goes on resting, the books keep the last price, no entry goes out."""
    desk = made_desk(tmp_path / "desk")

    def spoil(lines: list[Cells]) -> None:
        line = lines[-1]
        line[3] = {"not-a-number": "NaN", "crossed": repr(float(line[2]) + 1)}[issue]

    with running(desk, f"{WED}T20:00:00Z", LONG, worker) as one:
        for day in (WED, THU):
            show(desk, day)
            one.to(day)
        price = one.loop.runner.standing.books.holdings["AAPL"].last_price
        # On Friday Apple fell through its stop: with a whole bar it would have been sold.
        show(desk, FRI, AAPL=spoil)
        one.to(FRI)
        assert one.loop.runner.standing.books.holdings["AAPL"].last_price == price
        assert [order.order.role.value for order in one.loop.runner.standing.broker.working()].count("stop") == 3
    (*_, friday) = records(desk, "decision")
    assert entered(friday) == set()
    assert settled(desk)[-1] == ("decision", FRI)


# --- what a leap is ---------------------------------------------------------------------------------------------

PRICES = grids.arrays(
    np.float64, st.tuples(st.integers(1, 30), st.integers(1, 3)),
    elements=st.one_of(st.just(float("nan")), st.sampled_from([10.0, 13.9, 14.0, 14.1, 7.0, 7.2, 100.0, 1.0])),
)  # fmt: skip


@given(PRICES)
def test_leaps_are_the_jumps_of_each_series_and_know_no_later_bar(close: np.ndarray) -> None:
    rows, width = close.shape
    one = np.where(np.isnan(close), np.nan, 1.0)
    days = tuple(f"2010-01-{day + 1:02}" for day in range(rows))
    panel = Panel(
        tuple("ABC"[:width]), days, open=close, high=close, low=close, close=close, volume=one,
        factor=np.ones_like(close), split=np.ones_like(close), index_close=np.ones(rows),
    )  # fmt: skip
    wanted = np.stack([jumps(close[:, at]) for at in range(width)], axis=1)
    for row, day in enumerate(days):
        risen, fallen = leaps(panel, row)
        assert ((risen | fallen) == wanted[row]).all() and not (risen & fallen).any()
        known = leaps(panel.until(day), row)
        assert (known[0] == risen).all() and (known[1] == fallen).all()
