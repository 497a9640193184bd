"""Checkpoints in a store of either sort: added, kept from change, backed up, held against the log when it opens."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import DBAPIError

from adapters.audit.log import AuditLog, LogReader, LogUnwritable
from adapters.signing import checkpoint, kept
from adapters.signing.checkpoint import Checkpoint
from adapters.signing.note import Signer
from adapters.store import engine
from adapters.store.address import Address
from adapters.store.backup import back_up
from adapters.store.opening import opened, to_read
from adapters.verifying.verify import Given, verify
from tests.adapters.records import at, body, make_log

pytestmark = pytest.mark.sqlite_file
SIGNER = Signer("warrant/test", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def numbers(where: Address) -> list[tuple[int, int]]:
    with to_read(where) as connection:
        return [(one.number, one.signed.size) for one in kept.every(connection)]


def test_a_head_is_signed_once_and_the_log_goes_on_from_it(where: Address, tmp_path: Path) -> None:
    size = len(make_log(where, 2))
    with AuditLog.open(where) as log, AuditLog.open(where) as other:
        first = log.checkpoint(SIGNER)
        assert other.checkpoint(SIGNER) == first
        assert (first.size, first.root) == (size, log.root)
        log.append("state", body(at(9)))
        second = other.checkpoint(SIGNER)
        log.rest()
    assert numbers(where) == [(1, size), (2, size + 1)]
    given = [Given("first", first), Given("second", second)]
    assert verify(where, against=given, keys=[SIGNER.key]).holds
    copied = tmp_path / "backup.sqlite"
    back_up(where, copied)
    assert numbers(copied) == numbers(where)
    assert verify(copied, against=given, keys=[SIGNER.key]).holds


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE checkpoint SET size = 1",
        "DELETE FROM checkpoint",
        "INSERT INTO checkpoint SELECT number + 2, size, vkey, note FROM checkpoint",
    ],
)
def test_the_store_refuses_to_change_them(where: Address, statement: str) -> None:
    make_log(where, 1)
    with AuditLog.open(where) as log:
        log.checkpoint(SIGNER)
    refused = pytest.raises(DBAPIError, match="checkpoint")
    with engine.connect(where, write=True) as connection, refused, engine.writing(connection):
        connection.exec_driver_sql(statement)
    assert len(numbers(where)) == 1


@pytest.mark.parametrize("more", [0, 5])
def test_a_log_that_is_not_the_signed_one_is_neither_opened_nor_signed(where: Address, more: int) -> None:
    """A checkpoint of another root, or of more records, lies in the store: as if the log had been set back."""
    size = len(make_log(where, 1))
    head = Checkpoint(SIGNER.name, size + more, bytes(32))
    content = checkpoint.signed(head, SIGNER)
    with AuditLog.open(where) as log:
        with opened(where) as connection, engine.writing(connection):
            row = {"number": 1, "size": head.size, "vkey": SIGNER.key.text, "note": content}
            connection.execute(kept.CHECKPOINT.insert(), row)
        with pytest.raises(LogUnwritable, match="its checkpoint 1 has another root"):
            log.checkpoint(SIGNER)
    with pytest.raises(LogUnwritable, match=r"checkpoint 1 (has another root|covers more records than it holds)"):
        AuditLog.open(where)
    found = verify(where)
    assert [one.check for one in found.findings] == ["checkpoints"]


def test_a_row_that_is_no_checkpoint_stops_the_opening(where: Address) -> None:
    make_log(where, 1)
    with opened(where) as connection, engine.writing(connection):
        row = {"number": 1, "size": 1, "vkey": "nobody", "note": b"\xff"}
        connection.execute(kept.CHECKPOINT.insert(), row)
    with pytest.raises(LogUnwritable, match="its checkpoint 1 is damaged: it is no UTF-8; run `warrant audit verify`"):
        AuditLog.open(where)
    with LogReader.read(where) as log:
        assert log.size
    assert "line 1 of the note: it is no UTF-8" in str(verify(where).first)


def test_a_table_that_is_gone_is_named_and_the_rest_is_verified(where: Address) -> None:
    make_log(where, 1)
    with engine.connect(where, write=True) as connection, engine.writing(connection):
        connection.exec_driver_sql("DROP TABLE checkpoint")
    found = verify(where)
    assert found.root is not None
    assert ("checkpoint", "the table is missing") in {(one.field, one.sentence) for one in found.findings}
    assert {one.check for one in found.findings} == {"bytes"}
