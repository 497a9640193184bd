"""The text of a rulebook: which files it has, in which order, and what each says.

`rules.clp` lists rule files in order as `(load "rules/book/trend.clp")`; it may hold rules itself. `policies.pl`
includes policy files by `:- include('rules/book/session.pl').`, and those may include more. Paths are relative to the
desk and stay inside of it. What the texts mean is read elsewhere (`rules.rulebook`, `rules.lints`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from knowledge.clips.text import read
from knowledge.clips.tree import Program
from knowledge.faults import Fault

RULES = "rules.clp"
POLICIES = "policies.pl"


class Source(NamedTuple):
    """A file of a desk: its path relative to the desk, with forward slashes, and its text."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class BookText:
    """Every file of a rulebook that can be read, entries first, and a fault for each that can not."""

    rules: tuple[Source, ...]
    policies: tuple[Source, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """The text of each file."""
        return dict(self.rules + self.policies)


def read_texts(desk: Path, unsaved: Mapping[str, str] | None = None) -> BookText:
    """The text of a desk's rulebook. `unsaved` has texts that stand for those of the disk, by path inside the desk."""
    faults: list[Fault] = []

    def text(reference: Reference) -> str | Fault:
        found = (unsaved or {}).get(reference.path)
        return _text(desk, reference) if found is None else found

    rules = tuple(_collect(text, RULES, _loads, faults))
    policies = tuple(_collect(text, POLICIES, _includes, faults))
    return BookText(rules, policies, tuple(faults))


@lru_cache(maxsize=256)
def program_of(source: Source) -> tuple[Program, tuple[Fault, ...]]:
    """What can be read of a rule file, and the faults of the rest. A file is asked for more than once."""
    program, faults = read(source.text, source.file)
    return program, tuple(faults)


class Reference(NamedTuple):
    """Where a file names another one."""

    path: str
    file: str
    line: int
    column: int
    length: int = 0

    def fault(self, message: str) -> Fault:
        """A complaint at this place."""
        return Fault(self.file, self.line, self.column, message, "R003", self.length)


_Find = Callable[[Source], Iterator[Reference | Fault]]


def _collect(
    text: Callable[[Reference], str | Fault], entry: str, find: _Find, faults: list[Fault]
) -> Iterator[Source]:
    """The entry and every file it leads to, each once, in the order in which they are named."""
    seen = {entry}
    waiting = [Reference(entry, entry, 1, 1)]
    while waiting:
        reference = waiting.pop(0)
        found = text(reference)
        if isinstance(found, Fault):
            faults.append(found)
            continue
        source = Source(reference.path, found)
        yield source
        fresh = []
        for named in find(source):
            if isinstance(named, Fault):
                faults.append(named)
            elif named.path in seen:
                faults.append(named.fault(f"`{named.path}` is read already; remove one of the two lines"))
            else:
                seen.add(named.path)
                fresh.append(named)
        waiting = fresh + waiting


def _text(desk: Path, reference: Reference) -> str | Fault:
    """The text of a file inside the desk."""
    path = reference.path
    try:
        place = (desk.resolve() / path).resolve()
        refused = _refused(path, place, desk.resolve())
        return reference.fault(refused) if refused else place.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return reference.fault(f"`{path}` does not exist; create it, or correct the path")
    except (OSError, ValueError, RuntimeError) as error:
        return _unreadable(path, reference, error)


def read_text(place: Path, name: str) -> str | Fault:
    """The text of any file, which complaints call by this name."""
    reference = Reference(name, name, 1, 1)
    try:
        if not place.is_file():
            return reference.fault(f"there is no file `{name}`; correct the path")
        return place.read_bytes().decode("utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        return _unreadable(name, reference, error)


def _unreadable(path: str, reference: Reference, error: Exception) -> Fault:
    if isinstance(error, UnicodeDecodeError):
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"byte {error.object[error.start]:#04x} is no UTF-8; save the file as UTF-8"
        return Fault(path, line, column, message, "R003")
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return reference.fault(f"`{path}` can not be read: {why.lower()}")


def _refused(path: str, place: Path, root: Path) -> str:
    """Why a path is not read, in a sentence; empty where it is."""
    if path.startswith("/") or "\\" in path or not all(part not in ("", ".", "..") for part in path.split("/")):
        return f"`{path}` is no path inside the desk; write it like `rules/book/trend.clp`"
    if not place.is_relative_to(root):
        return f"`{path}` leads out of the desk; copy the file into it"
    if place.exists() and not (place.is_file() or place.is_dir()):
        # a pipe would keep whoever reads it waiting
        return f"`{path}` is no file; put one in its place"
    return ""


def _loads(source: Source) -> Iterator[Reference | Fault]:
    """What a rule file loads; only the entry may."""
    program, _ = program_of(source)
    for load in program.loads:
        at = load.at
        reference = Reference(load.path, source.file, at.line, at.column, at.end - at.start)
        if source.file == RULES:
            yield reference
        else:
            yield reference.fault(f'only `{RULES}` loads files; move `(load "{load.path}")` there')


_INCLUDE = re.compile(r"^[ \t]*:-[ \t]*include\([ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\")[ \t]*\)[ \t]*\.", re.MULTILINE)


def _includes(source: Source) -> Iterator[Reference]:
    """What a policy file includes, found textually: a line of its own that begins with `:- include('…')`."""
    line, last = 1, 0
    for found in _INCLUDE.finditer(source.text):
        start = found.start() + found[0].index(":-")
        line, last = line + source.text.count("\n", last, start), start
        column = start - source.text.rfind("\n", 0, start)
        path = found[1] if found[1] is not None else found[2]
        yield Reference(path, source.file, line, column, found.end() - start)
