"""The checkpoints that a store keeps, newest last: read, added, and told to whoever opens the log.

They lie beside the tree and not in it: a record of the log could say nothing of a checkpoint that covers it, a log that
another process writes could not be signed meanwhile, and a backtest's root would hang on a random key (ADR 16).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from adapters.signing import checkpoint
from adapters.signing.checkpoint import Checkpoint, SignedCheckpoint
from adapters.signing.note import Malformed, Signer
from adapters.store.migrating import keeps_checkpoints
from adapters.store.tables import CHECKPOINT

_ROWS = select(CHECKPOINT.c.number, CHECKPOINT.c.vkey, CHECKPOINT.c.note)


@dataclass(frozen=True, slots=True)
class Kept:
    """A row: its number, the verifier key beside it, and the checkpoint, whose signature nobody has looked at."""

    number: int
    vkey: str
    signed: SignedCheckpoint


class Damaged(ValueError):
    """A row of the store is no checkpoint any more."""


def every(connection: Connection) -> tuple[Kept, ...]:
    """All that the store keeps. Raises `Damaged`, and the store's `FAULTS`."""
    if not keeps_checkpoints(connection):
        return ()
    rows = connection.execute(_ROWS.order_by(CHECKPOINT.c.number)).all()
    return tuple(_read(*row) for row in rows)


def newest(connection: Connection) -> Kept | None:
    """The one that was added last. Raises `Damaged`, and the store's `FAULTS`."""
    if not keeps_checkpoints(connection):
        return None
    row = connection.execute(_ROWS.order_by(CHECKPOINT.c.number.desc()).limit(1)).first()
    return None if row is None else _read(*row)


def add(connection: Connection, size: int, root: bytes, signer: Signer) -> SignedCheckpoint:
    """Sign the head and keep it; where the newest one is that, by this key, it stays the newest.

    The caller has the write lock, and knows that the log goes on from `newest`.
    """
    last = newest(connection)
    if last is not None and last.signed.size == size and last.vkey == signer.key.text:
        return last.signed
    content = checkpoint.signed(Checkpoint(signer.name, size, root), signer)
    row = {"number": last.number + 1 if last else 1, "size": size, "vkey": signer.key.text, "note": content}
    connection.execute(insert(CHECKPOINT), row)
    return checkpoint.read(content)


def _read(number: int, vkey: str, content: bytes) -> Kept:
    try:
        return Kept(number, vkey, checkpoint.read(bytes(content)))
    except Malformed as fault:
        raise Damaged(f"its checkpoint {number} is damaged: {fault}") from None
