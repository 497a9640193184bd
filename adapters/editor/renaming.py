"""Renaming what a text names, wherever it is named: a rule, a variable inside of its rule or clause, a predicate.

A rule takes its slots `(rule NAME)`, its file of cases and what is said of it there along. A new name must be free, so
that the old one can be given back. Templates, slots and measures are the program's, reasons are what policies say to
people and records: they keep their names. Whether the desk loads as before is for the caller to try
(`adapters.editor.server`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.editor.book import Book
from adapters.editor.looking import CASES
from adapters.editor.names import Mention, Named
from adapters.editor.policy_words import templates
from knowledge.clips.tree import VARIABLE
from knowledge.prolog.lint import ARITHMETIC, REQUIRED, TESTS
from rules.findings import Edit


class Refused(Exception):
    """A name that is not given, with the reason in a sentence."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The edits of a renaming, in order, and the files that get another name: pairs of old and new."""

    edits: tuple[Edit, ...]
    moves: tuple[tuple[str, str], ...] = ()


_RULE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*\Z")
_OTHERWISE = frozenset(("yes", "no", "true", "false", "on", "off", "null", "y", "n"))
"""Words that YAML, where they stand without quotes, may take for something else."""
_ATOM = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
_VARIABLE_OF_A_POLICY = re.compile(r"[A-Z][A-Za-z0-9_]*\Z")
_FIXED = "`{name}` is a name of the program's, which rules and policies share; it can not be changed here"


def renamable(book: Book, file: str, offset: int) -> Mention:
    """What can be renamed at a place. Raises `Refused`."""
    mention = book.mention_at(file, offset)
    if mention is None:
        raise Refused("nothing that has a name stands here; put the cursor on a rule, a variable or a predicate")
    of = mention.of
    if of.kind not in ("rule", "variable", "predicate"):
        raise Refused(_FIXED.format(name=of.name))
    if of.kind == "predicate" and _split(of.name) in REQUIRED:
        raise Refused(f"`{of.name}` is what the engine asks policies for; it can not be changed")
    if not any(one.role == "definition" for one in book.mentions_of(of)):
        raise Refused(f"`{of.name}` is defined nowhere; define it first")
    return mention


def rename(book: Book, file: str, offset: int, name: str) -> Renamed:
    """The edits that give what stands at a place another name. Raises `Refused`."""
    of = renamable(book, file, offset).of
    fresh = name.strip().removeprefix("?") if of.kind == "variable" else name.strip()
    mentions = book.mentions_of(of)
    if fresh == _bare(of):
        return Renamed(())
    _check(book, of, fresh)
    edits = tuple(sorted(Edit(one.file, one.start, one.end, _written(book, one, fresh)) for one in mentions))
    return Renamed(edits, tuple(_moves(book, of, fresh)) if of.kind == "rule" else ())


def _check(book: Book, of: Named, fresh: str) -> None:
    """Whether a name can be given. Raises `Refused`."""
    new = Named(of.kind, fresh, of.owner)
    if of.kind == "rule":
        if not _RULE.match(fresh) or fresh.lower() in _OTHERWISE:
            raise Refused(f"`{fresh}` is no name of a rule; write letters and digits with `-` between")
    elif of.kind == "variable":
        policy = of.owner.partition("#")[0] in book.policies
        if not (_VARIABLE_OF_A_POLICY.match(fresh) if policy else VARIABLE.fullmatch(f"?{fresh}")):
            example = "`Instrument`" if policy else "`?stop-price`"
            raise Refused(f"`{fresh}` is no name of a variable; write one like {example}")
    else:
        arity = _split(of.name)[1]
        new = Named("predicate", f"{fresh}/{arity}")
        if not _ATOM.match(fresh):
            raise Refused(f"`{fresh}` is no name of a predicate; write a small letter, then letters, digits and `_`")
        if (fresh, arity) in templates():
            raise Refused(f"`{fresh}` is the name of a template with as many slots; choose another")
        if (fresh, arity) in {*TESTS, *ARITHMETIC, *REQUIRED}:
            raise Refused(f"`{fresh}/{arity}` has its meaning already; choose another")
    if book.mentions_of(new):
        raise Refused(f"`{fresh}` names something else here; choose a name that is free")


def _written(book: Book, mention: Mention, fresh: str) -> str:
    """A name as it must be written at a place: in a policy, an atom that is not plain takes quotes."""
    text = book.texts[mention.file]
    bare = mention.file in book.policies and text[mention.start - 1 : mention.start] != "'"
    return f"'{fresh}'" if mention.of.kind == "rule" and bare and not _ATOM.match(fresh) else fresh


def _moves(book: Book, of: Named, fresh: str) -> list[tuple[str, str]]:
    old, new = (f"{CASES}/{name}.yaml" for name in (of.name, fresh))
    if not any(one.file == old for one in book.mentions_of(of)):
        return []
    if new in book.cases:
        raise Refused(f"`{new}` is there already; choose another name, or move that file first")
    return [(old, new)]


def _bare(of: Named) -> str:
    return of.name.rpartition("/")[0] if of.kind == "predicate" else of.name


def _split(name: str) -> tuple[str, int]:
    bare, _, arity = name.rpartition("/")
    return bare, int(arity)
