"""What every record of the log carries, and what a stranger may rely on: the published schema.

A record is one JSON object in canonical form. Its `record_id` derives from its content: the first 16 hexadecimal digits
of the SHA-256 of the canonical bytes without `record_id`. The same record at the same place of the log has the same id
on every machine. Values that are stored once by digest are named under `inputs` (those of `INLINED`) or in `blobs`.

The models here are checked when a log is verified and they generate `docs/record.schema.json`. Appending checks the
common envelope only: a fill with a wrong detail must still be recorded, and is reported by the verification.

Left out: the inner part of a decision (verdicts, derivations), which the engine describes and re-evaluates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter

from adapters.audit.kinds import Kind
from engine.orders.order import Event, Role, State, TimeInForce
from engine.surveillance.finding import Pattern
from knowledge.values import Json, canonical, digest

FORMAT = "warrant-record/1"
NO_PARTS: Mapping[str, bytes] = MappingProxyType({})
ID_DIGITS = 16
INLINED = ("snapshot", "portfolio", "limits", "rulebook")
"""Names under `inputs` whose digest must be stored with the record, and which the export writes out in full."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ID = re.compile(rf"[0-9a-f]{{{ID_DIGITS}}}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
# No exponents: `1e999999999` is short to write and long to compute with.
_DECIMAL = r"-?[0-9]{1,40}(\.[0-9]{1,40})?"


def instant(written: str) -> datetime:
    """Read an RFC 3339 instant in UTC, `2011-01-03T21:00:00Z`. Raises `ValueError`."""
    if not _INSTANT.fullmatch(written):
        raise ValueError(f"`{written}` is not an instant like `2011-01-03T21:00:00Z`")
    return datetime.fromisoformat(written)


def _is_instant(written: str) -> str:
    instant(written)
    return written


Text = Annotated[str, Field(min_length=1, strict=True)]
Instant = Annotated[
    str,
    Field(strict=True, json_schema_extra={"format": "date-time", "pattern": f"^{_INSTANT.pattern}$"}),
    AfterValidator(_is_instant),
]
DecimalText = Annotated[str, Field(strict=True, pattern=rf"^{_DECIMAL}$")]
ExactText = Annotated[str, Field(strict=True, pattern=rf"^({_DECIMAL}|-?[0-9]{{1,200}}/[1-9][0-9]{{0,200}})$")]
DayText = Annotated[str, Field(strict=True, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
RootText = Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
Place = Annotated[int, Field(strict=True, ge=0)]
DigestText = Annotated[str, Field(strict=True, pattern=f"^{DIGEST.pattern}$")]


class Envelope(BaseModel):
    """The fields every record has. A kind may add more."""

    model_config = ConfigDict(extra="allow", frozen=True)

    format: Literal["warrant-record/1"] = Field(description="version of this schema")
    record_id: Annotated[str, Field(strict=True, pattern=f"^{ID.pattern}$")] = Field(
        description="first 16 hexadecimal digits of the SHA-256 of the canonical record without `record_id`"
    )
    kind: Kind
    seq: Annotated[int, Field(strict=True, ge=0)] = Field(description="place in the log and leaf index, from 0")
    as_of: Instant = Field(description="when it was true")
    recorded_at: Instant = Field(description="when we learned it; in a backtest the same as `as_of`")
    desk: Text
    mode: Literal["backtest", "paper", "live"]
    blobs: list[DigestText] = Field(default=[], description="digests of what is stored with the record, sorted")


class WarrantedOrder(BaseModel):
    """The terms of a warranted order, as far as the log's sequence depends on them."""

    model_config = ConfigDict(extra="allow", frozen=True)

    client_order_id: Text
    instrument: Text
    role: Role
    quantity: DecimalText
    reduce_only: Annotated[bool, Field(strict=True)]
    time_in_force: TimeInForce | None = Field(
        default=None,
        description="how long it may work; where absent a day, for a stop or a target till cancelled",
    )


class WarrantPart(BaseModel):
    """The permission for one order."""

    model_config = ConfigDict(extra="allow", frozen=True)

    warrant_id: Text
    order: WarrantedOrder
    protective_stop: WarrantedOrder | None = Field(default=None, description="for an entry, the stop that fills bring")
    take_profit: WarrantedOrder | None = Field(default=None, description="for an entry, the other of the stop's pair")
    expires_at: Instant = Field(description="last instant at which the order may be submitted")


class DecisionRecord(Envelope):
    """One decision: a verdict for every instrument, and the warrants that follow from them."""

    kind: Literal[Kind.DECISION]
    inputs: dict[str, Any] = Field(default={}, description="digests of what the decision was made from")
    warrants: list[WarrantPart]
    snapshot: Any = Field(default=None, description="in exports: the value with the digest `inputs.snapshot`")
    portfolio: Any = Field(default=None, description="in exports: the value with the digest `inputs.portfolio`")
    limits: Any = Field(default=None, description="in exports: the value with the digest `inputs.limits`")
    rulebook: Any = Field(default=None, description="in exports: the value with the digest `inputs.rulebook`")
    law_digest: DigestText | None = Field(default=None, description="digest of the limits as JSON values")
    law: Any = Field(default=None, description="in exports: the value with the digest `law_digest`")


class OrderRecord(Envelope):
    """An order was submitted, or the venue took it."""

    kind: Literal[Kind.ORDER]
    client_order_id: Text
    decision_id: Text = Field(description="record_id of the decision that warranted it")
    warrant_id: Text
    event: Event
    state: State = Field(description="the order's state after the event")


class FillRecord(Envelope):
    """A part of an order, or all that was left of it, was executed."""

    kind: Literal[Kind.FILL]
    client_order_id: Text
    fill_id: Text
    quantity: DecimalText = Field(description="executed by this fill, positive")
    price: ExactText
    commission: ExactText
    event: Event
    state: State


class OrderEndRecord(Envelope):
    """A rejection, a step of a cancel, or an expiry."""

    kind: Literal[Kind.REJECTION, Kind.CANCEL, Kind.EXPIRY]
    client_order_id: Text
    event: Event
    state: State


class ApprovalRecord(Envelope):
    """A named person approved a change: of limits, where it does not say what else."""

    kind: Literal[Kind.APPROVAL]
    what: Literal["rules", "models", "states", "keys", "people"] | None = Field(
        default=None, description="what changes; absent: the limits"
    )
    about: Text | None = Field(default=None, description="of a model: its head")
    old: DigestText = Field(description="what is in force when it is asked, by digest")
    new: DigestText = Field(description="what is approved, by digest")
    verdict: Text = Field(description="of the comparison over all portfolios: looser, incomparable, unknown …")
    diff: DigestText = Field(description="all that the comparison found, stored with the record")
    who: Text
    reason: Text
    until: DayText | None = Field(default=None, description="the last session that it holds for; absent: no end")
    asked_at: Instant
    use_by: Instant | None = Field(default=None, description="the last instant at which it can be used")
    proposal: Annotated[str, Field(strict=True, pattern=f"^{ID.pattern}$")] | None = Field(
        default=None, description="record_id of another person's approval, which this one seconds"
    )
    key: Text | None = Field(default=None, description="the public key, `ed25519:` and 32 bytes in base64")
    signature: Text | None = Field(default=None, description="over the canonical statement, in base64")
    claimed: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="true where nothing but a typed name says who it was"
    )


class ChangeRecord(Envelope):
    """Other limits came into force, were refused, or the former ones came back."""

    kind: Literal[Kind.CHANGE]
    old: DigestText
    new: DigestText
    outcome: Literal["adopted", "refused", "reverted"]
    verdict: Text
    reason: Text
    approval: Annotated[str, Field(strict=True, pattern=f"^{ID.pattern}$")] | None = Field(
        default=None, description="record_id of the approval that it uses"
    )
    until: DayText | None = Field(default=None, description="the last session of the new limits; absent: no end")
    against: DigestText | None = Field(
        default=None, description="what the verdict compares with, where that is not `old`: the lasting limits"
    )


class RulebookRecord(Envelope):
    """Another rulebook came into force under a running desk, or was refused."""

    kind: Literal[Kind.RULEBOOK]
    old: DigestText = Field(description="the rulebook in force before")
    new: DigestText = Field(description="the texts that were found, stored with the record")
    outcome: Literal["adopted", "refused"]
    verdict: Text = Field(description="what changes in meaning, counted; `refused` where nothing was compared")
    reason: Text
    reasons: list[Text] = Field(default=[], description="of a refusal: the first of all reasons")
    files: list[Text] = Field(description="the files that differ, relative to the desk")
    diff: DigestText | None = Field(default=None, description="what changes in meaning, stored with the record")
    who: Text = Field(description="the owner of the newest of these files, as the machine names it")
    claimed: Literal[True] = Field(description="nothing but the machine's word says who it was")
    approval: Annotated[str, Field(strict=True, pattern=f"^{ID.pattern}$")] | None = Field(
        default=None, description="record_id of the seconding approval that it uses"
    )


class KeyRecord(Envelope):
    """The key that signs the log's checkpoints was enrolled, replaced or revoked."""

    kind: Literal[Kind.KEY]
    action: Literal["enrol", "rotate", "revoke"]
    vkey: Text = Field(description="the verifier key that it is about, as C2SP signed-note writes it")
    former: Text | None = Field(default=None, description="of a rotation: the verifier key in force before")
    proof: Text | None = Field(default=None, description="the enrolled key's own signature of the statement, in base64")
    signature: Text | None = Field(
        default=None, description="of a rotation the former key's, of a revocation the revoked key's, in base64"
    )
    claimed: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="of a revocation: true where the key was not at hand to sign for it"
    )
    who: Text = Field(description="who asked for it; nothing proves it")
    reason: Text
    asked_at: Instant


class SealRecord(Envelope):
    """The bytes of old records of one kind went into a sealed segment; their hashes stay."""

    kind: Literal[Kind.SEAL]
    segment: Annotated[int, Field(strict=True, ge=1)] = Field(description="number of the segment, from 1")
    of: Kind = Field(description="the kind of its records")
    first: Place = Field(description="place of its first record")
    last: Place
    records: Annotated[int, Field(strict=True, ge=1)]
    values: Place = Field(description="values in it that no other record names")
    digest: DigestText = Field(description="of the segment's content")
    bytes: Place = Field(description="length of the content")
    packed: Place = Field(description="length as it is stored")
    from_: Instant = Field(alias="from", description="as_of of its first record")
    to: Instant
    tree_size: Place = Field(description="records of the log when it was sealed")
    root: RootText = Field(description="root of the tree over them")


class HoldRecord(Envelope):
    """A named person keeps records beyond their time, or ends that."""

    kind: Literal[Kind.HOLD]
    action: Literal["place", "lift"]
    who: Text
    why: Text
    asked_at: Instant
    hold: Annotated[str, Field(strict=True, pattern=f"^{ID.pattern}$")] | None = Field(
        default=None, description="of a lift: record_id of the hold"
    )
    from_: DayText | None = Field(default=None, alias="from", description="first day; absent: from the beginning")
    to: DayText | None = Field(default=None, description="last day; absent: without end")
    symbols: list[Text] = Field(default=[], description="instruments; none: all")


class RetentionRule(BaseModel):
    """How long records of a kind are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    years: Annotated[int, Field(strict=True, ge=1)]


class GoneSegment(BaseModel):
    """A segment that went, and what is left of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: Annotated[int, Field(strict=True, ge=1)]
    first: Place
    last: Place
    records: Annotated[int, Field(strict=True, ge=1)]
    digest: DigestText = Field(description="of the content that went")
    residue: DigestText = Field(description="of what is left of it")


class RetentionRecord(Envelope):
    """Sealed segments went because their time to be kept was over."""

    kind: Literal[Kind.RETENTION]
    rule: RetentionRule
    by: DayText = Field(description="the day by which it was over")
    segments: Annotated[list[GoneSegment], Field(min_length=1)]
    values: Place = Field(description="values that went with them")
    kept: list[DigestText] = Field(description="values that other records name, and that stay")
    asked_at: Instant


class FindingFigure(BaseModel):
    """One number against its threshold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    value: ExactText
    threshold: ExactText
    unit: Text


class FoundRecord(Envelope):
    """Surveillance found a pattern in the records before."""

    kind: Literal[Kind.SURVEILLANCE]
    action: Literal["find"]
    finding_id: Annotated[str, Field(strict=True, pattern=f"^{ID.pattern}$")] = Field(
        description="of the finding itself: the same wherever it is found again"
    )
    pattern: Literal[tuple(one.value for one in Pattern)]  # type: ignore[valid-type]
    severity: Literal["severe", "warning", "notice"]
    instrument: Text | None = Field(default=None, description="absent where it is about more than one")
    limit: Text | None = Field(default=None, description="of patterns about a limit, its id or its measure")
    first: DayText = Field(description="first day that it spans")
    last: DayText = Field(description="last day that it spans")
    completed_by: Place = Field(description="place of the record that made it a finding")
    instruments: list[Text] = Field(description="all that it is about, sorted")
    orders: list[Text] = Field(description="client order ids")
    figures: list[FindingFigure] = Field(description="each number against its threshold")
    parameters: dict[str, ExactText] = Field(description="all thresholds that it was looked for with")
    sentence: Text
    source: Text = Field(description="the article or the mandate that the pattern comes from")


class ClosedRecord(Envelope):
    """A named person looked at a finding."""

    kind: Literal[Kind.SURVEILLANCE]
    action: Literal["close"]
    finding: Annotated[str, Field(strict=True, pattern=f"^{ID.pattern}$")] = Field(
        description="record_id of the finding"
    )
    instruments: list[Text] = Field(description="as the finding has them")
    outcome: Literal["cleared", "escalated"]
    who: Text = Field(description="who says so; nothing proves it")
    why: Text
    asked_at: Instant


class UnwatchedRecord(Envelope):
    """Surveillance failed, and nothing was looked for."""

    kind: Literal[Kind.SURVEILLANCE]
    action: Literal["failed"]
    reason: Text


class LeftOfSurveillance(Envelope):
    """What is left of such a record when its time to be kept is over."""

    kind: Literal[Kind.SURVEILLANCE]
    action: Literal["find", "close", "failed"]
    finding_id: Text | None = None
    about: list[Text] = Field(description="the instruments that it was about")


class OtherRecord(Envelope):
    """A record of any other kind: only the envelope is prescribed."""

    kind: Literal[
        Kind.START,
        Kind.STATE,
        Kind.MODEL,
        Kind.STOP,
        Kind.RECOVERY,
        Kind.CHECKPOINT,
        Kind.BOOKS,
        Kind.FAULT,
        Kind.MISSED,
        Kind.RECONCILIATION,
        Kind.FEED,
    ]


_SHAPES: dict[str, str] = {
    Kind.DECISION: "decision",
    Kind.ORDER: "order",
    Kind.FILL: "fill",
    Kind.REJECTION: "end",
    Kind.CANCEL: "end",
    Kind.EXPIRY: "end",
    Kind.APPROVAL: "approval",
    Kind.CHANGE: "change",
    Kind.RULEBOOK: "rulebook",
    Kind.SEAL: "seal",
    Kind.HOLD: "hold",
    Kind.RETENTION: "retention",
    Kind.KEY: "key",
}
_SURVEILLANCE = {"find": "found", "close": "closed", "failed": "unwatched"}


def _shape(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind == Kind.SURVEILLANCE:
        if isinstance(value, dict) and "about" in value:
            return "left"
        action = value.get("action") if isinstance(value, dict) else getattr(value, "action", None)
        return _SURVEILLANCE.get(action, "found") if isinstance(action, str) else "found"
    return _SHAPES.get(kind, "other") if isinstance(kind, str) else "other"


AnyRecord = (
    Annotated[DecisionRecord, Tag("decision")]
    | Annotated[OrderRecord, Tag("order")]
    | Annotated[FillRecord, Tag("fill")]
    | Annotated[OrderEndRecord, Tag("end")]
    | Annotated[ApprovalRecord, Tag("approval")]
    | Annotated[ChangeRecord, Tag("change")]
    | Annotated[RulebookRecord, Tag("rulebook")]
    | Annotated[SealRecord, Tag("seal")]
    | Annotated[HoldRecord, Tag("hold")]
    | Annotated[RetentionRecord, Tag("retention")]
    | Annotated[KeyRecord, Tag("key")]
    | Annotated[FoundRecord, Tag("found")]
    | Annotated[ClosedRecord, Tag("closed")]
    | Annotated[UnwatchedRecord, Tag("unwatched")]
    | Annotated[LeftOfSurveillance, Tag("left")]
    | Annotated[OtherRecord, Tag("other")]
)
RECORD: TypeAdapter[AnyRecord] = TypeAdapter(Annotated[AnyRecord, Discriminator(_shape)])
"""Reads any record into the model of its kind. Raises `pydantic.ValidationError`."""


def schema() -> Json:
    """The JSON schema of one line of an export, as published in `docs/record.schema.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"a record of the audit log ({FORMAT})",
        **RECORD.json_schema(),
    }


def seal(body: Mapping[str, Json], parts: Mapping[str, bytes] = NO_PARTS) -> tuple[str, bytes]:
    """The id and the canonical bytes of a record that does not have its id yet.

    `parts` are the canonical bytes of those values of it that have been encoded already: as top-level keys come sorted,
    the record is its parts side by side. Raises `ValueError` or `TypeError` where the body has no canonical form.
    """
    if any(type(name) is not str for name in body):
        raise TypeError("the names of a record's values are texts")
    written = [
        (name, canonical(name) + b":" + (parts[name] if name in parts else canonical(value)))
        for name, value in sorted(body.items())
    ]
    record_id = _id_of(b"{%b}" % b",".join([each for _, each in written]))
    own = ("record_id", canonical("record_id") + b":" + canonical(record_id))
    return record_id, b"{%b}" % b",".join([each for _, each in sorted([*written, own])])


def derived_id(record: dict[str, Json]) -> str:
    """The id that this record's content gives it."""
    return _id_of(canonical({name: value for name, value in record.items() if name != "record_id"}))


def id_in(content: bytes, record: dict[str, Json]) -> str:
    """The same of a record that was read from these canonical bytes, without encoding it again."""
    member = b'"record_id":' + canonical(record.get("record_id"))
    before, found, after = content.partition(member)
    if not found or member in after or "record_id" not in record:
        return derived_id(record)
    # A member that others follow takes its comma with it, the last one that before it.
    return _id_of(before + after[1:] if after[:1] == b"," else before.removesuffix(b",") + after)


def inlined(record: Mapping[str, Json]) -> dict[str, str]:
    """Name and digest of the inputs that an export writes out in full. Tolerates any record."""
    inputs = record.get("inputs")
    found = {name: inputs.get(name) for name in INLINED} if isinstance(inputs, dict) else {}
    return {name: each for name, each in found.items() if isinstance(each, str) and DIGEST.fullmatch(each)}


def references(record: Mapping[str, Json]) -> tuple[str, ...]:
    """Digests of the blobs without which the record is not self-contained, sorted. Tolerates any record."""
    blobs = record.get("blobs")
    listed = [each for each in blobs if isinstance(each, str)] if isinstance(blobs, list) else []
    return tuple(sorted({*inlined(record).values(), *listed}))


def _id_of(content: bytes) -> str:
    return digest(content).removeprefix("sha256:")[:ID_DIGITS]
