"""Verify an export of Warrant's audit log: `python verify_warrant.py EXPORT [--checkpoint FILE] [--key VKEY]`.

EXPORT is the folder that `warrant audit export --folder` made, or its `records.jsonl`. This one file needs Python 3.11
and, for signatures alone, the package `cryptography`: nothing of the program that wrote the log. Five verdicts:

- bytes: each line is canonical JSON (RFC 8785); its digests, its id and its leaf hash are worked out again; the Merkle
  root over all leaves (RFC 6962) is shown at the end.
- sequence: no place is missing or taken twice, time does not run back, and every order, fill, cancel and expiry belongs
  to a warrant that a decision before it gave.
- checkpoints: each checkpoint (C2SP tlog-checkpoint) is signed (Ed25519) by a key that you gave, and has the root over
  the first so many records of this export: so every record below it is included, and no history was rewritten. A
  proof of consistency (a file of `warrant audit prove`) is two of them and the hashes that lead from one to the other.
- arithmetic: each grant and refusal again, in exact fractions and without a solver.
- replay: not possible here; `warrant audit verify --replay` decides every cycle again.

A key of the export itself proves nothing about who wrote it: have the key (`NAME+HASH+BASE64`) from elsewhere.
Records that are not shown (`leaves.txt`: another time was asked for, or their time to be kept is over) count by their
hash alone.
Exit status: 0 what was checked holds, 1 something does not, 2 this is no export.
"""

# ruff: noqa: ANN401 - what a record holds may be anything
from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any as Json

from engine.checker import Said, _canonical, _digest, complaints

CHECKS = ("bytes", "sequence", "checkpoints", "arithmetic", "replay")
MOST_SHOWN = 50
INLINED = ("snapshot", "portfolio", "limits", "rulebook")
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_SIGNATURE = re.compile("\N{EM DASH} ([^ +]+) ([A-Za-z0-9+/]+=*)")


class NoExport(Exception):
    """One sentence: why this can not be read as an export."""


class Tree:
    """The Merkle tree over the leaves so far, by the roots of its perfect parts, largest first."""

    def __init__(self) -> None:
        self.size, self._parts = 0, list[bytes]()

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more leaf."""
        size, self.size = self.size, self.size + 1
        while size & 1:
            leaf, size = hashlib.sha256(b"\1" + self._parts.pop() + leaf).digest(), size >> 1
        self._parts.append(leaf)

    @property
    def root(self) -> bytes:
        """The root over the leaves so far."""
        if not self._parts:
            return hashlib.sha256(b"").digest()
        *others, root = self._parts
        for part in reversed(others):
            root = hashlib.sha256(b"\1" + part + root).digest()
        return root


# --- bytes ------------------------------------------------------------------------------------------------------------


def read_line(line: bytes) -> Json:
    """The record of a line. Raises `ValueError` where it has another reading than its canonical one."""

    def refuse(number: str) -> Json:
        raise ValueError(f"the number {number}")

    record = json.loads(line, object_hook=Said, parse_float=refuse, parse_constant=refuse)
    if not isinstance(record, dict) or _canonical(record) != line:
        raise ValueError("the line is not in canonical form")
    return record


def leaf_of(record: Json) -> tuple[bytes, list[str]]:
    """The hash of a record's leaf, and what its digests say against it."""
    found, inlined = [], {}
    for name in INLINED:
        said = record.inputs.get(name) if isinstance(record.inputs, dict) else None
        if isinstance(said, str) and _DIGEST.fullmatch(said):
            inlined[name] = said
    if record.kind == "decision" and "limits" in inlined:
        inlined["law"] = record.law_digest
    for name, said in inlined.items():
        if name not in record:
            found.append(f"{name}: it is named by digest, and not written out")
        elif said is not None and _digest(record[name]) != said:
            found.append(f"{name}: what is written out has another digest than the record says")
    leaf = {name: value for name, value in record.items() if name not in inlined}
    hashed = hashlib.sha256(b"\0" + _canonical(leaf)).digest()
    said = leaf.pop("record_id", None)
    if said != _digest(leaf)[7:23]:
        found.append(f"record_id: the record says {said}, by its content it is {_digest(leaf)[7:23]}")
    return hashed, found


# --- sequence ---------------------------------------------------------------------------------------------------------


class Sequence:
    """Reads records in order and says what can not have happened."""

    def __init__(self, hidden: bool) -> None:
        self._hidden = hidden
        self._ids, self._fills, self._last = set[str](), set[str](), ""
        self._orders: dict[str, Json] = {}
        """Every order of a warrant: decision, warrant, quantity, last instant to submit it, submitted, filled."""

    def complaints(self, record: Json) -> Iterator[str]:
        """What is wrong with this record after those before it."""
        if record.record_id in self._ids:
            yield "record_id: an earlier record has the same id"
        self._ids.add(record.record_id)
        if record.as_of < self._last:
            yield f"as_of: {record.as_of} is before the record that precedes it"
        self._last = max(record.as_of, self._last)
        if record.kind == "decision":
            yield from self._warrants(record)
        elif record.kind == "books" and record.entry == "split":
            for order in self._orders.values():
                order.split = order.split or order.instrument == record.instrument
        elif record.kind in ("order", "fill", "rejection", "cancel", "expiry") and record.stray is not True:
            yield from self._event(record)

    def _warrants(self, record: Json) -> Iterator[str]:
        for warrant in record.warrants:
            for order in filter(None, (warrant.order, warrant.protective_stop, warrant.take_profit)):
                name = order.client_order_id
                if name in self._orders:
                    yield f"warrants: the order {name} has a warrant already"
                self._orders[name] = _Order(record.record_id, warrant.warrant_id, warrant.expires_at, order)

    def _event(self, record: Json) -> Iterator[str]:
        order = self._orders.get(record.client_order_id)
        if order is None:
            if not self._hidden:
                yield f"client_order_id: no decision before it warranted the order {record.client_order_id}"
            return
        if record.kind == "order":
            if (record.decision_id, record.warrant_id) != (order.decision_id, order.warrant_id):
                yield "warrant_id: another decision or warrant gave this order"
            if record.event == "submit" and record.as_of > order.expires_at:
                yield f"as_of: the order was submitted after its warrant had expired ({order.expires_at})"
            order.submitted = True
        elif not order.submitted and record.kind in ("fill", "cancel"):
            yield f"client_order_id: the order {record.client_order_id} was never submitted"
        if record.kind == "fill":
            yield from self._fill(record, order)

    def _fill(self, record: Json, order: _Order) -> Iterator[str]:
        if record.fill_id in self._fills:
            yield f"fill_id: an earlier fill has the id {record.fill_id}"
        self._fills.add(record.fill_id)
        order.filled += Fraction(record.quantity)
        if Fraction(record.quantity) <= 0 or (order.filled > order.quantity and not order.split):
            yield f"quantity: with this fill {order.filled} of {order.quantity} are filled"


class _Order:
    """The life of one warranted order. Quantities after a split are left to `warrant audit verify`."""

    def __init__(self, decision_id: str, warrant_id: str, expires_at: str, terms: Json) -> None:
        self.decision_id, self.warrant_id, self.expires_at = decision_id, warrant_id, expires_at
        self.instrument, self.quantity, self.filled = terms.instrument, Fraction(terms.quantity), Fraction(0)
        self.submitted = self.split = False


# --- checkpoints ------------------------------------------------------------------------------------------------------


class Checkpoint:
    """A signed note: origin, size and root of a tree."""

    def __init__(self, source: str, text: str) -> None:
        self.source, self.against = source, list[str]()
        head, gap, signatures = text.rpartition("\n\n")
        try:
            self._note = head + "\n"
            self.origin, size, root, *_ = self._note.split("\n")
            self.size, self.root = int(size), base64.b64decode(root, validate=True)
            self._signatures = [_SIGNATURE.fullmatch(line) for line in signatures.removesuffix("\n").split("\n")]
            sound = gap and text.endswith("\n") and str(self.size) == size and len(self.root) == 32
        except ValueError:
            sound = False
        if not sound or not all(self._signatures):
            raise NoExport(f"`{source}` is no signed checkpoint (C2SP tlog-checkpoint)")

    def signed_by(self, keys: list[str]) -> list[str]:
        """What speaks against the signatures; one by a key of `keys` must be there and hold."""
        known = {(name, number): public for name, number, public in map(read_key, keys)}
        found, good = list[str](), 0
        for name, content in ((one[1], base64.b64decode(one[2])) for one in self._signatures if one):
            # A log signs by its own name; what others have signed beside it (witnesses) is not asked for.
            public = known.get((name, content[:4])) if name == self.origin else None
            if public is not None:
                good += (holds := verifies(public, content[4:], self._note.encode()))
                found += [] if holds else [f"the signature of {name} does not hold"]
        return found or ([] if good else ["no key that was given signed it"])


def consistent(old: Checkpoint, new: Checkpoint, path: list[bytes]) -> bool:
    """Whether the path leads from the root of a smaller tree to that of a larger one (RFC 9162, 2.1.4.2)."""
    if old.size in (0, new.size):
        return not path and old.size <= new.size and (old.size == 0 or old.root == new.root)
    nodes = [old.root, *path] if old.size & (old.size - 1) == 0 else path
    here, last = old.size - 1, new.size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    if not nodes or old.size > new.size or any(len(node) != len(old.root) for node in nodes):
        return False
    before = after = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            before, after = (hashlib.sha256(b"\1" + node + root).digest() for root in (before, after))
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            after = hashlib.sha256(b"\1" + after + node).digest()
        here, last = here >> 1, last >> 1
    return (last, before, after) == (0, old.root, new.root)


def read_consistency(file: Path) -> list[Checkpoint]:
    """Both checkpoints of a proof of consistency; the newer one says where the proof does not hold."""
    try:
        found = json.loads(file.read_bytes())
        old, new = (Checkpoint(f"{name} of {file.name}", found[name]) for name in ("from", "to"))
        path = [base64.b64decode(node, validate=True) for node in found["path"]]
        known = found["format"] == "warrant-consistency/1"
    except (ValueError, LookupError, TypeError, AttributeError):
        known = False
    if not known:
        raise NoExport(f"`{file}` is no proof of consistency (warrant-consistency/1)")
    if old.origin != new.origin or not consistent(old, new, path):
        new.against.append(f"the proof does not lead from {old.size} records to {new.size}")
    return [old, new]


def read_key(text: str) -> tuple[str, bytes, bytes]:
    """Name, number and public bytes of `NAME+HASH+BASE64`, an Ed25519 key as a note's verifier has it."""
    name, _, rest = text.strip().partition("+")
    number, _, encoded = rest.partition("+")
    try:
        content = base64.b64decode(encoded, validate=True)
        wanted = hashlib.sha256(name.encode() + b"\n" + content).digest()[:4]
        if len(content) == 33 and content[0] == 1 and bytes.fromhex(number) == wanted and name:
            return name, wanted, content[1:]
        if len(content) == 33 and content[0] == 1 and name:
            why = f"`{number}` is not the hash of the name `{name}` with this key"
            raise NoExport(f"`{text.strip()}`: {why}; the name is wrong, or a character of the hash or the key")
    except ValueError:
        pass
    raise NoExport(f"`{text.strip()}` is no key (NAME+HASH+BASE64)")


def verifies(public: bytes, signature: bytes, content: bytes) -> bool:
    """Whether this Ed25519 signature holds."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise NoExport("signatures need the package `cryptography`: `pip install cryptography`") from None
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except InvalidSignature:
        return False
    return True


# --- an export --------------------------------------------------------------------------------------------------------


class Export:
    """The files of an export and what is found in them."""

    def __init__(self, place: Path) -> None:
        folder = place if place.is_dir() else place.parent
        self.records = folder / "records.jsonl" if place.is_dir() else place
        if not self.records.is_file():
            raise NoExport(f"there is no `{self.records}`")
        self.own_checkpoint, self.own_keys = folder / "checkpoint", folder / "keys.txt"
        self.hidden = _hidden(folder / "leaves.txt") if place.is_dir() else {}
        self.found: list[tuple[str, str]] = []
        """Check and sentence."""
        self.tree, self.kinds = Tree(), Counter[str]()
        self.went: list[str] = []
        """What is not shown because its time to be kept is over, and by which record."""

    def read(self, checkpoints: list[Checkpoint]) -> None:
        """Walk over all leaves once, and hold the root of each size against the checkpoints."""
        sequence, hidden = Sequence(bool(self.hidden)), dict(self.hidden)
        with self.records.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record = read_line(line.removesuffix(b"\n"))
                    hashed, against = leaf_of(record)
                except (ValueError, RecursionError) as error:
                    self._add("bytes", f"line {number}: no record can be read: {error}")
                    # Something stands here: what follows is held against its own place all the same.
                    self.tree.append(hashlib.sha256(b"\0" + line).digest())
                    continue
                at = f"record {record.seq} ({record.record_id}, {record.as_of})"
                self._place(record.seq, at, hidden, checkpoints)
                self._one(record, at, against, sequence)
                self._grow(hashed, checkpoints)
        for seq in sorted(hidden):
            if seq != self.tree.size:
                self._add("sequence", f"leaves.txt: the leaf {seq} stands where {self.tree.size} is due")
            self._grow(hidden[seq], checkpoints)
        self._against(checkpoints)

    def _place(self, seq: Json, at: str, hidden: dict[int, bytes], checkpoints: list[Checkpoint]) -> None:
        while self.tree.size in hidden and seq != self.tree.size:
            self._grow(hidden.pop(self.tree.size), checkpoints)
        if seq != self.tree.size or seq in hidden:
            self._add("sequence", f"{at}: it stands where record {self.tree.size} is due")

    def _one(self, record: Json, at: str, against: list[str], sequence: Sequence) -> None:
        self.kinds[str(record.kind)] += 1
        if record.kind == "retention":
            count, rule = sum(one.records for one in record.segments), record.rule
            words = f"{count} of kind {rule.kind}, kept {rule.years} years, went by {record.by}"
            self.went.append(f"record {record.seq} ({record.record_id}) says: {words}")
        for check, asked in (
            ("bytes", lambda: against),
            ("sequence", lambda: sequence.complaints(record)),
            ("arithmetic", lambda: complaints(record)),
        ):
            try:
                for sentence in asked():
                    self._add(check, f"{at}, {sentence}")
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
                self._add(check, f"{at}: it can not be followed: {error!r}")

    def _grow(self, leaf: bytes, checkpoints: list[Checkpoint]) -> None:
        self.tree.append(leaf)
        for one in checkpoints:
            if one.size == self.tree.size and one.root != self.tree.root:
                roots = f"it has the root {one.root.hex()}, the export {self.tree.root.hex()}"
                one.against.append(f"over {one.size} records {roots}: one of them was changed, taken out or put in")

    def _against(self, checkpoints: list[Checkpoint]) -> None:
        for one in checkpoints:
            if one.size > self.tree.size:
                one.against.append(
                    f"it is over {one.size} records, the export has {self.tree.size}: the rest is missing"
                )
            for sentence in one.against:
                self._add("checkpoints", f"checkpoint {one.source} of {one.origin}: {sentence}")

    def _add(self, check: str, sentence: str) -> None:
        self.found.append((check, sentence))


def _hidden(file: Path) -> dict[int, bytes]:
    """Leaf hashes of the records that the export does not show, by their place."""
    if not file.is_file():
        return {}
    found: dict[int, bytes] = {}
    for line in file.read_text(encoding="ascii").splitlines():
        seq, _, hashed = line.partition(" ")
        if not seq.isdecimal() or not re.fullmatch("[0-9a-f]{64}", hashed) or int(seq) in found:
            raise NoExport(f"`{file}` has the line `{line}`; each is a place and the hash of a leaf")
        found[int(seq)] = bytes.fromhex(hashed)
    return found


def verify(arguments: argparse.Namespace) -> int:
    """Say what holds. Raises `NoExport`, `OSError`."""
    export = Export(arguments.export)
    files = arguments.checkpoint or ([export.own_checkpoint] if export.own_checkpoint.is_file() else [])
    checkpoints = [Checkpoint(file.name, file.read_text(encoding="utf-8")) for file in files]
    checkpoints += [one for file in arguments.consistency or () for one in read_consistency(file)]
    keys = arguments.key or (export.own_keys.read_text().splitlines() if export.own_keys.is_file() else [])
    for one in checkpoints:
        one.against += one.signed_by(keys)
    export.read(checkpoints)
    if arguments.key and not checkpoints:
        export.found.append(("checkpoints", "there is none that the keys you gave could have signed; give one"))
    own = " (by a key of the export itself: compare it with one from elsewhere)" if not arguments.key else ""
    given = {"bytes": "", "sequence": "", "arithmetic": "", **({"checkpoints": own} if checkpoints else {})}
    for check in CHECKS:
        count = sum(of == check for of, _ in export.found)
        outcome = f"fails ({count} found)" if count else f"holds{given[check]}" if check in given else "not given"
        sys.stdout.write(f"{check:<12} {'not possible here' if check == 'replay' else outcome}\n")
    for check, sentence in export.found[:MOST_SHOWN]:
        sys.stdout.write(f"{check}: {sentence}\n")
    if len(export.found) > MOST_SHOWN:
        sys.stdout.write(f"… and {len(export.found) - MOST_SHOWN} more\n")
    for one in checkpoints:
        beyond = export.tree.size - one.size
        sys.stdout.write(f"checkpoint {one.source}: {one.origin}, {one.size} records" + (
            f"; {beyond} records came after it and are not covered\n" if beyond > 0 else "\n"))  # fmt: skip
    sys.stdout.writelines(f"{words}\n" for words in export.went)
    shown = sum(export.kinds.values())
    what = f"{export.tree.size} records ({export.kinds['decision']} decisions" + (
        f", {export.tree.size - shown} not shown)" if export.tree.size > shown else ")")  # fmt: skip
    sys.stdout.write(f"{what}; root {export.tree.root.hex()}\n")
    return 1 if export.found else 0


def main(words: list[str]) -> int:
    """The command line."""
    about, _, more = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser("verify_warrant.py", description=about, epilog=more,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("export", type=Path, help="folder or records.jsonl")
    parser.add_argument("--checkpoint", type=Path, action="append", help="a checkpoint kept elsewhere; may be repeated")
    parser.add_argument("--consistency", type=Path, action="append", help="a proof of consistency; may be repeated")
    parser.add_argument("--key", action="append", help="a key that may have signed it; may be repeated")
    try:
        return verify(parser.parse_args(words))
    except (NoExport, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"this can not be verified: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
