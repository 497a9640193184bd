"""Signed notes: a text and the signatures under it, as C2SP *signed-note* v1 prescribes. Pure functions over bytes.

- A note is valid UTF-8 without control characters but newline; its last empty line parts text and signatures; a
  signature line is `— NAME BASE64`, of four bytes of key id and the signature.
- A key is known by its name and id together. The id is the beginning of SHA-256(name, newline, type, public key), so
  that one key under two names has two ids. Its text form, the *verifier key*, is `NAME+ID+BASE64`.
- Signatures of keys that nobody knows are passed over. One of a known key that does not hold refuses the whole note.
- Only Ed25519 (type 1, RFC 8032). Base64 is read strictly: one spelling of each value, so that a note has one form.

What cannot be read is `Malformed`, with the line where it is, and nothing else is ever raised by reading.

Left out: cosignatures of witnesses (types 4 and 6), which are passed over like any unknown signature.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519: Final = b"\x01"
KEY_BYTES, ID_BYTES, SIGNATURE_BYTES = 32, 4, 64
MOST_BYTES, MOST_SIGNATURES = 1 << 20, 100
_DASH = "\N{EM DASH} "


class Malformed(ValueError):
    """These bytes are no note, key or checkpoint. `line` counts from 1."""

    def __init__(self, sentence: str, line: int = 1) -> None:
        super().__init__(sentence)
        self.line = line


class Untrusted(ValueError):
    """No signature of a known key, or one that does not hold."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs by."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_BYTES]

    @property
    def text(self) -> str:
        """The verifier key, as people note it and commands take it."""
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The key of a text form. Raises `Malformed`."""
        # A name has no plus, base64 may.
        name, _, rest = text.partition("+")
        id_, _, encoded = rest.partition("+")
        if not rest or not encoded:
            raise Malformed("a verifier key is `NAME+ID+BASE64`")
        if why := name_fault(name):
            raise Malformed(why)
        material = unbased(encoded)
        if material is None or not material:
            raise Malformed("the last part of the verifier key is no base64")
        if material[:1] != ED25519 or len(material) != 1 + KEY_BYTES:
            raise Malformed("the verifier key is not one of Ed25519")
        key = cls(name, material[1:])
        if id_ != key.id.hex():
            why = f"`{id_}` is not the id of the name `{name}` with this key, which is `{key.id.hex()}`"
            raise Malformed(f"{why}: the name is wrong, or a character of the id or the key")
        return key

    def holds(self, signature: bytes, content: bytes) -> bool:
        """Whether this is the key's signature over these bytes."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the name it signs by. Raises `Malformed` for a name that no key has."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        if why := name_fault(self.name):
            raise Malformed(why)

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, content: bytes) -> bytes:
        """The signature over these bytes. The same bytes always have the same one."""
        return self.private.sign(content)


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note, as it is written; nothing is known of its key."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and who says to have signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def signers(self, known: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """The known keys that signed this, each once. Raises `Untrusted` where none did or one's does not hold."""
        keys = {(key.name, key.id): key for key in known}
        found: dict[VerifierKey, None] = {}
        for each in self.signatures:
            key = keys.get((each.name, each.key_id))
            if key is None:
                continue
            if not key.holds(each.signature, self.text.encode()):
                raise Untrusted(f"the signature by `{key.name}+{key.id.hex()}` does not hold")
            found[key] = None
        if not found:
            raise Untrusted(f"it is signed by {self.names}, and no such key is known")
        return tuple(found)

    @property
    def names(self) -> str:
        """Who says to have signed, in words."""
        return ", ".join(f"`{each.name}+{each.key_id.hex()}`" for each in self.signatures)


def sign(text: str, *signers: Signer) -> bytes:
    """The note of a text with the signatures of these. Raises `Malformed` where no note can hold the text."""
    lines = [f"{_DASH}{one.name} {b64encode(one.key.id + one.sign(text.encode())).decode()}\n" for one in signers]
    written = f"{text}\n{''.join(lines)}".encode()
    if read(written).text != text:
        raise Malformed("the text does not end where its signatures begin")
    return written


def read(content: bytes) -> Note:
    """The note in these bytes. Raises `Malformed`."""
    if len(content) > MOST_BYTES:
        raise Malformed(f"it has more than {MOST_BYTES} bytes")
    try:
        whole = content.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Malformed("it is no UTF-8", content[: fault.start].count(b"\n") + 1) from None
    for place, sign_ in enumerate(whole):
        if sign_ < " " and sign_ != "\n":
            raise Malformed("it has a control character", whole[:place].count("\n") + 1)
    before, empty_line, under = whole.rpartition("\n\n")
    if not empty_line or not under:
        raise Malformed("no signatures stand under an empty line", whole.count("\n") + 1)
    text, first = before + "\n", before.count("\n") + 3
    if not under.endswith("\n"):
        raise Malformed("its last line does not end", whole.count("\n") + 1)
    lines = under[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise Malformed(f"it has more than {MOST_SIGNATURES} signatures", first + MOST_SIGNATURES)
    return Note(text, tuple(_signature(line, first + number) for number, line in enumerate(lines)))


def name_fault(name: str) -> str:
    """Why no key is called so; empty where one may be."""
    if not name:
        return "the name of a key is empty"
    if "+" in name or any(sign.isspace() or sign < " " for sign in name):
        return "the name of a key has a space or a plus"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "the name of a key is no text"
    return ""


def unbased(encoded: str) -> bytes | None:
    """The bytes of a base64 text in its one spelling; None where it has another, or is none."""
    try:
        found = b64decode(encoded.encode("ascii"), validate=True)
    except ValueError:
        return None
    return found if b64encode(found).decode() == encoded else None


def _signature(line: str, number: int) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise Malformed("a line of a signature begins with an em dash and a space", number)
    if why := name_fault(name):
        raise Malformed(why, number)
    raw = unbased(encoded)
    if raw is None or len(raw) <= ID_BYTES:
        raise Malformed("what follows the name is no signature in base64", number)
    return Signature(name, raw[:ID_BYTES], raw[ID_BYTES:])
