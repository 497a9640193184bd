"""A rulebook that changes under a running desk: checked, tried, compared, recorded and swapped whole, or refused whole.

Rules:
- the files, and those of the cases, are looked at between two turns of the loop, never during a cycle: a cycle that has
  begun ends with the rulebook it began with;
- a changed rulebook has to pass everything before anything changes: no error of `warrant rules check`, its limits still
  name strategies that exist, all its cases pass, and a process of its own has loaded it into CLIPS and Prolog. Else the
  old one goes on, and one record says why, once for one text;
- what was checked is what is swapped: where the files are others again by then, nothing happens, and they are looked at
  anew;
- the record comes first, with the text, what changes in meaning and the name of the files' owner, which is a claim;
  then the process takes the place of the old one. A crash between the two ends the desk, and its next start reads the
  files;
- where two persons are needed for rules, what has passed everything waits for them (`warrant rules approve`), said
  once, and is judged again when they have approved it.

Left out: limits, settings and instruments, which count at the next start; what a start decides by
(`adapters/running/adopting.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.desk.folder import Desk, shown
from adapters.desk.groups import groups_of
from adapters.frame import Failed
from adapters.people.four_eyes import RULES as SUBJECT
from adapters.people.persons import approved
from adapters.running.adopting import WAY, Meaning, body, by_approval, meaning_of
from adapters.running.runner import Runner
from adapters.running.watch import Happening
from adapters.running.worker import Worker, WorkerLost
from adapters.verifying.law import ADOPTED, REFUSED
from engine.limits.text import read_limits
from engine.verdicts import surprise
from knowledge.faults import Faulty
from knowledge.prolog.engine import PrologFault
from knowledge.values import Json, canonical, digest, parse
from rules.rulebook import POLICIES, RULES, Rulebook
from rules.texts import BookText, read_texts

MOST_REASONS = 20
MOST_FAILED = 5
"""Failing cases after which no more are asked: one that hangs takes seconds."""
Stamp = tuple[object, ...]


@dataclass(frozen=True)
class Ready:
    """A rulebook that has passed everything, in a process that waits."""

    rulebook: Rulebook
    worker: Worker
    meaning: Meaning
    """What changes in meaning."""


class Reloading:
    """Looks after the rulebook of one running desk. `look` is called between two turns."""

    def __init__(self, desk: Desk, runner: Runner) -> None:
        self._desk, self._runner = desk, runner
        self._files: tuple[str, ...] = tuple(source.file for source in runner.law.rulebook.sources)
        self._seen: Stamp = ()
        self._book = BookText(runner.law.rulebook.rules, runner.law.rulebook.policies)
        self._refused = ""
        """The digest of what was refused last, and the reasons."""
        self._waits_for = ""
        """The rulebook that passed everything and lacks its approvals."""

    def look(self) -> None:
        """Take over a changed rulebook, or refuse it. Raises `LogUnwritable` where that can not be recorded."""
        stamp = self._stamp()
        if self._was_approved():
            self._seen = ()
        if stamp == self._seen and not self._book.faults:
            return
        book = read_texts(self._desk.folder)
        if stamp == self._seen and book == self._book:
            # A file that is missing has no stamp by which one would see it come.
            return
        files = _files(book)
        if files != self._files:
            # Stamped before it is read: what changes in between is seen the next time.
            self._files = files
            stamp = self._stamp()
            book = read_texts(self._desk.folder)
        self._seen, self._book = stamp, book
        if not book.faults and _written(book) == self._runner.law.rulebook.encoded:
            self._refused = self._waits_for = ""
            return
        self._change(book)

    def _change(self, book: BookText) -> None:
        written = _written(book)
        found = self._judged(book)
        try:
            if self._moved(book):
                self._seen = ()
                return
            if isinstance(found, Ready):
                self._adopt(found)
                self._refused = ""
            else:
                self._refuse(written, found)
        finally:
            if isinstance(found, Ready):
                # Empty-handed where its process was taken over.
                found.worker.close()

    def _moved(self, book: BookText) -> bool:
        """Whether the files are others by now than those that were judged."""
        return read_texts(self._desk.folder) != book

    # --- the judgement ------------------------------------------------------------------------------------------

    def _judged(self, book: BookText) -> Ready | tuple[str, ...]:
        """A rulebook that may be swapped in, or why it may not."""
        try:
            reasons = tuple(self._reasons(book))
            if reasons:
                return reasons
            rulebook = Rulebook(book.rules, book.policies)
            limits = self._runner.law.limits
            read_limits(limits.source, shown(self._desk.limits), groups_of(self._desk, rulebook))
            self._alive()
            meaning = meaning_of(self._runner.law.rulebook, rulebook)
            self._alive()
            return Ready(rulebook, Worker(rulebook, limits).start(), meaning)
        except Faulty as error:
            return tuple(map(str, error.faults))
        except (Failed, PrologFault, WorkerLost) as error:
            return (f"it could not be tried: {error}",)
        except Exception as error:  # noqa: BLE001 - whatever a text does to what reads it, the old rulebook goes on
            return (f"it could not be tried: {surprise(error)}",)

    def _reasons(self, book: BookText) -> Iterator[str]:
        """What `warrant rules check` calls an error; where there is none, the cases that fail."""
        from adapters.casework.running import Asked
        from rules.lints.check import check

        errors = [one for one in check(book).findings if one.severity == "error"]
        for one in errors:
            yield f"{one.file}:{one.line}:{one.column}: {one.code} {one.sentence}"
        if errors:
            return
        failed = 0
        with Asked(self._desk.folder) as asked:
            for case in asked.cases:
                self._alive()
                for problem in asked.run(case):
                    failed += 1
                    where = f"{problem.file}:{problem.line}:{problem.column}"
                    yield f"{where}: case `{case.about}: {case.name}` fails: {problem.message}"
                if failed >= MOST_FAILED:
                    return

    # --- what follows -------------------------------------------------------------------------------------------

    def _adopt(self, ready: Ready) -> None:
        runner, new = self._runner, ready.rulebook
        told = ready.meaning.verdict
        record: Json = {**self._body(new.fingerprint, dict(new.sources)), "outcome": ADOPTED, "verdict": told}
        record["diff"] = ready.meaning.digest
        record["reason"] = f"it was checked, all its cases pass, and it was loaded: {told}"
        blobs = {new.fingerprint: new.encoded, ready.meaning.digest: ready.meaning.encoded}
        self._waits_for = ""
        if self._governed:
            approval, against = approved(runner.standing.law, SUBJECT, new.fingerprint, runner.recording_at)
            if approval is None:
                self._wait(record, blobs, against)
                return
            record |= {"approval": approval["record_id"], "reason": f"{record['reason']}; {by_approval(approval)}"}
        runner.swap(record, blobs, new, ready.worker)

    @property
    def _governed(self) -> bool:
        """Whether two persons are needed for another rulebook."""
        return self._runner.standing.law.roster.governs(SUBJECT)

    def _wait(self, record: Json, blobs: Mapping[str, bytes], against: str) -> None:
        """Say once that two persons have to approve it; the old rulebook goes on."""
        self._waits_for = record["new"]
        why = f"it passes everything ({record['verdict']}), and {against or 'nobody has approved it'}; {WAY}"
        pair = (record["old"], record["new"])
        if self._runner.standing.law.refused_rules != pair:
            self._runner.amend({**record, "outcome": REFUSED, "reason": why}, blobs)

    def _was_approved(self) -> bool:
        """Whether what waits has its approvals by now: it is judged again, as everything around it may have changed."""
        if not self._waits_for:
            return False
        law = self._runner.standing.law
        return approved(law, SUBJECT, self._waits_for, self._runner.recording_at)[0] is not None

    def _refuse(self, written: bytes, reasons: tuple[str, ...]) -> None:
        told = list(reasons[:MOST_REASONS])
        once = digest(canonical([digest(written), told]))
        if once == self._refused:
            return
        self._refused = once
        more = f"; and {len(reasons) - 1} more" if len(reasons) > 1 else ""
        record: Json = {**self._body(digest(written), _texts(written)), "outcome": REFUSED, "verdict": "refused"}
        record |= {"reason": f"{told[0]}{more}", "reasons": told}
        self._runner.amend(record, {digest(written): written})

    def _body(self, new: str, texts: Mapping[str, str]) -> Json:
        old = self._runner.law.rulebook
        return body(self._desk.folder, old.fingerprint, old, new, texts)

    def _stamp(self) -> Stamp:
        """What tells that a file may be another one, without reading it."""
        cases = sorted((self._desk.folder / "rules" / "cases").glob("*.yaml"))
        return tuple(_stamp_of(path) for path in (*(self._desk.folder / file for file in self._files), *cases))

    def _alive(self) -> None:
        """A sign of life, as judging takes seconds."""
        self._runner.watch.happened(Happening.ALIVE)


def _files(book: BookText) -> tuple[str, ...]:
    """The files that a rulebook has or names."""
    return tuple(dict.fromkeys((RULES, POLICIES, *book.texts, *(one.file for one in book.faults))))


def _stamp_of(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno,)
    return (str(path), found.st_mtime_ns, found.st_size, found.st_ino)


def _written(book: BookText) -> bytes:
    """The canonical bytes of texts, as those of a `Rulebook`; of texts that are no rulebook, too."""
    return canonical({"rules": [list(one) for one in book.rules], "policies": [list(one) for one in book.policies]})


def _texts(written: bytes) -> dict[str, str]:
    value = parse(written)
    return {file: text for part in ("rules", "policies") for file, text in value[part]}
