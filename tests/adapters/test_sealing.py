"""Sealed segments: read through as if nothing had moved, verified to the byte, whole after any crash."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from adapters.audit.envelope import derived_id, id_in
from adapters.audit.log import AuditLog, LogReader, LogUnreadable, LogUnwritable
from adapters.exporting.export import export_jsonl
from adapters.sealing import retention, sealing, segments
from adapters.sealing.segments import Content, Damaged, pack, read, unpack
from adapters.store import engine
from adapters.store.address import Address
from adapters.store.backup import back_up, restore
from adapters.store.guards import TRIGGERS
from adapters.verifying.verify import verify
from knowledge.values import Json, canonical, digest, parse_canonical
from tests.adapters.records import at, body, make_log, stored
from tests.adapters.sealing import append, expire, hold, seal


def everything(where: Address, upto: int | None = None) -> list[Any]:
    """All that a reader can be asked of the first so many records."""
    with LogReader.read(where) as log:
        records = list(log.records())[:upto]
        ids = [one["record_id"] for one in records]
        blobs = {name: log.blob(name) for one in records for name in one.get("blobs", ())}
        alone = [log.record(name) for name in ids]
        backwards = [one for one in log.records(newest_first=True) if upto is None or one["seq"] < upto]
        decisions = [one for one in log.records(["decision"], since=at(1)) if upto is None or one["seq"] < upto]
        roots = [log.root_at(size) for size in range(len(records) + 1)]
        return [records, blobs, alone, backwards, decisions, roots, [one for one, _ in log.timings()]]


def lines(where: Address) -> list[bytes]:
    out = io.BytesIO()
    with LogReader.read(where) as log:
        export_jsonl(log, out)
    return out.getvalue().splitlines()


def test_what_is_sealed_is_read_as_before(where: Address) -> None:
    make_log(where, 4)
    before, exported, size = everything(where), lines(where), len(lines(where))
    (record,) = seal(where, 3)
    assert (record["of"], record["records"], record["tree_size"]) == ("decision", 3, size)
    assert everything(where, size) == before
    assert lines(where)[:size] == exported
    found = verify(where)
    assert (found.findings, found.size) == ((), size + 1)
    with LogReader.read(where) as log:
        assert [(one.first_seq, one.records, one.gone) for one in log.segments()] == [(1, 3, None)]
        held = log.segment(1)
        # The values of each session went; limits and rulebook, which the fourth decision names too, did not.
        assert len(held.values) == 6
        assert log.receipt(before[0][1]["record_id"]).leaf == held.records[1]


def test_sealing_goes_on_where_it_ended(where: Address) -> None:
    make_log(where, 4)
    before, size = everything(where), len(lines(where))
    assert len(seal(where, 2)) == 1
    assert seal(where, 2) == []
    (second,) = seal(where, 9)
    assert (second["segment"], second["records"], second["values"]) == (2, 2, 6)
    assert everything(where, size) == before
    assert verify(where).holds


def test_a_segment_is_closed_when_it_is_large(where: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_BYTES", 1)
    make_log(where, 3)
    size = len(lines(where))
    before = everything(where)
    assert [one["records"] for one in seal(where, 9)] == [1, 1, 1]
    assert everything(where, size) == before
    assert verify(where).holds


def test_a_value_that_is_named_again_is_still_there(where: Address) -> None:
    make_log(where, 1)
    seal(where, 9)
    with AuditLog.open(where) as log:
        values = stored(0)
        inputs = {name: digest(content) for name, content in values.items()}
        log.append("decision", body(at(9), inputs=inputs, warrants=[]), {digest(one): one for one in values.values()})
        assert log.blob(inputs["snapshot"]) == values["snapshot"]
    assert verify(where).holds


REFUSED = (
    "UPDATE leaf SET bytes = CAST('@1' AS {blob}) WHERE seq = 0",
    "UPDATE leaf SET bytes = CAST('@9' AS {blob}) WHERE kind = 'decision'",
    "UPDATE leaf SET bytes = CAST('@1' AS {blob}), kind = 'fault' WHERE seq = 23",
    "UPDATE leaf SET bytes = CAST('{{}}' AS {blob}) WHERE seq = 1",
    "UPDATE leaf SET bytes = CAST('@1' AS {blob}) WHERE seq = 23",
    "UPDATE blob SET packed = CAST('@9' AS {blob})",
    "UPDATE blob SET packed = CAST('x' AS {blob}) WHERE packed <> CAST('@1' AS {blob})",
    "UPDATE blob SET packed = CAST('@1' AS {blob}) WHERE packed = CAST('@1' AS {blob})",
    "UPDATE blob SET digest = 'x' WHERE packed = CAST('@1' AS {blob})",
    "DELETE FROM segment",
    "UPDATE segment SET packed = CAST('' AS {blob})",
    "UPDATE segment SET packed = CAST('' AS {blob}), gone = 0",
    "UPDATE segment SET digest = 'x'",
    "INSERT INTO segment SELECT 2, kind, 2, 3, 1, digest, packed_hash, NULL, residue, packed FROM segment",
    "INSERT INTO segment SELECT 2, kind, 24, 999, 1, digest, packed_hash, NULL, residue, packed FROM segment",
    "INSERT INTO segment SELECT 3, kind, 24, 25, 1, digest, packed_hash, NULL, residue, packed FROM segment",
    "INSERT INTO segment SELECT 2, kind, 24, 25, 1, digest, packed_hash, 0, residue, packed FROM segment",
)


def test_nothing_else_lets_bytes_leave_their_row(where: Address) -> None:
    make_log(where, 3)
    seal(where, 2)
    blob = "BLOB" if isinstance(where, Path) else "BYTEA"
    for statement in REFUSED:
        with engine.connect(where, write=True) as connection, pytest.raises(engine.FAULTS), engine.writing(connection):
            connection.execute(text(statement.format(blob=blob)))
    assert verify(where).holds


def test_a_fault_on_the_way_leaves_all_as_it_was(where: Address) -> None:
    make_log(where, 3)
    before = everything(where)
    with AuditLog.open(where) as log:
        (content,) = sealing.segments_of(log, at(9))
        record, move = sealing.sealed(content, log.size, log.root)

        def broken(connection: Any, receipts: Any) -> None:
            move(connection, receipts)
            raise LogUnwritable("the disk is full")

        with pytest.raises(LogUnwritable, match="the disk is full"):
            append(log, record, broken)
    assert everything(where) == before
    assert verify(where).holds
    assert len(seal(where, 9)) == 1
    assert verify(where).holds


def test_what_does_not_have_its_hash_is_not_sealed(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    make_log(path, 2)
    with LogReader.read(path) as log:
        other = log.leaf(1).replace(b"w-e0", b"w-e9")
    tampered(path, f"UPDATE leaf SET bytes = x'{other.hex()}' WHERE seq = 1")
    with AuditLog.open(path) as log:
        (content,) = sealing.segments_of(log, at(9))
        with pytest.raises(LogUnwritable, match="record 1 has other bytes than its hash says"):
            append(log, *sealing.sealed(content, log.size, log.root))


# --- killed -------------------------------------------------------------------------------------------------------


def killed_at(statement: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that is killed before its statement of this number; whether it came to its end."""
    process = os.fork()
    if process == 0:
        left = iter(range(statement))

        def count(*_: object) -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        try:
            work()
        except BaseException:  # noqa: BLE001 - a child of the tests' process must not go on as one
            os._exit(2)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert ended in (0, -signal.SIGKILL)
    return ended == 0


@pytest.mark.parametrize("what", ["seal", "expire"])
def test_killed_at_any_statement_it_is_done_or_was_never_begun(what: str, tmp_path: Path) -> None:
    """kill -9 before each statement to the store, one after the other, until it goes through."""
    path = tmp_path / "log.sqlite"
    make_log(path, 1)
    if what == "expire":
        seal(path, 9)
    before, size = everything(path), verify(path).size
    # Reading comes first and is struck more seldom; every statement of the transaction is.
    for statement in (*range(0, 30, 6), *range(30, 1000)):
        work = (lambda: seal(path, 9)) if what == "seal" else (lambda: expire(path))
        ended = killed_at(statement, work)
        found = verify(path)
        assert found.holds, (statement, found.first)
        assert found.size in (size, size + 1)
        if what == "seal" or found.size == size:
            assert everything(path, size) == before
        with LogReader.read(path) as log:
            (one,) = log.segments() or (None,)
        moved = one is not None if what == "seal" else one is not None and one.gone is not None
        assert moved == (found.size == size + 1)
        if ended:
            break
    assert ended
    assert statement > 20
    assert found.size == size + 1


# --- damage -------------------------------------------------------------------------------------------------------


def tampered(path: Path, *statements: str) -> None:
    """Run statements as somebody would who knows SQLite: drop the triggers, tamper, put them back."""
    connection = sqlite3.connect(path)
    with connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for trigger in TRIGGERS.values():
            connection.execute(trigger)
    connection.close()


TAMPERED: dict[str, tuple[str, str]] = {
    "a segment taken out": ("DELETE FROM segment", "segment 1, which it sealed, is missing"),
    "its bytes emptied": ("UPDATE segment SET packed = x''", "it cannot be unpacked"),
    "its bytes taken for gone": ("UPDATE segment SET packed = x'', gone = 0", "no `retention` record says so"),
    "gone by a record that is none": ("UPDATE segment SET packed = x'', gone = 24", "no `retention` record says so"),
    "a bit of it": (
        "UPDATE segment SET packed = CAST(substr(packed, 1, 60) || x'00' || substr(packed, 62) AS BLOB)", "segment 1"),
    "its digest": ("UPDATE segment SET digest = 'sha256:' || hex(zeroblob(32))", "its bytes have another digest"),
    "its hash": ("UPDATE segment SET packed_hash = zeroblob(32)", "do not have the hash stored beside them"),
    "its range": ("UPDATE segment SET first_seq = 0", "segment 1 has 0 in the store, the record says 1"),
    "its kind": ("UPDATE segment SET kind = 'fill'", "its content is that of another segment"),
    "its number": ("UPDATE segment SET number = 2", "rows point to it, and it is not there"),
    "a row that points elsewhere": ("UPDATE leaf SET bytes = CAST('@7' AS BLOB) WHERE seq = 1", "and it is not there"),
    "a row that points to it": ("UPDATE leaf SET bytes = CAST('@1' AS BLOB) WHERE seq = 2", "3 rows point to it"),
    "a value that points to it": (
        "UPDATE blob SET packed = CAST('@1' AS BLOB) WHERE packed NOT LIKE '@%'", "segment 1, which is to have it"),
    "a value taken out": ("DELETE FROM blob WHERE substr(packed, 1, 1) = x'40'", "nothing is stored under it"),
    "the record that sealed it, cut off": (
        "DELETE FROM leaf WHERE kind = 'seal'; DELETE FROM tree WHERE size = 35", "no `seal` record names it"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_damage_to_a_segment_is_found_and_named(what: str, tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    make_log(path, 3)
    seal(path, 2)
    statements, words = TAMPERED[what]
    tampered(path, *statements.split("; "))
    found = verify(path)
    assert any(words in str(one) for one in found.findings), [str(one) for one in found.findings]
    assert not found.holds


def test_a_damaged_segment_is_said_to_whoever_reads(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    make_log(path, 3)
    seal(path, 2)
    tampered(path, "UPDATE segment SET packed = x'00'")
    with LogReader.read(path) as log:
        with pytest.raises(LogUnreadable, match="the sealed segment 1 is damaged: it cannot be unpacked"):
            list(log.records())
        assert [one["kind"] for one in log.records(["start"])] == ["start"]


# --- retention ----------------------------------------------------------------------------------------------------


def test_what_went_by_a_record_is_said_and_all_else_holds(where: Address) -> None:
    make_log(where, 4)
    seal(where, 2)
    seal(where, 3)
    before, size = everything(where), verify(where).size
    (record,) = expire(where)
    found = verify(where)
    assert found.findings == ()
    assert any("3 records of kind decision went by retention" in note for note in found.notes)
    assert [one["segment"] for one in record["segments"]] == [1, 2]
    with LogReader.read(where) as log:
        assert [one["kind"] for one in log.records(["decision"])] == ["decision"]
        left = list(log.records(["decision"], gone=True))
        assert [one.get("gone") for one in left] == [size, size, size, None]
        kept = [{name: one[name] for name in ("record_id", "seq", "as_of", "warrants", "inputs")} for one in left]
        whole = [one for one in before[0] if one["kind"] == "decision"]
        assert kept == [{name: one[name] for name in kept[0]} for one in whole]
        assert [log.root_at(at_) for at_ in range(size + 1)] == [*before[5]]
        name = whole[0]["inputs"]["snapshot"]
        for ask in (lambda: log.record(left[0]["record_id"]), lambda: log.blob(name), lambda: log.segment(1)):
            with pytest.raises(LogUnreadable, match="when its time to be kept was over, as record #"):
                ask()
    assert expire(where) == []
    with AuditLog.open(where) as log:
        # What went may come again, and is stored again.
        values = stored(0)
        inputs = {each: digest(content) for each, content in values.items()}
        log.append("decision", body(at(9), inputs=inputs, warrants=[]), {digest(one): one for one in values.values()})
        assert log.blob(name) == values["snapshot"]
    assert verify(where).holds


def test_a_value_that_others_name_stays_when_its_segment_goes(where: Address) -> None:
    make_log(where, 2)
    values = stored(0)
    inputs = {name: digest(content) for name, content in values.items()}
    seal(where, 9)
    with AuditLog.open(where) as log:
        log.append("decision", body(at(9), inputs=inputs, warrants=[]), {digest(one): one for one in values.values()})
    (record,) = expire(where)
    assert record["kept"] == sorted(inputs.values())
    with LogReader.read(where) as log:
        assert {name: log.blob(name) for name in inputs.values()} == {digest(one): one for one in values.values()}
    assert verify(where).holds


def test_a_hold_keeps_what_it_touches_until_it_is_lifted(where: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_BYTES", 1)
    make_log(where, 3)
    seal(where, 9)
    placed = hold(where, **{"from": at(1)[:10], "to": at(1)[:10], "symbols": ["AAPL"]})
    hold(where, symbols=["IBM"])
    (first,) = expire(where)
    assert [one["segment"] for one in first["segments"]] == [1, 3]
    assert expire(where) == []
    assert verify(where).holds
    hold(where, action="lift", hold=placed["record_id"])
    (second,) = expire(where)
    assert [one["segment"] for one in second["segments"]] == [2]
    assert verify(where).holds


def test_nothing_goes_before_its_time(where: Address) -> None:
    make_log(where, 3)
    seal(where, 2)
    # The newest record of the segment is of 2011-01-04.
    assert expire(where, "2016-01-03") == []
    assert len(expire(where, "2016-01-04")) == 1


GONE_WRONG: dict[str, tuple[str, str]] = {
    "what is left": ("UPDATE segment SET residue = x'00'", "it cannot be unpacked"),
    "what is left, of another": (
        "UPDATE segment SET residue = (SELECT residue FROM segment WHERE number = 2) WHERE number = 1",
        "its bytes have another digest"),
    "the record that it went by": ("UPDATE segment SET gone = 0", "no `retention` record says so"),
    "a hash": ("UPDATE leaf SET leaf_hash = zeroblob(32) WHERE seq = 1", "is not the root over the records"),
    "an id": ("UPDATE leaf SET record_id = '0123456789abcdef' WHERE seq = 1", "the column says '0123456789abcdef'"),
    "bytes that are there after all": ("UPDATE segment SET gone = NULL", "says that it went, and it is there"),
}  # fmt: skip


@pytest.mark.parametrize("what", GONE_WRONG)
def test_damage_to_what_is_left_is_found(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_BYTES", 1)
    path = tmp_path / "log.sqlite"
    make_log(path, 2)
    seal(path, 9)
    expire(path)
    assert verify(path).holds
    statement, words = GONE_WRONG[what]
    tampered(path, statement)
    found = verify(path)
    assert any(words in str(one) for one in found.findings), [str(one) for one in found.findings]


def test_what_went_too_early_or_in_spite_of_a_hold_is_found(where: Address) -> None:
    make_log(where, 2)
    seal(where, 9)
    placed = hold(where)
    with AuditLog.open(where) as log:
        record, move = retention.gone(log, log.segments(), 5, "2012-01-01")
        append(log, {**record, "asked_at": at(0)}, move)
    said = [str(one) for one in verify(where).findings]
    assert any("was not over its 5 years by 2012-01-01, and went" in one for one in said)
    assert any(f"went while the hold {placed['record_id']} touched it" in one for one in said)


def gone_all(where: Address, years: int, by: str, asked_at: str, **later: Json) -> list[str]:
    """What a verification finds where all that is sealed goes so, and one more record follows."""
    make_log(where, 2)
    seal(where, 9)
    with AuditLog.open(where) as log:
        record, move = retention.gone(log, log.segments(), years, by)
        append(log, {**record, "asked_at": asked_at, **later}, move)
        append(log, {"kind": "state", "state": "active", **later})
    return [str(one) for one in verify(where).findings]


def test_a_rule_of_less_than_five_years_and_a_day_to_come_are_found(tmp_path: Path) -> None:
    said = gone_all(tmp_path / "rule.sqlite", 1, "2012-06-01", "2012-06-01T00:00:00Z")
    assert any("nothing goes within 5 years" in one for one in said)
    said = gone_all(tmp_path / "day.sqlite", 5, "2099-01-01", "2012-06-01T00:00:00Z")
    assert any("it was still to come when it was asked for" in one for one in said)


def test_what_went_by_a_clock_that_was_set_forward_shows_in_the_next_record(tmp_path: Path) -> None:
    real = {"mode": "paper", "recorded_at": "2012-06-01T00:00:00Z"}
    said = gone_all(tmp_path / "clock.sqlite", 5, "2099-01-01", "2099-01-01T00:00:00Z", **real)
    assert any("by which an earlier record let others go: a clock was wrong" in one for one in said)


def test_a_lift_of_no_hold_is_found(where: Address) -> None:
    make_log(where, 1)
    hold(where, action="lift", hold="0123456789abcdef")
    assert [str(one) for one in verify(where).findings if "no such hold stands" in str(one)]


# --- backup -------------------------------------------------------------------------------------------------------


def test_backup_and_restoration_have_the_segments(where: Address, tmp_path: Path) -> None:
    make_log(where, 4)
    seal(where, 1)
    expire(where)
    seal(where, 3)
    before, found = everything(where), verify(where)
    made = back_up(where, tmp_path / "backup.sqlite")
    assert (made.size, made.root) == (found.size, found.root)
    again = restore(tmp_path / "backup.sqlite", tmp_path / "again.sqlite", datetime(2026, 1, 1, tzinfo=UTC))
    assert everything(tmp_path / "again.sqlite") == before
    assert again.root == found.root
    assert verify(tmp_path / "again.sqlite").notes == found.notes


# --- the form -----------------------------------------------------------------------------------------------------

VALUES = st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=3)


@given(st.dictionaries(st.integers(0, 99), VALUES, min_size=1, max_size=5), st.lists(VALUES, max_size=4))
@settings(max_examples=30)
def test_a_segment_comes_back_as_it_was(records: dict[int, Json], values: list[Json]) -> None:
    named = {digest(canonical(one)): canonical(one) for one in values}
    content = Content(
        "decision", 1, {seq: canonical(records[seq]) for seq in sorted(records)}, dict(sorted(named.items()))
    )
    assert read(unpack(pack(content.encoded))) == content


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"format":"warrant-segment/1","kind":"x","number":1,"records":[1],"values":[]}']
)
def test_what_is_no_segment_is_said(content: bytes) -> None:
    with pytest.raises(Damaged):
        read(content)
    for packed in (content, None, "x", segments.pack(b"x")[:-3]):
        with pytest.raises(Damaged):
            unpack(packed)


NAMED = st.recursive(
    st.none() | st.integers() | st.sampled_from(["0123456789abcdef", '"record_id":"0123456789abcdef"', "é"]),
    lambda inner: st.dictionaries(st.sampled_from(["record_id", "a", "z"]), inner) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["record_id", "a", "z", "kind"]), NAMED, min_size=1))
def test_an_id_is_the_same_without_encoding_the_record_again(record: dict[str, Json]) -> None:
    """Also where the member stands first, last, alone, or once more inside another."""
    content = canonical(record)
    assert id_in(content, record) == derived_id(record)
    assert parse_canonical(content) == record


@pytest.mark.parametrize(
    "content",
    [b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a": 1}', b'{"a":1.5}', b'{"a":-0}', b'{"a":NaN}', b'"\\u00e9"', b"{", b""],
)
def test_what_is_not_canonical_is_not_read(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse_canonical(content)
