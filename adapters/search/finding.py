"""Questions to the index, and what it finds read again from the records.

Rules:
- what is asked under one field is any of the words meant, and what is asked under several has to hold together;
- dates bound records by their place: time never goes back in a log, so the first record of a day bounds those before;
- the rarest word leads, and the others are looked up: nothing is walked that is not asked for;
- what is found is taken from the record at that place, whose hash is checked, and has to say what was asked. Where it
  does not, or a word has other rows than were counted, the index is made anew and asked once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.engine import Connection

from adapters.audit.reader import LogReader
from adapters.search.index import index_of, keep_up, rebuild
from adapters.search.subjects import Instruments, Subject, subjects
from adapters.search.words import Meant, meant
from adapters.store import opening
from adapters.store.faults import LogUnreadable
from adapters.store.tables import SEARCH_DAY, SEARCH_POSTING, SEARCH_ROW
from knowledge.values import Json

NOTHING: Mapping[str, str] = MappingProxyType({})
_ROW, _POSTING = SEARCH_ROW.c, SEARCH_POSTING.c
_BOUNDED = ("order", "fill", "rejection", "cancel", "expiry")
"""Kinds that are explained by their order."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: words by field (`adapters.search.subjects.FIELDS`), first and last day, both included."""

    words: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    since: str = ""
    until: str = ""
    newest_first: bool = False
    skip: int = 0
    most: int | None = 20
    """Rows of the answer; None for all."""


@dataclass(frozen=True, slots=True)
class Found:
    """One row: where it stands, and what its record says."""

    seq: int
    place: int
    record: Json
    subject: Subject

    @property
    def explained_by(self) -> str:
        """What `warrant explain` takes for it: of what tells of an order that order, else the record."""
        own = str(self.record["record_id"])
        return str(self.record.get("client_order_id", own)) if self.record["kind"] in _BOUNDED else own


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of one page, how many there are in all by outcome, and how the words were taken."""

    rows: tuple[Found, ...]
    counts: Mapping[str, int]
    taken: Mapping[str, Meant] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def total(self) -> int:
        """All that was found, on this page or not."""
        return sum(self.counts.values())


class _Apart(Exception):
    """The index does not say what the records say."""


def find(log: LogReader, question: Question) -> Answer:
    """Answer a question. Raises `Faulty` for a word that the log does not have, `LogUnreadable`, `StoreFailed`."""
    with opening.failing(log.path), index_of(log) as index:
        try:
            return _answer(log, index, question)
        except _Apart:
            rebuild(index)
            keep_up(log, index)
        try:
            return _answer(log, index, question)
        except _Apart:
            raise LogUnreadable(
                f"the log `{log.path}` does not say twice the same; run `warrant audit verify`"
            ) from None


def _answer(log: LogReader, index: Connection, question: Question) -> Answer:
    taken = {name: meant(index, name, word) for name, word in question.words.items()}
    for one in taken.values():
        _as_counted(index, one)
    query = matching(index, question, taken)
    if query is None:
        return Answer((), {}, taken)
    counts = {outcome: int(number) for outcome, number in index.execute(counted(query))}
    page = index.execute(paged(query, question)).all()
    return Answer(tuple(_read(log, page, taken)), counts, taken)


def _as_counted(index: Connection, word: Meant) -> None:
    for term in word.terms:
        there = select(func.count()).select_from(SEARCH_POSTING).where(_POSTING.term == term.id)
        if index.execute(there).scalar_one() != term.rows:
            raise _Apart


def matching(index: Connection, question: Question, taken: Mapping[str, Meant]) -> Select[Any] | None:
    """The rows asked for, by place and in no order; None where there can be none."""
    bounds = _bounds(index, question)
    if bounds is None or any(not one.terms for one in taken.values()):
        return None
    first, behind = bounds
    words = sorted(taken.values(), key=lambda one: one.rows)
    source = SEARCH_POSTING.alias("rarest") if words else SEARCH_ROW
    seq, place = source.c.seq, source.c.place
    query = select(seq, place)
    for rarest in words[:1]:
        query = query.where(source.c.term.in_(rarest.ids))
        if len(rarest.ids) > 1:
            query = query.distinct()
    for one in words[1:]:
        query = query.where(_said(one, seq, place))
    if first is not None:
        query = query.where(seq >= first)
    return query if behind is None else query.where(seq < behind)


def _said(word: Meant, seq: ColumnElement[int], place: ColumnElement[int]) -> ColumnElement[bool]:
    other = SEARCH_POSTING.alias()
    return exists().where(and_(other.c.term.in_(word.ids), other.c.seq == seq, other.c.place == place))


def counted(query: Select[Any]) -> Select[Any]:
    """How many of the rows have each outcome."""
    rows = query.subquery()
    joined = rows.join(SEARCH_ROW, and_(_ROW.seq == rows.c.seq, _ROW.place == rows.c.place))
    return select(_ROW.outcome, func.count()).select_from(joined).group_by(_ROW.outcome).order_by(_ROW.outcome)


def paged(query: Select[Any], question: Question) -> Select[Any]:
    """One page of the rows, in order of the log or from its end."""
    order = [each.desc() if question.newest_first else each for each in query.selected_columns]
    return query.order_by(*order).limit(question.most).offset(question.skip)


def _bounds(index: Connection, question: Question) -> tuple[int | None, int | None] | None:
    """The first record of the days asked for, and the first behind them; None where there are none."""
    first = behind = None
    if question.since:
        first = _first(index, SEARCH_DAY.c.day >= question.since)
        if first is None:
            return None
    if question.until:
        behind = _first(index, SEARCH_DAY.c.day > question.until)
    return first, behind


def _first(index: Connection, days: ColumnElement[bool]) -> int | None:
    query = select(SEARCH_DAY.c.first).where(days).order_by(SEARCH_DAY.c.day).limit(1)
    return index.execute(query).scalar()


def _read(log: LogReader, page: Sequence[Any], taken: Mapping[str, Meant]) -> Iterator[Found]:
    record, last, instruments = None, -1, Instruments(log.record_or_rest)
    for seq, place in page:
        if seq != last:
            try:
                record, last = log.record_at(seq), seq
            except KeyError:
                raise _Apart from None
            there = subjects(record, instruments.of(record))
        if place >= len(there) or not all(one.said_of(there[place]) for one in taken.values()):
            raise _Apart
        yield Found(seq, place, record, there[place])
