"""Five verdicts on good logs, and on logs that were damaged in every way we can think of."""

from __future__ import annotations

import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit.log import AuditLog, LogReader, LogUnreadable, LogUnwritable
from adapters.audit.merkle import CompactRange, leaf_hash
from adapters.store import guards
from adapters.store.tables import pack
from adapters.verifying.verification import Check, Verification
from adapters.verifying.verify import verify
from knowledge.values import Json, canonical
from tests.adapters.records import at, body, decide, make_log, stored, warrant


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two sessions, closed, so that everything is in the one file. Never changed: damage a copy."""
    path = tmp_path_factory.mktemp("good") / "log.sqlite"
    make_log(path, 2)
    return path


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def copy(good: Path, room: Path) -> Path:
    for old in room.glob("log.sqlite*"):
        old.unlink()
    return Path(shutil.copy(good, room / "log.sqlite"))


def damage(path: Path, *steps: tuple[str, tuple[Any, ...]]) -> None:
    """Run statements as somebody would who knows SQLite: drop the triggers, tamper, put them back."""
    connection = sqlite3.connect(path)
    with connection:
        for name in guards.TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement, values in steps:
            connection.execute(statement, values)
        for text in guards.TRIGGERS.values():
            connection.execute(text)
    connection.close()


def ids(good: Path) -> list[str]:
    with LogReader.read(good) as log:
        return [record["record_id"] for record in log]


def outcomes(verification: Verification) -> dict[str, str]:
    return {verdict.check.value: verdict.outcome for verdict in verification.verdicts}


def test_a_good_log_holds_and_says_what_was_not_given(good: Path) -> None:
    verification = verify(good)
    assert verification.findings == ()
    assert verification.holds
    assert outcomes(verification) == {
        "bytes": "holds",
        "sequence": "holds",
        "checkpoints": "not given",
        "arithmetic": "not given",
        "replay": "not given",
    }
    with LogReader.read(good) as log:
        assert (verification.size, verification.root) == (log.size, log.root.hex())


def test_an_empty_log_and_one_that_is_being_written_hold(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        assert verify(log.path).holds
        decide(log, 0, warrant("e", "entry", 0))
        assert verify(log.path).holds
        assert verify(log.path).size == 1


def test_no_file_is_an_input_fault(tmp_path: Path) -> None:
    with pytest.raises(LogUnreadable, match="there is no log"):
        verify(tmp_path / "log.sqlite")


@pytest.mark.parametrize("content", [b"", b"no database " * 500, b"SQLite format 3\x00" + b"\x00" * 4080])
def test_a_file_that_is_no_log_fails(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.sqlite").write_bytes(content)
    verification = verify(tmp_path / "log.sqlite", arithmetic=lambda record, blob: [])
    assert verification["bytes"].outcome == verification["sequence"].outcome == "fails"
    assert verification["arithmetic"].outcome == "fails"


COLUMNS = ("record_id", "kind", "as_of", "leaf_hash", "bytes")


@given(seq=st.integers(0, 10**6), column=st.sampled_from(COLUMNS), place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_flipped_bit_of_any_record_is_found_and_named(
    good: Path, room: Path, seq: int, column: str, place: int, bit: int
) -> None:
    path, names = copy(good, room), ids(good)
    seq %= len(names)
    connection = sqlite3.connect(path)
    (value,) = connection.execute(f"SELECT CAST({column} AS BLOB) FROM leaf WHERE seq = ?", (seq,)).fetchone()
    connection.close()
    flipped = bytearray(value)
    flipped[place % len(value)] ^= 1 << bit
    cast = column if column in ("leaf_hash", "bytes") else f"CAST(CAST({column} AS BLOB) AS TEXT)"
    stored_as = "?" if cast == column else "CAST(? AS TEXT)"
    damage(path, (f"UPDATE leaf SET {column} = {stored_as} WHERE seq = ?", (bytes(flipped), seq)))
    verification = verify(path)
    assert verification["bytes"].outcome == "fails"
    first = verification["bytes"].findings[0]
    assert (first.seq, first.record_id, first.field) == (seq, names[seq], column)
    with_column = {finding.seq for finding in verification["bytes"].findings}
    assert with_column == {seq}


@given(
    row=st.integers(0, 10**6), column=st.sampled_from(("digest", "packed_hash", "packed")), place=st.integers(0, 10**6)
)
def test_any_flipped_bit_of_what_a_record_names_is_found_and_the_record_named(
    good: Path, room: Path, row: int, column: str, place: int
) -> None:
    path = copy(good, room)
    connection = sqlite3.connect(path)
    rows = connection.execute(f"SELECT rowid, CAST({column} AS BLOB) FROM blob").fetchall()
    connection.close()
    rowid, value = rows[row % len(rows)]
    flipped = bytearray(value)
    flipped[place // 8 % len(value)] ^= 1 << place % 8
    value_as = "CAST(? AS TEXT)" if column == "digest" else "?"
    damage(path, (f"UPDATE blob SET {column} = {value_as} WHERE rowid = ?", (bytes(flipped), rowid)))
    verification = verify(path)
    assert verification["bytes"].outcome == "fails"
    assert verification.first is not None
    assert verification.first.record_id in {ids(good)[1], ids(good)[11]}


@given(size=st.integers(0, 10**6), place=st.integers(0, 255))
def test_any_flipped_bit_of_a_root_is_found_at_its_record(good: Path, room: Path, size: int, place: int) -> None:
    path, names = copy(good, room), ids(good)
    size = size % len(names) + 1
    with LogReader.read(good) as log:
        flipped = bytearray(log.root_at(size))
    flipped[place // 8] ^= 1 << place % 8
    damage(path, ("UPDATE tree SET root = ? WHERE size = ?", (bytes(flipped), size)))
    verification = verify(path)
    assert [(each.seq, each.record_id, each.field) for each in verification.findings] == [
        (size - 1, names[size - 1], "root")
    ]


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), spread=st.sampled_from([1, 1, 1, 4, 64]))
def test_a_flip_in_the_raw_file_is_found_unless_no_record_is_touched(
    good: Path, room: Path, where: float, bit: int, spread: int
) -> None:
    path = copy(good, room)
    content = bytearray(path.read_bytes())
    start = int(where * len(content))
    for place in range(start, min(start + spread, len(content))):
        content[place] ^= 1 << bit
    path.write_bytes(content)
    verification = verify(path, arithmetic=lambda record, blob: [])
    if verification.holds:
        assert everything(path) == everything(good)
        assert verification.root == verify(good).root


@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_short_is_found(good: Path, room: Path, cut: float) -> None:
    path = copy(good, room)
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    assert not verify(path).holds


def everything(path: Path) -> list[tuple[Any, ...]]:
    # For writing, SQLite would not open a file where the text of a table beside the log is damaged.
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    rows = [
        row
        for query in (
            "SELECT seq, record_id, kind, as_of, leaf_hash, bytes FROM leaf ORDER BY seq",
            "SELECT digest, packed_hash, packed FROM blob ORDER BY digest",
            "SELECT size, root FROM tree ORDER BY size",
        )
        for row in connection.execute(query)
    ]
    connection.close()
    return rows


@given(seq=st.integers(0, 10**6))
def test_a_deleted_record_is_missed_at_its_place(good: Path, room: Path, seq: int) -> None:
    path, names = copy(good, room), ids(good)
    seq %= len(names)
    damage(path, ("DELETE FROM leaf WHERE seq = ?", (seq,)))
    verification = verify(path)
    assert verification["bytes"].outcome == verification["sequence"].outcome == "fails"
    assert verification.first is not None
    assert verification.first.seq == seq


@given(seq=st.integers(0, 10**6), other=st.integers(0, 10**6))
def test_exchanged_records_are_named(good: Path, room: Path, seq: int, other: int) -> None:
    path, names = copy(good, room), ids(good)
    seq, other = sorted((seq % len(names), other % len(names)))
    if seq == other:
        return
    move = "UPDATE leaf SET seq = ? WHERE seq = ?"
    damage(path, (move, (-1, seq)), (move, (seq, other)), (move, (other, -1)))
    verification = verify(path)
    assert verification.first is not None
    assert (verification.first.seq, verification.first.record_id) == (seq, names[other])
    assert {finding.seq for finding in verification["bytes"].findings} >= {seq, other}


def test_a_cut_tail_shows_against_the_tree(good: Path, room: Path) -> None:
    path, size = copy(good, room), len(ids(good))
    damage(path, ("DELETE FROM leaf WHERE seq >= ?", (size - 3,)))
    (finding,) = verify(path)["sequence"].findings
    assert finding.seq == size - 3
    assert f"written over {size} records" in finding.sentence


def test_a_tail_cut_together_with_its_roots_is_a_shorter_log(good: Path, room: Path) -> None:
    """What only a checkpoint kept elsewhere can show; here so that nobody believes otherwise."""
    path, size = copy(good, room), len(ids(good))
    damage(path, ("DELETE FROM leaf WHERE seq >= ?", (size - 1,)), ("DELETE FROM tree WHERE size >= ?", (size,)))
    verification = verify(path)
    assert verification.holds
    assert verification.root != verify(good).root


def test_a_record_rewritten_with_all_its_hashes_differs_from_the_roots(good: Path, room: Path) -> None:
    path, names = copy(good, room), ids(good)
    with LogReader.read(good) as log:
        record = log.record(names[10])
    forged = canonical({**record, "nav": "999999"})
    damage(path, ("UPDATE leaf SET bytes = ?, leaf_hash = ? WHERE seq = 10", (forged, leaf_hash(forged))))
    verification = verify(path)
    assert {(finding.seq, finding.field) for finding in verification["bytes"].findings} == {(10, "bytes"), (10, "root")}


def test_a_store_without_its_triggers_fails(good: Path, room: Path) -> None:
    path = copy(good, room)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER leaf_update")
    connection.execute("DROP TRIGGER leaf_delete")
    connection.execute("CREATE TRIGGER leaf_delete BEFORE DELETE ON leaf BEGIN SELECT 1; END")
    connection.close()
    found = {finding.field: finding.sentence for finding in verify(path).findings}
    assert "missing" in found["leaf_update"]
    assert "changed" in found["leaf_delete"]


def test_what_is_no_record_is_reported_in_every_verdict_that_was_asked_for(good: Path, room: Path) -> None:
    names = ids(good)
    for content in (
        b"\xff\xfe",
        b"[1]",
        b'{"a":1.5}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b"[" * 100_000,
        b'{"a":"\\ud800"}',
    ):
        path = copy(good, room)
        damage(path, ("UPDATE leaf SET bytes = ? WHERE seq = 10", (content,)))
        verification = verify(path, replay=lambda record, blob: [])
        assert verification.first is not None
        assert (verification.first.seq, verification.first.record_id) == (10, names[10])
        assert [verification[check].outcome for check in ("bytes", "sequence", "replay")] == ["fails"] * 3


def test_rechecks_see_every_record_with_what_it_names(good: Path) -> None:
    seen: list[str] = []

    def recheck(record: Json, blob: Any) -> list[str]:
        seen.append(record["record_id"])
        if record["kind"] != "decision":
            return []
        assert {blob(name) for name in record["inputs"].values()} == set(stored(len(seen) // 10).values())
        return ["verdicts: more was granted than the limit allows", "the whole is odd"]

    verification = verify(good, arithmetic=recheck)
    assert seen == ids(good)
    first, second, *_ = verification["arithmetic"].findings
    assert (first.seq, first.field, first.sentence) == (1, "verdicts", "more was granted than the limit allows")
    assert (second.field, second.sentence) == ("record", "the whole is odd")
    assert verification["bytes"].outcome == verification["sequence"].outcome == "holds"
    assert verification["replay"].outcome == "not given"
    assert not verification.holds


def test_a_recheck_that_breaks_is_a_finding(good: Path) -> None:
    verification = verify(good, replay=lambda record, blob: [blob("sha256:none").decode()])
    assert len(verification["replay"].findings) == verification.size
    assert "re-evaluation failed" in verification["replay"].findings[0].sentence


def test_the_report_as_json(good: Path, room: Path) -> None:
    path = copy(good, room)
    damage(path, ("UPDATE leaf SET kind = 'fill' WHERE seq = 1", ()))
    report = verify(path).to_json()
    assert canonical(report)
    assert report["verdicts"]["bytes"] == "fails"
    assert report["first"] == report["findings"][0]
    assert str(verify(path).first) == (
        f"record {ids(good)[1]} (#1), `kind`: the column says 'fill', the record 'decision'"
    )


def test_every_check_has_one_verdict(good: Path) -> None:
    assert [verdict.check for verdict in verify(good).verdicts] == list(Check)


def test_a_log_of_two_writers_verifies(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with AuditLog.open(path) as one, AuditLog.open(path) as two:
        for session in range(6):
            (one, two)[session % 2].append("state", body(at(session)))
        assert verify(path).root == CompactRange().extend(one._leaf_hashes()).root.hex()


def test_a_named_value_rewritten_with_its_packed_hash_is_found_by_its_digest(good: Path, room: Path) -> None:
    path, names = copy(good, room), ids(good)
    with LogReader.read(good) as log:
        name = log.record(names[1])["inputs"]["snapshot"]
    packed = pack(canonical({"facts": []}))
    damage(
        path, ("UPDATE blob SET packed = ?, packed_hash = ? WHERE digest = ?", (packed, sha256(packed).digest(), name))
    )
    (finding,) = verify(path).findings
    assert (finding.seq, finding.record_id, finding.field) == (1, names[1], name)
    assert "another digest" in finding.sentence
    with LogReader.read(path) as log, pytest.raises(LogUnreadable, match="another digest"):
        log.blob(name)


def test_a_schema_that_sqlite_cannot_quote_is_damage_not_a_traceback(good: Path, room: Path) -> None:
    """Python's module fails to decode the error message, which quotes the damaged text."""
    path = copy(good, room)
    content = path.read_bytes()
    assert content.count(b"CREATE TRIGGER leaf_update") == 1
    path.write_bytes(content.replace(b"CREATE TRIGGER leaf_update", b"CREATE TRI\xbeGER leaf_update"))
    verification = verify(path)
    assert verification["bytes"].outcome == verification["sequence"].outcome == "fails"
    with pytest.raises(LogUnwritable, match="damaged"):
        AuditLog.open(path)
