"""The core behind canonical bytes: a request in, an answer out. What the worker process serves.

`load` reads a rulebook and limits; `decide` decides one cycle under them. `tell` says facts that the next snapshot
will hold, and has no answer: they are read while the rest is made, and `decide` then names how many were told. A
request that makes no sense, and every surprise while deciding, is answered with an undetermined decision that permits
nothing and says why: the cycle is lost, the desk is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.decide import decide
from engine.gate.ahead import Ahead
from engine.limits.model import Limits
from engine.limits.text import read_limits
from engine.orders.portfolio import Portfolio
from engine.orders.warrants import Inputs
from engine.proof import solver
from engine.verdicts import Silences, surprise, told_here, undetermined
from knowledge.columns import facts_of, snapshot_of
from knowledge.facts import Fact, in_order, ordered
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, canonical_if_floatless, parse
from rules.reasoning import Reasoning
from rules.rulebook import Rulebook


@dataclass
class Service:
    """Holds the loaded rulebook and limits between requests."""

    rulebook: Rulebook | None = None
    limits: Limits | None = None
    told: list[Fact] = field(default_factory=list)
    """What was told since the last decision."""
    ahead: Ahead | None = None
    """What was made of it."""
    silences: Silences = told_here
    """Who tells why nothing is proposed."""
    collect_every: int = 1
    """After how many answers whoever serves them looks for garbage."""
    spent: object = None
    """What the last decision was made of, which `rest` lets go of: to free thousands of facts takes milliseconds."""

    def answer(self, request: bytes) -> bytes | None:
        """Answer one request; None where none is due. Raises on what is not canonical JSON with a known `op`."""
        message = parse(request)
        match message["op"]:
            case "load":
                return canonical(self._load(message))
            case "tell":
                self._tell(message)
                return None
            case "decide":
                # The keeper parses it, and takes no float.
                return canonical_if_floatless({"decision": self._decide(message)})
            case other:
                raise ValueError(f"unknown request `{other}`")

    def rest(self) -> None:
        """Let go of what the last decision was made of, and make ready for the next one."""
        self.spent = None
        if self.rulebook is not None:
            Reasoning.of(self.rulebook).prepare()
            solver.prepare()

    def _load(self, message: Json) -> Json:
        self.rulebook = self.limits = None
        try:
            rulebook = Rulebook.from_json(message["rulebook"])
            limits = read_limits(message["limits"])
            Reasoning.of(rulebook)
        except Faulty as error:
            faults = [[fault.file, fault.line, fault.column, fault.message] for fault in error.faults]
            return {"faults": faults}
        self.rulebook, self.limits = rulebook, limits
        return {"rulebook": rulebook.fingerprint, "limits": limits.fingerprint}

    def _tell(self, message: Json) -> None:
        facts = facts_of(message["columns"])
        if self.rulebook is not None:
            Reasoning.of(self.rulebook).hear(facts)
        for fact in facts:
            _ = fact.line
        last = in_order(self.told[-1]) if self.told else None
        self.told += facts
        if not _rising(last, facts):
            self.told = list(ordered(self.told))
        if self.limits is not None:
            self.ahead = self.ahead or Ahead(self.limits.parameters.cluster_threshold)
            try:
                self.ahead.hear(facts)
            except Exception:  # noqa: BLE001 - whatever it is: it is met again where the market is read
                self.ahead = None

    def _decide(self, message: Json) -> Json:
        assert self.rulebook is not None and self.limits is not None, "decide before load"
        (told, self.told), (ahead, self.ahead) = (self.told, []), (self.ahead, None)
        due = message.get("told", 0)
        if due not in (0, len(told)):
            raise ValueError(f"{len(told)} facts were told, and {due} are asked about")
        snapshot = snapshot_of(message["snapshot"], told if due else ())
        portfolio = Portfolio.from_json(message["portfolio"])
        self.spent = message, snapshot, portfolio, ahead
        try:
            return decide(snapshot, self.rulebook, self.limits, portfolio, self.silences, before=ahead).to_json()
        except Exception as error:  # noqa: BLE001 - the boundary of a cycle: any bug ends in no entry, recorded
            inputs = Inputs(snapshot.digest, self.rulebook.fingerprint, self.limits.fingerprint, portfolio.digest)
            return undetermined(snapshot, inputs, surprise(error)).to_json()


def _rising(last: tuple[str, tuple[str, ...]] | None, facts: Sequence[Fact]) -> bool:
    """Whether facts that come after another are in canonical order, so that they need not be put into it."""
    for fact in facts:
        place = in_order(fact)
        if last is not None and place < last:
            return False
        last = place
    return True
