"""Any record of the log in words: what it says happened, then all its fields, then where it stands in the log.

A kind that has no words of its own here is told by its fields, so that no record stays without an explanation. What a
record says is told as it says it; that it is the one the log was written over is checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from adapters.answers.books_told import books_words
from adapters.answers.evidence import proven
from adapters.answers.lookup import orders_of
from adapters.answers.orders import explain_order
from adapters.audit.reader import LogReader
from engine.telling import tokens as say
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase, plain, run
from knowledge.values import Json

ENVELOPE = ("format", "kind", "record_id", "seq", "as_of", "recorded_at", "desk", "mode", "blobs")
"""Fields that every record has."""
ORDER_KINDS = ("order", "fill", "cancel", "expiry", "rejection")
_DETAIL = (
    "event_id", "cycle_id", "program", "versions", "diff", "signature", "key", "currency", "multiplier", "parameters",
    "finding_id", "completed_by",
)  # fmt: skip
"""Fields that are there to be checked rather than read."""


def explain_record(log: LogReader, record: Json) -> Telling:
    """A record that is no decision. Raises `LogUnreadable` where it is not the one the log's tree holds."""
    proven(log).check(record)
    kind = record["kind"]
    said = _said(record)
    head = tell(say.instant(record["as_of"]), ": ", *said, *fields(record)).named(kind)
    summary: list[Phrase] = ["On ", say.instant(record["as_of"]), ", ", *said, "."]
    if kind in ORDER_KINDS:
        parts, came = _order(log, record)
        head, summary = head.further(*parts), [*summary, *came]
    return head.further(_place(record)).headed(summary)


def in_words(record: Json) -> str:
    """What a record says happened, on a line; nothing of it is checked."""
    return plain(run(*_said(record)))


def _said(record: Json) -> list[Phrase]:
    """What happened; a record without the fields of its kind says no more than the fields it has."""
    words = _KINDS.get(record["kind"])
    try:
        return [_plain_head(record)] if words is None else list(words(record))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return [_plain_head(record)]


def fields(record: Json) -> Iterator[Telling]:
    """Every field that is not of the envelope."""
    for name in sorted(record):
        if name not in ENVELOPE and record[name] not in (None, "", [], {}):
            told = _field(name.replace("_", " "), record[name])
            yield told.as_detail() if name in _DETAIL else told


def _field(name: str, value: Json) -> Telling:
    if isinstance(value, dict):
        return tell(name, *(_field(key, value[key]) for key in sorted(value) if value[key] not in (None, "", [], {})))
    if isinstance(value, list) and any(isinstance(one, (dict, list)) or len(str(one)) > _SHORT for one in value):
        return tell(name, *(_field(f"{at}", one) for at, one in enumerate(value, 1)))
    return tell(f"{name}: ", _value(name, value))


_SHORT = 60


def _value(name: str, value: Json) -> Phrase:
    if isinstance(value, list):
        return say.joined(_value(name, one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return str(value)
    if value.startswith("sha256:"):
        return say.digest(value)
    words: dict[str, Callable[[str], Phrase]] = {
        "instrument": say.instrument, "client order id": say.order, "decision id": say.record, "approval": say.record,
        "who": say.person, "state": say.verdict, "outcome": say.verdict, "as of": say.instant, "session": say.instant,
    }  # fmt: skip
    if name in words:
        return words[name](value)
    return say.number(value, shown=value)


def _place(record: Json) -> Telling:
    """Where it stands, and what it is checked by."""
    learned = ("recorded at ", say.instant(record["recorded_at"]))
    blobs = [tell("names ", say.digest(one, whole=True)) for one in record.get("blobs", [])]
    named = (say.record(record["record_id"]), f", of kind {record['kind']}, number {record['seq']} of the log of desk")
    return (
        tell("record ", named, f" {record['desk']} ({record['mode']}), ", learned, *blobs).named("record").as_detail()
    )


# --- orders -----------------------------------------------------------------------------------------------------


def _order(log: LogReader, record: Json) -> tuple[list[Telling], list[Phrase]]:
    """Why the order of an event was there, and what came of it; nothing for one that no decision warranted."""
    name, decision_id = record["client_order_id"], record.get("decision_id")
    if decision_id is None:
        return [], [" No decision of this log warranted it, so it took no part in anything."]
    decision = log.record(decision_id)
    if all(one["client_order_id"] != name for _, one in orders_of(decision)):
        return [], [" The decision it names has no such order."]
    told = explain_order(log, decision, name)
    return [told], [" ", *(say.joined([one], " ") for one in told.summary)]


def _event(record: Json) -> Iterator[Phrase]:
    verbs = {
        "submit": "was submitted", "accept": "was taken by the venue", "fill-part": "filled in part",
        "fill-all": "filled", "request-cancel": "was asked to be cancelled", "confirm-cancel": "was cancelled",
        "refuse-cancel": "could not be cancelled", "expire": "expired", "reject": "was rejected",
    }  # fmt: skip
    yield from ("the order ", say.order(record["client_order_id"]), f" {verbs.get(record['event'], record['event'])}")
    if record["kind"] == "fill":
        verb = "bought" if record["side"] == "buy" else "sold"
        yield from (f": {verb} ", say.shares(record["quantity"]), " of ", say.instrument(record["instrument"]))
        yield from (" at ", say.price(record["price"], record["currency"]))
    else:
        detail = record.get("detail") or record.get("why") or record.get("reason")
        yield f": {detail}" if detail else ""


# --- the desk ---------------------------------------------------------------------------------------------------


def _start(record: Json) -> Iterator[Phrase]:
    account = record.get("account", "")
    yield f"the desk {record['desk']} began, or went on under other settings, with the account {account}"
    if "capital" in record:
        yield from (" and ", say.money(record["capital"], record.get("currency", "")))


def _stop(record: Json) -> Iterator[Phrase]:
    reason = record.get("reason") or record.get("why")
    yield f"the desk {record['desk']} stopped{f': {reason}' if reason else ''}"


def _model(record: Json) -> Iterator[Phrase]:
    does = "may not speak with" if record.get("outcome") == "refused" else "began to speak with"
    yield from (f"the head {record['head']} {does} another model, ", say.digest(record["model"]))
    yield f", {record['age']} days old"
    yield f": {record['reason']}" if record.get("reason") else ""


def _state(record: Json) -> Iterator[Phrase]:
    verbs = {"killed": "killed the desk", "active": "resumed the desk", "halted": "halted the desk"}
    who = record.get("who", "somebody")
    yield "the engine" if who == "engine" else say.person(who)
    if record["state"] == "throttled":
        yield from (" latched ", say.instrument(record.get("instrument", "")))
    else:
        yield f" {verbs.get(record['state'], 'set the state ' + record['state'])}"
    yield f": {record['why']}" if record.get("why") else ""
    if record.get("ends"):
        yield f" (this ends {', '.join(record['ends'])})"


def _recovery(record: Json) -> Iterator[Phrase]:
    count = len(record.get("warrants", []))
    yield f"{count} warrant{'' if count == 1 else 's'} of the decision "
    yield from (say.record(record["decision_id"]), " were found unsubmitted at a start")
    lapsed = record.get("lapsed", [])
    if lapsed:
        yield from ("; ", say.listed(map(say.order, lapsed)), f" stay so: {record.get('reason', '')}")
    else:
        yield ", and were submitted"


def _missed(record: Json) -> Iterator[Phrase]:
    count = record["cycles"]
    yield f"{count} cycle{' was' if count == 1 else 's were'} missed and never will be run, the last of "
    yield from (say.instant(record["close"], record["label"]), f": {record['reason']}")


def _reconciliation(record: Json) -> Iterator[Phrase]:
    yield "the books and the broker " + ("agree" if record["agrees"] else "differ")
    yield "".join(f"; {one['reason']}" for one in record.get("differences", []) if isinstance(one, dict))


# --- the law ----------------------------------------------------------------------------------------------------


_APPROVED = {
    "rules": "approved another rulebook", "models": "approved another model", "states": "approved to resume the desk",
    "keys": "approved another key of the log", "people": "approved other persons",
}  # fmt: skip


def _approval(record: Json) -> Iterator[Phrase]:
    how = "as claimed" if record.get("claimed") else "with a signature"
    yield from (
        say.person(record["who"]),
        f" {_APPROVED.get(record.get('what'), 'approved other limits')} {how} ({record['verdict']})",
    )
    if record.get("proposal"):
        yield from (", seconding ", say.record(record["proposal"]))
    yield from (": ", say.digest(record["old"]), " → ", say.digest(record["new"]), f"; {record['reason']}")
    if record.get("until"):
        yield from ("; up to ", say.instant(record["until"]))


def _change(record: Json) -> Iterator[Phrase]:
    verbs = {"adopted": "came into force", "refused": "were refused", "reverted": "ended, and the former are in force"}
    yield f"other limits {verbs.get(record['outcome'], record['outcome'])} ({record['verdict']}): "
    yield from (say.digest(record["old"]), " → ", say.digest(record["new"]), f"; {record['reason']}")


def _rulebook(record: Json) -> Iterator[Phrase]:
    verbs = {"adopted": "came into force", "refused": "was refused"}
    yield f"another rulebook {verbs.get(record['outcome'], record['outcome'])} ({record['verdict']}): "
    yield from (say.digest(record["old"]), " → ", say.digest(record["new"]), f"; {record['reason']}; it differs in ")
    yield from (say.listed(map(say.code, record["files"])), ", as ", say.person(record["who"]), " left it")


def _key(record: Json) -> Iterator[Phrase]:
    verbs = {"enrol": "enrolled the key that signs checkpoints", "rotate": "replaced the key that signs checkpoints",
             "revoke": "revoked a key that signed checkpoints"}  # fmt: skip
    yield from (say.person(record["who"]), f" {verbs.get(record['action'], record['action'])}")
    yield from (", ", say.code(record["vkey"]), f": {record['reason']}")


def _seal(record: Json) -> Iterator[Phrase]:
    yield f"{record['records']:,} old records of kind {record['of']}, of "
    yield from (say.instant(record["from"]), " to ", say.instant(record["to"]))
    yield f", were packed into segment {record['segment']}; their hashes stay"


def _hold(record: Json) -> Iterator[Phrase]:
    names, days = record.get("symbols", []), [record.get("from"), record.get("to")]
    about = say.listed(map(say.instrument, names)) if names else "all instruments"
    if record["action"] == "lift":
        yield from (say.person(record["who"]), " ended the hold ", say.record(record.get("hold") or ""))
    else:
        yield from (say.person(record["who"]), " asked that records be kept beyond their time, about ", about)
        yield "".join(f" {word} {day}" for word, day in zip(("from", "to"), days, strict=True) if day)
    yield f": {record['why']}"


def _retention(record: Json) -> Iterator[Phrase]:
    count = sum(one["records"] for one in record["segments"])
    rule = record["rule"]
    yield f"{count:,} records of kind {rule['kind']} went, as {rule['years']} years to keep them were over by "
    yield say.instant(record["by"])


def _surveillance(record: Json) -> Iterator[Phrase]:
    if record["action"] == "failed":
        yield f"surveillance failed, and nothing was looked for: {record['reason']}"
    elif record["action"] == "close":
        verbs = {"cleared": "cleared", "escalated": "escalated"}
        yield from (say.person(record["who"]), f" {verbs[record['outcome']]} the finding ")
        yield from (say.record(record["finding"]), f": {record['why']}")
    else:
        yield f"surveillance found {record['pattern'].replace('-', ' ')} ({record['severity']}): {record['sentence']}"


def _fault(record: Json) -> Iterator[Phrase]:
    period = record.get("period", record["as_of"][:10])
    yield from ("the cycle of ", say.instant(period), f" made no decision, so nothing was sent: {record['fault']}")


def _plain_head(record: Json) -> Phrase:
    """A kind without words of its own: what it calls itself, and the sentence that it has, if any."""
    said = next(
        (record[name] for name in ("reason", "why", "words", "finding") if isinstance(record.get(name), str)), ""
    )
    head = f"the log has a record of kind {record['kind']}"
    return f"{head}: {said}" if said else head


_KINDS: dict[str, Callable[[Json], Iterator[Phrase]]] = {
    **dict.fromkeys(ORDER_KINDS, _event),
    "start": _start, "stop": _stop, "model": _model, "state": _state, "recovery": _recovery, "missed": _missed,
    "reconciliation": _reconciliation, "approval": _approval, "change": _change, "rulebook": _rulebook, "fault": _fault,
    "books": books_words, "key": _key, "seal": _seal, "hold": _hold, "retention": _retention,
    "surveillance": _surveillance,
}  # fmt: skip
