"""The text of a CLIPS file as nested lists, by lark: characters, strings and parentheses, and complaints about them.

What the lists mean is read in `knowledge.clips.text`, where complaints can be precise. Reference: CLIPS Basic
Programming Guide 6.4, section 2.3.1 (tokens).
"""

from __future__ import annotations

import re
from typing import NoReturn, TypeAlias

from lark import Lark, Token, Tree, UnexpectedCharacters

from knowledge.clips.tree import Place
from knowledge.faults import Fault, Faulty

DEEPEST = 60
"""Levels of parentheses a file may nest."""

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


def nested(source: str, file: str) -> list[Item]:
    """The top-level items of a file. Raises `Faulty` where characters, strings or parentheses are unsound."""
    return _PARSER.parse(_balanced(source, file)).children


_STARTS = ("(def", "(load")
"""What starts a construct: in the first column, what was open before it was meant to be closed."""


def _balanced(source: str, file: str) -> str:
    """The source, once every character, string and parenthesis in it is sound. Raises `Faulty`."""

    def refuse(line: int, column: int, message: str) -> NoReturn:
        raise Faulty(Fault(file, line, column, message)) from None

    for line, words in enumerate(re.split(r"\r?\n", source), 1):
        for column, character in enumerate(words, 1):
            if not character.isprintable() and character not in "\t\r":
                refuse(line, column, f"the character U+{ord(character):04X} can not be printed; retype the line")
    opened: list[Token] = []
    try:
        for token in _PARSER.lex(source):
            if token.type == "RPAR":
                if not opened:
                    refuse(*_where(token), "the parenthesis `)` closes nothing; remove it, or open it with `(`")
                opened.pop()
            elif token.type == "LPAR":
                if opened and token.column == 1 and source.startswith(_STARTS, token.start_pos):
                    refuse(
                        *_where(opened[0]),
                        f"the parenthesis `(` is not closed before line {token.line}; add the missing `)`",
                    )
                opened.append(token)
                if len(opened) > DEEPEST:
                    refuse(*_where(token), f"parentheses nest more than {DEEPEST} levels deep; split the expression")
    except UnexpectedCharacters as error:
        refuse(error.line, error.column, 'the string opened by `"` does not end; add the missing `"`')
    if opened:
        refuse(*_where(opened[0]), "the parenthesis `(` is never closed; add the missing `)`")
    return source


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
