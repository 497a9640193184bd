"""The sentiment head: logistic regression on text features of the news about an instrument.

An item's features come from VADER with the reviewed words of `finance_lexicon`; a row sees the items attached to its
own session and the `REACH - 1` sessions before. Where there is no item, the head abstains and says so: silence is no
opinion, and no news is not good news. It has no other input, so that without a news feed it never speaks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from advisors import windows
from advisors.heads import logistic
from advisors.heads.base import Features, News
from advisors.heads.finance_lexicon import NEUTRAL, PHRASES, WORDS
from advisors.panel import Floats, Panel
from knowledge.values import Json, canonical, digest

REACH = 3
"""Sessions an item is heard for."""
NAMES = ("compound", "phrases", "share-good", "share-bad", "log-items")
STRENGTH = 1.0
LOUD = 0.2
"""From this compound score on an item counts as good (or, below its negative, as bad)."""
_PHRASE = re.compile("|".join(re.escape(phrase) for phrase in sorted(PHRASES, key=len, reverse=True)))


class Sentiment:
    """See the module."""

    name = "sentiment"
    suffix = "skops"
    least_rows = 60
    reach = REACH

    @property
    def settings(self) -> Json:
        """Features, penalty, lexicon and the libraries' versions."""
        words = {word: repr(value) for word, value in {**WORDS, **PHRASES}.items()}
        return {
            **logistic.settings(NAMES, STRENGTH),
            "lexicon": digest(canonical({"words": words, "neutral": list(NEUTRAL)})),
            "vader": version("vaderSentiment"),
        }

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        """Means over the items heard; news of unknown sessions or instruments is nobody's and stays unused."""
        sums = np.zeros((*panel.close.shape, len(NAMES)))
        columns = {name: column for column, name in enumerate(panel.instruments)}
        rows = {session: row for row, session in enumerate(panel.sessions)}
        # In canonical order, because sums of floats depend on it and a feed's order should not.
        for item in sorted(news):
            if item.session in rows and item.instrument in columns:
                sums[rows[item.session], columns[item.instrument]] += read(item.text)
        # Rows before the first session count as silent, so that the first item is heard at once.
        padded = np.concatenate([np.zeros((REACH - 1, *sums.shape[1:])), sums])
        heard = windows.mean(padded, REACH)[REACH - 1 :]
        items = heard[:, :, -1]
        values = np.full(sums.shape, np.nan)
        known = items > 0
        values[known] = heard[known] / items[known][:, None]
        values[known, -1] = np.log(items[known] * REACH)
        return Features(NAMES, values)

    def fit(self, rows: Floats, up: Floats) -> logistic.Logistic:
        """Train; some milliseconds."""
        return logistic.fit(rows, up, STRENGTH)

    def load(self, kept: bytes) -> logistic.Logistic:
        """Read the kept form."""
        return logistic.load(kept)

    def silence(self, missing: Sequence[str]) -> str:
        """There was no news."""
        return f"no news in the last {REACH} sessions"


def read(text: str) -> Floats:
    """The features of one item: compound (-1 to 1), mean phrase valence, good, bad, and 1 for the item itself."""
    lower = " ".join(text.lower().split())
    found = [PHRASES[phrase] for phrase in _PHRASE.findall(lower)]
    # VADER squashes a sum of valences; phrases join it through the same squash (its alpha is 15).
    words = float(_vader().polarity_scores(_PHRASE.sub(" ", lower))["compound"])
    phrases = sum(found)
    squashed = phrases / (phrases * phrases + 15.0) ** 0.5
    compound = max(-1.0, min(1.0, words + squashed))
    return np.array([compound, phrases, float(compound >= LOUD), float(compound <= -LOUD), 1.0])


@cache
def _vader() -> Any:  # noqa: ANN401  the library is untyped
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(WORDS)
    for word in NEUTRAL:
        analyzer.lexicon.pop(word, None)
    return analyzer
