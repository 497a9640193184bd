"""The technical, the volume and the rules-based head: causal, deterministic, kept exactly, able to learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisors.heads.base import Head, Scorer, forward_return
from advisors.heads.rules_based import VOTES
from advisors.heads.sentiment import Sentiment
from advisors.heads.walk import walk
from advisors.indicators import measure_panel
from advisors.panel import Floats
from advisors.registry import Registry
from tests.advisors.heads.markets import SMALL, UNTIL_ROW, headlines, measured, quick_heads

HEADS = [pytest.param(head, id=head.name) for head in quick_heads()]


def labelled(head: Head) -> tuple[Floats, Floats]:
    panel, measures = measured(1, trend=0.004)
    features = head.features(panel, measures.indicators, headlines(panel))
    returns = forward_return(panel)
    known = features.complete & np.isfinite(returns)
    return features.values[known], (returns[known] > 0).astype(np.float64)


def fitted(head: Head) -> tuple[Scorer, Floats]:
    rows, up = labelled(head)
    return head.fit(rows, up), rows


@pytest.mark.parametrize("head", HEADS)
@given(row=st.integers(30, 340))
def test_features_do_not_look_ahead(head: Head, row: int) -> None:
    panel, measures = measured(1, trend=0.004, late=90)
    whole = head.features(panel, measures.indicators, headlines(panel)).values
    cut = panel.until(panel.sessions[row])
    seen = tuple(item for item in headlines(panel) if item.session <= panel.sessions[row])
    part = head.features(cut, measure_panel(cut).indicators, seen).values
    assert part.tobytes() == whole[: row + 1].tobytes()


@pytest.mark.parametrize("head", [*HEADS, pytest.param(Sentiment(), id="sentiment")])
@given(row=st.integers(60, 340), count=st.integers(1, 9))
def test_features_look_back_no_farther_than_they_say(head: Head, row: int, count: int) -> None:
    panel, measures = measured(1, trend=0.004, late=90)
    whole = head.features(panel, measures.indicators, headlines(panel)).values
    cut = panel.until(panel.sessions[row])
    assert head.reach > 0
    part = cut.tail(count + head.reach)
    seen = {name: grid[: row + 1][-len(part.sessions) :] for name, grid in measures.indicators.items()}
    found = head.features(part, seen, headlines(panel)).values
    assert found[-count:].tobytes() == whole[: row + 1][-count:].tobytes()


@pytest.mark.parametrize("head", HEADS)
def test_the_same_rows_give_the_same_digest_and_other_rows_another(head: Head) -> None:
    rows, up = labelled(head)
    first, again, other = head.fit(rows, up), head.fit(rows, up), head.fit(rows[:-40], up[:-40])
    assert first.digest == again.digest != other.digest
    assert first.score(rows).tobytes() == again.score(rows).tobytes()


@pytest.mark.parametrize("head", HEADS)
def test_a_kept_head_speaks_as_the_trained_one(head: Head) -> None:
    scorer, rows = fitted(head)
    loaded = head.load(scorer.dump())
    assert loaded.digest == scorer.digest
    assert loaded.score(rows).tobytes() == scorer.score(rows).tobytes()


@pytest.mark.parametrize("head", HEADS)
def test_no_head_is_kept_as_a_pickle(head: Head) -> None:
    import pickle

    scorer, _ = fitted(head)
    with pytest.raises(Exception):  # noqa: B017  anything but a value
        pickle.loads(scorer.dump())


@pytest.mark.parametrize("head", HEADS)
@given(start=st.integers(0, 300), length=st.integers(1, 9))
def test_a_score_does_not_depend_on_the_rows_beside_it(head: Head, start: int, length: int) -> None:
    if head.name not in KEPT:
        KEPT[head.name] = fitted(head)
    scorer, rows = KEPT[head.name]
    whole = scorer.score(rows)
    start %= len(rows) - length
    assert scorer.score(rows[start : start + length]).tobytes() == whole[start : start + length].tobytes()


KEPT: dict[str, tuple[Scorer, Floats]] = {}


@pytest.mark.parametrize("head", [one for one in HEADS if one.id != "sentiment"])
def test_a_head_finds_a_trend_that_is_there(head: Head) -> None:
    panel, measures = measured(1, trend=0.004)
    rows = SMALL.rows(panel.sessions, panel.sessions[UNTIL_ROW])
    result = walk(head, panel, measures.indicators, (), rows=rows, kept=Registry())
    returns = forward_return(panel)
    known = np.isfinite(result.edge) & np.isfinite(returns)
    assert known.sum() > 400
    right = (result.edge[known] > 0) == (returns[known] > 0)
    assert right.mean() > 0.58


def test_the_vote_is_the_weighted_mean_of_its_conditions() -> None:
    panel, measures = measured(1)
    head = quick_heads()[0]
    score = head.features(panel, measures.indicators, ()).values[300, 1, 0]
    total = cast = 0.0
    for vote in VOTES:
        value = float(measures.indicators[vote.measure][300, 1])
        total += vote.weight * max(-1.0, min(1.0, (value - vote.middle) / vote.full))
        cast += abs(vote.weight)
    assert score == pytest.approx(total / cast)
    assert -1 <= score <= 1


def test_silence_names_the_indicators_that_are_missing() -> None:
    panel, measures = measured(1)
    for head in quick_heads():
        missing = head.features(panel, measures.indicators, ()).missing(10, 0)
        assert missing
        sentence = head.silence(missing)
        assert (
            "no news" in sentence if head.name == "sentiment" else "`momentum-21`" in sentence or "volume" in sentence
        )
