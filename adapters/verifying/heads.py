"""Checkpoints held against a log: those that were kept elsewhere, and those that lie in its own store.

Rules:
- the root over the first n records, hashed again, is the one that a checkpoint of n says. Fewer records: the tail was
  cut off, or what stands before it rewritten with less. Another root: what it covers was rewritten. Either happened
  after the largest checkpoint that still agrees;
- its signature is by the key in force at its size, where the log enrols keys; else by a key that was given, or by the
  one that lies beside it in the store;
- where keys were given, one of them signed or vouches for the signer. Where none was, the log itself names the key that
  it is checked by, and whoever rewrites a log can write another key into it: that is said, in words;
- the checkpoints in the store are numbered without a gap, and one that was given is among them as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.audit.merkle import EMPTY_ROOT, CompactRange
from adapters.signing import checkpoint
from adapters.signing.checkpoint import SignedCheckpoint, origin_of
from adapters.signing.log_keys import LogKeys
from adapters.signing.note import Malformed, Untrusted, VerifierKey
from adapters.store.migrating import keeps_checkpoints
from adapters.verifying.raw import RawStore
from adapters.verifying.verification import Check, Finding
from knowledge.values import Json


@dataclass(frozen=True, slots=True)
class Given:
    """A checkpoint that was kept elsewhere, and where it was read."""

    name: str
    signed: SignedCheckpoint


@dataclass(frozen=True, slots=True)
class _Head:
    """A checkpoint to hold against the log, what it is called in findings, and the key that lies beside it."""

    name: str
    signed: SignedCheckpoint
    beside: VerifierKey | None = None


class HeadsCheck:
    """Follows a walk over the log and says at its end which checkpoints do not hold."""

    def __init__(self, given: Sequence[Given] = (), keys: Sequence[VerifierKey] = ()) -> None:
        self._keys, self._log_keys, self._origin = set(keys), LogKeys(), ""
        self._given = [_Head(one.name, one.signed) for one in given]
        self._kept: list[_Head] = []
        self._keeps = False
        self._damage: list[Finding] = []
        self._roots: dict[int, bytes | None] = {0: EMPTY_ROOT}
        self._wanted: set[int] = set()
        self._signers: dict[VerifierKey, str] = {}

    @property
    def given(self) -> bool:
        """Whether there is anything to hold against the log."""
        return bool(self._given or self._kept or self._damage or self._keys)

    def read(self, raw: RawStore) -> None:
        """Read the checkpoints in the store."""
        self._keeps = keeps_checkpoints(raw.connection)
        if self._keeps:
            with raw.guarded("checkpoint"):
                rows = raw.ask("SELECT number, size, vkey, note FROM checkpoint ORDER BY number").all()
                for place, row in enumerate(rows, 1):
                    self._read_row(place, *row)
        self._wanted = {head.signed.size for head in (*self._given, *self._kept)}

    def walked(self, record: Json | None, grown: CompactRange | None, size: int) -> None:
        """One more record: the tree over the first `size` is `grown`; None where it cannot be told any more."""
        if size in self._wanted:
            self._roots[size] = grown.root if grown is not None else None
        if record is not None:
            self._origin = self._origin or origin_of(str(record["desk"]))
            self._log_keys.feed(record)

    def findings(self, size: int) -> Iterator[Finding]:
        """What does not hold of a log that has `size` records."""
        yield from self._damage
        heads = sorted((*self._given, *self._kept), key=lambda one: one.signed.size)
        if self._keys and not heads:
            # Whoever rewrites a log can take its checkpoints away.
            yield _about("checkpoint", "there is none that the keys you gave could have signed; give `--against`")
        agreed = 0
        for head in heads:
            against = list(self._signature(head, size))
            yield from against
            other = self._root_finding(head, size, agreed)
            if other is not None:
                yield other
            elif not against:
                agreed = head.signed.size
        if self._keeps:
            for head in self._given:
                yield from self._among_kept(head, size)

    def notes(self) -> tuple[str, ...]:
        """By which keys the checkpoints hold, and what that is worth."""
        counted = f"{len(self._kept)} kept in the store, {len(self._given)} given from elsewhere"
        if not self._given:
            counted += ": only one kept elsewhere shows that the tail was cut off together with its checkpoints"
        signers = (f"{key.name}+{key.id.hex()}: {words}" for key, words in self._signers.items())
        return (f"checkpoints: {counted}", *signers) if self.given else ()

    # What lies in the store

    def _read_row(self, place: int, number: object, size: object, vkey: object, content: object) -> None:
        name = f"checkpoint {number}"
        if number != place:
            self._damaged(f"checkpoint {place}", "it is missing from the checkpoints of the store")
        try:
            signed = checkpoint.read(content if isinstance(content, bytes) else b"")
        except Malformed as fault:
            self._damaged(name, f"line {fault.line} of the note: {fault}")
            return
        try:
            beside: VerifierKey | None = VerifierKey.read(vkey if isinstance(vkey, str) else "")
        except Malformed as fault:
            self._damaged(name, f"`vkey`: {fault}")
            beside = None
        if size != signed.size:
            self._damaged(name, f"`size`: the column says {size!r}, the note {signed.size}")
        if self._kept and signed.size < self._kept[-1].signed.size:
            self._damaged(name, "`size`: it covers fewer records than the one before it")
        self._kept.append(_Head(name, signed, beside))

    def _damaged(self, name: str, sentence: str) -> None:
        self._damage.append(_about(name, sentence))

    def _among_kept(self, head: _Head, size: int) -> Iterator[Finding]:
        """A checkpoint was kept here when it was made, so one of a size that the log has is missed here."""
        signed = head.signed
        same = [one.signed.note for one in self._kept if one.signed.size == signed.size]
        if signed.size > size or signed.checkpoint.origin != self._origin:
            return
        if not same:
            yield _about(head.name, f"the store does not keep this checkpoint of {signed.size} records any more")
        elif not any(
            one.text == signed.note.text and set(one.signatures) <= set(signed.note.signatures) for one in same
        ):
            yield _about(head.name, f"the store keeps another checkpoint of {signed.size} records")

    # What it says

    def _root_finding(self, head: _Head, size: int, agreed: int) -> Finding | None:
        covered = head.signed.size
        if covered > size:
            sentence = f"it covers {covered} records, the log has {size}: cut off since, {_span(size, covered)}"
            if agreed < size:
                sentence += f"; perhaps rewritten, {_span(agreed, size)}"
            return Finding(Check.CHECKPOINTS, size, None, head.name, sentence)
        root = self._roots.get(covered)
        if root == head.signed.root:
            return None
        if root is None:
            return _about(head.name, f"the root over the first {covered} records cannot be told: records are missing")
        sentence = f"its root is not that of the first {covered} records: rewritten since, in {_span(agreed, covered)}"
        return Finding(Check.CHECKPOINTS, agreed if agreed < covered else None, None, head.name, sentence)

    # Who signed it

    def _signature(self, head: _Head, size: int) -> Iterator[Finding]:
        signed = head.signed
        if self._origin and signed.checkpoint.origin != self._origin:
            sentence = f"it is of the log `{signed.checkpoint.origin}`, and this is `{self._origin}`"
            yield _about(head.name, sentence)
        try:
            signer = self._signer(head, size)
        except Untrusted as fault:
            yield _about(head.name, str(fault))
            return
        if head.beside is not None and head.beside != signer:
            yield _about(head.name, "`vkey`: the key beside it is not the one that signed it")
        voucher = self._log_keys.vouched(signer, self._keys)
        if voucher is None and self._keys:
            yield _about(head.name, f"no key that you gave signed it or vouches for `{signer.text}`, which did")
        self._signers[signer] = _worth(signer, voucher, self._log_keys)

    def _signer(self, head: _Head, size: int) -> VerifierKey:
        """The key that signed. Raises `Untrusted`."""
        signed, log_keys = head.signed, self._log_keys
        if not log_keys.tenures:
            known = self._keys or ({head.beside} if head.beside else {one.beside for one in self._kept if one.beside})
            if not known:
                raise Untrusted("neither log nor store names a key that may have signed it; give `--key`")
            return signed.note.signers(sorted(known, key=lambda key: key.text))[0]
        if signed.size > size:
            # Its key may have been enrolled by a record that is gone.
            every = {*self._keys, *(one.key for one in log_keys.tenures)}
            return signed.note.signers(sorted(every, key=lambda key: key.text))[0]
        due = log_keys.at(signed.size)
        if due is not None:
            try:
                return signed.note.signers([due.key])[0]
            except Untrusted as fault:
                told = str(fault)
        else:
            told = f"no key was in force over the first {signed.size} records"
        raise Untrusted("; ".join([told, *self._others(signed)]))

    def _others(self, signed: SignedCheckpoint) -> Iterator[str]:
        """Which other keys of the log did sign it, and why that does not count."""
        for tenure in self._log_keys.tenures:
            try:
                signed.note.signers([tenure.key])
            except Untrusted:
                continue
            if tenure.until is not None and signed.size > tenure.until:
                what = "revoked" if tenure.revoked else "replaced"
                yield f"`{tenure.key.name}+{tenure.key.id.hex()}`, which signed it, was {what} with #{tenure.until}"


def _worth(signer: VerifierKey, voucher: VerifierKey | None, log_keys: LogKeys) -> str:
    if voucher == signer:
        return "signed by a key that you gave"
    if voucher is not None:
        return f"signed by a key that {voucher.name}+{voucher.id.hex()}, which you gave, vouches for"
    where = "the log" if log_keys.of(signer) else "the store"
    return (
        f"signed by a key that {where} itself names: whoever can rewrite it can put another there; give `--key` with"
        " the verifier key that you noted elsewhere"
    )


def _span(begin: int, end: int) -> str:
    return f"#{begin}" if end <= begin + 1 else f"#{begin} to #{end - 1}"


def _about(name: str, sentence: str) -> Finding:
    return Finding(Check.CHECKPOINTS, None, None, name, sentence)
