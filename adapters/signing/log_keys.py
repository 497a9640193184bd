"""The keys that sign a log's checkpoints: which one was in force when, and who vouches for it.

Rules:
- the first key is *enrolled* by a record of the log, signed by that key itself: it is somebody's, and trusted by
  whoever noted it then. What it signed before that record counts, too;
- a key is *rotated* by a record that names both, signed by the former for the new one and by the new one;
- a key that was lost or stolen is *revoked*, signed by it where it is still at hand. Then the next one is enrolled
  again, and nothing before it vouches for it;
- a checkpoint over n records is signed by the key in force at n: that of the last such record among those n. So what a
  former or a revoked key signs later does not count, and what it signed before goes on counting;
- no key comes twice, so that no old record can be played again.

Left out: who holds a key file. The record says who asked, and nothing proves it.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.signing.checkpoint import origin_of
from adapters.signing.note import Malformed, VerifierKey
from knowledge.values import Json, canonical

STATEMENT: Final = "warrant-log-key/1"
SIGNED: Final = ("desk", "mode", "action", "vkey", "former", "who", "reason", "asked_at")
ENROL, ROTATE, REVOKE = "enrol", "rotate", "revoke"
EVER: Final = -1
"""Where the tenure of the first key begins: it may have signed before the log named it."""
Complaint = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tenure:
    """A key, and the trees that it signs: those of more than `since` records, and at most `until` (None: no end)."""

    key: VerifierKey
    since: int
    until: int | None = None
    revoked: bool = False
    former: VerifierKey | None = None
    """The key that signed for this one; None for one that was enrolled."""

    def covers(self, size: int) -> bool:
        """Whether this is the key that signs a tree of this size."""
        return self.since < size and (self.until is None or size <= self.until)


class LogKeys:
    """A fold over the records of kind `key`."""

    def __init__(self) -> None:
        self.tenures: list[Tenure] = []

    @property
    def current(self) -> VerifierKey | None:
        """The key in force at the end of what was folded."""
        last = self.tenures[-1] if self.tenures else None
        return last.key if last is not None and last.until is None else None

    def at(self, size: int) -> Tenure | None:
        """The key in force over the first `size` records."""
        return next((one for one in self.tenures if one.covers(size)), None)

    def of(self, key: VerifierKey) -> Tenure | None:
        """When this key was in force."""
        return next((one for one in self.tenures if one.key == key), None)

    def vouched(self, key: VerifierKey, given: set[VerifierKey]) -> VerifierKey | None:
        """The one of `given` that signed for the key, or for the one that did, and so on; the key itself, if given."""
        at: VerifierKey | None = key
        while at is not None and at not in given:
            tenure = self.of(at)
            at = tenure.former if tenure else None
        return at

    def feed(self, record: Json) -> tuple[Complaint, ...]:
        """Fold a record of the shape of its kind; what is wrong with it, and what does not hold changes nothing."""
        if record["kind"] != "key":
            return ()
        found = tuple(self._complaints(record))
        if not found:
            self._take(record)
        return found

    def _take(self, record: Json) -> None:
        seq, key = record["seq"], VerifierKey.read(record["vkey"])
        former = None
        if record["action"] in (ROTATE, REVOKE):
            last = self.tenures.pop()
            former = last.key if record["action"] == ROTATE else None
            revoked = record["action"] == REVOKE
            self.tenures.append(Tenure(last.key, last.since, seq, revoked, last.former))
        if record["action"] != REVOKE:
            since = seq if self.tenures else EVER
            self.tenures.append(Tenure(key, since, former=former))

    def _complaints(self, record: Json) -> Iterator[Complaint]:
        try:
            key = VerifierKey.read(record["vkey"])
        except Malformed as fault:
            yield "vkey", str(fault)
            return
        if key.name != origin_of(record["desk"]):
            yield "vkey", f"a key of this log is called `{origin_of(record['desk'])}`"
        if record["action"] == REVOKE:
            yield from self._revoked(record, key)
            return
        if self.of(key) is not None:
            yield "vkey", "this key was enrolled before"
        if not holds(key, record.get("proof"), record):
            yield "proof", "it is not the signature of the key that it enrols"
        if record["action"] == ROTATE:
            yield from self._rotated(record)
        elif self.current is not None:
            yield "action", "another key is in force, which did not sign for this one"

    def _revoked(self, record: Json, key: VerifierKey) -> Iterator[Complaint]:
        if key != self.current:
            yield "vkey", "the key that is revoked is not in force"
        claimed, signature = record.get("claimed"), record.get("signature")
        if claimed is True:
            if signature is not None:
                yield "claimed", "it is signed and said to be claimed"
        elif not holds(key, signature, record):
            yield "signature", "it is not the signature of the key that it revokes"

    def _rotated(self, record: Json) -> Iterator[Complaint]:
        former = self.current
        if former is None or record.get("former") != former.text:
            yield "former", "this key was not in force before"
        elif not holds(former, record.get("signature"), record):
            yield "signature", "the former key did not sign for this one"


def statement(record: Mapping[str, Json]) -> bytes:
    """The canonical bytes that the signatures of a key record are over; what it does not say is left out."""
    return canonical({"statement": STATEMENT, **{name: record[name] for name in SIGNED if name in record}})


def holds(key: VerifierKey, signature: Json, record: Mapping[str, Json]) -> bool:
    """Whether this is the key's signature, in base64, over the record's statement."""
    try:
        raw = b64decode(signature, validate=True) if isinstance(signature, str) else b""
    except ValueError:
        return False
    return key.holds(raw, statement(record))
