"""Who did what: every change of limits, rules, models, states, keys and persons, as the log has it.

A row says when, what and what became of it, who, by what proof, why, the verdict of its comparison, and who proposed
and approved it. The proof is *signed*, *claimed* (a typed name, or the owner of a file as the machine names him), or
*engine* where no person did it. A signature that does not hold is said to be one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import takewhile
from typing import Final

from adapters.audit.kinds import Kind
from adapters.audit.log import LogReader
from adapters.people.approvals import objection
from adapters.people.four_eyes import KEYS, LIMITS, MODELS, PEOPLE, RULES, STATES, subject_of
from knowledge.values import Json

SUBJECTS: Final = (LIMITS, RULES, MODELS, STATES, KEYS, PEOPLE)
_KINDS: Final = (
    Kind.START, Kind.APPROVAL, Kind.CHANGE, Kind.RULEBOOK, Kind.MODEL, Kind.STATE, Kind.KEY, Kind.HOLD, Kind.RETENTION,
)  # fmt: skip
ENGINE: Final = "engine"
TRAINED: Final = "trained by the plan of the settings"
SIGNED, CLAIMED = "signed", "claimed"
_SHOWN = 12
"""Digits of a digest that a reader needs to tell two apart."""
_STATES: Final = {"active": "resumed"}
_KEYS: Final = {"enrol": "enrolled", "rotate": "rotated", "revoke": "revoked"}


def doings(log: LogReader) -> Iterator[Json]:
    """The rows in order of the log."""
    approvals: dict[str, Json] = {}
    models: dict[str, str] = {}
    start: Json = {}
    for record in log.records(_KINDS):
        kind = record["kind"]
        if kind == Kind.APPROVAL:
            approvals[record["record_id"]] = record
            yield _approval(record, approvals)
        elif kind == Kind.START:
            if row := _start(record, start, approvals):
                yield row
            start = record
        elif kind == Kind.CHANGE:
            yield _row(record, LIMITS, record["outcome"], *_by(record, approvals, ENGINE, ENGINE))
        elif kind == Kind.RULEBOOK:
            yield _row(record, RULES, record["outcome"], *_by(record, approvals, record["who"], CLAIMED))
        elif kind == Kind.MODEL:
            yield _model(record, models, approvals)
        elif kind == Kind.STATE:
            who = record.get("who", ENGINE)
            proof = ENGINE if who == ENGINE else CLAIMED
            did = _STATES.get(record["state"], record["state"])
            yield _row(record, STATES, did, *_by(record, approvals, who, proof), about=record.get("instrument"))
        elif kind == Kind.KEY:
            did = _KEYS.get(record["action"], record["action"])
            yield _row(record, KEYS, did, *_by(record, approvals, record["who"], CLAIMED), new=record["vkey"])
        else:
            who = record.get("who", ENGINE)
            proof = ENGINE if who == ENGINE else CLAIMED
            yield _row(record, str(kind), record.get("action", str(kind)), *_by(record, approvals, who, proof))


def _approval(record: Json, approvals: Mapping[str, Json]) -> Json:
    first = approvals.get(record.get("proposal", ""))
    did = "approved" if first is not None or "use_by" not in record else "proposed"
    people = {} if first is None else {"proposed_by": first["who"]}
    return _row(record, subject_of(record), did, record["who"], _proof(record), people, about=record.get("about"))


def _by(record: Json, approvals: Mapping[str, Json], who: str, proof: str) -> tuple[str, str, Json]:
    """Who did it and by what proof, and whose approvals it used."""
    second = approvals.get(record.get("approval", ""))
    if second is None:
        return who, proof, {}
    first = approvals.get(second.get("proposal", ""))
    people = {"approved_by": second["who"], "approval": second["record_id"]}
    if first is not None:
        people = {"proposed_by": first["who"], **people}
    if who in (ENGINE, second["who"]):
        return second["who"], _proof(second), people
    return who, proof, people


def _model(record: Json, models: dict[str, str], approvals: Mapping[str, Json]) -> Json:
    """Of a promotion also the model before it; nobody's is one that the plan trained and nobody had to approve."""
    head, did = record["head"], record.get("outcome", "promoted")
    more = {"about": head, "old": models.get(head), "why": record.get("reason", TRAINED)}
    if did == "promoted":
        models[head] = record["model"]
    return _row(record, MODELS, did, *_by(record, approvals, ENGINE, ENGINE), **more)


def _start(record: Json, before: Json, approvals: Mapping[str, Json]) -> Json | None:
    """Of a start only that the persons are others, or that it was the first."""
    if before and record.get("people") == before.get("people"):
        return None
    if not before and "people" not in record:
        return None
    who, proof, people = _by(record, approvals, "", CLAIMED)
    return _row(record, PEOPLE, "in force", who, proof if who else "", people, people=record.get("people"))


def _row(record: Json, what: str, did: str, who: str, proof: str, by: Json, **more: Json) -> Json:
    row = {
        "record_id": record["record_id"],
        "as_of": record["as_of"],
        "at": record.get("asked_at") or record["recorded_at"],
        "what": what,
        "did": did,
        "about": None,
        "who": who,
        "proof": proof,
        "why": record.get("reason") or record.get("why"),
        "verdict": record.get("verdict"),
        "old": record.get("old") or record.get("former"),
        "new": record.get("new") or record.get("model"),
        "until": record.get("until"),
        "use_by": record.get("use_by"),
        "files": record.get("files"),
        "ends": record.get("ends"),
    }
    return {name: value for name, value in {**row, **by, **more}.items() if value not in (None, "")}


def _proof(approval: Json) -> str:
    how = CLAIMED if approval.get("claimed") else SIGNED
    return f"{how}, and it does not hold" if objection(approval) else how


_UNCHANGED: Final = {
    LIMITS: "the limits were not changed", RULES: "the rules were not changed", MODELS: "the models were not changed",
    STATES: "nobody changed the trading state", KEYS: "the keys were not changed",
    PEOPLE: "the persons were not changed",
}  # fmt: skip


def lines(rows: list[Json], what: str | None = None, *, narrowed: bool = False) -> Iterator[str]:
    """For a person: a line and what belongs to it, for each of `what`.

    Promotions that the plan of the settings made by itself are one line a day, unless models were asked for.
    `narrowed` where a person or days were asked for: then no rows do not mean that nothing was changed.
    """
    if not rows:
        said = _UNCHANGED[what] if what is not None else "nobody has changed anything"
        yield f"{said}, by this person or in these days" if narrowed else said
    at = 0
    while at < len(rows):
        heads = (
            [] if what == MODELS else [str(one["about"]) for one in takewhile(partial(_same_turn, rows[at]), rows[at:])]
        )
        if heads:
            noun = "1 model" if len(heads) == 1 else f"{len(heads)} models"
            yield f"{rows[at]['at']}  {MODELS:<7} {noun} promoted by the engine, {TRAINED}: {', '.join(heads)}"
        else:
            yield from _lines_of(rows[at])
        at += len(heads) or 1


def _same_turn(first: Json, row: Json) -> bool:
    """Whether the engine promoted by itself what a row is about, on the day of `first`."""
    alone = (row["what"], row["did"], row.get("who"), row.get("why")) == (MODELS, "promoted", ENGINE, TRAINED)
    return alone and "approved_by" not in row and bool(row["at"][:10] == first["at"][:10])


def _lines_of(row: Json) -> Iterator[str]:
    about = f" of {row['about']}" if "about" in row else ""
    verdict = f": {row['verdict']}" if "verdict" in row else ""
    yield f"{row['at']}  {row['what']:<7} {row['did']}{about}{verdict}  ({row['record_id']})"
    who = f"{row['who']}, {row['proof']}" if "who" in row and row["who"] != ENGINE else row.get("who", "")
    by = [f"{word} by {row[name]}" for name, word in (("proposed_by", "proposed"), ("approved_by", "approved"))
          if name in row]  # fmt: skip
    if told := "; ".join(filter(None, (who, *by))):
        yield f"    {told}"
    if "why" in row:
        yield f"    {row['why']}"
    if "old" in row or "new" in row:
        yield f"    {_short(row.get('old', 'nothing'))} → {_short(row.get('new', 'nothing'))}"
    if "people" in row:
        yield from _people(row["people"])
    for name in ("ends", "files"):
        if name in row:
            yield f"    {name} {', '.join(row[name])}"


def _people(roster: Json) -> Iterator[str]:
    yield f"    two persons are needed for {', '.join(roster['four_eyes']) or 'nothing'}"
    yield f"    approve: {', '.join(roster['approve']) or 'nobody'}; resume: {', '.join(roster['resume']) or 'nobody'}"
    without = sorted({*roster["approve"], *roster["resume"]} - roster["keys"].keys())
    if without:
        counts = "counts" if roster["claims"] else "counts not"
        yield f"    without a key: {', '.join(without)}; what they claim {counts}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_SHOWN] if digest.startswith("sha256:") else digest
