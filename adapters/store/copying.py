"""Copying a store row by row, from either dialect to either: what backup and restore are made of.

The copy is made inside a transaction of each side: the source stands still for it, the target has all of it or nothing.
The rows go in through the target's own triggers, in order, so a copy is a log that could have been written.

A lease is not copied: it is about a process. Requests are, and one that is still open stays open; so are checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Row, Table, func, insert, select, text
from sqlalchemy.engine import Connection

from adapters.store.migrating import FIRST, keeps_checkpoints, keeps_segments, version
from adapters.store.tables import CHECKPOINT, LOG, REQUEST, SEGMENT

PIECE = 200
"""Rows read and written at a time, each with the bytes of a record."""


def copy(source: Connection, target: Connection) -> None:
    """Copy every row of `source` into the empty tables of `target`, inside the transactions of both."""
    tables = LOG if version(source) == FIRST else (*LOG, REQUEST)
    if keeps_checkpoints(source):
        tables = (*tables, CHECKPOINT)
    if keeps_segments(source):
        tables = (*tables, SEGMENT)
    for table in tables:
        (key,) = table.primary_key.columns
        for rows in _pieces(source, table, key):
            target.execute(insert(table), [dict(row._mapping) for row in rows])
    last = target.execute(select(func.max(REQUEST.c.id))).scalar()
    if target.dialect.name == "postgresql" and last is not None:
        # Numbers that were given by somebody else are not counted by the sequence.
        target.execute(text("SELECT setval(pg_get_serial_sequence('request', 'id'), :last)"), {"last": last})


def _pieces(source: Connection, table: Table, key: Column[Any]) -> Iterator[list[Row[Any]]]:
    """The rows of a table by its key, some at a time, each after the last one seen."""
    reached = None
    while True:
        query = select(table).order_by(key).limit(PIECE)
        rows = list(source.execute(query if reached is None else query.where(key > reached)).all())
        if rows:
            yield rows
        if len(rows) < PIECE:
            return
        reached = rows[-1]._mapping[key]
