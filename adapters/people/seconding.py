"""A named person approves a change that two persons are needed for: the first proposes it, the second seconds it.

Rules:
- the same command does both: where another person's proposal of exactly this change stands, it is seconded, else this
  is the proposal. Nobody seconds himself;
- whoever seconds has the change compared anew; where that says something else than the proposal, it is proposed anew;
- it is signed with the person's key, or, where the desk counts claims, *claimed*;
- a running desk is asked to record it, and else it is recorded here. Either way all that a verification asks of it is
  asked before (`adapters.people.accepting`).

What is approved comes into force where the desk next looks at it: rules between two cycles or at a start, a model at
the next cycle, limits and persons at the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.audit.kinds import Kind
from adapters.audit.reader import LogReader
from adapters.desk.folder import SETTINGS, Desk, shown
from adapters.frame import Failed
from adapters.people.accepting import accept, sealed
from adapters.people.approvals import statement
from adapters.people.four_eyes import LIMITS, LONGEST_DAYS, Roster, use_against
from adapters.people.four_eyes import pairs as approvals_of
from adapters.people.keys import public_text, read_key, signature
from adapters.running.continuity import check_account
from adapters.running.intervention import DONE, PATIENCE, REFUSED, ask, lenient, now_text, opened, plain
from adapters.running.lease import held
from adapters.running.watch import Watch, unwatched
from adapters.store.faults import LogUnreadable, StoreFailed
from adapters.verifying.governed import in_force
from adapters.verifying.law import LawInForce
from engine.orders.portfolio import Mode
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, digest

DAYS = 7
"""For which an approval can be used, where nobody says otherwise."""
_TOLD = (Kind.START, Kind.APPROVAL, Kind.CHANGE, Kind.RULEBOOK, Kind.STATE, Kind.MODEL, Kind.KEY)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of the person."""

    who: str
    reason: str
    key: Path | None = None
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be approved: from what is in force to `new`, with what a comparison says about it."""

    what: str
    new: str
    verdict: str
    diff: bytes
    about: str = ""
    until: str = ""
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """What is stored with it, by digest."""
    lines: tuple[str, ...] = ()
    """For the person."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was recorded, and whether it is the second."""

    record: Json
    proposer: str
    """Empty where this is the proposal."""
    lines: tuple[str, ...]


def law_of(log: LogReader) -> LawInForce:
    """What is in force, and which approvals stand, folded from the records that say so."""
    law, decided = LawInForce(), next(log.records([Kind.DECISION]), None)
    for record in log.records(_TOLD):
        if decided is not None and not law.decided and record["seq"] > decided["seq"]:
            law.take(decided)
        law.take(record)
    if decided is not None and not law.decided:
        law.take(decided)
    return law


def approve(
    desk: Desk,
    change_of: Callable[[LogReader, LawInForce], Change],
    asked: Asked,
    watch: Watch = unwatched,
    patience: float = PATIENCE,
) -> Done:
    """Propose or second a change. Raises `Faulty`, `Failed`."""
    asked = _checked(asked)
    try:
        with LogReader.read(desk.store) as log:
            law = law_of(log)
            change = change_of(log, law)
            record, proposer = _record(desk, law, change, asked)
    except LogUnreadable as error:
        raise Failed(str(error)) from error
    blobs = {**change.texts, digest(change.diff): change.diff}
    written = _deliver(desk, record, blobs, watch, patience)
    return Done(written, proposer, change.lines)


def told(done: Done, then: str) -> Iterator[str]:
    """For the person who approved: what, how, and what is next; `then` says what two approvals bring about."""
    yield from done.lines
    record = done.record
    how = "claimed" if record.get("claimed") else f"signed with {record['key']}"
    yield f"approved by {record['who']} ({how}); record {record['record_id']}; to be used by {record['use_by']}"
    if done.proposer:
        yield f"proposed by {done.proposer}, so two persons have approved it: {then}"
    else:
        yield "this is the proposal; another person has to approve it with the same command"


def needed(law: LawInForce, what: str) -> None:
    """Raises `Faulty` where two persons are not needed for it: then there is nothing to approve."""
    if not law.roster.governs(what):
        words = f"the desk does not ask for two persons for {what}; list `{what}` in `four_eyes` under `[people]` of"
        raise _wrong(f"{words} {SETTINGS}, which counts from its next start")


def _checked(asked: Asked) -> Asked:
    for option, given in (("approve", asked.who), ("reason", asked.reason)):
        if not given.strip():
            raise _wrong(f"`--{option}` is empty; say it, it goes into the log")
    if not 1 <= asked.days <= LONGEST_DAYS:
        raise _wrong(f"`--days {asked.days}` is not from 1 to {LONGEST_DAYS}; give a number of days within")
    return Asked(asked.who, plain(asked.reason), asked.key, asked.days)


def _record(desk: Desk, law: LawInForce, change: Change, asked: Asked) -> tuple[Json, str]:
    """The signed approval, and who proposed what it seconds."""
    now, old = datetime.now(UTC), in_force(law, change.what, change.about)
    if old == change.new:
        raise _wrong(f"this is in force already ({change.what}); there is nothing to approve")
    first = _proposal(law, change, asked.who, now_text(now))
    about: Json = {
        **({} if change.what == LIMITS else {"what": change.what}),
        **({"about": change.about} if change.about else {}),
        "old": old,
        "new": change.new,
        "verdict": change.verdict,
        "diff": digest(change.diff) if first is None else first["diff"],
        "who": asked.who,
        "reason": asked.reason,
        **({"until": change.until} if change.until else {}),
        "asked_at": now_text(now),
        "use_by": now_text(now + timedelta(days=asked.days)),
        **({} if first is None else {"proposal": first["record_id"]}),
    }
    return {**about, **_proof(desk, law.roster, about, asked)}, "" if first is None else str(first["who"])


def _proposal(law: LawInForce, change: Change, who: str, now: str) -> Json | None:
    """Another person's proposal of this change; None where there is none. Raises `Faulty` where it is one's own."""
    own = None
    old = in_force(law, change.what, change.about)
    for _, one in approvals_of(law.approvals, change.what, old, change.new, change.about):
        if "proposal" in one or law.roster.against(one) or use_against(one, now):
            continue
        if one["who"] == who:
            own = one
        elif (one["verdict"], one.get("until", "")) != (change.verdict, change.until):
            words = f"`{one['who']}` proposed it as *{one['verdict']}*, and compared now it is *{change.verdict}*"
            raise _wrong(f"{words} (or it is to hold until another day); have it proposed anew")
        else:
            return one
    if own is not None:
        words = f"`{who}` has proposed it already (record {own['record_id']})"
        raise _wrong(f"{words}; another person has to approve it")
    return None


def _proof(desk: Desk, roster: Roster, about: Json, asked: Asked) -> Json:
    """Key and signature, or that it is claimed. Raises `Faulty` where this person's word does not count."""
    listed = roster.keys.get(asked.who)
    if listed is None:
        return {"claimed": True}
    if asked.key is None:
        raise _wrong(f"a key is listed for `{asked.who}`, so this is signed or nothing; give `--key FILE`")
    key = read_key(asked.key)
    public = public_text(key)
    if public != listed:
        words = f"this is not the key that is listed for `{asked.who}`; give that one"
        raise Faulty(Fault(shown(asked.key), 1, 1, words))
    section = desk.settings.desk
    mode = Mode.PAPER if section.mode == "paper" else Mode.BACKTEST
    signed = {**about, "desk": section.name, "mode": mode.value, "key": public}
    return {"key": public, "signature": signature(key, statement(signed))}


def _deliver(desk: Desk, record: Json, blobs: Mapping[str, bytes], watch: Watch, patience: float) -> Json:
    """Have it recorded by whoever runs the desk, or record it here."""
    try:
        found = ask(desk, "approve", record["who"], sealed(record, blobs), patience)
        if found.startswith(REFUSED):
            raise _wrong(found.removeprefix(REFUSED))
        if found.startswith(DONE):
            with LogReader.read(desk.store) as log:
                return log.record(found.removeprefix(DONE))
        if found:
            raise Failed(f"{found}, and nothing was recorded; end that process, and ask again")
        with held(desk.store, "approve"), opened(desk, lenient, watch) as desk_log:
            check_account(desk, desk_log.log)
            return accept(desk_log, record, blobs)
    except StoreFailed as error:
        raise Failed(str(error)) from error


def _wrong(words: str) -> Faulty:
    return Faulty(Fault("command line", 1, 1, words))
