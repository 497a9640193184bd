"""What an approval says, and the signature over it (Ed25519, RFC 8032).

Signed are the canonical bytes of what the approval is about: what it was and what it becomes by digest, the verdict of
the comparison with the digest of all that it found, who, why, until when, when it was asked and by when it is to be
used, the proposal that it seconds, the desk, and the public key itself. A record
without a signature says that it is *claimed*: then nothing proves that the person named has seen it.

Left out: whose a key is. A desk takes the key that `[people] keys` of its warrant.toml lists when it adopts the limits.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final

from knowledge.values import Json, canonical

STATEMENT: Final = "warrant-approval/1"
SCHEME: Final = "ed25519:"
SIGNED: Final = (
    "desk", "mode", "what", "about", "old", "new", "verdict", "diff", "who", "reason", "until", "asked_at", "use_by",
    "proposal", "key",
)  # fmt: skip
_KEY_BYTES = 32


def statement(approval: Mapping[str, Json]) -> bytes:
    """The canonical bytes that a signature is over; what the approval does not say is left out."""
    return canonical({"statement": STATEMENT, **{name: approval[name] for name in SIGNED if name in approval}})


def key_text(raw: bytes) -> str:
    """A public key of 32 bytes as warrant.toml and records write it."""
    return SCHEME + b64encode(raw).decode()


def key_bytes(written: str) -> bytes:
    """The 32 bytes of a public key. Raises `ValueError`."""
    if not written.startswith(SCHEME):
        raise ValueError(f"it does not begin with `{SCHEME}`")
    raw = b64decode(written.removeprefix(SCHEME), validate=True)
    if len(raw) != _KEY_BYTES or key_text(raw) != written:
        raise ValueError(f"it is not {_KEY_BYTES} bytes in base64")
    return raw


def objection(approval: Mapping[str, Json]) -> str:
    """Why this record does not say who approved; empty where it is openly claimed, or its signature holds."""
    signature, key = approval.get("signature"), approval.get("key")
    if signature is None and key is None:
        return "" if approval.get("claimed") is True else "it is neither signed nor said to be claimed"
    if approval.get("claimed"):
        return "it is signed and said to be claimed"
    if not isinstance(signature, str) or not isinstance(key, str):
        return "it needs both `key` and `signature`"
    return (
        "" if _holds(key, signature, statement(approval)) else "the signature is not one over this approval by its key"
    )


def _holds(key: str, signature: str, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key_bytes(key)).verify(b64decode(signature, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True
