"""Seal, hold and expire on a real desk, by the commands, and that it goes on as if nothing had been moved."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.exporting import stranger
from adapters.running.intervention import lenient, opened
from adapters.running.lease import held
from adapters.sealing.keeping import seal_by_itself
from adapters.verifying.recheck_many import ArithmeticInParallel
from adapters.verifying.verify import verify
from knowledge.values import Json
from tests.shared_run import SharedRun

pytest_plugins = ("tests.shared_run",)


def call(desk: Desk, *words: str) -> int:
    return cli.run([*words, "--desk", str(desk.folder)])


def said(capsys: pytest.CaptureFixture[str]) -> Json:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def desk(shared: SharedRun, tmp_path: Path) -> Desk:
    return shared.copied(tmp_path / "desk")


def standing(desk: Desk) -> list[object]:
    """What a restart folds a log to."""
    with opened(desk, lenient) as desk_log:
        found = desk_log.standing
        return [found.books, found.orders, found.executed, found.law, found.last_session, found.broker.state]


def found_by(desk: Desk, capsys: pytest.CaptureFixture[str], *words: str) -> list[int]:
    assert call(desk, "audit", "find", *words, "--limit-rows", "0", "--json") == 0
    return sorted({one["seq"] for one in said(capsys)["rows"]})


def test_a_desk_whose_past_was_sealed_and_has_gone(
    desk: Desk, shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, records = standing(desk), shared.records
    by_symbol = found_by(desk, capsys, "--symbol", "IBM")
    decisions = [one for one in records if one["kind"] == "decision"]
    old = [one for one in decisions if one["as_of"] < "2011-02-01"]
    assert call(desk, "audit", "seal", "--before", "2011-02-01", "--json") == 0
    (sealed,) = said(capsys)["sealed"]
    assert (sealed["of"], sealed["records"]) == ("decision", len(old))
    assert standing(desk) == before
    assert found_by(desk, capsys, "--symbol", "IBM") == by_symbol
    with LogReader.read(desk.store) as log:
        assert list(log.records())[: len(records)] == records
    assert call(desk, "audit", "seal", "--before", "2011-02-01") == 0
    assert "nothing from before 2011-02-01 that is not sealed already" in capsys.readouterr().out
    assert call(desk, "audit", "verify", "--json") == 0
    assert said(capsys)["verdicts"]["arithmetic"] == "holds"

    days = "--from", "2011-01-10", "--to", "2011-01-11"
    assert (
        call(desk, "audit", "hold", "place", "--who", "Ada", "--why", "case 7", *days, "--symbol", "ibm", "--json") == 0
    )
    hold = said(capsys)["record_id"]
    assert call(desk, "audit", "expire") == 0
    assert f"segment 1 is kept by the hold {hold} of Ada: case 7" in capsys.readouterr().out
    assert call(desk, "audit", "hold", "list") == 0
    assert f"{hold}: 2011-01-10 to 2011-01-11, IBM; Ada: case 7" in capsys.readouterr().out
    assert call(desk, "audit", "hold", "lift", "nothing", "--who", "Ada", "--why", "over") == 2
    assert "is not the beginning of one hold's id" in capsys.readouterr().err
    assert call(desk, "audit", "hold", "lift", hold[:6], "--who", "Ada", "--why", "over") == 0
    assert call(desk, "audit", "hold", "list") == 0
    assert "no hold stands" in capsys.readouterr().out

    assert call(desk, "audit", "expire", "--by", "2016-01-01", "--json") == 0
    assert said(capsys) == {"gone": [], "held": []}
    assert call(desk, "audit", "expire", "--json") == 0
    (gone,) = said(capsys)["gone"]
    assert gone["rule"] == {"kind": "decision", "years": 5}
    assert standing(desk) == before
    assert call(desk, "audit", "verify") == 0
    assert f"{len(old)} records of kind decision went by retention under record {gone['record_id']}" in (
        capsys.readouterr().out
    )
    later = {one for one in by_symbol if one >= len(records) or records[one] not in old}
    assert later <= {*found_by(desk, capsys, "--symbol", "IBM")} < {*by_symbol, len(records) + 1}
    assert call(desk, "status") == 0
    assert call(desk, "explain", old[0]["record_id"]) == 2
    assert f"when its time to be kept was over, as record #{gone['seq']} says" in capsys.readouterr().err
    assert call(desk, "explain", decisions[-1]["record_id"]) == 0
    capsys.readouterr()

    # A stranger is told the same, and holds what is left against a checkpoint.
    assert call(desk, "keys", "log") == 0
    assert call(desk, "audit", "export", "--folder", str(tmp_path / "export")) == 0
    capsys.readouterr()
    key = (tmp_path / "export" / "keys.txt").read_text().strip()
    assert stranger.main([str(tmp_path / "export"), "--key", key]) == 0
    told = capsys.readouterr().out
    assert f"{len(old)} of kind decision, kept 5 years, went by" in told
    assert f"{len(old)} not shown" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("seal", "--before", "soon"), "is no date"),
        (("expire", "--by", "2999-01-01"), "is still to come"),
        (("hold", "place", "--who", " ", "--why", "x"), "`--who` is empty"),
        (
            ("hold", "place", "--who", "a", "--why", "x", "--from", "2011-02-01", "--to", "2011-01-01"),
            "turn them round",
        ),
        (("hold", "place", "--who", "a", "--why", "x", "--symbol", "IMB"), "no record is about `IMB`"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[str, ...], sentence: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(desk, "audit", *words) == 2
    assert sentence in capsys.readouterr().err


def test_while_a_process_runs_the_desk_it_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    with held(desk.store, "run"):
        assert call(desk, "audit", "seal", "--before", "2011-02-01") == 3
    assert "run" in capsys.readouterr().err


def test_a_desk_that_starts_seals_what_is_old_enough(desk: Desk) -> None:
    def start() -> list[Json]:
        with opened(read_desk(desk.folder), lenient) as desk_log:
            return seal_by_itself(desk_log, datetime(2011, 2, 11, tzinfo=UTC))

    assert start() == []
    file = desk.folder / "warrant.toml"
    file.write_text(file.read_text() + "\n[retention]\nseal_after_days = 10\n")
    before = standing(desk)
    (record,) = start()
    assert (record["from"], record["to"]) == ("2011-01-03T21:00:00Z", "2011-01-31T21:00:00Z")
    assert start() == []
    assert standing(desk) == before
    assert verify(desk.store).holds


def test_years_are_the_operators_and_never_less_than_five(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    file = desk.folder / "warrant.toml"
    text = file.read_text()
    file.write_text(text + "\n[retention]\ndecision = 7\n")
    assert read_desk(desk.folder).settings.retention.years == {"decision": 7, "surveillance": 5}
    file.write_text(text + "\n[retention]\ndecision = 4\n")
    assert call(desk, "audit", "expire") == 2
    assert "from 5 to 100" in capsys.readouterr().err


def test_a_long_log_is_verified_by_several_processes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They say the same as one, also of a record that does not hold."""
    said_by = []
    for long in (1_000_000, 1):
        monkeypatch.setattr("adapters.commands.audit.verify.LONG", long)
        assert call(desk, "audit", "verify", "--jobs", "2", "--json") == 0
        said_by.append(said(capsys))
    assert said_by[0] == said_by[1]
    with ArithmeticInParallel(1) as many:
        with LogReader.read(desk.store) as log:
            decision = next(one for one in log.records(["decision"]) if one["readings"])
            wrong = {**decision, "readings": [{**decision["readings"][0], "value": "1/7"}, *decision["readings"][1:]]}
            for record in (decision, wrong, {**decision, "inputs": {**decision["inputs"], "snapshot": "sha256:none"}}):
                assert many(record, log.blob) == []
        first, second = many.findings()
        assert many.findings() == []
    assert (first.record_id, first.field) == (decision["record_id"], "readings")
    assert "nothing readable is stored as `sha256:none`" in second.sentence
