"""The kinds of record a log can hold, and what a record is about: what readers need to know of the envelope."""

from __future__ import annotations

from enum import StrEnum

from knowledge.values import Json


class Kind(StrEnum):
    """The closed list of what a log can hold."""

    START = "start"
    DECISION = "decision"
    ORDER = "order"
    FILL = "fill"
    REJECTION = "rejection"
    CANCEL = "cancel"
    EXPIRY = "expiry"
    STATE = "state"
    MODEL = "model"
    STOP = "stop"
    RECOVERY = "recovery"
    CHECKPOINT = "checkpoint"
    BOOKS = "books"
    FAULT = "fault"
    MISSED = "missed"
    RECONCILIATION = "reconciliation"
    FEED = "feed"
    APPROVAL = "approval"
    CHANGE = "change"
    RULEBOOK = "rulebook"
    KEY = "key"
    SEAL = "seal"
    HOLD = "hold"
    RETENTION = "retention"
    SURVEILLANCE = "surveillance"


def period_of(record: Json) -> str:
    """The period a decision or fault is about; records of the first release name none, and are about a session."""
    return str(record.get("period", record["as_of"][:10]))
