"""The desk's own tables, which change: who runs it, and what people ask of it.

They lie beside the log and are never part of its tree: a row here is no evidence of anything. What was done about it is
a record of the log.

- `lease`: at most one row, the process that runs the desk (`adapters.store.lease`).
- `request`: what a person asks of the running desk, and its one answer (`adapters.store.requests`).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, Text

DESK = MetaData()
LEASE = Table(
    "lease",
    DESK,
    Column("only", Integer, CheckConstraint("only = 1", name="lease_is_one"), primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_started", Text, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("taken_at", Text, nullable=False),
    Column("renewed_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    sqlite_strict=True,
)
REQUEST = Table(
    "request",
    DESK,
    Column("id", Integer, primary_key=True),
    Column("asked_at", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("answered_at", Text),
    Column("answer", Text),
    CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="request_answered_whole"),
    sqlite_strict=True,
)
