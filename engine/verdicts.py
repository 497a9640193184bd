"""From the gate's rulings and the solver's agreement to the verdict on each instrument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from engine.candidates import Candidate
from engine.decision import Decision, Verdict
from engine.gate.judge import Outcome, Ruling
from engine.limits.model import UNKNOWN_REGIME, Limit
from engine.orders.warrants import Inputs
from engine.proof.prove import Proof
from engine.repairs import repairs
from knowledge.facts import Fact, Snapshot
from knowledge.values import Json, text
from rules.conditions import WorkingMemory
from rules.miss import Miss
from rules.nearest import nearest
from rules.questions import misses_of, question
from rules.rulebook import Rulebook


def verdict_of(ruling: Ruling, candidate: Candidate, proof: Proof, rows: Mapping[str, Limit], nav: Fraction) -> Verdict:
    """The verdict on one candidate; without the solver's agreement it is undetermined and grants nothing.

    `rows` are the limits of the session by id, `nav` the account's.
    """
    fact, entry = candidate.fact, candidate.entry
    if proof.agrees:
        outcome, quantity = ruling.outcome, ruling.quantity
        limits = [core.limit for core in ruling.cores] + [reading.limit for reading in ruling.binding]
        reasons = tuple(dict.fromkeys(limits))
    else:
        outcome, quantity, reasons = Outcome.UNDETERMINED, entry.target * 0, (proof.fault or "no agreement",)
    return Verdict(
        instrument=entry.instrument,
        outcome=outcome,
        reasons=reasons,
        side=entry.side,
        rule=fact.word("rule"),
        strategy=entry.strategy,
        horizon=entry.horizon,
        conviction=text(entry.conviction),
        target=text(entry.target),
        quantity=text(quantity),
        limit_price=text(entry.limit_price),
        stop_price=text(entry.stop_price),
        size=candidate.size,
        findings=entry.findings,
        policy=candidate.policy,
        binding=ruling.binding,
        cores=ruling.cores,
        crowding=tuple((measure, name, text(part)) for measure, name, part in ruling.crowding),
        basket=entry.basket,
        repairs=repairs(ruling, rows, nav, candidate.policy) if proof.agrees else (),
    )


@dataclass(frozen=True)
class Silent:
    """The instruments without a candidate, and what is known of them."""

    rulebook: Rulebook
    snapshot: Snapshot
    others: tuple[Fact, ...]
    """The facts beside the snapshot's: the portfolio's and the derived ones."""
    instruments: tuple[str, ...]

    def verdicts(self) -> list[Verdict]:
        """The rule that came closest, for each. Raises whatever goes wrong."""
        program, memory = self.rulebook.program, WorkingMemory(self.others, self.snapshot.by_template)
        return self._told([nearest(program, memory, name) for name in self.instruments])

    def question(self) -> bytes:
        """The same as a question to another process."""
        return question(self.rulebook.program, self.snapshot, self.others, self.instruments)

    def verdicts_by(self, answer: bytes) -> list[Verdict]:
        """The verdicts of its answer. Raises `ValueError`."""
        return self._told(misses_of(answer, self.instruments))

    def _told(self, misses: Sequence[Miss | None]) -> list[Verdict]:
        return [
            Verdict(name, Outcome.NO_CANDIDATE, (), miss=miss)
            for name, miss in zip(self.instruments, misses, strict=True)
        ]


Silences = Callable[[Silent], Callable[[], list[Verdict]]]
"""Begins to ask why; what it gives back waits for the verdicts, and may be called again."""


def told_here(silent: Silent) -> Callable[[], list[Verdict]]:
    """They are told when they are asked for, by nobody else."""
    return cache(silent.verdicts)


def unexplained(instruments: Iterable[str], error: Exception) -> list[Verdict]:
    """The same where the closest rules could not be told, because of `error`."""
    reason = f"the closest rule is not known: {surprise(error)}"
    return [Verdict(name, Outcome.NO_CANDIDATE, (reason,)) for name in instruments]


def refused_verdict(instrument: str, why: str) -> Verdict:
    """For an instrument about which the rules propose what can be no candidate."""
    return Verdict(instrument, Outcome.UNDETERMINED, (why,))


def undetermined(snapshot: Snapshot, inputs: Inputs, fault: str) -> Decision:
    """A whole cycle that could not be decided: every instrument undetermined, nothing warranted."""
    return Decision(
        as_of=snapshot.as_of,
        inputs=inputs,
        regime=UNKNOWN_REGIME,
        trading_state="reducing",
        verdicts=tuple(Verdict(name, Outcome.UNDETERMINED, (fault,)) for name in snapshot.universe),
        fault=fault,
    )


def spoken_over(answer: Json, said: str) -> Json:
    """An answer during which an engine printed something: whatever was decided, it permits nothing."""
    decision = answer.get("decision")
    if decision is None:
        return {"faults": [["rulebook", 1, 1, f"an engine printed while loading it: {said}"]]}
    fault = f"an engine printed while deciding: {said}"
    verdicts = [
        {"instrument": one["instrument"], "outcome": Outcome.UNDETERMINED.value, "reasons": [fault]}
        for one in decision["verdicts"]
    ]
    return {"decision": {**decision, "fault": fault, "verdicts": verdicts, "warrants": [], "exits": []}}


def instruments_of(snapshot: Snapshot, derived: tuple[Fact, ...]) -> tuple[str, ...]:
    """Everything a verdict is due for: the universe, and whatever else the rules propose to enter."""
    proposed = {fact.word("instrument") for fact in derived if fact.template == "candidate"}
    return tuple(sorted(set(snapshot.universe) | proposed))


def surprise(error: BaseException) -> str:
    """What happened and where, for a record: the error's kind, the line that raised it, its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
    return f"{type(error).__name__} at {place}: {error}"
