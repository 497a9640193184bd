"""Bringing a store of an earlier version up to date, in one transaction and without touching a record."""

from __future__ import annotations

from pathlib import Path

from adapters.store import engine
from adapters.store.address import Address
from adapters.store.faults import StoreFailed
from adapters.store.migrating import State, migrate, refusal, state
from adapters.store.opening import failing

_HEAD = "SELECT size, root FROM tree ORDER BY size DESC LIMIT 1"


def upgrade(where: Address) -> bool:
    """Bring the store to this program's version: False where it is already. Raises `StoreFailed`; then it is as before.

    The head of the log's tree is the same afterwards, or nothing was changed.
    """
    if isinstance(where, Path) and not where.is_file():
        raise StoreFailed(f"there is no store `{where}`; the first cycle makes it")
    with failing(where), engine.connect(where, write=True) as connection, engine.writing(connection):
        found = state(connection)
        if found is State.MISSING:
            raise StoreFailed(f"there is no store `{where}`; the first cycle makes it")
        if found is not State.OLDER:
            if words := refusal(where, found, write=True):
                raise StoreFailed(words)
            return False
        before = connection.exec_driver_sql(_HEAD).all()
        migrate(connection)
        if connection.exec_driver_sql(_HEAD).all() != before:
            raise StoreFailed(f"the log of `{where}` was not the same after the upgrade, so nothing was changed")
    return True
