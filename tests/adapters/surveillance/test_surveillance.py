"""Findings of a real desk: told, recorded once, closed by persons, verified; looked for by a paper desk itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog, Entry, LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.running.session import opened
from adapters.running.watch import unwatched
from adapters.sealing.keeping import log_of
from adapters.surveillance.looking import Lookout
from adapters.surveillance.recording import at_session_end
from adapters.verifying.findings import FindingsCheck, Surveyed
from adapters.verifying.recheck import Arithmetic
from adapters.verifying.verify import verify
from adapters.watch.alerts import alerts_of
from engine.surveillance.parameters import Parameters
from knowledge.values import Json
from tests.shared_run import SharedRun

SETTINGS = "\n[surveillance]\nnear = 0.5\nnear_times = 2\n"
"""Thresholds that the run reaches: it has few entries, and the shipped limits leave them room."""
NOW = datetime(2011, 3, 5, tzinfo=UTC)
ENVELOPE = ("record_id", "seq", "format", "kind", "blobs")


def loosened(desk: Desk) -> Desk:
    file = desk.folder / "warrant.toml"
    file.write_text(file.read_text() + SETTINGS)
    return read_desk(desk.folder)


@pytest.fixture(scope="module")
def recorded(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk with its findings recorded; tests only read it."""
    desk = loosened(shared.copied(tmp_path_factory.mktemp("recorded") / "desk"))
    assert cli.run(["surveil", "scan", "--record", "--desk", str(desk.folder)]) == 1
    return desk


@pytest.fixture
def desk(recorded: Desk, shared: SharedRun, tmp_path: Path) -> Desk:
    """A copy to go on with."""
    return loosened(shared.copied(tmp_path / "desk"))


def call(desk: Desk, *words: str) -> int:
    return cli.run([*words, "--desk", str(desk.folder)])


def scanned(desk: Desk, capsys: pytest.CaptureFixture[str], *words: str) -> list[Json]:
    capsys.readouterr()
    call(desk, "surveil", "scan", "--json", *words)
    found: list[Json] = json.loads(capsys.readouterr().out)
    return found


def of_surveillance(desk: Desk) -> list[Json]:
    with LogReader.read(desk.store) as log:
        return list(log.records(["surveillance"]))


def test_what_is_found_is_recorded_once(recorded: Desk, shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    found, records = scanned(recorded, capsys), of_surveillance(recorded)
    assert found and {one["pattern"] for one in found} == {"limit-proximity"}
    assert [one["record_id"] for one in found] == [one["record_id"] for one in records]
    size = len(records)
    assert scanned(recorded, capsys, "--record") == found
    assert len(of_surveillance(recorded)) == size
    orders = {one["client_order_id"] for one in shared.records if one["kind"] == "order"}
    for one in records:
        assert set(one["orders"]) <= orders and one["parameters"]["near"] == "0.5"
    assert all(one.holds for one in [verify(recorded.store, arithmetic=Arithmetic())])


def test_looking_alone_leaves_the_log_as_it_is(desk: Desk, shared: SharedRun) -> None:
    assert call(desk, "surveil", "scan") == 1
    with LogReader.read(desk.store) as log:
        assert log.root == shared.root


def test_by_the_shipped_thresholds_the_run_shows_nothing(shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(shared.desk, "surveil", "scan") == 0
    assert capsys.readouterr().out == "nothing found in all days\n"


def test_days_choose_what_is_told_and_not_what_is_found(recorded: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    found = scanned(recorded, capsys)
    last = found[0]["last"]
    assert scanned(recorded, capsys, "--from", last, "--to", last) == [one for one in found if one["last"] == last]
    assert scanned(recorded, capsys, "--from", "2030-01-01") == []
    assert call(recorded, "surveil", "scan", "--from", "soon") == 2


def test_a_finding_is_explained_and_found(recorded: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    one = of_surveillance(recorded)[0]
    assert call(recorded, "explain", one["record_id"]) == 0
    assert "surveillance found limit proximity (notice)" in " ".join(capsys.readouterr().out.split())
    assert call(recorded, "audit", "find", "--kind", "surveillance", "--order", one["orders"][0], "--json") == 0
    assert one["record_id"] in capsys.readouterr().out


def test_persons_close_findings(recorded: Desk, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(desk, "surveil", "scan", "--record") == 1
    findings = scanned(desk, capsys)
    words = ("--who", "Ada Lovelace", "--why", "few entries, by design")
    assert call(desk, "surveil", "close", "0123", *words) == 2
    assert call(desk, "surveil", "close", findings[0]["record_id"], "--who", " ", "--why", "x") == 2
    for one in findings:
        assert call(desk, "surveil", "close", one["finding_id"], *words, "--escalate") == 0
    assert call(desk, "surveil", "scan") == 1, "escalated is open"
    for one in findings:
        assert call(desk, "surveil", "close", one["record_id"][:10], *words) == 0
    capsys.readouterr()
    assert call(desk, "surveil", "scan") == 0
    assert "cleared by Ada Lovelace: few entries, by design" in capsys.readouterr().out
    assert verify(desk.store, arithmetic=Arithmetic()).holds
    last = of_surveillance(desk)[-1]
    assert call(desk, "explain", last["record_id"]) == 0
    assert "Ada Lovelace cleared the finding" in " ".join(capsys.readouterr().out.split())


FORGED: list[tuple[Json, str]] = [
    ({"finding_id": "0" * 16}, "finding_id"),
    ({"sentence": "nothing to see"}, "sentence"),
    ({"severity": "severe"}, "severity"),
    ({"figures": []}, "figures"),
    ({"orders": ["nobody's"]}, "orders"),
    ({"parameters": Parameters().to_json()}, "finding_id"),
    ({"completed_by": 9999}, "completed_by"),
    ({"finding_id": "1" * 16, "parameters": {}}, "record"),
]
"""What a record says other than the log, and the field that a verification names."""


def test_a_finding_that_the_log_does_not_show_is_one_of_the_verification(recorded: Desk, desk: Desk) -> None:
    one = of_surveillance(recorded)[0]
    body = {name: value for name, value in one.items() if name not in ENVELOPE}
    with AuditLog.open(desk.store) as log:
        first = log.size
        log.append_many([Entry("surveillance", {**body, **said}) for said, _ in FORGED])
    found = verify(desk.store, arithmetic=Arithmetic()).findings
    for seq, (_, field) in enumerate(FORGED, first):
        assert field in {each.field for each in found if each.seq == seq}, (seq, found)


def test_findings_whose_time_is_over_are_not_found_anew(
    recorded: Desk, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """They go by their own years; what is left of them says that they were recorded."""
    file = desk.folder / "warrant.toml"
    file.write_text(file.read_text() + "[retention]\ndecision = 100\n")
    assert call(desk, "surveil", "scan", "--record") == 1
    one, *_ = before = of_surveillance(desk)
    assert call(desk, "audit", "seal", "--before", "2012-01-01") == 0
    names = ("--who", "Ada", "--why", "case 7", "--symbol", one["instruments"][0])
    assert call(desk, "audit", "hold", "place", *names) == 0
    assert call(desk, "audit", "expire") == 0
    assert "is kept by the hold" in capsys.readouterr().out
    with LogReader.read(desk.store) as log:
        hold = next(log.records(["hold"]))["record_id"]
    assert call(desk, "audit", "hold", "lift", hold, "--who", "Ada", "--why", "over") == 0
    assert call(desk, "audit", "expire") == 0
    assert of_surveillance(desk) == []
    assert verify(desk.store, arithmetic=Arithmetic()).holds
    found = scanned(desk, capsys, "--record")
    assert [each["record_id"] for each in found] == [each["record_id"] for each in before]
    assert of_surveillance(desk) == []


def test_the_sequence_of_findings() -> None:
    check = FindingsCheck()
    common = {"kind": "surveillance", "seq": 5, "record_id": "b" * 16}
    find = {**common, "action": "find", "finding_id": "a" * 16, "orders": ["one"], "completed_by": 1}
    assert [field for field, _ in check.feed(find)] == ["orders"]
    assert list(check.feed({"kind": "order", "client_order_id": "one"})) == []
    assert [field for field, _ in check.feed(find)] == ["finding_id"]
    assert [field for field, _ in check.feed({**find, "finding_id": "c" * 16, "completed_by": 5})] == ["completed_by"]
    assert list(check.feed({**common, "action": "close", "finding": "b" * 16})) == []
    assert [field for field, _ in check.feed({**common, "action": "close", "finding": "d" * 16})] == ["finding"]


def test_what_is_missing_before_a_finding_leaves_it_unasked(recorded: Desk, shared: SharedRun) -> None:
    with LogReader.read(recorded.store) as log:
        records, whole, gaps = list(log), Surveyed(), Surveyed()
        for record in records:
            assert whole(record, log.blob) == []
            if record["seq"] != 3:
                assert gaps(record, log.blob) == []
    assert (whole.checked > 0, gaps.checked) == (True, 0)


def test_severe_findings_and_failures_are_alerts(recorded: Desk) -> None:
    one = of_surveillance(recorded)[0]
    assert list(alerts_of(one, None, NOW)) == []
    (alert,) = alerts_of({**one, "severity": "severe"}, None, NOW)
    assert alert.kind == "surveillance" and one["sentence"] in alert.sentence
    names = ("kind", "seq", "record_id", "desk", "as_of")
    failed = {**{name: one[name] for name in names}, "action": "failed", "reason": "no reason"}
    (alert,) = alerts_of(failed, None, NOW)
    assert (alert.kind, alert.sentence) == ("surveillance-failing", "no reason")


def run(shared: SharedRun, desk: Desk, last: str) -> list[Json]:
    with opened(desk, shared.world_of(desk)) as runner:
        for day in runner.world.sessions(runner.world.first_decision, last):
            runner.cycle(day)
    assert verify(desk.store).holds
    return of_surveillance(desk)


def test_a_paper_desk_looks_at_the_end_of_each_session(shared: SharedRun, tmp_path: Path) -> None:
    desk = loosened(shared.bare(tmp_path))
    file = desk.folder / "warrant.toml"
    file.write_text(file.read_text().replace('mode = "backtest"', 'mode = "paper"'))
    found = run(shared, read_desk(desk.folder), "2011-02-04")
    assert found and {one["action"] for one in found} == {"find"}
    assert len({one["finding_id"] for one in found}) == len(found)


@pytest.mark.parametrize(
    ("mode", "looks", "times"), [("backtest", "true", 0), ("paper", "false", 0), ("paper", "true", 2)]
)
def test_who_looks(
    mode: str, looks: str, times: int, shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("adapters.surveillance.recording.at_session_end", lambda *_: asked.append(1) or [])
    desk = loosened(shared.bare(tmp_path))
    file = desk.folder / "warrant.toml"
    file.write_text(file.read_text().replace('mode = "backtest"', f'mode = "{mode}"') + f"desk = {looks}\n")
    assert run(shared, read_desk(desk.folder), "2011-01-04") == []
    assert len(asked) == times


def test_a_look_that_fails_is_a_record_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ArithmeticError("by zero")

    with log_of(desk, "test", unwatched) as desk_log:
        lookout = Lookout(desk_log.log, Parameters())
        monkeypatch.setattr("adapters.surveillance.looking.survey", broken)
        (record,) = at_session_end(desk_log, lookout)
    assert (record["action"], record["reason"]) == ("failed", "ArithmeticError: by zero")
    assert verify(desk.store).holds
