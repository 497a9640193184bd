"""The technical head: gradient boosting (CatBoost) on price indicators, pooled over instruments.

The features are scale-free and need at most 64 bars, so that a young listing is spoken about in its first year, and
so that outputs mix quickly enough for a stability index over some months to mean something. Beta and the long
averages are left out for that reason; the volume measures belong to another head.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from advisors.heads.base import Features, News, no_value_of
from advisors.panel import Floats, Panel
from knowledge.values import Json, digest

MEASURES = (
    "rsi-14",
    "macd-histogram",
    "bollinger-position",
    "stochastic-k",
    "adx-14",
    "ema-20-distance",
    "momentum-21",
    "momentum-63",
    "volatility-20",
    "zscore-20",
)
PARAMETERS = {
    "iterations": 150,
    "depth": 4,
    "learning_rate": 0.03,
    "l2_leaf_reg": 30.0,
    "loss_function": "Logloss",
    "boosting_type": "Plain",
    "bootstrap_type": "Bernoulli",
    # Labels of neighbouring sessions overlap: each tree sees about one row in HORIZON / 2.
    "subsample": 0.4,
    "border_count": 64,
    "has_time": True,
    "random_seed": 1,
    "thread_count": 1,
    "allow_writing_files": False,
    "verbose": False,
}
"""One thread and one seed: the same rows give the same trees on any machine of this kind."""


@dataclass(frozen=True, eq=False)
class Boosted:
    """A fitted CatBoost classifier."""

    classifier: Any

    @cached_property
    def digest(self) -> str:
        """Over the JSON form without `model_info`: the native bytes carry the time of training."""
        tree = json.loads(self._saved("json"))
        tree.pop("model_info", None)
        return digest(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode())

    def score(self, rows: Floats) -> Floats:
        """Log-odds of an up move."""
        raw = self.classifier.predict(np.ascontiguousarray(rows), prediction_type="RawFormulaVal", thread_count=1)
        return np.asarray(raw, dtype=np.float64)

    def dump(self) -> bytes:
        """The native form."""
        return self._saved("cbm")

    def _saved(self, form: str) -> bytes:
        # CatBoost writes to a path only.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / form
            self.classifier.save_model(str(path), format=form)
            return path.read_bytes()


class Technical:
    """See the module."""

    name = "technical"
    suffix = "cbm"
    least_rows = 500
    reach = 1

    @property
    def settings(self) -> Json:
        """Features, parameters and the library's version."""
        return {"features": [*MEASURES, "range"], "parameters": repr(PARAMETERS), "catboost": version("catboost")}

    def features(self, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
        """The measures, and the average true range as a share of the close."""
        columns = [measures[name] for name in MEASURES]
        return Features((*MEASURES, "range"), np.stack([*columns, measures["atr-14"] / panel.close], axis=2))

    def fit(self, rows: Floats, up: Floats) -> Boosted:
        """Train; a third of a second for 12,000 rows."""
        from catboost import CatBoostClassifier  # here, because importing it takes a second

        classifier = CatBoostClassifier(**PARAMETERS)
        classifier.fit(rows, up.astype(np.int64))
        return Boosted(classifier)

    def load(self, kept: bytes) -> Boosted:
        """Read the native form."""
        from catboost import CatBoostClassifier

        classifier = CatBoostClassifier()
        classifier.load_model(blob=kept)
        return Boosted(classifier)

    def silence(self, missing: Sequence[str]) -> str:
        """The indicators that are missing."""
        return no_value_of(missing)
