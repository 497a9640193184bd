"""Verification of a whole log, from the stored bytes up: five verdicts, reported separately.

- *bytes*: every record and everything it names by digest is re-hashed; columns repeated from the bytes equal them;
  the root that was stored for each size is the root over the leaves; the store's triggers are in place.
- *sequence*: no place is missing, the tail is as long as the tree says, and the records tell one possible story
  (`adapters.audit.sequence`).
- *checkpoints*: always *not given*: there are no signed checkpoints yet. A log whose tail was cut together with its
  tree rows can only be told from a shorter log by a checkpoint kept elsewhere.
- *arithmetic*, *replay*: what the caller gives as a `Recheck` is asked about each record.

A damaged file is a finding, never a traceback: values are read without conversion and each row on its own, so that one
that cannot be read does not hide the others. Wall-clock values (`timing`) lie outside the hash and are not covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.engine import Connection, CursorResult

from adapters.audit.envelope import ID, derived_id, references
from adapters.audit.merkle import CompactRange, leaf_hash
from adapters.audit.sequence import SequenceCheck
from adapters.audit.verification import Check, Finding, Verification, collect, finding_of
from adapters.store import engine, opening
from adapters.store.address import Address
from adapters.store.faults import LogUnreadable
from adapters.store.guards import expected, present
from adapters.store.tables import unpack
from knowledge.values import Json, canonical, digest, parse

Recheck = Callable[[Json, Callable[[str], bytes]], list[str]]
"""Asked about every record in order, with a lookup of stored bytes by digest (which raises `KeyError`); answers with
one sentence for each thing that does not hold, as `field: sentence` where a field is concerned."""

KEPT_BLOBS = 8
"""Unpacked values kept for the rechecks, because the same rulebook belongs to thousands of records."""


_FETCHED = 1000
_text: Callable[[str], TextClause] = lru_cache(text)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of `leaf` as it was read: whatever the file holds, of whatever type."""

    seq: int
    record_id: object
    kind: object
    as_of: object
    leaf_hash: object
    content: object


def verify(path: Address, *, arithmetic: Recheck | None = None, replay: Recheck | None = None) -> Verification:
    """Verify the log at `path`. Raises `LogUnreadable` only where there is none, or a server cannot be reached."""
    rechecks = {
        check: asked for check, asked in ((Check.ARITHMETIC, arithmetic), (Check.REPLAY, replay)) if asked is not None
    }
    pass_ = _Pass(rechecks)
    if not isinstance(path, Path):
        with opening.to_read(path) as connection:
            return pass_.within(connection)
    if not path.is_file():
        raise LogUnreadable(f"there is no log `{path}`")
    try:
        connection = engine.connect(path, write=False)
    except engine.FAULTS as fault:
        return pass_.unreadable(engine.reason(fault))
    with connection:
        # Damaged text is read as something printable that equals nothing; the default would stop the reading.
        driver: Any = connection.connection.driver_connection
        driver.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        return pass_.within(connection)


def verify_within(connection: Connection) -> Verification:
    """Verify bytes and sequence of the log that this connection's transaction sees, written or not."""
    return _Pass({}).over(connection)


class _Pass:
    """One walk over the store, collecting findings."""

    def __init__(self, rechecks: dict[Check, Recheck]) -> None:
        self._rechecks = rechecks
        self._findings: list[Finding] = []
        self._sequence = SequenceCheck()
        self._range: CompactRange | None = CompactRange()
        self._diverged = False
        self._next = 0
        self._size = 0
        self._owners: dict[str, tuple[int, str | None]] = {}

    def within(self, connection: Connection) -> Verification:
        """The verification of the store as it is now."""
        try:
            with engine.reading(connection):
                return self.over(connection)
        except engine.FAULTS as fault:
            return self.unreadable(engine.reason(fault))

    def over(self, connection: Connection) -> Verification:
        """The verification of everything in this connection's transaction."""
        self._connection, self._sqlite = connection, connection.dialect.name == "sqlite"
        self._blob = lru_cache(KEPT_BLOBS)(self._read_blob)
        self._check_objects()
        for row in self._rows():
            self._check_place(row.seq)
            self._check_row(row)
        self._check_tail()
        self._check_blobs()
        if self._sqlite:
            self._check_file()
        return self._result()

    def unreadable(self, why: str) -> Verification:
        """The verification of a store that could not be read (on)."""
        for check in self._active:
            self._complain(check, None, None, "file", f"the store cannot be read: {why}")
        self._range = None
        return self._result()

    @property
    def _active(self) -> tuple[Check, ...]:
        return (Check.BYTES, Check.SEQUENCE, *self._rechecks)

    def _result(self) -> Verification:
        root = self._range.root.hex() if self._range is not None else None
        return collect(self._size, root, self._active, self._findings)

    def _complain(self, check: Check, seq: int | None, record_id: str | None, field: str, sentence: str) -> None:
        self._findings.append(Finding(check, seq, record_id, field, sentence))

    def _ask(self, query: str, **values: object) -> CursorResult[*tuple[Any, ...]]:
        return self._connection.execute(_text(query), values)

    def _streamed(self, name: str, query: str) -> Iterator[Row[*tuple[Any, ...]]]:
        """Rows one by one: SQLite reads as it goes, a server is asked for some at a time.

        On a server a fault ends the transaction, unless it is taken back to a point before it.
        """
        if self._sqlite:
            yield from self._ask(query)
            return
        self._ask(f"DECLARE {name} NO SCROLL CURSOR FOR {query}")
        self._ask("SAVEPOINT walk")
        while rows := self._ask(f"FETCH {_FETCHED} FROM {name}").all():
            yield from rows

    @contextmanager
    def _guarded(self, field: str, seq: int | None = None, record_id: str | None = None) -> Iterator[None]:
        """A part of the file that cannot be read is a finding about the bytes; the rest is read all the same."""
        try:
            yield
        except engine.FAULTS as fault:
            self._complain(Check.BYTES, seq, record_id, field, f"cannot be read: {engine.reason(fault)}")
            if not self._sqlite:
                self._ask("ROLLBACK TO SAVEPOINT walk")

    # The file

    def _check_objects(self) -> None:
        known, found = expected(self._connection), present(self._connection)
        for name, text_ in known.items():
            what = "trigger that protects the log" if text_ else "table"
            if name not in found:
                self._complain(Check.BYTES, None, None, name, f"the {what} is missing")
            elif found[name] != text_:
                self._complain(Check.BYTES, None, None, name, f"the {what} was changed")

    def _check_file(self) -> None:
        with self._guarded("file"):
            for (sentence,) in self._ask("PRAGMA integrity_check(10)").all():
                if sentence != "ok":
                    self._complain(Check.BYTES, None, None, "file", f"SQLite finds the file inconsistent: {sentence}")

    def _rows(self) -> Iterator[_Row]:
        """All rows of `leaf`. Where the table itself is broken, what can be reached before the break."""
        try:
            keys = self._streamed("keys", "SELECT seq, record_id, kind, as_of, leaf_hash FROM leaf ORDER BY seq")
            for seq, record_id, kind, as_of, hashed in keys:
                content = None
                with self._guarded("bytes", seq, _named(record_id)):
                    content = self._ask("SELECT bytes FROM leaf WHERE seq = :seq", seq=seq).scalar()
                yield _Row(seq, record_id, kind, as_of, hashed, content)
        except engine.FAULTS as fault:
            for check in self._active:
                sentence = f"the records cannot be read from here on: {engine.reason(fault)}"
                self._complain(check, self._next, None, "leaf", sentence)
            self._range = None

    def _check_place(self, seq: int) -> None:
        self._size += 1
        if seq != self._next:
            if seq > self._next:
                missing = f"#{self._next}" if seq == self._next + 1 else f"#{self._next} to #{seq - 1}"
                self._complain(Check.SEQUENCE, self._next, None, "seq", f"missing from the log: {missing}")
            else:
                self._complain(Check.SEQUENCE, seq, None, "seq", f"stands where #{self._next} is due")
            if self._range is not None:
                self._complain(Check.BYTES, self._next, None, "root", "no root can be recomputed from here on")
            self._range = None
        self._next = max(self._next, seq + 1)

    def _check_tail(self) -> None:
        with self._guarded("tree"):
            rows, last = self._ask("SELECT count(*), coalesce(max(size), 0) FROM tree").one()
            if isinstance(last, int) and last > self._next:
                sentence = f"the tree was written over {last} records: the tail from here on is missing"
                self._complain(Check.SEQUENCE, self._next, None, "seq", sentence)
            if (rows, last) != (self._size, self._size):
                sentence = f"the tree has {rows} roots up to the size {last}, the log {self._size} records"
                self._complain(Check.BYTES, None, None, "tree", sentence)

    # One record

    def _check_row(self, row: _Row) -> None:
        if not isinstance(row.content, bytes):
            name = _named(row.record_id)
            self._unusable(row.seq, name, "the stored bytes are no bytes")
            self._grow(row, name, leaf_hash(b""))
            return
        record, own_id, why = _read(row.content)
        name = own_id or _named(row.record_id)
        self._grow(row, name, leaf_hash(row.content))
        if record is None:
            self._unusable(row.seq, name, why)
            return
        if own_id is None:
            self._complain(
                Check.BYTES, row.seq, name, "bytes", "the content gives the record another id than it carries"
            )
        for field in ("seq", "record_id", "kind", "as_of"):
            if getattr(row, field) != record.get(field) or type(getattr(row, field)) is not type(record.get(field)):
                sentence = f"the column says {getattr(row, field)!r}, the record {record.get(field)!r}"
                self._complain(Check.BYTES, row.seq, name, field, sentence)
        for needed in references(record):
            self._owners.setdefault(needed, (row.seq, name))
        self._findings.extend(self._sequence.feed(row.seq, name, record))
        for check, recheck in self._rechecks.items():
            self._recheck(check, recheck, row.seq, name, record)

    def _unusable(self, seq: int, name: str | None, why: str) -> None:
        """Bytes that are no record leave every other question about the record open."""
        self._complain(Check.BYTES, seq, name, "bytes", why)
        for check in self._active[1:]:
            self._complain(check, seq, name, "bytes", "the record cannot be read")

    def _grow(self, row: _Row, name: str | None, recomputed: bytes) -> None:
        """Compare bytes, leaf hash and root: the two that agree show which of them is damaged."""
        if self._range is None:
            if row.leaf_hash != recomputed:
                self._complain(Check.BYTES, row.seq, name, "bytes", "they do not have the hash stored beside them")
            return
        stored = None
        with self._guarded("root", row.seq, name):
            stored = self._ask("SELECT root FROM tree WHERE size = :size", size=row.seq + 1).scalar()
        grown = self._range.append(recomputed)
        if row.leaf_hash != recomputed:
            other = self._range.append(row.leaf_hash) if isinstance(row.leaf_hash, bytes) else grown
            if grown.root == stored:
                self._complain(Check.BYTES, row.seq, name, "leaf_hash", "it is not the hash of the record's bytes")
            else:
                self._complain(Check.BYTES, row.seq, name, "bytes", "they do not have the hash stored beside them")
            grown = other if other.root == stored else grown
        self._range = grown
        diverged = grown.root != stored
        if diverged and not self._diverged:
            sentence = "the root stored for the tree up to this record is not the root over the records"
            self._complain(Check.BYTES, row.seq, name, "root", sentence)
        self._diverged = diverged

    def _recheck(self, check: Check, recheck: Recheck, seq: int, name: str | None, record: Json) -> None:
        try:
            sentences = recheck(record, self._blob)
        except Exception as fault:  # noqa: BLE001  a record that cannot be re-evaluated is a finding, the next is read
            sentences = [f"the re-evaluation failed: {type(fault).__name__}: {fault}"]
        self._findings.extend(finding_of(check, seq, name, sentence) for sentence in sentences)

    # What records name by digest

    def _check_blobs(self) -> None:
        found: set[str] = set()
        # By the place of the row, not by its name: two rows of one name are both read.
        place, kind = ("rowid", "INTEGER") if self._sqlite else ("ctid", "tid")
        names = f"SELECT CAST({place} AS TEXT), digest FROM blob"  # noqa: S608  ours
        kept_at = f"SELECT packed_hash, packed FROM blob WHERE {place} = CAST(:row AS {kind})"  # noqa: S608  ours
        with self._guarded("blob"):
            for row, name in self._streamed("names", names):
                seq, owner = self._owners.get(name, (None, None))
                with self._guarded(str(name), seq, owner):
                    kept = self._ask(kept_at, row=row).first()
                    fault = _blob_fault(name, *kept) if kept else "its row cannot be found"
                    if fault:
                        self._complain(Check.BYTES, seq, owner, str(name), fault)
                found.add(name)
        for name, (seq, owner) in self._owners.items():
            if name not in found:
                self._complain(Check.BYTES, seq, owner, name, "the record names it, but nothing is stored under it")

    def _read_blob(self, name: str) -> bytes:
        packed = self._ask("SELECT packed FROM blob WHERE digest = :name", name=name).scalar()
        content = unpack(packed)
        if content is None or digest(content) != name:
            raise KeyError(name)
        return content


def _read(content: bytes) -> tuple[dict[str, Json] | None, str | None, str]:
    """The record in these bytes, its id if its content gives it the one it carries, and why they are no record."""
    try:
        record = parse(content)
        if not isinstance(record, dict):
            return None, None, "they are no JSON object"
        if canonical(record) != content:
            return None, None, "they are not in canonical form"
        own_id = derived_id(record)
    except (ValueError, RecursionError) as fault:
        return None, None, f"they are no record in canonical JSON: {fault}"
    return record, own_id if own_id == record.get("record_id") else None, ""


def _named(record_id: object) -> str | None:
    return record_id if isinstance(record_id, str) and ID.fullmatch(record_id) else None


def _blob_fault(name: object, packed_hash: object, packed: object) -> str:
    """Why this row of `blob` does not hold; empty if it does."""
    content = unpack(packed)
    if content is None or not isinstance(packed, bytes):
        return "what is stored cannot be unpacked"
    if digest(content) != name:
        return "what is stored has another digest"
    if sha256(packed).digest() != packed_hash:
        return "the packed bytes do not have the hash stored beside them"
    try:
        return "" if canonical(parse(content)) == content else "what is stored is not in canonical form"
    except (ValueError, RecursionError) as fault:
        return f"what is stored is not canonical JSON: {fault}"
