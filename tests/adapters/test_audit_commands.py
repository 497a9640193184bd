"""`warrant audit verify` and `warrant audit export` on the log of a real run, sound and damaged."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog, LogReader
from adapters.audit.merkle import CompactRange, leaf_hash
from adapters.desk.folder import Desk, read_desk
from adapters.exporting.export import leaf_of
from adapters.store import guards
from knowledge.values import Json, parse
from tests.shared_run import SharedRun

VERDICTS = ("bytes", "sequence", "checkpoints", "arithmetic", "replay")
OWN = ("format", "kind", "seq", "record_id", "blobs")


def verify(desk: Desk, *words: str) -> int:
    return cli.run(["audit", "verify", "--desk", str(desk.folder), *words])


def told(out: str) -> dict[str, str]:
    """The five verdicts from the text."""
    rows = [line.split(maxsplit=1) for line in out.splitlines()]
    return {row[0]: row[1] for row in rows if row and row[0] in VERDICTS}


def in_place(desk: Desk, *steps: tuple[str, tuple[object, ...]]) -> None:
    """Change the store as somebody would who knows SQLite, triggers and all."""
    connection = sqlite3.connect(desk.store)
    with connection:
        for name in guards.TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement, values in steps:
            connection.execute(statement, values)
        for text in guards.TRIGGERS.values():
            connection.execute(text)
    connection.close()


def granted(run: SharedRun) -> Json:
    """A decision that warranted an entry."""
    return next(
        one
        for one in run.records
        if one["kind"] == "decision" and any(w["order"]["role"] == "entry" for w in one["warrants"])
    )


def test_a_sound_log_holds_with_size_and_root(shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(shared.desk) == 0
    out = capsys.readouterr().out
    assert told(out) == {**dict.fromkeys(VERDICTS, "holds"), "checkpoints": "not given", "replay": "not given"}
    assert f"{len(shared.records)} records" in out
    assert shared.root.hex() in out


def test_with_replay_four_verdicts_hold(shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(shared.desk, "--replay", "--jobs", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdicts"] == {**dict.fromkeys(VERDICTS, "holds"), "checkpoints": "not given"}
    assert (found["size"], found["root"]) == (len(shared.records), shared.root.hex())
    assert (found["holds"], found["first"], found["findings"]) == (True, None, [])


@pytest.mark.sqlite_file
def test_a_changed_byte_is_found_and_its_record_named(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, record = shared.copied(tmp_path), granted(shared)
    with LogReader.read(desk.store) as log:
        leaf = log.receipt(record["record_id"]).leaf
    at = leaf.index(b'"quantity":"') + 12
    changed = leaf[:at] + bytes([leaf[at] ^ 1]) + leaf[at + 1 :]
    in_place(desk, ("UPDATE leaf SET bytes = ? WHERE seq = ?", (changed, record["seq"])))
    assert verify(desk) == 1
    out = capsys.readouterr().out
    assert told(out)["bytes"].startswith("fails")
    assert f"#{record['seq']}" in next(line for line in out.splitlines() if line.startswith("first:"))
    assert verify(desk, "--json") == 1
    assert json.loads(capsys.readouterr().out)["first"]["seq"] == record["seq"]


def rewritten(run: SharedRun, folder: Path, forge: object) -> Desk:
    """A log of the same records, but for one: written anew from end to end, so that all its hashes are right."""
    desk = run.bare(folder)
    with LogReader.read(run.store) as old, AuditLog.open(desk.store) as log:
        ids: dict[str, str] = {}
        for record in old:
            body = {name: value for name, value in record.items() if name not in OWN}
            blobs = {name: old.blob(name) for name in record.get("blobs", [])}
            if "decision_id" in body:
                body["decision_id"] = ids[body["decision_id"]]
            if record["kind"] == "decision":
                assert callable(forge)
                body = forge(record, body)
            ids[record["record_id"]] = log.append(record["kind"], body, blobs).record_id
    return desk


def test_a_log_rewritten_with_another_quantity_fails_arithmetic_and_replay(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = granted(shared)

    def more(record: Json, body: Json) -> Json:
        if record["record_id"] != chosen["record_id"]:
            return body
        forged: Json = json.loads(json.dumps(body))
        verdict = next(one for one in forged["verdicts"] if one["outcome"] in ("granted", "cut"))
        verdict["quantity"] = str(int(verdict["quantity"]) + 1)
        return forged

    desk = rewritten(shared, tmp_path, more)
    assert verify(desk, "--replay") == 1
    out = capsys.readouterr().out
    assert told(out)["bytes"] == told(out)["sequence"] == "holds"
    assert told(out)["arithmetic"].startswith("fails")
    assert told(out)["replay"].startswith("fails")
    assert f"#{chosen['seq']}" in next(line for line in out.splitlines() if line.startswith("first:"))
    assert ".quantity`" in out


def test_a_refusal_rewritten_as_another_reason_fails_the_replay(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What no arithmetic covers, a rule's near miss, the replay does."""

    def other(record: Json, body: Json) -> Json:
        forged: Json = json.loads(json.dumps(body))
        for verdict in forged["verdicts"]:
            if verdict.get("miss"):
                verdict["miss"]["failing"] = "nothing came close"
                break
        return forged

    desk = rewritten(shared, tmp_path, other)
    assert verify(desk, "--replay", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdicts"]["replay"] == "fails"
    assert found["first"]["field"].endswith(".miss.failing")
    decisions = [one for one in shared.records if one["kind"] == "decision"]
    assert len(found["findings"]) >= len(decisions)


@pytest.mark.sqlite_file
def test_long_lists_of_findings_are_cut_in_text(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.copied(tmp_path)
    in_place(desk, ("UPDATE leaf SET as_of = '2000-01-01T00:00:00Z'", ()))
    assert verify(desk) == 1
    out = capsys.readouterr().out
    assert "`--json` has them all" in out
    assert len(out.splitlines()) < 30


def test_progress_is_told_to_a_person_on_standard_error_alone(
    shared: SharedRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verify(shared.desk) == 0
    quiet = capsys.readouterr()
    # A person's terminal; a dumb one shows no bar.
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert verify(shared.desk) == 0
    watched = capsys.readouterr()
    assert watched.out == quiet.out
    assert quiet.err == ""
    assert "verifying" in watched.err
    assert f"{len(shared.records)}/{len(shared.records)}" in watched.err


def test_without_a_log_status_3_and_what_to_do(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(shared.bare(tmp_path)) == 3
    assert "`warrant demo`" in capsys.readouterr().err


@pytest.mark.sqlite_file
def test_a_store_that_is_no_database_is_status_3(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.bare(tmp_path)
    desk.store.write_bytes(b"this is no database, and long enough to look at: " * 100)
    assert verify(desk, "--replay") == 3
    assert "cannot be read" in capsys.readouterr().out


def test_nonsense_words_are_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["audit", "verify", "--jobs", "0"]) == 2
    assert cli.run(["audit", "export", "--format", "csv"]) == 2
    assert "csv" in capsys.readouterr().err


def test_an_export_is_the_log_and_stands_alone(
    shared: SharedRun, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    out = tmp_path / "log.jsonl"
    words = ["audit", "export", "--format", "jsonl", "--desk", str(shared.folder)]
    assert cli.run([*words, "--out", str(out)]) == 0
    assert f"wrote {len(shared.records)} records" in capsysbinary.readouterr().err.decode()
    assert cli.run(words) == 0
    assert capsysbinary.readouterr().out == out.read_bytes()
    lines = out.read_bytes().splitlines()
    tree = CompactRange()
    for line in lines:
        tree = tree.append(leaf_hash(leaf_of(line)))
    assert tree.root == shared.root
    decision = next(record for line in lines if (record := parse(line))["kind"] == "decision")
    assert {"snapshot", "portfolio", "limits", "rulebook"} <= decision.keys()
    assert list(tmp_path.iterdir()) == [out]


def test_an_export_says_in_json_what_it_wrote(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "log.jsonl"
    assert cli.run(["audit", "export", "--out", str(out), "--json", "--desk", str(shared.folder)]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written == {"format": "jsonl", "file": str(out), "records": len(shared.records)}


@pytest.mark.sqlite_file
def test_an_export_of_a_damaged_log_leaves_no_file(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.copied(tmp_path / "desk")
    in_place(desk, ("UPDATE leaf SET bytes = CAST('{' AS BLOB) WHERE seq = 20", ()))
    out = tmp_path / "log.jsonl"
    assert cli.run(["audit", "export", "--out", str(out), "--desk", str(desk.folder)]) == 3
    assert "`warrant audit verify`" in capsys.readouterr().err
    assert not out.exists()
    assert not out.with_name("log.jsonl.part").exists()


def test_a_device_is_written_and_not_replaced(shared: SharedRun) -> None:
    assert cli.run(["audit", "export", "--out", "/dev/null", "--desk", str(shared.folder)]) == 0
    assert not Path("/dev/null").is_file()


def test_the_shared_run_is_worth_testing(shared: SharedRun) -> None:
    """It has entries, fills and refusals; otherwise the tests above would show little."""
    kinds = {one["kind"] for one in shared.records}
    assert {"start", "model", "decision", "order", "fill", "books"} <= kinds
    outcomes = {v["outcome"] for one in shared.records if one["kind"] == "decision" for v in one["verdicts"]}
    assert {"granted", "no-candidate"} <= outcomes
    assert read_desk(shared.folder).settings.desk.mode == "backtest"
