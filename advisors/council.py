"""The four heads heard together: advisories, abstentions and each head's record, as facts.

Rules: every head walks forward by one plan (`heads.walk`). At a session each head says for each instrument long, short
or flat, with probability and conviction (`heads.record`), or abstains and says why. A head's weight on an instrument
is its recent out-of-sample accuracy, at least `FLOOR`, as a share among the heads that speak there. Whatever a head
does wrong (an exception, a wrong type, a number that is none) becomes an abstention with the reason: advisors cannot
hurt, and one of them cannot silence another. What is said at a session depends on nothing after it.

A head without a measure of its record publishes the worst value of that measure, so that a bound on it holds nothing
to be good that nobody has measured. Left out: which Brier score, stability, age or number of heads is good enough;
that is the risk officer's (layer 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np

from advisors.growing import grown
from advisors.heads.base import HORIZON, Head, News, forward_return, outcomes
from advisors.heads.record import Record, Standing, conviction_of, direction_of, ranks
from advisors.heads.rules_based import RulesBased
from advisors.heads.sentiment import Sentiment
from advisors.heads.technical import Technical
from advisors.heads.volume import Volume
from advisors.heads.walk import Plan, Walk, lengthened, printable, sentence, walk
from advisors.indicators import Measures
from advisors.panel import Floats, Panel
from advisors.registry import Registry
from knowledge.columns import admit_all
from knowledge.door import LONGEST_TEXT, Refused, fact
from knowledge.facts import Fact, ordered

FLOOR = 0.1
LEAST_BETS = 100
"""Out-of-sample bets below which a head counts as not validated."""
NO_MODEL = "none"
WORST = {"brier": 1.0, "psi": 100.0, "accuracy": 0.0, "hit_rate": 0.0, "payoff": 0.0}
MOST_PAYOFF = 1000.0
HIGHEST_PSI = 100.0
DIRECTIONS = {1: "long", -1: "short", 0: "flat"}
WEIGHT_QUANTUM = Decimal("0.0001")
DEFAULT_PLAN = Plan()
_UNLIKELY = "its probability is not a number"
_UNRANKED = "too little out-of-sample history to rank its probability"


def four_heads() -> tuple[Head, ...]:
    """The heads of the desk, by name."""
    return (RulesBased(), Sentiment(), Technical(), Volume())


@dataclass(frozen=True, eq=False)
class Seat:
    """One head's walk and the record it made."""

    walk: Walk
    record: Record

    @property
    def name(self) -> str:
        """The head's name."""
        return self.walk.head.name

    def silences(self, row: int) -> list[str]:
        """Why the head does not speak about each instrument at a session; empty where it does."""
        training, features = self.walk.training(row), self.walk.features
        everywhere = ""
        if training is None or training.reason:
            everywhere = "not trained yet" if training is None else training.reason
        elif row in self.walk.faults:
            everywhere = self.walk.faults[row]
        cells = zip(
            np.isfinite(features.values[row]).all(axis=1).tolist(),
            np.isfinite(self.record.probability[row]).tolist(),
            np.isfinite(self.record.rank[row]).tolist(),
            strict=True,
        )
        return [
            self._reason(features.missing(row, column))
            if not whole
            else everywhere or ("" if likely and ranked else _UNLIKELY if not likely else _UNRANKED)
            for column, (whole, likely, ranked) in enumerate(cells)
        ]

    def failed(self, row: int) -> bool:
        """Whether the head, rather than its inputs, is at fault."""
        training = self.walk.training(row)
        return row in self.walk.faults or (training is not None and training.failed)

    def _reason(self, missing: Sequence[str]) -> str:
        try:
            return printable(self.walk.head.silence(missing))[:LONGEST_TEXT]
        except Exception as error:  # noqa: BLE001  a head may do anything; it may not end the cycle
            return f"no features, and its reason failed: {sentence(error)}"


@dataclass(frozen=True, eq=False)
class Council:
    """Heads trained by one plan over one panel; `advise` gives what they say at a session after `until`.

    `notes` are sentences about kept models that could not be used; nothing depends on them.
    """

    panel: Panel
    until: str
    seats: tuple[Seat, ...]
    notes: tuple[str, ...]
    plan: Plan = DEFAULT_PLAN
    news: tuple[News, ...] = ()
    cache: Path | None = None

    @classmethod
    def train(
        cls,
        panel: Panel,
        measures: Measures,
        until: str,
        cache: Path | None = None,
        news: Sequence[News] = (),
        *,
        plan: Plan = DEFAULT_PLAN,
        heads: Sequence[Head] | None = None,
    ) -> Council:
        """Train all heads up to session `until` (an ISO date) and, by plan, again at the sessions after it.

        `measures` are those of this panel; `cache` is a folder for trained models. Raises `ValueError` where they are
        another panel's, or `until` is no session; whatever a head raises becomes its abstention.
        """
        if (measures.sessions, measures.instruments) != (panel.sessions, panel.instruments):
            raise ValueError("the measures are those of another panel")
        kept = Registry(cache)
        indicators = _indicators(measures)
        rows, returns, seats = plan.rows(panel.sessions, until), forward_return(panel), []
        for head in heads if heads is not None else four_heads():
            walked = walk(head, panel, indicators, news, rows=rows, kept=kept)
            seats.append(Seat(walked, Record(walked.edge, walked.probability, returns, ranks(walked.edge))))
        return cls(panel, until, tuple(seats), tuple(kept.notes), plan, tuple(news), cache)

    def lengthened(self, panel: Panel, measures: Measures, *, ahead: bool = False) -> Council | None:
        """The council over a panel to which sessions have come; None where it has to be trained from the beginning.

        What it says is what a council trained on that panel says, and nothing is trained or heard twice. A training
        at the panel's last session speaks only after it: that is made where `ahead` asks for it, and else when the
        next session has come. `measures` are those of the panel.
        """
        if not self.panel.begins(panel):
            return None
        rows = self.plan.rows(panel.sessions, self.until)
        rows = rows if ahead or self._trained == rows else tuple(row for row in rows if row < len(panel.sessions) - 1)
        kept, indicators, seats = Registry(self.cache), _indicators(measures), []
        returns = self._outcomes(panel)
        try:
            for seat in self.seats:
                walked = lengthened(seat.walk, panel, indicators, self.news, rows=rows, kept=kept)
                seats.append(Seat(walked, seat.record.longer(walked.edge, walked.probability, returns)))
        except Exception:  # noqa: BLE001  features that fail silence their head throughout, which is a walk of its own
            return None
        return replace(self, panel=panel, seats=tuple(seats), notes=(*self.notes, *kept.notes))

    def prepare(self) -> None:
        """Sort what the next session is measured by."""
        for seat in self.seats:
            _ = seat.record.ahead

    @property
    def behind(self) -> bool:
        """Whether the plan trains at a session of its panel at which its heads were not trained yet."""
        return self._trained != self.plan.rows(self.panel.sessions, self.until)

    @property
    def _trained(self) -> tuple[int, ...]:
        """The rows at which its heads were trained."""
        return tuple(one.row for one in self.seats[0].walk.trainings) if self.seats else ()

    def _outcomes(self, panel: Panel) -> Floats:
        """The returns that are known on a panel to which sessions have come."""
        known = max(0, len(self.panel.sessions) - HORIZON)
        return grown(self.seats[0].record.returns[:known], outcomes(panel, known)) if self.seats else outcomes(panel)

    def advise(self, session: str) -> list[Fact]:
        """All advisories, abstentions and heads at the close of `session`, in canonical order.

        Raises `KeyError` where the panel has no such session, `ValueError` where it is not after `until`: up to there
        the bars were trained on.
        """
        row = self.panel.row(session)
        if session <= self.until:
            raise ValueError(f"`{session}` is not after `{self.until}`, the end of the first training")
        standings = {seat.name: seat.record.standing(row) for seat in self.seats}
        voices = [_Voice.of(seat, row, standings[seat.name].accuracy) for seat in self.seats]
        facts = _opinions(voices, self.panel.instruments, np.isfinite(self.panel.close[row]).tolist())
        speaking = {one.word("head") for one in facts if one.template == "advisory"}
        facts += [self._head(seat, row, standings[seat.name], seat.name in speaking) for seat in self.seats]
        return list(ordered(facts))

    def _head(self, seat: Seat, row: int, standing: Standing, speaks: bool) -> Fact:
        training = seat.walk.training(row)
        trained = self.panel.sessions[training.row if training is not None else 0]
        status = "healthy" if standing.observations >= LEAST_BETS else "unvalidated"
        if not speaks:
            status = "abstaining"
        if seat.failed(row):
            status = "failed"
        return fact(
            "head",
            head=seat.name,
            status=status,
            model=training.model if training is not None and training.model else NO_MODEL,
            age=(date.fromisoformat(self.panel.sessions[row][:10]) - date.fromisoformat(trained[:10])).days,
            observations=standing.observations,
            **_measured(standing),
        )


@dataclass(frozen=True, slots=True)
class _Voice:
    """What one head has to say at a session, by instrument."""

    name: str
    model: str
    accuracy: float | None
    silences: list[str]
    directions: list[int]
    probabilities: list[float]
    convictions: list[float]

    @classmethod
    def of(cls, seat: Seat, row: int, accuracy: float | None) -> _Voice:
        training, rank, up = seat.walk.training(row), seat.record.rank[row], seat.record.probability[row]
        return cls(
            seat.name,
            training.model if training is not None else "",
            accuracy,
            seat.silences(row),
            direction_of(rank).tolist(),
            # A flat opinion gives the probability of the side it leans to.
            np.where(rank >= 0.5, up, 1.0 - up).tolist(),
            conviction_of(rank).tolist(),
        )

    def columns(
        self, instruments: Sequence[str], places: Sequence[int], weight: Sequence[Decimal]
    ) -> dict[str, Sequence[object]]:
        """Its advisories on the instruments at these places, by slot."""
        count = len(places)
        return {
            "instrument": [instruments[at] for at in places],
            "head": [self.name] * count,
            "direction": [DIRECTIONS[self.directions[at]] for at in places],
            "probability": [self.probabilities[at] for at in places],
            "conviction": [self.convictions[at] for at in places],
            "weight": weight,
            "horizon": ["swing"] * count,
            "model": [self.model] * count,
        }


def _opinions(voices: Sequence[_Voice], instruments: Sequence[str], traded: Sequence[bool]) -> list[Fact]:
    """What the heads say, or why they do not. Raises `Refused`."""
    shares: dict[tuple[int, ...], dict[int, Decimal]] = {}
    silent: list[tuple[str, str, str]] = []
    spoken: list[list[tuple[int, Decimal]]] = [[] for _ in voices]
    for column, instrument in enumerate(instruments):
        reasons = [voice.silences[column] if traded[column] else "no bar in this session" for voice in voices]
        speaking = tuple(place for place, reason in enumerate(reasons) if not reason)
        if speaking not in shares:
            made = weights([voices[place].accuracy for place in speaking])
            shares[speaking] = dict(zip(speaking, made, strict=True))
        for place, share in shares[speaking].items():
            spoken[place].append((column, share))
        silent += [(instrument, voice.name, why) for voice, why in zip(voices, reasons, strict=True) if why]
    facts: list[Fact] = []
    if silent:
        about, heads, why = zip(*silent, strict=True)
        facts += _admitted("abstention", {"instrument": about, "head": heads, "reason": why})
    for voice, said in zip(voices, spoken, strict=True):
        if said:
            facts += _admitted("advisory", voice.columns(instruments, *zip(*said, strict=True)))
    return facts


def _admitted(template: str, columns: dict[str, Sequence[object]]) -> list[Fact]:
    facts = []
    for one in admit_all(template, columns):
        if isinstance(one, Refused):
            raise one
        facts.append(one)
    return facts


def weights(accuracies: Sequence[float | None]) -> list[Decimal]:
    """Shares by accuracy, each at least `FLOOR` before they are scaled; they add up to exactly 1.

    The last of them takes what rounding leaves, a few ten-thousandths at most.
    """
    raw = [max(accuracy or 0.0, FLOOR) for accuracy in accuracies]
    shares = [Decimal(repr(one / sum(raw))).quantize(WEIGHT_QUANTUM) for one in raw]
    return [*shares[:-1], 1 - sum(shares[:-1], Decimal(0))] if shares else []


def _indicators(measures: Measures) -> dict[str, Floats]:
    return {name: _frozen(grid) for name, grid in measures.indicators.items()}


def _frozen(grid: Floats) -> Floats:
    # One head may not write into what the next one reads.
    view = grid.view()
    view.flags.writeable = False
    return view


def _measured(standing: Standing) -> dict[str, float]:
    measured = {name: getattr(standing, name) for name in WORST}
    if measured["psi"] is not None:
        measured["psi"] = min(measured["psi"], HIGHEST_PSI)
    if measured["payoff"] is not None:
        measured["payoff"] = min(measured["payoff"], MOST_PAYOFF)
    return {name: WORST[name] if value is None else value for name, value in measured.items()}
