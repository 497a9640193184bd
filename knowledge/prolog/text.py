"""Policy text as values: clauses, sentences and literals with their places.

Reading runs nothing: Prolog parses the text into a tree, and this module cuts the tree into clauses and directives.
What the pieces must look like is checked in `knowledge.prolog.lint`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from knowledge.faults import Fault
from knowledge.prolog.engine import ask, quoted
from knowledge.values import Json

_NO_CHARACTER = re.compile("[\ud800-\udfff\U000d8000-\U000dffff]")
"""Halves of characters, and unassigned ones that SWI-Prolog takes for such."""
Source = tuple[str, str]
"""(file, text)."""
MOST_NESTING = 100
"""Terms inside terms; a conjunction of so many goals nests as deep."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A term as it stands in the text; `start` and `end` count characters from the start of the file.

    `kind` is variable, atom, number, string, list, compound, partial (a list with an open tail), other (a float, a
    dict…) or broken (a syntax error, with `value` Prolog's word for it).
    """

    kind: str
    value: str
    args: tuple[Tree, ...]
    start: int
    end: int

    @property
    def name(self) -> tuple[str, int]:
        """Name and arity of an atom or compound; of anything else a name that no predicate has."""
        return (self.value, len(self.args)) if self.kind in ("atom", "compound") else ("", -1)

    def walk(self) -> Iterator[Tree]:
        """This term and all inside it."""
        yield self
        for arg in self.args:
            yield from arg.walk()


@dataclass(frozen=True)
class File:
    """One file of policy text."""

    name: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def source(self, tree: Tree) -> str:
        """`file:line` of a term."""
        return f"{self.name}:{self.place(tree.start)[0]}"

    def written(self, tree: Tree) -> str:
        """A term as it is written, on one line."""
        return " ".join(self.text[tree.start : tree.end].split())

    def fault(self, tree: Tree, message: str, code: str) -> Fault:
        """A complaint about a term."""
        return Fault(self.name, *self.place(tree.start), message, code, max(tree.end - tree.start, 0))


@dataclass(frozen=True)
class Clause:
    """A fact or rule of the policies."""

    file: File
    tree: Tree
    head: Tree
    body: Tree | None

    def goals(self) -> Iterator[tuple[Tree, bool]]:
        """Every goal of the body that is no control structure, and whether it stands under a negation."""
        if self.body is not None:
            yield from _goals(self.body, False)


@dataclass(frozen=True)
class Sentence:
    """The words of a predicate: text and parameter names in turn, beginning and ending with text."""

    file: File
    tree: Tree
    of: tuple[str, int]
    pieces: tuple[str, ...]
    places: tuple[int, ...]
    names: tuple[str, ...]


@dataclass
class PolicyText:
    """All text of a desk's policies, in the order in which it was handed over."""

    files: list[File] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    directives: list[tuple[File, Tree]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def defined(self) -> set[tuple[str, int]]:
        """Name and arity of every predicate that has a clause."""
        return {clause.head.name for clause in self.clauses}


def read_policies(sources: Sequence[Source]) -> PolicyText:
    """Parse policy files; syntax errors become faults. Raises `PrologFault` where Prolog cannot be asked."""
    result = PolicyText()
    for name, text in sources:
        file = File(name, text)
        result.files.append(file)
        if lone := _NO_CHARACTER.search(text):
            place = Tree("other", "", (), lone.start(), lone.end())
            message = f"U+{ord(lone[0]):04X} is no character; retype the line"
            result.faults.append(file.fault(place, message, "P101"))
            continue
        for value in ask(f"warrant_reading:read_text({quoted(text, chr(34))})"):
            try:
                _sort(result, file, _tree(value, MOST_NESTING))
            except _TooDeep as deep:
                place = Tree("other", "", (), deep.start, deep.start)
                message = f"this clause nests more than {MOST_NESTING} terms; split it"
                result.faults.append(file.fault(place, message, "P121"))
    return result


def control(tree: Tree) -> tuple[Tree, ...] | None:
    """The parts of a conjunction, disjunction or negation; None for any other term."""
    return tree.args if tree.name in ((",", 2), (";", 2), ("\\+", 1)) else None


def _sort(result: PolicyText, file: File, tree: Tree) -> None:
    if tree.kind == "broken":
        start = tree.start + len(file.text[tree.start :]) - len(file.text[tree.start :].lstrip())
        tree = replace(tree, start=min(start, len(file.text)), end=min(start, len(file.text)))
        words = tree.value.replace("_", " ")
        result.faults.append(
            file.fault(
                tree, f"prolog can not read this clause: {words}; does it, and the clause before, end in `.`?", "P101"
            )
        )
    elif tree.name in ((":-", 1), ("?-", 1)):
        result.directives.append((file, tree))
    elif tree.name == (":-", 2):
        result.clauses.append(Clause(file, tree, *tree.args))
    else:
        result.clauses.append(Clause(file, tree, tree, None))


def _goals(tree: Tree, negated: bool) -> Iterator[tuple[Tree, bool]]:
    parts = control(tree)
    if parts is None:
        yield tree, negated
    else:
        for part in parts:
            yield from _goals(part, negated or tree.name == ("\\+", 1))


class _TooDeep(Exception):
    """A term that nests more than this module follows."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


def _tree(value: Json, deepest: int) -> Tree:
    kind, text, args, start, end = value
    if deepest == 0 or kind == "deep":
        raise _TooDeep(start)
    return Tree(kind, text, tuple(_tree(arg, deepest - 1) for arg in args), start, end)
