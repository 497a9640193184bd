"""Key pairs of people who approve: a private key in a file of its owner, the public one for warrant.toml.

Rules:
- the private key is PKCS #8 in PEM, readable by its owner alone; no command writes over a file, stores a key anywhere
  else, or prints one;
- a key file that others may read signs nothing: who could have copied it nobody knows.

Left out: passwords on key files, hardware keys, and a sign-in (issue 6).
"""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.desk.folder import shown
from adapters.people.approvals import key_text
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_key(file: Path) -> str:
    """Write a new private key; the public one as warrant.toml takes it. Raises `Faulty` where the file cannot be."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        place = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _fault(file, "there is a file already, and no key is written over; name another") from None
    except OSError as error:
        raise _fault(file, f"it cannot be written: {error.strerror}; name another") from None
    with os.fdopen(place, "wb") as output:
        output.write(text)
    return public_text(key)


def read_key(file: Path) -> Ed25519PrivateKey:
    """The private key in a file. Raises `Faulty`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with file.open("rb") as source:
            others = stat.S_IMODE(os.fstat(source.fileno()).st_mode) & _OTHERS
            text = source.read()
    except OSError as error:
        raise _fault(file, f"the key cannot be read: {error.strerror}; `warrant keys make` makes one") from None
    if others:
        raise _fault(
            file, f"others may read this key; make it yours alone (`chmod 600 {shown(file)}`) or make a new one"
        )
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _fault(file, "this is no private key without a password in PEM; `warrant keys make` makes one") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _fault(file, "this key is of another sort than Ed25519; `warrant keys make` makes one")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half, as warrant.toml and records write it."""
    return key_text(key.public_key().public_bytes_raw())


def signature(key: Ed25519PrivateKey, content: bytes) -> str:
    """The signature over these bytes, in base64."""
    return b64encode(key.sign(content)).decode()


def _fault(file: Path, words: str) -> Faulty:
    return Faulty(Fault(shown(file), 1, 1, words))
