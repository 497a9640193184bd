"""Places of a text as editors count them: lines and characters from 0, a character being a unit of the encoding that
editor and server agreed upon, UTF-16 unless both said otherwise.

Lines end with `\\n`, `\\r\\n` or `\\r`. A place outside of the text is taken for the nearest one inside of it, and one
inside of a character for its beginning. Offsets count characters of Python. Reference: Language Server Protocol 3.17,
"Position".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import Literal

Unit = Literal["utf-8", "utf-16", "utf-32"]
_END = re.compile(r"\r\n|\n|\r")
_LONE = re.compile("[\ud800-\udfff]")


def sound(text: str) -> str:
    """A text without halves of characters, which JSON can carry and nothing else can; no place in it moves."""
    return _LONE.sub("\ufffd", text)


def offset_of(text: str, line: int, character: int, unit: Unit = "utf-16") -> int:
    """The offset of a place."""
    starts, ends = _lines(text)
    if line >= len(starts):
        return len(text)
    if line < 0:
        return 0
    left, at = character, starts[line]
    while at < ends[line]:
        left -= _width(text[at], unit)
        if left < 0:
            break
        at += 1
    return at


def place_of(text: str, offset: int, unit: Unit = "utf-16") -> tuple[int, int]:
    """Line and character of an offset."""
    starts, ends = _lines(text)
    inside = min(max(offset, 0), len(text))
    line = bisect_right(starts, inside) - 1
    return line, sum(_width(one, unit) for one in text[starts[line] : min(inside, ends[line])])


def _width(character: str, unit: Unit) -> int:
    if unit == "utf-32" or character < "\x80":
        return 1
    if unit == "utf-16":
        return 1 + (character > "\uffff")
    return 2 + (character > "\u07ff") + (character > "\uffff")


@lru_cache(maxsize=64)
def _lines(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where each line starts, and where it ends without what ends it."""
    found = list(_END.finditer(text))
    return (0, *(one.end() for one in found)), (*(one.start() for one in found), len(text))
