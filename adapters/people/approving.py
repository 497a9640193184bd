"""A named person approves limits that let more through (RTS 6 art. 5; FINRA Notice 15-09: reason, approval, return).

Rules:
- only a person listed under `[people] approve` of warrant.toml, with a reason, for exactly the limits in force and
  exactly this file; what the comparison finds is stored with it;
- for whom a key is listed under `[people.keys]`, the approval is signed with it or refused; otherwise it is *claimed*;
- nothing changes yet: the limits come into force at the desk's next start, when its limits.yaml is that file;
- while a process runs the desk it is refused, as the log takes records of one process;
- where the desk asks for two persons for limits, this is a proposal or its seconding (`adapters/people/seconding.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from adapters.answers.reading import reading
from adapters.audit.kinds import Kind, period_of
from adapters.audit.reader import LogReader
from adapters.desk.folder import SETTINGS, Desk, shown
from adapters.desk.groups import groups_of
from adapters.frame import Failed
from adapters.people import seconding
from adapters.people.approvals import objection, statement
from adapters.people.four_eyes import LIMITS
from adapters.people.keys import public_text, read_key, signature
from adapters.running.amending import compared_with, person_objection
from adapters.running.continuity import check_account
from adapters.running.desk_log import DeskLog
from adapters.running.intervention import lenient, now_text, opened, plain
from adapters.running.lease import held
from adapters.running.watch import Watch, unwatched
from adapters.store.faults import StoreFailed
from adapters.store.opening import is_there
from adapters.verifying.law import LawInForce
from engine.limits.model import Limits
from engine.limits.text import read_limits
from knowledge.faults import Fault, Faulty
from knowledge.values import Json
from rules.rulebook import read_rulebook


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says."""

    who: str
    reason: str
    key: Path | None = None
    until: str = ""
    """The last session the limits hold for; empty: no end."""
    days: int = seconding.DAYS
    """For which an approval can be used, where two are needed."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What was recorded, and what the comparison says to a reader."""

    record: Json
    lines: tuple[str, ...]
    governed: bool = False
    """Whether two persons are needed."""
    proposer: str = ""
    """Whom it seconds."""


def approve(desk: Desk, file: tuple[str, str], asked: Asked, watch: Watch = unwatched) -> Approved:
    """Record an approval of a limits file, given as text and name. Raises `Faulty`, `Failed`."""
    asked = _checked(desk, asked)
    limits = read_limits(*file, groups_of(desk, read_rulebook(desk.folder)))
    if not is_there(desk.store):
        raise _wrong(shown(desk.limits), "the desk has not decided anything yet: its first limits need no approval")
    if _governed(desk):
        return _by_two(desk, limits, file, asked, watch)
    try:
        with held(desk.store, "limits approve"), opened(desk, lenient, watch) as desk_log:
            check_account(desk, desk_log.log)
            return _recorded(desk, desk_log, limits, file, asked)
    except StoreFailed as error:
        raise Failed(str(error)) from error


def _checked(desk: Desk, asked: Asked) -> Asked:
    """What is asked, on one line each. Raises `Faulty` where the person, the key or the date cannot be."""
    for option, given in (("approve", asked.who), ("reason", asked.reason)):
        if not given.strip():
            raise _wrong("command line", f"`--{option}` is empty; say it, it goes into the log")
    if against := person_objection(desk, asked.who):
        raise _wrong(shown(desk.folder / SETTINGS), against)
    listed = desk.settings.people.keys.get(asked.who)
    if listed is not None and asked.key is None:
        words = f"`[people.keys]` lists a key for `{asked.who}`, so this is signed or nothing; give `--key FILE`"
        raise _wrong(shown(desk.folder / SETTINGS), words)
    if listed is None and asked.key is not None:
        words = f"no key is listed for `{asked.who}` under `[people.keys]` of {SETTINGS}; add the line that"
        raise _wrong(shown(desk.folder / SETTINGS), f"{words} `warrant keys make` printed, or leave `--key` out")
    if asked.until and not _is_day(asked.until):
        raise _wrong("command line", f"`{asked.until}` is no date; write one such as 2026-12-31")
    return Asked(asked.who, plain(asked.reason), asked.key, asked.until, asked.days)


def _governed(desk: Desk) -> bool:
    with reading(desk) as log:
        return seconding.law_of(log).roster.governs(LIMITS)


def _by_two(desk: Desk, limits: Limits, file: tuple[str, str], asked: Asked, watch: Watch) -> Approved:
    """Propose these limits, or second them."""

    def change(log: LogReader, law: LawInForce) -> seconding.Change:
        if limits.fingerprint == law.current:
            raise _wrong(file[1], "these limits are in force already; there is nothing to approve")
        last = period_of(next(log.records([Kind.DECISION, Kind.FAULT], newest_first=True)))
        _not_over(asked, last)
        compared = compared_with(log, law.current, file, desk.settings.desk.currency)
        texts = {limits.fingerprint: limits.encoded}
        return seconding.Change(
            LIMITS, limits.fingerprint, compared.verdict, compared.encoded, until=asked.until, texts=texts,
            lines=compared.lines,
        )  # fmt: skip

    done = seconding.approve(desk, change, seconding.Asked(asked.who, asked.reason, asked.key, asked.days), watch)
    return Approved(done.record, done.lines, True, done.proposer)


def _recorded(desk: Desk, desk_log: DeskLog, limits: Limits, file: tuple[str, str], asked: Asked) -> Approved:
    standing, name = desk_log.standing, file[1]
    law = standing.law
    if not law.decided:
        raise _wrong(name, "the desk has not decided anything yet: its first limits need no approval")
    if limits.fingerprint == law.current:
        raise _wrong(name, "these limits are in force already; there is nothing to approve")
    _not_over(asked, standing.last_session)
    found = compared_with(desk_log.log, law.current, file, desk.settings.desk.currency)
    about = {
        "old": law.current,
        "new": limits.fingerprint,
        "verdict": found.verdict,
        "diff": found.digest,
        "who": asked.who,
        "reason": asked.reason,
        **({"until": asked.until} if asked.until else {}),
        "asked_at": now_text(datetime.now(UTC)),
    }
    section = desk.settings.desk
    record = {**about, **_proof({**about, "desk": section.name, "mode": desk_log.mode.value}, desk, asked)}
    blobs = {found.digest: found.encoded, limits.fingerprint: limits.encoded}
    return Approved(
        desk_log.approve({"kind": "approval", **record, "changes": list(found.changes)}, blobs), found.lines
    )


def _not_over(asked: Asked, last: str) -> None:
    if asked.until and asked.until <= last[:10]:
        words = f"`--until {asked.until}` is over: the desk has decided {last}; give a later session"
        raise _wrong("command line", words)


def _proof(about: Json, desk: Desk, asked: Asked) -> Json:
    """Key and signature, or that it is claimed. Raises `Faulty` where the key is not the one listed."""
    if asked.key is None:
        return {"claimed": True}
    key = read_key(asked.key)
    public = public_text(key)
    if public != desk.settings.people.keys[asked.who]:
        words = f"this is not the key that `[people.keys]` of {SETTINGS} lists for `{asked.who}`"
        raise _wrong(shown(asked.key), f"{words}; give that one")
    proof = {"key": public, "signature": signature(key, statement({**about, "key": public}))}
    assert not objection({**about, **proof}), "what was just signed verifies"
    return proof


def _is_day(written: str) -> bool:
    try:
        return date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def _wrong(file: str, words: str) -> Faulty:
    return Faulty(Fault(file, 1, 1, words))
