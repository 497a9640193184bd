"""Sealing: the bytes of old records leave their rows for compressed segments, which a `seal` record each binds.

Rules:
- only kinds of `segments.SEALED`, in order of the log, whole records from before a day; places, ids, kinds, instants
  and hashes stay in their rows, so tree, proofs and lookups are as before;
- with them go the values that no other record of the log names (looked for in the bytes of all of them);
- one transaction has the segment, the rows that point to it and the record that names its range, its digest and the
  tree at that moment: a crash leaves all of it or nothing;
- before a row lets go, what was packed is unpacked again and compared with the hashes that the log holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from adapters.audit.kinds import Kind
from adapters.audit.log import Also, Receipt
from adapters.audit.merkle import leaf_hash
from adapters.audit.reader import LogReader
from adapters.sealing.segments import SEALED, Content, pack, packed_hash, read, unpack
from adapters.store.faults import LogUnwritable
from adapters.store.moving import mark, moved_to
from adapters.store.tables import BLOB, LEAF, SEGMENT
from knowledge.values import Json, digest, parse

MOST_BYTES = 1 << 22
"""Bytes of records after which a segment is closed: what a reader of one record has to unpack."""
_NAME = re.compile(rb"sha256:[0-9a-f]{64}")
_ADD = insert(SEGMENT)
_LEAF_AWAY = update(LEAF).where(LEAF.c.seq == bindparam("at"))
_BLOB_AWAY = update(BLOB).where(BLOB.c.digest == bindparam("name"))
_HASH = select(LEAF.c.leaf_hash).where(LEAF.c.seq == bindparam("at"))


def names_in(content: bytes) -> list[str]:
    """Everything in these bytes that may name a value by digest, each time it does."""
    return [found.decode() for found in _NAME.findall(content)]


def segments_of(log: LogReader, before: str) -> Iterator[Content]:
    """What is to be sealed of records from before the day `before` (ISO date), a segment at a time.

    Each must be moved before the next is asked for. Reads the log twice for each kind; holds one segment.
    """
    for kind in SEALED:
        named = Counter(name for _, _, _, held in log.rows() if moved_to(held) is None for name in names_in(held))
        waiting: dict[int, bytes] = {}
        size = 0
        # The places first: rows change while segments are made of them.
        due = [seq for seq, of, as_of, held in log.rows() if of == kind and as_of < before and moved_to(held) is None]
        for seq in due:
            waiting[seq] = log.leaf(seq)
            size += len(waiting[seq])
            if size >= MOST_BYTES or seq == due[-1]:
                yield _content(log, kind, waiting, named)
                waiting, size = {}, 0


def _content(log: LogReader, kind: Kind, records: dict[int, bytes], named: Counter[str]) -> Content:
    own = Counter(name for leaf in records.values() for name in names_in(leaf))
    held = {name: log.blob(name) for name in sorted(own) if own[name] == named[name] and log.has_blob(name)}
    named.subtract(own)
    return Content(kind.value, len(log.segments()) + 1, records, held)


def sealed(content: Content, size: int, root: bytes) -> tuple[Json, Also]:
    """The record that seals a segment on a tree of `size` with this root, and the move that belongs to it."""
    encoded = content.encoded
    packed = pack(encoded)
    if read(unpack(packed)) != content:
        raise LogUnwritable(f"segment {content.number} does not come back as it was packed; nothing was moved")
    seqs = list(content.records)
    record = {
        "kind": Kind.SEAL.value,
        "segment": content.number,
        "of": content.kind,
        "first": seqs[0],
        "last": seqs[-1],
        "records": len(seqs),
        "values": len(content.values),
        "digest": digest(encoded),
        "bytes": len(encoded),
        "packed": len(packed),
        "from": parse(content.records[seqs[0]])["as_of"],
        "to": parse(content.records[seqs[-1]])["as_of"],
        "tree_size": size,
        "root": root.hex(),
    }
    row = {"number": content.number, "kind": content.kind, "first_seq": seqs[0], "last_seq": seqs[-1]}
    row |= {"records": len(seqs), "digest": record["digest"], "gone": None, "residue": b""}
    row |= {"packed_hash": packed_hash(packed), "packed": packed}

    def move(connection: Connection, _: Sequence[Receipt]) -> None:
        for seq, leaf in content.records.items():
            if connection.execute(_HASH, {"at": seq}).scalar() != leaf_hash(leaf):
                raise LogUnwritable(f"record {seq} has other bytes than its hash says; nothing was moved")
        if any(digest(value) != name for name, value in content.values.items()):
            raise LogUnwritable(f"a value of segment {content.number} has another digest; nothing was moved")
        connection.execute(_ADD, row)
        there = mark(content.number)
        connection.execute(_LEAF_AWAY, [{"at": seq, "bytes": there} for seq in content.records])
        if content.values:
            connection.execute(_BLOB_AWAY, [{"name": name, "packed": there} for name in content.values])

    return record, move
