"""PostgreSQL: how a desk's schema is reached, and what the server's refusals mean.

Each connection works in its desk's schema alone (`search_path`), commits synchronously whatever the server's default
is, and gives up on a lock, a statement or a silent network after a time: a store that does not answer must become a
refusal, not a desk that hangs. A lost connection is dialled again at its next use.

Left out: pooling (each process has one or two connections), and roles with fewer rights for reading.
"""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from adapters.frame import need
from adapters.store.address import Schema
from adapters.store.faults import StoreFailed

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60
"""How long a statement of a writer may take; readers walk whole logs, and have no bound."""


def engine(where: Schema, *, write: bool, busy_seconds: float) -> Engine:
    """An engine for the schema. Raises `StoreFailed` where the address is none."""
    need("psycopg", "postgresql")
    try:
        url = make_url(where.url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        # What does not parse is quoted in neither's words: it may be a password.
        raise StoreFailed(f"the address of the store `{where}` is not one of a PostgreSQL database") from None
    silence = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
    made = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "warrant", **silence},
    )
    settings = [
        f"search_path = {where.name}",
        "synchronous_commit = on",
        f"lock_timeout = {max(1, round(busy_seconds * 1000))}",
        f"statement_timeout = {STATEMENT_SECONDS * 1000 if write else 0}",
        f"default_transaction_read_only = {'off' if write else 'on'}",
        "client_encoding = 'UTF8'",
    ]

    @event.listens_for(made, "connect")
    def _prepare(connection: object, _: object) -> None:
        connection.execute("; ".join(f"SET {each}" for each in settings))  # type: ignore[attr-defined]

    return made


def reason(fault: DBAPIError) -> str:
    """What went wrong at the server, in words."""
    state = getattr(fault.orig, "sqlstate", None) or ""
    for prefix, words in _REASONS.items():
        if state.startswith(prefix):
            return words
    if fault.connection_invalidated:
        return _LOST
    if not state and isinstance(fault, OperationalError):
        said = str(fault.orig)
        return next((words for part, words in _UNREACHED.items() if part in said), "the server cannot be reached")
    return f"the server refuses it ({f'code {state}' if state else type(fault.orig).__name__})"


_LOST = "the connection to the server was lost"
_REASONS = {
    "53100": "the disk is full",
    "53300": "the server has no connection left",
    "53": "the server is short of resources",
    "55P03": "another process holds it locked",
    "55006": "another process uses it",
    "57014": "the server did not answer in time",
    "57P03": "the server is starting or stopping",
    "57P": _LOST,
    "08": _LOST,
    "25006": "it is read-only",
    "42501": "the permission is missing",
    "42P01": "a table is missing",
    "42": "a table is not what it should be",
    "3F000": "the schema is missing",
    "3D000": "the database does not exist",
    "28": "the server refuses the user or the password",
    "40": "another process wrote at the same time",
    "58": "the disk reports an input/output error",
    "XX00": "the database is damaged",
    "P0001": "what is there must not be changed",
    "23": "what is there already says otherwise",
}
_UNREACHED = {
    "password": "the server refuses the user or the password",
    "does not exist": "the server knows no such database or user",
    "starting up": "the server is starting or stopping",
    "shutting down": "the server is starting or stopping",
    "too many": "the server has no connection left",
    "pg_hba": "the server refuses this user from here",
}
