"""TOML with places: syntax errors as faults, and where each key stands.

The standard library reads the values and forgets the places; a scan over the lines finds the keys again. Left out:
keys inside inline tables, which take the place of the key that holds the table.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from knowledge.faults import Fault, Faulty

Place = tuple[int, int]
"""Line and column, from 1."""

_PART = r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'"""
_DOTTED = rf"(?:{_PART})(?:\s*\.\s*(?:{_PART}))*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_WHERE = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")


def parse(source: bytes, file: str) -> dict[str, Any]:
    """Read TOML, its numbers with a point as `Decimal`. Raises `Faulty` for text that is not TOML or not UTF-8."""
    text = decode(source, file)
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = _WHERE.search(message)
        if at and at[1]:
            line, column = int(at[1]), int(at[2])
        else:
            line, column = text.count("\n") + 1, 1
        reason = _WHERE.sub("", message)
        words = text.split("\n")[line - 1].strip()[:60]
        told = f"`{words}` is not TOML" if words else "not TOML"
        raise Faulty(Fault(file, line, column, f"{told}: {reason[:1].lower()}{reason[1:]}")) from None


def decode(source: bytes, file: str) -> str:
    """The text of a desk's file. Raises `Faulty` at the first byte that is not UTF-8."""
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        before = source[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise Faulty(Fault(file, line, column, "this byte is not UTF-8; save the file as UTF-8")) from None


def places(text: str) -> Mapping[tuple[str, ...], Place]:
    """Where each table and key of sound TOML stands, by its full path (`("desk", "name")`); the first of each."""
    found: dict[tuple[str, ...], Place] = {}
    table: tuple[str, ...] = ()
    inside = ""  # the quotes of the multi-line string that the line starts in
    for number, line in enumerate(text.split("\n"), 1):
        if not inside:
            if header := _HEADER.match(line):
                table = _parts(header[1])
                _note(found, (), table, (number, header.start(1) + 1))
            elif key := _KEY.match(line):
                _note(found, table, _parts(key[1]), (number, key.start(1) + 1))
        inside = _open_quotes(line, inside)
    return found


def _note(found: dict[tuple[str, ...], Place], table: tuple[str, ...], parts: tuple[str, ...], place: Place) -> None:
    for end in range(1, len(parts) + 1):
        found.setdefault(table + parts[:end], place)


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def _open_quotes(line: str, inside: str) -> str:
    for quotes in re.findall(r'"""|\'\'\'', line):
        if not inside:
            inside = quotes
        elif quotes == inside:
            inside = ""
    return inside
