"""The version of a store's tables: made from nothing, recognised, brought up to date, refused.

Rules:
- a store is made by migrating from nothing, in the transaction of whoever opens it for writing;
- one of the first release has the log's tables and no version written down: it is taken for what it is;
- an older store is read as it is, and written only after `warrant store upgrade`: nobody's store changes unasked;
- a store newer than this program is refused: what its tables mean is not known here;
- a migration touches no record, and `upgrade` compares the log's size and root before and after.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from adapters.store.address import Address
from adapters.store.tables import LOG

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

KNOWN = ("0001", "0002", "0003", "0004", "0005")
"""The versions, oldest first: that of the first release, and last the one that this program writes."""
FIRST, HEAD = KNOWN[0], KNOWN[-1]
_MIGRATIONS = Path(__file__).parent / "migrations"
CHECKPOINTS_SINCE = "0003"
"""The first version that keeps checkpoints."""
SEGMENTS_SINCE = "0005"
"""The first version that keeps sealed segments."""
_VERSION_TABLE = "alembic_version"


class State(StrEnum):
    """How a store stands to this program."""

    MISSING = "missing"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


def version(connection: Connection) -> str | None:
    """The version of the store's tables; None where it has none. Any table of the log counts: a part is damage."""
    tables = _tables(connection)
    if _VERSION_TABLE in tables:
        found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION_TABLE}").scalars().all()  # noqa: S608  a constant
        return ", ".join(map(str, found)) or None
    return FIRST if tables & {table.name for table in LOG} else None


def state(connection: Connection) -> State:
    """How the store stands to this program."""
    found = version(connection)
    if found is None:
        return State.MISSING
    if found == HEAD:
        return State.CURRENT
    return State.OLDER if found in KNOWN else State.NEWER


def keeps_checkpoints(connection: Connection) -> bool:
    """Whether the store is of a version that has a table of checkpoints; one that should and has none is damaged."""
    return _since(connection, CHECKPOINTS_SINCE)


def keeps_segments(connection: Connection) -> bool:
    """Whether the store is of a version that has sealed segments."""
    return _since(connection, SEGMENTS_SINCE)


def _since(connection: Connection, first: str) -> bool:
    found = version(connection)
    return found is not None and (found not in KNOWN or found >= first)


def refusal(where: Address, found: State, *, write: bool) -> str:
    """Why a store in this state cannot be used, as one sentence; empty where it can."""
    if found is State.NEWER:
        return f"the store `{where}` was made by a newer version of this program; update the program"
    if found is State.OLDER and write:
        words = "is as an earlier version of this program left it; keep a copy (`warrant store backup`), then run"
        return f"the store `{where}` {words} `warrant store upgrade`"
    return ""


def migrate(connection: Connection, target: str = HEAD) -> None:
    """Bring the tables to the version `target`, inside the caller's transaction."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    found, known = version(connection), script()
    with EnvironmentContext(Config(), known) as environment:
        environment.configure(
            connection=connection,
            transactional_ddl=False,
            version_table=_VERSION_TABLE,
            fn=lambda at, _: known._upgrade_revs(target, at),
        )
        if found == FIRST and _VERSION_TABLE not in _tables(connection):
            environment.get_context().stamp(known, FIRST)
        environment.run_migrations()


@cache
def script() -> ScriptDirectory:
    """The migrations that come with the program."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _tables(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return set(map(str, connection.exec_driver_sql(query).scalars()))
