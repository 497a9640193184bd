"""What the heads said in the decisions of a report, and what became of it, from the log alone.

An opinion is an `advisory` of a decision's snapshot: a direction with the probability that it is right. Its outcome is
known `HORIZON` sessions later: whether the price rose over them, by the closes that the books recorded; a long opinion
is right where it did, a short one where it did not. Not counted: flat opinions, those whose horizon has not passed
within the report, and those over which a share was split or has no close. Dividends are left out (heads are trained on
total returns), which moves an outcome near nothing once in a while. Opinions inside a session are not scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from adapters.audit.kinds import period_of
from knowledge.values import Json, fraction

HORIZON = 5
"""Sessions over which every head predicts (`advisors.heads.base.HORIZON`, which a test holds this to)."""
BINS, NARROWEST = 8, 0.02
COIN = 0.25
"""The Brier score of always saying one half."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One opinion."""

    head: str
    period: str
    instrument: str
    direction: str
    probability: float
    conviction: float
    rose: bool | None = None
    """Whether the price rose over the horizon; None where that is not known."""

    @property
    def right(self) -> bool:
        """Whether the direction was right."""
        return self.rose is not None and self.rose == (self.direction == "long")


@dataclass(frozen=True, slots=True)
class Health:
    """What a decision's snapshot said of a head: its own record as known then, and the model that spoke."""

    period: str
    status: str
    model: str
    brier: float
    psi: float
    accuracy: float
    hit_rate: float
    payoff: float
    observations: int
    age: int


@dataclass
class Heads:
    """A fold over decisions with their snapshots, and over the closes and splits of the books."""

    opinions: list[Opinion] = field(default_factory=list)
    health: dict[str, list[Health]] = field(default_factory=dict)
    abstentions: dict[str, dict[str, int]] = field(default_factory=dict)
    """By head: how often each reason was given."""
    sessions: list[str] = field(default_factory=list)
    closes: list[dict[str, Fraction]] = field(default_factory=list)
    splits: set[tuple[str, str]] = field(default_factory=set)
    """Instrument and session."""

    def take(self, record: Json) -> None:
        """Read one `books` record."""
        if record["entry"] == "session":
            self.sessions.append(record["session"])
            self.closes.append({name: fraction(close) for name, close in record["closes"].items()})
        elif record["entry"] == "split":
            self.splits.add((record["instrument"], record["session"]))

    def hear(self, decision: Json, snapshot: Json) -> None:
        """Read what the heads said to one decision."""
        period = period_of(decision)
        for template, slots in snapshot["facts"]:
            if template == "advisory" and slots["direction"] != "flat":
                chance, rank = float(slots["probability"]), float(slots["conviction"])
                one = Opinion(slots["head"], period, slots["instrument"], slots["direction"], chance, rank)
                self.opinions.append(one)
            elif template == "head":
                self.health.setdefault(slots["head"], []).append(_health(period, slots))
            elif template == "abstention":
                reasons = self.abstentions.setdefault(slots["head"], {})
                reasons[slots["reason"]] = reasons.get(slots["reason"], 0) + 1

    def scored(self) -> list[Opinion]:
        """The opinions whose outcome is known, with it."""
        place = {session: at for at, session in enumerate(self.sessions)}
        found = []
        for one in self.opinions:
            rose = self._rose(one, place.get(one.period))
            if rose is not None:
                found.append(
                    Opinion(one.head, one.period, one.instrument, one.direction, one.probability, one.conviction, rose)
                )
        return found

    def _rose(self, one: Opinion, at: int | None) -> bool | None:
        if at is None or at + HORIZON >= len(self.sessions):
            return None
        between = self.sessions[at + 1 : at + HORIZON + 1]
        begin, end = self.closes[at].get(one.instrument), self.closes[at + HORIZON].get(one.instrument)
        if begin is None or end is None or any((one.instrument, day) in self.splits for day in between):
            return None
        return end > begin


def _health(period: str, slots: Json) -> Health:
    return Health(
        period, slots["status"], slots["model"], float(slots["brier"]), float(slots["psi"]), float(slots["accuracy"]),
        float(slots["hit-rate"]), float(slots["payoff"]), int(slots["observations"]), int(slots["age"]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bin:
    """Opinions whose probabilities are alike: how many, their mean, and the share that was right."""

    said: float
    count: int
    right: int
    effective: float
    """How many of them are worth counting as independent: one in `HORIZON`."""


@dataclass(frozen=True, slots=True)
class Skill:
    """What a head's opinions came to."""

    head: str
    count: int
    right: int
    brier: float
    low: float
    high: float
    """The ends of the 95 % interval of the difference of its Brier score to a coin's, below zero where it is better."""
    bins: tuple[Bin, ...]

    @property
    def better(self) -> bool:
        """Whether it is surely better than a coin."""
        return self.high < 0

    @property
    def worse(self) -> bool:
        """Whether it is surely worse than a coin."""
        return self.low > 0


def skill(head: str, opinions: Sequence[Opinion]) -> Skill:
    """The figures of one head; at least one opinion.

    The interval is of means by session, of which one in `HORIZON` counts: opinions on instruments of one day, and those
    whose horizons overlap, are nearly the same observation.
    """
    errors = [(one.right - one.probability) ** 2 - COIN for one in opinions]
    days: dict[str, list[float]] = {}
    for one, error in zip(opinions, errors, strict=True):
        days.setdefault(one.period, []).append(error)
    means = [sum(some) / len(some) for some in days.values()]
    mean = sum(means) / len(means)
    effective = max(len(means) / HORIZON, 2.0)
    spread = (sum((one - mean) ** 2 for one in means) / max(len(means) - 1, 1)) ** 0.5
    from scipy.special import stdtrit

    half = float(stdtrit(effective - 1, 0.975)) * spread / effective**0.5 if len(means) > 1 else 1.0
    right, brier = sum(one.right for one in opinions), COIN + sum(errors) / len(errors)
    return Skill(head, len(opinions), right, brier, mean - half, mean + half, tuple(bins(opinions)))


def bins(opinions: Sequence[Opinion]) -> list[Bin]:
    """Opinions by probability, in parts of equal width: `BINS` at most, none narrower than `NARROWEST`."""
    low, high = min(one.probability for one in opinions), max(one.probability for one in opinions)
    width = max(NARROWEST, (high - low) / BINS)
    first = floor(low / width)
    parts: dict[int, list[Opinion]] = {}
    for one in opinions:
        parts.setdefault(min(floor(one.probability / width) - first, BINS), []).append(one)
    return [
        Bin(sum(one.probability for one in part) / len(part), len(part), sum(one.right for one in part),
            max(len(part) / HORIZON, 1.0))
        for _, part in sorted(parts.items())
    ]  # fmt: skip
