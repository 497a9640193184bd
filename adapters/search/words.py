"""What a person means by a word: the words of the log that answer to it.

Rules:
- a word that is there as it was typed is meant, and nothing else;
- small and capital letters, `-`, `_`, `.` and blanks make no difference, and the words of an answer may say more than
  was asked: `sector` and `sector_cap` are `portfolio.sector`, as *cap*, *limit* and their like say only what it is;
- a name of a person or instrument, an order and a kind are matched whole;
- an order may be given by its beginning;
- where nothing answers, it is said what would, by near spelling.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from sqlalchemy import select
from sqlalchemy.engine import Connection

from adapters.search.subjects import MOST_SIGNS, Subject
from adapters.store.tables import SEARCH_TERM
from knowledge.faults import Fault, Faulty

_TERM = SEARCH_TERM.c
_BY_PARTS: Final = ("reason", "limit", "rule")
_NAMES_NOTHING: Final = frozenset({"cap", "caps", "limit", "limits", "max", "maximum", "bound", "check", "the", "of"})
_MOST_TOLD = 8
_NEAR = 0.6


@dataclass(frozen=True, slots=True)
class Term:
    """A word that the index has, and how many rows it is said of."""

    id: int
    word: str
    rows: int


@dataclass(frozen=True, slots=True)
class Meant:
    """What was asked under a field, and the words of the log that answer to it."""

    field: str
    asked: str
    terms: tuple[Term, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of the words."""
        return tuple(one.id for one in self.terms)

    @property
    def rows(self) -> int:
        """Rows of all words, those of several counted as often."""
        return sum(one.rows for one in self.terms)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, sorted."""
        return tuple(sorted(one.word for one in self.terms))

    def said_of(self, subject: Subject) -> bool:
        """Whether one of the words is."""
        return any((self.field, one.word) in subject.words for one in self.terms)


def meant(index: Connection, field: str, asked: str) -> Meant:
    """The words of the log that answer to what was asked. Raises `Faulty` where none does."""
    there = _terms(index, field, asked.strip()[:MOST_SIGNS])
    if there:
        return Meant(field, asked, there)
    every = _every(index, field)
    found = _alike(field, asked, every)
    if not found:
        raise Faulty(Fault("command line", 1, 1, _unknown(field, asked, every)))
    return Meant(field, asked, tuple(found))


def _terms(index: Connection, field: str, word: str) -> tuple[Term, ...]:
    query = select(_TERM.id, _TERM.word, _TERM.rows).where(_TERM.field == field, _TERM.word == word)
    return tuple(Term(*row) for row in index.execute(query))


def _every(index: Connection, field: str) -> list[Term]:
    query = select(_TERM.id, _TERM.word, _TERM.rows).where(_TERM.field == field).order_by(_TERM.word)
    return [Term(*row) for row in index.execute(query)]


def _alike(field: str, asked: str, every: Sequence[Term]) -> list[Term]:
    plain = [one for one in every if _plain(one.word) == _plain(asked)]
    if plain:
        return plain
    if field == "order":
        return [one for one in every if asked.strip() and one.word.startswith(asked.strip())]
    if field not in _BY_PARTS:
        return []
    parts = _parts(asked)
    wanted = parts - _NAMES_NOTHING or parts
    found = [one for one in every if wanted and wanted <= _parts(one.word)]
    # An id that ends so is meant rather than a sentence that has the word in it, and one of many parts.
    last = [one for one in found if _plain(one.word.rpartition(".")[2]) == "_".join(_in_order(asked, wanted))]
    return last or found


def _plain(word: str) -> str:
    return "_".join(_split(word))


def _parts(word: str) -> set[str]:
    return set(_split(word))


def _in_order(word: str, wanted: set[str]) -> list[str]:
    return [part for part in _split(word) if part in wanted]


def _split(word: str) -> list[str]:
    return [part for part in re.split(r"[^0-9a-z%]+", word.casefold()) if part]


def _unknown(field: str, asked: str, every: Sequence[Term]) -> str:
    named = "nobody is called so" if field == "who" else f"no {field} of this log is called so"
    short = [one.word for one in every if len(one.word) <= 60]
    by_plain = {_plain(word): word for word in short} | {_plain(word.rpartition(".")[2]): word for word in short}
    near = get_close_matches(_plain(asked), by_plain, n=3, cutoff=_NEAR)
    told = list(dict.fromkeys(by_plain[one] for one in near))
    if told:
        return f"`{asked}`: {named}; did you mean {' or '.join(f'`{one}`' for one in told)}?"
    if not short:
        return f"`{asked}`: {named}, and it names none"
    often = sorted(every, key=lambda one: -one.rows)
    listed = [one.word for one in often if len(one.word) <= 60][:_MOST_TOLD]
    return f"`{asked}`: {named}; it has {', '.join(listed)}{' …' if len(short) > len(listed) else ''}"
