"""The check-up of a desk: its five files are sound, and its store can be written.

The files are read by their own readers, so that the check-up finds what a cycle would find, with every fault of every
file at once. Left out: whether the log in the store is what it was, which `warrant audit verify` answers.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.desk.doctor import Finding
from adapters.desk.folder import SETTINGS, Desk, read_desk, refuse_packaged, shown, text_of
from adapters.store.address import Address, Schema
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from engine.limits.idle import Idle

LEAST_FREE = 512 * 2**20
"""Bytes that must be free where the store lies: a year of cycles and their write-ahead log, with room."""
SQLITE_HEAD = b"SQLite format 3\0"


def check_desk(folder: Path) -> list[Finding]:
    """Everything about the desk in `folder`."""
    findings = [Finding("desk", True, str(folder))]
    try:
        desk = read_desk(folder)
    except Faulty as faulty:
        return findings + _faults(faulty)
    findings.append(Finding(SETTINGS, True, f"account {desk.settings.desk.account}, {desk.settings.desk.mode}"))
    for name, read in READERS.items():
        findings += _file(name, read, desk)
    try:
        refuse_packaged(desk)
    except Faulty as faulty:
        return [*findings, Finding("store", True, faulty.faults[0].message)]
    return [*findings, *check_store(desk.store)]


def fingerprints(folder: Path) -> dict[str, str]:
    """The digests by which records name the law of the desk in `folder`; of what can not be read there is none."""
    from engine.limits.text import read_limits
    from rules.rulebook import read_rulebook

    found = {}
    with suppress(Faulty, OSError):
        found["rulebook"] = read_rulebook(folder).fingerprint
    with suppress(Faulty, OSError):
        found["limits"] = read_limits(text_of(folder / "limits.yaml"), "limits.yaml").fingerprint
    return found


def _rulebook(desk: Desk) -> str:
    from rules.rulebook import read_rulebook

    rulebook = read_rulebook(desk.folder)
    return f"{len(rulebook.sources)} files, fingerprint {rulebook.fingerprint}"


def _policies(desk: Desk) -> str:
    """Reads the policies as Prolog does, in a process of its own: a broken file can not end this one."""
    from knowledge.prolog.session import check_policies
    from rules.rulebook import read_rulebook

    sources = read_rulebook(desk.folder).policies
    if faults := check_policies([(one.file, one.text) for one in sources]):
        raise Faulty(*faults)
    return f"{len(sources)} files, each predicate with its sentence"


def _cases(desk: Desk) -> str:
    """Runs every case of the rules and policies in the real engines, in a process that can be ended."""
    from adapters.casework.running import Asked

    with Asked(desk.folder) as asked:
        problems = [problem for one in asked.cases for problem in asked.run(one)]
        faults = [Fault(one.file, one.line, one.column, one.message) for one in problems]
        if faults or asked.lacking:
            raise Faulty(*faults, *asked.lacking)
        return f"{len(asked.cases)} cases of {len(asked.rules)} rules and {len(asked.policies)} policies pass"


def _limits(desk: Desk) -> str:
    from adapters.desk.groups import groups_of
    from engine.limits.idle import idle
    from engine.limits.text import read_limits
    from rules.rulebook import read_rulebook

    rulebook = None
    with suppress(Faulty):
        rulebook = read_rulebook(desk.folder)
    groups = groups_of(desk, rulebook)
    limits = read_limits(text_of(desk.limits), shown(desk.limits), groups)
    never = [f"`{one.limit[0]}` can never bind: {_first(one)} first" for one in idle(limits, groups)]
    return "; ".join((f"{len(limits.limits)} limits, fingerprint {limits.fingerprint}", *never))


def _first(one: Idle) -> str:
    names = dict.fromkeys(f"`{name}`" for name, _ in one.because)
    return f"{' and '.join(names)} always {'binds' if len(names) == 1 else 'bind'}"


def _instruments(desk: Desk) -> str:
    from adapters.desk.instruments import read_instruments

    instruments = read_instruments(text_of(desk.instruments), shown(desk.instruments))
    return ", ".join(instrument.symbol for instrument in instruments)


def _bars(desk: Desk) -> str:
    """Reads the bars of every instrument, as a cycle would."""
    from adapters.bars.feeds import SAMPLE_INSTRUMENTS
    from adapters.desk.instruments import load_instruments
    from adapters.running.world import feed_of, training_end

    traded = SAMPLE_INSTRUMENTS if desk.bars is None else None
    feed = feed_of(desk, tuple(one.symbol for one in load_instruments(desk.instruments, traded)))
    faults: list[Fault] = []
    series, index = 0, None
    try:
        series = len(feed.series())
    except Faulty as faulty:
        faults += faulty.faults
    try:
        index = feed.index()
    except Faulty as faulty:
        faults += faulty.faults
    if faults:
        raise Faulty(*faults)
    sessions = feed.sessions()
    if not sessions:
        said = f"no bar is on a session of {desk.settings.feed.calendar}; is `calendar` the exchange of these bars?"
        raise Faulty(Fault(shown(desk.folder / SETTINGS), 1, 1, said))
    until = training_end(sessions, desk.settings.advisors.trained_until, shown(desk.folder / SETTINGS))
    if until == sessions[-1]:
        said = f"no session of the feed is after `trained_until`: it ends on {until}; give an earlier day"
        raise Faulty(Fault(shown(desk.folder / SETTINGS), 1, 1, said))
    told = (
        f"index {index.instrument}"
        if index
        else "no index: regime, betas and stress are unknown, and their rules silent"
    )
    return f"{series} series, {told}, {len(sessions)} sessions, {sessions[0]} to {sessions[-1]}"


def _log_key(desk: Desk) -> str:
    from adapters.signing.log_key import log_signer

    signer = log_signer(desk)
    if signer is None:
        return "none, so the log is not signed; `warrant keys log` makes one"
    return f"the log is signed by {signer.key.text}; is that noted elsewhere?"


def _persons(desk: Desk) -> str:
    from adapters.people.persons import check_persons

    check_persons(desk)
    people = desk.settings.people
    if not people.four_eyes:
        return "one listed person approves limits or resumes; `four_eyes` asks for two (docs/people.md)"
    return f"two persons are needed for {', '.join(people.four_eyes)}"


READERS: dict[str, Callable[[Desk], str]] = {
    "rules and policies": _rulebook,
    "policies": _policies,
    "rule cases": _cases,
    "limits.yaml": _limits,
    "instruments.yaml": _instruments,
    "bars": _bars,
    "log key": _log_key,
    "persons": _persons,
}
"""For each entry of a desk a function that reads it with its own reader and says what it holds."""


def _file(name: str, read: Callable[[Desk], str], desk: Desk) -> list[Finding]:
    try:
        return [Finding(name, True, read(desk))]
    except Faulty as faulty:
        return _faults(faulty)
    except Exception as error:  # noqa: BLE001  whatever stops a reader is what this check is there to report
        return [Finding(name, False, f"can not be read: {error}", "this is a fault of the program: report it")]


def _faults(faulty: Faulty) -> list[Finding]:
    return [Finding(Path(fault.file).name, False, str(fault)) for fault in faulty.faults]


def check_store(store: Address) -> Iterator[Finding]:
    """Whether the store can be written, or made, and has room."""
    if isinstance(store, Path):
        yield from _check_file(store)
    else:
        yield _check_schema(store)


def _check_schema(store: Schema) -> Finding:
    """Whether the database is reached; a desk's schema is made by its first cycle."""
    from adapters.store.faults import StoreFailed
    from adapters.store.standing import standing

    try:
        found = standing(store)
    except StoreFailed as error:
        return Finding("store", False, str(error), "start the server, or correct the address: docs/store.md")
    return Finding("store", found.usable, f"`{store}`: {found}", "" if found.usable else "see docs/store.md")


def _check_file(store: Path) -> Iterator[Finding]:
    folder = next(parent for parent in store.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(SQLITE_HEAD)
        if store.exists():
            with store.open("r+b") as there:
                head = there.read(len(SQLITE_HEAD))
            if head not in (SQLITE_HEAD, b""):
                remedy = "move the file away, or name another one in `[store]` of `warrant.toml`"
                yield Finding("store", False, f"`{shown(store)}` is no SQLite file", remedy)
                return
    except OSError as error:
        remedy = "make it writable, or name another place in `[store]` of `warrant.toml`"
        yield Finding("store", False, f"`{shown(store)}` can not be written: {(error.strerror or '').lower()}", remedy)
        return
    yield Finding("store", True, f"`{shown(store)}` {'is there and' if store.exists() else 'can be made,'} writable")
    free = shutil.disk_usage(folder).free
    room = f"{free / 2**30:.1f} GB free"
    yield Finding("room", free >= LEAST_FREE, room, "" if free >= LEAST_FREE else "free at least half a gigabyte there")
