"""The rulebook of a desk: rule text and policy text, read, checked and fingerprinted, all or nothing.

Its files are read in `rules.texts`. Rules are checked here (syntax, vocabulary, variables, owners, order); policies are
only collected: what they mean is checked by `knowledge.prolog.session`.

A `Rulebook` that exists is sound: reading a desk and reading a record both raise `Faulty` with every fault found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from knowledge.clips.tree import Program, Rule
from knowledge.faults import Fault, Faulty
from knowledge.templates import vocabulary
from knowledge.values import Json, canonical, digest
from rules.rule_checks import rule_faults
from rules.texts import POLICIES, RULES, Source, program_of, read_texts

__all__ = ["POLICIES", "RULES", "Rulebook", "Source", "no_rule", "program_and_faults", "read_rulebook"]


MOST_RULES = 2_000
"""Rules of a rulebook; each is looked at beside each other."""


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
    found = read_texts(desk)
    try:
        rulebook = Rulebook(found.rules, found.policies)
    except Faulty as error:
        raise Faulty(*found.faults, *error.faults) from None
    if found.faults:
        raise Faulty(*found.faults)
    if not rulebook.program.rules:
        raise Faulty(no_rule())
    return rulebook


def no_rule() -> Fault:
    """The complaint about a rulebook without any."""
    return Fault(RULES, 1, 1, "the rulebook holds no rule; load a file with rules", "R003")


def program_and_faults(rules: Sequence[Source]) -> tuple[Program, list[Fault]]:
    """The rules of all files as one program, without what cannot be read, and every fault that refuses it."""
    faults: list[Fault] = []
    found: list[Rule] = []
    for source in rules:
        program, unread = program_of(source)
        faults += unread
        for template in program.templates:
            message = (
                f"`{template.name}` is declared here, but templates are declared in knowledge/templates.yaml alone"
            )
            at = template.at
            faults.append(Fault(source.file, at.line, at.column, message, "R002", at.end - at.start))
        found += program.rules
    if len(found) > MOST_RULES:
        at, message = (
            found[MOST_RULES].name_at,
            f"a rulebook holds at most {MOST_RULES} rules, and this has {len(found)}",
        )
        faults.append(Fault(found[MOST_RULES].file, at.line, at.column, f"{message}; split it", "R004"))
        found = []
    whole = Program(rules[0].file if rules else RULES, tuple(found))
    faults += rule_faults(whole, vocabulary(), whole_book=not faults)
    return whole, faults


def _program(rules: tuple[Source, ...]) -> Program:
    """The rules of all files as one checked program. Raises `Faulty` with every fault found."""
    program, faults = program_and_faults(rules)
    if faults:
        raise Faulty(*faults)
    return program


def _source(value: Json) -> Source:
    file, text = value
    if type(file) is not str or type(text) is not str:
        raise TypeError("a source is a file name and its text")
    return Source(file, text)
