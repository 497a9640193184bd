"""A connection to the desk's own tables, which are made where they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Connection

from adapters.audit import store
from adapters.store.faults import StoreFailed
from adapters.store.tables import DESK


@contextmanager
def opened(where: Path, *, busy_seconds: float = store.BUSY_SECONDS) -> Iterator[Connection]:
    """A connection to the desk's tables in the store `where`. Raises `StoreFailed`, in the body too."""
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        connection = store.connect(where, write=True, busy_seconds=busy_seconds)
        try:
            with store.transaction(connection):
                DESK.create_all(connection, checkfirst=True)
            yield connection
        finally:
            connection.close()
    except store.FAULTS as fault:
        raise StoreFailed(f"the store `{where}` cannot be used: {store.reason(fault)}") from None
    except OSError as fault:
        raise StoreFailed(f"the store `{where}` cannot be used: {(fault.strerror or str(fault)).lower()}") from None
