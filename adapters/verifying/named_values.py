"""What records name by digest, verified: everything that is named is there, and everything that is there is sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from adapters.sealing.sealed import SealedCheck
from adapters.store.moving import moved_to
from adapters.store.tables import unpack
from adapters.verifying.raw import RawStore
from adapters.verifying.verification import Check, Finding
from knowledge.values import digest, parse_canonical

Owners = Mapping[str, tuple[int, str | None]]
"""By digest: place and id of the first record that names it."""


def check_named_values(raw: RawStore, owners: Owners, sealed: SealedCheck) -> Iterator[Finding]:
    """Findings about rows of `blob`, sound or not named by anything, and about names without a row."""
    found: set[str] = set()
    # By the place of the row, not by its name: two rows of one name are both read.
    place, kind = ("rowid", "INTEGER") if raw.sqlite else ("ctid", "tid")
    names = f"SELECT CAST({place} AS TEXT), digest FROM blob"  # noqa: S608  ours
    kept_at = f"SELECT packed_hash, packed FROM blob WHERE {place} = CAST(:row AS {kind})"  # noqa: S608  ours
    with raw.guarded("blob"):
        for row, name in raw.streamed("names", names):
            seq, owner = owners.get(name, (None, None))
            with raw.guarded(str(name), seq, owner):
                kept = raw.ask(kept_at, row=row).first()
                number = moved_to(kept[1]) if kept else None
                if number is not None:
                    fault = sealed.value_fault(number, name, owner is not None)
                else:
                    fault = _fault(name, *kept) if kept else "its row cannot be found"
                if fault:
                    yield Finding(Check.BYTES, seq, owner, str(name), fault)
            found.add(name)
    for name, (seq, owner) in owners.items():
        if name not in found:
            sentence = "the record names it, but nothing is stored under it"
            yield Finding(Check.BYTES, seq, owner, name, sentence)


def _fault(name: object, packed_hash: object, packed: object) -> str:
    """Why this row of `blob` does not hold; empty if it does."""
    content = unpack(packed)
    if content is None or not isinstance(packed, bytes):
        return "what is stored cannot be unpacked"
    if digest(content) != name:
        return "what is stored has another digest"
    if sha256(packed).digest() != packed_hash:
        return "the packed bytes do not have the hash stored beside them"
    try:
        parse_canonical(content)
    except (ValueError, RecursionError) as fault:
        return f"what is stored is not canonical JSON: {fault}"
    return ""
