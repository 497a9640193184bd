"""What a row of `leaf` holds in place of a record's bytes, and back: nine tenths of a log are decisions and pack well.

Rules:
- a row holds canonical bytes as they are (they begin with `{`), or packed, or the number of the segment that has them
  (`adapters.store.moving`); the forms may stand side by side, and rows written plain are never rewritten;
- packed is `~`, the CRC-32 of what follows (4 bytes, the highest first), and a zlib stream. Neither of the others
  begins so. Tree, ids, proofs and exports are over the unpacked bytes and know nothing of it;
- only what has `LEAST` to `MOST` bytes and gets shorter is packed; nothing else unpacks, so that one record has few
  forms and a row cannot fill the memory.

The hash of the leaf vouches for what comes out. The CRC is there for what does not change it: padding between the
stream's end and its checksum, or another way to say the same. It shows every flip of up to 32 bits in a row; one who
writes the store can make it anew, and has then changed no record.
"""

from __future__ import annotations

import zlib

PACKED = b"~"
LEAST, MOST = 1 << 10, 1 << 24
"""Bytes of a record that is packed."""
_LEVEL = 1  # Every commit waits for it: the next levels cost more time than they save room.
_HEAD = len(PACKED) + 4


class NotUnpacked(ValueError):
    """A packed row that is damaged. One sentence."""


def packed(content: bytes) -> bytes:
    """What a row holds of a record's canonical bytes."""
    if not LEAST <= len(content) <= MOST:
        return content
    stream = zlib.compress(content, _LEVEL)
    row = PACKED + zlib.crc32(stream).to_bytes(4) + stream
    return row if len(row) < len(content) else content


def unpacked(row: bytes) -> bytes:
    """The bytes that `packed` was given; a row that is not packed, or is no bytes, as it is. Raises `NotUnpacked`."""
    if not isinstance(row, bytes) or row[:1] != PACKED:
        return row
    stream = row[_HEAD:]
    if zlib.crc32(stream).to_bytes(4) != row[len(PACKED) : _HEAD]:
        raise NotUnpacked("the packed bytes do not have the checksum before them")
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(stream, MOST + 1)
    except zlib.error:
        raise NotUnpacked("the packed bytes cannot be unpacked") from None
    if len(content) > MOST:
        raise NotUnpacked(f"the packed bytes are of more than {MOST} bytes")
    if not unpacking.eof:
        raise NotUnpacked("the packed bytes end too early")
    if unpacking.unused_data or len(content) < LEAST or len(row) >= len(content):
        raise NotUnpacked("the packed bytes are not as they are written")
    return content
