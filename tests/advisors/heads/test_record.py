"""The record beside a slow oracle, and what it may not see."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisors.heads import record as module
from advisors.heads.base import HORIZON
from advisors.heads.record import BAND, BET, HALF_LIFE, LEAST_REFERENCE, Record, ranks, stability


def opinions(seed: int, sessions: int = 140) -> Record:
    rng = np.random.default_rng(seed)
    edge = np.round(rng.standard_normal((sessions, 3)), 1)  # rounded, so that there are ties
    edge[rng.random((sessions, 3)) < 0.1] = np.nan
    returns = np.round(0.02 * rng.standard_normal((sessions, 3)), 2)
    returns[-HORIZON:] = np.nan
    return Record(edge, 1 / (1 + np.exp(-edge)), returns, ranks(edge))


@given(st.integers(0, 500))
def test_ranks_equal_counting(seed: int) -> None:
    record = opinions(seed)
    for row in (0, 20, 60, 139):
        before = record.edge[max(0, row - module.REFERENCE) : row].ravel()
        before = before[~np.isnan(before)].tolist()
        for column, edge in enumerate(record.edge[row].tolist()):
            rank = float(record.rank[row, column])
            if math.isnan(edge) or len(before) < LEAST_REFERENCE:
                assert math.isnan(rank)
            else:
                count = sum(1.0 for one in before if one < edge) + sum(0.5 for one in before if one == edge)
                assert rank == pytest.approx(count / len(before))


@given(st.integers(0, 500), st.integers(50, 139))
def test_standing_equals_a_walk_over_all_calls(seed: int, row: int) -> None:
    record = opinions(seed)
    right = total = 0.0
    bets, squares = [], []
    for then in range(row - HORIZON + 1):
        for column in range(3):
            rank, outcome = float(record.rank[then, column]), float(record.returns[then, column])
            if not math.isnan(record.probability[then, column]) and not math.isnan(outcome):
                squares.append((record.probability[then, column] - (outcome > 0)) ** 2)
            if math.isnan(rank) or math.isnan(outcome) or 0.5 - BAND < rank < 0.5 + BAND:
                continue
            long = rank > 0.5
            weight = 0.5 ** ((row - HORIZON - then) / HALF_LIFE)
            total += weight
            right += weight * ((outcome > 0) == long)
            if (rank if long else 1 - rank) >= BET:
                bets.append(outcome if long else -outcome)
    found = record.standing(row)
    wins, losses = [bet for bet in bets if bet > 0], [bet for bet in bets if bet <= 0]
    assert found.observations == len(bets)
    assert found.accuracy == (pytest.approx(right / total) if total else None)
    assert found.hit_rate == (pytest.approx(len(wins) / len(bets)) if bets else None)
    assert found.brier == pytest.approx(np.mean(squares))
    if wins and sum(losses):
        assert found.payoff == pytest.approx(np.mean(wins) / -np.mean(losses))


@given(st.integers(0, 200), st.integers(60, 130))
def test_standing_sees_no_outcome_before_it_is_known(seed: int, row: int) -> None:
    record = opinions(seed)
    returns, edge = record.returns.copy(), record.edge.copy()
    returns[row - HORIZON + 1 :] = 0.5
    edge[row + 1 :] = 9.0
    other = Record(edge, 1 / (1 + np.exp(-edge)), returns, ranks(edge))
    assert other.standing(row) == record.standing(row)
    assert np.array_equal(other.rank[: row + 1], record.rank[: row + 1], equal_nan=True)


def test_direction_and_conviction_follow_the_rank() -> None:
    rank = np.array([[0.0, 0.45, 0.5, 0.55, 1.0, np.nan]])
    record = Record(rank, rank, rank, rank)
    assert record.direction.tolist() == [[-1, -1, 0, 1, 1, 0]]
    assert np.allclose(record.conviction[0, :5], [1.0, 0.55, 0.5, 0.55, 1.0])
    assert math.isnan(record.conviction[0, 5])


def test_a_silent_head_has_no_record() -> None:
    nothing = np.full((30, 2), np.nan)
    standing = Record(nothing, nothing, nothing, ranks(nothing)).standing(29)
    assert (standing.brier, standing.psi, standing.accuracy, standing.hit_rate, standing.payoff) == (None,) * 5
    assert standing.observations == 0


def test_stability_is_small_for_the_same_and_large_for_another_population() -> None:
    rng = np.random.default_rng(3)
    same = rng.standard_normal((module.REFERENCE + module.RECENT, 3))
    moved = same.copy()
    moved[-module.RECENT :] += 1.0
    first, second = stability(same), stability(moved)
    assert first is not None and second is not None
    assert 0 <= first < 0.05
    assert second > 0.25


def test_stability_of_a_population_that_fell_silent_or_never_spoke_is_unknown() -> None:
    rng = np.random.default_rng(3)
    edge = rng.standard_normal((400, 3))
    edge[-module.RECENT :] = np.nan
    assert stability(edge) is None
    assert stability(edge[:20]) is None


@settings(deadline=None)
@given(st.integers(0, 500), st.lists(st.tuples(st.integers(1, 7), st.booleans()), min_size=1, max_size=12))
def test_a_record_to_which_sessions_come_is_the_record_of_all(seed: int, steps: list[tuple[int, bool]]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        # Short, so that windows are full and move.
        patched.setattr(module, "REFERENCE", 45)
        patched.setattr(module, "RECENT", 30)
        patched.setattr(module, "LEAST_REFERENCE", 40)
        whole = opinions(seed)
        known = 20
        record = Record(whole.edge[:known], whole.probability[:known], whole.returns[:known], ranks(whole.edge[:known]))
        for count, ahead in steps:
            known = min(len(whole.edge), known + count)
            if ahead:
                assert record.ahead
            settled = whole.returns[: known - HORIZON]
            record = record.longer(whole.edge[:known], whole.probability[:known], settled)
            assert np.array_equal(record.rank, whole.rank[:known], equal_nan=True)
            for row in (known - 1, known // 2):
                assert record.standing(row) == whole.standing(row)
