"""A head that would speak with another model: let in, or silent until two persons have approved its model.

Rules:
- where `four_eyes` asks for models, what a head says by a model that lacks its approvals is an abstention with that
  reason, and one record says so; the other heads speak, and their weights stay what they were, which is less in sum;
- the first models of a desk that has decided nothing need nobody's approval;
- what a head said before, and what it has been worth, is measured as ever: only what enters a decision is held back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.people.four_eyes import MODELS
from adapters.people.persons import approved
from adapters.verifying.governed import REFUSED, named
from adapters.verifying.law import LawInForce
from knowledge.door import fact
from knowledge.facts import Fact, ordered
from knowledge.values import Json

WAY = "`warrant models approve {head} --approve NAME --reason TEXT --key FILE` by two persons does that"
Against = Callable[[str, str], str]
"""Head and model: why the head may not speak with it; empty where it may."""


def against(law: LawInForce, now: str) -> Against | None:
    """Whom this law lets speak with what; None where nobody asks."""
    if not (law.decided and law.roster.governs(MODELS)):
        return None

    def asked(head: str, model: str) -> str:
        if law.models.get(head) == model:
            return ""
        approval, why = approved(law, MODELS, named(model), now, head)
        return "" if approval is not None else f"its model lacks an approval: {why or 'nobody has approved it'}"

    return asked


def hushed(facts: Sequence[Fact], asked: Against) -> list[Fact]:
    """What the heads say, those that may not speak abstaining; in canonical order. Raises `Refused`."""
    models = {one.word("head"): one.word("model") for one in facts if one.template == "head"}
    silent = {head: why for head, model in models.items() if (why := asked(head, model))}
    return list(ordered([_hushed(one, silent) for one in facts])) if silent else list(facts)


def _hushed(one: Fact, silent: dict[str, str]) -> Fact:
    if one.template == "advisory" and (why := silent.get(one.word("head"))):
        return fact("abstention", instrument=one.word("instrument"), head=one.word("head"), reason=why)
    if one.template == "head" and one.word("head") in silent and one.word("status") != "failed":
        return fact("head", **{**dict(one.slots), "status": "abstaining"})
    return one


def promotion(law: LawInForce, head: str, model: str, age: int, now: str) -> Json | None:
    """The record of a head that speaks with another model, or waits; None where it has been said."""
    record: Json = {"kind": "model", "head": head, "model": model, "age": age}
    asked = against(law, now)
    if asked is None:
        return record
    approval, _ = approved(law, MODELS, named(model), now, head)
    if approval is not None:
        return {**record, "approval": approval["record_id"], "reason": f"approved by {approval['who']}"}
    if law.refused_models.get(head) == model:
        return None
    return {**record, "outcome": REFUSED, "reason": f"{asked(head, model)}; {WAY.format(head=head)}"}
