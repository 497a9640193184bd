"""A log on a server: the same refusals, the same attacks as on a file (`test_log.py`, `test_verify.py`), by SQL."""

from __future__ import annotations

from hashlib import sha256

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.audit.log import AuditLog, LogReader, LogUnreadable, LogUnwritable
from adapters.audit.merkle import leaf_hash
from adapters.store import engine
from adapters.store.address import Schema
from adapters.store.guards import HOOKS
from adapters.store.tables import pack
from adapters.verifying.verify import verify
from knowledge.values import canonical
from tests.adapters.records import at, body, make_log
from tests.postgresql import Server, schema, sql

TABLES = ("leaf", "blob", "tree")
OFF = [f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in TABLES]
ON = [f"ALTER TABLE {table} ENABLE TRIGGER ALL" for table in TABLES]
ON += [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for name, (table, *_) in HOOKS.items()]
UNTIED = "ALTER TABLE timing DROP CONSTRAINT timing_seq_fkey"


@pytest.fixture
def log(server: Server) -> Schema:
    """A log of two sessions."""
    where = schema(server)
    make_log(where, 2)
    return where


def tamper(where: Schema, *statements: str) -> None:
    """Change rows as somebody would who owns the database: triggers off, change, triggers as they were."""
    sql(where, *OFF, *statements, *ON)


def ids(where: Schema) -> list[str]:
    with LogReader.read(where) as log:
        return [record["record_id"] for record in log]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leaf SET kind = 'fault'",
        "DELETE FROM leaf WHERE seq = 3",
        "TRUNCATE timing, leaf",
        "UPDATE blob SET packed = ''",
        "DELETE FROM blob",
        "TRUNCATE blob",
        "UPDATE tree SET root = ''",
        "DELETE FROM tree",
        "TRUNCATE tree",
        "INSERT INTO leaf SELECT 3, 'x', kind, as_of, leaf_hash, bytes FROM leaf WHERE seq = 4"
        " ON CONFLICT (seq) DO UPDATE SET bytes = excluded.bytes",
        "INSERT INTO leaf SELECT 99, 'x', kind, as_of, leaf_hash, bytes FROM leaf WHERE seq = 4",
        "INSERT INTO blob SELECT * FROM blob ON CONFLICT (digest) DO UPDATE SET packed = ''",
        "INSERT INTO tree SELECT 99, root FROM tree",
        "SET session_replication_role = replica; DELETE FROM tree",
    ],
)
def test_the_tables_only_grow(log: Schema, statement: str) -> None:
    with pytest.raises(psycopg.Error, match=r"only grows|once"):
        sql(log, *statement.split("; "))
    assert verify(log).holds


def test_commits_are_synchronous_whatever_the_server_says(log: Schema) -> None:
    """The tests' server is set not to wait for the disk; a desk's connection asks for it all the same."""
    with AuditLog.open(log) as one:
        ask = one._connection.exec_driver_sql
        assert ask("SHOW synchronous_commit").scalar() == "on"
        assert ask("SELECT current_schema()").scalar() == log.name


def test_a_log_that_another_writer_holds(log: Schema) -> None:
    with AuditLog.open(log, busy_seconds=0.05) as one, engine.connect(log, write=True) as other:
        with engine.writing(other), pytest.raises(LogUnwritable, match="another process holds it locked"):
            one.append("state", body(at(9)))
        assert one.append("state", body(at(9))).index == 22


def test_a_reader_does_not_wait_for_a_writer_and_sees_what_is_committed(log: Schema) -> None:
    with engine.connect(log, write=True) as other, engine.writing(other), LogReader.read(log) as reader:
        assert reader.size == len(list(reader)) == 22


def test_a_read_only_server(log: Schema) -> None:
    with AuditLog.open(log) as one:
        one._connection.exec_driver_sql("SET default_transaction_read_only = on")
        with pytest.raises(LogUnwritable, match="it is read-only"):
            one.append("state", body(at(9)))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM leaf WHERE seq = 21", "does not verify"),
        ("DELETE FROM leaf WHERE seq = 4", "does not verify"),
        ("UPDATE leaf SET leaf_hash = '' WHERE seq = 2", "does not verify"),
        ("UPDATE tree SET root = '' WHERE size = 22", "does not verify"),
        ("DELETE FROM tree WHERE size = 22", "does not verify"),
        ("UPDATE leaf SET as_of = 'never' WHERE seq = 21", "does not verify"),
        ("ALTER TABLE tree RENAME TO trees", "its `tree` is missing"),
        ("DROP TRIGGER leaf_update ON leaf", "its `leaf_update` is missing"),
    ],
)
def test_a_damaged_log_does_not_open(log: Schema, statement: str, words: str) -> None:
    sql(log, UNTIED, *OFF, statement)
    with pytest.raises(LogUnwritable, match=words):
        AuditLog.open(log)


@pytest.mark.parametrize(
    ("statement", "field", "words"),
    [
        ("DROP TRIGGER leaf_update ON leaf", "leaf_update", "missing"),
        ("ALTER TABLE leaf DISABLE TRIGGER leaf_delete", "leaf_delete", "changed"),
        ("ALTER TABLE leaf ENABLE TRIGGER leaf_delete", "leaf_delete", "changed"),
        (
            "CREATE OR REPLACE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "only_grows",
            "changed",
        ),
        ("ALTER FUNCTION leaf_at_end() SET search_path = public", "leaf_at_end", "changed"),
        ("ALTER TABLE blob RENAME TO b | CREATE VIEW blob AS SELECT * FROM b", "blob", "missing"),
    ],
)
def test_a_log_whose_guards_were_touched_fails(log: Schema, statement: str, field: str, words: str) -> None:
    sql(log, *statement.split(" | "))
    assert next(words in one.sentence for one in verify(log).findings if one.field == field)


COLUMNS = ("record_id", "kind", "as_of", "leaf_hash", "bytes")


@settings(max_examples=15)
@given(seq=st.integers(0, 21), column=st.sampled_from(COLUMNS), place=st.integers(0, 10**6), bit=st.integers(0, 6))
def test_any_flipped_bit_of_any_record_is_found_and_named(
    server: Server, seq: int, column: str, place: int, bit: int
) -> None:
    where = schema(server)
    make_log(where, 2)
    names = ids(where)
    with engine.connect(where, write=False) as connection:
        value = connection.exec_driver_sql(f"SELECT {column} FROM leaf WHERE seq = {seq}").scalar()
    raw = bytearray(value if isinstance(value, bytes) else str(value).encode())
    raw[place % len(raw)] ^= 1 << bit
    if isinstance(value, str) and not raw.decode().isprintable():
        raw[place % len(raw)] = ord("#")
    new = f"'\\x{raw.hex()}'" if isinstance(value, bytes) else "'" + raw.decode().replace("'", "''") + "'"
    tamper(where, f"UPDATE leaf SET {column} = {new} WHERE seq = {seq}")
    verification = verify(where)
    first = verification["bytes"].findings[0]
    assert (first.seq, first.record_id, first.field) == (seq, names[seq], column)
    assert {finding.seq for finding in verification["bytes"].findings} == {seq}


def test_deleted_exchanged_and_doubled_records_are_missed_at_their_place(log: Schema, server: Server) -> None:
    tamper(log, UNTIED, "DELETE FROM leaf WHERE seq = 7")
    first = verify(log).first
    assert first is not None and first.seq == 7
    swapped = schema(server)
    make_log(swapped, 2)
    names = ids(swapped)
    tamper(swapped, *[f"UPDATE leaf SET seq = {new} WHERE seq = {old}" for old, new in ((5, -1), (9, 5), (-1, 9))])
    assert {finding.seq for finding in verify(swapped)["bytes"].findings} >= {5, 9}
    assert verify(swapped).first.record_id == names[9]  # type: ignore[union-attr]
    doubled = schema(server)
    make_log(doubled, 2)
    tamper(
        doubled,
        UNTIED, "ALTER TABLE leaf DROP CONSTRAINT leaf_pkey",
        "ALTER TABLE leaf DROP CONSTRAINT leaf_record_id_key", "INSERT INTO leaf SELECT * FROM leaf WHERE seq = 6",
    )  # fmt: skip
    assert not verify(doubled).holds


def test_a_named_value_rewritten_with_its_packed_hash_is_found_by_its_digest(log: Schema) -> None:
    with LogReader.read(log) as reader:
        record = next(reader.records(["decision"]))
    name, packed = record["inputs"]["snapshot"], pack(canonical({"facts": []}))
    new = f"packed = '\\x{packed.hex()}', packed_hash = '\\x{sha256(packed).hexdigest()}'"
    tamper(log, f"UPDATE blob SET {new} WHERE digest = '{name}'")
    (finding,) = verify(log).findings
    assert (finding.record_id, finding.field) == (record["record_id"], name)
    with LogReader.read(log) as reader, pytest.raises(LogUnreadable, match="another digest"):
        reader.blob(name)


def test_two_rows_of_one_digest_are_both_read(log: Schema) -> None:
    tamper(
        log, "ALTER TABLE blob DROP CONSTRAINT blob_pkey",
        "INSERT INTO blob SELECT digest, packed_hash, '\\x00' FROM blob LIMIT 1",
    )  # fmt: skip
    assert any("unpacked" in finding.sentence for finding in verify(log).findings)


def test_a_record_rewritten_with_all_its_hashes_differs_from_the_roots(log: Schema) -> None:
    with LogReader.read(log) as reader:
        record = reader.record(ids(log)[10])
    forged = canonical({**record, "nav": "999999"})
    new = f"bytes = '\\x{forged.hex()}', leaf_hash = '\\x{leaf_hash(forged).hex()}'"
    tamper(log, f"UPDATE leaf SET {new} WHERE seq = 10")
    assert {(one.seq, one.field) for one in verify(log)["bytes"].findings} == {(10, "bytes"), (10, "root")}


def test_what_cannot_be_read_does_not_hide_the_rest(log: Schema) -> None:
    """A column of another type breaks each question about it; the walk goes on, and every record is named."""
    tamper(log, "ALTER TABLE blob ALTER COLUMN packed TYPE text USING 'x'")
    found = verify(log)
    assert not found.holds
    assert found.size == 22
    sql(log, "ALTER TABLE blob DROP COLUMN packed")
    assert sum("cannot be read" in one.sentence for one in verify(log)["bytes"].findings) == 6


def test_two_desks_in_one_database_do_not_meet(server: Server) -> None:
    one, other = schema(server), schema(server)
    make_log(one, 1)
    make_log(other, 2)
    assert (verify(one).size, verify(other).size) == (12, 22)
    with AuditLog.open(one) as first, engine.connect(other, write=True) as busy, engine.writing(busy):
        assert first.append("state", body(at(9))).index == 12
