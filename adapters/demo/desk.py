"""The folder of a demonstration: whose it is, what stands in it, and whether a run in it can go on.

Rules:
- a folder is a demonstration's when it holds the marker that only `claimed` writes; a folder without it, and not
  empty, is never touched;
- one demonstration runs in a folder at a time;
- a run that was interrupted goes on from its log if the desk's files, this program and its packages are those it
  began with; everything else the demonstration made there is made anew. What it did not make stays.

The desk is a copy of the one that ships, but for its name and a few bounds, each with the reason in its `source`.
They were found by trying: under the shipped bounds positions are so small that hardly one is cut, and no two permitted
candidates meet on one day. With these there are some more cuts than the five that are wanted, and one candidate is
crowded out by a grant before it. The counts of verdicts chose them, no return did.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.audit.kinds import period_of
from adapters.audit.log import LogReader, LogUnreadable
from adapters.desk.folder import ENTRIES, SETTINGS, Desk, read_desk, server, shown
from adapters.desk.making import make_desk
from adapters.frame import OWN_PACKAGES
from adapters.installation import SHIPPED
from adapters.running.provenance import program as program_of
from adapters.running.session import PACKAGES
from adapters.store.address import VARIABLE
from engine.limits.model import Limit
from engine.limits.text import read_limits
from knowledge.faults import Fault, Faulty
from knowledge.marked_yaml import MarkedReader, compose
from knowledge.values import canonical, digest

MARKER = ".warrant-demo"
OPENING = "made by `warrant demo`, which makes this folder anew each time; keep nothing here\n"
"""First line of the marker; then the program's digest and that of the desk's files as they were made."""
REPORT = "report.html"
CHECKPOINT = "checkpoint.txt"
STORE = "store/warrant.sqlite"
MADE = (*ENTRIES, "rules", "store", "keys", REPORT, CHECKPOINT)
"""What a demonstration makes in its folder, and may remove from it."""
NAME = "demo"


@dataclass(frozen=True, slots=True)
class Change:
    """A bound of the shipped limits that the demonstration sets, and why."""

    limit: str
    bound: str
    why: str


CHANGES = (
    Change("model.interval", "4 %", "demonstration: so that two candidates are permitted on one day"),
    Change("portfolio.sector", "6.5 %", "demonstration: so that cuts occur"),
)
TRIALS = 20
"""Settings of bounds that were run before these were chosen."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A bound as it ships, and as it is here; shares and numbers in the unit of the limit."""

    limit: Limit
    shipped: Fraction
    why: str


@dataclass(frozen=True)
class Stage:
    """A desk that stands ready for a demonstration."""

    desk: Desk
    changed: tuple[Changed, ...]
    resumes_after: str
    """The last session that an interrupted run decided; empty where the run begins."""
    fresh: str
    """Why an interrupted run does not go on, where one does not; else empty."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold `folder` for one demonstration, made if it is missing. Raises `Faulty` where it is somebody else's."""
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise _refused(folder, "is a file; name a folder with --into")
    if folder.is_dir() and not _ours(marker) and any(folder.iterdir()):
        raise _refused(folder, "was not made by `warrant demo`, so it is left alone; name another folder with --into")
    folder.mkdir(parents=True, exist_ok=True)
    with marker.open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refused(folder, "has another demonstration running in it; wait for it, or use --into") from None
        if not _ours(marker):
            held.truncate(0)
            held.write(OPENING)
            held.flush()
        yield


def prepare(folder: Path, source: Path | None, last: str | None) -> Stage:
    """Make the desk in a claimed `folder`, or keep the one there if its run can go on (up to the session `last`).

    Raises `Faulty` where the desk in `source` (default: the one that ships) can not be demonstrated.
    """
    if server():
        words = f"a demonstration keeps its log in its own folder; call it without `{VARIABLE}` in the environment"
        raise Faulty(Fault(VARIABLE, 1, 1, words))
    with TemporaryDirectory() as scratch:
        made = Path(scratch)
        changed = _make(made, source)
        # A log is not to be half one program's and half another's.
        program = program_of(OWN_PACKAGES)
        resumes, fresh = _unfinished(folder, made, program, last)
        if not resumes:
            _refuse_to_lose(folder)
            for name in MADE:
                _remove(folder / name)
            for path in sorted(made.iterdir()):
                (shutil.copytree if path.is_dir() else shutil.copyfile)(path, folder / path.name)
            marker = f"{OPENING}{program}\n{_files(folder)}\n"
            (folder / MARKER).write_text(marker, encoding="utf-8")
    return Stage(read_desk(folder), changed, resumes, fresh)


def demonstrated(source: str, file: str) -> str:
    """The text of a limits file with the bounds of the demonstration. Raises `Faulty`."""
    read_limits(source, file)
    # It has been read without a fault, so it has the shape of a limits file.
    reader = MarkedReader(file)
    sections = reader.table(compose(source, file), "the limits file")
    rows = [reader.table(node, "a limit") for node in reader.items(sections["limits"].value, "`limits` is a list")]
    found = {row["id"].value.written: row for row in rows}
    missing = [one.limit for one in CHANGES if one.limit not in found]
    if missing:
        message = "there is no limit `{}`, whose bound the demonstration changes; add it, or use the desk that ships"
        raise Faulty(*(Fault(file, 1, 1, message.format(name)) for name in missing))
    edits = [
        (*row[part].value.span, words)
        for one in CHANGES
        for row in (found[one.limit],)
        for part, words in (("bound", one.bound), ("source", f'"{one.why}"'))
    ]
    text = source
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    opening = "# The limits of a demonstration: as shipped, but for the bounds whose source says `demonstration`.\n"
    return opening + text


def _make(folder: Path, source: Path | None) -> tuple[Changed, ...]:
    """A whole desk in `folder`; returns what differs in its limits."""
    make_desk(folder, source)
    origin = source or SHIPPED
    settings = read_desk(folder).settings
    complaints = [
        (settings.feed.kind != "sample", '`kind = "sample"`, the daily bars that ship'),
        (settings.desk.mode != "backtest", '`mode = "backtest"`, so that two runs give the same log'),
        (settings.store.path != STORE, f'`path = "{STORE}"` in `[store]`'),
        (settings.store.url != "", "no `url` in `[store]`"),
    ]
    wrong = [words for asked, words in complaints if asked]
    if wrong:
        file = shown(origin / SETTINGS)
        raise Faulty(
            *(Fault(file, 1, 1, f"a demonstration needs {words}; `{SETTINGS}` says otherwise") for words in wrong)
        )
    _rename(folder / SETTINGS)
    path = folder / "limits.yaml"
    before = path.read_text(encoding="utf-8")
    after = demonstrated(before, shown(origin / "limits.yaml"))
    path.write_text(after, encoding="utf-8")
    shipped = {one.id: one.bound for one in read_limits(before).limits}
    here = {one.id: one for one in read_limits(after).limits}
    return tuple(Changed(here[one.limit], shipped[one.limit], one.why) for one in CHANGES)


def _rename(settings: Path) -> None:
    text = settings.read_text(encoding="utf-8")
    renamed = re.sub(r'^(name\s*=\s*)(["\']).*?\2', rf'\g<1>"{NAME}"', text, count=1, flags=re.MULTILINE)
    settings.write_text(renamed, encoding="utf-8")


def _unfinished(folder: Path, made: Path, program: str, last: str | None) -> tuple[str, str]:
    """The last session of a run here that can go on (or nothing), and why one can not (or nothing)."""
    try:
        with LogReader.read(folder / STORE) as log:
            decided = [period_of(record) for record in log.records(["decision", "fault"])]
            start = next(log.records(["start"]), None)
    except LogUnreadable as error:
        # A folder without a log has nothing to go on with; a log that cannot be read is made anew, and we say so.
        return "", str(error) if (folder / STORE).exists() else ""
    # The report comes last, so where it is the run has ended.
    if not decided or start is None or (folder / REPORT).exists() or decided[-1] > (last or decided[-1]):
        return "", ""
    if not _same_files(folder, made):
        return "", "the desk's files have changed since"
    if start["versions"] != {name: version(name) for name in PACKAGES}:
        return "", "the packages have changed since"
    if _marked(folder)[1:2] != [program]:
        return "", "the program has changed since"
    return decided[-1], ""


def _refuse_to_lose(folder: Path) -> None:
    """Raises `Faulty` where a person has edited the desk that an earlier demonstration made."""
    made = _marked(folder)[2:3]
    if made and made != [_files(folder)]:
        keep = "keep them with `warrant demo --into` another folder, or remove this one to have it made anew"
        raise _refused(folder, f"has files of the desk that were changed since the demo made them; {keep}")


def _marked(folder: Path) -> list[str]:
    marker = folder / MARKER
    return marker.read_text(encoding="utf-8", errors="replace").splitlines() if marker.is_file() else []


def _files(folder: Path) -> str:
    """A digest of the desk's files in `folder`: the entries and everything in `rules`."""
    found = [folder / name for name in ENTRIES] + sorted((folder / "rules").rglob("*"))
    files = [path for path in found if path.is_file()]
    return digest(canonical([[path.relative_to(folder).as_posix(), digest(path.read_bytes())] for path in files]))


def _same_files(folder: Path, made: Path) -> bool:
    wanted = {path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    return all((folder / name).is_file() and (folder / name).read_bytes() == text for name, text in wanted.items())


def _ours(marker: Path) -> bool:
    """Whether the marker is one of ours: an empty one was left by a run that ended while it was written."""
    return marker.is_file() and OPENING.startswith(marker.read_text(encoding="utf-8", errors="replace")[: len(OPENING)])


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _refused(folder: Path, why: str) -> Faulty:
    return Faulty(Fault(shown(folder), 1, 1, f"`{shown(folder)}` {why}"))
