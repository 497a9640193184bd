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
  files.

Left out: limits, settings and instruments, which count at the next start; approvals of rules by other people than those
who may write the files; what a start decides by, which is what lies there, as long as it loads.
"""

from __future__ import annotations

import pwd
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.audit.law import ADOPTED, REFUSED
from adapters.desk.folder import Desk, shown
from adapters.desk.groups import groups_of
from adapters.frame import Failed
from adapters.rulediff.meant import meant, verdict
from adapters.running.runner import Runner
from adapters.running.watch import Happening
from adapters.running.worker import Worker, WorkerLost
from engine.limits.text import read_limits
from engine.verdicts import surprise
from knowledge.faults import Faulty
from knowledge.prolog.engine import PrologFault
from knowledge.values import Json, canonical, digest, parse
from rules.rulebook import POLICIES, RULES, Rulebook
from rules.texts import BookText, read_texts

CAP = 20.0
"""Seconds that the comparison of meanings may take; without it the swap says *unknown* and goes on."""
MOST_REASONS = 20
MOST_FAILED = 5
"""Failing cases after which no more are asked: one that hangs takes seconds."""
Stamp = tuple[object, ...]


@dataclass(frozen=True)
class Ready:
    """A rulebook that has passed everything, in a process that waits."""

    rulebook: Rulebook
    worker: Worker
    meaning: Json
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

    def look(self) -> None:
        """Take over a changed rulebook, or refuse it. Raises `LogUnwritable` where that can not be recorded."""
        stamp = self._stamp()
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
            self._refused = ""
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
            meaning = meant(self._runner.law.rulebook, rulebook, CAP)
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
        runner, old, new = self._runner, self._runner.law.rulebook, ready.rulebook
        told, encoded = verdict(old, new, ready.meaning), canonical(ready.meaning)
        record: Json = {**self._body(new.fingerprint, dict(new.sources)), "outcome": ADOPTED, "verdict": told}
        record["diff"] = digest(encoded)
        record["reason"] = f"it was checked, all its cases pass, and it was loaded: {told}"
        runner.swap(record, {new.fingerprint: new.encoded, digest(encoded): encoded}, new, ready.worker)

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
        before = dict(old.sources)
        files = sorted(file for file in before.keys() | texts.keys() if before.get(file) != texts.get(file))
        who = _owner(self._desk.folder, files)
        return {
            "kind": "rulebook", "old": old.fingerprint, "new": new, "files": files, "who": who, "claimed": True,
        }  # fmt: skip

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


def _owner(folder: Path, files: list[str]) -> str:
    """Whose the newest of these files is, as the machine says: a claim, as whoever may write them all has one name."""
    there = []
    for file in files:
        # What was deleted has no owner any more.
        with suppress(OSError):
            there.append((folder / file).stat())
    owner = max(there or [folder.stat()], key=lambda one: one.st_mtime_ns).st_uid
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"uid {owner}"
