"""The rulebook of a desk: rule text and policy text, read, checked and fingerprinted, all or nothing.

`rules.clp` lists rule files in order as `(load "rules/book/trend.clp")`; it may hold rules itself. `policies.pl`
includes policy files by `:- include('rules/book/session.pl').`, and those may include more. Paths are relative to the
desk and stay inside of it. Rules are checked here (syntax, vocabulary, variables, owners, order); policies are only
collected: what they mean is checked by `knowledge.prolog.session`.

A `Rulebook` that exists is sound: reading a desk and reading a record both raise `Faulty` with every fault found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from knowledge.clips.text import parse
from knowledge.clips.tree import Program, Rule
from knowledge.faults import Fault, Faulty
from knowledge.templates import vocabulary
from knowledge.values import Json, canonical, digest
from rules.rule_checks import rule_faults

RULES = "rules.clp"
POLICIES = "policies.pl"


class Source(NamedTuple):
    """A file of a desk: its path relative to the desk, with forward slashes, and its text."""

    file: str
    text: str


@dataclass(frozen=True)
class Rulebook:
    """All rule and policy text of a desk, entries first, each in the order in which it is read.

    Raises `Faulty` when the rules among it are not sound.
    """

    rules: tuple[Source, ...]
    policies: tuple[Source, ...]
    program: Program = field(init=False, repr=False, compare=False)
    """The rules of all files, in order; `file` and places of each node are those of its source."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "program", _program(self.rules))

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every file."""
        return self.rules + self.policies

    @cached_property
    def encoded(self) -> bytes:
        """The canonical bytes of all file names and texts."""
        return canonical(self.to_json())

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the canonical bytes."""
        return digest(self.encoded)

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"rules": [list(one) for one in self.rules], "policies": [list(one) for one in self.policies]}

    @classmethod
    def from_json(cls, value: Json) -> Rulebook:
        """Read what `to_json` wrote. Raises `Faulty`, `KeyError`, `TypeError`, `ValueError`."""
        return cls(tuple(_source(one) for one in value["rules"]), tuple(_source(one) for one in value["policies"]))


def read_rulebook(desk: Path) -> Rulebook:
    """Read and check the rulebook of a desk. Raises `Faulty` with every fault found."""
    faults: list[Fault] = []
    rules = tuple(_collect(desk, RULES, _loads, faults))
    policies = tuple(_collect(desk, POLICIES, _includes, faults))
    try:
        rulebook = Rulebook(rules, policies)
    except Faulty as error:
        # A syntax fault of the entry has been met already, while looking for what it loads.
        raise Faulty(*dict.fromkeys((*faults, *error.faults))) from None
    if not faults and not rulebook.program.rules:
        faults.append(Fault(RULES, 1, 1, "the rulebook holds no rule; load a file with rules"))
    if faults:
        raise Faulty(*faults)
    return rulebook


class _Reference(NamedTuple):
    """Where a file names another one."""

    path: str
    file: str
    line: int
    column: int

    def fault(self, message: str) -> Fault:
        return Fault(self.file, self.line, self.column, message)


_Find = Callable[[Source], Iterator[_Reference]]


def _collect(desk: Path, entry: str, find: _Find, faults: list[Fault]) -> Iterator[Source]:
    """The entry and every file it leads to, each once, in the order in which they are named."""
    seen = {entry}
    waiting = [_Reference(entry, entry, 1, 1)]
    while waiting:
        reference = waiting.pop(0)
        text = _text(desk, reference)
        if isinstance(text, Fault):
            faults.append(text)
            continue
        source = Source(reference.path, text)
        yield source
        fresh = []
        try:
            for named in find(source):
                if named.path in seen:
                    faults.append(named.fault(f"`{named.path}` is read already; remove one of the two lines"))
                else:
                    seen.add(named.path)
                    fresh.append(named)
        except Faulty as error:
            faults.extend(error.faults)
        waiting = fresh + waiting


def _text(desk: Path, reference: _Reference) -> str | Fault:
    """The text of a file inside the desk."""
    path = reference.path
    root = desk.resolve()
    try:
        place = (root / path).resolve()
        parts = path.split("/")
        if path.startswith("/") or "\\" in path or not all(part not in ("", ".", "..") for part in parts):
            return reference.fault(f"`{path}` is no path inside the desk; write it like `rules/book/trend.clp`")
        if not place.is_relative_to(root):
            return reference.fault(f"`{path}` leads out of the desk; copy the file into it")
        return place.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return reference.fault(f"`{path}` does not exist; create it, or correct the path")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        return Fault(path, line, column, f"byte {error.object[error.start]:#04x} is no UTF-8; save the file as UTF-8")
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return reference.fault(f"`{path}` can not be read: {why.lower()}")


@lru_cache(maxsize=64)
def _parsed(source: Source) -> Program:
    """A file is read twice, for what it loads and for its rules; parsing is the slow half of that."""
    return parse(source.text, source.file)


def _loads(source: Source) -> Iterator[_Reference]:
    """What a rule file loads; only the entry may."""
    for load in _parsed(source).loads:
        reference = _Reference(load.path, source.file, load.at.line, load.at.column)
        if source.file != RULES:
            raise Faulty(reference.fault(f'only `{RULES}` loads files; move `(load "{load.path}")` there'))
        yield reference


_INCLUDE = re.compile(r"^[ \t]*:-[ \t]*include\([ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\")[ \t]*\)[ \t]*\.", re.MULTILINE)


def _includes(source: Source) -> Iterator[_Reference]:
    """What a policy file includes, found textually: a line of its own that begins with `:- include('…')`."""
    for found in _INCLUDE.finditer(source.text):
        start = found.start() + found[0].index(":-")
        line = source.text.count("\n", 0, start) + 1
        column = start - source.text.rfind("\n", 0, start)
        yield _Reference(found[1] if found[1] is not None else found[2], source.file, line, column)


def _program(rules: tuple[Source, ...]) -> Program:
    """The rules of all files as one checked program. Raises `Faulty` with every fault found."""
    faults: list[Fault] = []
    found: list[Rule] = []
    for source in rules:
        try:
            program = _parsed(source)
        except Faulty as error:
            faults.extend(error.faults)
            continue
        for template in program.templates:
            message = (
                f"`{template.name}` is declared here, but templates are declared in knowledge/templates.yaml alone"
            )
            faults.append(Fault(source.file, template.at.line, template.at.column, message))
        found += program.rules
    entry = rules[0].file if rules else RULES
    whole = Program(entry, tuple(found))
    faults += rule_faults(whole, vocabulary())
    if faults:
        raise Faulty(*faults)
    return whole


def _source(value: Json) -> Source:
    file, text = value
    if type(file) is not str or type(text) is not str:
        raise TypeError("a source is a file name and its text")
    return Source(file, text)
