"""The two questions of a decision, and whether the solver's answers agree with the arithmetic.

1. Is there a filling of these grants that breaks a limit or a condition? It must be *unsat*.
2. For each cut or denied candidate: with the grants made before it and one lot more of it, is there a filling that
   breaks what the arithmetic says it breaks? It must be *sat*, and the filling it finds is told. Of a basket, one unit
   more of all its legs is asked about, once.

Any other answer, `unknown` or nonsense is a disagreement, and a decision without agreement grants nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from engine.gate.judge import SIZE, Judgement, Outcome, Ruling, forbidding
from engine.gate.market import Market
from engine.gate.proposals import Bundle, Exit, Grant
from engine.limits.model import UNKNOWN_STATE, Limits
from engine.orders.portfolio import Portfolio
from engine.proof.smt import Script, script
from engine.proof.smt_desk import Order
from engine.proof.smt_question import Asked, Written
from engine.proof.smt_text import Unaskable
from engine.proof.solver import Answer, Nonsense, answers, version
from engine.telling.figures import amount, percent, root
from knowledge.values import Json, canonical, digest, text

FIRST = "is there a filling of these grants that breaks a limit or a condition"
SECOND = "is there one with one lot more of"
OF_A_BASKET = "is there one with one unit more of"


@dataclass(frozen=True, slots=True)
class Compared:
    """One question with both answers; with `sat`, the fills of the orders that do not all wait in what was found."""

    question: str
    expected: str
    answered: str
    filling: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "question": self.question,
            "expected": self.expected,
            "answered": self.answered,
            "filling": [list(one) for one in self.filling],
        }


@dataclass(frozen=True)
class Proof:
    """The script, the answers, and what they say. Without entries there is nothing to ask, and nothing disagrees."""

    script: str = ""
    answers: tuple[Compared, ...] = ()
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

    @property
    def script_digest(self) -> str:
        """Digest of the text as a canonical value, under which the store keeps it."""
        return digest(canonical(self.script))

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "agrees": self.agrees,
            "fault": self.fault,
            "script": self.script,
            "script_digest": self.script_digest,
            "solver": f"z3 {version()}",
            "answers": [one.to_json() for one in self.answers],
            "sentences": {name: list(told) for name, told in self.sentences.items()},
        }


def prove(
    portfolio: Portfolio,
    exits: Sequence[Exit],
    judgement: Judgement,
    market: Market,
    limits: Limits,
    regime: str,
    state: str = UNKNOWN_STATE,
    meanwhile: Callable[[], object] | None = None,
) -> Proof:
    """Ask both questions and compare; `meanwhile` is called while the solver works, if it is asked anything."""
    if not judgement.rulings:
        return Proof()
    asked, asking = questions(judgement.rulings, market), ""
    try:
        written = script(portfolio, exits, asked, market, limits, regime, state)
        asking = written.text
        given = answers(asking, meanwhile)
    except Unaskable as error:
        return Proof(fault=f"the question cannot be put to the solver: {error}")
    except Nonsense as error:
        return Proof(asking, fault=f"the solver's answer makes no sense: {error}")
    if len(given) != sum(written.checks):
        return Proof(asking, fault=f"the solver answered {len(given)} of {sum(written.checks)} checks")
    given = whole(given, written.checks)
    compared = tuple(_compared(written, at, answer) for at, answer in enumerate(given))
    fault = _disagreement(written, given, compared)
    return Proof(asking, compared, {} if fault else _sentences(written, given, portfolio), fault)


def whole(given: Sequence[Answer], checks: Sequence[int]) -> list[Answer]:
    """One answer to each question: what is asked in pieces is sat where one piece is, and unsat where all are."""
    rest, whole = iter(given), []
    for count in checks:
        pieces = [next(rest) for _ in range(count)]
        verdicts = {one.verdict for one in pieces}
        if "sat" in verdicts:
            whole.append(next(one for one in pieces if one.verdict == "sat"))
        else:
            whole.append(Answer("unsat" if verdicts == {"unsat"} else "unknown"))
    return whole


def _disagreement(written: Script, given: Sequence[Answer], compared: Sequence[Compared]) -> str | None:
    """Why the answers do not bear out the arithmetic, if they do not."""
    apart = [one for one in compared if one.expected != one.answered]
    if apart:
        told = "; ".join(f"{one.question}: expected {one.expected}, got {one.answered}" for one in apart)
        return f"arithmetic and solver disagree: {told}"
    empty = [written.questions[at].about for at, answer in enumerate(given) if not _shows(written, at, answer)]
    return f"the filling found for {', '.join(empty)} breaks nothing" if empty else None


def questions(rulings: Sequence[Ruling], market: Market) -> list[Asked]:
    """What is asked about these rulings: first of all grants together, then of each cut or denied entry or basket."""
    granted: list[Grant] = []
    asked: list[Asked] = []
    for _, ruled in groupby(rulings, lambda one: Bundle((one.entry,)).name):
        together = list(ruled)
        first, bundle = together[0], Bundle(tuple(one.entry for one in together))
        if first.outcome in (Outcome.CUT, Outcome.DENIED):
            more = tuple(
                Grant(one.entry, one.quantity + step)
                for one, step in zip(together, bundle.steps(market.terms), strict=True)
            )
            name = f"{SECOND if bundle.basket is None else OF_A_BASKET} {bundle.name}"
            asked.append(Asked(name, "sat", (*granted, *more), bundle.name, _breaks(first, bundle), more))
        granted += [Grant(one.entry, one.quantity) for one in together if one.quantity > 0]
    return [Asked(FIRST, "unsat", tuple(granted)), *asked]


def _breaks(ruling: Ruling, bundle: Bundle) -> tuple[str, ...]:
    """The numeric limits that one lot or unit more breaks, so says the arithmetic."""
    conditions = {SIZE, *(core.constraint for core in forbidding(bundle))}
    measures = [core.constraint for core in ruling.cores] + [reading.measure for reading in ruling.binding]
    return tuple(dict.fromkeys(one for one in measures if one not in conditions))


def _compared(written: Script, at: int, answer: Answer) -> Compared:
    question, values = written.questions[at], dict(answer.values)
    filled = ((one.fill.strip("|"), values.get(one.fill), one.unit) for one in written.orders[at])
    filling = tuple((name, text(worth / unit)) for name, worth, unit in filled if worth)
    return Compared(question.name, question.expected, answer.verdict, filling)


def _shows(written: Script, at: int, answer: Answer) -> bool:
    """Whether a filling that was found breaks a limit in question; where none is in question nothing needs showing."""
    values, limits = dict(answer.values), written.limits[at]
    if answer.verdict != "sat" or not limits:
        return True
    asked = {one.value for one in limits} | {one.fill for one in written.orders[at]}
    return asked <= values.keys() and any(values[one.value] > one.bound for one in limits)


# --- in words ---------------------------------------------------------------------------------------------------


def _sentences(written: Script, given: Sequence[Answer], portfolio: Portfolio) -> dict[str, tuple[str, ...]]:
    """What agreeing answers say of each instrument."""
    told: dict[str, list[str]] = {}
    for at, (question, answer) in enumerate(zip(written.questions, given, strict=True)):
        if question.about:
            words = _witness(written, at, answer, portfolio)
            for one in question.more:
                told.setdefault(one.entry.instrument, []).append(words)
        else:
            for one in question.grants:
                words = "no filling of the granted orders breaks a limit or a condition (unsat)"
                told.setdefault(one.entry.instrument, []).append(words)
    return {name: tuple(told[name]) for name in sorted(told)}


def _witness(written: Script, at: int, answer: Answer, portfolio: Portfolio) -> str:
    """The filling that breaks something."""
    question, values = written.questions[at], dict(answer.values)
    bundle = Bundle(tuple(one.entry for one in question.more))
    step = "one lot more" if bundle.basket is None else "one unit more"
    if not written.limits[at]:
        failing = [core.constraint for core in forbidding(bundle)]
        targets = " and ".join(amount(one.target) for one in bundle.entries)
        why = f"forbidden by {', '.join(failing)}" if failing else f"beyond its target of {targets} shares"
        return f"{step} is {why}, however the orders fill (sat)"
    broken = [one for one in written.limits[at] if values[one.value] > one.bound]
    stands = "; ".join(_stands(one, values[one.value], one.bound, portfolio) for one in broken)
    if not written.orders[at]:
        return f"{step}, and however the orders fill {stands} (sat)"
    if all(one.ceiling for one in broken):
        return f"{step}, and by a bound that is never too low {stands} (sat)"
    return f"{step}, and if {_filled(written.orders[at], values)}: {stands} (sat)"


def _filled(orders: Sequence[Order], values: Mapping[str, Fraction]) -> str:
    fills = [f"{one.label} fills {amount(values[one.fill] / one.unit, 3)}" for one in orders if values[one.fill]]
    waits = [one.label for one in orders if not values[one.fill]]
    waiting = [f"{' and '.join(waits)} {'waits' if len(waits) == 1 else 'wait'}"] if waits else []
    return " while ".join([*([" and ".join(fills)] if fills else []), *waiting])


def _stands(one: Written, value: Fraction, bound: Fraction, portfolio: Portfolio) -> str:
    """A limit's value beside its bound, in the unit its owner writes it in."""
    nav = Fraction(portfolio.nav)
    if one.limit.spec.form == "convex":
        # Squares are compared; a person reads their roots.
        value, bound = root(value), root(bound)
    if one.limit.unit not in ("NAV", "NAV a year") or nav <= 0:
        return f"{one.measure} stands at {amount(value)} of at most {amount(bound)}"
    shown, most = percent(value / nav), percent(bound / nav)
    beyond = f" ({amount(value - bound, 2)} {portfolio.currency} beyond)" if shown == most else ""
    return f"{one.measure} stands at {shown} of at most {most} of NAV{beyond}"
