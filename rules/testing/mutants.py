"""Mutants: a rulebook with one small mistake in it, such as a person makes; cases that notice none prove little.

A mutant is a change of the text at one place; the kinds are those of the mutation literature, cut to what rules and
policies hold (DeMillo, Lipton, Sayward, "Hints on test data selection", 1978: whoever catches the small mistakes
catches most of the large ones). What each kind changes stands in `rules.testing.rule_mutants` and `policy_mutants`.
Here: the value, and the rulebook it makes. A mutant that the checks refuse tests nothing and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from knowledge.values import canonical, digest
from rules.cases import Kind
from rules.rulebook import Rulebook
from rules.texts import Source


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The characters `[start, end)` of a file become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake. `about` is the rule, or the predicate of the clause; `sentence` says what was changed into what."""

    kind: Kind
    about: str
    operator: str
    """The kind of mistake: `comparison`, `threshold`, …"""
    file: str
    line: int
    column: int
    sentence: str
    edits: tuple[Edit, ...]

    def name(self, rulebook: Rulebook) -> str:
        """A digest of this mistake in this rulebook."""
        edits = [[one.start, one.end, one.text] for one in self.edits]
        return digest(canonical([rulebook.fingerprint, self.file, edits]))


def mutants(rulebook: Rulebook) -> list[Mutant]:
    """Every mutant of a rulebook, in order of its text. Raises `PrologFault` where policies cannot be read."""
    from rules.testing.policy_mutants import policy_mutants
    from rules.testing.rule_mutants import rule_mutants

    found = [one for rule in rulebook.program.rules for one in rule_mutants(rule)]
    found += policy_mutants(rulebook.policies)
    order = {source.file: place for place, source in enumerate(rulebook.sources)}
    return sorted(_distinct(found), key=lambda one: (order[one.file], one.edits[0], one.sentence))


def changed(rulebook: Rulebook, mutant: Mutant) -> Rulebook:
    """The rulebook with the mistake in it. Raises `Faulty` where the checks refuse it."""
    if mutant.kind == "rule":
        return replace(rulebook, rules=_edited(rulebook.rules, mutant))
    return replace(rulebook, policies=_edited(rulebook.policies, mutant))


def _edited(sources: tuple[Source, ...], mutant: Mutant) -> tuple[Source, ...]:
    return tuple(Source(file, edited(text, mutant.edits)) if file == mutant.file else Source(file, text)
                 for file, text in sources)  # fmt: skip


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with some pieces replaced."""
    for one in sorted(edits, reverse=True):
        text = text[: one.start] + one.text + text[one.end :]
    return text


def _distinct(found: Iterable[Mutant]) -> list[Mutant]:
    """Two operators may come to one text."""
    return list({(one.file, one.edits): one for one in reversed(list(found))}.values())
