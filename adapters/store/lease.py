"""The lease of a desk: at most one process runs its cycles.

One row says who runs the desk and until when. Every step reads and writes it in one transaction under the store's write
lock, so that of two processes that take it at once one gets it. Instants are arguments: there is no clock here.

A lease does not stop a process that has lost it and does not know: the log does, which refuses a record that does not
come right after those the writer knows (`AuditLog.append_many`, `after`).

Left out: judging whether a holder is dead. The caller compares `host`, `boot_id`, `pid` and `pid_started` with what the
machine says and names the lease it found abandoned as `over`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from adapters.store.engine import writing
from adapters.store.faults import StoreFailed
from adapters.store.instants import read, written
from adapters.store.tables import LEASE


class LeaseLost(StoreFailed):
    """The lease is held by another, or by nobody any more. One sentence."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who runs the desk: a name of the process, where it runs, and its times, with time zone.

    `pid_started` and `boot_id` tell a process from a later one with the same number: text, as the machine gives them.
    """

    holder: str
    host: str
    pid: int
    pid_started: str
    boot_id: str
    taken_at: datetime
    renewed_at: datetime
    expires_at: datetime

    def same_as(self, other: Lease | None) -> bool:
        """Whether both are the same taking of the lease, however often renewed."""
        return other is not None and _taking(self) == _taking(other)


def current(connection: Connection) -> Lease | None:
    """The lease as it stands, expired or not; None where nobody has it. Raises `StoreFailed` where it is none."""
    row = connection.execute(select(LEASE)).mappings().first()
    if row is None:
        return None
    try:
        times = {name: read(row[name]) for name in ("taken_at", "renewed_at", "expires_at")}
    except ValueError:
        words = "the lease in the store has a time that is none, so nobody can say who runs the desk"
        raise StoreFailed(f"{words}; when no process does, delete the row of the table `lease`") from None
    return Lease(row["holder"], row["host"], row["pid"], row["pid_started"], row["boot_id"], **times)


def take(connection: Connection, wanted: Lease, *, over: Lease | None = None) -> Lease:
    """Take the lease if it is free, and return the one in force then: `wanted`, or that of the other holder.

    Free is: held by nobody, expired at `wanted.taken_at`, or still the very one the caller found abandoned (`over`,
    unrenewed since).
    """
    with writing(connection):
        found = current(connection)
        if found is not None and found.expires_at > wanted.taken_at and found != over:
            return found
        _write(connection, wanted)
        return wanted


def renew(connection: Connection, lease: Lease, renewed_at: datetime, expires_at: datetime) -> Lease:
    """Renew a lease that nobody else has taken since, expired or not. Raises `LeaseLost`."""
    renewed = replace(lease, renewed_at=renewed_at, expires_at=expires_at)
    with writing(connection):
        _expect(connection, lease)
        _write(connection, renewed)
    return renewed


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease back. Raises `LeaseLost` where it was not ours any more; then the other's stays."""
    with writing(connection):
        _expect(connection, lease)
        connection.execute(delete(LEASE))


def _expect(connection: Connection, lease: Lease) -> None:
    found = current(connection)
    if not lease.same_as(found):
        now = f"`{found.holder}` holds it since {written(found.taken_at)}" if found else "nobody holds it"
        raise LeaseLost(f"the lease of `{lease.holder}` is lost: {now}; end this process, another one runs the desk")


def _write(connection: Connection, lease: Lease) -> None:
    times = {name: written(getattr(lease, name)) for name in ("taken_at", "renewed_at", "expires_at")}
    who = {name: getattr(lease, name) for name in ("holder", "host", "pid", "pid_started", "boot_id")}
    connection.execute(delete(LEASE))
    connection.execute(insert(LEASE), {"one": 1, **who, **times})


def _taking(lease: Lease) -> tuple[object, ...]:
    return lease.holder, lease.host, lease.pid, lease.pid_started, lease.boot_id, lease.taken_at
