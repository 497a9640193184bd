"""The folder of a backtest: a copy of the desk, and a note of what the run in it is of.

Rules:
- a backtest never writes into the desk's own log: its folder is a desk of its own, in mode `backtest`, whose feed is
  that of the desk it was copied from;
- a run that was interrupted goes on where sessions, desk files, bars, program and packages are those it began with;
  where one of them is another, that is a fault that says which, and `--fresh` makes the run anew;
- a folder that is not empty and not ours is never touched, and of ours only what we made is removed;
- one process runs in a folder at a time.
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from adapters.calendars.special import OWN
from adapters.desk.folder import ENTRIES, SETTINGS, Desk, read_desk, shown
from adapters.desk.making import make_desk
from adapters.desk.settings import LOG_KEY
from adapters.desk.toml_text import places
from adapters.frame import OWN_PACKAGES
from adapters.running.provenance import program
from adapters.running.session import PACKAGES
from adapters.running.world import World
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical, digest

NOTE = ".warrant-backtest"
STORE = "store/warrant.sqlite"
MADE = (*ENTRIES, OWN, "rules", "store")
"""What a backtest makes in its folder, and may remove from it."""
WORDS = {
    "first": "it decides from another session on",
    "last": "it decides up to another session",
    "desk": "the desk's files have changed since",
    "bars": "the bars may have changed since",
    "program": "the program has changed since",
    "packages": "the packages have changed since",
}
"""For each part of the note what it means that it is another."""


@dataclass(frozen=True, slots=True)
class Span:
    """The sessions a backtest decides, both included."""

    first: str
    last: str


def place_of(desk: Desk, span: Span, into: Path | None) -> Path:
    """Where a backtest goes that was not sent elsewhere."""
    if into is not None and into.name in ("", ".."):
        # A folder like `.` has no name that another could stand beside.
        return into.resolve()
    return into or desk.folder / "runs" / f"{span.first}--{span.last}"


@contextmanager
def claimed(folder: Path, world: World, span: Span, *, fresh: bool) -> Iterator[Desk]:
    """The desk of a backtest in `folder`, held for this process. Raises `Faulty` where it can not be used."""
    source = world.desk
    _check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NOTE).open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refused(folder, "has another backtest running in it; wait for it, or use --into") from None
        held.seek(0)
        before, now = _noted(held.read()), note_of(world, span)
        if before is None or fresh:
            held.truncate(0)
            desk = _made(folder, source)
            # Last, so that a folder which was left half made is made anew.
            held.write(json.dumps(now, indent=1) + "\n")
            held.flush()
        else:
            _same(folder, before, now)
            desk = _read(folder)
        yield desk


def note_of(world: World, span: Span) -> dict[str, Json]:
    """What a run is of. Two runs with one note have one log."""
    return {
        "first": span.first,
        "last": span.last,
        "desk": files_digest(world.desk.folder),
        "bars": world.feed.fingerprint(),
        "program": program(OWN_PACKAGES),
        "packages": {name: version(name) for name in PACKAGES},
    }


def files_digest(folder: Path) -> str:
    """A digest of a desk's files: the entries, its own sessions, and everything in `rules/book` and `rules/cases`."""
    found = [folder / name for name in (*ENTRIES, OWN)]
    found += [path for inner in ("book", "cases") for path in sorted((folder / "rules" / inner).rglob("*"))]
    files = [path for path in found if path.is_file()]
    return digest(canonical([[path.relative_to(folder).as_posix(), digest(path.read_bytes())] for path in files]))


def for_backtest(text: str, desk: Desk, folder: Path) -> str:
    """The text of a `warrant.toml` with mode, store and feed of a backtest of this desk in `folder`."""
    changes = {("desk", "mode"): "backtest", ("store", "path"): STORE, ("store", "url"): ""}
    # Where `WARRANT_STORE` names a database, the copy must not be taken for the desk it was made from.
    changes["store", "schema"] = f"backtest_{digest(str(folder.absolute()).encode()).removeprefix('sha256:')[:16]}"
    # A key signs one log: under the desk's own, a backtest would be a second history of it.
    changes["store", "key"] = LOG_KEY
    if desk.bars is not None:
        changes["feed", "path"] = str(desk.bars.absolute())
    for (table, key), value in changes.items():
        text = _with(text, table, key, json.dumps(value, ensure_ascii=False))
    return text


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise _refused(folder, "is a file; name a folder with --into")
    if folder.is_dir() and not (folder / NOTE).is_file() and any(folder.iterdir()):
        raise _refused(folder, "is no backtest's folder, so it is left alone; name another one with --into")


def _noted(text: str) -> Mapping[str, Json] | None:
    """What the note says; None for one that was never finished."""
    try:
        noted: Json = json.loads(text)
    except ValueError:
        return None
    return noted if isinstance(noted, dict) else None


def _same(folder: Path, before: Mapping[str, Json], now: Mapping[str, Json]) -> None:
    other = [words for part, words in WORDS.items() if before.get(part) != now[part]]
    if other:
        choice = "make it anew with --fresh, or name another folder with --into"
        raise _refused(folder, f"has a backtest that can not go on: {', and '.join(other)}; {choice}")


def _made(folder: Path, source: Desk) -> Desk:
    """A copy of the desk in `folder`, anew."""
    for name in MADE:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    # Beside the note, which `make_desk` would take for somebody's file.
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        make_desk(beside, source.folder)
        if (source.folder / OWN).is_file():
            shutil.copyfile(source.folder / OWN, beside / OWN)
        settings = beside / SETTINGS
        settings.write_text(for_backtest(settings.read_text(encoding="utf-8"), source, folder), encoding="utf-8")
        _as_wanted(_read(beside), source)
        for path in sorted(beside.iterdir()):
            path.rename(folder / path.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return _read(folder)


def _read(folder: Path) -> Desk:
    """The copy, whose log is a file of its own whatever database the desk keeps its log in."""
    return replace(read_desk(folder), server="")


def _as_wanted(made: Desk, source: Desk) -> None:
    """Raises `Faulty` where the settings could not be changed as text, as in a table written on one line."""
    wanted = (made.folder / STORE, "backtest", source.bars and source.bars.absolute())
    if (made.store, made.settings.desk.mode, made.bars) != wanted:
        file = shown(source.folder / SETTINGS)
        words = "a backtest changes `mode`, `[store]` and `[feed]` in its copy; write these tables over several lines"
        raise Faulty(Fault(file, 1, 1, words))


def _with(text: str, table: str, key: str, value: str) -> str:
    """The same TOML with this value for a key."""
    found, lines = places(text), text.split("\n")
    if (table, key) in found:
        at = found[table, key][0] - 1
        lines[at] = re.sub(r"""=\s*("[^"]*"|'[^']*')""", lambda _: f"= {value}", lines[at], count=1)
    elif (table,) in found:
        lines.insert(found[table,][0], f"{key} = {value}")
    else:
        lines += [f"[{table}]", f"{key} = {value}", ""]
    return "\n".join(lines)


def _refused(folder: Path, why: str) -> Faulty:
    return Faulty(Fault(shown(folder), 1, 1, f"`{shown(folder)}` {why}"))
