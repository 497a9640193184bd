"""(l) What record and proof cost a cycle, and what proofs cost in a log of 100,000 records."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.audit.log import OWN, AuditLog, Entry, LogReader, verify_receipt
from adapters.audit.merkle import verify_consistency, verify_inclusion
from adapters.signing.note import Signer
from adapters.signing.proof import Inclusion
from adapters.signing.stored_tree import StoredTree
from adapters.store.opening import to_read
from knowledge.values import canonical, parse
from tests.adapters.records import at, body
from tests.tamperings import run_desk

MANY, PIECE, ROUNDS = 100_000, 1_000, 20
SIGNER = Signer("warrant/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def measure_proofs() -> None:
    """Print both tables: milliseconds."""
    with tempfile.TemporaryDirectory() as name:
        _cycles(Path(name))
        _many(Path(name) / "many.sqlite")


def _cycles(folder: Path) -> None:
    """Decisions of 5 instruments as a real desk has them, appended anew with what they name."""
    base = run_desk(folder / "desk")
    entries = []
    with LogReader.read(base.path) as log:
        for record in log.records(["decision"]):
            names = {*record.get("blobs", ()), *record["inputs"].values()}
            blobs = {name: log.blob(name) for name in sorted(names) if log.has_blob(name)}
            listed = {name: blobs[name] for name in record.get("blobs", ())} or blobs
            own = {name: value for name, value in record.items() if name not in OWN}
            entries.append((own, {name: canonical(value) for name, value in own.items()}, {**blobs, **listed}))
    print(f"\nrecord and proof of a cycle of 5 instruments, ms{'':<8}median    p99  ({ROUNDS} x {len(entries)})")
    rows: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        with AuditLog.open(folder / f"cycles-{number}.sqlite") as log:
            for own, parts, blobs in entries:
                log.prepare(blobs)
                commit = _timed(lambda: log.append("decision", own, blobs, {}, parts=parts))  # noqa: B023
                receipt = log.receipt(_last(log))
                check = _timed(lambda: verify_receipt(receipt, receipt.root))  # noqa: B023
                bare = _Unwritten(log)
                made = _timed(lambda: bare.make(own, parts))  # noqa: B023
                signed = _timed(lambda: log.checkpoint(SIGNER))
                for what, taken in (
                    ("record, id, leaf hash, root, path", made), ("proof checked by the broker", check),
                    ("the same with the durable commit", commit), ("checkpoint, signed and durable", signed),
                ):  # fmt: skip
                    rows.setdefault(what, []).append(taken * 1000)
    parts_of = rows["record, id, leaf hash, root, path"], rows["proof checked by the broker"]
    both = [sum(each) for each in zip(*parts_of, strict=True)]
    for what, taken in {**rows, "record and proof": both}.items():
        print(f"  {what:<52} {median(taken):7.3f}{quantiles(taken, n=100)[98]:8.3f}")


class _Unwritten:
    """What an append does for one record, without writing."""

    def __init__(self, log: AuditLog) -> None:
        self._log, self._head = log, log._range

    def make(self, own: dict[str, object], parts: dict[str, bytes]) -> object:
        from adapters.audit.log import _Rows

        return self._log._take(Entry("decision", {**own, "inputs": {}}, parts=parts), self._head, None, _Rows())


def _many(path: Path) -> None:
    entries = [Entry("fault", body(at(0), reason=f"record {number} of many")) for number in range(PIECE)]
    with AuditLog.open(path) as log:
        made = _timed(lambda: [log.append_many(entries) for _ in range(MANY // PIECE)])
        log.rest()
        signed = log.checkpoint(SIGNER)
    print(f"\nproofs in a log of {MANY:,} records (made in {made:.0f} s), ms{'':<3}median")
    places = range(7, MANY, MANY // ROUNDS)
    with to_read(path) as connection, LogReader.read(path) as log:
        root = log.root
        for what, cached in (("with the roots of subtrees", True), ("from all leaf hashes", False)):
            taken = [_timed(lambda: StoredTree(connection, cached=cached).inclusion(seq, MANY)) for seq in places]  # noqa: B023
            print(f"  record, {what:<44} {median(taken) * 1000:7.2f}")
            taken = [_timed(lambda: StoredTree(connection, cached=cached).consistency(seq, MANY)) for seq in places]  # noqa: B023
            print(f"  consistency, {what:<39} {median(taken) * 1000:7.2f}")
        proofs = [Inclusion(log.leaf(seq), seq, log.inclusion(seq, MANY), signed) for seq in places]
        assert all(verify_inclusion(_leaf(one), one.index, MANY, one.path, root) for one in proofs)
        taken = [_timed(lambda: list(one.objections([SIGNER.key]))) for one in proofs]  # noqa: B023
        print(f"  {'checked by a stranger, with the signature':<52} {median(taken) * 1000:7.2f}")
        path_ = log.consistency(MANY // 3)
        assert verify_consistency(MANY // 3, MANY, log.root_at(MANY // 3), root, path_)
    opened = _timed(lambda: AuditLog.open(path).close())
    print(f"  {'opening the log for writing, head and checkpoints':<52} {opened * 1000:7.0f}")


def _leaf(one: Inclusion) -> bytes:
    from adapters.audit.merkle import leaf_hash

    assert parse(one.leaf)["seq"] == one.index
    return leaf_hash(one.leaf)


def _last(log: AuditLog) -> str:
    return str(next(iter(log.records(newest_first=True)))["record_id"])


def _timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began
