"""Reports of the models and of the controls: scored from the log alone, and honest about what is not there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import cli
from adapters.audit.log import AuditLog, LogReader
from adapters.reports.assessment import AT_WORK, CHECKED, IN_PART, NOTHING, TRACES, Assessment
from adapters.reports.frame.page import render
from adapters.reports.frame.span import span
from adapters.reports.heads import HORIZON, Heads, Opinion, bins, skill
from adapters.reports.model import Models, lead, model
from adapters.reports.selfassessment import selfassessment
from advisors.heads import base
from engine.limits.controls import CONTROLS
from knowledge.values import Json, parse
from tests.adapters.records import body
from tests.adapters.reports.test_page import HOSTILE, sound
from tests.shared_run import SharedRun


def said(probability: float, right: bool, day: int = 0, head: str = "a") -> Opinion:
    return Opinion(head, f"2026-01-{day + 1:02}", "IBM", "long", probability, 0.8, rose=right)


def test_an_opinion_is_scored_over_the_horizon_that_heads_predict() -> None:
    assert HORIZON == base.HORIZON


def closes(count: int, rising: bool) -> list[Json]:
    prices = [100 + (at if rising else -at) for at in range(count)]
    return [{"entry": "session", "session": f"2026-01-{at:02}", "closes": {"IBM": str(price)}}
            for at, price in enumerate(prices, 1)]  # fmt: skip


def hear(heads: Heads, day: int, direction: str) -> None:
    slots = {"head": "a", "instrument": "IBM", "direction": direction, "probability": "0.6", "conviction": "0.8"}
    heads.hear({"as_of": "", "period": f"2026-01-{day + 1:02}"}, {"facts": [["advisory", slots]]})


@pytest.mark.parametrize(("rising", "direction", "right"), [
    (True, "long", True), (True, "short", False), (False, "long", False), (False, "short", True),
])  # fmt: skip
def test_an_opinion_is_right_where_the_price_went_its_way(rising: bool, direction: str, right: bool) -> None:
    heads = Heads()
    for one in closes(HORIZON + 2, rising):
        heads.take(one)
    hear(heads, 1, direction)
    assert [one.right for one in heads.scored()] == [right]


def test_an_opinion_without_an_outcome_is_not_counted() -> None:
    heads = Heads()
    for one in closes(HORIZON + 3, rising=True):
        heads.take(one)
    hear(heads, 0, "flat")
    hear(heads, 3, "long")  # its horizon has not passed
    hear(heads, 1, "long")
    hear(heads, 2, "long")
    heads.take({"entry": "split", "instrument": "IBM", "session": "2026-01-07"})
    assert heads.scored() == [], "both horizons hold the split"
    heads.splits.clear()
    heads.closes[2 + HORIZON].clear()
    assert [one.period for one in heads.scored()] == ["2026-01-02"]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_every_opinion_is_in_one_point_of_the_diagram(given_opinions: list[tuple[float, bool]]) -> None:
    opinions = [said(*one) for one in given_opinions]
    parts = bins(opinions)
    assert sum(part.count for part in parts) == len(opinions)
    assert sum(part.right for part in parts) == sum(one.right for one in opinions)
    assert [part.said for part in parts] == sorted(part.said for part in parts)


def test_skill_is_found_where_there_is_some_and_only_there() -> None:
    sure = [said(0.9, right=True, day=day) for day in range(30)]
    wrong = [said(0.9, right=False, day=day) for day in range(30)]
    coin = [said(0.5 + 0.02 * (day % 3), right=day % 2 == 0, day=day) for day in range(30)]
    assert (skill("a", sure).better, skill("a", wrong).worse) == (True, True)
    assert not skill("a", coin).better
    assert not skill("a", coin).worse
    assert not skill("a", sure[:1]).better, "one session says nothing"


def told_of(*skills: object) -> str:
    return " ".join(lead(Models(Heads(), tuple(skills), (), {})))  # type: ignore[arg-type]


def test_the_sentence_about_skill_follows_from_the_numbers() -> None:
    good = skill("a", [said(0.9, right=True, day=day) for day in range(30)])
    none = replace(skill("b", [said(0.5, right=True)]), low=-0.1, high=0.1)
    assert "likely have no skill" in told_of(none)
    assert "Only a did surely better than a coin" in told_of(good, none)
    assert "Nothing can be said of their skill" in told_of()


def test_the_models_of_a_run_are_those_that_spoke(shared: SharedRun) -> None:
    with LogReader.read(shared.store) as log:
        text = render(model(span(log, "desk", None, None, "")))
        last = list(log.records(["decision"]))[-1]
        heads = [slots for name, slots in parse(log.blob(last["inputs"]["snapshot"]))["facts"] if name == "head"]
    read = sound(text)
    words = " ".join(read.words)
    turns = [one for one in shared.records if one["kind"] == "model"]
    assert {one["record_id"] for one in turns} == set(read.records)
    for one in heads:
        assert one["head"] in words
        assert one["status"] in words
    assert "likely have no skill" in words


# --- controls -----------------------------------------------------------------------------------------------------


def test_each_trace_belongs_to_a_control() -> None:
    assert set(TRACES) <= {one.name for one in CONTROLS}


def test_every_control_is_told_with_what_the_log_has(shared: SharedRun) -> None:
    with LogReader.read(shared.store) as log:
        of = span(log, "desk", None, None, "")
        told = Assessment(of.limits)
        for one in of.records():
            told.take(one)
        text = render(selfassessment(of))
    read = sound(text)
    words = " ".join(read.words)
    found = {one.control.name: one for one in told.evidence()}
    assert list(found) == [one.name for one in CONTROLS]
    assert all(name in words for name in found)
    assert set(read.records) <= {one["record_id"] for one in shared.records}
    decisions = [one for one in shared.records if one["kind"] == "decision"]
    kill = next(one for name, one in found.items() if name.startswith("kill"))
    assert kill.checks["systemic.kill"].times == len(decisions)
    assert kill.verdict == IN_PART
    assert "kill by a person" in kill.absent
    refused = Counter(reason for record in decisions for reason in {
        name for one in record["verdicts"] if one["outcome"] in ("denied", "cut") for name in one["reasons"]
    })  # fmt: skip
    hits = {name: seen.times for one in found.values() for name, seen in one.hits.items()}
    assert hits
    assert all(hits[name] >= times for name, times in refused.items() if name in hits)
    assert found["reconciliation of orders and positions with the other side, continuously"].verdict == AT_WORK
    assert {one.verdict for one in found.values()} == {AT_WORK, IN_PART, CHECKED, NOTHING}
    counted = found["every sent order counts in the limits at once, filled or not"]
    entered = [one for one in decisions if any(made["order"]["role"] == "entry" for made in one["warrants"])]
    assert 0 < len(entered) == counted.recorded
    for one in found.values():
        if one.verdict == NOTHING and one.control.elsewhere:
            assert one.control.elsewhere[1:] in words


@pytest.mark.parametrize(
    "begin", ["surveillance for market abuse", "yearly self-assessment", "clocks in step", "cancel on"]
)
def test_conditions_before_an_order_are_no_evidence_of_what_comes_after_it(shared: SharedRun, begin: str) -> None:
    with LogReader.read(shared.store) as log:
        of = span(log, "desk", None, None, "")
        told = Assessment(of.limits)
        for one in of.records():
            told.take(one)
        words = " ".join(sound(render(selfassessment(of))).words)
    found = next(one for one in told.evidence() if one.control.name.startswith(begin))
    assert found.verdict == NOTHING
    assert found.control.elsewhere[1:] in words


def test_a_finding_on_record_is_evidence_of_surveillance(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        log.append("surveillance", body("2026-03-02T20:01:00Z", action="find", finding_id="f", pattern="layering"))
    told = Assessment(lambda _: pytest.fail("no decision names limits"))
    with LogReader.read(tmp_path / "log.sqlite") as reader:
        for one in reader:
            told.take(one)
    assert next(one.verdict for one in told.evidence() if one.control.name.startswith("surveillance")) == AT_WORK


def test_what_leaves_no_record_is_no_evidence(tmp_path: Path) -> None:
    start = {"account": "A", "capital": "1", "currency": "USD", "costs": {}, "versions": {}}
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        log.append("start", {**start, **body("2026-03-02T09:00:00Z")})
        log.append("state", body("2026-03-02T20:01:00Z", state="killed", who=HOSTILE, why=HOSTILE))
    with LogReader.read(tmp_path / "log.sqlite") as log:
        of = span(log, "desk", None, None, "")
        told = Assessment(of.limits)
        for one in of.records():
            told.take(one)
        read = sound(render(selfassessment(of)))
        assert set(read.records) == {one["record_id"] for one in log}
    shown = {one.control.name: one.verdict for one in told.evidence()}
    assert shown["stress test at twice the highest message count and volume of six months"] == NOTHING
    assert shown["clocks in step with the venue's"] == NOTHING
    assert any(HOSTILE in words for words in read.words)
    assert "The log of these days holds no evidence of it." in " ".join(read.words)


def test_the_commands_write_their_pages(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in ("model", "selfassessment"):
        assert cli.run(["report", kind, "--desk", str(shared.folder), "--out", f"{kind}.html"]) == 0
        assert f"{kind} report of 2011-01-03 to 2011-03-04" in capsys.readouterr().out
        assert f"warrant report {kind} --format html" in (tmp_path / f"{kind}.html").read_text()
