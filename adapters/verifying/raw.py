"""A store read as it is, for verifying it: values without conversion, each row on its own.

A damaged row does not hide the others: what cannot be read is a finding about the bytes, and the reading goes on.
Contents and roots are asked for some records at a time; where that fails, or leaves one out, each row by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.engine import Connection, CursorResult

from adapters.audit.envelope import ID
from adapters.store import engine
from adapters.store.tables import unpack
from adapters.verifying.verification import Check, Finding
from knowledge.values import digest

_FETCHED = 1000
_TOGETHER = 64
"""Records whose contents are asked for together: few, because a content may be long."""
_text: Callable[[str], TextClause] = lru_cache(text)


@dataclass(frozen=True, slots=True)
class RawLeaf:
    """A row of `leaf` as it was read: whatever the file holds, of whatever type."""

    seq: int
    record_id: object
    kind: object
    as_of: object
    leaf_hash: object
    content: object

    @property
    def name(self) -> str | None:
        """The id in the column, where it is one."""
        return self.record_id if isinstance(self.record_id, str) and ID.fullmatch(self.record_id) else None


class RawStore:
    """The rows that one connection's transaction sees. `complain` is told of what cannot be read."""

    def __init__(self, connection: Connection, complain: Callable[[Finding], None]) -> None:
        self.connection, self._complain = connection, complain
        self._roots: dict[int, object] = {}
        self.sqlite = connection.dialect.name == "sqlite"
        if not self.sqlite:
            self.ask("SAVEPOINT walk")

    def ask(self, query: str, **values: object) -> CursorResult[*tuple[Any, ...]]:
        """The answer to a question in SQL."""
        return self.connection.execute(_text(query), values)

    def streamed(self, name: str, query: str) -> Iterator[Row[*tuple[Any, ...]]]:
        """Rows one by one: SQLite reads as it goes, a server is asked for some at a time.

        On a server a fault ends the transaction, unless it is taken back to a point before it.
        """
        if self.sqlite:
            yield from self.ask(query)
            return
        self.ask(f"DECLARE {name} NO SCROLL CURSOR FOR {query}")
        self.ask("SAVEPOINT walk")
        while rows := self.ask(f"FETCH {_FETCHED} FROM {name}").all():
            yield from rows

    @contextmanager
    def guarded(self, field: str, seq: int | None = None, record_id: str | None = None) -> Iterator[None]:
        """A part of the file that cannot be read is a finding about the bytes; the rest is read all the same."""
        try:
            yield
        except engine.FAULTS as fault:
            sentence = f"cannot be read: {engine.reason(fault)}"
            self._complain(Finding(Check.BYTES, seq, record_id, field, sentence))
            if not self.sqlite:
                self.ask("ROLLBACK TO SAVEPOINT walk")

    def leaves(self) -> Iterator[RawLeaf]:
        """All rows of `leaf`, in order. Raises the store's `FAULTS` where the table itself is broken."""
        keys = self.streamed("keys", "SELECT seq, record_id, kind, as_of, leaf_hash FROM leaf ORDER BY seq")
        rows, fault = _some(keys)
        while rows:
            places = [row[0] for row in rows]
            contents = self._together("SELECT seq, bytes FROM leaf WHERE seq BETWEEN :first AND :last", places, 0)
            self._roots = self._together("SELECT size, root FROM tree WHERE size BETWEEN :first AND :last", places, 1)
            for seq, record_id, kind, as_of, hashed in rows:
                row = RawLeaf(seq, record_id, kind, as_of, hashed, contents.get(seq))
                if row.content is None:
                    content = None
                    with self.guarded("bytes", seq, row.name):
                        content = self.ask("SELECT bytes FROM leaf WHERE seq = :seq", seq=seq).scalar()
                    row = replace(row, content=content)
                yield row
            if fault is None:
                rows, fault = _some(keys)
            else:
                rows = []
        if fault is not None:
            raise fault

    def _together(self, query: str, places: list[Any], beyond: int) -> dict[int, object]:
        """What stands at these places, or so far beyond; nothing where they do not follow each other, or on a fault."""
        first = places[0]
        if set(map(type, places)) != {int} or places != list(range(first, first + len(places))):
            return {}
        try:
            rows = self.ask(query, first=first + beyond, last=places[-1] + beyond).all()
        except engine.FAULTS:
            # Each row is asked for by itself, and the fault told where it is met again.
            if not self.sqlite:
                self.ask("ROLLBACK TO SAVEPOINT walk")
            return {}
        return {row[0]: row[1] for row in reversed(rows)}

    def root(self, size: int) -> object:
        """The root that is stored for the tree of this size."""
        known = self._roots.get(size)
        return self.ask("SELECT root FROM tree WHERE size = :size", size=size).scalar() if known is None else known

    def packed(self, name: str) -> object:
        """What is stored under this digest."""
        return self.ask("SELECT packed FROM blob WHERE digest = :name", name=name).scalar()

    def blob(self, name: str) -> bytes:
        """The bytes that have this digest, where they lie in a row. Raises `KeyError`."""
        return blob_of(self.packed(name), name)


def blob_of(packed: object, name: str) -> bytes:
    """The bytes that have this digest, as a row keeps them. Raises `KeyError` where they have another."""
    content = unpack(packed)
    if content is None or digest(content) != name:
        raise KeyError(name)
    return content


def _some(keys: Iterator[Row[*tuple[Any, ...]]]) -> tuple[list[Row[*tuple[Any, ...]]], Exception | None]:
    """The next rows, and the fault that ended them before their time."""
    rows: list[Row[*tuple[Any, ...]]] = []
    try:
        for row in islice(keys, _TOGETHER):
            rows.append(row)
    except engine.FAULTS as fault:
        return rows, fault
    return rows, None
