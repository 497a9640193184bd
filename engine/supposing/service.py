"""What a process serves that decides one cycle again and again, each time a little otherwise.

Beside what every worker answers (`engine.service`), it knows `suppose`: a base (snapshot and portfolio) that stays, and
what is put in place of parts of it. The decision is made by the same `decide`. Unless it is asked for in full, it is
only an outline: outcomes without their grounds. For an outline the solver is not asked, as it can only say that the
arithmetic is right or make the verdict undetermined, and no closest rule is looked for; whoever searches with outlines
has to ask for what he found in full. Nothing that is answered here warrants anything.

Names of a request: `base`, `as_of`, `universe`, `put` (facts), `drop` (refs), `portfolio`, `rulebook`, `limits` (a
text), `others` (`text` and which parts of it to `take`), `bounds` (numbers by the names of `law.parts`), `full`, `read`
(say what the decision read of the snapshot, beside what its rules read).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from engine.decide import decide
from engine.decision import Decision, Verdict
from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from engine.orders.portfolio import Portfolio
from engine.orders.warrants import Inputs
from engine.proof.prove import Proof, prove
from engine.service import Service
from engine.supposing.case import with_facts
from engine.supposing.difference import COMPARED, EXIT
from engine.supposing.law import bounded, mixed
from engine.verdicts import Silent, surprise, undetermined
from knowledge.door import Refused, admit, freeze, snapshot_from_json
from knowledge.facts import Fact, Snapshot
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, parse
from rules.reasoning import Reasoning
from rules.rulebook import Rulebook


@dataclass(frozen=True)
class Watched(Snapshot):
    """A snapshot that knows which of its facts somebody looked up. What goes through all facts (the rules) does not
    count."""

    read: set[str] = field(default_factory=set, compare=False, repr=False)

    def find(self, template: str, *key: str) -> Fact | None:
        """As `Snapshot.find`, and remembered."""
        found = super().find(template, *key)
        self.read.add(f"{template}({','.join(key)})")
        return found

    def all(self, template: str) -> tuple[Fact, ...]:
        """As `Snapshot.all`, and remembered."""
        found = super().all(template)
        self.read.update(one.ref for one in found)
        return found

    def about(self, template: str, instrument: str) -> tuple[Fact, ...]:
        """As `Snapshot.about`, and remembered."""
        found = self._by_instrument(template).get(instrument, ())
        self.read.update(one.ref for one in found)
        return found

    def _by_instrument(self, template: str) -> dict[str, tuple[Fact, ...]]:
        if template not in self._instruments:
            groups: dict[str, list[Fact]] = {}
            for fact in self.by_template.get(template, ()):
                groups.setdefault(fact.word("instrument"), []).append(fact)
            self._instruments[template] = {name: tuple(facts) for name, facts in groups.items()}
        return self._instruments[template]


@dataclass
class Supposing(Service):
    """Holds a base beside the loaded rulebook and limits."""

    base: tuple[Snapshot, Portfolio] | None = None
    collect_every: int = 50
    """An outline leaves little behind, and to look for it takes a third of the time of one."""

    def answer(self, request: bytes) -> bytes | None:
        """Answer one request, as `Service.answer`."""
        message = parse(request)
        if message["op"] != "suppose":
            return super().answer(request)
        try:
            return canonical({"decision": self._suppose(message)})
        except (Faulty, Refused, ArithmeticError, KeyError, TypeError, ValueError) as error:
            # What lies between two cases may be no case at all.
            return canonical({"decision": _nothing(surprise(error))})

    def _suppose(self, message: Json) -> Json:
        assert self.rulebook is not None and self.limits is not None, "suppose before load"
        if "base" in message:
            base = message["base"]
            self.base = snapshot_from_json(base["snapshot"]), Portfolio.from_json(base["portfolio"])
        assert self.base is not None, "suppose before a base"
        snapshot, portfolio = self.base
        if "portfolio" in message:
            portfolio = Portfolio.from_json(message["portfolio"])
        put = [admit(name, slots) for name, slots in message.get("put", ())]
        snapshot = with_facts(snapshot, put, message.get("drop", ()))
        if "as_of" in message or "universe" in message:
            as_of, universe = message.get("as_of", snapshot.as_of), message.get("universe", snapshot.universe)
            snapshot = freeze(as_of, universe, snapshot.facts)
        watched = Watched(snapshot.as_of, snapshot.universe, snapshot.facts) if message.get("read") else None
        rulebook = _rulebook(canonical(message["rulebook"])) if "rulebook" in message else self.rulebook
        decision = self._decided(
            watched or snapshot, rulebook, self._limits(message, snapshot), portfolio, message.get("full", False)
        )
        if message.get("full"):
            found = decision.to_json()
            return {**found, "warrants": []}
        return {**outline(decision), **({"read": sorted(watched.read)} if watched is not None else {})}

    def _limits(self, message: Json, snapshot: Snapshot) -> Limits:
        assert self.limits is not None
        limits = _limits_of(message["limits"]) if "limits" in message else self.limits
        if "others" in message:
            limits = mixed(limits, _limits_of(message["others"]["text"]), message["others"]["take"])
        if "bounds" in message:
            numbers = {name: Fraction(digits) for name, digits in message["bounds"].items()}
            limits = bounded(limits, numbers, snapshot.as_of[:10])
        return limits

    def _decided(
        self, snapshot: Snapshot, rulebook: Rulebook, limits: Limits, portfolio: Portfolio, full: bool
    ) -> Decision:
        reasoning = Reasoning.of(rulebook)
        reasoning.remembers = not full
        try:
            silences, proving = (self.silences, prove) if full else (_unasked, _unproved)
            return decide(snapshot, rulebook, limits, portfolio, silences, proving)
        except Exception as error:  # noqa: BLE001 - as for a cycle: whatever goes wrong permits nothing, and is told
            inputs = Inputs(snapshot.digest, rulebook.fingerprint, limits.fingerprint, portfolio.digest)
            return undetermined(snapshot, inputs, surprise(error))
        finally:
            reasoning.remembers = False


def outline(decision: Decision) -> Json:
    """What was decided without its grounds. Who is silent has no verdict."""
    return {
        "fault": decision.fault,
        "regime": decision.regime,
        "trading_state": decision.trading_state,
        "verdicts": [_verdict(one) for one in decision.verdicts],
        "exits": [dict(_some(one.to_json(), EXIT)) for one in decision.exits],
    }


def _nothing(fault: str) -> Json:
    """The outline of what cannot be decided."""
    return {"fault": fault, "regime": "", "trading_state": "", "verdicts": [], "exits": []}


def _verdict(one: Verdict) -> Json:
    """What is compared of a verdict. Not `to_json`, which tells the proof of its policies."""
    found: Json = {"instrument": one.instrument, "outcome": one.outcome.value, "reasons": list(one.reasons)}
    if one.side is not None:
        found["side"] = one.side.value
    named = ((name, getattr(one, name)) for name in COMPARED if name not in found)
    return {**found, **{name: value for name, value in named if value}}


def _some(value: Json, names: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    yield from ((name, value[name]) for name in ("instrument", *names) if name in value)


def _unasked(silent: Silent) -> Callable[[], list[Verdict]]:
    return lambda: []


def _unproved(*asked: object) -> Proof:
    return Proof()


@lru_cache(8)
def _limits_of(text: str) -> Limits:
    return recorded_limits(text)


@lru_cache(4)
def _rulebook(encoded: bytes) -> Rulebook:
    return Rulebook.from_json(parse(encoded))
