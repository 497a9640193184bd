"""Reports of a decision, an order and the limits, of a real run: whole, linked, and saying what the records say."""

from __future__ import annotations

import lzma
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog, LogReader
from adapters.reports.cycle import cycle
from adapters.reports.daily import daily
from adapters.reports.frame.page import Page, render
from adapters.reports.frame.span import Span, span
from adapters.reports.limits import limits
from adapters.reports.model import model
from adapters.reports.order import order
from adapters.reports.selfassessment import selfassessment
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.adapters.records import at, body
from tests.adapters.reports.test_page import HOSTILE, Read, sound
from tests.shared_run import SharedRun


def told(shared: SharedRun, made: Callable[[Span], Page], first: str | None = None, last: str | None = None) -> Read:
    """The page, read; every record that it names is in the log."""
    with LogReader.read(shared.store) as log:
        read = sound(render(made(span(log, "desk", first, last, "warrant report"))))
    assert set(read.records) <= {one["record_id"] for one in shared.records}
    return read


def decisions(shared: SharedRun) -> list[Json]:
    return [one for one in shared.records if one["kind"] == "decision"]


def first_with(shared: SharedRun, outcome: str) -> Json:
    found = (one for one in decisions(shared) for each in one["verdicts"] if each["outcome"] == outcome)
    return next(found)


@pytest.mark.parametrize("outcome", ["granted", "cut", "denied"])
def test_a_decision_is_drawn_and_told_by_every_rule_that_fired_for_it(shared: SharedRun, outcome: str) -> None:
    if not any(one["outcome"] == outcome for record in decisions(shared) for one in record["verdicts"]):
        pytest.skip(f"the run has none that is {outcome}")
    record = first_with(shared, outcome)
    verdict = next(one for one in record["verdicts"] if one["outcome"] == outcome)
    words = " ".join(told(shared, lambda span: cycle(span, record["record_id"])).words)
    assert f"by {verdict['rule']}" in words, "the picture names the rule behind the candidate"
    assert f"candidate {'long' if verdict['side'] == 'buy' else 'short'}" in words
    for one in record["verdicts"]:
        assert one["instrument"] in words
    for reading in record["readings"]:
        assert reading["measure"] in words
    for digest in record["inputs"].values():
        assert digest in words
    if outcome != "denied":
        assert "W-" in words


def test_an_exit_is_drawn_from_what_asked_for_it(shared: SharedRun) -> None:
    record = next(one for one in decisions(shared) if one["exits"])
    leaving = record["exits"][0]
    words = " ".join(told(shared, lambda span: cycle(span, record["record_id"])).words)
    assert f"exit: {leaving['side']} {leaving['quantity']}" in words
    assert f"of {leaving['asked']} asked" in words


def test_the_decisions_of_a_range_are_those_that_proposed_something(shared: SharedRun) -> None:
    read = told(shared, lambda span: cycle(span, None), "2011-01-20", "2011-02-10")
    wanted = [one["record_id"] for one in decisions(shared) if "2011-01-20" <= one["as_of"][:10] <= "2011-02-10"
              and (one["exits"] or any("side" in each for each in one["verdicts"]))]  # fmt: skip
    assert wanted
    assert [one for one in read.ids if one.startswith("decision-")] == [f"decision-{one}" for one in wanted]


def test_an_order_is_told_from_warrant_to_end_with_what_belongs_to_it(shared: SharedRun) -> None:
    filled = next(one for one in shared.records if one["kind"] == "fill" and one["role"] == "entry")
    name = filled["client_order_id"]
    events = [one for one in shared.records if one.get("client_order_id") == name]
    read = told(shared, lambda span: order(span, name))
    assert {one["record_id"] for one in events} <= set(read.records)
    words = " ".join(read.words)
    assert f"{filled['quantity']} at {filled['price']}" in words
    assert filled["commission"] in words
    with LogReader.read(shared.store) as log:
        page = order(span(log, "desk", None, None, ""), name)
    verdict = next(one for record in decisions(shared) for one in record["verdicts"]
                   if any(made["order"]["client_order_id"] == name for made in record["warrants"])
                   and one["instrument"] == filled["instrument"])  # fmt: skip
    assert any(filled["instrument"] in one and f" {verdict['quantity']} " in one for one in page.lead[1:-1]), page.lead
    costs = next(one for one in page.cards if one.label == "costs")
    assert costs.note.startswith(f"USD: commission {filled['commission']}")
    stop = name.replace("-entry", "-stop")
    assert f"order-{stop}" in read.ids, "its protective stop belongs to it"
    same = told(shared, lambda span: order(span, filled["warrant_id"]))
    assert same.records == read.records


def test_each_exit_and_stop_has_a_report(shared: SharedRun) -> None:
    names = {one["role"]: one["client_order_id"] for one in shared.records if one["kind"] == "fill"}
    moved = next(one["client_order_id"] for one in shared.records if "-trail" in one.get("client_order_id", ""))
    for name in {**names, "moved": moved}.values():
        assert name in " ".join(told(shared, lambda span, name=name: order(span, name)).words)  # type: ignore[misc]


def test_the_entries_of_a_range_are_those_that_were_sent(shared: SharedRun) -> None:
    read = told(shared, lambda span: order(span, None))
    sent = [one["client_order_id"] for one in shared.records
            if one["kind"] == "order" and one["event"] == "submit" and one["order"]["role"] == "entry"]  # fmt: skip
    assert sent
    assert sum(one.startswith("chapter-") for one in read.ids) == len(sent)


def test_what_is_no_order_is_refused(shared: SharedRun) -> None:
    with LogReader.read(shared.store) as log:
        of = span(log, "desk", None, None, "")
        with pytest.raises(Faulty, match="order or warrant has this id"):
            order(of, "nothing-like-it")
        with pytest.raises(Faulty, match="is a decision, and no order"):
            order(of, next(one["record_id"] for one in decisions(shared) if not one["warrants"]))
        with pytest.raises(Faulty, match="order or warrant has this id"):
            cycle(of, "nothing-like-it")


def test_limits_count_what_the_decisions_found(shared: SharedRun) -> None:
    read = told(shared, limits)
    words = " ".join(read.words)
    failing = Counter(one["limit"] for record in decisions(shared)
                      for one in {each["limit"]: each for verdict in record["verdicts"]
                                  for each in verdict.get("findings", []) if not each["holds"]}.values())  # fmt: skip
    for name, times in failing.items():
        assert f"{name} ({times} times)" in words
    with LogReader.read(shared.store) as log:
        file = span(log, "desk", None, None, "").limits(decisions(shared)[-1]["inputs"]["limits"])
    for one in file.limits:
        assert one.id in words
        assert one.owner in words
    assert "No limit was changed" in words


@pytest.mark.parametrize("made", [limits, lambda span: cycle(span, None), lambda span: order(span, None)])
@pytest.mark.parametrize("days", [("2011-01-08", "2011-01-09"), ("2001-01-01", "2001-12-31")])
def test_days_without_anything_have_a_page(
    shared: SharedRun, made: Callable[[Span], Page], days: tuple[str, str]
) -> None:
    assert told(shared, made, *days).words


def test_the_commands_write_what_they_name(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = ["--desk", str(shared.folder), "--json"]
    name = next(one["client_order_id"] for one in shared.records if one["kind"] == "order")
    for words, file in (
        (["cycle", "2011-02-03"], "cycle-2011-02-03.html"),
        (["order", name], f"order-{name}.html"),
        (["limits", "--from", "2011-02-01"], "limits-2011-02-01-2011-03-04.html"),
    ):
        assert cli.run(["report", *words, *desk]) == 0
        said = capsys.readouterr().out
        assert f'"file": "{file}"' in said
        assert f'"root": "{shared.root.hex()}"' in said
        assert f"warrant report {' '.join(words)}" in (tmp_path / file).read_text()


@pytest.mark.sqlite_file
def test_a_log_of_the_first_release_is_reported(tmp_path: Path) -> None:
    """Its records name no period, no slack of states and no stress."""
    place = tmp_path / "log.sqlite"
    place.write_bytes(lzma.decompress((Path(__file__).parents[1] / "first_release.sqlite.xz").read_bytes()))
    words = {
        daily: "26 decisions, 3 candidates: 0 granted, 2 cut, 1 denied",
        limits: "1 limit did not hold at least once: compliance.policy",
        model: "likely have no skill",
        selfassessment: "held against 26 decisions",
        lambda span: cycle(span, None): "4 decisions of these days",
        lambda span: order(span, None): "2 entries went out",
    }
    with LogReader.read(place) as log:
        for made, told in words.items():
            page = made(span(log, "desk", None, None, ""))
            assert told in " ".join(page.lead)
            sound(render(page))


@pytest.mark.sqlite_file
def test_every_change_of_limits_names_who_and_why(tmp_path: Path) -> None:
    """Hostile words included; a change of something else is no change of limits."""
    old, new = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
    turn = {"old": old, "new": new, "verdict": "looser", "reason": HOSTILE}
    asked = {**turn, "diff": new, "who": HOSTILE, "asked_at": at(1), "changes": [HOSTILE], "claimed": True}
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        log.append("start", {"limits": old, "changes": "approved", **body(at(1))})
        approval = log.append("approval", {**asked, **body(at(1))}).record_id
        log.append("change", {**turn, "outcome": "adopted", "approval": approval, **body(at(2))})
        other = log.append("approval", {**asked, "what": "rules", **body(at(2))}).record_id
    with LogReader.read(tmp_path / "log.sqlite") as log:
        read = sound(render(limits(span(log, "desk", None, None, ""))))
    assert approval in read.records
    assert other not in read.records
    assert len(read.records) == 2
    assert sum(words == f"{HOSTILE}, claimed" for words in read.words) == 2, "the change names whose approval it used"
    assert HOSTILE in read.words
