"""Which limits and rulebook a log says are in force, and whether each change of them had its approval.

Rules:
- the limits of the first decision are in force without anybody's approval: there was nothing to loosen;
- from the first `start` record that says `changes: approved`, limits change by a `change` record alone: a start or a
  decision under other limits than those in force is a fault of the log;
- a change that is adopted is equivalent or tighter, goes back to the lasting limits, or names an `approval` before it
  of exactly this pair of files; an approval is used once;
- an approval with `until` holds up to that session. What it replaced is *lasting*, and is in force again behind it: no
  decision after that date names the looser limits.

- the rulebook of the last start, or of the last `rulebook` record that was adopted since, is in force; from the first
  such record on, a decision by another one is a fault of the log;
- from the first `start` record that lists persons and what two of them are needed for, each such change names the
  approvals of both (`adapters.verifying.governed`). What has not got them changes nothing: what was in force stays so,
  and each decision by something else is a fault of the log.

Left out: that a verdict of *tighter* is right. The comparison lies in the log by its digest, and `warrant limits diff`
makes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from adapters.audit.kinds import period_of
from adapters.people.approvals import objection, statement
from adapters.people.four_eyes import RULES, Complaint, Roster
from adapters.verifying import governed
from knowledge.values import Json, digest

APPROVED: Final = "approved"
"""What a start record says under `changes`."""
FREE: Final = ("equivalent", "tighter")
"""Verdicts that need nobody's approval."""
RESTORED: Final = "restored"
"""The verdict of a return to the lasting limits before an approval ends."""
ADOPTED, REFUSED, REVERTED = "adopted", "refused", "reverted"


@dataclass
class LawInForce:
    """A fold over the records: digests of limits files."""

    current: str = ""
    """In force now."""
    lasting: str = ""
    """In force once the approval of `current` ends; the same where it has no end."""
    until: str = ""
    """The last session of `current`; empty: without end."""
    lapsed: str = ""
    """The limits whose approval has ended, while what was lasting is in force again: their file may still lie there."""
    decided: bool = False
    """Whether any decision was made: from then on there is something to loosen."""
    governed: bool = False
    """Whether a start has said that changes are approved."""
    approvals: dict[str, Json] = field(default_factory=dict)
    """By record id: those that no change has used."""
    said: set[str] = field(default_factory=set)
    """All that was ever approved, as it was signed, by digest: said again it is somebody else's copy of it."""
    rulebook: str = ""
    """The rulebook in force."""
    swapped: bool = False
    """Whether one has ever changed under a running desk."""
    refused: tuple[str, str] = ("", "")
    """The pair that was refused last, until limits change."""
    refused_rules: tuple[str, str] = ("", "")
    """The pair of rulebooks that was refused last, until one comes into force."""
    roster: Roster = field(default_factory=Roster)
    """Who may approve what, and what two persons are needed for."""
    stops: tuple[str, ...] = ()
    """Records that stopped the desk since it was last resumed: kills, halts, throttles."""
    models: dict[str, str] = field(default_factory=dict)
    """The model that each head speaks with."""
    refused_models: dict[str, str] = field(default_factory=dict)
    """The model that each head was last refused, until it speaks with another one than before."""
    log_key: str = ""
    """The key that signs the log's checkpoints."""

    def take(self, record: Json) -> None:
        """Fold one record."""
        match record["kind"]:
            case "start":
                self._start(record)
                if not (self.decided and self.governed):
                    self.current = self.lasting = str(record.get("limits", ""))
                self.governed = self.governed or record.get("changes") == APPROVED
            case "decision":
                self.decided = True
            case "approval":
                self.approvals[record["record_id"]] = record
                self.said.add(digest(statement(record)))
            case "change":
                self._change(record)
            case "rulebook":
                self.swapped = True
                self.refused_rules = (record["old"], record["new"]) if record["outcome"] == REFUSED else ("", "")
                if record["outcome"] == ADOPTED and self._used(record, governed.rulebook(self, record)):
                    self.rulebook = record["new"]
            case "state":
                self._state(record)
            case "model":
                self._model(str(record.get("head", "")), str(record.get("model", "")), record)
            case "key":
                if self._used(record, governed.key(self, record)):
                    self.log_key = "" if record.get("action") == "revoke" else str(record.get("vkey", ""))

    def _start(self, record: Json) -> None:
        # The law before the persons: it came into force under those that were there.
        if not (self.decided and self.roster.governs(RULES)):
            self.rulebook = str(record.get("rulebook", self.rulebook))
        if "people" in record and self._used(record, governed.roster(self, record)):
            self.roster = Roster.from_json(record["people"])

    def _model(self, head: str, model: str, record: Json) -> None:
        if record.get("outcome") == REFUSED:
            self.refused_models[head] = model
        elif self._used(record, governed.model(self, record)):
            self.models[head] = model
            self.refused_models.pop(head, None)

    def _state(self, record: Json) -> None:
        if record.get("state") != "active":
            self.stops += (str(record["record_id"]),)
            return
        self._used(record, governed.state(self, record))
        self.stops = ()

    def _used(self, record: Json, against: Iterator[Complaint]) -> bool:
        """Whether a change holds; the approvals that it names are used up in either case."""
        holds = next(against, None) is None
        second = self.approvals.pop(str(record.get("approval", "")), {})
        self.approvals.pop(str(second.get("proposal", "")), None)
        return holds

    def _change(self, record: Json) -> None:
        self.governed = True
        if record["outcome"] == REFUSED:
            self.refused = (record["old"], record["new"])
            return
        self.refused = ("", "")
        second = self.approvals.pop(record.get("approval", ""), {})
        self.approvals.pop(second.get("proposal", ""), None)
        self.current, self.until = record["new"], record.get("until", "")
        self.lapsed = record["old"] if record["outcome"] == REVERTED else ""
        if not self.until:
            self.lasting = self.current

    def ended(self, label: str) -> bool:
        """Whether the approval of what is in force does not reach the bar with this label."""
        return bool(self.until) and label[:10] > self.until


class LawCheck:
    """Reads the records in order; `feed` says what is wrong, as field and sentence."""

    def __init__(self, blob: Callable[[str], bytes] | None = None) -> None:
        """`blob` gives what is stored by digest, and raises `KeyError`; without it nothing is asked of snapshots."""
        self._law, self._blob = LawInForce(), blob

    def feed(self, record: Json) -> Iterator[tuple[str, str]]:
        """What is wrong with this record, which has the shape of its kind."""
        found = [*self._complaints(record), *governed.complaints(self._law, record)]
        if record["kind"] == "decision" and self._blob is not None and "gone" not in record:
            found += governed.spoken(self._law, record, self._blob)
        self._law.take(record)
        yield from found

    def _complaints(self, record: Json) -> Iterator[tuple[str, str]]:
        law = self._law
        match record["kind"]:
            case "approval":
                if against := objection(record):
                    yield "signature", against
            case "change":
                yield from self._change(record)
            case "start" if law.decided and law.governed and record.get("limits") != law.current:
                yield "limits", "the desk starts with limits that no `change` before it brought into force"
            case "rulebook" if record["old"] != law.rulebook:
                yield "old", "this rulebook was not in force before the change"
            case "decision":
                if law.governed:
                    yield from self._decision(record)
                inputs = record.get("inputs")
                bound = law.swapped or law.roster.governs(RULES)
                if bound and isinstance(inputs, dict) and inputs.get("rulebook") != law.rulebook:
                    yield "inputs.rulebook", "it was decided by a rulebook that is not in force"

    def _change(self, record: Json) -> Iterator[tuple[str, str]]:
        law, outcome = self._law, record["outcome"]
        if outcome not in (ADOPTED, REFUSED, REVERTED):
            yield "outcome", f"`{outcome}` is no outcome of a change"
        if record["old"] != law.current:
            yield "old", "these limits were not in force before the change"
        if outcome == REVERTED and (not law.until or record["new"] != law.lasting):
            yield "new", "limits revert to the lasting ones alone, and only where an approval ends"
        if outcome == ADOPTED:
            yield from self._adopted(record)

    def _adopted(self, record: Json) -> Iterator[tuple[str, str]]:
        law, verdict, until = self._law, record["verdict"], record.get("until", "")
        if "approval" in record:
            approval = law.approvals.get(record["approval"])
            if approval is None:
                yield "approval", f"no approval `{record['approval']}` stands before this change, or it was used before"
            elif any(approval.get(name) != record.get(name) for name in ("old", "new", "verdict", "until")):
                yield "approval", f"the approval `{record['approval']}` is about other limits or another time"
        elif verdict == RESTORED:
            if record["new"] != law.lasting:
                yield "verdict", "these limits are not the lasting ones"
        elif verdict not in FREE:
            yield "approval", f"limits that are {verdict} were adopted and no approval is named"
        elif until and until != law.until:
            yield "until", f"what was in force holds until `{law.until}`, and only an approval changes that"
        elif law.until and not until and record.get("against") != law.lasting:
            yield "against", "limits in force for a time are replaced for good, and were not compared with the lasting"

    def _decision(self, record: Json) -> Iterator[tuple[str, str]]:
        law, inputs = self._law, record.get("inputs")
        used = inputs.get("limits") if isinstance(inputs, dict) else None
        if used != law.current:
            yield "inputs.limits", "it was decided under limits that are not in force"
        elif law.ended(period_of(record)):
            yield "inputs.limits", f"the approval of these limits ended on {law.until}"
