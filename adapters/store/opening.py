"""A store opened: made from nothing where it is missing, refused where this program does not know its tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

from sqlalchemy.engine import Connection

from adapters.store import engine
from adapters.store.address import Address
from adapters.store.faults import LogUnreadable, StoreFailed
from adapters.store.migrating import State, migrate, refusal, state


@contextmanager
def opened(where: Address, *, busy_seconds: float = engine.BUSY_SECONDS) -> Iterator[Connection]:
    """A connection to the desk's own tables, the store made where it is missing. Raises `StoreFailed`, as does its use.

    What the body does with it ends in one sentence, too.
    """
    with failing(where):
        make(where)
        with engine.connect(where, write=True, busy_seconds=busy_seconds) as connection:
            with engine.writing(connection):
                settle(connection, where)
            yield connection


@contextmanager
def failing(where: Address) -> Iterator[None]:
    """Within, whatever the store, its server or the disk raises is a `StoreFailed`."""
    try:
        yield
    except engine.FAULTS as fault:
        raise StoreFailed(f"the store `{where}` cannot be used: {engine.reason(fault)}") from None
    except engine.Unconfirmed:
        raise StoreFailed(f"the connection to the store `{where}` was lost while it wrote; ask it again") from None
    except OSError as fault:
        raise StoreFailed(f"the store `{where}` cannot be used: {(fault.strerror or str(fault)).lower()}") from None


def make(where: Address) -> None:
    """Make the file of a SQLite store where it is missing: beside it and whole first, so that nobody meets half of one.

    Raises `StoreFailed` where it is empty, `OSError`, and the store's `FAULTS`.
    """
    if not isinstance(where, Path):
        return
    where.parent.mkdir(parents=True, exist_ok=True)
    # SQLite takes an empty file for a new database; a log that lost its content must not look like a new one.
    if where.exists():
        if where.stat().st_size == 0:
            raise StoreFailed(f"the log `{where}` is empty, which a log never is; remove the file to begin a new one")
        return
    beside = where.with_name(f".{where.name}.{os.getpid()}-{get_ident()}.new")
    try:
        with engine.connect(beside, write=True) as connection, engine.writing(connection):
            migrate(connection)
        put(beside, where)
    except FileExistsError:
        # Another process was first: its store is the store.
        pass
    finally:
        for left in where.parent.glob(f"{beside.name}*"):
            left.unlink()


def put(made: Path, where: Path) -> None:
    """Give a finished file its name, for good. Raises `FileExistsError` where the name is taken."""
    os.link(made, where)
    folder = os.open(where.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def settle(connection: Connection, where: Address) -> None:
    """Make the tables where there are none, in the caller's transaction. Raises `StoreFailed` for other versions."""
    if not isinstance(where, Path):
        make_schema(connection, where.name)
    found = state(connection)
    if found is State.MISSING:
        migrate(connection)
    elif words := refusal(where, found, write=True):
        raise StoreFailed(words)


def make_schema(connection: Connection, name: str) -> None:
    """Make the schema where it is missing; whoever may not make one can be given one."""
    if connection.exec_driver_sql(f"SELECT to_regnamespace('{name}')").scalar() is None:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")


def to_read(where: Address) -> Connection:
    """A connection for reading to a store that is there. Raises `LogUnreadable`."""
    if isinstance(where, Path) and not where.is_file():
        raise LogUnreadable(f"there is no log `{where}`")
    try:
        connection = engine.connect(where, write=False)
        try:
            found = state(connection)
        except BaseException:
            connection.close()
            raise
    except engine.FAULTS as fault:
        raise LogUnreadable(f"the log `{where}` cannot be read: {engine.reason(fault)}") from None
    except LogUnreadable:
        raise
    except StoreFailed as fault:
        raise LogUnreadable(str(fault)) from None
    words = refusal(where, found, write=False)
    if found is State.MISSING and not isinstance(where, Path):
        words = f"there is no log `{where}`"
    if words:
        connection.close()
        raise LogUnreadable(words)
    return connection


def is_there(where: Address) -> bool:
    """Whether there is something at this address. Raises `LogUnreadable` where a server cannot be asked."""
    if isinstance(where, Path):
        return where.exists()
    try:
        with failing(where), engine.connect(where, write=False) as connection:
            return state(connection) is not State.MISSING
    except StoreFailed as fault:
        raise LogUnreadable(str(fault)) from None
