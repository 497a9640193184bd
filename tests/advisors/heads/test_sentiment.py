"""The sentiment head reads, learns, and is silent without news."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisors.heads.base import News, forward_return
from advisors.heads.finance_lexicon import NEUTRAL, PHRASES, WORDS
from advisors.heads.sentiment import NAMES, REACH, Sentiment, read
from advisors.heads.walk import walk
from advisors.registry import Registry
from tests.advisors.heads.markets import SMALL, UNTIL_ROW, headlines, measured, quick_heads


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("IBM beats estimates", 1),
        ("Apple RAISES   GUIDANCE after record revenue", 1),
        ("analysts upgrade Google to outperform", 1),
        ("Microsoft misses estimates", -1),
        ("profit warning at Facebook", -1),
        ("auditor doubts going concern", -1),
        ("the annual meeting takes place in June", 0),
        ("gross margin and tax per share", 0),
        ("", 0),
    ],
)
def test_headlines_are_read_as_the_trade_means_them(text: str, sign: int) -> None:
    assert np.sign(read(text)[0]) == sign


def test_phrases_stand_for_their_words() -> None:
    assert read("misses estimates")[1] == PHRASES["misses estimates"]
    assert read("price target raised, beats estimates")[1] == pytest.approx(1.8 + 2.5)


def test_the_lexicon_is_on_one_scale_and_contradicts_itself_nowhere() -> None:
    for entry, valence in {**WORDS, **PHRASES}.items():
        assert entry == entry.lower().strip()
        assert 0.5 <= abs(valence) <= 4
    assert not set(WORDS) & set(NEUTRAL)


@given(st.text(max_size=80))
def test_any_text_gives_finite_features(text: str) -> None:
    features = read(text)
    assert features.shape == (len(NAMES),)
    assert np.isfinite(features).all()
    assert -1 <= features[0] <= 1


def test_an_item_is_heard_for_its_reach_and_by_its_instrument_only() -> None:
    panel, measures = measured(1)
    item = News(panel.sessions[50], "BB", "beats estimates")
    known = Sentiment().features(panel, measures.indicators, [item]).complete
    assert [tuple(cell) for cell in np.argwhere(known)] == [(50 + lag, 1) for lag in range(REACH)]


def test_news_of_nobody_stays_unused() -> None:
    panel, measures = measured(1)
    items = [News("1999-01-01", "AA", "beats estimates"), News(panel.sessions[5], "ZZ", "beats estimates")]
    assert not Sentiment().features(panel, measures.indicators, items).complete.any()


@given(st.permutations(range(8)))
def test_the_order_of_news_changes_nothing(order: list[int]) -> None:
    panel, measures = measured(1)
    items = headlines(panel)[:8]
    straight = Sentiment().features(panel, measures.indicators, items).values
    mixed = Sentiment().features(panel, measures.indicators, [items[place] for place in order]).values
    assert straight.tobytes() == mixed.tobytes()


def test_it_learns_what_labelled_headlines_say() -> None:
    panel, measures = measured(3)
    rows = SMALL.rows(panel.sessions, panel.sessions[UNTIL_ROW])
    head = quick_heads()[1]
    result = walk(head, panel, measures.indicators, headlines(panel), rows=rows, kept=Registry())
    returns = forward_return(panel)
    fresh = np.isfinite(result.edge) & np.isfinite(returns)
    fresh[1::2] = False  # sessions with an item of their own
    right = (result.edge[fresh] > 0) == (returns[fresh] > 0)
    assert fresh.sum() > 150
    assert right.mean() > 0.7
    assert np.isfinite(result.probability[result.trainings[-1].row + 1 :, 0]).any()


def test_without_news_it_is_not_even_trained() -> None:
    panel, measures = measured(3)
    rows = SMALL.rows(panel.sessions, panel.sessions[UNTIL_ROW])
    result = walk(Sentiment(), panel, measures.indicators, (), rows=rows, kept=Registry())
    assert all(training.scorer is None and not training.failed for training in result.trainings)
    assert np.isnan(result.probability).all()
