"""Reading the audit log: records, what they name by digest, and the proofs that they are in it.

A `Receipt` is all that a broker needs in order to see by itself that a record is in the log. Reading never changes the
file and checks only what it hands out; whether the whole log holds is the subject of `adapters.verifying.verify`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVarTuple

from sqlalchemy import Row, Select, func, select
from sqlalchemy.engine import Connection

from adapters.audit.kinds import Kind
from adapters.audit.merkle import CompactRange, inclusion_path, leaf_hash, verify_consistency, verify_inclusion
from adapters.sealing.segments import Content, Gone, Sealed, Segments
from adapters.signing import kept
from adapters.signing.stored_tree import StoredTree
from adapters.store import engine, opening
from adapters.store.address import Address
from adapters.store.faults import LogUnreadable
from adapters.store.moving import MARKED, moved_to
from adapters.store.packing import NotUnpacked, unpacked
from adapters.store.tables import BLOB, LEAF, TIMING, TREE, unpack
from knowledge.values import Json, digest, parse

Columns = TypeVarTuple("Columns")

_LARGEST_PIECE = 256
"""Rows of one question to a server, each with the bytes of a record."""
_ROWS = select(LEAF.c.seq, LEAF.c.bytes, LEAF.c.leaf_hash)
_HEAD = select(TREE.c.size, TREE.c.root).order_by(TREE.c.size.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that `leaf` stands at `index` of the log's tree of `tree_size`, whose root is `root`."""

    record_id: str
    leaf: bytes
    index: int
    tree_size: int
    path: tuple[bytes, ...]
    root: bytes
    written: Json = field(default=None, compare=False, repr=False)
    """The record as it was written, where the log has it at hand for whoever wrote it; it proves nothing."""

    @property
    def record(self) -> Json:
        """The record that the receipt is for."""
        return parse(self.leaf)


def verify_receipt(receipt: Receipt, root: bytes) -> bool:
    """Whether the receipt proves its record against this root, which the caller had from the log itself."""
    if not verify_inclusion(leaf_hash(receipt.leaf), receipt.index, receipt.tree_size, receipt.path, root):
        return False
    try:
        record = parse(receipt.leaf)
        named = record["record_id"] == receipt.record_id and record["seq"] == receipt.index
    except (ValueError, KeyError, TypeError):
        return False
    return named and receipt.root == root


class LogReader:
    """A log opened for reading only: to explain, export, look up."""

    def __init__(self, path: Address, connection: Connection) -> None:
        self.path = path
        self._connection = connection
        self._segments = Segments(connection)

    @classmethod
    def read(cls, path: Address) -> LogReader:
        """Open an existing log without checking or changing it. Raises `LogUnreadable`."""
        return LogReader(path, opening.to_read(path))

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Records in the log."""
        return self._head()[0]

    @property
    def root(self) -> bytes:
        """Root of the tree over all records."""
        return self._head()[1]

    def root_at(self, size: int) -> bytes:
        """Root of the tree when it had `size` records, as written then. Raises `KeyError`."""
        if size == 0:
            return CompactRange().root
        found = self._all(select(TREE.c.root).where(TREE.c.size == size))
        if not found:
            raise KeyError(f"the log never had {size} records")
        return bytes(found[0][0])

    def records(
        self,
        kinds: Iterable[Kind | str] = (),
        since: str | None = None,
        until: str | None = None,
        *,
        newest_first: bool = False,
        gone: bool = False,
        after: int | None = None,
    ) -> Iterator[Json]:
        """Records in order of the log, streaming; of these kinds (all if none), `since` <= as_of <= `until`.

        Those whose time to be kept is over are left out, or with `gone` are what is left of them, which says so. The
        bounds are compared as text: instants to the second as the records write them, or a day for its midnight.
        `after` leaves out the records up to this place, without looking at them.
        """
        wanted = [Kind(kind).value for kind in kinds]
        query = _ROWS.order_by(LEAF.c.seq.desc() if newest_first else LEAF.c.seq)
        if wanted:
            query = query.where(LEAF.c.kind.in_(wanted))
        if after is not None:
            query = query.where(LEAF.c.seq > after)
        if since is not None:
            query = query.where(LEAF.c.as_of >= since)
        if until is not None:
            query = query.where(LEAF.c.as_of <= until)
        with self._reading():
            for seq, leaf, hashed in self._streamed(query, newest_first=newest_first):
                record = self._record(seq, leaf, hashed)
                if gone or "gone" not in record:
                    yield record

    def records_from(self, first: int) -> Iterator[Json]:
        """Records in order of the log from this place on, or what is left of them, streaming."""
        query = _ROWS.where(LEAF.c.seq >= first).order_by(LEAF.c.seq)
        with self._reading():
            for seq, leaf, hashed in self._streamed(query):
                yield self._record(seq, leaf, hashed)

    def record_at(self, seq: int) -> Json:
        """The record at this place, or what is left of it.

        Raises `KeyError`; `LogUnreadable` where it is not what its leaf's hash is of.
        """
        found = self._all(_ROWS.where(LEAF.c.seq == seq))
        if not found:
            raise KeyError(seq)
        with self._reading():
            return self._record(*found[0])

    def __iter__(self) -> Iterator[Json]:
        return self.records()

    def record(self, record_id: str) -> Json:
        """The record with this id. Raises `KeyError`."""
        found = self._all(select(LEAF.c.seq, LEAF.c.bytes).where(LEAF.c.record_id == record_id))
        if not found:
            raise KeyError(record_id)
        with self._reading():
            return self._parsed(self._whole(*found[0]))

    def record_or_rest(self, record_id: str) -> Json:
        """The record with this id, or what is left of it. Raises `KeyError`."""
        found = self._all(_ROWS.where(LEAF.c.record_id == record_id))
        if not found:
            raise KeyError(record_id)
        with self._reading():
            return self._record(*found[0])

    def find(self, beginning: str, most: int = 5) -> tuple[str, ...]:
        """Ids that begin so, in order of the log, at most `most`: for people, who type the first few digits."""
        query = select(LEAF.c.record_id).where(LEAF.c.record_id.startswith(beginning.lower(), autoescape=True))
        return tuple(row[0] for row in self._all(query.order_by(LEAF.c.seq).limit(most)))

    def blob(self, name: str) -> bytes:
        """The bytes with this digest. Raises `KeyError`; `LogUnreadable` where they do not have it any more."""
        found = self._all(select(BLOB.c.packed).where(BLOB.c.digest == name))
        if not found:
            raise KeyError(name)
        if (number := moved_to(found[0][0])) is not None:
            with self._reading():
                content: bytes | None = self._segments.value(number, name)
        else:
            content = unpack(found[0][0])
        if content is None or digest(content) != name:
            raise LogUnreadable(f"the log `{self.path}` is damaged: the bytes stored as `{name}` have another digest")
        return content

    def timings(self) -> Iterator[tuple[int, dict[str, int]]]:
        """Place of the record and nanoseconds by stage, for records that were appended with timings."""
        with self._reading():
            query = select(TIMING.c.seq, TIMING.c.stages).order_by(TIMING.c.seq)
            for seq, stages in self._streamed(query):
                yield seq, json.loads(stages)

    def receipt(self, record_id: str) -> Receipt:
        """A receipt for any record against the present root. Raises `KeyError`."""
        found = self._all(select(LEAF.c.seq, LEAF.c.bytes).where(LEAF.c.record_id == record_id))
        if not found:
            raise KeyError(record_id)
        (index, leaf), (size, root) = found[0], self._head()
        with self._reading():
            leaf = self._whole(index, leaf)
            with suppress(IndexError):
                path = StoredTree(self._connection).inclusion(index, size)
                if verify_inclusion(leaf_hash(leaf), index, size, path, root):
                    return Receipt(record_id, leaf, index, size, path, root)
        # Damaged, or a root of a subtree is: what the leaves' own hashes give is for the asker to judge.
        hashes = self._leaf_hashes()
        head = CompactRange().extend(hashes)
        return Receipt(record_id, leaf, index, head.size, inclusion_path(hashes, index), head.root)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of record #`index` in the tree that the log had with `size`. Raises `IndexError`."""
        with self._reading():
            path = StoredTree(self._connection).inclusion(index, size)
            hashed = self._connection.execute(select(LEAF.c.leaf_hash).where(LEAF.c.seq == index)).scalar()
            if verify_inclusion(bytes(hashed or b""), index, size, path, self.root_at(size)):
                return path
            return StoredTree(self._connection, cached=False).inclusion(index, size)

    def checkpoints(self) -> tuple[kept.Kept, ...]:
        """The signed checkpoints that the store keeps, in order; nobody has looked at their signatures."""
        with self._reading():
            try:
                return kept.every(self._connection)
            except kept.Damaged as fault:
                raise LogUnreadable(f"the log `{self.path}` is damaged: {fault}") from None

    def consistency(self, first: int, second: int | None = None) -> tuple[bytes, ...]:
        """The proof that the log of `first` records is a beginning of that of `second` (default: the present one).

        Raises `IndexError`, `KeyError` where it never had so many.
        """
        second = self.size if second is None else second
        with self._reading():
            path = StoredTree(self._connection).consistency(first, second)
            if verify_consistency(first, second, self.root_at(first), self.root_at(second), path):
                return path
            return StoredTree(self._connection, cached=False).consistency(first, second)

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        """Place and leaf hash of every record, in order, streaming."""
        with self._reading():
            for seq, hashed in self._streamed(select(LEAF.c.seq, LEAF.c.leaf_hash).order_by(LEAF.c.seq)):
                yield seq, bytes(hashed)

    def rows(self) -> Iterator[tuple[int, str, str, bytes]]:
        """Place, kind, instant and what the row holds of every record, streaming: its bytes, or where they lie."""
        with self._reading():
            columns: Any = (LEAF.c.seq, LEAF.c.kind, LEAF.c.as_of, LEAF.c.bytes)
            for seq, *rest in self._streamed(select(*columns).order_by(LEAF.c.seq)):
                kind, as_of, held = rest
                yield seq, kind, as_of, bytes(self._unpacked(seq, held))

    def leaf(self, seq: int) -> bytes:
        """The bytes of the record at this place. Raises `KeyError`, `Gone`."""
        found = self._all(select(LEAF.c.bytes).where(LEAF.c.seq == seq))
        if not found:
            raise KeyError(seq)
        with self._reading():
            return bytes(self._whole(seq, found[0][0]))

    def has_blob(self, name: str) -> bool:
        """Whether a value is stored under this digest, in a row of its own."""
        found = self._all(select(func.substr(BLOB.c.packed, 1, MARKED)).where(BLOB.c.digest == name))
        return bool(found) and moved_to(found[0][0]) is None

    def last_signed(self) -> int | None:
        """Records that the newest checkpoint of the store covers; None where there is none."""
        try:
            with self._reading():
                found = kept.newest(self._connection)
        except kept.Damaged as why:
            raise LogUnreadable(f"the log `{self.path}` is damaged: {why}") from None
        return found.signed.size if found else None

    def segments(self) -> tuple[Sealed, ...]:
        """What was sealed, in order."""
        with self._reading():
            return self._segments.sealed()

    def segment(self, number: int) -> Content:
        """All that a segment holds. Raises `Gone`, `LogUnreadable`."""
        with self._reading():
            return self._segments.content(number)

    def _leaf_hashes(self) -> list[bytes]:
        return [bytes(row[1]) for row in self._all(select(LEAF.c.seq, LEAF.c.leaf_hash).order_by(LEAF.c.seq))]

    def _head(self) -> tuple[int, bytes]:
        found = self._all(_HEAD)
        return (found[0][0], bytes(found[0][1])) if found else (0, CompactRange().root)

    def _all(self, query: Select[*Columns]) -> Sequence[Row[*Columns]]:
        with self._reading():
            return self._connection.execute(query).all()

    def _streamed(self, query: Select[int, *Columns], *, newest_first: bool = False) -> Iterator[Row[int, *Columns]]:
        """Rows of a query ordered by its first column, a record's place, without holding them all.

        SQLite reads as it goes. A PostgreSQL driver fetches a whole answer at once, so there the question is put in
        pieces, small ones first, as most readers want the newest record only; what is appended meanwhile is left out.
        """
        if self._connection.dialect.name == "sqlite":
            yield from self._connection.execute(query)
            return
        (place, *_), size, piece = query.selected_columns, self.size, 1
        query, reached = query.where(place < size), size if newest_first else -1
        while True:
            beyond = place < reached if newest_first else place > reached
            rows = self._connection.execute(query.where(beyond).limit(piece)).all()
            yield from rows
            if len(rows) < piece:
                return
            reached, piece = rows[-1][0], min(4 * piece, _LARGEST_PIECE)

    def _record(self, seq: int, leaf: bytes, hashed: bytes) -> Json:
        """The record of a row, or what is left of it. Raises `LogUnreadable` where its hash is another one."""
        try:
            content = self._whole(seq, leaf)
        except Gone as went:
            return self._segments.remains(went.number, seq, went.by)
        if leaf_hash(content) != hashed:
            raise LogUnreadable(f"the log `{self.path}` is damaged: record {seq} is not what was written")
        return self._parsed(content)

    def _whole(self, seq: int, leaf: bytes) -> bytes:
        """The bytes of a record, wherever they lie. Raises `Gone`."""
        number = moved_to(leaf)
        return self._unpacked(seq, leaf) if number is None else self._segments.record(number, seq)

    def _unpacked(self, seq: int, held: bytes) -> bytes:
        try:
            return unpacked(held)
        except NotUnpacked as why:
            raise LogUnreadable(f"the log `{self.path}` is damaged: record {seq}: {why}") from None

    def _parsed(self, leaf: bytes) -> Json:
        try:
            return parse(leaf)
        except ValueError:
            raise LogUnreadable(f"the log `{self.path}` is damaged: a record is not canonical JSON") from None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            engine.revive(self._connection)
            yield
        except engine.FAULTS as fault:
            raise LogUnreadable(f"the log `{self.path}` cannot be read: {engine.reason(fault)}") from None
