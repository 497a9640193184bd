"""A rulebook that a desk finds at its start in another form than it left it: recorded, or refused without two persons.

Rules:
- once the desk has decided, a rulebook that differs from the one in force gets a record of its own before the start:
  what changes in meaning, which files, and whose they are, which is a claim;
- where `four_eyes` asks for rules, it needs the approvals of two persons (`warrant rules approve`) of exactly this pair
  of rulebooks. Without them the desk does not start, and one record says why;
- a rulebook whose old text the log does not hold is compared with nothing: its verdict says *unknown*.

Left out: lints and cases, which a reload asks for (`adapters/running/reloading.py`).
"""

from __future__ import annotations

import pwd
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.audit.reader import LogReader
from adapters.desk.folder import shown
from adapters.people.four_eyes import RULES
from adapters.people.persons import approved
from adapters.verifying.law import ADOPTED, REFUSED
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical, digest, parse
from rules.rulebook import RULES as FILE
from rules.rulebook import Rulebook

if TYPE_CHECKING:
    from adapters.running.runner import Runner

CAP = 20.0
"""Seconds that the comparison of meanings may take; without it the change says *unknown* and goes on."""
UNKNOWN: Json = {"changes": None, "text": ["the log does not hold the text of the rulebook in force"]}
WAY = "`warrant rules approve --approve NAME --reason TEXT --key FILE` by two persons does that"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What changes from one rulebook to another: in a few words, and all of it."""

    verdict: str
    value: Json

    @property
    def encoded(self) -> bytes:
        """Its canonical bytes."""
        return canonical(self.value)

    @property
    def digest(self) -> str:
        """Of its canonical bytes."""
        return digest(self.encoded)


def meaning_of(old: Rulebook | None, new: Rulebook) -> Meaning:
    """What changes in meaning. Raises `Failed` where the process that compares ends."""
    from adapters.rulediff.meant import meant, verdict

    if old is None:
        return Meaning("what changes in meaning is unknown", UNKNOWN)
    found = meant(old, new, CAP)
    return Meaning(verdict(old, new, found), found)


def rulebook_of(log: LogReader, name: str) -> Rulebook | None:
    """The rulebook with this digest, if the log has kept it and it still can be read."""
    try:
        return Rulebook.from_json(parse(log.blob(name)))
    except (KeyError, TypeError, ValueError, Faulty):
        return None


def adopt(runner: Runner) -> None:
    """At the start: let the rulebook of the files come into force. Raises `Faulty` where it lacks its approvals."""
    law, new = runner.standing.law, runner.law.rulebook
    if not law.decided or new.fingerprint == law.rulebook:
        return
    governed = law.roster.governs(RULES)
    approval, against = approved(law, RULES, new.fingerprint, runner.recording_at) if governed else (None, "")
    refused = governed and approval is None
    why = f"this rulebook is not the one in force, and {against or 'nobody has approved it'}; {WAY}"
    why += "; or put the former files back"
    if not refused or law.refused_rules != (law.rulebook, new.fingerprint):
        old = rulebook_of(runner.log, law.rulebook)
        meaning = meaning_of(old, new)
        told = f"the desk was started with it: {meaning.verdict}"
        record: Json = {
            **body(runner.desk.folder, law.rulebook, old, new.fingerprint, dict(new.sources)),
            "outcome": REFUSED if refused else ADOPTED,
            "verdict": meaning.verdict,
            "diff": meaning.digest,
            "reason": why if refused else told if approval is None else by_approval(approval),
            **({} if approval is None else {"approval": approval["record_id"]}),
        }
        runner.amend(record, {new.fingerprint: new.encoded, meaning.digest: meaning.encoded})
    if refused:
        raise Faulty(Fault(shown(runner.desk.folder / FILE), 1, 1, why))


def by_approval(approval: Json) -> str:
    """Why a change was adopted that two persons approved."""
    return f"approved by {approval['who']}: {approval['reason']}"


def body(folder: Path, old: str, before: Rulebook | None, new: str, texts: Mapping[str, str]) -> Json:
    """What a record of a rulebook says of its files; of a former one that nobody can read, all of them differ."""
    known = {} if before is None else dict(before.sources)
    files = sorted(file for file in known.keys() | texts.keys() if known.get(file) != texts.get(file))
    who = owner(folder, files)
    return {"kind": "rulebook", "old": old, "new": new, "files": files, "who": who, "claimed": True}


def owner(folder: Path, files: list[str]) -> str:
    """Whose the newest of these files is, as the machine says: a claim, as whoever may write them all has one name."""
    there = []
    for file in files:
        # What was deleted has no owner any more.
        with suppress(OSError):
            there.append((folder / file).stat())
    found = max(there or [folder.stat()], key=lambda one: one.st_mtime_ns).st_uid
    try:
        return pwd.getpwuid(found).pw_name
    except KeyError:
        return f"uid {found}"
