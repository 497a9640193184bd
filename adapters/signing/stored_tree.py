"""Paths through the tree of a stored log, from the hashes in its rows and the roots of subtrees kept beside them.

A path for a record needs the roots of all the subtrees beside it, and with them every leaf. So the roots over each 256
records lie in a table (`subtree`), made while the log rests: a proof in a log of 100,000 records then takes some 400 of
them and at most 512 leaves instead of all. They are no evidence: whoever asks holds the path against a root.
"""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from adapters.audit import merkle
from adapters.audit.merkle import CompactRange
from adapters.store.migrating import keeps_checkpoints
from adapters.store.tables import LEAF, SUBTREE, SUBTREE_LEAVES


class StoredTree:
    """The tree as one transaction sees it. Raises `IndexError` for leaves that are not there, the store's `FAULTS`."""

    def __init__(self, connection: Connection, *, cached: bool = True) -> None:
        self._connection, self._cached = connection, cached

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of leaf `index` in the tree over the first `size` leaves."""
        return merkle.path_of(index, size, self.root)

    def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that the tree over `first` leaves is a beginning of the one over `second`."""
        return merkle.consistency_of(first, second, self.root)

    def root(self, begin: int, end: int) -> bytes:
        """The root over the leaves from `begin` on and before `end`: a subtree of the tree, so `begin` is in step."""
        whole, kept = end // SUBTREE_LEAVES, self._kept
        first = begin // SUBTREE_LEAVES
        if begin % SUBTREE_LEAVES or whole <= first:
            return CompactRange().extend(self._leaves(begin, end)).root
        runs = CompactRange().extend(
            kept[number] if number in kept else self._run(number) for number in range(first, whole)
        )
        rest = CompactRange().extend(self._leaves(whole * SUBTREE_LEAVES, end))
        return CompactRange(end - begin, (*runs.nodes, *rest.nodes)).root

    @cached_property
    def _kept(self) -> dict[int, bytes]:
        if not self._cached or not keeps_checkpoints(self._connection):
            return {}
        rows = self._connection.execute(select(SUBTREE.c.number, SUBTREE.c.root))
        return {number: bytes(root) for number, root in rows}

    def _run(self, number: int) -> bytes:
        return CompactRange().extend(self._leaves(number * SUBTREE_LEAVES, (number + 1) * SUBTREE_LEAVES)).root

    def _leaves(self, begin: int, end: int) -> list[bytes]:
        query = select(LEAF.c.seq, LEAF.c.leaf_hash).where(LEAF.c.seq >= begin, LEAF.c.seq < end).order_by(LEAF.c.seq)
        rows = self._connection.execute(query).all()
        found = [hashed for _, hashed in rows if isinstance(hashed, bytes)]
        if [seq for seq, _ in rows] != list(range(begin, end)) or len(found) != len(rows):
            raise IndexError(f"not all hashes of the records #{begin} to #{end - 1} are there")
        return found


def keep_subtrees(connection: Connection, size: int) -> int:
    """Write the roots that are due for a log of `size` records; how many there are. The caller has the write lock."""
    tree = StoredTree(connection, cached=False)
    last = connection.execute(select(func.max(SUBTREE.c.number))).scalar()
    begin = 0 if last is None else last + 1
    rows = [
        {"number": number, "root": tree.root(number * SUBTREE_LEAVES, (number + 1) * SUBTREE_LEAVES)}
        for number in range(begin, size // SUBTREE_LEAVES)
    ]
    if rows:
        connection.execute(insert(SUBTREE), rows)
    return size // SUBTREE_LEAVES
