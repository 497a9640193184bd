"""Proofs for somebody without the log: made from stored hashes, read, held, refused where anything is another."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from adapters import cli
from adapters.audit.log import AuditLog, Entry, LogReader
from adapters.audit.merkle import consistency_path, inclusion_path
from adapters.desk.making import make_desk, name_after
from adapters.signing import proof
from adapters.signing.checkpoint import Checkpoint, signed
from adapters.signing.note import Malformed, Signer
from adapters.signing.proving import prove_inclusion
from adapters.signing.stored_tree import StoredTree
from adapters.store.opening import to_read
from tests.adapters.records import at, body
from tests.shared_run import SharedRun

SIZE = 700
SIGNER = Signer("warrant/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = SIGNER.key


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of some subtrees and a rest, signed at 300 and at its end. Only read."""
    where = tmp_path_factory.mktemp("proofs") / "log.sqlite"
    with AuditLog.open(where) as log:
        log.append_many([Entry("fault", body(at(0), reason=str(number))) for number in range(300)])
        log.checkpoint(SIGNER)
        log.append_many([Entry("fault", body(at(0), reason=str(number))) for number in range(300, SIZE)])
        log.rest()
        log.checkpoint(SIGNER)
    return where


@pytest.fixture(scope="module")
def hashes(path: Path) -> list[bytes]:
    with LogReader.read(path) as log:
        return [hashed for _, hashed in log.leaves()]


@given(index=st.integers(0, SIZE - 1), size=st.integers(1, SIZE), cached=st.booleans())
def test_paths_from_subtrees_are_those_from_all_leaves(
    path: Path, hashes: list[bytes], index: int, size: int, cached: bool
) -> None:
    index %= size
    with to_read(path) as connection:
        tree = StoredTree(connection, cached=cached)
        assert tree.inclusion(index, size) == inclusion_path(hashes[:size], index)
        assert tree.consistency(index + 1, size) == consistency_path(hashes[:size], index + 1)


def test_roots_of_subtrees_are_kept_once_and_are_no_evidence(path: Path, tmp_path: Path, hashes: list[bytes]) -> None:
    copy = tmp_path / "log.sqlite"
    copy.write_bytes(path.read_bytes())
    connection = sqlite3.connect(copy)
    assert [row[0] for row in connection.execute("SELECT number FROM subtree")] == [0, 1]
    with connection:
        connection.execute("UPDATE subtree SET root = zeroblob(32)")
    connection.close()
    with LogReader.read(copy) as log:
        assert log.inclusion(600, SIZE) == inclusion_path(hashes, 600)
        assert log.consistency(300) == consistency_path(hashes, 300)
        (name,) = log.find(log.record(log.find("")[0])["record_id"])
        assert log.receipt(name).path == inclusion_path(hashes, log.receipt(name).index)


def inclusion(path: Path, index: int, size: int = SIZE) -> proof.Inclusion:
    from adapters.signing import kept

    with LogReader.read(path) as log, to_read(path) as connection:
        signed = next(one.signed for one in kept.every(connection) if one.signed.size == size)
        return proof.Inclusion(log.leaf(index), index, log.inclusion(index, size), signed)


def consistency(path: Path) -> proof.Consistency:
    from adapters.signing import kept

    with LogReader.read(path) as log, to_read(path) as connection:
        old, new = (one.signed for one in kept.every(connection))
        return proof.Consistency(old, new, log.consistency(old.size, new.size))


@pytest.mark.parametrize(("index", "size"), [(0, 300), (299, 300), (0, SIZE), (511, SIZE), (SIZE - 1, SIZE)])
def test_a_record_is_proved_to_whoever_has_the_key(path: Path, index: int, size: int) -> None:
    made = inclusion(path, index, size)
    read = proof.read(made.content)
    assert read == made and isinstance(read, proof.Inclusion)
    assert list(read.objections([KEY])) == []
    assert read.record["reason"] == str(index)
    (nobody,) = read.objections([])
    assert "no such key is known" in nobody


def test_a_checkpoint_is_proved_to_go_on_from_another(path: Path) -> None:
    made = consistency(path)
    read = proof.read(made.content)
    assert read == made
    assert list(read.objections([KEY])) == []
    other = proof.Consistency(made.new, made.old, made.path)
    assert any("goes on from" in each for each in other.objections([KEY]))


@given(sort=st.booleans(), place=st.integers(0, 10**6), by=st.integers(1, 255))
def test_an_altered_byte_of_a_proof_is_refused_or_proves_the_same(path: Path, sort: bool, place: int, by: int) -> None:
    made: proof.Inclusion | proof.Consistency = inclusion(path, 511) if sort else consistency(path)
    content = bytearray(made.content)
    content[place % len(content)] ^= by
    try:
        read = proof.read(bytes(content))
    except Malformed as fault:
        assert fault.line >= 1
        return
    assert list(read.objections([KEY])) or read == made  # spaces between the parts of a JSON object mean nothing


@given(st.one_of(st.binary(), st.text().map(str.encode), st.sampled_from([b"{}", b"{" * 10_000, b"[]", b'{"a":1}'])))
def test_hostile_bytes_are_told_and_never_a_traceback(content: bytes) -> None:
    for raw in (content, proof.FORM.encode() + b"\n" + content):
        with pytest.raises(Malformed):
            proof.read(raw)


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda text: text.replace("@v1", "@v2"), "the first line of a proof"),
        (lambda text: text.replace("extra ", "other "), "the second line is `extra`"),
        (lambda text: text.replace("index 5", "index 05"), "a line `index`"),
        (lambda text: text.replace("\n\n", "\nAAAA\n\n", 1), "a hash of the path"),
        (lambda text: text.replace("\n\n", "\n" + "A" * 43 + "=\n" * 70 + "\n", 1), "path"),
        (lambda text: text.partition("\n\n")[0], "no checkpoint stands under"),
        (lambda text: text.replace("warrant/test\n", "warrant/test\nx", 1), "its checkpoint: the size"),
    ],
)
def test_what_is_no_proof_is_told(path: Path, alter: object, said: str) -> None:
    assert callable(alter)
    with pytest.raises(Malformed, match=said):
        proof.read(alter(inclusion(path, 511).content.decode()).encode())


@pytest.mark.sqlite_file
def test_the_commands_prove_and_check(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "test"
    make_desk(folder, None)
    name_after(folder)
    (folder / "store").mkdir()
    (folder / "store" / "warrant.sqlite").write_bytes(path.read_bytes())
    where, out, key = ["--desk", str(folder)], str(tmp_path / "proof"), ["--key", KEY.text]
    made = inclusion(path, 511)
    name = made.record["record_id"]
    assert cli.run(["audit", "prove", name[:10], "--out", out, *where]) == 0
    assert Path(out).read_bytes() == made.content
    assert f"record {name} is #511 of {SIZE}" in capsys.readouterr().out
    assert cli.run(["audit", "check-proof", out, *key]) == 0
    assert capsys.readouterr().out.startswith(f"it holds: record {name} (fault, ")
    Path(out).write_bytes(made.content.replace(b"index 511", b"index 510"))
    assert cli.run(["audit", "check-proof", out, *key]) == 1
    assert "the path does not lead from this record at #510" in capsys.readouterr().out
    Path(out).write_bytes(b"nonsense")
    assert cli.run(["audit", "check-proof", out, *key]) == 2
    assert cli.run(["audit", "prove", name, "--out", out]) == 2
    assert cli.run(["audit", "prove", "--out", out, *where]) == 2
    assert cli.run(["audit", "prove", "0", "--out", out, *where]) == 2
    assert "give more digits" in capsys.readouterr().err

    old, new = tmp_path / "old", tmp_path / "new"
    both = consistency(path)
    old.write_bytes(both.old.content)
    new.write_bytes(both.new.content)
    assert cli.run(["audit", "prove", "--from", str(old), "--to", str(new), "--out", out, *where]) == 0
    assert Path(out).read_bytes() == both.content
    capsys.readouterr()
    assert cli.run(["audit", "check-proof", out, *key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True
    assert cli.run(["audit", "prove", "--from", str(new), "--to", str(old), "--out", out, *where]) == 2
    assert cli.run(["audit", "prove", name, "--checkpoint", str(old), "--out", out, *where]) == 2
    assert "it covers 300 records, and this one is #511" in capsys.readouterr().err


def test_an_order_a_warrant_and_a_day_are_proved_by_their_decision(shared: SharedRun, tmp_path: Path) -> None:
    decision = next(one for one in shared.records if one.get("warrants"))
    file = tmp_path / "checkpoint"
    file.write_bytes(signed(Checkpoint(SIGNER.key.name, len(shared.records), shared.root), SIGNER))
    warrant = decision["warrants"][0]
    for name in (warrant["order"]["client_order_id"], warrant["warrant_id"], decision["as_of"][:10]):
        found = prove_inclusion(shared.desk, name, str(file))
        assert found.record["record_id"] == decision["record_id"]
        assert not list(found.objections((KEY,)))
