"""What needs no approval is no looser on any market: not only on that of the day on which it was compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from engine.universe.parameters import on_its_face

TEXT = (Path(__file__).parents[2] / "limits.yaml").read_text(encoding="utf-8")
SHIPPED = recorded_limits(TEXT)


def edited(before: str, after: str) -> Limits:
    assert TEXT.count(before) == 1, before
    return recorded_limits(TEXT.replace(before, after))


def without(name: str) -> Limits:
    lines = [line for line in TEXT.splitlines(keepends=True) if f"id: {name}," not in line]
    assert len(lines) == len(TEXT.splitlines()) - 1
    return recorded_limits("".join(lines))


@pytest.mark.parametrize("name", ["order.volume", "portfolio.cluster", "portfolio.beta", "portfolio.issuer"])
def test_a_limit_that_another_one_covers_today_is_not_dropped_by_nobody(name: str) -> None:
    assert not on_its_face(SHIPPED, without(name))
    assert on_its_face(without(name), SHIPPED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sigmas: 5", "sigmas: 1"),
        ("kind: group_gross, by: sector, bound: 40 %", "kind: group_gross, by: sector, bound: 41 %"),
        ("bull: 1.0, range: 0.8", "bull: 1.0, range: 0.9"),
        ("kind: cash_reserve, bound: 2 %", "kind: cash_reserve, bound: 1 %"),
        ("kind: healthy_heads, bound: 3", "kind: healthy_heads, bound: 2"),
        ("kind: price_collar, bound: 3 %", "kind: price_collar, bound: 2 %"),
        ("stop_distance: {value: 2,", "stop_distance: {value: 3,"),
        ("index: -41.1 %", "index: -40 %"),
        ("seed: 20101119", "seed: 20101120"),
        ("id: portfolio.beta", "id: portfolio.other-beta"),
    ],
)
def test_what_may_let_more_through_some_day_is_not_plain(before: str, after: str) -> None:
    assert not on_its_face(SHIPPED, edited(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kind: group_gross, by: sector, bound: 40 %", "kind: group_gross, by: sector, bound: 39 %"),
        ("bull: 1.0, range: 0.8", "bull: 1.0, range: 0.7"),
        ("kind: cash_reserve, bound: 2 %", "kind: cash_reserve, bound: 3 %"),
        ("kind: healthy_heads, bound: 3", "kind: healthy_heads, bound: 4"),
        ("fee_per_order: {value: 1,", "fee_per_order: {value: 2,"),
    ],
)
def test_a_narrower_bound_is_plain(before: str, after: str) -> None:
    assert on_its_face(SHIPPED, edited(before, after))
    assert on_its_face(SHIPPED, SHIPPED)
