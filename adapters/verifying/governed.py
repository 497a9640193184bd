"""Whether what changes under the eyes of two persons had both, from the records alone.

What is compared: limits, rulebooks and lists of persons by their digests; a head's model by its own; a resume by the
stops that it ends, so that a kill in between makes what was proposed void; the log's key by its text.

Each function says what is wrong with a record, as field and sentence, given what the records before it left standing.
What a desk does is asked of the same functions before it is written (`adapters.people.seconding`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from adapters.people.approvals import statement
from adapters.people.four_eyes import (
    KEYS,
    LIMITS,
    MODELS,
    PEOPLE,
    RULES,
    STATES,
    Complaint,
    Roster,
    pair_against,
    seconding_against,
    subject_of,
    window_against,
)
from knowledge.values import Json, canonical, digest, parse

if TYPE_CHECKING:
    from adapters.verifying.law import LawInForce

ACTIVE: Final = digest(canonical({"state": "active"}))
"""What a resume makes of a desk."""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
NONE: Final = digest(canonical(None))
REFUSED: Final = "refused"


def named(text: str) -> str:
    """A model or a key as what two persons approve: its digest."""
    if not text:
        return NONE
    return text if _DIGEST.fullmatch(text) else digest(canonical(text))


def in_force(law: LawInForce, what: str, about: str = "") -> str:
    """What is in force of a subject, by digest."""
    if what == RULES:
        return law.rulebook
    if what == PEOPLE:
        return law.roster.digest
    if what == STATES:
        return digest(canonical(list(law.stops)))
    if what == MODELS:
        return named(law.models.get(about, ""))
    return named(law.log_key) if what == KEYS else law.current


def complaints(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with a record of any kind."""
    asked = _ASKED.get(record["kind"])
    return iter(()) if asked is None else asked(law, record)


def approval(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with an approval, where it is appended now."""
    what = subject_of(record)
    if record["old"] != in_force(law, what, record.get("about", "")):
        told = "these limits were not" if what == LIMITS else f"of {what} something else was"
        yield "old", f"{told} in force when the approval was recorded"
    if found := window_against(record):
        yield "use_by", found
    if not law.roster.governs(what):
        return
    if found := law.roster.against(record):
        yield "who", found
    if "use_by" not in record:
        yield "use_by", "it does not say by when it is to be used"
    if digest(statement(record)) in law.said:
        yield "asked_at", "the very same was approved before, and counts once"
    if "proposal" in record:
        first = law.approvals.get(record["proposal"])
        if first is None:
            yield "proposal", f"no proposal `{record['proposal']}` stands before it, or it was used before"
        elif found := seconding_against(first, record):
            yield "proposal", found


def use(law: LawInForce, record: Json, what: str, new: str, about: str = "") -> Iterator[Complaint]:
    """What is wrong with the approvals that a change of this subject to `new` names."""
    second = law.approvals.get(str(record.get("approval", "")))
    if second is None:
        told = (
            f"approval `{record['approval']}` stands before it, or it was used before" if "approval" in record else ""
        )
        yield "approval", f"no {told}" if told else f"two persons are needed for {what}, and no approval is named"
        return
    wanted = (what, in_force(law, what, about), new, about)
    if (subject_of(second), second["old"], second["new"], second.get("about", "")) != wanted:
        yield "approval", f"the approval `{record['approval']}` is about something else"
    elif found := pair_against(law.roster, law.approvals.get(str(second.get("proposal", ""))), second, _at(record)):
        yield "approval", found


def start(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with a start: its rulebook and its list of persons."""
    if law.decided and law.roster.governs(RULES) and record.get("rulebook") != law.rulebook:
        yield "rulebook", "the desk starts with a rulebook that no `rulebook` record before it brought into force"
    yield from roster(law, record)


def roster(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with the list of persons that a start names."""
    if "people" not in record:
        if law.roster.four_eyes:
            yield "people", "the desk starts without the list of persons that is in force"
        return
    try:
        named_now = Roster.from_json(record["people"])
    except ValueError as error:
        yield "people", str(error)
        return
    if law.decided and law.roster.governs(PEOPLE) and named_now != law.roster:
        for _, found in use(law, record, PEOPLE, named_now.digest):
            yield "people", f"the desk starts with other persons than those in force: {found}"


def rulebook(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with a rulebook that comes into force."""
    if record["outcome"] != REFUSED and law.decided and law.roster.governs(RULES):
        yield from use(law, record, RULES, record["new"])


def limits(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with the approval that a change of limits names, where two persons are needed."""
    if "approval" in record and law.roster.governs(LIMITS):
        yield from use(law, record, LIMITS, record["new"])


def state(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with a resume. To stop a desk is free."""
    if record.get("state") != "active" or not law.roster.governs(STATES):
        return
    found = list(use(law, record, STATES, ACTIVE))
    yield from found
    second = law.approvals.get(str(record.get("approval", "")))
    if second is not None and not found and record.get("who") != second["who"]:
        yield "who", f"`{second['who']}` approved it, and another name resumes the desk"


def model(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with a head that speaks with another model."""
    head = str(record.get("head", ""))
    if record.get("outcome") != REFUSED and law.decided and law.roster.governs(MODELS):
        yield from use(law, record, MODELS, named(str(record.get("model", ""))), head)


def key(law: LawInForce, record: Json) -> Iterator[Complaint]:
    """What is wrong with a key of the log that is enrolled or put in another's place. To revoke one is free."""
    if record.get("action") != "revoke" and law.decided and law.roster.governs(KEYS):
        yield from use(law, record, KEYS, named(str(record.get("vkey", ""))))


def spoken(law: LawInForce, record: Json, blob: Callable[[str], bytes]) -> Iterator[Complaint]:
    """What is wrong with a decision: a head that was heard with a model that is not in force."""
    if not (law.decided and law.roster.governs(MODELS)):
        return
    try:
        facts = parse(blob(record["inputs"]["snapshot"]))["facts"]
        heard = {(slots["head"], slots["model"]) for template, slots in facts if template == "advisory"}
    except (KeyError, TypeError, ValueError):
        yield "inputs.snapshot", "it cannot be read, so that nobody knows which models spoke"
        return
    for head, model in sorted(heard):
        if law.models.get(head) != model:
            yield "inputs.snapshot", f"`{head}` was heard with a model that is not in force"


def _at(record: Json) -> str:
    """When a record was written: when its approvals are used."""
    return str(record["recorded_at"])


_ASKED: Mapping[str, Callable[[LawInForce, Json], Iterator[Complaint]]] = {
    "approval": approval,
    "start": start,
    "change": limits,
    "rulebook": rulebook,
    "state": state,
    "model": model,
    "key": key,
}
