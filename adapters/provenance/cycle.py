"""What is the same for all orders of a cycle: desk, program, inputs, who approved them; facts and models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from adapters.audit.kinds import period_of
from adapters.audit.reader import LogReader
from adapters.provenance.document import Document, name
from engine.telling.evidence import Evidence
from knowledge.values import Json

CLAIMED = "claimed: nothing but a typed name says who it was"


def value(digest: str) -> str:
    """The name of a value that is stored by digest."""
    return name("value", digest.removeprefix("sha256:"))


@dataclass(frozen=True)
class Cycle:
    """One cycle as a document tells it, for one order of it: what all that is told of the order goes on from."""

    log: LogReader
    evidence: Evidence
    warrant: Json
    order: Json
    document: Document

    # --- names ------------------------------------------------------------------------------------------------------

    @cached_property
    def record(self) -> Json:
        """The decision."""
        return self.evidence.record

    @cached_property
    def at(self) -> str:
        """The instant of the cycle."""
        return str(self.record["as_of"])

    @cached_property
    def period(self) -> str:
        """The bar that it was decided at."""
        return period_of(self.record)

    @cached_property
    def instrument(self) -> str:
        """What the order trades."""
        return str(self.order["instrument"])

    @cached_property
    def cycle(self) -> str:
        """The name of the cycle."""
        return name("desk", "cycle", self.period)

    @cached_property
    def desk(self) -> str:
        """The name of the desk, as an agent."""
        return name("desk", "agent", "desk")

    @cached_property
    def program(self) -> str:
        """The name of what decided, as an agent."""
        return name("desk", "agent", "program")

    @cached_property
    def broker(self) -> str:
        """The name of what executes, as an agent."""
        return name("desk", "agent", "broker")

    @cached_property
    def start(self) -> Json:
        """The record by which the desk last started, before the decision."""
        return self.before("start") or {}

    def before(self, kind: str, **said: Json) -> Json | None:
        """The last record of a kind before the decision that says this."""
        for one in self.log.records([kind], newest_first=True):
            if one["seq"] < self.record["seq"] and all(one.get(key) == value for key, value in said.items()):
                return one
        return None

    def fact(self, ref: str) -> str:
        """The name of a fact of the cycle."""
        return name("desk", "fact", self.period, ref)

    def owner(self, owner: str) -> str:
        """Who answers for a rule or a limit, as its file names him: a function of the firm, or a person."""
        made = self.document.agent(
            name("desk", "agent", "owner", owner), ["prov:Organization", "warrant:Owner"], f"owner: {owner}"
        )
        self.document.relate("actedOnBehalfOf", made, self.desk)
        return made

    def person(self, who: str) -> str:
        """Who approved or wrote something, declared."""
        made = self.document.agent(name("desk", "agent", "person", who), ["prov:Person"], who)
        self.document.relate("actedOnBehalfOf", made, self.desk)
        return made

    # --- who --------------------------------------------------------------------------------------------------------

    def agents(self) -> None:
        """Who is there in every cycle: desk, program, broker."""
        record, start, tell = self.record, self.start, self.document
        tell.agent(self.desk, ["prov:Organization"], f"desk {record['desk']}", account=self.warrant["account"],
                   mode=record["mode"])  # fmt: skip
        versions = {**start.get("versions", {}), **record.get("versions", {})}
        tell.agent(
            self.program, ["prov:SoftwareAgent"], "Warrant, the program that decided",
            digest=start.get("program"), started_by=start.get("record_id"),
            version=[f"{package} {version}" for package, version in sorted(versions.items())],
        )  # fmt: skip
        tell.agent(self.broker, ["prov:SoftwareAgent"], "the broker", account=self.warrant["account"])
        tell.relate("actedOnBehalfOf", self.program, self.desk)
        tell.relate("actedOnBehalfOf", self.broker, self.desk)

    # --- from what --------------------------------------------------------------------------------------------------

    def inputs(self) -> None:
        """What the cycle was decided from."""
        tell, at, inputs = self.document, self.at, self.record["inputs"]
        tell.activity(self.cycle, "warrant:Cycle", f"cycle of {self.period}", at, at, id=self.record["cycle_id"])
        tell.relate("wasAssociatedWith", self.cycle, self.program)
        words = {"snapshot": "what was known of the market", "portfolio": "what was held and working",
                 "rulebook": "rules and policies in force", "limits": "limits in force"}  # fmt: skip
        for part, label in words.items():
            kind = "prov:Collection" if part == "snapshot" else f"warrant:{part.capitalize()}"
            tell.entity(value(inputs[part]), kind, label, digest=inputs[part], part=part)
        watching = tell.activity(self.watching, "warrant:Observation", "observing the market and the books", at, at)
        tell.relate("wasAssociatedWith", watching, self.program)
        for part in ("snapshot", "portfolio"):
            tell.relate("wasGeneratedBy", value(inputs[part]), watching, at)
        tell.relate("wasInformedBy", self.cycle, watching)
        for part in words:
            tell.relate("used", self.cycle, value(inputs[part]), at)
        self._approved()

    @cached_property
    def watching(self) -> str:
        """The name of what made the snapshot."""
        return name("desk", "observation", self.period)

    def _approved(self) -> None:
        """Who let these limits, or this rulebook, come into force, where the log says it."""
        tell, inputs = self.document, self.record["inputs"]
        change = self.before("change", new=inputs["limits"], outcome="adopted")
        self._approvers(value(inputs["limits"]), change)
        changed = self.before("rulebook", new=inputs["rulebook"], outcome="adopted")
        if changed is not None:
            tell.relate("wasAttributedTo", value(inputs["rulebook"]), self.person(changed["who"]), role="author",
                        reason=changed["reason"], known_by=CLAIMED)  # fmt: skip
        self._approvers(value(inputs["rulebook"]), changed)

    def _approvers(self, thing: str, change: Json | None) -> None:
        """The approval that a change used, and the one which that seconds."""
        at = (change or {}).get("approval")
        while at:
            approval = self.log.record(at)
            known_by = CLAIMED if approval.get("claimed") else "signed with his key"
            self.document.relate("wasAttributedTo", thing, self.person(approval["who"]), role="approver",
                                 reason=approval["reason"], approval=at, known_by=known_by)  # fmt: skip
            at = approval.get("proposal")

    def given(self, ref: str) -> str:
        """A fact that came in with the snapshot or is read off the portfolio."""
        tell, inputs = self.document, self.record["inputs"]
        thing, fact = self.fact(ref), self.evidence.facts.get(ref)
        said = {key: text for (key, _), text in zip(fact.slots, fact.texts, strict=True)} if fact is not None else {}
        tell.entity(thing, "warrant:Fact", ref, prov_value=", ".join(f"{key} {value}" for key, value in said.items()))
        tell.relate("wasGeneratedBy", thing, self.watching, self.at)
        known = self.evidence.snapshot.facts
        if fact is not None and fact in known:
            tell.relate("hadMember", value(inputs["snapshot"]), thing)
        else:
            tell.relate("wasDerivedFrom", thing, value(inputs["portfolio"]))
        if "model" in said and "head" in said:
            self._model(thing, said["head"], said["model"])
        return thing

    def _model(self, thing: str, head: str, model: str) -> None:
        """A fact that a head said rests on its model."""
        # One that was refused has an outcome.
        tell, first = self.document, self.before("model", head=head, model=model, outcome=None)
        tell.entity(value(model), "warrant:Model", f"model of the head {head}", digest=model, head=head,
                    first_record=first["record_id"] if first else None)  # fmt: skip
        speaker = tell.agent(name("desk", "agent", "head", head), ["prov:SoftwareAgent"], f"head {head}")
        tell.relate("actedOnBehalfOf", speaker, self.desk)
        tell.relate("wasAttributedTo", thing, speaker)
        tell.relate("wasDerivedFrom", thing, value(model))
        tell.relate("used", self.watching, value(model), self.at)
        self._approvers(value(model), first)
