"""Connections to a store and transactions on them, the same for SQLite and PostgreSQL.

A writer's transaction takes the store's write lock at once, so that what it reads stays true: BEGIN IMMEDIATE, or an
advisory lock of the schema that ends with the transaction. Everything here raises `FAULTS` of the driver; callers say
what one means through `reason`. A commit whose answer was lost is `Unconfirmed`: the caller finds out by reading back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from adapters.store import postgresql, sqlite
from adapters.store.address import Address

BUSY_SECONDS = 5.0
WORTH_MOVING = 1 << 22
"""Bytes of new records after which a store is tidied up, if anybody has time for it."""
FAULTS = (DBAPIError, UnicodeDecodeError)
"""What the store raises. SQLite's message quotes a damaged schema, and Python's module may fail to decode the quote."""


class Unconfirmed(Exception):
    """The connection was lost while the transaction committed: it is written, or it is not."""


def connect(where: Address, *, write: bool, busy_seconds: float = BUSY_SECONDS) -> Connection:
    """A connection to the store; a SQLite file is made if `write` and missing. Raises `FAULTS`, `StoreFailed`."""
    build = sqlite.engine if isinstance(where, Path) else postgresql.engine
    return build(where, write=write, busy_seconds=busy_seconds).connect()  # type: ignore[arg-type]


def revive(connection: Connection) -> None:
    """Let a connection that was lost be dialled again at its next use."""
    if connection.invalidated:
        connection.rollback()


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """All or nothing, under the store's write lock. Raises `Unconfirmed` where the answer to the commit was lost."""
    revive(connection)
    with _transaction(connection, "BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN"):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(_LOCK)
        yield


def compact(connection: Connection) -> None:
    """Give a SQLite file's free room back to the disk; nothing may be under way on the connection."""
    for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
        connection.exec_driver_sql(statement).close()


@contextmanager
def reading(connection: Connection) -> Iterator[None]:
    """One state of the store, whatever others write meanwhile."""
    revive(connection)
    begin = "BEGIN" if connection.dialect.name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with _transaction(connection, begin):
        yield


def rest(connection: Connection) -> None:
    """Tidy up between two transactions. Raises `FAULTS`."""
    if connection.dialect.name == "sqlite":
        sqlite.checkpoint(connection)


def reason(fault: DBAPIError | UnicodeDecodeError) -> str:
    """What went wrong with the store, in words."""
    if isinstance(fault, UnicodeDecodeError):
        return sqlite.DAMAGED
    tell = sqlite.reason if type(fault.orig).__module__ == "sqlite3" else postgresql.reason
    return tell(fault)


# Known to whoever writes to this schema, and not to a vacuum, which a lock on the tables would keep out.
_SALT = int.from_bytes(sha256(b"warrant store").digest()[:4], "big", signed=True)
_LOCK = f"SELECT pg_advisory_xact_lock({_SALT}, hashtext(current_setting('search_path')))"


@contextmanager
def _transaction(connection: Connection, begin: str) -> Iterator[None]:
    try:
        connection.exec_driver_sql(begin)
    except DBAPIError as fault:
        if not fault.connection_invalidated:
            raise
        # Nothing had begun, so nothing is in doubt: a server that was restarted meanwhile is dialled again.
        revive(connection)
        connection.exec_driver_sql(begin)
    try:
        yield
        try:
            connection.exec_driver_sql("COMMIT")
        except DBAPIError as fault:
            if fault.connection_invalidated:
                raise Unconfirmed from fault
            raise
    except BaseException:
        # A fault may have ended the transaction already (a full disk, a lost server); to end it again would hide it.
        if not connection.invalidated and _in_transaction(connection):
            connection.exec_driver_sql("ROLLBACK")
        raise


def _in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return bool(getattr(driver, "in_transaction", False))
    return int(getattr(driver, "info").transaction_status) in (2, 3)  # noqa: B009  INTRANS, INERROR
