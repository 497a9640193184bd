"""Published proofs over the well-known tree of eight leaves, and the alterations of them that must be refused.

Source: transparency-dev/merkle, `testdata/inclusion` and `testdata/consistency` (also in google/certificate-
transparency-go `merkletree`), whose proofs and names of alterations these are. Its `testdata` holds the result of each
alteration as a file; here they are made by what their names say.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

# The proofs that are right, in base64 as published: (leaf counted from 0, size, leaf hash, root, path).
_INCLUSION: tuple[tuple[int, int, str, str, tuple[str, ...]], ...] = (
    (
        0,
        1,
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
        (),
    ),
    (
        0,
        8,
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
        "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
        (
            "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
        ),
    ),
    (
        5,
        8,
        "QnGia+DYqE8L1UyMMC58s6O10fpngKQLzOKHNHfatlg=",
        "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
        (
            "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
            "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
            "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
        ),
    ),
    (
        2,
        3,
        "ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=",
        "rra8/idLcKFPsGel5VeCZNsPqbUa9eC6FZFY8yngbnc=",
        ("+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=",),
    ),
    (
        1,
        5,
        "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
        "Tju7H3tHjc/nH7YxYxUZo7yhLJrvyhYSv85ME6hiZNQ=",
        (
            "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
        ),
    ),
)
# (first size, second size, first root, second root, path).
_CONSISTENCY: tuple[tuple[int, int, str, str, tuple[str, ...]], ...] = (
    (
        1,
        1,
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
        (),
    ),
    (
        1,
        8,
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
        "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
        (
            "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
        ),
    ),
    (
        6,
        8,
        "duZ9rbzfHhDht03cYIq9L5jfsW+851J3tSMqEn8gh+8=",
        "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
        (
            "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
            "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
            "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
        ),
    ),
    (
        2,
        5,
        "+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=",
        "Tju7H3tHjc/nH7YxYxUZo7yhLJrvyhYSv85ME6hiZNQ=",
        (
            "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
            "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
        ),
    ),
    (
        6,
        7,
        "duZ9rbzfHhDht03cYIq9L5jfsW+851J3tSMqEn8gh+8=",
        "3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=",
        (
            "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
            "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=",
            "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
        ),
    ),
)
RANDOM = sha256(b"some other thing").digest()
EMPTY = sha256(b"").digest()


@dataclass(frozen=True)
class Inclusion:
    """The question whether a path proves a leaf."""

    index: int
    size: int
    leaf: bytes
    root: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class Consistency:
    """The question whether a path proves one tree a beginning of another."""

    size1: int
    size2: int
    root1: bytes
    root2: bytes
    path: tuple[bytes, ...]


INCLUSIONS = tuple(
    Inclusion(index, size, b64decode(leaf), b64decode(root), tuple(map(b64decode, path)))
    for index, size, leaf, root, path in _INCLUSION
)
CONSISTENCIES = tuple(
    Consistency(size1, size2, b64decode(root1), b64decode(root2), tuple(map(b64decode, path)))
    for size1, size2, root1, root2, path in _CONSISTENCY
)

WRONG_INCLUSIONS = (
    ("empty root and leaf", Inclusion(0, 1, b"", b"", ())),
    ("empty root", Inclusion(0, 1, RANDOM, b"", ())),
    ("empty leaf", Inclusion(0, 1, b"", EMPTY, ())),
    ("index is the size", Inclusion(1, 1, RANDOM, RANDOM, ())),
    ("no tree", Inclusion(0, 0, EMPTY, EMPTY, ())),
)
RIGHT_CONSISTENCIES = (
    ("sizes are equal one and proof is empty", Consistency(1, 1, b"dont care 2", b"dont care 2", ())),
    ("sizes are equal zero and proof is empty", Consistency(0, 0, EMPTY, EMPTY, ())),
)
WRONG_CONSISTENCIES = (
    ("roots do not match and sizes are zero", Consistency(0, 0, EMPTY, b"dont care 2", ())),
    ("size1 is zero, roots are no hashes", Consistency(0, 1, EMPTY, b"dont care 2", ())),
    ("sizes match but proof is not empty, zero", Consistency(0, 0, EMPTY, EMPTY, (RANDOM,))),
    ("sizes match but proof is not empty, one", Consistency(1, 1, RANDOM, RANDOM, (RANDOM,))),
    ("sizes are equal one but roots are not", Consistency(1, 1, RANDOM, EMPTY, ())),
    ("size1 is greater than size2", Consistency(2, 1, RANDOM, RANDOM, ())),
    ("sizes do not match and proof is empty", Consistency(1, 2, RANDOM, RANDOM, ())),
)


def altered_inclusions(right: Inclusion) -> Iterator[tuple[str, Inclusion]]:
    """Questions whose answer is no, each with the name of the alteration."""
    path, root = right.path, right.root
    for name, index in (("minus 1", right.index - 1), ("plus 1", right.index + 1), ("XOR 2", right.index ^ 2)):
        yield f"index {name}", replace(right, index=index)
    for name, size in (("times 2", right.size * 2), ("div 2", right.size // 2)):
        # Half of a tree that the leaf is not in, or twice one that fits no path of this length.
        yield f"size {name}", replace(right, size=size)
    yield "wrong leaf", replace(right, leaf=RANDOM)
    yield "random root", replace(right, root=RANDOM)
    yield "empty root", replace(right, root=EMPTY)
    yield "empty root and random leaf", replace(right, root=EMPTY, leaf=RANDOM)
    yield from ((name, replace(right, path=other)) for name, other in _altered_paths(path, (root,)))


def altered_consistencies(right: Consistency) -> Iterator[tuple[str, Consistency]]:
    """Questions whose answer is no, each with the name of the alteration."""
    for name, size in (("minus 1", right.size1 - 1), ("plus 1", right.size1 + 1), ("XOR 2", right.size1 ^ 2)):
        yield f"size1 {name}", replace(right, size1=size)
    for name, size in (("times 2", right.size2 * 2), ("div 2", right.size2 // 2)):
        yield f"size2 {name}", replace(right, size2=size)
    yield "wrong root1", replace(right, root1=RANDOM)
    yield "wrong root2", replace(right, root2=RANDOM)
    if right.root1 != right.root2:
        yield "swapped roots", replace(right, root1=right.root2, root2=right.root1)
    found = _altered_paths(right.path, (right.root1, right.root2))
    yield from ((name, replace(right, path=other)) for name, other in found)


def _altered_paths(path: tuple[bytes, ...], roots: tuple[bytes, ...]) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    for name, node in (("garbage", RANDOM), ("no hash", b"trailing"), *(("root", root) for root in roots)):
        yield f"preceding {name}", (node, *path)
        yield f"trailing {name}", (*path, node)
    if not path:
        return
    yield "empty path", ()
    yield "truncated path", path[:-1]
    yield "removed component", path[1:]
    yield "preceding path", (path[0], *path)
    yield "inserted component", (path[0], RANDOM, *path[1:])
    for number, node in enumerate(path):
        for bit in (3, 4, 255):
            other = bytearray(node)
            other[bit // 8] ^= 1 << bit % 8
            yield f"modified component {number} bit {bit}", (*path[:number], bytes(other), *path[number + 1 :])
