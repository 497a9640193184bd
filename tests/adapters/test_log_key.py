"""The key that signs a desk's log, on a real desk: made, enrolled, replaced, revoked, lost; what verification says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import cli
from adapters.answers.status import status
from adapters.audit.log import AuditLog, LogReader
from adapters.backtest.place import for_backtest
from adapters.desk.folder import Desk, read_desk
from adapters.desk.settings import LOG_KEY, read_settings
from adapters.running.session import opened
from adapters.signing import checkpoint, kept
from adapters.signing.given import read_checkpoints, read_keys
from adapters.signing.log_key import make_log_key, rotate
from adapters.signing.note import VerifierKey
from adapters.store.opening import to_read
from adapters.verifying.verification import Verification
from adapters.verifying.verify import Given, verify
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.shared_run import SharedRun, decide_all

WHO = ["--who", "Ada Lovelace", "--reason", "a year is over"]


def paper(desk: Desk) -> Desk:
    file = desk.folder / "warrant.toml"
    file.write_text(file.read_text().replace('mode = "backtest"', 'mode = "paper"'))
    return read_desk(desk.folder)


def decide(run: SharedRun, desk: Desk, last: str) -> None:
    with opened(desk, run.world_of(desk)) as runner:
        decide_all(runner, last)


@pytest.fixture(scope="module")
def begun(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> SharedRun:
    """A paper desk with a key that has decided two sessions in two runs. Only read."""
    folder = tmp_path_factory.mktemp("signed")
    desk = paper(shared.bare(folder))
    make_log_key(desk)
    for last in ("2011-01-03", "2011-01-04"):
        decide(shared, desk, last)
    return SharedRun(folder)


@pytest.fixture
def desk(begun: SharedRun, tmp_path: Path) -> Desk:
    return begun.copied(tmp_path / "desk")


def key_records(desk: Desk) -> list[Json]:
    with LogReader.read(desk.store) as log:
        return list(log.records(["key"]))


def checkpoints(desk: Desk) -> tuple[kept.Kept, ...]:
    with to_read(desk.store) as connection:
        return kept.every(connection)


def vkey(desk: Desk, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert cli.run(["keys", "log", "--json", "--desk", str(desk.folder)]) == 0
    return str(json.loads(capsys.readouterr().out)["vkey"])


def told(verification: Verification) -> str:
    return "\n".join([*map(str, verification.findings), *verification.notes])


def test_a_paper_desk_enrols_its_key_once_and_signs_each_session_and_stop(begun: SharedRun) -> None:
    (enrolled,) = key_records(begun.desk)
    assert (enrolled["action"], enrolled["seq"], enrolled["who"]) == ("enrol", 1, "engine")
    found = checkpoints(begun.desk)
    with LogReader.read(begun.store) as log:
        assert [one.number for one in found] == list(range(1, len(found) + 1))
        assert found[-1].signed.size == log.size
        for one in found:
            assert one.signed.root == log.root_at(one.signed.size)
            assert one.vkey == enrolled["vkey"]
    assert len({one.signed.size for one in found}) == len(found) >= 2
    verification = verify(begun.store)
    assert verification.holds and verification["checkpoints"].given
    assert "the log itself names" in told(verification)
    assert "only one kept elsewhere shows" in told(verification)
    stands = status(begun.desk, datetime(2026, 3, 2, tzinfo=UTC))["log"]
    assert stands["signed"] == stands["records"] == verification.size


def test_a_backtest_signs_its_end_and_names_no_key(shared: SharedRun, tmp_path: Path) -> None:
    desk = shared.bare(tmp_path / "desk")
    key = make_log_key(desk)
    decide(shared, desk, "2011-01-03")
    assert key_records(desk) == []
    (one,) = checkpoints(desk)
    verification = verify(desk.store, keys=[key])
    assert verification.holds and "signed by a key that you gave" in told(verification)
    assert "the store itself names" in told(verify(desk.store))
    other = VerifierKey(key.name, bytes(32))
    assert "no such key is known" in told(verify(desk.store, keys=[other]))
    assert one.signed.note.signers([key]) == (key,)
    with pytest.raises(Faulty, match="a backtest's log names no key"):
        rotate(desk, "Ada", "a test")


def test_a_key_that_nothing_is_held_against_is_a_finding(shared: SharedRun) -> None:
    """Whoever cuts a log off takes its checkpoints away with the tail: then a key shows nothing, and that is said."""
    assert verify(shared.store).holds
    found = verify(shared.store, keys=[VerifierKey("warrant/demo", bytes(32))])
    assert not found.holds
    assert "none that the keys you gave could have signed" in told(found) + str(found.first)


def test_a_checkpoint_on_demand_is_kept_and_holds_against_the_log_that_goes_on(
    begun: SharedRun, desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noted, file, where = vkey(desk, capsys), tmp_path / "kept", ["--desk", str(desk.folder)]
    assert cli.run(["audit", "checkpoint", "--out", str(file), *where]) == 0
    assert cli.run(["audit", "checkpoint", "--out", str(file), *where]) == 2
    assert "name another" in capsys.readouterr().err
    assert cli.run(["audit", "checkpoint", *where]) == 0
    assert capsys.readouterr().out.encode() == file.read_bytes()
    decide(begun, desk, "2011-01-05")
    assert cli.run(["audit", "verify", "--against", str(file), "--key", noted, *where]) == 0
    out = capsys.readouterr().out
    assert re.search(r"checkpoints +holds", out) and "signed by a key that you gave" in out
    (tmp_path / "vkey").write_text(noted + "\n")
    assert read_keys([str(tmp_path / "vkey")]) == (VerifierKey.read(noted),)


def test_a_rotated_key_is_vouched_for_by_the_former_and_the_former_signs_no_more(
    begun: SharedRun, desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, where = vkey(desk, capsys), ["--desk", str(desk.folder)]
    former = (desk.log_key).read_bytes()
    assert cli.run(["keys", "rotate", *WHO, *where]) == 0
    second = vkey(desk, capsys)
    assert second != first and not desk.log_key.with_name("log.pem.new").exists()
    enrolled, rotated = key_records(desk)
    assert (rotated["action"], rotated["former"], rotated["vkey"]) == ("rotate", first, second)
    assert enrolled["vkey"] == first
    decide(begun, desk, "2011-01-05")
    by_first = verify(desk.store, keys=read_keys([first]))
    assert by_first.holds and "which you gave, vouches for" in told(by_first)
    assert "no key that you gave signed it" in told(verify(desk.store, keys=read_keys([second])))

    # Who still has the former key signs the log as it is now: a signature, and it does not count.
    with LogReader.read(desk.store) as log:
        head = checkpoint.Checkpoint(rotated["vkey"].partition("+")[0], log.size, log.root)
    file = tmp_path / "former.pem"
    file.touch(0o600)
    file.write_bytes(former)
    signer = _signer(desk, file)
    given = Given("late", checkpoint.read(checkpoint.signed(head, signer)))
    assert f"was replaced with #{rotated['seq']}" in told(verify(desk.store, against=[given]))
    desk.log_key.unlink()
    desk.log_key.touch(0o600)
    desk.log_key.write_bytes(former)
    with pytest.raises(Faulty, match="this file holds another key; bring it back"):
        decide(begun, desk, "2011-01-06")


def _signer(desk: Desk, file: Path) -> checkpoint.Signer:
    from adapters.people.keys import read_key

    return checkpoint.Signer(checkpoint.origin_of(desk.settings.desk.name), read_key(file))


def test_a_rotation_that_crashed_before_the_files_moved_is_finished_at_the_next_start(
    begun: SharedRun, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    former = desk.log_key.read_bytes()
    assert cli.run(["keys", "rotate", *WHO, "--desk", str(desk.folder)]) == 0
    beside = desk.log_key.with_name("log.pem.new")
    desk.log_key.rename(beside)
    (retired,) = desk.log_key.parent.glob("log-*.pem")
    retired.rename(desk.log_key)
    assert desk.log_key.read_bytes() == former
    decide(begun, desk, "2011-01-05")
    assert verify(desk.store).holds
    assert not beside.exists()


def test_a_revoked_keys_later_checkpoints_fail_and_a_new_one_begins(
    begun: SharedRun, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--desk", str(desk.folder)]
    first, stolen = vkey(desk, capsys), _signer(desk, desk.log_key)
    assert cli.run(["keys", "revoke", *WHO, *where]) == 0
    assert not desk.log_key.exists()
    revoked = key_records(desk)[-1]
    assert (revoked["action"], "claimed" in revoked) == ("revoke", False)
    with AuditLog.open(desk.store) as log:
        log.checkpoint(stolen)
    assert f"was revoked with #{revoked['seq']}" in told(verify(desk.store))
    assert verify(desk.store).to_json()["verdicts"] == {
        "bytes": "holds", "sequence": "holds", "checkpoints": "fails", "arithmetic": "not given", "replay": "not given",
    }  # fmt: skip
    assert cli.run(["keys", "log", *where]) == 0
    decide(begun, desk, "2011-01-05")
    assert [one["action"] for one in key_records(desk)] == ["enrol", "revoke", "enrol"]
    found = verify(desk.store, keys=[VerifierKey.read(first)])
    assert "no key that you gave signed it or vouches for" in told(found)


def test_a_lost_key_is_revoked_by_a_claim_and_without_it_nothing_starts(
    begun: SharedRun, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--desk", str(desk.folder)]
    desk.log_key.unlink()
    with pytest.raises(Faulty, match="this file is missing; bring it back, or end that key"):
        decide(begun, desk, "2011-01-05")
    assert cli.run(["audit", "checkpoint", *where]) == 2
    assert "no key to sign its log by" in capsys.readouterr().err
    assert cli.run(["keys", "rotate", *WHO, *where]) == 2
    assert cli.run(["keys", "revoke", *WHO, *where]) == 0
    assert key_records(desk)[-1]["claimed"] is True
    assert cli.run(["keys", "revoke", *WHO, *where]) == 2
    assert "nothing to revoke" in capsys.readouterr().err
    assert verify(desk.store).holds


def test_a_key_file_that_others_may_read_stops_the_start(begun: SharedRun, desk: Desk) -> None:
    desk.log_key.chmod(0o640)
    with pytest.raises(Faulty, match="others may read this key"):
        decide(begun, desk, "2011-01-05")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--key", "nonsense+abc"], 2, "a verifier key is"),
        (["--key", "no-such-file"], 2, "it cannot be read: no such file"),
        (["--against", "no-such-file"], 2, "it cannot be read: no such file"),
        (["--against", "/dev/null"], 2, "/dev/null:1:1: this is no checkpoint"),
    ],
)
def test_what_is_no_key_and_no_checkpoint_is_refused_with_its_place(
    begun: SharedRun, words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["audit", "verify", *words, "--desk", str(begun.folder)]) == status
    assert said in capsys.readouterr().err


def test_a_checkpoint_of_another_log_is_told(begun: SharedRun, tmp_path: Path) -> None:
    file = tmp_path / "other"
    signer = checkpoint.Signer("warrant/other", _signer(begun.desk, begun.desk.log_key).private)
    file.write_bytes(checkpoint.signed(checkpoint.Checkpoint("warrant/other", 0, bytes(32)), signer))
    found = verify(begun.store, against=read_checkpoints([str(file)]))
    assert "it is of the log `warrant/other`" in told(found)


def test_what_is_signed_before_the_log_names_the_key_goes_on_counting(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A desk that ran without a key gets one, is signed on demand, and only then starts again."""
    desk = paper(shared.bare(tmp_path / "desk"))
    decide(shared, desk, "2011-01-03")
    assert checkpoints(desk) == () and verify(desk.store)["checkpoints"].outcome == "not given"
    key = make_log_key(desk)
    assert cli.run(["audit", "checkpoint", "--desk", str(desk.folder)]) == 0
    given = Given("early", checkpoints(desk)[0].signed)
    decide(shared, desk, "2011-01-04")
    assert key_records(desk)[0]["seq"] >= given.signed.size
    assert verify(desk.store, against=[given], keys=[key]).holds


def test_a_backtest_never_signs_by_the_key_of_its_desk(begun: SharedRun, tmp_path: Path) -> None:
    text = (begun.folder / "warrant.toml").read_text().replace("[store]\n", '[store]\nkey = "/secret/log.pem"\n')
    copied = read_settings(for_backtest(text, begun.desk, tmp_path).encode(), "warrant.toml")
    assert copied.store.key == LOG_KEY
