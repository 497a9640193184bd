"""SQLite: how the desk's file is opened, and what its refusals mean.

Commits are synchronous (WAL, synchronous=FULL): a receipt means that the record is on disk.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

_PAGES_AT_MOST = 16_384
"""Pages of the write-ahead log from which a commit moves them into the file: 64 MB, for writers that never rest."""


def engine(path: Path, *, write: bool, busy_seconds: float) -> Engine:
    """An engine for the file, which is made if `write` and missing."""
    address = f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}"

    def dial() -> sqlite3.Connection:
        # The log serialises its own use of the connection, so a scheduler's threads may share it.
        return sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)

    made = create_engine("sqlite://", creator=dial, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    @event.listens_for(made, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "cell_size_check=ON", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        if write:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint={_PAGES_AT_MOST}")

    return made


def checkpoint(connection: Connection) -> None:
    """Move the write-ahead log into the file. Whoever reads meanwhile is not waited for."""
    connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").close()


def reason(fault: DBAPIError) -> str:
    """What went wrong with the file, in words."""
    name = getattr(fault.orig, "sqlite_errorname", "")
    for prefix, words in _REASONS.items():
        if name.startswith(prefix):
            return words
    return f"SQLite refuses it ({name or type(fault.orig).__name__})"


DAMAGED = "the file is damaged"
_REASONS = {
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another process holds it locked",
    "SQLITE_LOCKED": "another process holds it locked",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_PERM": "the permission is missing",
    "SQLITE_NOTADB": "it is not a database",
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_IOERR": "the disk reports an input/output error",
    "SQLITE_ERROR": "a table is missing or is not what it should be",
}
