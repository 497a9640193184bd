"""Verification of a whole log, from the stored bytes up: five verdicts, reported separately.

- *bytes*: every record and everything it names by digest is re-hashed; columns repeated from the bytes equal them;
  the root that was stored for each size is the root over the leaves; the store's triggers are in place.
- *sequence*: no place is missing, the tail is as long as the tree says, and the records tell one possible story
  (`adapters.verifying.sequence`).
- *checkpoints*: the log goes on from every signed head that was kept elsewhere or lies in the store
  (`adapters.verifying.heads`). A log whose tail was cut together with its tree rows and its checkpoints can only be
  told from a shorter log by one kept elsewhere.
- *arithmetic*, *replay*: what the caller gives as a `Recheck` is asked about each record.

A damaged file is a finding, never a traceback: values are read without conversion and each row on its own
(`adapters.verifying.raw`), so that one that cannot be read does not hide the others. Wall-clock values (`timing`) lie
outside the hash and are not covered, nor are the roots of subtrees, which prove nothing by themselves. Bytes that lie
in a sealed segment are read from there; of those that went by retention the hash counts, and it is said
(`adapters.sealing.sealed`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from adapters.audit.envelope import id_in, references
from adapters.audit.merkle import CompactRange, leaf_hash
from adapters.sealing.sealed import SealedCheck
from adapters.signing.note import VerifierKey
from adapters.store import engine, opening
from adapters.store.address import Address
from adapters.store.faults import LogUnreadable
from adapters.store.guards import expected, present
from adapters.store.moving import moved_to
from adapters.store.packing import NotUnpacked, unpacked
from adapters.verifying.heads import Given, HeadsCheck
from adapters.verifying.named_values import check_named_values
from adapters.verifying.raw import RawLeaf, RawStore, blob_of
from adapters.verifying.sequence import SequenceCheck
from adapters.verifying.verification import Check, Finding, Verification, collect, finding_of
from knowledge.values import Json, parse, parse_canonical

__all__ = ["Given", "Recheck", "verify", "verify_within"]

Recheck = Callable[[Json, Callable[[str], bytes]], list[str]]
"""Asked about every record in order, with a lookup of stored bytes by digest (which raises `KeyError`); answers with
one sentence for each thing that does not hold, as `field: sentence` where a field is concerned."""

KEPT_BLOBS = 8
"""Unpacked values kept for the rechecks, because the same rulebook belongs to thousands of records."""


def verify(
    path: Address,
    *,
    arithmetic: Recheck | None = None,
    replay: Recheck | None = None,
    against: Sequence[Given] = (),
    keys: Sequence[VerifierKey] = (),
) -> Verification:
    """Verify the log at `path`. Raises `LogUnreadable` only where there is none, or a server cannot be reached.

    `against` are checkpoints that were kept elsewhere, `keys` those that whoever asks trusts to have signed them.
    """
    rechecks = {
        check: asked for check, asked in ((Check.ARITHMETIC, arithmetic), (Check.REPLAY, replay)) if asked is not None
    }
    pass_ = _Pass(rechecks, HeadsCheck(against, keys))
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
    """Verify bytes, sequence and kept checkpoints of what this connection's transaction sees, written or not."""
    return _Pass({}, HeadsCheck()).over(connection)


class _Pass:
    """One walk over the store, collecting findings."""

    def __init__(self, rechecks: dict[Check, Recheck], heads: HeadsCheck) -> None:
        self._rechecks = rechecks
        self._heads = heads
        self._findings: list[Finding] = []
        self._sequence = SequenceCheck(self._value)
        self._range: CompactRange | None = CompactRange()
        self._diverged = False
        self._next = 0
        self._size = 0
        self._owners: dict[str, tuple[int, str | None]] = {}
        self._notes: list[str] = []

    def within(self, connection: Connection) -> Verification:
        """The verification of the store as it is now."""
        try:
            with engine.reading(connection):
                return self.over(connection)
        except engine.FAULTS as fault:
            return self.unreadable(engine.reason(fault))

    def over(self, connection: Connection) -> Verification:
        """The verification of everything in this connection's transaction."""
        self._raw = RawStore(connection, self._findings.append)
        self._sealed = SealedCheck(self._raw, self._findings.append)
        self._blob = lru_cache(KEPT_BLOBS)(self._value)
        self._check_objects(connection)
        self._heads.read(self._raw)
        self._walk()
        self._check_tail()
        self._findings.extend(check_named_values(self._raw, self._owners, self._sealed))
        self._findings.extend(self._sealed.findings())
        self._notes = self._sealed.notes
        if self._raw.sqlite:
            self._check_file()
        self._findings.extend(self._heads.findings(self._next))
        return self._result()

    def unreadable(self, why: str) -> Verification:
        """The verification of a store that could not be read (on)."""
        for check in self._active:
            self._complain(check, None, None, "file", f"the store cannot be read: {why}")
        self._range = None
        return self._result()

    @property
    def _active(self) -> tuple[Check, ...]:
        heads = (Check.CHECKPOINTS,) if self._heads.given else ()
        return (Check.BYTES, Check.SEQUENCE, *heads, *self._rechecks)

    def _result(self) -> Verification:
        root = self._range.root.hex() if self._range is not None else None
        return collect(self._size, root, self._active, self._findings, (*self._heads.notes(), *self._notes))

    def _complain(self, check: Check, seq: int | None, record_id: str | None, field: str, sentence: str) -> None:
        self._findings.append(Finding(check, seq, record_id, field, sentence))

    # The file

    def _check_objects(self, connection: Connection) -> None:
        known, found = expected(connection), present(connection)
        for name, text_ in known.items():
            what = "trigger that protects the log" if text_ else "table"
            if name not in found:
                self._complain(Check.BYTES, None, None, name, f"the {what} is missing")
            elif found[name] != text_:
                self._complain(Check.BYTES, None, None, name, f"the {what} was changed")

    def _check_file(self) -> None:
        with self._raw.guarded("file"):
            for (sentence,) in self._raw.ask("PRAGMA integrity_check(10)").all():
                if sentence != "ok":
                    self._complain(Check.BYTES, None, None, "file", f"SQLite finds the file inconsistent: {sentence}")

    def _walk(self) -> None:
        """Every record. Where the table itself is broken, what can be reached before the break."""
        try:
            for row in self._raw.leaves():
                self._check_place(row.seq)
                record = self._check_row(row)
                self._heads.walked(record, self._range, row.seq + 1)
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
        with self._raw.guarded("tree"):
            rows, last = self._raw.ask("SELECT count(*), coalesce(max(size), 0) FROM tree").one()
            if isinstance(last, int) and last > self._next:
                sentence = f"the tree was written over {last} records: the tail from here on is missing"
                self._complain(Check.SEQUENCE, self._next, None, "seq", sentence)
            if (rows, last) != (self._size, self._size):
                sentence = f"the tree has {rows} roots up to the size {last}, the log {self._size} records"
                self._complain(Check.BYTES, None, None, "tree", sentence)

    # One record

    def _check_row(self, row: RawLeaf) -> Json | None:
        """The record of this row, where it is one in the shape of its kind."""
        if (number := moved_to(row.content)) is not None:
            held = self._sealed.leaf(number, row.seq)
            if isinstance(held, dict):
                self._check_remains(row, held)
                return None
            row = replace(row, content=held)
        why = "the stored bytes are no bytes"
        if number is None and isinstance(row.content, bytes):
            try:
                row = replace(row, content=unpacked(row.content))
            except NotUnpacked as fault:
                row, why = replace(row, content=None), str(fault)
        if not isinstance(row.content, bytes):
            self._unusable(row.seq, row.name, why)
            self._grow(row, row.name, leaf_hash(b""))
            return None
        record, own_id, why = _read(row.content)
        name = own_id or row.name
        self._grow(row, name, leaf_hash(row.content))
        if record is None:
            self._unusable(row.seq, name, why)
            return None
        if own_id is None:
            self._complain(
                Check.BYTES, row.seq, name, "bytes", "the content gives the record another id than it carries"
            )
        self._check_columns(row, name, record)
        for needed in references(record):
            self._owners.setdefault(needed, (row.seq, name))
        told = len(self._findings)
        self._findings.extend(self._sequence.feed(row.seq, name, record))
        sound = len(self._findings) == told
        if sound:
            self._findings.extend(self._sealed.feed(row.seq, name, record))
        for check, recheck in self._rechecks.items():
            self._recheck(check, recheck, row.seq, name, record)
        return record if sound else None

    def _check_columns(self, row: RawLeaf, name: str | None, record: Json) -> None:
        for field in ("seq", "record_id", "kind", "as_of"):
            if getattr(row, field) != record.get(field) or type(getattr(row, field)) is not type(record.get(field)):
                sentence = f"the column says {getattr(row, field)!r}, the record {record.get(field)!r}"
                self._complain(Check.BYTES, row.seq, name, field, sentence)

    def _check_remains(self, row: RawLeaf, left: Json) -> None:
        """What is left of a record that went: the hash counts for the tree, its orders for the sequence."""
        self._grow(row, row.name, row.leaf_hash if isinstance(row.leaf_hash, bytes) else leaf_hash(b""))
        self._check_columns(row, row.name, left)
        self._findings.extend(self._sequence.feed(row.seq, row.name, left))

    def _value(self, name: str) -> bytes:
        """The bytes that have this digest, wherever they lie. Raises `KeyError`."""
        packed = self._raw.packed(name)
        number = moved_to(packed)
        return blob_of(packed, name) if number is None else self._sealed.value(number, name)

    def _unusable(self, seq: int, name: str | None, why: str) -> None:
        """Bytes that are no record leave every other question about the record open."""
        self._complain(Check.BYTES, seq, name, "bytes", why)
        for check in self._active[1:]:
            self._complain(check, seq, name, "bytes", "the record cannot be read")

    def _grow(self, row: RawLeaf, name: str | None, recomputed: bytes) -> None:
        """Compare bytes, leaf hash and root: the two that agree show which of them is damaged."""
        if self._range is None:
            if row.leaf_hash != recomputed:
                self._complain(Check.BYTES, row.seq, name, "bytes", "they do not have the hash stored beside them")
            return
        stored = None
        with self._raw.guarded("root", row.seq, name):
            stored = self._raw.root(row.seq + 1)
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


def _read(content: bytes) -> tuple[dict[str, Json] | None, str | None, str]:
    """The record in these bytes, its id if its content gives it the one it carries, and why they are no record."""
    try:
        try:
            record = parse_canonical(content)
        except ValueError:
            record = parse(content)
            if isinstance(record, dict):
                return None, None, "they are not in canonical form"
        if not isinstance(record, dict):
            return None, None, "they are no JSON object"
        own_id = id_in(content, record)
    except (ValueError, RecursionError) as fault:
        return None, None, f"they are no record in canonical JSON: {fault}"
    return record, own_id if own_id == record.get("record_id") else None, ""
