"""The audit log: append a record and get a receipt.

An append writes leaf, blobs, root and timings in one synchronous transaction and returns a `Receipt`. The log adds
`format`, `kind`, `seq`, `blobs` and `record_id` to the record; the caller gives `as_of`, `recorded_at`, `desk`, `mode`
and the rest.

Opening checks the tree head, and the root of every checkpoint in the store, against the leaves' hashes, and each append
that the head is still the known one or grew from it. Where the log cannot be written or does not verify there is one
exception, `LogUnwritable`: the caller sends nothing.

Left out: re-hashing the records' bytes and looking at signatures (`adapters.verifying.verify` does both).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.engine import Connection

from adapters.audit.envelope import FORMAT, Envelope, inlined, instant, references, seal
from adapters.audit.kinds import Kind
from adapters.audit.merkle import CompactRange, leaf_hash
from adapters.audit.reader import LogReader, Receipt, verify_receipt
from adapters.signing import kept
from adapters.signing.checkpoint import SignedCheckpoint
from adapters.signing.note import Signer
from adapters.signing.stored_tree import keep_subtrees
from adapters.store import engine, opening
from adapters.store.address import Address
from adapters.store.faults import LogUnreadable, LogUnwritable, StoreFailed
from adapters.store.guards import expected, present
from adapters.store.moving import MARKED, moved_to
from adapters.store.packing import packed
from adapters.store.tables import BLOB, LEAF, SEGMENT, SUBTREE_LEAVES, TIMING, TREE, pack
from knowledge.values import Json, canonical, digest, parse

__all__ = [
    "AuditLog",
    "Entry",
    "LogReader",
    "LogUnreadable",
    "LogUnwritable",
    "Receipt",
    "verify_receipt",
]

NOTHING: Mapping[str, Any] = MappingProxyType({})
OWN = ("format", "kind", "seq", "blobs", "record_id")
"""Fields that the log itself writes."""

_AGAIN_SECONDS = 0.1
"""Between two tries to reach a server that was lost in the middle of a commit."""

_ADD_LEAF, _ADD_TREE, _ADD_BLOB, _ADD_TIMING = insert(LEAF), insert(TREE), insert(BLOB), insert(TIMING)
_HAS_BLOB = select(func.substr(BLOB.c.packed, 1, MARKED)).where(BLOB.c.digest == bindparam("digest"))
_GONE = select(SEGMENT.c.gone).where(SEGMENT.c.number == bindparam("number"))
_AGAIN = update(BLOB).where(BLOB.c.digest == bindparam("name"))
# Plain text: what a damaged file gives back goes through no conversion before it is checked.
_HEAD = "SELECT size, root FROM tree ORDER BY size DESC LIMIT 1"
_LEAVES_FROM = text("SELECT seq, leaf_hash FROM leaf WHERE seq >= :seq ORDER BY seq")
_ROOT_OF = text("SELECT root FROM tree WHERE size = :size")
_LAST_AS_OF = "SELECT as_of FROM leaf ORDER BY seq DESC LIMIT 1"


Also = Callable[[Connection, tuple[Receipt, ...]], None]
"""What belongs to an append and is no record: given the transaction and the receipts of its records."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to append, with what it names by digest and what its stages took (nanoseconds, outside the hash)."""

    kind: Kind | str
    record: Mapping[str, Json]
    blobs: Mapping[str, bytes] = field(default_factory=lambda: NOTHING)
    timings: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    parts: Mapping[str, bytes] = field(default_factory=lambda: NOTHING)
    """The canonical bytes of values of the record that were read from them: they become bytes of the leaf."""


class AuditLog(LogReader):
    """A log opened for appending. Threads may share it; processes may each have one."""

    def __init__(self, path: Address, connection: Connection, clock: Callable[[], datetime]) -> None:
        super().__init__(path, connection)
        self._clock = clock
        self._file = _file(path)
        self._range = CompactRange()
        self._last_as_of: datetime | None = None
        self._asked: CompactRange | None = None
        """The tree as it is if an append was committed whose answer was lost for good."""
        self._lock = threading.Lock()
        self._unmoved = 0
        """Bytes of records, before packing, since the store was last tidied up."""
        self._subtrees_due = 0
        """Records from which on another root of a subtree is to be kept."""
        self._prepared: dict[str, tuple[bytes, _Row]] = {}
        """What `prepare` was given by name, with its row."""
        self._stored: set[str] = set()
        """Names of blobs that committed records of ours have named: they are there, and nothing is ever taken out."""

    @classmethod
    def open(
        cls,
        path: Address,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        busy_seconds: float = engine.BUSY_SECONDS,
    ) -> AuditLog:
        """Open the log, made if there is none, and check its head against its leaves. Raises `LogUnwritable`.

        What is made is a SQLite file, or a schema in a database that is there.

        `clock` gives the wall-clock instant that is kept beside each leaf, outside its hash.
        """
        with _writing(path):
            opening.make(path)
            log = cls(path, engine.connect(path, write=True, busy_seconds=busy_seconds), clock)
            try:
                with engine.writing(log._connection):
                    log._check()
            except BaseException:
                log.close()
                raise
            return log

    def prepare(self, blobs: Mapping[str, bytes]) -> None:
        """Check and pack what the next record will name, while there is time. Raises `ValueError` as an append does."""
        self._prepared = {name: (content, _blob_row(name, content)) for name, content in blobs.items()}

    def append(
        self,
        kind: Kind | str,
        record: Mapping[str, Json],
        blobs: Mapping[str, bytes] = NOTHING,
        timings: Mapping[str, int] = NOTHING,
        *,
        parts: Mapping[str, bytes] = NOTHING,
        after: int | None = None,
    ) -> Receipt:
        """Append one record. `after` and what it raises as in `append_many`."""
        return self.append_many([Entry(kind, record, blobs, timings, parts)], after=after)[0]

    def append_many(
        self, entries: Sequence[Entry], *, after: int | None = None, also: Also | None = None
    ) -> tuple[Receipt, ...]:
        """Append records in one transaction: all or none. Each receipt is against the root just after its record.

        `also` is done in the same transaction, behind the records: what raises there undoes them. `after` is the number
        of records the caller knows: what it writes follows from them, and from no others.
        Raises `LogUnwritable` where the log has more or fewer than that, the store refuses, the log does not verify or
        time would go backwards; `ValueError` or `TypeError` where a record is not one (and then nothing was written).
        """
        with self._lock, _writing(self.path):
            self._check_file()
            try:
                with engine.writing(self._connection):
                    head, last = self._catch_up()
                    self._answer(head)
                    if after is not None and head.size != after:
                        raise LogUnwritable(
                            f"the log `{self.path}` holds {head.size} records where {after} were known: another process"
                            " runs this desk; end one of the two"
                        )
                    receipts, rows = [], _Rows()
                    for entry in entries:
                        receipt, head, last = self._take(entry, head, last, rows)
                        receipts.append(receipt)
                    for statement, made in ((_ADD_LEAF, rows.leaf), (_ADD_TREE, rows.tree), (_ADD_TIMING, rows.timing)):
                        if made:
                            self._connection.execute(statement, made)
                    if also is not None:
                        also(self._connection, tuple(receipts))
            except engine.Unconfirmed:
                self._asked = head
                self._read_back(head)
            self._range, self._last_as_of, self._asked = head, last, None
            self._prepared = {}
            self._stored = {name for entry in entries for name in entry.blobs}
            self._unmoved += sum(len(receipt.leaf) for receipt in receipts)
        return tuple(receipts)

    def checkpoint(self, signer: Signer) -> SignedCheckpoint:
        """Sign the head as it is and keep it in the store; the newest one, where nothing was added since.

        No head is signed that does not go on from the newest one. Raises `LogUnwritable`.
        """
        with self._lock, _writing(self.path):
            self._check_file()
            with engine.writing(self._connection):
                head, last = self._catch_up()
                self._answer(head)
                before = kept.newest(self._connection)
                if before and before.signed.size and self._root_of(before.signed.size) != before.signed.root:
                    raise self._broken(f"its checkpoint {before.number} has another root")
                found = kept.add(self._connection, head.size, head.root, signer)
            self._range, self._last_as_of = head, last
        return found

    def rest(self) -> None:
        """Do what a commit would have to do now and then, while nobody waits for one. Raises `LogUnwritable`."""
        with self._lock, _writing(self.path):
            if self._unmoved >= engine.WORTH_MOVING:
                from adapters.search.index import keep_up

                keep_up(self, self._connection)
                engine.rest(self._connection)
                self._unmoved = 0
            if self._range.size >= self._subtrees_due:
                self._keep_subtrees()

    def _keep_subtrees(self) -> None:
        try:
            with engine.writing(self._connection):
                there = keep_subtrees(self._connection, self._range.size)
        except IndexError as why:
            raise self._broken(str(why)) from None
        self._subtrees_due = (there + 1) * SUBTREE_LEAVES

    def _read_back(self, written: CompactRange) -> None:
        """Find out whether a commit whose answer was lost did happen. Raises `LogUnwritable` where it did not.

        Under the write lock: a server that is still busy with the lost transaction holds it until it is through.
        """
        until = monotonic() + engine.BUSY_SECONDS
        while True:
            try:
                with engine.writing(self._connection):
                    found = self._root_of(written.size)
                break
            except (*engine.FAULTS, engine.Unconfirmed):
                if monotonic() > until:
                    raise LogUnwritable(
                        f"the connection to the log `{self.path}` was lost while it wrote, and whether the record is"
                        " there is not known; the next start reads it back"
                    ) from None
                sleep(_AGAIN_SECONDS)
        self._asked = None
        if found != written.root:
            raise LogUnwritable(f"the log `{self.path}` cannot be written: the connection to the server was lost")

    def _answer(self, head: CompactRange) -> None:
        """The records of an append that was given up as unknown may be there: who wrote them does not know it."""
        asked = self._asked
        if asked is not None and self._root_of(asked.size) == asked.root:
            raise LogUnwritable(
                f"the log `{self.path}` holds the record after all that was not known to be written; start again"
            )
        self._asked = None

    def _root_of(self, size: int) -> bytes | None:
        found = self._connection.execute(_ROOT_OF, {"size": size}).scalar()
        return bytes(found) if isinstance(found, bytes) else None

    def _check_file(self) -> None:
        """SQLite goes on writing to a file that was moved away or replaced, where nobody would find the record."""
        if _file(self.path) != self._file:
            raise LogUnwritable(
                f"the log `{self.path}` was moved away or replaced while it was open; nothing is written"
            )

    def _take(
        self, entry: Entry, head: CompactRange, last: datetime | None, rows: _Rows
    ) -> tuple[Receipt, CompactRange, datetime]:
        """Check one record and add its rows to those that are to be written; its blobs are written."""
        body = _body(entry, head.size)
        record_id, leaf = seal(body, entry.parts)
        record = {**body, "record_id": record_id}
        now = _checked(record)
        if last is not None and now < last:
            then = _z(last)
            raise LogUnwritable(
                f"the log `{self.path}` cannot go back in time: a record as of `{body['as_of']}` after one of `{then}`"
            )
        self._write_blobs(entry.blobs, references(body))
        hashed = leaf_hash(leaf)
        row = {"seq": head.size, "record_id": record_id, "kind": body["kind"], "as_of": body["as_of"]}
        rows.leaf.append({**row, "leaf_hash": hashed, "bytes": packed(leaf)})
        after = head.append(hashed)
        rows.tree.append({"size": after.size, "root": after.root})
        if entry.timings:
            stages = canonical({stage: int(taken) for stage, taken in entry.timings.items()}).decode()
            beside = {"seq": head.size, "written_at": self._clock().isoformat(), "stages": stages}
            rows.timing.append(beside)
        written = _as_written(record, entry.parts) if entry.parts else None
        return Receipt(record_id, leaf, head.size, after.size, head.path_of_next, after.root, written), after, now

    def _write_blobs(self, blobs: Mapping[str, bytes], needed: Iterable[str]) -> None:
        for name in needed:
            if name in self._stored:
                continue
            stored = self._connection.execute(_HAS_BLOB, {"digest": name}).scalar()
            gone = stored is not None and self._is_gone(stored)
            if stored is not None and not gone:
                continue
            if name not in blobs:
                raise ValueError(f"the record names `{name}`, which is neither given nor stored")
            content, row = self._prepared.get(name, (None, None))
            if row is None or content is not blobs[name]:
                row = _blob_row(name, blobs[name])
            if gone:
                self._connection.execute(
                    _AGAIN, {"name": name, "packed": row["packed"], "packed_hash": row["packed_hash"]}
                )
            else:
                self._connection.execute(_ADD_BLOB, row)

    def _is_gone(self, packed: bytes) -> bool:
        """Whether what was stored here went with its segment."""
        number = moved_to(packed)
        return number is not None and self._connection.execute(_GONE, {"number": number}).scalar() is not None

    def _check(self) -> None:
        opening.settle(self._connection, self.path)
        missing = expected(self._connection).keys() - present(self._connection).keys()
        if missing:
            raise self._broken(f"its `{min(missing)}` is missing")
        signed = {one.signed.size: one for one in kept.every(self._connection)}
        self._range, self._last_as_of = self._catch_up(signed)
        beyond = max(signed, default=0)
        if beyond > self._range.size:
            raise self._broken(f"its checkpoint {signed[beyond].number} covers more records than it holds")

    def _catch_up(self, signed: Mapping[int, kept.Kept] | None = None) -> tuple[CompactRange, datetime | None]:
        """The range and last instant of the stored log, going on from what is known; the head must agree.

        So must the roots of `signed`, by size.
        """
        found = self._connection.exec_driver_sql(_HEAD).first()
        size, root = found if found else (0, CompactRange().root)
        head, last, signed = self._range, self._last_as_of, signed or {}
        if size != head.size:
            for seq, hashed in self._connection.execute(_LEAVES_FROM, {"seq": head.size}):
                if seq != head.size:
                    raise self._broken(f"record {head.size} is missing")
                if not isinstance(hashed, bytes):
                    raise self._broken(f"the hash of record {seq} is damaged")
                head = head.append(hashed)
                if head.size in signed and signed[head.size].signed.root != head.root:
                    raise self._broken(f"its checkpoint {signed[head.size].number} has another root")
            last = self._read_last_as_of()
        if (head.size, head.root) != (size, root):
            raise self._broken(f"its tree was written over {size} records and does not match the {head.size} it holds")
        return head, last

    def _read_last_as_of(self) -> datetime | None:
        written = self._connection.exec_driver_sql(_LAST_AS_OF).scalar()
        try:
            return None if written is None else instant(str(written))
        except ValueError:
            raise self._broken(f"the instant `{written}` of its last record is damaged") from None

    def _broken(self, what: str) -> LogUnwritable:
        return LogUnwritable(f"the log `{self.path}` does not verify: {what}; run `warrant audit verify`")


_Row = dict[str, str | bytes]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one transaction, by table: written together, as each statement costs as much as its row."""

    leaf: list[dict[str, Any]] = field(default_factory=list)
    tree: list[dict[str, Any]] = field(default_factory=list)
    timing: list[dict[str, Any]] = field(default_factory=list)


def _blob_row(name: str, content: bytes) -> _Row:
    if digest(content) != name:
        raise ValueError(f"the bytes given as `{name}` have another digest")
    packed = pack(content)
    return {"digest": name, "packed_hash": sha256(packed).digest(), "packed": packed}


def _body(entry: Entry, seq: int) -> dict[str, Json]:
    """The record with the fields that the log itself writes, except its id."""
    taken = [name for name in OWN if name in entry.record]
    # An export writes these out under their own names, which must be free.
    taken += [name for name in inlined(entry.record) if name in entry.record]
    if taken:
        raise ValueError(f"a record leaves `{'`, `'.join(taken)}` to the log")
    body = {**entry.record, "format": FORMAT, "kind": Kind(entry.kind).value, "seq": seq}
    return {**body, "blobs": sorted(entry.blobs)} if entry.blobs else body


def _as_written(record: dict[str, Json], parts: Mapping[str, bytes]) -> dict[str, Json]:
    """What reading the record's bytes gives; the values of `parts` were read from theirs."""
    rest = parse(canonical({name: value for name, value in record.items() if name not in parts}))
    return {name: record[name] if name in parts else rest[name] for name in sorted(record)}


def _checked(record: dict[str, Json]) -> datetime:
    """The instant of a record whose envelope is as it must be. Raises `ValueError`."""
    try:
        return instant(Envelope.model_validate(record).as_of)
    except ValidationError as fault:
        details = "; ".join(f"`{'.'.join(map(str, each['loc']))}`: {each['msg']}" for each in fault.errors())
        raise ValueError(f"not a record: {details}") from None


def _file(path: Address) -> tuple[int, int]:
    """Which file a path names now: device and number. A schema is found by its name each time."""
    if not isinstance(path, Path):
        return 0, 0
    found = path.stat()
    return found.st_dev, found.st_ino


def _z(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@contextmanager
def _writing(path: Address) -> Iterator[None]:
    try:
        yield
    except engine.FAULTS as fault:
        raise LogUnwritable(f"the log `{path}` cannot be written: {engine.reason(fault)}") from None
    except OSError as fault:
        raise LogUnwritable(f"the log `{path}` cannot be written: {(fault.strerror or str(fault)).lower()}") from None
    except engine.Unconfirmed:
        raise LogUnwritable(f"the log `{path}` cannot be written: the connection to the server was lost") from None
    except kept.Damaged as fault:
        raise LogUnwritable(f"the log `{path}` does not verify: {fault}; run `warrant audit verify`") from None
    except LogUnwritable:
        raise
    except StoreFailed as fault:
        raise LogUnwritable(str(fault)) from None
