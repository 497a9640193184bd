"""Where something that a text names is defined, and where else it is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from adapters.editor.book import VOCABULARY, Book
from adapters.editor.names import Mention, Named
from knowledge.templates import vocabulary


class Target(NamedTuple):
    """Characters `[start, end)` of a file: a path inside the desk, or that of the vocabulary."""

    file: str
    start: int
    end: int


def definitions(book: Book, file: str, offset: int) -> list[Target]:
    """Where the thing named at a place is defined.

    A template that rules conclude leads to those rules, then to its declaration; a rule's own name to its cases; a
    predicate to each of its clauses.
    """
    mention = book.mention_at(file, offset)
    if mention is None:
        return []
    found = list(_definitions(book, mention))
    return list(dict.fromkeys(found))


def _definitions(book: Book, mention: Mention) -> Iterator[Target]:
    of = mention.of
    if of.kind == "file":
        if of.name in book.texts:
            yield Target(of.name, 0, 0)
        return
    if of.kind in ("template", "slot", "measure"):
        if of.kind == "template" and mention.role != "conclusion":
            yield from (_target(one) for one in book.mentions_of(of) if one.role == "conclusion")
        if of in declared():
            yield Target(VOCABULARY, *declared()[of])
        return
    defined = [one for one in book.mentions_of(of) if one.role == "definition"]
    if of.kind == "rule" and mention in defined:
        yield from (_target(one) for one in book.mentions_of(of) if one.file in book.cases)
    yield from map(_target, defined)


def references(book: Book, file: str, offset: int, declaration: bool = True) -> list[Target]:
    """Where the thing named at a place is named; with or without where it is defined."""
    mention = book.mention_at(file, offset)
    if mention is None:
        return []
    found = [one for one in book.mentions_of(mention.of) if declaration or one.role != "definition"]
    places = list(map(_target, found))
    if declaration and mention.of in declared():
        places.append(Target(VOCABULARY, *declared()[mention.of]))
    return places


def _target(mention: Mention) -> Target:
    return Target(mention.file, mention.start, mention.end)


_LINE = re.compile(r"^( *)([\w.-]+):", re.MULTILINE)


@cache
def vocabulary_text() -> str:
    """The text that declares templates and measures."""
    return Path(VOCABULARY).read_text(encoding="utf-8")


@cache
def declared() -> dict[Named, tuple[int, int]]:
    """Where the vocabulary declares each template, slot and measure."""
    words = vocabulary()
    found: dict[Named, tuple[int, int]] = {}
    section = template = ""
    for line in _LINE.finditer(vocabulary_text()):
        depth, name, at = len(line[1]), line[2], line.span(2)
        if depth == 0:
            section = name
        elif depth == 2 and section == "templates":
            template = name
            found[Named("template", name)] = at
        elif depth == 2 and name in words.measures.get(section, ()):
            found[Named("measure", name, section)] = at
        elif depth == 6 and section == "templates" and name in words.templates[template].slots:
            found[Named("slot", name, template)] = at
    return found
