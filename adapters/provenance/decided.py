"""What became of a candidate, an exit or a stop that moves: policies, limits, gate, solver, decision, warrant."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from adapters.provenance.concluded import Concluded
from adapters.provenance.cycle import value
from adapters.provenance.document import decimal, name
from knowledge.values import Json


class Decided(Concluded):
    """A cycle up to the order's warrant."""

    def decided(self, conclusions: list[str]) -> None:
        """From candidate to warrant."""
        tell, at, inputs, record = self.document, self.at, self.record["inputs"], self.record
        gate = tell.activity(name("desk", "gate", self.period, self.instrument), "warrant:Gate",
                             f"the gate sizes and rules on {self.instrument}", at, at)  # fmt: skip
        tell.relate("wasAssociatedWith", gate, self.program)
        tell.relate("wasInformedBy", self.cycle, gate)
        verdict = self._ruling(gate)
        grounds = [*conclusions, *self._policies(gate, conclusions), *self._limits()]
        for ground in dict.fromkeys((*grounds, value(inputs["portfolio"]), value(inputs["snapshot"]))):
            tell.relate("used", gate, ground, at)
            tell.relate("wasDerivedFrom", verdict, ground)
        self._solved(verdict)
        decision = tell.entity(name("record", record["record_id"]), "warrant:Decision", f"decision of {self.period}",
                               seq=record["seq"], proof=(record.get("proof") or {}).get("script_digest"))  # fmt: skip
        tell.relate("wasGeneratedBy", decision, self.cycle, at)
        tell.relate("wasAttributedTo", decision, self.program)
        for part in ("snapshot", "portfolio", "rulebook", "limits"):
            tell.relate("wasDerivedFrom", decision, value(inputs[part]))
        tell.relate("wasDerivedFrom", decision, verdict)
        warrant = tell.entity(self.warrant_name, "warrant:Warrant", f"warrant {self.warrant['warrant_id']}",
                              expires_at={"$": self.warrant["expires_at"], "type": "xsd:dateTime"})  # fmt: skip
        tell.relate("wasGeneratedBy", warrant, self.cycle, at)
        tell.relate("wasDerivedFrom", warrant, verdict)
        tell.relate("wasDerivedFrom", warrant, decision)
        tell.relate("wasAttributedTo", warrant, self.desk)

    @cached_property
    def warrant_name(self) -> str:
        """The name of the warrant."""
        return name("desk", "warrant", self.warrant["warrant_id"])

    def _ruling(self, gate: str) -> str:
        """The verdict on the candidate, or what the engine made of the exit or the stop."""
        one = self._verdict
        role = self.warrant["order"]["role"]
        outcome = one.get("outcome", "granted") if role == "entry" else f"{role} granted"
        made = self.document.entity(
            name("desk", "verdict", self.period, self.instrument, role), "warrant:Verdict",
            f"{self.instrument}: {outcome}", outcome=outcome, quantity=decimal(self.warrant["order"]["quantity"]),
            reasons=(one if role == "entry" else self.exit).get("reasons"),
        )  # fmt: skip
        self.document.relate("wasGeneratedBy", made, gate, self.at)
        return made

    @cached_property
    def _verdict(self) -> Json:
        return next((one for one in self.record["verdicts"] if one["instrument"] == self.instrument), {})

    def _policies(self, gate: str, conclusions: list[str]) -> list[str]:
        """The proof that policies permit an entry, with each file that it went through."""
        policy = self._verdict.get("policy")
        if self.warrant["order"]["role"] != "entry" or not policy:
            return []
        tell, at, book = self.document, self.at, self.record["inputs"]["rulebook"]
        proving = tell.activity(name("desk", "policies", self.period, self.instrument), "warrant:PolicyProof",
                                "policies are asked", at, at)  # fmt: skip
        answer = tell.entity(name("desk", "permission", self.period, self.instrument), "warrant:Permission",
                             policy["outcome"], reasons=policy["reasons"])  # fmt: skip
        tell.relate("wasAssociatedWith", proving, self.program, prov_plan=value(book))
        tell.relate("wasGeneratedBy", answer, proving, at)
        tell.relate("wasInformedBy", gate, proving)
        for file in dict.fromkeys(file for proof in policy["proofs"] for file in _files(proof)):
            made = tell.entity(name("desk", "policies", self.period, file), "prov:Plan", f"policies of {file}")
            tell.relate("wasDerivedFrom", made, value(book))
            tell.relate("wasAttributedTo", made, self.owner("compliance"))
            tell.relate("used", proving, made, at)
            tell.relate("wasDerivedFrom", answer, made)
        for ground in (*conclusions, value(self.record["inputs"]["snapshot"])):
            tell.relate("used", proving, ground, at)
            tell.relate("wasDerivedFrom", answer, ground)
        return [answer]

    def _limits(self) -> list[str]:
        """Each limit that was held against an entry, with its value and bound; of an exit those that asked for it."""
        tell, made = self.document, []
        for limit, said in sorted(self._read().items()):
            row = self.evidence.limit.get(limit)
            if row is None:
                continue
            thing = tell.entity(
                name("desk", "limit", self.period, limit), "warrant:Limit", f"limit {limit}", source=row.source,
                place=self.evidence.place(limit), reading=said,
            )  # fmt: skip
            tell.relate("wasDerivedFrom", thing, value(self.record["inputs"]["limits"]))
            tell.relate("wasAttributedTo", thing, self.owner(row.owner))
            made.append(thing)
        return made

    def _read(self) -> dict[str, list[str]]:
        """What the decision says of each limit that took part, by its id: value and bound of each measure."""
        found: dict[str, list[str]] = {}
        if self.warrant["order"]["role"] == "entry":
            for one in self._verdict.get("findings", ()):
                found.setdefault(one["limit"], []).append(f"{one['value']} of {one['bound']}")
            for one in self.record["readings"]:
                if self._concerns(one["measure"]):
                    found.setdefault(one["limit"], []).append(f"{one['measure']}: {one['value']} of {one['bound']}")
        else:
            asked = (one.partition(":") for one in self.exit.get("reasons", ()))
            found = {key.partition("[")[0]: [] for sort, _, key in asked if sort == "obligation"}
        return found

    def _concerns(self, measure: str) -> bool:
        """Whether a measure is of this instrument or of more than one: not of another alone."""
        about = measure.partition("[")[2].rstrip("]")
        others = {one["instrument"] for one in self.record["verdicts"]} - {self.instrument}
        return about not in others

    def _solved(self, verdict: str) -> None:
        """What the solver was asked about the grants, where it was asked."""
        proof = self.record.get("proof") or {}
        if not proof.get("script_digest") or self.warrant["order"]["role"] != "entry":
            return
        tell, at = self.document, self.at
        asked, agrees = f"{proof['solver']} is asked", "yes" if proof["agrees"] else "no"
        asking = tell.activity(name("desk", "solver", self.period), "warrant:SolverProof", asked, at, at, agrees=agrees)
        script = tell.entity(value(proof["script_digest"]), "warrant:Script", "SMT-LIB text of the question",
                             digest=proof["script_digest"])  # fmt: skip
        tell.relate("wasAssociatedWith", asking, self.program)
        tell.relate("used", asking, script, at)
        tell.relate("used", asking, verdict, at)
        tell.relate("wasInformedBy", self.cycle, asking)


def _files(proof: Json) -> Iterator[str]:
    """The policy files that a proof went through, each node naming its place as `FILE:LINE`."""
    file, _, line = proof["source"].rpartition(":")
    if line.isdigit():
        yield file
    for one in proof["children"]:
        yield from _files(one)
