"""`warrant what-if` over a real run: the unchanged cycle first, then the changed one, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters import cli
from adapters.running.worker import Worker
from knowledge.values import Json
from tests.shared_run import SharedRun

DAY = "2011-01-28"
"""The first entry of the shared run."""


def asked(shared: SharedRun, *words: str) -> int:
    return cli.run(["what-if", *words, "--desk", str(shared.desk.folder)])


def test_a_supposed_limit_is_decided_by_and_nothing_is_written(
    shared: SharedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    root, size = shared.root, len(shared.records)
    assert asked(shared, DAY, "--set", "limit.portfolio.sector=1 %", "--symbol", "IBM", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    (one,) = found["instruments"]
    assert found["hypothetical"] is True
    assert one["first_cause"]["place"] == "limits"
    assert "limit portfolio.sector[technology] binds now" in one["first_cause"]["sentences"]
    assert one["before"]["quantity"] != one["after"]["quantity"]
    assert found["supposed"][0]["after"] == "1 %"
    assert "hypothetical: nothing is recorded, nothing is sent" in found["told"]["text"]
    inputs = next(each for each in shared.records if each["record_id"] == found["record_id"])["inputs"]
    assert found["inputs"]["limits"] != inputs["limits"] and found["inputs"]["snapshot"] == inputs["snapshot"]
    assert (shared.root, len(shared.records)) == (root, size)


def test_other_rules_and_limits_of_files(shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = shared.bare(tmp_path / "desk")
    entry = desk.folder / "rules/book/entry.clp"
    entry.write_text(entry.read_text().replace("(>= ?score 0.75)", "(>= ?score 0.99)"))
    desk.limits.write_text(desk.limits.read_text().replace("bound: 5000", "bound: 4000"))
    assert asked(shared, DAY, "--rules", str(desk.folder), "--limits", str(desk.limits)) == 0
    told = capsys.readouterr().out
    assert "rule swing-long does not fire any more" in told
    assert "├─ supposed\n│  ├─ rulebook: that of" in told
    assert "decided the same: AAPL, GOOG, MSFT" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((DAY,), "nothing is supposed"),
        ((DAY, "--set", "limit.portfolio.sectr=0.4"), "did you mean `portfolio.sector`"),
        ((DAY, "--set", "limit.portfolio.sector=40 %", "--symbol", "IMB"), "did you mean `IBM`?"),
        ((DAY, "--limits", "nowhere.yaml"), "there is no file `nowhere.yaml`"),
        (("1999-01-04", "--set", "portfolio.cash=1"), "the log has no decision of this date"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    shared: SharedRun, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert asked(shared, *words) == 2
    said = capsys.readouterr()
    assert said.out == "" and sentence in said.err


def test_a_cycle_that_does_not_give_its_record_again_is_refused(
    shared: SharedRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Worker.decide_stored

    def otherwise(self: Worker, snapshot: bytes, portfolio: bytes) -> Json:
        return {**real(self, snapshot, portfolio), "regime": "bear"}

    monkeypatch.setattr(Worker, "decide_stored", otherwise)
    assert asked(shared, DAY, "--set", "limit.portfolio.sector=1 %") == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "does not give its record again (regime: the record has" in said.err
    assert "warrant audit verify --replay" in said.err


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "fault", "as_of": DAY, "period": DAY, "fault": "the feed has no bars"},
        {"kind": "decision", "as_of": DAY, "period": DAY, "fault": "no answer", "ended_from_outside": True},
    ],
    ids=["fault", "ended-from-outside"],
)
def test_a_cycle_that_decided_nothing_is_refused(
    shared: SharedRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, record: Json
) -> None:
    monkeypatch.setattr("adapters.supposing.recorded.decision_at", lambda log, name: record)
    assert asked(shared, DAY, "--set", "portfolio.cash=1") == 2
    said = capsys.readouterr().err
    assert f"`{DAY}`: {DAY} decided nothing that could be decided again: {record['fault']}" in said
