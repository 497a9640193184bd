"""What somebody must be told at once: a closed list of kinds, and which records and happenings are one.

An alert says in one sentence what happened, which cycle and record it is about, and what to do. Its JSON body is
described in `docs/watch.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from adapters.running.watch import Happening
from knowledge.values import Json, canonical, digest

FORMAT = "warrant-alert/1"
Severity = Literal["critical", "error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert: how severe, what it means, what to do."""

    severity: Severity
    meaning: str
    what_to_do: str


KINDS: Mapping[str, Kind] = {
    "killed": Kind("critical", "somebody killed the desk: entries are cancelled, exits and stops go on",
                   "find out why; a listed person ends it with `warrant resume`"),
    "halted": Kind("critical", "a limit halted the desk: entries are cancelled, exits and stops go on",
                   "read `warrant explain` of the cycle; a listed person ends it with `warrant resume`"),
    "throttled": Kind("error", "an instrument executed too many entries in one session: it gets no more",
                      "look at its fills; a listed person ends it with `warrant resume`"),
    "resumed": Kind("info", "a listed person ended a kill, a halt or a throttle", "nothing, if you expected it"),
    "reducing": Kind("warning", "a limit of the trading state refuses every entry; exits and stops go on",
                     "watch the limit; it ends by itself"),
    "undetermined": Kind("error", "a cycle could not be decided: no entry and no exit of it went out",
                         "read the reason; protective stops rest at the broker, and the next cycle asks again"),
    "worker-lost": Kind("error", "the process that decides died, hung or answered nonsense; a new one starts",
                        "run `warrant doctor` if it happens again"),
    "cycle-failed": Kind("error", "a cycle had no snapshot to decide from: nothing of it went out",
                         "read the reason; run `warrant data check`"),
    "cycle-missed": Kind("warning", "cycles were not run in time, and will not be run late",
                         "read the reason; orders at the broker went on working"),
    "cycle-overdue": Kind("critical", "a cycle is neither decided nor recorded as missed, 5 s after its latest instant",
                          "see whether the process hangs (`warrant status`); end it and start it again"),
    "no-heartbeat": Kind("critical", "the loop has given no sign of life for a minute",
                         "see whether it trains or hangs (`warrant status`); end it and start it again"),
    "limits-changed": Kind("warning", "other limits came into force, were refused, or the former ones came back",
                           "read `warrant limits history`"),
    "rulebook-changed": Kind("warning", "another rulebook came into force while the desk runs",
                             "read its record: what changes in meaning; `warrant rules diff` says what it decides"),
    "rulebook-refused": Kind("error", "a changed rulebook was refused: the one before it goes on",
                             "read the reason; `warrant rules check` and `warrant rules test` say the rest"),
    "order-rejected": Kind("error", "the broker rejected a warranted order", "read the reason in its line"),
    "books-differ": Kind("critical", "the books and the broker's positions differ: no entry goes out",
                         "find the execution that one of them has not seen"),
    "feed-failing": Kind("error", "the source of bars gives none, or wrong ones",
                         "run `warrant data check`; a cycle without bars is missed when its grace is over"),
    "feed-failed-over": Kind("warning", "bars come from another source than before", "mend the first source"),
    "log-unwritable": Kind("critical", "the audit log can not be written: nothing is sent",
                           "see to the disk or the database; orders at the broker go on working"),
    "lease-lost": Kind("critical", "another process took over the desk; this one ends",
                       "see which process runs it (`warrant status`)"),
    "recovered": Kind("warning", "a start found warrants that an earlier process had decided and not sent",
                      "find out why that process ended; what became of each is in the log"),
    "desk-failed": Kind("critical", "the process that runs the desk ends, because it can not go on",
                        "read the reason; start it again"),
    "surveillance": Kind("error", "surveillance found what a person has to look at at once",
                         "read `warrant explain` of the record, then `warrant surveil close`"),
    "surveillance-failing": Kind("error", "surveillance failed at the end of a session: nothing was looked for",
                                 "read the reason; `warrant surveil scan` looks again"),
    "watch-failing": Kind("warning", "a part of what watches the desk fails: metrics, log file or alerts",
                          "read the reason; the desk itself goes on"),
}  # fmt: skip
"""All kinds of alerts."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `subject` tells apart those of one kind that are about different things."""

    kind: str
    sentence: str
    desk: str
    cycle_id: str | None
    as_of: str | None
    record_id: str | None
    raised_at: datetime
    subject: str = ""
    count: int = 1
    """How many like it this one stands for."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no alert `{self.kind}`")

    def to_json(self) -> Json:
        """The body that goes to a webhook, and the fields of its line."""
        kind = KINDS[self.kind]
        body = {
            "format": FORMAT,
            "kind": self.kind,
            "severity": kind.severity,
            "sentence": self.sentence,
            "what_to_do": kind.what_to_do,
            "desk": self.desk,
            "cycle_id": self.cycle_id,
            "as_of": self.as_of,
            "record_id": self.record_id,
            "raised_at": self.raised_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "count": self.count,
        }
        text = f"[{kind.severity}] {self.desk}: {self.sentence}; {kind.what_to_do}"
        return {**body, "text": text, "id": digest(canonical(body)).removeprefix("sha256:")[:16]}


def alerts_of(record: Json, cycle_id: str | None, now: datetime) -> Iterator[Alert]:
    """The alerts of a record, which belongs to this cycle."""
    for kind, sentence, subject in _found(record):
        yield Alert(kind, sentence, record["desk"], cycle_id, record["as_of"], record["record_id"], now, subject)


def alert_of(what: Happening, fields: Mapping[str, Json], desk: str, now: datetime) -> Alert | None:
    """The alert of a happening outside the log, if it is one."""
    kind = _HAPPENINGS.get(what)
    if kind is None:
        return None
    reason = f": {fields['reason']}" if fields.get("reason") else ""
    source = str(fields.get("source") or fields.get("holder") or "")
    named = f" (`{source}`)" if source else ""
    cycle_id = fields.get("cycle_id")
    return Alert(kind, f"{KINDS[kind].meaning}{named}{reason}", desk, cycle_id, None, None, now, source)


_HAPPENINGS: Mapping[Happening, str] = {
    Happening.LOG_UNWRITABLE: "log-unwritable",
    Happening.FEED_FAILING: "feed-failing",
    Happening.FEED_FAILED_OVER: "feed-failed-over",
    Happening.LEASE_LOST: "lease-lost",
    Happening.FAILED: "desk-failed",
}


def _found(record: Json) -> Iterator[tuple[str, str, str]]:
    """Kind, sentence and subject of each alert of a record."""
    match record["kind"]:
        case "decision":
            yield from _decision(record)
        case "fault":
            yield "cycle-failed", record["fault"], ""
        case "missed":
            cycles = record.get("cycles", 1)
            words = f"{cycles} cycles up to {record['label']}" if cycles > 1 else f"the cycle of {record['label']}"
            yield "cycle-missed", f"{words} missed: {record['reason']}", ""
        case "rejection":
            words = f"`{record['client_order_id']}`: {record.get('detail') or record.get('reason')}"
            yield "order-rejected", f"the broker rejected {words}", str(record.get("reason") or "")
        case "state":
            yield from _state(record)
        case "reconciliation" if record.get("differences"):
            yield "books-differ", f"{KINDS['books-differ'].meaning}: {record.get('reason')}", ""
        case "surveillance" if record["action"] == "failed":
            yield "surveillance-failing", record["reason"], ""
        case "surveillance" if record["action"] == "find" and record["severity"] == "severe":
            yield "surveillance", f"{record['pattern']}: {record['sentence']}", record["finding_id"]
        case "change":
            yield "limits-changed", f"limits {record['outcome']}: {record['reason']}", str(record["new"])
        case "rulebook":
            kind = "rulebook-changed" if record["outcome"] == "adopted" else "rulebook-refused"
            yield kind, f"rulebook {record['outcome']}: {record['reason']}", str(record["new"])
        case "recovery":
            yield "recovered", f"{len(record['warrants'])} warrants were found decided and not sent", ""
        case "feed" if record.get("failed"):
            words = f"bars come from {record.get('source')} instead of {record['failed']}"
            yield "feed-failed-over", words, str(record["failed"])


def _decision(record: Json) -> Iterator[tuple[str, str, str]]:
    if record["fault"]:
        yield "worker-lost" if record.get("ended_from_outside") else "undetermined", record["fault"], ""
    elif record["trading_state"] == "reducing":
        over = [one for one in record["states"] if not one["holds"]]
        named = ", ".join(f"`{one['limit']}` ({one['detail']})" for one in over)
        yield "reducing", f"no entries, as these are over their bounds: {named}", ",".join(one["limit"] for one in over)


def _state(record: Json) -> Iterator[tuple[str, str, str]]:
    who, why = record.get("who"), record.get("why")
    match record["state"]:
        case "killed":
            yield "killed", f"{who} killed the desk: {why}", ""
        case "halted":
            yield "halted", f"{why}", ""
        case "throttled":
            yield "throttled", f"{why}", str(record["instrument"])
        case "active":
            yield "resumed", f"{who} ended {', '.join(record.get('ends', ()))}: {why}", ""
