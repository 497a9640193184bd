"""Proofs that a stranger checks without the log: that a record is in it, that one checkpoint goes on from another.

- An inclusion proof is a text as C2SP *tlog-proof* v1 prescribes: the record's canonical bytes in base64 (`extra`), its
  place (`index`), the audit path, a hash a line, an empty line, and the checkpoint it is proved against.
- A consistency proof is a JSON object: `format`, both checkpoints as they are (`from`, `to`), and the `path` in base64.

Pure functions over bytes. Who reads one needs nothing else but the verifier key, from elsewhere.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.audit.envelope import derived_id
from adapters.audit.merkle import HASH_BYTES, leaf_hash, verify_consistency, verify_inclusion
from adapters.signing import checkpoint, note
from adapters.signing.checkpoint import SignedCheckpoint
from adapters.signing.note import Malformed, Untrusted, VerifierKey
from knowledge.values import Json, canonical, parse

FORM = "c2sp.org/tlog-proof@v1"
CONSISTENCY = "warrant-consistency/1"
MOST_BYTES, MOST_PATH = 1 << 26, 64
_PLACE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That the record with these bytes stands at `index` of the log that `signed` covers."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    signed: SignedCheckpoint

    @property
    def content(self) -> bytes:
        """The proof as a text."""
        lines = [FORM, f"extra {_base64(self.leaf)}", f"index {self.index}", *map(_base64, self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.signed.content

    @property
    def record(self) -> Json:
        """The record that is proved, or None where the bytes are none."""
        try:
            found = parse(self.leaf)
            sound = isinstance(found, dict) and canonical(found) == self.leaf
            return found if sound and derived_id(found) == found.get("record_id") else None
        except (ValueError, RecursionError):
            return None

    def objections(self, keys: Sequence[VerifierKey]) -> Iterator[str]:
        """What is wrong with it, for somebody who trusts these keys; nothing where it holds."""
        yield from _unsigned(self.signed, keys, "the checkpoint")
        size, root = self.signed.size, self.signed.root
        if not verify_inclusion(leaf_hash(self.leaf), self.index, size, self.path, root):
            yield f"the path does not lead from this record at #{self.index} to the root over {size} records"
        if self.record is None:
            yield "the bytes are no record in canonical form with its own id"
        elif self.record.get("seq") != self.index:
            yield f"the record says that its place is #{self.record.get('seq')}, the proof #{self.index}"


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the log of `new` goes on from that of `old`: nothing that `old` covers was taken out or changed."""

    old: SignedCheckpoint
    new: SignedCheckpoint
    path: tuple[bytes, ...]

    @property
    def content(self) -> bytes:
        """The proof as JSON."""
        notes = {"from": self.old.content.decode(), "to": self.new.content.decode()}
        written = {"format": CONSISTENCY, **notes, "path": [_base64(node) for node in self.path]}
        return json.dumps(written, indent=2, ensure_ascii=False).encode() + b"\n"

    def objections(self, keys: Sequence[VerifierKey]) -> Iterator[str]:
        """What is wrong with it, for somebody who trusts these keys; nothing where it holds."""
        yield from _unsigned(self.old, keys, "the earlier checkpoint")
        yield from _unsigned(self.new, keys, "the later checkpoint")
        old, new = self.old, self.new
        if old.checkpoint.origin != new.checkpoint.origin:
            yield f"they are of two logs, `{old.checkpoint.origin}` and `{new.checkpoint.origin}`"
        if not verify_consistency(old.size, new.size, old.root, new.root, self.path):
            yield f"the path does not show that the log of {new.size} records goes on from that of {old.size}"


def read(content: bytes) -> Inclusion | Consistency:
    """The proof in these bytes, of either sort. Raises `Malformed`."""
    if len(content) > MOST_BYTES:
        raise Malformed(f"it has more than {MOST_BYTES} bytes")
    return _consistency(content) if content.lstrip().startswith(b"{") else _inclusion(content)


def _inclusion(content: bytes) -> Inclusion:
    head, empty, under = content.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as fault:
        raise Malformed("a proof is plain ASCII up to its checkpoint", head[: fault.start].count(b"\n") + 1) from None
    if lines[0] != FORM:
        raise Malformed(f"the first line of a proof is `{FORM}`, or it begins with a brace")
    if not empty:
        raise Malformed("no checkpoint stands under an empty line", len(lines) + 1)
    leaf, at = None, 1
    if len(lines) > at and lines[at].startswith("extra "):
        leaf, at = note.unbased(lines[at].removeprefix("extra ")), at + 1
    if leaf is None:
        raise Malformed("the second line is `extra` and the record's bytes in base64", 2)
    index = lines[at].removeprefix("index ") if len(lines) > at and lines[at].startswith("index ") else ""
    if not _PLACE.fullmatch(index):
        raise Malformed("a line `index` with a whole number is due here", at + 1)
    path = _path(lines[at + 1 :], at + 2)
    return Inclusion(leaf, int(index), path, _checkpoint(under, len(lines) + 1))


def _consistency(content: bytes) -> Consistency:
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        line = getattr(fault, "lineno", 1)
        raise Malformed("it begins like JSON and is none", line) from None
    if not isinstance(found, dict) or found.get("format") != CONSISTENCY or set(found) != _MEMBERS:
        raise Malformed(f"it is no JSON object of the format `{CONSISTENCY}`, with {', '.join(sorted(_MEMBERS))}")
    texts = [found["from"], found["to"]]
    if not all(isinstance(text, str) for text in texts) or not isinstance(found["path"], list):
        raise Malformed("`from` and `to` are texts, `path` is a list")
    old, new = (_checkpoint(text.encode("utf-8", "replace"), 0) for text in texts)
    return Consistency(old, new, _path(found["path"], 1))


_MEMBERS = {"format", "from", "to", "path"}


def _path(lines: Sequence[object], first: int) -> tuple[bytes, ...]:
    if len(lines) > MOST_PATH:
        raise Malformed(f"a path has at most {MOST_PATH} hashes", first)
    found = []
    for number, line in enumerate(lines, first):
        node = note.unbased(line) if isinstance(line, str) else None
        if node is None or len(node) != HASH_BYTES:
            raise Malformed(f"a hash of the path is not {HASH_BYTES} bytes in base64", number)
        found.append(node)
    return tuple(found)


def _checkpoint(content: bytes, before: int) -> SignedCheckpoint:
    try:
        return checkpoint.read(content)
    except Malformed as fault:
        raise Malformed(f"its checkpoint: {fault}", fault.line + before) from None


def _unsigned(signed: SignedCheckpoint, keys: Sequence[VerifierKey], what: str) -> Iterator[str]:
    try:
        signers = signed.note.signers(keys)
    except Untrusted as fault:
        yield f"{what} of {signed.size} records: {fault}"
        return
    if all(key.name != signed.checkpoint.origin for key in signers):
        yield f"{what} is of the log `{signed.checkpoint.origin}`, and a key of another name signed it"


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()
