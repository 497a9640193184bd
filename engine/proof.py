"""The two questions of a decision, and whether the solver's answers agree with the arithmetic.

1. Is there a filling of these grants that breaks a limit or a condition? It must be *unsat*.
2. For each cut or denied candidate: with the grants made before it and one lot more of it, is there one? It must be
   *sat*, and the filling it finds is told.

Any other answer, `unknown` or nonsense is a disagreement, and a decision without agreement grants nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from engine.figures import amount, percent
from engine.gate import Judgement, Outcome, Ruling
from engine.limits import Limits
from engine.market import Market
from engine.portfolio import Portfolio
from engine.proposals import Exit, Grant
from engine.smt import Asked, Script, script
from engine.solver import Answer, Nonsense, answers, version
from knowledge.values import Json, canonical, digest, text

FIRST = "is there a filling of these grants that breaks a limit or a condition"


@dataclass(frozen=True)
class Proof:
    """The script, the answers, and what they say. Without entries there is nothing to ask, and nothing disagrees."""

    script: str = ""
    answers: tuple[tuple[str, str, str], ...] = ()
    """(question, expected, answered)."""
    sentences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the solver adds to the verdict on an instrument."""
    fault: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether arithmetic and solver say the same."""
        return self.fault is None

    @property
    def versions(self) -> Mapping[str, str]:
        """The solver's name and version."""
        return {"z3": version()}

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "agrees": self.agrees,
            "fault": self.fault,
            "script": self.script,
            "script_digest": digest(canonical(self.script)),
            "solver": f"z3 {version()}",
            "answers": [list(one) for one in self.answers],
            "sentences": {name: list(told) for name, told in self.sentences.items()},
        }


def prove(
    portfolio: Portfolio, exits: Sequence[Exit], judgement: Judgement, market: Market, limits: Limits, regime: str
) -> Proof:
    """Ask both questions and compare."""
    if not judgement.rulings:
        return Proof()
    asked = questions(judgement.rulings, market)
    written = script(portfolio, exits, asked, market, limits, regime)
    try:
        given = answers(written.text)
    except Nonsense as error:
        return Proof(written.text, fault=f"the solver's answer makes no sense: {error}")
    if len(given) != len(asked):
        return Proof(written.text, fault=f"the solver answered {len(given)} of {len(asked)} questions")
    compared = tuple((one.name, one.expected, answer.verdict) for one, answer in zip(asked, given, strict=True))
    apart = [
        f"{name}: expected {expected}, got {verdict}" for name, expected, verdict in compared if expected != verdict
    ]
    fault = f"arithmetic and solver disagree: {'; '.join(apart)}" if apart else None
    return Proof(written.text, compared, _sentences(written, given, portfolio), fault)


def questions(rulings: Sequence[Ruling], market: Market) -> list[Asked]:
    """What is asked about these rulings: first of all grants together, then of each cut or denied entry."""
    granted: list[Grant] = []
    asked: list[Asked] = []
    for ruling in rulings:
        name = ruling.entry.instrument
        if ruling.outcome in (Outcome.CUT, Outcome.DENIED):
            lot = Fraction(market.terms[name].lot) if name in market.terms else Fraction(1)
            more = Grant(ruling.entry, ruling.quantity + lot)
            asked.append(Asked(f"is there one with one lot more of {name}", "sat", (*granted, more), name))
        if ruling.quantity > 0:
            granted.append(Grant(ruling.entry, ruling.quantity))
    return [Asked(FIRST, "unsat", tuple(granted)), *asked]


def _sentences(written: Script, given: Sequence[Answer], portfolio: Portfolio) -> dict[str, tuple[str, ...]]:
    told: dict[str, tuple[str, ...]] = {}
    for question, answer, subjects in zip(written.questions, given, written.subjects, strict=True):
        if question.expected == "unsat" and answer.verdict == "unsat":
            for one in question.grants:
                told[one.entry.instrument] = ("no filling of the granted orders breaks a limit or a condition (unsat)",)
        elif question.about and answer.verdict == "sat":
            told[question.about] = (
                *told.get(question.about, ()),
                _witness(written, question, answer, subjects, portfolio),
            )
    return told


def _witness(written: Script, question: Asked, answer: Answer, subjects: Sequence[str], portfolio: Portfolio) -> str:
    """The filling that breaks something, in words."""
    values = dict(answer.values)
    broken = [
        f"{subject} stands at {_of_nav(values[f'v{at}'], portfolio)} of at most {_of_nav(values[f'b{at}'], portfolio)}"
        for at, subject in enumerate(subjects)
        if values[f"v{at}"] > values[f"b{at}"] and values[f"v{at}"] > values[f"w{at}"]
    ]
    if not broken:
        return "one lot more is forbidden by a condition or by its target, however the orders fill (sat)"
    fills = [
        f"{label} fills {amount(values[fill])}" if values[fill] else f"{label} waits"
        for fill, label in written.fills.items()
        if fill in values
    ]
    return f"one lot more, and if {', '.join(fills)}: {'; '.join(broken)} (sat)"


def _of_nav(value: Fraction, portfolio: Portfolio) -> str:
    nav = Fraction(portfolio.nav)
    return percent(value / nav) if nav > 0 and abs(value) > 1 else text(value)
