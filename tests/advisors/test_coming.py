"""Rows of sessions that come, one by one or several at once, are placed as the whole feed is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisors import coming, quality
from advisors.actions import Action
from advisors.panel import GRIDS
from advisors.quality import COLUMNS, Cleaned, Rows
from tests.advisors.sample import plain_rows, take

BEGIN = date(2010, 1, 4)
DAYS = tuple((BEGIN + timedelta(days=number * 7 // 5)).isoformat() for number in range(120))
FIRST = 80
NAMES = ("A", "B", "C", "D")
CELLS = st.sampled_from([np.nan, np.inf, 0.0, -3.0, 1e-9, 50.0, 100.5, 250.0, 1e12])


def series(name: str, seed: int) -> Rows:
    chance = np.random.default_rng([seed, ord(name[0])])
    return plain_rows(np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.03, len(DAYS)))), 2), DAYS, name)


def assert_the_same(mine: Cleaned, other: Cleaned) -> None:
    assert mine.market.reports == other.market.reports
    assert mine.market.actions == other.market.actions
    for name in (*GRIDS, "index_close", "adjusted_close", "valid"):
        np.testing.assert_array_equal(getattr(mine.market.panel, name), getattr(other.market.panel, name))
    for one, two in zip(mine.placed, other.placed, strict=True):
        assert set(one.reports) == set(two.reports)
        assert one.actions == two.actions
        np.testing.assert_array_equal(one.factor, two.factor)


@st.composite
def feeds(draw: st.DrawFn) -> list[Rows]:
    """Series with cells of every kind, rows dropped and doubled, actions given and derived, one listed late."""
    made = []
    for name in NAMES:
        rows = series(name, draw(st.integers(0, 3)))
        places = st.integers(FIRST - 25, len(DAYS) - 1)
        columns = {part: getattr(rows, part).copy() for part in (*COLUMNS, "adj_close")}
        for part, place, value in draw(st.lists(st.tuples(st.sampled_from(COLUMNS), places, CELLS), max_size=4)):
            columns[part][place] = value
        repeats = draw(st.sets(places, max_size=2))
        for column in columns.values():
            for place in repeats:
                column[place] = column[place - 1]
        rows = replace(rows, **columns)
        if name == "C":
            days = draw(st.lists(st.tuples(places, st.sampled_from([0, 1])), max_size=3))
            dates = [(date.fromisoformat(DAYS[at]) + timedelta(days=after)).isoformat() for at, after in days]
            actions = [Action(day, "C", "dividend", Decimal(2)) for day in dates[1:]]
            actions += [Action(day, "C", "split", Decimal(2)) for day in dates[:1]]
            rows = replace(rows, actions=tuple(sorted(set(actions))))
        if name == "D" and draw(st.booleans()):
            rows = replace(rows, adj_close=rows.close * np.where(np.arange(len(DAYS)) < FIRST + 9, 0.5, 1.0))
        begin = draw(st.sampled_from([0, 0, 0, 30, FIRST - 1, FIRST + 5])) if name == "B" else 0
        dropped = draw(st.sets(places, max_size=5))
        kept = [place for place in range(begin, len(DAYS)) if place not in dropped]
        doubled = draw(st.lists(st.integers(FIRST, len(DAYS) - 1), max_size=1))
        made.append(take(rows, sorted([*kept, *doubled])))
    return made


def cut(rows: Rows, last: str) -> Rows:
    return take(rows, [place for place, day in enumerate(rows.dates) if day <= last])


@settings(max_examples=60, deadline=None)
@given(feeds(), st.lists(st.integers(1, 12), min_size=1, max_size=10), st.booleans())
def test_sessions_that_come_are_placed_as_all_at_once(made: list[Rows], steps: list[int], indexed: bool) -> None:
    beside = series("SPX", 9) if indexed else None
    known = FIRST
    grown = None
    for count in (0, *steps):
        known = min(len(DAYS), known + count)
        last = DAYS[known - 1]
        seen, index = [cut(one, last) for one in made], None if beside is None else cut(beside, last)
        grown = Cleaned.of(seen, index, DAYS[:known], grown)
        assert_the_same(grown, Cleaned.of(seen, index, DAYS[:known]))


def test_quiet_sessions_are_not_placed_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [series(name, 1) for name in NAMES]
    before = Cleaned.of([cut(one, DAYS[FIRST]) for one in made], None, DAYS[: FIRST + 1])
    placed: list[str] = []
    whole = quality.place

    def noted(rows: Rows, *rest: Any) -> quality.Placed:
        placed.append(rows.instrument)
        return whole(rows, *rest)

    monkeypatch.setattr(coming, "place", noted)
    after = [cut(one, DAYS[FIRST + 1]) for one in made]
    split = replace(after[2], actions=(Action(DAYS[FIRST + 1], "C", "split", Decimal(2)),))
    found = Cleaned.of(after, None, DAYS[: FIRST + 2], before)
    assert placed == []
    assert found.market.panel.sessions == DAYS[: FIRST + 2]
    again = Cleaned.of([*after[:2], split, after[3]], None, DAYS[: FIRST + 2], before)
    assert placed == ["C"]
    assert again.market.panel.split[-1].tolist() == [1.0, 1.0, 2.0, 1.0]


def test_a_past_that_is_said_anew_is_placed_anew() -> None:
    made = [series(name, 1) for name in NAMES]
    before = Cleaned.of([cut(one, DAYS[FIRST]) for one in made], None, DAYS[: FIRST + 1])
    after = [cut(one, DAYS[FIRST + 1]) for one in made]
    column = after[1].close.copy()
    column[3] += 0.01
    after[1] = replace(after[1], close=column)
    assert coming.lengthened(before, after, None, DAYS[: FIRST + 2]) is None
    assert_the_same(Cleaned.of(after, None, DAYS[: FIRST + 2], before), Cleaned.of(after, None, DAYS[: FIRST + 2]))
