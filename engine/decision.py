"""What a cycle decides: a verdict for every instrument of the universe, with everything that led to it.

A decision is a value. `to_json` gives the part of the audit record that the core knows; the shell adds sequence,
record id and times around it. All numbers in it are exact text; docs/record.md describes the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.duty import Duty
from engine.gate.judge import Core, Outcome, Reading
from engine.gate.proposals import Exit, Finding
from engine.gate.sizing import Size
from engine.gate.stress import Stresses
from engine.orders.basket import Basket
from engine.orders.order import Side
from engine.orders.warrants import Inputs, Warrant
from engine.proof.prove import Proof
from engine.repairs import Way
from knowledge.clips.session import Firing
from knowledge.facts import Fact
from knowledge.prolog.session import PolicyVerdict
from knowledge.values import Json, text
from rules.nearest import Miss


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one instrument. Fields that do not apply to the outcome are empty."""

    instrument: str
    outcome: Outcome
    reasons: tuple[str, ...]
    """Codes: limit ids, `sizing.target`, or for an undetermined verdict a sentence."""
    side: Side | None = None
    rule: str = ""
    strategy: str = ""
    horizon: str = ""
    conviction: str = ""
    target: str = ""
    quantity: str = ""
    limit_price: str = ""
    stop_price: str = ""
    size: Size | None = None
    findings: tuple[Finding, ...] = ()
    policy: PolicyVerdict | None = None
    binding: tuple[Reading, ...] = ()
    cores: tuple[Core, ...] = ()
    crowding: tuple[tuple[str, str, str], ...] = ()
    miss: Miss | None = None
    repairs: tuple[Way, ...] = ()
    """What would flip a refusal, by owner."""
    basket: Basket | None = None
    """Where it is a leg: its basket, which names its fellows."""

    def to_json(self) -> Json:
        """The canonical JSON value; empty fields are left out."""
        value: dict[str, Json] = {
            "instrument": self.instrument,
            "outcome": self.outcome.value,
            "reasons": list(self.reasons),
        }
        for name in ("rule", "strategy", "horizon", "conviction", "target", "quantity", "limit_price", "stop_price"):
            if getattr(self, name):
                value[name] = getattr(self, name)
        if self.side is not None:
            value["side"] = self.side.value
        if self.size is not None:
            value["size"] = self.size.to_json()
        if self.findings:
            value["findings"] = [finding_json(one) for one in self.findings]
        if self.policy is not None:
            value["policy"] = self.policy.to_json()
        if self.binding:
            value["binding"] = [reading_json(one) for one in self.binding]
        if self.cores:
            value["cores"] = [core_json(one) for one in self.cores]
        if self.crowding:
            value["crowding"] = [list(one) for one in self.crowding]
        if self.basket is not None:
            value["basket"] = self.basket.to_json()
        if self.repairs:
            value["repairs"] = [[one.to_json() for one in way] for way in self.repairs]
        if self.miss is not None:
            value["miss"] = self.miss.to_json()
        return value


@dataclass(frozen=True, slots=True)
class ExitVerdict:
    """A proposed exit: what goes out, or what holds it; and which limits its going worsens."""

    exit: Exit
    asked: str
    """Shares left to close; more than `exit.quantity` where a per-order limit paces the exit."""
    held_back: str | None
    worsens: tuple[str, ...]

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "instrument": self.exit.instrument,
            "side": self.exit.side.value,
            "quantity": text(self.exit.quantity),
            "asked": self.asked,
            "reasons": list(self.exit.reasons),
            "held_back": self.held_back,
            "worsens": list(self.worsens),
        }


@dataclass(frozen=True)
class Decision:
    """One cycle's outcome. `fault` is a sentence where the cycle as a whole is undetermined."""

    as_of: str
    inputs: Inputs
    regime: str
    trading_state: str
    verdicts: tuple[Verdict, ...]
    exits: tuple[ExitVerdict, ...] = ()
    warrants: tuple[Warrant, ...] = ()
    duty: Duty = field(default_factory=Duty)
    """What the limits in breach ask for."""
    states: tuple[Finding, ...] = ()
    readings: tuple[Reading, ...] = ()
    derived: tuple[Fact, ...] = ()
    firings: tuple[Firing, ...] = ()
    proof: Proof | None = None
    stress: Stresses | None = None
    fault: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    law_digest: str = ""
    """Digest of the limits as JSON values (`Limits.law`); a record of an earlier release has none."""

    def verdict(self, instrument: str) -> Verdict:
        """The verdict for one instrument of the universe. Raises `KeyError`."""
        for one in self.verdicts:
            if one.instrument == instrument:
                return one
        raise KeyError(instrument)

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "schema": 1,
            "as_of": self.as_of,
            "inputs": self.inputs.to_json(),
            **({"law_digest": self.law_digest} if self.law_digest else {}),
            "versions": dict(self.versions),
            "regime": self.regime,
            "trading_state": self.trading_state,
            "fault": self.fault,
            "verdicts": [one.to_json() for one in self.verdicts],
            "exits": [one.to_json() for one in self.exits],
            **({"obligations": self.duty.to_json()} if self.duty.breaches else {}),
            "warrants": [one.to_json() for one in self.warrants],
            "states": [finding_json(one) for one in self.states],
            "readings": [reading_json(one) for one in self.readings],
            "derived": [one.to_json() for one in self.derived],
            "firings": [
                {"rule": one.rule, "matched": list(one.matched), "concluded": list(one.concluded)}
                for one in self.firings
            ],
            "proof": None if self.proof is None else self.proof.to_json(),
            **({} if self.stress is None else {"stress": self.stress.to_json()}),
        }


def finding_json(one: Finding) -> Json:
    """The canonical JSON value of a condition's finding."""
    return {"limit": one.limit, "holds": one.holds, "value": one.value, "bound": one.bound, "detail": one.detail}


def reading_json(one: Reading) -> Json:
    """The canonical JSON value of a measure's reading; a convex one says its worst corner, null where it is a bound."""
    value = {
        "measure": one.measure,
        "limit": one.limit,
        "value": text(one.value),
        "bound": text(one.bound),
        "base": text(one.base),
        "slack": text(one.slack),
    }
    if one.corner is None:
        return value
    shares = [[name, text(each)] for name, each in one.corner.shares]
    return {**value, "corner": shares if one.corner.enumerated else None}


def core_json(one: Core) -> Json:
    """The canonical JSON value of a core."""
    return {"constraint": one.constraint, "limit": one.limit, "grants": list(one.grants)}
