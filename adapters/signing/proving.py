"""Making proofs from a desk's log: which checkpoint they are against, and that they hold before anyone gets them."""

from __future__ import annotations

from adapters.answers.lookup import decision_at, is_label, record_of
from adapters.answers.reading import reading
from adapters.audit.log import LogReader
from adapters.desk.folder import Desk
from adapters.frame import Failed
from adapters.signing import kept
from adapters.signing.checkpoint import SignedCheckpoint
from adapters.signing.given import read_checkpoints
from adapters.signing.log_key import sign_now
from adapters.signing.proof import Consistency, Inclusion
from adapters.store import opening
from adapters.store.faults import LogUnreadable
from adapters.store.opening import failing
from knowledge.faults import Fault, Faulty

_SIGNED = "; verify the log: `warrant audit verify`"


def prove_inclusion(desk: Desk, name: str, against: str | None) -> Inclusion:
    """A proof of a record by its id, or of the decision of a date, an order or a warrant. Raises `Faulty`, `Failed`."""
    with reading(desk) as log:
        record = decision_at(log, name) if is_label(name) else record_of(log, name).record
        seq = record["seq"]
        signed = read_checkpoints([against])[0].signed if against is not None else _covering(desk, seq)
        if against is not None and signed.size <= seq:
            words = f"it covers {signed.size} records, and this one is #{seq}; give a later one"
            raise Faulty(Fault(against, 2, 1, words))
        _goes_on(log, signed, against or "the desk's own checkpoint")
        try:
            found = Inclusion(log.leaf(seq), seq, log.inclusion(seq, signed.size), signed)
        except (IndexError, LogUnreadable) as why:
            raise Failed(f"record #{seq} cannot be proved: {why}") from None
    _require(found)
    return found


def prove_consistency(desk: Desk, old: str, new: str) -> Consistency:
    """A proof that the checkpoint in the file `new` goes on from that in `old`. Raises `Faulty`, `Failed`."""
    first, second = (one.signed for one in read_checkpoints([old, new]))
    if first.size > second.size:
        words = f"it covers {first.size} records, more than the {second.size} of `{new}`; give them the other way"
        raise Faulty(Fault(old, 2, 1, words))
    with reading(desk) as log:
        for signed, name in ((first, old), (second, new)):
            _goes_on(log, signed, name)
        try:
            path = log.consistency(first.size, second.size) if first.size else ()
        except IndexError as why:
            raise Failed(f"it cannot be proved: {why}") from None
    found = Consistency(first, second, path)
    _require(found)
    return found


def _covering(desk: Desk, seq: int) -> SignedCheckpoint:
    """The newest checkpoint of the store, where it covers the record; else one that is signed now."""
    try:
        with failing(desk.store), opening.to_read(desk.store) as connection:
            newest = kept.newest(connection)
    except kept.Damaged as why:
        raise Failed(f"the log `{desk.store}` does not verify: {why}{_SIGNED}") from None
    return newest.signed if newest is not None and newest.signed.size > seq else sign_now(desk)


def _goes_on(log: LogReader, signed: SignedCheckpoint, name: str) -> None:
    """Raises `Failed` where the checkpoint is not of this log as it is."""
    try:
        agrees = log.root_at(signed.size) == signed.root
    except KeyError:
        raise Failed(f"`{name}` covers {signed.size} records, and the log has {log.size}{_SIGNED}") from None
    if not agrees:
        raise Failed(f"`{name}` has another root than this log with {signed.size} records{_SIGNED}")


def _require(proof: Inclusion | Consistency) -> None:
    """Raises `Failed` where it would not hold for somebody who trusts whoever signed."""
    against = [each for each in proof.objections(()) if "no such key is known" not in each]
    if against:
        raise Failed(f"the log cannot prove it: {against[0]}{_SIGNED}")
