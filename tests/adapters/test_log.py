"""Appending, receipts, refusals, and what the store does not let happen."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit.envelope import derived_id
from adapters.audit.log import AuditLog, Entry, LogReader, LogUnreadable, LogUnwritable, Receipt, verify_receipt
from adapters.audit.merkle import root, verify_consistency
from adapters.store import guards
from adapters.store.address import Address
from knowledge.values import Json, canonical, digest, parse
from tests.adapters.records import at, body, decide, make_log, stored, warrant
from tests.adapters.test_verify import damage


@pytest.fixture
def path(where: Address) -> Address:
    return where


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """For what is about SQLite's file; the same on a server: `tests/adapters/store/test_postgresql.py`."""
    return tmp_path / "var" / "log.sqlite"


def raw(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_receipt_proves_its_own_record_against_the_root_of_its_moment(path: Address) -> None:
    receipts = make_log(path)
    with AuditLog.open(path) as log:
        assert log.size == len(receipts)
        for receipt in receipts:
            assert verify_receipt(receipt, log.root_at(receipt.tree_size))
            later = log.receipt(receipt.record_id)
            assert verify_receipt(later, log.root)
            assert later.leaf == receipt.leaf
            assert receipt.record == log.record(receipt.record_id)
            assert not verify_receipt(receipt, log.root_at(receipt.tree_size - 1))


def test_the_log_grows_from_each_of_its_beginnings(path: Address) -> None:
    make_log(path)
    with LogReader.read(path) as log:
        for size in range(1, log.size + 1):
            assert verify_consistency(size, log.size, log.root_at(size), log.root, log.consistency(size))


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), index=st.integers(0, 3))
def test_a_forged_receipt_never_verifies(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int, index: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    with AuditLog.open(path) as log:
        for session in range(5):
            receipt = decide(log, session, warrant(f"e{session}", "entry", session))
        leaf = bytearray(receipt.leaf)
        leaf[place % len(leaf)] ^= 1 << bit
        assert not verify_receipt(replace(receipt, leaf=bytes(leaf)), log.root)
        assert not verify_receipt(replace(receipt, record_id="0" * 16), log.root)
        assert not verify_receipt(replace(receipt, index=index), log.root)
        assert not verify_receipt(replace(receipt, path=receipt.path[1:]), log.root)
        assert not verify_receipt(replace(receipt, root=b"\x00" * 32), log.root)
        assert not verify_receipt(receipt, b"\x00" * 32)
        assert not verify_receipt(Receipt("", b"", 0, 0, (), b""), log.root)


def test_ids_derive_from_content_so_that_two_runs_have_the_same_root(tmp_path: Path) -> None:
    first, second = make_log(tmp_path / "a.sqlite"), make_log(tmp_path / "b.sqlite")
    assert first == second
    assert all(derived_id(receipt.record) == receipt.record_id for receipt in first)
    assert len({receipt.record_id for receipt in first}) == len(first)


@given(
    extra=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
            lambda name: name not in {*body(at(0)), "kind", "seq", "format", "blobs", "record_id", "inputs"}
        ),
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        max_size=5,
    )
)
def test_the_stored_bytes_are_the_canonical_record(tmp_path_factory: pytest.TempPathFactory, extra: Json) -> None:
    with AuditLog.open(tmp_path_factory.mktemp("log") / "log.sqlite") as log:
        receipt = log.append("state", body(at(0), **extra))
        assert receipt.leaf == canonical(parse(receipt.leaf))
        assert {**parse(receipt.leaf), **extra} == receipt.record
        assert derived_id(receipt.record) == receipt.record_id
        assert receipt.written is None
    parts = {name: canonical(value) for name, value in extra.items() if len(name) % 2}
    with AuditLog.open(tmp_path_factory.mktemp("log") / "log.sqlite") as log:
        spliced = log.append("state", body(at(0), **extra), parts=parts)
        assert spliced == receipt
        assert spliced.written == (receipt.record if parts else None)
        assert list(spliced.written or ()) == sorted(spliced.written or ())


def test_timings_stay_beside_the_leaf(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "a.sqlite") as a, AuditLog.open(tmp_path / "b.sqlite") as b:
        one = a.append("start", body(at(0)), timings={"clips": 5})
        two = b.append("start", body(at(0)), timings={"clips": 6, "z3": 7})
        assert one == two
        assert list(b.timings()) == [(0, {"clips": 6, "z3": 7})]


def test_a_batch_is_written_whole_or_not_at_all(path: Address) -> None:
    with AuditLog.open(path) as log:
        log.append("start", body(at(0)))
        good = Entry("state", body(at(1)))
        receipts = log.append_many([good, Entry("state", body(at(2)))])
        assert [receipt.tree_size for receipt in receipts] == [2, 3]
        assert all(verify_receipt(receipt, log.root_at(receipt.tree_size)) for receipt in receipts)
        before = log.root
        with pytest.raises(ValueError, match="not a record"):
            log.append_many([Entry("state", body(at(3))), Entry("state", {"as_of": at(4)})])
        assert (log.size, log.root) == (3, before)
        assert log.append("state", body(at(3))).index == 3


def test_a_blob_is_stored_once_and_must_be_there(path: Address) -> None:
    with AuditLog.open(path) as log:
        decide(log, 0)
        decide(log, 0)
        content = stored(0)["snapshot"]
        assert log.blob(digest(content)) == content
        with pytest.raises(KeyError):
            log.blob("sha256:" + "0" * 64)
        with pytest.raises(ValueError, match="neither given nor stored"):
            log.append("decision", body(at(1), inputs={"snapshot": "sha256:" + "0" * 64}, warrants=[]))
        with pytest.raises(ValueError, match="another digest"):
            log.append("state", body(at(1)), {"sha256:" + "0" * 64: b"{}"})
        assert log._connection.exec_driver_sql("SELECT count(*) FROM blob").scalar() == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"as_of": "2011-01-03"}, "is not an instant"),
        ({"mode": "demo"}, "`mode`"),
        ({"desk": ""}, "`desk`"),
        ({"seq": 7}, "leaves `seq` to the log"),
        ({"record_id": "x"}, "leaves `record_id` to the log"),
        ({"nav": 1.5}, "float"),
    ],
)
def test_what_is_no_record_is_refused(path: Address, change: Json, words: str) -> None:
    with AuditLog.open(path) as log:
        with pytest.raises(ValueError, match=words):
            log.append("state", {**body(at(0)), **change})
        with pytest.raises(ValueError, match="no-such-kind"):
            log.append("no-such-kind", body(at(0)))
        assert log.size == 0


def test_time_does_not_go_back_in_this_process_nor_after_a_restart(path: Address) -> None:
    with AuditLog.open(path) as log:
        log.append("start", body(at(1)))
        with pytest.raises(LogUnwritable, match="cannot go back in time"):
            log.append("state", body(at(0)))
    with AuditLog.open(path) as log, pytest.raises(LogUnwritable, match="cannot go back in time"):
        log.append("state", body(at(0)))


def test_two_writers_take_turns(path: Address) -> None:
    with AuditLog.open(path) as one, AuditLog.open(path) as two:
        for session in range(4):
            receipt = (one, two)[session % 2].append("state", body(at(session)))
            assert verify_receipt(receipt, one.root) and verify_receipt(receipt, two.root)
        assert one.size == two.size == 4


def test_threads_share_one_log(path: Address) -> None:
    with AuditLog.open(path) as log:
        threads = [Thread(target=lambda: [log.append("state", body(at(0), n=n)) for n in range(10)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [record["seq"] for record in log] == list(range(40))


def test_reading_by_kind_time_and_beginning_of_the_id(path: Address) -> None:
    receipts = make_log(path)
    with LogReader.read(path) as log:
        assert [record["record_id"] for record in log] == [receipt.record_id for receipt in receipts]
        assert [record["as_of"] for record in log.records(["decision"])] == [at(0), at(1), at(2)]
        assert [record["as_of"] for record in log.records(["decision"], since=at(1), until=at(1))] == [at(1)]
        newest = next(log.records(newest_first=True))
        assert newest["kind"] == "stop"
        assert log.find(newest["record_id"][:8]) == (newest["record_id"],)
        assert log.find("%") == ()
        with pytest.raises(KeyError):
            log.record("0" * 16)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leaf SET kind = 'fault'",
        "DELETE FROM leaf WHERE seq = 3",
        "UPDATE blob SET packed = x'00'",
        "DELETE FROM blob",
        "UPDATE tree SET root = x'00'",
        "DELETE FROM tree",
        "INSERT OR REPLACE INTO leaf SELECT 3, record_id, kind, as_of, leaf_hash, bytes FROM leaf WHERE seq = 4",
        "INSERT OR REPLACE INTO leaf SELECT max(seq) + 1, record_id, kind, as_of, leaf_hash, bytes FROM leaf",
        "INSERT OR REPLACE INTO blob SELECT digest, packed_hash, x'00' FROM blob",
        "INSERT OR REPLACE INTO tree SELECT 3, root FROM tree",
    ],
)
def test_the_tables_only_grow(file: Path, statement: str) -> None:
    make_log(file)
    with pytest.raises(sqlite3.IntegrityError, match=r"only grows|once"):
        raw(file, statement)


def test_what_was_packed_ahead_is_stored_as_if_it_had_not_been(path: Address, tmp_path: Path) -> None:
    texts = [canonical({"facts": [[number]] * 50}) for number in range(3)]
    blobs = [{digest(text): text} for text in texts]
    with AuditLog.open(path) as log, AuditLog.open(tmp_path / "other.sqlite") as other:
        log.prepare(blobs[0])
        log.append("state", body(at(0)), blobs[0])
        log.prepare(blobs[2])
        log.append("state", body(at(1)), blobs[1])
        log.prepare({name: bytes(bytearray(text)) for name, text in blobs[2].items()})
        log.append("state", body(at(2)), blobs[2])
        for number, one in enumerate(blobs):
            other.append("state", body(at(number)), one)
        assert log.root == other.root
        assert [log.blob(digest(text)) for text in texts] == texts
        with pytest.raises(ValueError, match="have another digest"):
            log.prepare({digest(b"one"): b"two"})


def test_a_rest_moves_what_has_grown_and_changes_nothing(file: Path) -> None:
    with AuditLog.open(file) as log:
        log.rest()
        for number in range(12):
            log.append("state", {**body(at(number)), "said": Random(number).randbytes(500_000).hex()})
        before, ahead = file.stat().st_size, file.with_name(f"{file.name}-wal")
        log.rest()
        assert file.stat().st_size > before + 4_000_000
        grown = file.stat().st_size
        log.append("state", body(at(12)))
        log.rest()
        assert file.stat().st_size == grown, "too little came since"
        assert ahead.exists()
    with LogReader.read(file) as log:
        assert log.size == 13


def test_commits_are_synchronous(file: Path) -> None:
    with AuditLog.open(file) as log:
        ask = log._connection.exec_driver_sql
        assert [ask(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")] == [
            "wal",
            2,
            1,
        ]


# When the log cannot be written: one exception with a sentence, nothing half-written.


def test_a_full_disk(file: Path) -> None:
    with AuditLog.open(file) as log:
        log.append("start", body(at(0)))
        pages = log._connection.exec_driver_sql("PRAGMA page_count").scalar()
        log._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(LogUnwritable, match="cannot be written: the disk is full"):
            log.append("state", body(at(1), note=Random(1).randbytes(50_000).hex()))
        assert log.size == 1
        log._connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        assert log.append("state", body(at(1))).index == 1


def test_a_read_only_file(file: Path) -> None:
    with AuditLog.open(file) as log:
        log._connection.exec_driver_sql("PRAGMA query_only=ON")
        with pytest.raises(LogUnwritable, match="it is read-only"):
            log.append("start", body(at(0)))


def test_a_locked_file(file: Path) -> None:
    with AuditLog.open(file, busy_seconds=0.05) as log:
        other = sqlite3.connect(file)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnwritable, match="another process holds it locked"):
            log.append("start", body(at(0)))
        other.close()
        assert log.append("start", body(at(0))).index == 0


def test_places_where_no_log_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place, words in [
        (tmp_path, "cannot be opened"),
        (tmp_path / "file" / "log.sqlite", "cannot be written"),
        (tmp_path / "empty.sqlite", "is empty"),
        (tmp_path / "text.sqlite", "is not a database"),
    ]:
        (tmp_path / "empty.sqlite").write_bytes(b"")
        (tmp_path / "text.sqlite").write_text("not a database at all " * 100)
        with pytest.raises(LogUnwritable, match=words):
            AuditLog.open(place)


@pytest.mark.parametrize("place", ["missing.sqlite", "text.sqlite"])
def test_reading_what_is_no_log(tmp_path: Path, place: str) -> None:
    (tmp_path / "text.sqlite").write_text("not a database at all " * 100)
    with pytest.raises(LogUnreadable, match=place), LogReader.read(tmp_path / place) as log:
        log.record("0" * 16)


# When the log does not verify at start, nothing trades.


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM leaf WHERE seq = (SELECT max(seq) FROM leaf)",
        "DELETE FROM leaf WHERE seq = 4",
        "UPDATE leaf SET leaf_hash = zeroblob(32) WHERE seq = 2",
        "UPDATE tree SET root = zeroblob(32) WHERE size = (SELECT max(size) FROM tree)",
        "DELETE FROM tree WHERE size = (SELECT max(size) FROM tree)",
        "UPDATE leaf SET as_of = 'never' WHERE seq = (SELECT max(seq) FROM leaf)",
        "DROP TABLE tree",
    ],
)
def test_a_damaged_log_does_not_open(file: Path, damage: str) -> None:
    make_log(file)
    drop = [f"DROP TRIGGER {name}" for name in guards.TRIGGERS]
    keep = guards.TRIGGERS.values() if "DROP TABLE" not in damage else []
    raw(file, *drop, damage, *keep)
    with pytest.raises(LogUnwritable, match=r"does not verify.*warrant audit verify"):
        AuditLog.open(file)


def test_a_log_without_its_triggers_does_not_open(file: Path) -> None:
    make_log(file)
    raw(file, "DROP TRIGGER leaf_update")
    with pytest.raises(LogUnwritable, match="its `leaf_update` is missing"):
        AuditLog.open(file)


def test_a_head_that_another_process_moved_wrongly_stops_the_next_append(file: Path) -> None:
    with AuditLog.open(file) as log:
        log.append("start", body(at(0)))
        raw(file, "INSERT INTO tree VALUES (2, zeroblob(32))")
        with pytest.raises(LogUnwritable, match="does not verify"):
            log.append("state", body(at(1)))


def test_an_empty_log_has_the_empty_root(path: Address) -> None:
    with AuditLog.open(path) as log:
        assert (log.size, log.root, log.root_at(0)) == (0, root([]), root([]))
        with pytest.raises(KeyError):
            log.root_at(1)


@pytest.mark.sqlite_file
def test_whoever_reads_all_records_reads_none_that_was_altered(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    make_log(path)
    damage(path, ("UPDATE leaf SET bytes = (SELECT bytes FROM leaf WHERE seq = 0) WHERE seq = 1", ()))
    with LogReader.read(path) as log, pytest.raises(LogUnreadable, match="record 1 is not what was written"):
        list(log)
