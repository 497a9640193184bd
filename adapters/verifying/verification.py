"""What a verification reports: five verdicts, each with all its findings; the first bad record by id and field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from knowledge.values import Json


class Check(StrEnum):
    """The five verdicts, in the order in which they are reported."""

    BYTES = "bytes"
    SEQUENCE = "sequence"
    CHECKPOINTS = "checkpoints"
    ARITHMETIC = "arithmetic"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold. `seq` and `record_id` are None where no record is concerned or can be named."""

    check: Check
    seq: int | None
    record_id: str | None
    field: str
    sentence: str

    def __str__(self) -> str:
        if self.seq is None:
            return f"{self.field}: {self.sentence}"
        name = f"record {self.record_id} (#{self.seq})" if self.record_id else f"record #{self.seq}"
        return f"{name}, `{self.field}`: {self.sentence}"

    def to_json(self) -> Json:
        """The finding as a JSON value."""
        return {
            "check": self.check.value,
            "seq": self.seq,
            "record_id": self.record_id,
            "field": self.field,
            "sentence": self.sentence,
        }


def finding_of(check: Check, seq: int | None, record_id: str | None, said: str) -> Finding:
    """A recheck's sentence as a finding: `field: sentence`, or a sentence about the record as a whole."""
    field, colon, rest = said.partition(": ")
    named = bool(colon) and " " not in field
    return Finding(check, seq, record_id, field if named else "record", rest if named else said)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check: *holds*, *fails*, or *not given* where there was nothing to check against."""

    check: Check
    given: bool
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> str:
        """The outcome in words. A finding always fails, whatever was given."""
        if self.findings:
            return "fails"
        return "holds" if self.given else "not given"


@dataclass(frozen=True, slots=True)
class Verification:
    """The five verdicts over a log of `size` records found, with this `root` (hexadecimal; None if not recomputed)."""

    size: int
    root: str | None
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    """What was held against the log, and what that is worth, in words."""

    @property
    def holds(self) -> bool:
        """Whether no verdict fails: exit status 0."""
        return not self.findings

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, by record in order of the log; those about no record last."""
        every = (finding for verdict in self.verdicts for finding in verdict.findings)
        return tuple(sorted(every, key=lambda each: (each.seq is None, each.seq or 0)))

    @property
    def first(self) -> Finding | None:
        """The first bad record by id and field."""
        return next(iter(self.findings), None)

    def __getitem__(self, check: Check | str) -> Verdict:
        return next(verdict for verdict in self.verdicts if verdict.check == check)

    def to_json(self) -> Json:
        """The verification as a JSON value."""
        return {
            "holds": self.holds,
            "size": self.size,
            "root": self.root,
            "verdicts": {verdict.check.value: verdict.outcome for verdict in self.verdicts},
            "first": self.first.to_json() if self.first else None,
            "findings": [finding.to_json() for finding in self.findings],
            "notes": list(self.notes),
        }


def collect(
    size: int, root: str | None, given: Iterable[Check], findings: Iterable[Finding], notes: tuple[str, ...] = ()
) -> Verification:
    """The verification over these findings."""
    every, asked = list(findings), set(given)
    verdicts = (Verdict(check, check in asked, tuple(each for each in every if each.check == check)) for check in Check)
    return Verification(size, root, tuple(verdicts), notes)
