"""Rows of packed bytes: they come back, no damage passes, and none of them can fill the memory."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit import log as audit_log
from adapters.audit.log import AuditLog, LogReader, LogUnreadable
from adapters.audit.merkle import leaf_hash
from adapters.exporting.export import export_jsonl
from adapters.store import engine
from adapters.store.address import Address
from adapters.store.backup import back_up
from adapters.store.guards import TRIGGERS
from adapters.store.moving import mark, moved_to
from adapters.store.packing import LEAST, MOST, PACKED, NotUnpacked, packed, unpacked
from adapters.verifying.verify import verify
from knowledge.values import canonical
from tests.adapters.records import at, body, decide, make_log, warrant
from tests.adapters.sealing import seal

RECORD = canonical({"kind": "decision", "verdicts": [{"instrument": f"I{n}", "quantity": str(n)} for n in range(60)]})
values = st.dictionaries(st.text(), st.lists(st.text() | st.integers(), max_size=20), max_size=8)


def row(stream: bytes) -> bytes:
    return PACKED + zlib.crc32(stream).to_bytes(4) + stream


@given(value=values, times=st.integers(1, 60))
def test_what_is_packed_comes_back(value: dict[str, list[str | int]], times: int) -> None:
    content = canonical({"again": [value] * times})
    held = packed(content)
    assert unpacked(held) == content
    assert moved_to(held) is None
    assert len(held) <= len(content)
    assert (held == content) == (held[:1] == b"{")


@given(noise=st.binary(min_size=LEAST, max_size=3 * LEAST).filter(lambda noise: noise[:1] != PACKED))
def test_what_does_not_get_shorter_stays_as_it_is(noise: bytes) -> None:
    assert unpacked(packed(noise)) == noise


def test_the_large_alone_is_packed() -> None:
    assert packed(b"{" * (LEAST - 1)) == b"{" * (LEAST - 1)
    assert packed(b"{" * LEAST)[:1] == PACKED
    assert packed(b"{" * MOST)[:1] == PACKED
    assert packed(b"{" * (MOST + 1)) == b"{" * (MOST + 1)


def test_rows_that_are_not_packed_are_as_they_are() -> None:
    for held in (b"{}", b"", mark(7), RECORD):
        assert unpacked(held) == held


def test_every_flipped_bit_is_refused() -> None:
    held = packed(RECORD)
    assert held[:1] == PACKED
    for place in range(8 * len(held)):
        flipped = bytearray(held)
        flipped[place // 8] ^= 1 << place % 8
        if place < 8:
            # Then it is plain, and neither a record nor the number of a segment.
            assert unpacked(bytes(flipped)) == flipped
            assert flipped[:1] not in (b"{", b"@")
            continue
        with pytest.raises(NotUnpacked, match="checksum"):
            unpacked(bytes(flipped))


def test_a_checksum_made_anew_is_not_enough() -> None:
    """Whoever may write to the store can do that: what then comes out has the record's hash, or is refused."""
    stream = packed(RECORD)[5:]
    survived = 0
    for place in range(8 * len(stream)):
        flipped = bytearray(stream)
        flipped[place // 8] ^= 1 << place % 8
        try:
            assert unpacked(row(bytes(flipped))) == RECORD
            survived += 1
        except NotUnpacked:
            pass
    assert survived < 8  # padding between the last bit of the stream and its own checksum


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (packed(RECORD) + b"\0", "checksum"),
        (row(zlib.compress(RECORD) + b"\0"), "not as they are written"),
        (row(zlib.compress(RECORD) * 2), "not as they are written"),
        (row(zlib.compress(RECORD)[:-1]), "end too early"),
        (row(zlib.compress(RECORD)[:-5]), "end too early"),
        (row(b""), "end too early"),
        (PACKED, "checksum"),
        (row(RECORD), "cannot be unpacked"),
        (row(zlib.compress(b"{}")), "not as they are written"),
        (row(zlib.compress(RECORD, 0)), "not as they are written"),
        (row(zlib.compress(b"{" * (MOST + 1))), "more than"),
    ],
)
def test_other_rows_are_refused(held: bytes, why: str) -> None:
    with pytest.raises(NotUnpacked, match=why):
        unpacked(held)


def test_a_row_cannot_fill_the_memory() -> None:
    packing = zlib.compressobj()
    bomb = row(b"".join(packing.compress(b"{" * MOST) for _ in range(8)) + packing.flush())
    tracemalloc.start()
    with pytest.raises(NotUnpacked, match="more than"):
        unpacked(bomb)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * MOST


# --- in a store ---------------------------------------------------------------------------------------------------

LONG = "a position that is explained at length " * 40


def both_forms(where: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log whose first records an earlier program wrote, and whose last ones this one."""
    with monkeypatch.context() as earlier:
        earlier.setattr(audit_log, "packed", lambda content: content)
        make_log(where, 2)
    with AuditLog.open(where) as log:
        for session in (3, 4):
            decide(log, session, note=LONG)


def held(where: Address) -> list[bytes]:
    with engine.connect(where, write=False) as connection:
        return [bytes(row[0]) for row in connection.exec_driver_sql("SELECT bytes FROM leaf ORDER BY seq")]


def exported(where: Address) -> bytes:
    out = io.BytesIO()
    with LogReader.read(where) as log:
        export_jsonl(log, out)
    return out.getvalue()


def test_both_forms_stand_side_by_side(where: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both_forms(where, monkeypatch)
    rows = held(where)
    assert {row[:1] for row in rows[:22]} == {b"{"}
    assert [row[:1] for row in rows[22:]] == [PACKED, PACKED]
    assert verify(where).findings == ()
    with LogReader.read(where) as log:
        leaves = [log.leaf(seq) for seq in range(log.size)]
        assert [leaf_hash(leaf) for leaf in leaves] == [hashed for _, hashed in log.leaves()]
        assert [bytes(row[3]) for row in log.rows()] == leaves
        assert [canonical(record) for record in log] == leaves
        assert log.receipt(log.record_at(23)["record_id"]).leaf == leaves[23]
        size, root = log.size, log.root
    lines = exported(where)
    back_up(where, tmp_path / "backup.sqlite")
    assert held(tmp_path / "backup.sqlite") == rows, "no row is rewritten"
    assert exported(tmp_path / "backup.sqlite") == lines
    seal(where, 4)
    assert [row[:1] for row in held(where)[22:24]] == [b"@", PACKED]
    assert verify(where).findings == ()
    with LogReader.read(where) as log:
        assert [log.leaf(seq) for seq in range(size)] == leaves
        assert log.root_at(size) == root


def test_the_same_records_give_the_same_root_however_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_log(tmp_path / "packed.sqlite", 3)
    monkeypatch.setattr(audit_log, "packed", lambda content: content)
    make_log(tmp_path / "plain.sqlite", 3)
    one, other = verify(tmp_path / "packed.sqlite"), verify(tmp_path / "plain.sqlite")
    assert one.holds and other.holds
    assert one.root == other.root
    assert exported(tmp_path / "packed.sqlite") == exported(tmp_path / "plain.sqlite")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "log.sqlite"
    with AuditLog.open(path) as log:
        log.append("start", body(at(0)))
        decide(log, 1, warrant("e", "entry", 1), note=LONG)
        log.append("stop", body(at(2), reason="end of the test"))
    return path


def rewritten(path: Path, to: Path, row: bytes) -> Path:
    """As somebody would who knows SQLite: drop the triggers, put another row 1, put them back."""
    shutil.copy(path, to)
    connection = sqlite3.connect(to)
    with connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE leaf SET bytes = ? WHERE seq = 1", (row,))
        for trigger in TRIGGERS.values():
            connection.execute(trigger)
    connection.close()
    return to


@given(place=st.integers(0, 10**6), anew=st.booleans())
def test_any_flipped_bit_of_a_packed_row_is_named_or_changes_nothing(
    long: Path, tmp_path_factory: pytest.TempPathFactory, place: int, anew: bool
) -> None:
    packed_row = held(long)[1]
    assert packed_row[:1] == PACKED
    flipped = bytearray(packed_row[5:] if anew else packed_row)
    flipped[place // 8 % len(flipped)] ^= 1 << place % 8
    other = row(bytes(flipped)) if anew else bytes(flipped)
    path = rewritten(long, tmp_path_factory.getbasetemp() / "flipped.sqlite", other)
    verification = verify(path)
    if verification.holds:
        assert anew, "without another checksum nothing passes"
        assert exported(path) == exported(long)
        return
    first = verification["bytes"].findings[0]
    assert (first.seq, first.field) == (1, "bytes")
    assert {finding.seq for finding in verification["bytes"].findings} == {1}


def test_another_record_in_a_sound_row_is_named(long: Path, tmp_path: Path) -> None:
    with LogReader.read(long) as log:
        other = log.leaf(1).replace(b"at length", b"at langth")
    path = rewritten(long, tmp_path / "log.sqlite", packed(other))
    found = verify(path)["bytes"].findings
    assert found[0].seq == 1
    assert "hash stored beside them" in " ".join(one.sentence for one in found)
    with LogReader.read(path) as log, pytest.raises(LogUnreadable, match="record 1 is not what was written"):
        log.record_at(1)


def test_a_row_that_does_not_unpack_is_one_sentence(long: Path, tmp_path: Path) -> None:
    path = rewritten(long, tmp_path / "log.sqlite", held(long)[1][:-1])
    assert verify(path)["bytes"].findings[0].sentence == "the packed bytes do not have the checksum before them"
    with LogReader.read(path) as log:
        for asked in (lambda: log.record_at(1), lambda: log.leaf(1), lambda: list(log), lambda: list(log.rows())):
            with pytest.raises(LogUnreadable, match="is damaged: record 1: the packed bytes"):
                asked()
