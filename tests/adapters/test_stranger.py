"""Show 3: a stranger's one file accepts an export where nothing of ours is, and refuses what was altered, by name."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.audit.log import LogReader
from adapters.audit.merkle import consistency_path, leaf_hash, root
from adapters.exporting import verifier
from adapters.exporting.bundle import export_folder
from adapters.exporting.export import Between, leaf_of
from adapters.installation import ROOT
from adapters.signing import checkpoint, note
from adapters.signing.note import Malformed, VerifierKey
from adapters.signing.proof import Consistency
from knowledge.values import Json, canonical, digest, parse
from tests.shared_run import SharedRun

pytest_plugins = ("tests.shared_run",)

ORIGIN = "warrant/demo"


def signer(seed: int = 1, name: str = ORIGIN) -> note.Signer:
    return note.Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def signed(size: int, over: bytes, seed: int = 1) -> str:
    return checkpoint.signed(checkpoint.Checkpoint(ORIGIN, size, over), signer(seed)).decode()


KEY = signer().key.text
GRANT, DENIAL, ORDER, FILL = b'"outcome":"granted"', b'"outcome":"denied"', b'"kind":"order"', b'"kind":"fill"'


@dataclass(frozen=True)
class Made:
    """An export with a signed checkpoint: its lines, and where it lies."""

    folder: Path
    lines: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return len(self.lines)

    def at(self, fragment: bytes) -> int:
        """The first line that has this."""
        return next(number for number, line in enumerate(self.lines) if fragment in line)


@pytest.fixture(scope="module")
def made(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("export") / "export"
    with LogReader.read(shared.store) as log:
        texts = {"checkpoint": signed(log.size, log.root), "keys.txt": f"{KEY}\n"}
        found = export_folder(log, folder, signed=texts)
        assert (found.size, found.hidden, found.root) == (log.size, 0, log.root.hex())
    return Made(folder, tuple((folder / "records.jsonl").read_bytes().splitlines()))


@pytest.fixture(scope="module")
def short(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same up to soon after its first fill, as it was exported then: what is altered is checked many times."""
    folder = tmp_path_factory.mktemp("short") / "export"
    shutil.copytree(made.folder, folder)
    lines = made.lines[: max(map(made.at, (GRANT, DENIAL, FILL))) + 6]
    (folder / "records.jsonl").write_bytes(b"\n".join([*lines, b""]))
    (folder / "checkpoint").write_text(signed(len(lines), root([leaf_hash(leaf_of(line)) for line in lines])))
    return Made(folder, lines)


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The file at the root, loaded as a file."""
    spec = importlib.util.spec_from_file_location("verify_warrant", ROOT / verifier.NAME)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_file_at_the_root_is_the_one_that_is_handed_out(made: Made) -> None:
    """Made from its two parts: `warrant audit verifier --out verify_warrant.py`."""
    assert (ROOT / verifier.NAME).read_text() == verifier.text() == (made.folder / verifier.NAME).read_text()
    assert verifier.fingerprint() in (made.folder / "README.md").read_text()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own that has `cryptography` and nothing else."""
    place = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(place, symlinks=True)
    packages = next(place.glob("lib/python*/site-packages"))
    here = Path(sysconfig.get_paths()["purelib"])
    for name in ("cryptography", "cffi", "_cffi_backend*", "pycparser"):
        for found in here.glob(name):
            (packages / found.name).symlink_to(found)
    return place / "bin" / "python"


def alone(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-I", verifier.NAME, *words]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def test_it_is_accepted_on_a_machine_without_warrant(elsewhere: Path, made: Made) -> None:
    ours = subprocess.run(
        [elsewhere, "-I", "-c", "import pydantic"], env={}, cwd=made.folder, capture_output=True, check=False
    )
    assert b"No module named 'pydantic'" in ours.stderr
    ran = alone(elsewhere, made.folder, ".", "--key", KEY, "--checkpoint", "checkpoint")
    assert (ran.returncode, ran.stderr) == (0, "")
    verdicts = dict(line.split(maxsplit=1) for line in ran.stdout.splitlines()[:5])
    held = dict.fromkeys(("bytes", "sequence", "checkpoints", "arithmetic"), "holds")
    assert verdicts == {**held, "replay": "not possible here"}
    assert f"{made.size} records (43 decisions)" in ran.stdout


def test_without_cryptography_a_signature_is_not_taken_for_good(made: Made) -> None:
    command = [sys.executable, "-I", "-S", verifier.NAME, "."]
    ran = subprocess.run(command, cwd=made.folder, env={}, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "pip install cryptography" in ran.stderr


def test_a_part_of_the_time_is_held_against_the_whole_tree(
    shared: SharedRun, tmp_path: Path, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with LogReader.read(shared.store) as log:
        texts = {"checkpoint": signed(log.size, log.root), "keys.txt": f"{KEY}\n"}
        found = export_folder(log, tmp_path / "part", Between("2011-02-01", "2011-02-15"), texts)
        assert 0 < found.records < log.size
        assert found.hidden == log.size - found.records
    assert program.main([str(tmp_path / "part"), "--key", KEY]) == 0
    said = capsys.readouterr().out
    assert f"{found.hidden} not shown" in said
    assert found.root in said
    leaves = (tmp_path / "part" / "leaves.txt").read_text().splitlines()
    (tmp_path / "part" / "leaves.txt").write_text("\n".join(leaves[1:]))
    assert program.main([str(tmp_path / "part"), "--key", KEY]) == 1
    assert "stands where" in capsys.readouterr().out


def test_an_older_checkpoint_shows_that_nothing_before_it_was_rewritten(
    made: Made, tmp_path: Path, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    leaves = [leaf_hash(leaf_of(line)) for line in made.lines]
    old = tmp_path / "old"
    old.write_text(signed(100, root(leaves[:100])))
    assert program.main([str(made.folder), "--key", KEY, "--checkpoint", str(old)]) == 0
    assert f"{made.size - 100} records came after it and are not covered" in capsys.readouterr().out
    old.write_text(signed(100, root(leaves[1:101])))
    assert program.main([str(made.folder), "--key", KEY, "--checkpoint", str(old)]) == 1
    assert "over 100 records it has the root" in capsys.readouterr().out


def test_a_proof_of_consistency_leads_from_one_checkpoint_to_the_other(
    short: Made, tmp_path: Path, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    leaves, file = [leaf_hash(leaf_of(line)) for line in short.lines], tmp_path / "proof.json"

    def proved(size: int, path: tuple[bytes, ...]) -> tuple[int, str]:
        old, new = (checkpoint.read(signed(at, root(leaves[:at])).encode()) for at in (size, short.size))
        file.write_bytes(Consistency(old, new, path).content)
        status = program.main([str(short.folder), "--key", KEY, "--consistency", str(file)])
        return status, "".join(capsys.readouterr())

    good = consistency_path(leaves, 20)
    assert proved(20, good)[0] == 0
    for path in (good[1:], (*good, good[0]), (bytes(32), *good[1:]), ()):
        status, said = proved(20, path)
        assert status == 1
        assert "the proof does not lead from 20 records" in said
    file.write_text("{}")
    assert program.main([str(short.folder), "--consistency", str(file)]) == 2
    assert "is no proof of consistency" in capsys.readouterr().err


def test_every_proof_of_consistency_of_small_trees(program: ModuleType) -> None:
    """Two derivations agree: paths made by the log's tree hold, and those of any other pair do not."""
    leaves = [leaf_hash(bytes([number])) for number in range(20)]
    roots = [root(leaves[:size]) for size in range(21)]
    for second in range(1, 21):
        for first in range(1, second + 1):
            path = list(consistency_path(leaves[:second], first))
            heads = [SimpleNamespace(size=size, root=roots[size]) for size in (first, second)]
            assert program.consistent(*heads, path)
            heads[0].root = roots[first - 1]
            assert not program.consistent(*heads, path)


# --- altered exports --------------------------------------------------------------------------------------------------


def resealed(record: Json) -> bytes:
    """The line with the id that its content has: only what it says, and the tree, can give it away."""
    leaf = parse(leaf_of(canonical(record)))
    leaf.pop("record_id")
    return canonical({**record, "record_id": digest(canonical(leaf))[7:23]})


def changed(made: Made, fragment: bytes, change: Callable[[Any], Any], seal: bool = True) -> list[bytes]:
    """The export with one record altered in place."""
    at, lines = made.at(fragment), list(made.lines)
    record = parse(lines[at])
    change(record)
    lines[at] = resealed(record) if seal else canonical(record)
    return lines


def granted(record: Any) -> Any:
    return next(one for one in record["verdicts"] if one["outcome"] == "granted")


def denied(record: Any) -> Any:
    return next(one for one in record["verdicts"] if one["outcome"] == "denied")


def with_law(record: Any) -> None:
    record["law"]["limits"][0]["bound"] = "999999"
    record["law_digest"] = digest(canonical(record["law"]))


def appended(made: Made) -> list[bytes]:
    last = parse(made.lines[-1])
    record = {**parse(made.lines[made.at(FILL)]), "seq": last["seq"] + 1, "as_of": last["as_of"], "fill_id": "again"}
    return [*made.lines, resealed({**record, "client_order_id": "nobodys"})]


def tail_rewritten(made: Made) -> list[bytes]:
    """From one record on a consistent other history, ids and all."""
    lines = changed(made, GRANT, lambda record: granted(record).update(rule="another"))
    return [*lines[:-1], resealed({**parse(lines[-1]), "recorded_at": "2011-03-04T21:00:01Z"})]


def swapped(made: Made) -> list[bytes]:
    at = made.at(ORDER)
    return [*made.lines[:at], made.lines[at + 1], made.lines[at], *made.lines[at + 2 :]]


def without(made: Made, at: int) -> list[bytes]:
    return [*made.lines[:at], *made.lines[at + 1 :]]


def doubled(made: Made) -> list[bytes]:
    at = made.at(FILL)
    return [*made.lines[: at + 1], *made.lines[at:]]


def renumbered(made: Made) -> list[bytes]:
    """A record is taken out and all behind it are numbered and sealed anew."""
    at = made.at(FILL)
    later = [resealed({**parse(line), "seq": seq}) for seq, line in enumerate(made.lines[at + 1 :], at)]
    return [*made.lines[:at], *later]


ALTERED: dict[str, tuple[Callable[[Made], list[bytes]], str]] = {
    "a figure of a record": (
        lambda made: changed(made, FILL, lambda one: one.update(price="1"), seal=False), "bytes: record"),
    "a figure, and the record's id with it": (
        lambda made: changed(made, FILL, lambda one: one.update(price="1")), "over {} records it has the root"),
    "a granted quantity, and the id": (
        lambda made: changed(made, GRANT, lambda one: granted(one).update(quantity="100000")), "arithmetic: record"),
    "a denial made a grant": (
        lambda made: changed(made, DENIAL, lambda one: denied(one).update(outcome="granted")), "arithmetic: record"),
    "a core of a denial left out": (
        lambda made: changed(made, DENIAL, lambda one: denied(one).update(cores=[])), ".cores: the record says"),
    "a reading": (
        lambda made: changed(made, GRANT, lambda one: one["readings"][0].update(value="0")), ".value: the record says"),
    "a reading left out": (lambda made: changed(made, GRANT, lambda one: one["readings"].pop()), "readings (measures)"),
    "a warrant for more than was granted": (
        lambda made: changed(made, GRANT, lambda one: one["warrants"][0]["order"].update(quantity="1")), "warrants"),
    "a snapshot": (
        lambda made: changed(made, GRANT, lambda one: one["snapshot"]["facts"].pop()), "snapshot: what is written out"),
    "a portfolio": (
        lambda made: changed(made, GRANT, lambda one: one["portfolio"].update(nav="9")), "portfolio: what is"),
    "the text of the limits": (
        lambda made: changed(made, GRANT, lambda one: one.update(limits=one["limits"] + "#")), "limits: what"),
    "the law, with its digest and the id": (lambda made: changed(made, GRANT, with_law), "arithmetic: record"),
    "a rulebook left out": (
        lambda made: changed(made, GRANT, lambda one: one.pop("rulebook"), seal=False), "rulebook: it is named"),
    "a record taken out": (lambda made: without(made, made.at(FILL)), "it stands where record"),
    "a record taken out, and all behind it sealed anew": (renumbered, "the rest is missing"),
    "the end cut off": (lambda made: list(made.lines[:-3]), "the export has {1}: the rest is missing"),
    "two records in another order": (swapped, "it stands where record"),
    "a record twice": (doubled, "an earlier record has the same id"),
    "a fill of nobody's order at the end": (appended, "no decision before it warranted the order nobodys"),
    "a consistent other end": (tail_rewritten, "one of them was changed, taken out or put in"),
    "time running back": (
        lambda made: changed(made, FILL, lambda one: one.update(as_of="2010-01-01T00:00:00Z")), "is before the record"),
    "a space": (lambda made: [made.lines[0].replace(b",", b", ", 1), *made.lines[1:]], "not in canonical form"),
    "a name twice": (
        lambda made: [made.lines[0].replace(b'"mode":', b'"kind":"stop","mode":', 1), *made.lines[1:]], "no record"),
    "a float": (lambda made: [made.lines[0].replace(b'"seq":0', b'"seq":0.0'), *made.lines[1:]], "the number 0.0"),
    "a line of nothing": (lambda made: [*made.lines[:5], b"", *made.lines[5:]], "no record can be read"),
}  # fmt: skip
"""What was altered in the records, how, and what is said among other things."""


@pytest.mark.parametrize("what", ALTERED)
def test_altered_records_are_refused(
    what: str, short: Made, tmp_path: Path, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    alter, words = ALTERED[what]
    shutil.copytree(short.folder, tmp_path / "export")
    lines = alter(short)
    assert lines != list(short.lines)
    (tmp_path / "export" / "records.jsonl").write_bytes(b"\n".join([*lines, b""]))
    assert program.main([str(tmp_path / "export"), "--key", KEY]) == 1
    said = capsys.readouterr().out
    assert words.format(short.size, short.size - 3) in said
    # Whoever has the checkpoint takes no other leaves for those that were signed. What is inlined is no part of a leaf,
    # and is held by its digest; what came behind the checkpoint, by what was before it.
    beside = words.partition(":")[0] in ("snapshot", "portfolio", "limits", "rulebook") or "nobodys" in words
    assert ("checkpoints  fails" in said) is not beside


def flipped(text: str) -> str:
    head, _, signature = text.rstrip("\n").rpartition(" ")
    content = bytearray(base64.b64decode(signature))
    content[40] ^= 1
    return f"{head} {base64.b64encode(content).decode()}\n"


CHECKPOINTS: dict[str, tuple[Callable[[Made, str], str], int, str]] = {
    "another root": (
        lambda made, text: text.replace(text.split("\n")[2], base64.b64encode(bytes(32)).decode()), 1, "does not hold"),
    "another size": (lambda made, text: text.replace(f"\n{made.size}\n", f"\n{made.size - 1}\n"), 1, "does not hold"),
    "another log's name": (lambda made, text: text.replace(ORIGIN, "warrant/other"), 1, "no key that was given"),
    "a bit of the signature": (lambda made, text: flipped(text), 1, "does not hold"),
    "another's signature by the same name": (
        lambda made, text: signed(made.size, base64.b64decode(text.split("\n")[2]), seed=2), 1, "no key that was"),
    "no signature": (lambda made, text: text.partition("\n\n")[0] + "\n\n", 2, "no signed checkpoint"),
    "a key's own mistake in a root that is signed": (
        lambda made, text: signed(made.size, bytes(32)), 1, "over {} records it has the root 00000000"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHECKPOINTS)
def test_altered_checkpoints_are_refused(
    what: str, short: Made, tmp_path: Path, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    alter, status, words = CHECKPOINTS[what]
    good = (short.folder / "checkpoint").read_text()
    (tmp_path / "checkpoint").write_text(alter(short, good))
    given = ["--key", KEY, "--checkpoint", str(tmp_path / "checkpoint")]
    assert program.main([str(short.folder), *given]) == status
    assert words.format(short.size) in "".join(capsys.readouterr())


def test_a_key_is_not_taken_for_a_checkpoint_that_was_taken_away(
    short: Made, tmp_path: Path, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """Altered with its hashes, cut off, and its checkpoint removed: there is nothing left that a key could hold."""
    (tmp_path / "records.jsonl").write_bytes(b"\n".join([*short.lines[:-3], b""]))
    assert program.main([str(tmp_path), "--key", KEY]) == 1
    assert "checkpoints: there is none that the keys you gave could have signed" in capsys.readouterr().out


@pytest.mark.parametrize("key", [KEY[:-4] + "AAAA", KEY.replace(ORIGIN, "warrant/else")])
def test_a_key_whose_parts_do_not_belong_together_is_said_to_be_mistyped(
    key: str, made: Made, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main([str(made.folder), "--key", key]) == 2
    said = capsys.readouterr().err
    assert f"is not the hash of the name `{key.partition('+')[0]}` with this key; the name is wrong, or" in said
    assert "BASE64" not in said
    with pytest.raises(Malformed, match="the name is wrong, or a character of the id or the key"):
        VerifierKey.read(key)


@pytest.mark.parametrize("key", ["", "a+b", "a+00000000+AAAA", f"+{KEY.partition('+')[2]}"])
def test_what_is_no_key_is_said(key: str, made: Made, program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([str(made.folder), "--key", key]) == 2
    assert "is no key" in capsys.readouterr().err


def test_a_key_of_the_export_itself_is_not_passed_off_as_known(
    short: Made, program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main([str(short.folder)]) == 0
    assert "by a key of the export itself: compare it with one from elsewhere" in capsys.readouterr().out


def test_what_is_no_export_is_said(tmp_path: Path, program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in (([str(tmp_path)], "there is no"), ([str(tmp_path / "x.jsonl")], "there is no")):
        assert program.main(words) == 2
        assert sentence in capsys.readouterr().err
    (tmp_path / "records.jsonl").write_bytes(b"")
    assert program.main([str(tmp_path)]) == 0
    assert hashlib.sha256(b"").hexdigest() in capsys.readouterr().out


def test_its_tree_is_the_one_of_the_log(made: Made, program: ModuleType) -> None:
    """Two derivations of the root agree at every size."""
    tree, leaves = program.Tree(), [leaf_hash(leaf_of(line)) for line in made.lines]
    for size, leaf in enumerate(leaves):
        assert tree.root == root(leaves[:size])
        tree.append(leaf)


def test_what_it_reads_as_a_record_is_what_was_written(made: Made, program: ModuleType) -> None:
    for line in made.lines:
        assert json.loads(line) == program.read_line(line)
