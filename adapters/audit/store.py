"""The one SQLite file of a desk's log: tables that only grow, and how it is opened.

- `leaf`: one row a record: place, id, kind and instant repeated from the bytes for looking up, the leaf's hash, the
  canonical bytes that were hashed.
- `blob`: what records name by digest, stored once, compressed. The digest is over the uncompressed canonical bytes; the
  hash of the packed bytes makes a flipped bit visible also where decompression would not notice it.
- `tree`: the root of the tree of each size, written in the transaction of the leaf. Its last row is the head.
- `timing`: wall-clock values beside the leaf and outside its hash.

Triggers refuse UPDATE, DELETE and INSERT OR REPLACE on the first three. They stop mistakes; what somebody does who
drops them is found by `adapters.audit.verify`. Commits are synchronous (WAL, synchronous=FULL): a receipt means that
the record is on disk.

Left out: rotation, and databases other than SQLite.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from adapters.store.faults import LogUnreadable, LogUnwritable

__all__ = ["LogUnreadable", "LogUnwritable"]

BUSY_SECONDS = 5.0
_PACKING = 6

METADATA = MetaData()
LEAF = Table(
    "leaf",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("record_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("as_of", Text, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    # Last, so that a scan of the other columns never walks the overflow pages of the bytes.
    Column("bytes", LargeBinary, nullable=False),
    sqlite_strict=True,
)
BLOB = Table(
    "blob",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("packed_hash", LargeBinary, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    sqlite_strict=True,
)
TREE = Table(
    "tree",
    METADATA,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    sqlite_strict=True,
)
TIMING = Table(
    "timing",
    METADATA,
    Column("seq", Integer, ForeignKey(LEAF.c.seq), primary_key=True, autoincrement=False),
    Column("written_at", Text, nullable=False),
    Column("stages", Text, nullable=False),
    sqlite_strict=True,
)


def _refusal(name: str, table: str, when: str, sentence: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{table}: {sentence}'); END"


TRIGGERS = {
    f"{table}_{verb}": _refusal(f"{table}_{verb}", table, f"{verb.upper()} ON {table}", "the log only grows")
    for table in ("leaf", "blob", "tree")
    for verb in ("update", "delete")
} | {
    # INSERT OR REPLACE deletes without firing a DELETE trigger, so an insert that would replace is refused itself.
    "leaf_insert": _refusal(
        "leaf_insert",
        "leaf",
        "INSERT ON leaf WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM leaf)"
        " OR EXISTS (SELECT 1 FROM leaf WHERE record_id = NEW.record_id)",
        "a record goes to the end, once",
    ),
    "blob_insert": _refusal(
        "blob_insert",
        "blob",
        "INSERT ON blob WHEN EXISTS (SELECT 1 FROM blob WHERE digest = NEW.digest)",
        "a digest is stored once",
    ),
    "tree_insert": _refusal(
        "tree_insert",
        "tree",
        "INSERT ON tree WHEN NEW.size IS NOT (SELECT coalesce(max(size), 0) + 1 FROM tree)",
        "a root goes to the end, once",
    ),
}
"""Name of each trigger and its exact text, as SQLite keeps it."""


FAULTS = (DBAPIError, UnicodeDecodeError)
"""What the store raises. SQLite's message quotes a damaged schema, and Python's module may fail to decode the quote."""


def connect(path: Path, *, write: bool, busy_seconds: float = BUSY_SECONDS) -> Connection:
    """A connection to the file, made if `write` and missing. Transactions are begun and ended by `transaction`.

    Raises one of `FAULTS`, as does everything done with it; callers say what it means through `reason`.
    """
    address = f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}"

    def dial() -> sqlite3.Connection:
        # The log serialises its own use of the connection, so a scheduler's threads may share it.
        return sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite://", creator=dial, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "cell_size_check=ON", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        if write:
            connection.execute("PRAGMA journal_mode=WAL")

    return engine.connect()


@contextmanager
def transaction(connection: Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """All or nothing. An immediate transaction takes the write lock at once, so that what it reads stays true."""
    connection.exec_driver_sql(begin)
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        # SQLite has already rolled back after some faults (a full disk); a second rollback would hide the first fault.
        if _in_transaction(connection):
            connection.exec_driver_sql("ROLLBACK")
        raise


def pack(content: bytes) -> bytes:
    """Bytes as `blob` keeps them."""
    return zlib.compress(content, _PACKING)


def unpack(packed: object) -> bytes | None:
    """What `pack` was given, or None where that cannot be told any more."""
    try:
        return zlib.decompress(packed) if isinstance(packed, bytes) else None
    except zlib.error:
        return None


def create(connection: Connection) -> None:
    """Make the tables and triggers, inside the caller's transaction."""
    METADATA.create_all(connection, checkfirst=False)
    for statement in TRIGGERS.values():
        connection.exec_driver_sql(statement)


def objects(connection: Connection) -> dict[str, str]:
    """Name and text of the log's tables and triggers that the file has."""
    names = {*METADATA.tables, *TRIGGERS}
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')")
    return {str(name): str(text) for name, text in rows if name in names}


def reason(fault: DBAPIError | UnicodeDecodeError) -> str:
    """What went wrong with the file, in words."""
    if isinstance(fault, UnicodeDecodeError):
        return _REASONS["SQLITE_CORRUPT"]
    name = getattr(fault.orig, "sqlite_errorname", "")
    for prefix, words in _REASONS.items():
        if name.startswith(prefix):
            return words
    return f"SQLite says: {fault.orig}"


_REASONS = {
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another process holds it locked",
    "SQLITE_LOCKED": "another process holds it locked",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_PERM": "the permission is missing",
    "SQLITE_NOTADB": "it is not a database",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_IOERR": "the disk reports an input/output error",
}


def _in_transaction(connection: Connection) -> bool:
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))
