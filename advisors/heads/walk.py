"""A head trained again and again, each time on the past only, and heard out of sample in between.

Rules: a training at row `t` (a session's close) fits on rows whose label is known at `t`, less an embargo
(purging: Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 7), and scores the rows after `t` up
to and including the next training's. What is kept of a score is its *edge*: the log-odds beyond the base rate of the
rows its training saw, so that the edges of different trainings can be compared. Probabilities come from a Platt
scaling fitted at `t` on the edges that earlier trainings gave out of sample and whose outcomes are known at `t`. So
every edge, and every probability, of the whole history is out of sample, the record before the first decision and the
decisions after it are made in the same way, and a row's numbers do not change when later rows are cut off.

A training or a score that fails stands as a sentence in place of its numbers; it never reaches another row. Features
that fail, in whatever row, silence their head throughout. Left out: a head that never returns; ending it is the
business of whoever runs the cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from advisors.growing import grown
from advisors.heads import calibration
from advisors.heads.base import HORIZON, Bools, Features, Head, News, Scorer, forward_return
from advisors.heads.calibration import Platt
from advisors.panel import Floats, Panel
from advisors.registry import Registry, inputs_digest
from knowledge.values import digest

EMBARGO = HORIZON
"""Sessions between the last label that a training sees and the training itself, on top of the purge."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When heads are trained.

    From `until` on: at the first session at least `days` calendar days after the last training; 84 leaves room for
    holidays below the 90 days a model may be old. Before: every `fold` sessions, counted back from `until`, as long
    as at least `least` sessions are left to train on.
    """

    days: int = 84
    fold: int = 126
    least: int = 504
    last: str = ""
    """The last session that is advised: no training is due for what comes after it. Empty for all there are."""

    def rows(self, sessions: Sequence[str], until: str) -> tuple[int, ...]:
        """The last row each training may see, ascending. Raises `ValueError` where `until` is no session."""
        if until not in sessions:
            raise ValueError(f"`{until}` is no session of the panel, so no training can end there")
        first = sessions.index(until)
        rows = list(range(first, max(self.least, 1) - 2, -self.fold))[::-1] or [first]
        last = date.fromisoformat(until[:10])
        for row in range(first + 1, len(sessions)):
            if self.last and sessions[row] >= self.last:
                break
            today = date.fromisoformat(sessions[row][:10])
            if (today - last).days >= self.days:
                rows.append(row)
                last = today
        return tuple(rows)


@dataclass(frozen=True, eq=False)
class Training:
    """One training: the last row it saw, the digest of its inputs, and what it gave, or `reason` why nothing.

    `base` is the log-odds of an up move among the rows it saw.
    """

    row: int
    inputs: str = ""
    scorer: Scorer | None = None
    base: float = 0.0
    platt: Platt | None = None
    model: str = ""
    reason: str = ""
    failed: bool = False


@dataclass(frozen=True, eq=False)
class Walk:
    """What a head said out of sample: edges, and probabilities of an up move; NaN for silence.

    Both are float64 (sessions, instruments). There are edges without a probability while the calibration waits.
    `faults` holds, by row, the sentence of a score that failed.
    """

    head: Head
    features: Features
    trainings: tuple[Training, ...]
    edge: Floats
    probability: Floats
    faults: Mapping[int, str]

    def training(self, row: int) -> Training | None:
        """The training that speaks at a row: the last one before it."""
        return next((one for one in reversed(self.trainings) if one.row < row), None)


def walk(
    head: Head,
    panel: Panel,
    measures: Mapping[str, Floats],
    news: Sequence[News],
    *,
    rows: Sequence[int],
    kept: Registry,
) -> Walk:
    """Train at each of `rows` and score everything after the first of them."""
    shape = panel.close.shape
    silence = np.full(shape, np.nan)
    try:
        sheet = _sheet(head.features(panel, measures, news), panel)
    except Exception as error:  # noqa: BLE001  an advisor may do anything; it may not end the cycle
        reason = f"its features failed: {sentence(error)}"
        trainings = tuple(Training(row, reason=reason, failed=True) for row in rows)
        return Walk(head, Features((), np.zeros((*shape, 0))), trainings, silence, silence, {})
    probability, trainings = silence.copy(), tuple[Training, ...]()
    faults: dict[int, str] = {}
    for row, following in pairwise((*rows, len(panel.sessions) - 1)):
        training = _train(head, sheet, row, kept)
        trainings += (training,)
        if training.scorer is not None:
            spoken = slice(row + 1, following + 1)
            faults |= _hear(training, training.scorer, sheet, spoken)
            if training.platt is not None:
                probability[spoken] = training.platt.probability(sheet.edge[spoken])
    return Walk(head, sheet.features, trainings, sheet.edge, probability, faults)


def lengthened(
    walked: Walk,
    panel: Panel,
    measures: Mapping[str, Floats],
    news: Sequence[News],
    *,
    rows: Sequence[int],
    kept: Registry,
) -> Walk:
    """The same walk over a panel to which sessions have come, trained at those of `rows` that it was not trained at.

    Nothing that was trained or heard is trained or heard again. Raises what the head's features raise, and
    `ValueError` where the walk was trained at other rows: who calls this walks anew then.
    """
    known, done = len(walked.edge), {one.row: one for one in walked.trainings}
    features = _further(walked, panel, measures, news)
    if list(done) != list(rows[: len(done)]):
        raise ValueError("the walk was trained at other rows")
    start = 0 if len(rows) > len(done) else known
    sheet = _sheet(features, panel, start)
    sheet.edge[: known - start] = walked.edge[start:]
    probability = np.full((len(panel.sessions) - known, len(panel.instruments)), np.nan)
    trainings, faults = walked.trainings, dict(walked.faults)
    ends = (*rows, max(rows[-1], len(panel.sessions) - 1))
    for row, following in list(pairwise(ends))[len(done) - 1 :]:
        if row not in done:
            trainings += (_train(walked.head, sheet, row, kept),)
        training, spoken = trainings[-1], slice(max(row + 1, known) - start, following + 1 - start)
        if training.scorer is not None:
            faults |= {start + at: said for at, said in _hear(training, training.scorer, sheet, spoken).items()}
            if training.platt is not None:
                said = slice(start + spoken.start - known, start + spoken.stop - known)
                probability[said] = training.platt.probability(sheet.edge[spoken])
    edge = grown(walked.edge, sheet.edge[known - start :])
    return Walk(walked.head, features, trainings, edge, grown(walked.probability, probability), faults)


def _further(walked: Walk, panel: Panel, measures: Mapping[str, Floats], news: Sequence[News]) -> Features:
    """The features of a panel to which sessions have come; those that are known are not made again."""
    head, known = walked.head, len(walked.edge)
    part = panel.tail(len(panel.sessions) - known + head.reach) if head.reach else panel
    seen = {name: grid[len(grid) - len(part.sessions) :] for name, grid in measures.items()}
    features = head.features(part, seen, news)
    if features.names != walked.features.names or features.values.shape[:2] != part.close.shape:
        raise ValueError("the walk had other features")
    fresh = features.values[len(part.sessions) - (len(panel.sessions) - known) :]
    return Features(features.names, grown(walked.features.values, fresh))


def sentence(error: Exception) -> str:
    """An exception as printable text of bounded length."""
    return printable(str(error))[:200].strip() or f"a {type(error).__name__} without a message"


def printable(words: str) -> str:
    """The same text with a blank for each letter that cannot be printed."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What a walk reads (features, where they are usable, returns) and writes (edges), by session and instrument."""

    features: Features
    usable: Bools
    returns: Floats
    edge: Floats

    def settled(self, row: int, held_back: int) -> slice:
        """The rows whose outcome is known at `row`, less `held_back` of the newest."""
        return slice(0, max(0, row - HORIZON - held_back + 1))


def _sheet(features: Features, panel: Panel, first: int = 0) -> _Sheet:
    """A sheet of the panel's sessions from row `first` on."""
    if features.values.shape[:2] != panel.close.shape:
        raise ValueError(f"its features have the shape {features.values.shape[:2]}, not {panel.close.shape}")
    features, close = Features(features.names, features.values[first:]), panel.close[first:]
    usable = features.complete
    return _Sheet(
        features, usable & np.isfinite(close), forward_return(panel.tail(len(close))), np.full(close.shape, np.nan)
    )


def _train(head: Head, sheet: _Sheet, row: int, kept: Registry) -> Training:
    settled = sheet.settled(row, EMBARGO)
    known = sheet.usable[settled] & np.isfinite(sheet.returns[settled])
    try:
        rows = sheet.features.values[settled][known]
        up = (sheet.returns[settled][known] > 0).astype(np.float64)
        inputs = inputs_digest(head, rows, up)
        if len(rows) < head.least_rows or len(set(up.tolist())) < 2:
            return Training(row, inputs, reason=_too_little(f"{len(rows)} labelled rows", head))
        scorer = kept.trained(head, rows, up)
        base = float(np.log(up.mean() / (1 - up.mean())))
        platt = _calibrated(head, sheet, row)
        if platt is None:
            return Training(row, inputs, scorer, base, reason=_too_little("too few out-of-sample outcomes", head))
        model = digest(f"{scorer.digest} {base.hex()} {platt.digest}".encode())
    except Exception as error:  # noqa: BLE001  an advisor may do anything; it may not end the cycle
        return Training(row, reason=f"its training failed: {sentence(error)}", failed=True)
    return Training(row, inputs, scorer, base, platt, model)


def _too_little(found: str, head: Head) -> str:
    return f"too little history: {found}, where {head.least_rows} with both outcomes are needed"


def _calibrated(head: Head, sheet: _Sheet, row: int) -> Platt | None:
    settled = sheet.settled(row, 0)
    edge, returns = sheet.edge[settled], sheet.returns[settled]
    said = np.isfinite(edge) & np.isfinite(returns)
    up = (returns[said] > 0).astype(np.float64)
    enough = len(up) >= head.least_rows and len(set(up.tolist())) == 2
    return calibration.fit(edge[said], up) if enough else None


def _hear(training: Training, scorer: Scorer, sheet: _Sheet, spoken: slice) -> dict[int, str]:
    """Write the edges of the rows a training speaks for; the faults by row.

    Session by session, as in life: a row whose score fails takes no other row with it.
    """
    faults = {}
    for row in range(spoken.start, spoken.stop):
        usable = sheet.usable[row]
        try:
            if usable.any():
                sheet.edge[row, usable] = _scored(scorer, sheet.features.values[row, usable]) - training.base
        except Exception as error:  # noqa: BLE001  an advisor may do anything; it may not end the cycle
            faults[row] = f"its score failed: {sentence(error)}"
    return faults


def _scored(scorer: Scorer, rows: Floats) -> Floats:
    scores = scorer.score(rows)
    if type(scores) is not np.ndarray or scores.dtype != np.float64 or scores.shape != (len(rows),):
        raise TypeError(f"it gave no array of {len(rows)} binary64 numbers")
    if not np.isfinite(scores).all():
        raise ValueError("it gave a number that is not finite")
    return scores
