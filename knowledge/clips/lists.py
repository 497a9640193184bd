"""The text of a CLIPS file as nested lists, by lark: characters, strings and parentheses, and complaints about them.

What the lists mean is read in `knowledge.clips.text`, where complaints can be precise. Reference: CLIPS Basic
Programming Guide 6.4, section 2.3.1 (tokens).
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import NoReturn, TypeAlias

from lark import Lark, Token, Tree, UnexpectedCharacters

from knowledge.clips.tree import Place
from knowledge.faults import Fault, Faulty

DEEPEST = 60
"""Levels of parentheses a file may nest."""
MOST_CHARACTERS = 1_000_000
"""Characters of a file; whoever sends more wants to keep the reader busy."""
MOST_FAULTS = 50
"""Unsound stretches that are told of one file."""

_GRAMMAR = r"""
start: item*
?item: list | WORD | STRING | MARK
list: LPAR item* RPAR
LPAR: "("
RPAR: ")"
MARK: /[&|~]/
STRING: /"(?:[^"\\]|\\(.|\n))*"/
WORD: /[^\s"();&|~][^\s"();&|~<]*/
COMMENT: /;[^\r\n]*/
%ignore COMMENT
%ignore /[ \t\r\n]+/
"""
_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)
Item: TypeAlias = "Token | Tree[Token]"
"""A word, string or mark; or a list with its two parentheses as first and last child."""


def nested(source: str, file: str) -> tuple[list[Item], list[Fault]]:
    """The top-level items of a file, and a fault for each stretch of it that is unsound.

    Where characters, strings or parentheses are unsound, each construct that begins in the first column is read by
    itself, so that one slip hides no other.
    """
    if len(source) > MOST_CHARACTERS:
        message = f"the file has {len(source)} characters, more than {MOST_CHARACTERS}; split it"
        return [], [Fault(file, 1, 1, message, "R004")]
    try:
        return _PARSER.parse(_balanced(source, file)).children, []
    except Faulty as error:
        whole = error.faults
    items: list[Item] = []
    faults: list[Fault] = []
    starts = [0, *(found.start() for found in _START.finditer(source) if found.start()), len(source)]
    for start, end in pairwise(starts):
        lines = source.count("\n", 0, start)
        before = source.count("\n", 0, end) + 1 if end < len(source) else 0
        try:
            part = _PARSER.parse(_balanced(source[start:end], file, before)).children
        except Faulty as error:
            faults += [replace(fault, line=fault.line + lines) for fault in error.faults]
            if len(faults) >= MOST_FAULTS:
                break
        else:
            items += [_moved(item, start, lines) for item in part]
    return items, faults or list(whole)


_START = re.compile(r"^\((?:def|load)", re.MULTILINE)
"""What starts a construct: in the first column, what was open before it was meant to be closed."""


def _moved(item: Item, characters: int, lines: int) -> Item:
    """An item of a piece, at its place in the whole file."""
    if isinstance(item, Token):
        assert item.line is not None and item.start_pos is not None and item.end_pos is not None
        item.line += lines
        item.start_pos += characters
        item.end_pos += characters
        return item
    for part in item.children:
        _moved(part, characters, lines)
    return item


def _balanced(source: str, file: str, before: int = 0) -> str:
    """The source, once every character, string and parenthesis in it is sound. Raises `Faulty`.

    `before` is the line on which the next construct of the file begins, 0 where none does.
    """

    def refuse(line: int, column: int, message: str) -> NoReturn:
        raise Faulty(Fault(file, line, column, message, "R001", 1)) from None

    if found := _UNPRINTABLE.search(source) if source.isascii() else _unprintable(source):
        start = source.rfind("\n", 0, found.start()) + 1
        refuse(
            source.count("\n", 0, start) + 1,
            found.start() - start + 1,
            f"the character U+{ord(found[0]):04X} can not be printed; "
            + ("save the file without a byte order mark" if found[0] == "\ufeff" else "retype the line"),
        )
    opened: list[Token] = []
    end = f"before line {before}" if before else ""
    try:
        for token in _PARSER.lex(source):
            if token.type == "RPAR":
                if not opened:
                    refuse(*_where(token), "the parenthesis `)` closes nothing; remove it, or open it with `(`")
                opened.pop()
            elif token.type == "LPAR":
                if opened and token.column == 1 and _START.match(source, token.start_pos or 0):
                    end = f"before line {token.line}"
                    break
                opened.append(token)
                if len(opened) > DEEPEST:
                    refuse(*_where(token), f"parentheses nest more than {DEEPEST} levels deep; split the expression")
    except UnexpectedCharacters as error:
        refuse(error.line, error.column, 'the string opened by `"` does not end; add the missing `"`')
    if opened:
        what = f"is not closed {end}" if end else "is never closed"
        refuse(*_where(opened[0]), f"the parenthesis `(` {what}; add the missing `)`")
    return source


_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _unprintable(source: str) -> re.Match[str] | None:
    odd = {one for one in set(source) if not one.isprintable()} - set("\t\r\n")
    return re.search(f"[{re.escape(''.join(sorted(odd)))}]", source) if odd else None


def _where(token: Token) -> tuple[int, int]:
    assert token.line is not None
    assert token.column is not None
    return token.line, token.column


def place(item: Item) -> Place:
    """Where an item stands."""
    first, last = (item, item) if isinstance(item, Token) else (item.children[0], item.children[-1])
    assert isinstance(first, Token)
    assert isinstance(last, Token)
    assert first.start_pos is not None
    assert last.end_pos is not None
    return Place(*_where(first), first.start_pos, last.end_pos)


def inside(item: Item) -> list[Item]:
    """What stands between the parentheses of a list."""
    return [] if isinstance(item, Token) else item.children[1:-1]


def is_token(item: Item, kind: str, word: str | None = None) -> bool:
    """Whether an item is a token of this kind, and this word."""
    return isinstance(item, Token) and item.type == kind and (word is None or str(item) == word)


def head(item: Item) -> str:
    """The first word of a list; empty where there is none."""
    parts = inside(item)
    return str(parts[0]) if parts and is_token(parts[0], "WORD") else ""
