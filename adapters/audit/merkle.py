"""The tree over the log's leaves: RFC 6962 section 2.1, and RFC 9162 section 2.1 for the checking of proofs.

A leaf is hashed with the prefix 0x00 and a node with 0x01, so that no node can be passed off as a leaf. The tree over n
leaves splits at the largest power of two below n; the tree over none has the hash of nothing.

A *compact range* is all that has to be remembered of a tree in order to go on: the roots of its perfect subtrees, one
for each set bit of its size, largest first. Appending costs O(log n), and the audit path of a leaf that has just been
appended is the range from before it, read backwards: everything to the left, nearest first.

Left out: where roots of subtrees come from (`adapters.signing.stored_tree`) and who signs them
(`adapters.signing.note`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The 32 bytes of a leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32 bytes of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The perfect subtrees of the tree over the first `size` leaves, largest (leftmost) first."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> CompactRange:
        """The range with one more leaf, given its hash. Each trailing one-bit of the size merges two subtrees."""
        nodes, merged, bits = list(self.nodes), leaf, self.size
        while bits & 1:
            merged = node_hash(nodes.pop(), merged)
            bits >>= 1
        return CompactRange(self.size + 1, (*nodes, merged))

    def extend(self, leaves: Iterable[bytes]) -> CompactRange:
        """The range with these leaf hashes appended in order."""
        result = self
        for leaf in leaves:
            result = result.append(leaf)
        return result

    @property
    def root(self) -> bytes:
        """The root: the subtrees folded from the right."""
        if not self.nodes:
            return EMPTY_ROOT
        result = self.nodes[-1]
        for left in reversed(self.nodes[:-1]):
            result = node_hash(left, result)
        return result

    @property
    def path_of_next(self) -> tuple[bytes, ...]:
        """The audit path that the next leaf will have in the tree that ends with it."""
        return self.nodes[::-1]


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    return CompactRange().extend(leaves).root


RootOf = Callable[[int, int], bytes]
"""The root over the leaves from one place on and before another, where that is a subtree of the tree."""


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of leaf `index` in the tree over all of `leaves` (hashes), nearest sibling first.

    Raises `IndexError` where there is no such leaf.
    """
    return path_of(index, len(leaves), lambda begin, end: root(leaves[begin:end]))


def path_of(index: int, size: int, root_of: RootOf) -> tuple[bytes, ...]:
    """The audit path of leaf `index` in a tree of `size`. RFC 6962 section 2.1.1. Raises `IndexError`."""
    if not 0 <= index < size:
        raise IndexError(f"a tree of {size} leaves has no leaf {index}")
    path, begin, end = list[bytes](), 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(root_of(middle, end))
            end = middle
        else:
            path.append(root_of(begin, middle))
            begin = middle
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether `path` proves that the leaf with this hash stands at `index` of the tree of `size` with root `expected`.

    RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size or not _all_hashes((leaf, expected, *path)):
        return False
    here, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            result = node_hash(sibling, result)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and result == expected


def consistency_path(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """The proof that the tree over the first `first` leaves is a beginning of the tree over all of them.

    Raises `IndexError` unless 0 < first <= len(leaves).
    """
    return consistency_of(first, len(leaves), lambda begin, end: root(leaves[begin:end]))


def consistency_of(first: int, second: int, root_of: RootOf) -> tuple[bytes, ...]:
    """The same for a tree of `second` leaves. RFC 6962 section 2.1.2. Raises `IndexError`."""
    if not 0 < first <= second:
        raise IndexError(f"a tree of {second} leaves has no beginning of {first} to prove")
    path, begin, end, whole = list[bytes](), 0, second, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(root_of(middle, end))
            end = middle
        else:
            path.append(root_of(begin, middle))
            begin, whole = middle, False
    # A beginning that is whole is what the reader knows; of another its last part is sent, which he does not know.
    return tuple(reversed(path)) if whole else (root_of(begin, end), *reversed(path))


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the tree (first, first_root) is a beginning of (second, second_root).

    RFC 9162 section 2.1.4.2. The empty tree is a beginning of every tree, and needs no proof.
    """
    if first == second:
        return not path and first_root == second_root and (first > 0 or first_root == EMPTY_ROOT)
    if not 0 <= first < second or not _all_hashes((first_root, second_root, *path)):
        return False
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    # A perfect beginning is itself the first node of the proof, so it is not sent.
    nodes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not nodes:
        return False
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            new = node_hash(new, node)
        here, last = here >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two below `size` (which is at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _all_hashes(path: Sequence[bytes]) -> bool:
    return all(len(node) == HASH_BYTES for node in path)
