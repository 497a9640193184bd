"""The tree against the published vectors, and against the definitions of RFC 6962 read out slowly."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.adapters import merkle_vectors as published

# google/certificate-transparency, merkletree tests; the same tree is in transparency-dev/merkle testonly.
LEAVES = [
    bytes.fromhex(digits)
    for digits in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf counted from 0, size, path), from the same tests.
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def slow_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, over the leaves themselves, sharing no code with the tree."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + slow_root(leaves[:split]) + slow_root(leaves[split:])).digest()


def slow_path(leaves: list[bytes], index: int) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*slow_path(leaves[:split], index), slow_root(leaves[split:])]
    return [*slow_path(leaves[split:], index - split), slow_root(leaves[:split])]


def some_leaves(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    expected = bytes.fromhex(ROOTS[size - 1]) if size else EMPTY_ROOT
    assert root(map(leaf_hash, LEAVES[:size])) == expected
    assert slow_root(LEAVES[:size]) == expected


@pytest.mark.parametrize(("index", "size", "path"), PATHS)
def test_published_paths(index: int, size: int, path: list[str]) -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    proof = inclusion_path(hashes, index)
    assert [node.hex() for node in proof] == path
    assert verify_inclusion(hashes[index], index, size, proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize("right", published.INCLUSIONS)
def test_published_inclusions_hold_and_every_alteration_is_refused(right: published.Inclusion) -> None:
    def holds(one: published.Inclusion) -> bool:
        return verify_inclusion(one.leaf, one.index, one.size, one.path, one.root)

    hashes = [leaf_hash(leaf) for leaf in LEAVES[: right.size]]
    assert (hashes[right.index], inclusion_path(hashes, right.index)) == (right.leaf, right.path)
    assert holds(right)
    accepted = [name for name, one in published.altered_inclusions(right) if one != right and holds(one)]
    assert accepted == []


@pytest.mark.parametrize("right", published.CONSISTENCIES)
def test_published_consistencies_hold_and_every_alteration_is_refused(right: published.Consistency) -> None:
    def holds(one: published.Consistency) -> bool:
        return verify_consistency(one.size1, one.size2, one.root1, one.root2, one.path)

    hashes = [leaf_hash(leaf) for leaf in LEAVES[: right.size2]]
    assert consistency_path(hashes, right.size1) == right.path
    assert holds(right)
    accepted = [name for name, one in published.altered_consistencies(right) if one != right and holds(one)]
    assert accepted == []


@pytest.mark.parametrize(("name", "wrong"), published.WRONG_INCLUSIONS)
def test_published_questions_without_a_tree_are_refused(name: str, wrong: published.Inclusion) -> None:
    assert not verify_inclusion(wrong.leaf, wrong.index, wrong.size, wrong.path, wrong.root), name


@pytest.mark.parametrize(("name", "wrong"), published.WRONG_CONSISTENCIES)
def test_published_questions_at_the_edges_are_refused(name: str, wrong: published.Consistency) -> None:
    assert not verify_consistency(wrong.size1, wrong.size2, wrong.root1, wrong.root2, wrong.path), name


@pytest.mark.parametrize(("name", "right"), published.RIGHT_CONSISTENCIES)
def test_published_questions_at_the_edges_are_granted(name: str, right: published.Consistency) -> None:
    assert verify_consistency(right.size1, right.size2, right.root1, right.root2, right.path), name


@given(size=st.integers(0, 70))
def test_the_root_is_the_slow_one(size: int) -> None:
    leaves = some_leaves(size)
    assert root(map(leaf_hash, leaves)) == slow_root(leaves)


@given(size=st.integers(1, 70), at=st.integers(0, 10**6))
def test_every_leaf_has_a_path_that_verifies_only_there(size: int, at: int) -> None:
    leaves, index = some_leaves(size), at % size
    hashes = [leaf_hash(leaf) for leaf in leaves]
    path = inclusion_path(hashes, index)
    assert list(path) == slow_path(leaves, index)
    whole = slow_root(leaves)
    assert verify_inclusion(hashes[index], index, size, path, whole)
    for other in range(size):
        assert verify_inclusion(hashes[index], other, size, path, whole) == (other == index)


@given(size=st.integers(0, 200))
def test_the_newest_leaf_takes_its_path_from_the_range_before_it(size: int) -> None:
    before = CompactRange().extend(leaf_hash(leaf) for leaf in some_leaves(size))
    new = leaf_hash(b"new")
    after = before.append(new)
    assert verify_inclusion(new, size, size + 1, before.path_of_next, after.root)
    assert len(after.nodes) == (size + 1).bit_count()


@given(size=st.integers(1, 40), at=st.integers(0, 10**6), flip=st.integers(0, 10**6))
def test_a_flipped_bit_of_a_path_never_verifies(size: int, at: int, flip: int) -> None:
    hashes, index = [leaf_hash(leaf) for leaf in some_leaves(size)], at % size
    whole, path = root(hashes), list(inclusion_path(hashes, index))
    if path:
        victim = flip % len(path)
        node = bytearray(path[victim])
        node[flip % 32] ^= 1 << flip % 8
        assert not verify_inclusion(
            hashes[index], index, size, [*path[:victim], bytes(node), *path[victim + 1 :]], whole
        )
        assert not verify_inclusion(hashes[index], index, size, path[:-1], whole)
    assert not verify_inclusion(hashes[index], index, size, [*path, hashes[0]], whole)
    assert not verify_inclusion(hashes[index], index, size, [*path, b"short"], whole)
    assert not verify_inclusion(hashes[index], -1, size, path, whole)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, path, whole)


@given(second=st.integers(1, 70), at=st.integers(0, 10**6))
def test_every_beginning_is_consistent_and_nothing_else_is(second: int, at: int) -> None:
    leaves, first = some_leaves(second), at % second + 1
    hashes = [leaf_hash(leaf) for leaf in leaves]
    path, old, new = consistency_path(hashes, first), slow_root(leaves[:first]), slow_root(leaves)
    assert verify_consistency(first, second, old, new, path)
    assert not verify_consistency(first, second, slow_root([b"x", *leaves[1:first]]), new, path)
    assert not verify_consistency(first, second, old, leaf_hash(b"forged"), path)
    assert not verify_consistency(first, second, old, new, [*path, new])
    if path:
        assert not verify_consistency(first, second, old, new, path[:-1])


def test_the_edges_of_consistency() -> None:
    assert verify_consistency(0, 3, EMPTY_ROOT, slow_root(some_leaves(3)), [])
    assert not verify_consistency(0, 3, b"\x01" * 32, slow_root(some_leaves(3)), [])
    assert not verify_consistency(4, 3, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(3, 5, EMPTY_ROOT, EMPTY_ROOT, [])
    with pytest.raises(IndexError):
        consistency_path([leaf_hash(b"")], 0)
    with pytest.raises(IndexError):
        inclusion_path([leaf_hash(b"")], 1)
