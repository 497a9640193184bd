"""Checkpoints and verifier keys that a person gives on the command line, read or refused with a place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from adapters.signing import checkpoint
from adapters.signing.note import MOST_BYTES, Malformed, VerifierKey
from adapters.verifying.heads import Given
from knowledge.faults import Fault, Faulty


def read_keys(texts: Iterable[str]) -> tuple[VerifierKey, ...]:
    """Verifier keys, each as its text or the name of a file that holds it. Raises `Faulty` with all that are none."""
    found, faults = [], []
    for text in texts:
        where, line = "command line", text
        try:
            if "+" not in text:
                where, line = text, bytes_of(text).decode("utf-8", "replace").strip()
            found.append(VerifierKey.read(line))
        except Malformed as fault:
            faults.append(Fault(where, 1, 1, f"{fault}; `warrant keys log` prints one"))
    if faults:
        raise Faulty(*faults)
    return tuple(found)


def read_checkpoints(files: Iterable[str]) -> tuple[Given, ...]:
    """Checkpoints in files. Raises `Faulty` with all that are none."""
    found, faults = [], []
    for file in files:
        try:
            found.append(Given(file, checkpoint.read(bytes_of(file))))
        except Malformed as fault:
            faults.append(Fault(file, fault.line, 1, f"this is no checkpoint: {fault}"))
    if faults:
        raise Faulty(*faults)
    return tuple(found)


def bytes_of(file: str, most: int = MOST_BYTES) -> bytes:
    """What is in a file, and a byte more than it may have. Raises `Faulty` where it cannot be read."""
    try:
        with Path(file).open("rb") as source:
            return source.read(most + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Faulty(Fault(file, 1, 1, f"it cannot be read: {why.lower()}")) from None
