"""The tables of a store: the log's, which only grow, and the desk's own, which change.

The log:
- `leaf`: one row a record: place, id, kind and instant repeated from the bytes for looking up, the leaf's hash, the
  canonical bytes that were hashed, large ones packed (`adapters.store.packing`).
- `blob`: what records name by digest, stored once, compressed. The digest is over the uncompressed canonical bytes; the
  hash of the packed bytes makes a flipped bit visible also where decompression would not notice it.
- `tree`: the root of the tree of each size, written in the transaction of the leaf. Its last row is the head.
- `timing`: wall-clock values beside the leaf and outside its hash.

- `segment`: sealed segments, each the bytes of old records of one kind and what only they name, compressed as one
  (`adapters.sealing.segments`). A row whose bytes lie there says so in their place (`adapters.store.moving`).

Beside the tree, and only growing as well:
- `checkpoint`: signed heads of the tree (`adapters.signing.checkpoint`), numbered from 1, each with the verifier key
  that the signer had. They prove something to whoever keeps one elsewhere.

The desk's own lie beside the log and are never part of its tree: a row is no evidence of anything. What was done about
it is a record of the log.
- `lease`: at most one row, the process that runs the desk (`adapters.store.lease`).
- `request`: what a person asks of the running desk, and its one answer (`adapters.store.requests`).
- `subtree`: roots of the tree over 256 records each, so that a proof need not hash them all. Made again at will; a
  proof is checked against the log's root before it is given to anyone.

The index of the search (`adapters.search`) is made from the log, says of how much of it (`search_head`), and can be
dropped at any time: what it finds is read again from the record itself.
- `search_row`: something that can be found, by its record's place and its own place in that record.
- `search_term` and `search_posting`: what is said of the rows, each word once by field, and the rows it is said of.
- `search_day`: the first record of each day.

What is written here is what queries are built from; a store gets its tables from `adapters/store/migrations`, and a
test holds the two together.
"""

from __future__ import annotations

import zlib

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

_PACKING = 6
# PostgreSQL sorts text by the database's language unless told otherwise; instants and ids compare byte by byte.
_WORD = Text().with_variant(Text(collation="C"), "postgresql")

METADATA = MetaData()
LEAF = Table(
    "leaf",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("record_id", _WORD, nullable=False, unique=True),
    Column("kind", _WORD, nullable=False),
    Column("as_of", _WORD, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    # Last, so that a scan of the other columns never walks the overflow pages of the bytes.
    Column("bytes", LargeBinary, nullable=False),
    sqlite_strict=True,
)
BLOB = Table(
    "blob",
    METADATA,
    Column("digest", _WORD, primary_key=True),
    Column("packed_hash", LargeBinary, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    sqlite_strict=True,
)
TREE = Table(
    "tree",
    METADATA,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    sqlite_strict=True,
)
TIMING = Table(
    "timing",
    METADATA,
    Column("seq", Integer, ForeignKey(LEAF.c.seq), primary_key=True, autoincrement=False),
    Column("written_at", _WORD, nullable=False),
    Column("stages", _WORD, nullable=False),
    sqlite_strict=True,
)
SEGMENT = Table(
    "segment",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", _WORD, nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Column("digest", _WORD, nullable=False),
    Column("packed_hash", LargeBinary, nullable=False),
    # The place of the record of kind `retention` for which the bytes went; null while they are there.
    Column("gone", Integer),
    # What is left of records that went, packed; empty before.
    Column("residue", LargeBinary, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    sqlite_strict=True,
)
CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),
    Column("vkey", _WORD, nullable=False),
    Column("note", LargeBinary, nullable=False),
    sqlite_strict=True,
)
SUBTREE = Table(
    "subtree",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    sqlite_strict=True,
)
LEASE = Table(
    "lease",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1", name="lease_is_one"), primary_key=True, autoincrement=False),
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
    METADATA,
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
SEARCH_HEAD = Table(
    "search_head",
    METADATA,
    Column(
        "one", Integer, CheckConstraint("one = 1", name="search_head_is_one"), primary_key=True, autoincrement=False
    ),
    Column("version", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
    sqlite_strict=True,
)
SEARCH_TERM = Table(
    "search_term",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("field", _WORD, nullable=False),
    Column("word", _WORD, nullable=False),
    Column("rows", Integer, nullable=False),
    UniqueConstraint("field", "word"),
    sqlite_strict=True,
)
SEARCH_ROW = Table(
    "search_row",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("outcome", _WORD, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
SEARCH_POSTING = Table(
    "search_posting",
    METADATA,
    Column("term", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
SEARCH_DAY = Table(
    "search_day",
    METADATA,
    Column("day", _WORD, primary_key=True),
    Column("first", Integer, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
SEARCH = (SEARCH_HEAD, SEARCH_TERM, SEARCH_ROW, SEARCH_POSTING, SEARCH_DAY)
"""The tables of the search's index."""
LOG = (LEAF, BLOB, TREE, TIMING)
"""The log's tables, each after those it refers to."""
SUBTREE_LEAVES = 256
"""Records under one row of `subtree`."""


def pack(content: bytes) -> bytes:
    """Bytes as `blob` keeps them."""
    return zlib.compress(content, _PACKING)


def unpack(packed: object) -> bytes | None:
    """What `pack` was given, or None where that cannot be told any more."""
    try:
        return zlib.decompress(packed) if isinstance(packed, bytes) else None
    except zlib.error:
        return None
