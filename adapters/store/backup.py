"""Backup of a store into one file, and its restoration.

Rules:
- a backup is a SQLite store, whatever the desk keeps its records in: `warrant audit verify` reads it, and it can be
  restored into either;
- it is one state of the store, taken while the desk runs, and holds the log, what records name, and the letter box of
  requests; not the lease, which is about a process, and not the desk's files or its trained models, which are files
  and are copied as such (the log holds the text of every rulebook and of all limits by digest);
- it is verified after it was written, from its own bytes; size and root are those of the source; only then does it get
  its name, and it never takes one that is in use;
- a restoration verifies the backup first, writes where nothing is, verifies what it wrote before it counts, and
  answers an open request to resume: what was asked before the loss is asked again.

A restored store may be older than the one that was lost. It goes on from there like any other; that it lost its tail is
visible only to whoever noted a later size and root elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.engine import Connection

from adapters.store import engine, opening
from adapters.store.address import Address
from adapters.store.copying import copy
from adapters.store.faults import StoreFailed
from adapters.store.instants import written
from adapters.store.migrating import State, migrate, state
from adapters.store.tables import REQUEST
from adapters.verifying.verification import Verification
from adapters.verifying.verify import verify, verify_within

NO_RESUMING = "the store was restored from a backup, and what was asked before is asked again"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: the log's size and root (hexadecimal)."""

    where: Address
    size: int
    root: str


def back_up(store: Address, file: Path) -> Copied:
    """Write a backup of `store` to the new `file`. Raises `StoreFailed`; then there is no file of that name."""
    if file.exists():
        raise StoreFailed(f"`{file}` is there already, and a backup overwrites nothing; name another file")
    with _sound(store, file) as source, engine.reading(source):
        # As it is in this transaction, which is the state that is copied.
        found = verify_within(source)
        _require(store, found)
        return _into_file(source, file, found)


def restore(file: Path, into: Address, now: datetime) -> Copied:
    """Make the store `into`, where nothing may be, from the backup `file`. Raises `StoreFailed`; then nothing is there.

    `now` is the instant at which an open request to resume is answered.
    """
    found = verify(file)
    _require(file, found)
    if opening.is_there(into):
        raise StoreFailed(f"there is a store at `{into}` already, and a restoration overwrites nothing; move it away")
    with _sound(file, into) as source, engine.reading(source):
        if isinstance(into, Path):
            into.parent.mkdir(parents=True, exist_ok=True)
            return _into_file(source, into, found, now)
        with closing(engine.connect(into, write=True)) as target, engine.writing(target):
            opening.make_schema(target, into.name)
            if state(target) is not State.MISSING:
                raise StoreFailed(f"there is a store at `{into}` already; nothing was changed")
            _fill(source, target, now)
            _same(into, verify_within(target), found)
    return Copied(into, found.size, str(found.root))


@contextmanager
def _sound(source: Address, target: Address) -> Iterator[Connection]:
    """The source, opened for reading; whatever goes wrong on the way to the target is a `StoreFailed`."""
    with opening.failing(target), closing(opening.to_read(source)) as connection:
        yield connection


def _require(where: Address, found: Verification) -> None:
    if not found.holds or found.root is None:
        raise StoreFailed(
            f"`{where}` does not verify, so nothing is copied: {found.first}; see all with `warrant audit verify`"
        )


def _into_file(source: Connection, file: Path, found: Verification, now: datetime | None = None) -> Copied:
    """A whole store in a file of its own, beside; verified from there; then it gets its name."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with engine.connect(beside, write=True) as target:
            with engine.writing(target):
                _fill(source, target, now)
            # One file, with nothing left in a journal beside it.
            target.exec_driver_sql("PRAGMA journal_mode=DELETE")
        _same(file, verify(beside), found)
        try:
            opening.put(beside, file)
        except FileExistsError:
            raise StoreFailed(f"`{file}` is there already; nothing was overwritten") from None
    finally:
        for left in file.parent.glob(f"{beside.name}*"):
            left.unlink()
    return Copied(file, found.size, str(found.root))


def _fill(source: Connection, target: Connection, now: datetime | None) -> None:
    """Tables and rows, inside both sides' transactions."""
    migrate(target)
    copy(source, target)
    if now is not None:
        answered = {"answered_at": written(now), "answer": NO_RESUMING}
        open_ = (REQUEST.c.what == "resume") & REQUEST.c.answered_at.is_(None)
        target.execute(update(REQUEST).where(open_).values(answered))


def _same(where: Address, copied: Verification, wanted: Verification) -> None:
    if not copied.holds or (copied.size, copied.root) != (wanted.size, wanted.root):
        raise StoreFailed(f"what was written for `{where}` is not what was read ({copied.first or 'another root'})")
