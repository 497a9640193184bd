"""Trainings see the past only, their age stays in bounds, and failures stay where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisors.heads.base import HORIZON, Features, News
from advisors.heads.walk import EMBARGO, Plan, Walk, walk
from advisors.panel import Floats, Panel
from advisors.registry import Registry
from tests.advisors.heads.markets import SMALL, UNTIL_ROW, Spy, SpyScorer, market, weekdays

OLDEST = 90


def walked(head: object, panel: Panel | None = None) -> Walk:
    panel = panel or market(2)
    rows = SMALL.rows(panel.sessions, panel.sessions[UNTIL_ROW])
    return walk(head, panel, {}, (), rows=rows, kept=Registry())  # type: ignore[arg-type]


@given(st.integers(0, 700), st.sets(st.integers(0, 799), max_size=60))
def test_no_model_grows_older_than_ninety_days(until: int, holidays: set[int]) -> None:
    # Five holidays in any twelve weeks are more than an exchange has; runs of them are closed weeks.
    sparse = [day for number, day in enumerate(sorted(holidays)) if number % 5 == 0]
    sessions = [day for number, day in enumerate(weekdays(800)) if number not in sparse]
    rows = Plan().rows(sessions, sessions[until])
    assert until in rows
    assert list(rows) == sorted(set(rows))
    for now in range(until + 1, len(sessions)):
        last = max(row for row in rows if row < now)
        assert (date.fromisoformat(sessions[now]) - date.fromisoformat(sessions[last])).days <= OLDEST


@given(st.integers(560, 790))
def test_the_plan_does_not_depend_on_later_sessions(end: int) -> None:
    sessions = weekdays(800)
    whole, cut = Plan().rows(sessions, sessions[550]), Plan().rows(sessions[:end], sessions[550])
    assert cut == tuple(row for row in whole if row < end)


def test_a_training_that_ends_on_no_session_is_refused() -> None:
    with pytest.raises(ValueError, match="2009-01-03"):
        Plan().rows(weekdays(50), "2009-01-03")


def test_a_training_sees_only_rows_whose_outcome_was_known() -> None:
    spy = Spy()
    result = walked(spy)
    assert len(spy.trainings) == len(result.trainings) > 3
    for training, rows in zip(result.trainings, spy.trainings, strict=True):
        assert rows[:, 0].max() == training.row - HORIZON - EMBARGO <= training.row - 2 * HORIZON
        assert rows[:, 0].min() == 0


def test_each_row_is_scored_by_the_last_training_before_it() -> None:
    result = walked(Spy())
    first, second = result.trainings[0], result.trainings[1]
    assert result.training(first.row) is None
    assert result.training(first.row + 1) is first
    assert result.training(second.row) is first
    assert result.training(second.row + 1) is second
    assert np.isnan(result.edge[: first.row + 1]).all()
    assert np.isfinite(result.edge[first.row + 1 :]).all()


def test_the_first_training_waits_for_outcomes_to_calibrate_on() -> None:
    result = walked(Spy())
    first, second = result.trainings[0], result.trainings[1]
    assert "too little history" in first.reason and not first.failed
    assert np.isnan(result.probability[: second.row + 1]).all()
    assert np.isfinite(result.probability[second.row + 1 :]).all()


def test_the_edge_is_measured_from_the_base_rate_of_the_training() -> None:
    result = walked(Spy())
    training = result.trainings[-1]
    row = training.row + 1
    assert np.allclose(result.edge[row] + training.base, result.features.values[row, :, 2])


@dataclass
class Broken(Spy):
    """Fails where it is told to."""

    at: str = ""
    name: str = field(default="broken")

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        if self.at == "features":
            raise RuntimeError("no\nfeatures")
        if self.at == "shape":
            return Features(("a",), np.zeros((3, 3, 1)))
        if self.at == "type":
            return None  # type: ignore[return-value]
        return super().features(panel, measures, news)

    def fit(self, rows: Floats, up: Floats) -> SpyScorer:
        if self.at == "fit":
            raise MemoryError
        return BrokenScorer(float(len(rows)), self.at)


@dataclass(frozen=True)
class BrokenScorer(SpyScorer):
    """Fails, or lies, on every seventh session."""

    at: str = ""

    def score(self, rows: Floats) -> Floats:
        scores = super().score(rows)
        if int(rows[0, 0]) % 7:
            return scores
        lies = {
            "raises": lambda: 1 / 0,
            "nan": lambda: scores * np.nan,
            "infinite": lambda: scores + np.inf,
            "list": scores.tolist,
            "short": lambda: scores[:-1],
            "integers": lambda: np.ones(len(rows), dtype=np.int64),
            "nothing": lambda: None,
        }
        return lies[self.at]()  # type: ignore[no-any-return]


@pytest.mark.parametrize("at", ["raises", "nan", "infinite", "list", "short", "integers", "nothing"])
def test_a_failing_score_takes_no_other_row_with_it(at: str) -> None:
    result, whole = walked(Broken(at=at)), walked(Spy())
    rows = range(result.trainings[0].row + 1, len(result.edge))
    assert set(result.faults) == {row for row in rows if row % 7 == 0}
    for row in rows:
        if row in result.faults:
            assert np.isnan(result.edge[row]).all()
        else:
            assert np.array_equal(result.edge[row], whole.edge[row])


@pytest.mark.parametrize("at", ["features", "shape", "type", "fit"])
def test_a_failing_head_is_silent_and_says_why(at: str) -> None:
    result = walked(Broken(at=at))
    assert np.isnan(result.probability).all()
    for training in result.trainings:
        assert training.failed
        assert training.reason.isprintable() and "failed" in training.reason
