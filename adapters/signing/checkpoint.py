"""Checkpoints: size and root of the log's tree in a signed note, as C2SP *tlog-checkpoint* prescribes. Pure functions.

The text is three lines: the *origin* (which log), the number of records in decimal, the root in base64. More lines may
follow, and are kept as they are; this program writes none. A log signs by its origin's name.

Who keeps a checkpoint elsewhere can tell later that the log has not forgotten or rewritten anything it covers. What
that is worth depends on where the verifier's key comes from: `adapters.audit.trust`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass

from adapters.audit.merkle import HASH_BYTES
from adapters.signing import note
from adapters.signing.note import Malformed, Note, Signer

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MOST = (1 << 63) - 1
_LEAST_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a tree: its `root` (32 bytes) over `size` records of the log that is called `origin`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was read. Its signatures have not been looked at."""

    checkpoint: Checkpoint
    note: Note
    content: bytes

    @property
    def size(self) -> int:
        """Records that it covers."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root over them."""
        return self.checkpoint.root


def origin_of(desk: str) -> str:
    """What the log of a desk is called. A desk's name may have a plus, a key's may not."""
    return f"warrant/{desk.replace('%', '%25').replace('+', '%2B')}"


def signed(checkpoint: Checkpoint, *signers: Signer) -> bytes:
    """The checkpoint as a signed note. Raises `Malformed` where it could not be read back."""
    content = note.sign(checkpoint.text, *signers)
    if read(content).checkpoint != checkpoint:
        raise Malformed("the checkpoint does not say what was meant")
    return content


def read(content: bytes) -> SignedCheckpoint:
    """The checkpoint in these bytes. Raises `Malformed`."""
    found = note.read(content)
    lines = found.text[:-1].split("\n")
    if len(lines) < _LEAST_LINES:
        raise Malformed("a checkpoint has an origin, a size and a root, a line each", len(lines) + 1)
    for number, line in enumerate(lines, 1):
        if not line:
            raise Malformed("a line of the checkpoint is empty", number)
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size) or int(size) > _MOST:
        raise Malformed("the size is no whole number in plain digits", 2)
    hashed = note.unbased(root)
    if hashed is None or len(hashed) != HASH_BYTES:
        raise Malformed(f"the root is not {HASH_BYTES} bytes in base64", _LEAST_LINES)
    return SignedCheckpoint(Checkpoint(origin, int(size), hashed, tuple(extensions)), found, content)
