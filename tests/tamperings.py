"""Tamperings of a store, each against one checkpoint that was kept elsewhere.

    python -m tests.tamperings --count 1000 --seed 1

The store is that of a paper desk which has run for two months, with a key that was replaced in between, old decisions
in a sealed segment, and a checkpoint at the end of each session. Kept elsewhere are the last checkpoint and the first
verifier key. Whoever tampers knows the store and the program: drops the triggers and puts them back, writes hashes,
roots and ids anew where that helps, and has the former private key, not the present one.

Every tampering must be found, and named: by the record and its field, or by what is missing, or, of a history that was
rewritten with all its hashes, by a range of records that holds the first one changed. Ends with status 1 otherwise.

Left out: `timing` and `subtree`, which are no evidence; a row taken from the middle of the store's checkpoints with all
later ones numbered anew.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.audit.envelope import seal
from adapters.audit.log import AuditLog, Entry, LogReader
from adapters.audit.merkle import CompactRange, leaf_hash
from adapters.people.keys import signature
from adapters.sealing import segments
from adapters.sealing.sealing import sealed, segments_of
from adapters.signing import checkpoint, kept
from adapters.signing.checkpoint import Checkpoint
from adapters.signing.log_keys import ENROL, ROTATE, statement
from adapters.signing.note import Signer, VerifierKey
from adapters.store import guards
from adapters.store.moving import moved_to
from adapters.store.opening import to_read
from adapters.store.tables import pack, unpack
from adapters.verifying.verification import Finding
from adapters.verifying.verify import Given, verify
from knowledge.values import Json, canonical, digest, parse
from tests.adapters.records import at, body, sessions

THIEF = Ed25519PrivateKey.from_private_bytes(b"a key that nobody has enrolled.!")


@dataclass(frozen=True)
class Base:
    """A sound store, and what is known of it elsewhere. `former` is a key that was in force before."""

    path: Path
    given: Given
    key: VerifierKey
    former: Signer

    def findings(self, path: Path) -> tuple[Finding, ...]:
        return verify(path, against=[self.given], keys=[self.key]).findings


@dataclass(frozen=True)
class Told:
    """What was done, and whether a finding names it."""

    what: str
    names: Callable[[Finding], bool]


class Store:
    """A copy of the store, open for whoever tampers."""

    def __init__(self, path: Path, base: Base, dice: Random) -> None:
        self.base, self.dice = base, dice
        with LogReader.read(path) as log:
            self._records = list(log)
        self.connection = sqlite3.connect(path)
        self.size: int = self.one("SELECT count(*) FROM leaf")

    def one(self, query: str, *values: Any) -> Any:
        return self.connection.execute(query, values).fetchone()[0]

    def all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, values).fetchall()

    def do(self, query: str, *values: Any) -> None:
        self.connection.execute(query, values)

    def place(self, least: int = 0) -> int:
        return self.dice.randrange(least, self.size)

    def records(self) -> list[Json]:
        return list(self._records)

    def values(self) -> list[tuple[str, bytes]]:
        """Name and packed bytes of what lies in a row of its own."""
        rows = self.all("SELECT digest, packed FROM blob")
        return [(name, packed) for name, packed in rows if moved_to(packed) is None]

    def flipped(self, content: bytes) -> bytes:
        other = bytearray(content)
        other[self.dice.randrange(len(other))] ^= 1 << self.dice.randrange(8)
        return bytes(other)

    def write_anew(self, records: list[Json], first: int) -> None:
        """Put these records in the place of all from `first` on: places, ids, what names them, hashes, roots."""
        self.do("DELETE FROM timing WHERE seq >= ?", first)
        self.do("DELETE FROM leaf WHERE seq >= ?", first)
        self.do("DELETE FROM tree WHERE size > ?", first)
        grown = CompactRange().extend(row[0] for row in self.all("SELECT leaf_hash FROM leaf ORDER BY seq"))
        ids: dict[bytes, bytes] = {}
        for seq, record in enumerate(records[first:], first):
            content = canonical({name: value for name, value in record.items() if name != "record_id"})
            content = re.sub(rb"\"[0-9a-f]{16}\"", lambda found: ids.get(found[0], found[0]), content)
            record_id, leaf = seal({**parse(content), "seq": seq})
            ids[canonical(record.get("record_id", ""))] = canonical(record_id)
            grown = grown.append(leaf_hash(leaf))
            row = (seq, record_id, record["kind"], record["as_of"], leaf_hash(leaf), leaf)
            self.do("INSERT INTO leaf VALUES (?, ?, ?, ?, ?, ?)", *row)
            self.do("INSERT INTO tree VALUES (?, ?)", grown.size, grown.root)
        self.size = len(records)

    def forget_checkpoints(self, first: int) -> None:
        """Take out those that cover a changed record, or sign them anew with what key there is."""
        how = self.dice.choice(("leave", "take out", "sign by the former key", "sign by another key"))
        if how == "leave":
            return
        self.do("DELETE FROM checkpoint WHERE size > ?", first)
        if how != "take out":
            signer = self.base.former if "former" in how else Signer(self.base.former.name, THIEF)
            self.add_checkpoint(signer)

    def add_checkpoint(self, signer: Signer) -> None:
        head = Checkpoint(signer.name, self.size, self.one("SELECT root FROM tree WHERE size = ?", self.size))
        number = self.one("SELECT coalesce(max(number), 0) + 1 FROM checkpoint")
        row = (number, self.size, signer.key.text, checkpoint.signed(head, signer))
        self.do("INSERT INTO checkpoint VALUES (?, ?, ?, ?)", *row)


def at_record(seq: int, *fields: str) -> Callable[[Finding], bool]:
    """Whether the finding is about this record, and one of these fields, if any are named."""
    return lambda found: found.seq == seq and (not fields or found.field in fields)


def covering(first: int) -> Callable[[Finding], bool]:
    """Whether the finding is of a checkpoint that names this place, or a range of records that holds it."""

    def names(found: Finding) -> bool:
        spans = re.findall(r"(?:rewritten|cut off)(?: since)?,(?: in)? #([0-9]+)(?: to #([0-9]+))?", found.sentence)
        return any(int(begin) <= first <= int(end or begin) for begin, end in spans)

    return names


def about(field: str, words: str = "") -> Callable[[Finding], bool]:
    """Whether the finding is about this field, and says so."""
    return lambda found: found.field == field and words in found.sentence


# Rows and bytes


def a_byte_of_a_record(store: Store) -> Told:
    seq = store.place()
    store.do("UPDATE leaf SET bytes = ? WHERE seq = ?", store.flipped(store.one(LEAF, seq)), seq)
    return Told(f"#{seq}", at_record(seq, "bytes"))


def a_column_of_a_record(store: Store) -> Told:
    seq, column = store.place(), store.dice.choice(("record_id", "kind", "as_of", "leaf_hash"))
    old = store.one(f"SELECT {column} FROM leaf WHERE seq = ?", seq)
    new = store.flipped(old) if isinstance(old, bytes) else old[:-1] + ("0" if old[-1] != "0" else "1")
    store.do(f"UPDATE leaf SET {column} = ? WHERE seq = ?", new, seq)
    return Told(f"#{seq} {column}", at_record(seq, column))


def a_record_taken_out(store: Store) -> Told:
    seq = store.place()
    store.do("DELETE FROM leaf WHERE seq = ?", seq)
    return Told(f"#{seq}", at_record(seq, "seq"))


def two_records_exchanged(store: Store) -> Told:
    one, other = sorted(store.dice.sample(range(store.size), 2))
    for old, new in ((one, -1), (other, one), (-1, other)):
        store.do("UPDATE leaf SET seq = ? WHERE seq = ?", new, old)
    # The field is the place; of a sealed record, whose bytes stay where they are, one of its columns or the bytes.
    fields = ("seq", "record_id", "kind", "as_of", "bytes")
    return Told(f"#{one} and #{other}", at_record(one, *fields))


def a_record_put_at_the_end(store: Store) -> Told:
    record = {**store.records()[store.place()], "seq": store.size}
    record.pop("record_id")
    record_id, leaf = seal(record)
    row = (store.size, record_id, record["kind"], record["as_of"], leaf_hash(leaf), leaf)
    store.do("INSERT INTO leaf VALUES (?, ?, ?, ?, ?, ?)", *row)
    return Told(f"#{store.size}", at_record(store.size, "root"))


def a_record_with_its_own_hash(store: Store) -> Told:
    seq = store.place()
    _, leaf = seal({name: value for name, value in altered(store, seq).items() if name != "record_id"})
    store.do("UPDATE leaf SET bytes = ?, leaf_hash = ? WHERE seq = ?", leaf, leaf_hash(leaf), seq)
    return Told(f"#{seq}", at_record(seq, "root"))


def a_root(store: Store) -> Told:
    seq = store.place()
    if store.dice.random() < 0.5:
        store.do("UPDATE tree SET root = ? WHERE size = ?", store.dice.randbytes(32), seq + 1)
    else:
        store.do("DELETE FROM tree WHERE size = ?", seq + 1)
    return Told(f"of {seq + 1}", at_record(seq, "root"))


# The tail and the order


def the_tail_cut(store: Store) -> Told:
    seq = store.place()
    store.do("DELETE FROM leaf WHERE seq >= ?", seq)
    return Told(f"from #{seq}", at_record(seq, "seq"))


def the_tail_cut_with_its_roots(store: Store) -> Told:
    seq = store.place()
    store.do("DELETE FROM timing WHERE seq >= ?", seq)
    store.do("DELETE FROM leaf WHERE seq >= ?", seq)
    store.do("DELETE FROM tree WHERE size > ?", seq)
    store.size = seq
    store.forget_checkpoints(seq)
    return Told(f"from #{seq}", lambda found: f"cut off since, #{seq}" in found.sentence)


def altered(store: Store, seq: int) -> Json:
    """A record with one value of another content, of those that people would want changed."""
    record = store.records()[seq]
    names = [name for name, value in record.items() if isinstance(value, str) and name in MEANT] or ["recorded_at"]
    name = store.dice.choice(names)
    value = record[name]
    if name != "recorded_at":
        return {**record, name: f"{value} "}
    # The last digit of its seconds.
    return {**record, name: f"{value[:-2]}{(int(value[-2]) + 1) % 10}Z"}


MEANT = ("reason", "nav", "quantity", "price", "commission", "recorded_at", "regime", "why", "law_digest", "period")


def the_tail_rewritten(store: Store) -> Told:
    first, records = store.place(), store.records()
    records[first] = altered(store, first)
    store.write_anew(records, first)
    store.forget_checkpoints(first)
    return Told(f"from #{first}", covering(first))


def a_record_left_out_and_the_rest_rewritten(store: Store) -> Told:
    first, records = store.place(), store.records()
    del records[first]
    store.write_anew(records, first)
    store.forget_checkpoints(first)
    return Told(f"#{first}", covering(first))


def a_record_put_in_and_the_rest_rewritten(store: Store) -> Told:
    first, records = store.place(1), store.records()
    records.insert(first, {**records[first - 1], "record_id": "", "reason": "put in"})
    store.write_anew(records, first)
    store.forget_checkpoints(first)
    return Told(f"#{first}", covering(first))


def the_order_changed_and_the_rest_rewritten(store: Store) -> Told:
    first, records = store.dice.randrange(store.size - 1), store.records()
    records[first], records[first + 1] = records[first + 1], records[first]
    store.write_anew(records, first)
    store.forget_checkpoints(first)
    return Told(f"#{first} and #{first + 1}", covering(first))


# What records name


def a_byte_of_a_value(store: Store) -> Told:
    name, packed = store.dice.choice(store.all("SELECT digest, packed FROM blob"))
    store.do("UPDATE blob SET packed = ? WHERE digest = ?", store.flipped(packed), name)
    return Told(name[:15], about(name))


def a_value_changed_with_its_hash(store: Store) -> Told:
    name, packed = store.dice.choice(store.values())
    content = pack(canonical({"was": parse(unpack(packed) or b"")}))
    store.do("UPDATE blob SET packed = ?, packed_hash = ? WHERE digest = ?", content, sha256(content).digest(), name)
    return Told(name[:15], about(name, "another digest"))


def a_value_taken_out(store: Store) -> Told:
    (name,) = store.dice.choice(store.all("SELECT digest FROM blob"))
    store.do("DELETE FROM blob WHERE digest = ?", name)
    return Told(name[:15], about(name, "nothing is stored"))


def a_byte_of_a_segment(store: Store) -> Told:
    number, packed = store.dice.choice(store.all("SELECT number, packed FROM segment"))
    store.do("UPDATE segment SET packed = ? WHERE number = ?", store.flipped(packed), number)
    return Told(str(number), about(f"segment {number}"))


def a_segment_packed_anew(store: Store) -> Told:
    """With another content and its own digest and hash; the record that seals it says otherwise."""
    number, packed = store.dice.choice(store.all("SELECT number, packed FROM segment"))
    content = segments.unpack(packed).replace(b"0", b"1")
    again = segments.pack(content)
    row = (digest(content), segments.packed_hash(again), again, number)
    store.do("UPDATE segment SET digest = ?, packed_hash = ?, packed = ? WHERE number = ?", *row)
    seals = [one["seq"] for one in store.records() if one["kind"] == "seal" and one["segment"] == number]
    return Told(str(number), lambda found: found.field == f"segment {number}" or found.seq in seals)


def a_segment_taken_out(store: Store) -> Told:
    (number,) = store.dice.choice(store.all("SELECT number FROM segment"))
    store.do("DELETE FROM segment WHERE number = ?", number)
    return Told(str(number), about(f"segment {number}", "it is not there"))


# Keys and checkpoints


def keys(store: Store) -> list[Json]:
    return [record for record in store.records() if record["kind"] == "key"]


def a_key_put_in_the_place_of_the_enrolled(store: Store) -> Told:
    """With a proof of its own, and everything behind it written and signed anew."""
    thief, records, chosen = Signer(store.base.former.name, THIEF), store.records(), store.dice.choice(keys(store))
    forged = {**chosen, "vkey": thief.key.text}
    forged["proof"] = signature(THIEF, statement(forged))
    if "signature" in forged:
        forged["signature"] = signature(THIEF, statement(forged))
    seq = chosen["seq"]
    records[seq] = forged
    store.write_anew(records, seq)
    store.do("DELETE FROM checkpoint WHERE size > ?", seq)
    store.add_checkpoint(thief)
    return Told(f"#{seq}", covering(seq))


def a_word_of_a_key_record(store: Store) -> Told:
    """What the signatures are over; everything behind it written anew."""
    records, chosen = store.records(), store.dice.choice(keys(store))
    records[chosen["seq"]] = {**chosen, store.dice.choice(("who", "reason")): "somebody else"}
    store.write_anew(records, chosen["seq"])
    store.forget_checkpoints(chosen["seq"])
    return Told(f"#{chosen['seq']}", at_record(chosen["seq"], "proof", "signature"))


def a_byte_of_a_checkpoint(store: Store) -> Told:
    number, note = store.dice.choice(store.all("SELECT number, note FROM checkpoint"))
    store.do("UPDATE checkpoint SET note = ? WHERE number = ?", store.flipped(note), number)
    return Told(str(number), about(f"checkpoint {number}"))


def a_column_of_a_checkpoint(store: Store) -> Told:
    number, size = store.dice.choice(store.all("SELECT number, size FROM checkpoint"))
    if store.dice.random() < 0.5:
        store.do("UPDATE checkpoint SET size = ? WHERE number = ?", size + 1, number)
        return Told(f"{number} size", about(f"checkpoint {number}", "`size`"))
    key = Signer(store.base.former.name, THIEF).key.text
    store.do("UPDATE checkpoint SET vkey = ? WHERE number = ?", key, number)
    return Told(f"{number} vkey", about(f"checkpoint {number}", "`vkey`"))


def a_checkpoint_taken_out(store: Store) -> Told:
    number = store.dice.randrange(1, store.one("SELECT max(number) FROM checkpoint"))
    store.do("DELETE FROM checkpoint WHERE number = ?", number)
    return Told(str(number), about(f"checkpoint {number}", "missing"))


def the_last_checkpoints_taken_out(store: Store) -> Told:
    last = store.one("SELECT max(number) FROM checkpoint")
    store.do("DELETE FROM checkpoint WHERE number >= ?", store.dice.randrange(1, last + 1))
    return Told(str(last), about(store.base.given.name, "does not keep this checkpoint"))


def a_checkpoint_signed_by_another_key(store: Store) -> Told:
    """The same head: what it says is true."""
    number, note = store.dice.choice(store.all("SELECT number, note FROM checkpoint"))
    signer = Signer(store.base.former.name, THIEF)
    content = checkpoint.signed(checkpoint.read(note).checkpoint, signer)
    store.do("UPDATE checkpoint SET note = ?, vkey = ? WHERE number = ?", content, signer.key.text, number)
    return Told(str(number), about(f"checkpoint {number}", "no such key is known"))


def a_checkpoint_signed_by_the_former_key(store: Store) -> Told:
    store.add_checkpoint(store.base.former)
    number = store.one("SELECT max(number) FROM checkpoint")
    return Told(str(number), about(f"checkpoint {number}", "was replaced with"))


def a_checkpoint_of_another_root(store: Store) -> Told:
    """Signed by the key that was in force: as if its holder had signed two histories."""
    rotated = keys(store)[-1]["seq"]
    rows = store.all("SELECT number, note FROM checkpoint WHERE size <= ?", rotated)
    number, note = store.dice.choice(rows)
    head = checkpoint.read(note).checkpoint
    content = checkpoint.signed(Checkpoint(head.origin, head.size, store.dice.randbytes(32)), store.base.former)
    store.do("UPDATE checkpoint SET note = ? WHERE number = ?", content, number)
    return Told(str(number), about(f"checkpoint {number}", "its root is not that"))


def a_trigger_or_table(store: Store) -> Told:
    name = store.dice.choice((*guards.TRIGGERS, "timing", "checkpoint"))
    if name in guards.TRIGGERS:
        store.do(f"DROP TRIGGER {name}")
    else:
        store.do(f"DROP TABLE {name}")
    return Told(name, about(name, "missing"))


LEAF = "SELECT bytes FROM leaf WHERE seq = ?"
WAYS: tuple[Callable[[Store], Told], ...] = (
    a_byte_of_a_record, a_column_of_a_record, a_record_taken_out, two_records_exchanged, a_record_put_at_the_end,
    a_record_with_its_own_hash, a_root, the_tail_cut, the_tail_cut_with_its_roots, the_tail_rewritten,
    a_record_left_out_and_the_rest_rewritten, a_record_put_in_and_the_rest_rewritten,
    the_order_changed_and_the_rest_rewritten, a_byte_of_a_value, a_value_changed_with_its_hash, a_value_taken_out,
    a_byte_of_a_segment, a_segment_packed_anew, a_segment_taken_out,
    a_key_put_in_the_place_of_the_enrolled, a_word_of_a_key_record, a_byte_of_a_checkpoint, a_column_of_a_checkpoint,
    a_checkpoint_taken_out, the_last_checkpoints_taken_out, a_checkpoint_signed_by_another_key,
    a_checkpoint_signed_by_the_former_key, a_checkpoint_of_another_root, a_trigger_or_table,
)  # fmt: skip


def tamper(base: Base, way: Callable[[Store], Told], dice: Random, scratch: Path) -> tuple[Told, tuple[Finding, ...]]:
    """Tamper with a copy of the store in one way; what was done, and everything that the verification finds."""
    path = Path(shutil.copy(base.path, scratch / "tampered.sqlite"))
    with closing(sqlite3.connect(path)) as connection:
        for name in guards.TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        connection.commit()
    store = Store(path, base, dice)
    try:
        last = way is a_trigger_or_table
        if last:
            _guard(store.connection)
        told = way(store)
        if not last:
            _guard(store.connection)
        store.connection.commit()
    finally:
        store.connection.close()
    return told, base.findings(path)


def _guard(connection: sqlite3.Connection) -> None:
    for text in guards.TRIGGERS.values():
        connection.execute(text)


# Stores to tamper with


def made(path: Path) -> Base:
    """A small log of orders and fills, as the tests of the log have it, signed after each session."""
    first, second = (Signer("warrant/test", Ed25519PrivateKey.from_private_bytes(bytes([one]) * 32)) for one in (1, 2))

    def record(action: str, signer: Signer, **more: str) -> dict[str, Json]:
        said = {"action": action, "vkey": signer.key.text, **more, "who": "Ada", "reason": "a test", "asked_at": at(0)}
        about_ = body(at(1 if more else 0), **said)
        proof = signature(signer.private, statement(about_))
        return {**about_, "proof": proof} | ({"signature": signature(first.private, statement(about_))} if more else {})

    with AuditLog.open(path) as log:
        log.append("key", record(ENROL, first))
        signer = first
        for number, _ in enumerate(sessions(log, 4)):
            if number == 10:
                log.checkpoint(signer)
                log.append("key", record(ROTATE, second, former=first.key.text))
                signer = second
            if number % 5 == 4:
                log.checkpoint(signer)
        for content in segments_of(log, at(2)[:10]):
            said, move = sealed(content, log.size, log.root)
            said = {name: value for name, value in said.items() if name != "kind"}
            log.append_many([Entry("seal", body(at(5), **said))], also=move)
        last = log.checkpoint(signer)
    return Base(path, Given("kept elsewhere", last), first.key, first)


def of_desk(folder: Path, path: Path, first: VerifierKey, former: Signer) -> Base:
    """The store of a desk as one file, without a journal beside it."""
    source = folder / "store" / "warrant.sqlite"
    with closing(sqlite3.connect(source)) as connection, closing(sqlite3.connect(path)) as target:
        connection.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    with to_read(path) as connection:
        last = kept.newest(connection)
    assert last is not None, "the desk has no checkpoint; `warrant audit checkpoint` makes one"
    return Base(path, Given("kept elsewhere", last.signed), first, former)


def run_desk(folder: Path, until: tuple[str, str] = ("2011-02-01", "2011-03-04")) -> Base:
    """A paper desk that runs up to two sessions, with its key replaced in between."""
    from adapters.desk.folder import read_desk
    from adapters.desk.making import make_desk
    from adapters.running.backtest import remaining, run
    from adapters.running.session import opened
    from adapters.running.world import World
    from adapters.sealing.keeping import seal as seal_before
    from adapters.signing.log_key import make_log_key, needed_signer, rotate

    make_desk(folder, None)
    file = folder / "warrant.toml"
    file.write_text(file.read_text().replace('mode = "backtest"', 'mode = "paper"'))
    desk = read_desk(folder)
    first, world = make_log_key(desk), World.of(desk)
    former = needed_signer(desk)
    for last in until:
        with opened(desk, world) as runner:
            for _ in run(runner, remaining(runner, world.first_decision, last)):
                pass
        if last != until[-1]:
            rotate(desk, "Ada Lovelace", "a new key for the second half")
            assert seal_before(desk, last)
    return of_desk(folder, folder / "one-file.sqlite", first, former)


def outcomes(base: Base, count: int, seed: int, scratch: Path) -> Iterator[tuple[str, Told, tuple[Finding, ...]]]:
    """`count` tamperings, each way in turn."""
    assert base.findings(base.path) == (), "the store that is tampered with must be sound"
    for number in range(count):
        way = WAYS[number % len(WAYS)]
        told, found = tamper(base, way, Random(f"{seed}/{number}"), scratch)
        yield way.__name__.replace("_", " "), told, found


def main(words: list[str]) -> int:
    """Tamper, and print a table."""
    asked = argparse.ArgumentParser(prog="python -m tests.tamperings")
    asked.add_argument("--count", type=int, default=1000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args(words)
    rows: dict[str, Counter[str]] = {}
    lost, began = 0, perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        base = run_desk(Path(scratch) / "desk")
        size = base.given.signed.size
        print(f"a store of {size} records, {base.path.stat().st_size:,} bytes, made in {perf_counter() - began:.0f} s")
        for way, told, found in outcomes(base, given.count, given.seed, Path(scratch)):
            row = rows.setdefault(way, Counter())
            named = any(map(told.names, found))
            row.update(done=1, found=bool(found), named=named)
            row.update({f"by {one.check}": 1 for one in {each.check: each for each in found}.values()})
            if not named:
                lost += 1
                print(f"NOT NAMED: {way}, {told.what}: {'; '.join(map(str, found[:3])) or 'nothing found'}")
    checks = ("bytes", "sequence", "checkpoints")
    print(f"{'tampering':<42} {'done':>5} {'found':>5} {'named':>5}   found by {' / '.join(checks)}")
    total = Counter[str]()
    for way, row in rows.items():
        total.update(row)
        print(_line(way, row, checks))
    print(_line("all", total, checks))
    print(f"seed {given.seed}, {perf_counter() - began:.0f} s")
    return 1 if lost else 0


def _line(way: str, row: Counter[str], checks: tuple[str, ...]) -> str:
    by = " / ".join(f"{row[f'by {check}']}" for check in checks)
    return f"{way:<42} {row['done']:>5} {row['found']:>5} {row['named']:>5}   {by}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
