"""The daily report of a real run: its figures are the log's, its parts sum to the change of NAV to the cent."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog, LogReader
from adapters.reports.attribution_told import grouped, rounded
from adapters.reports.daily import Days, daily, lead, read
from adapters.reports.frame.page import Page, render
from adapters.reports.frame.span import Span, span
from adapters.reports.frame.told import change
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.adapters.records import body
from tests.adapters.reports.test_page import HOSTILE, Read, sound
from tests.shared_run import SharedRun

WHOLE = ("2011-01-03", "2011-03-04")


def of(log: LogReader, first: str | None = None, last: str | None = None) -> Span:
    return span(log, "desk", first, last, "warrant report daily")


@pytest.fixture(scope="module")
def days(shared: SharedRun) -> Days:
    with LogReader.read(shared.store) as log:
        found = read(of(log))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def page(shared: SharedRun) -> Page:
    with LogReader.read(shared.store) as log:
        return daily(of(log))


@pytest.fixture(scope="module")
def text(page: Page) -> str:
    return render(page)


@pytest.fixture(scope="module")
def read_page(text: str) -> Read:
    return sound(text)


def test_every_record_that_it_names_is_in_the_log(shared: SharedRun, read_page: Read) -> None:
    known = {one["record_id"] for one in shared.records}
    assert read_page.records
    assert set(read_page.records) <= known


def test_every_breakdown_sums_to_the_change_of_nav_to_the_cent(days: Days) -> None:
    assert days.earned.by_lot, "the run traded"
    ways = (
        lambda lot: [(lot.instrument, Fraction(1))],
        lambda lot: [(days.origins.of(lot).rule, Fraction(1))],
        lambda lot: days.origins.of(lot).heads,
    )
    assert days.earned.change == days.earned.closes[-1].nav - Fraction(days.earned.books.deposited)
    for way in ways:
        rows = rounded(grouped(days.earned, way))
        assert sum(values[-1] for _, values in rows) == Fraction(round(days.earned.change * 100), 100)
        assert all(sum(values[:-1]) == values[-1] for _, values in rows)
        assert all(value.denominator in (1, 2, 4, 5, 10, 20, 25, 50, 100) for _, values in rows for value in values)


def test_the_counts_are_the_logs(shared: SharedRun, days: Days, text: str) -> None:
    decisions = [one for one in shared.records if one["kind"] == "decision"]
    verdicts = Counter(verdict["outcome"] for one in decisions for verdict in one["verdicts"])
    assert days.tally.cycles == len(decisions) == len(days.headroom.periods)
    told = " ".join(lead(days))
    for name in ("granted", "cut", "denied"):
        assert f"{verdicts[name]} {name}" in told
    fills = [one for one in shared.records if one["kind"] == "fill"]
    assert f"{len(fills)} fills" in told
    orders = {one["client_order_id"] for one in shared.records if one["kind"] == "order"}
    assert orders <= {one.order_id for one in days.lives}
    assert {one.order_id: len(one.events) for one in days.lives if one.events} == Counter(
        one["client_order_id"] for one in shared.records if one["kind"] in ("order", "fill", "cancel", "expiry")
    )
    assert shared.root.hex() in text


def test_headroom_says_what_the_decision_says(shared: SharedRun, days: Days) -> None:
    by_id = {one["record_id"]: one for one in shared.records if one["kind"] == "decision"}
    seen = 0
    for row in days.headroom.rows.values():
        assert len({one.period for one in row.readings}) == len(row.readings)
        for one in row.readings:
            record = by_id[one.record_id]
            found = [each for each in record["readings"] if each["limit"] == one.limit]
            if found and not one.squares:
                most = max(
                    Fraction(each["value"]) / max(Fraction(each["bound"]), Fraction(each["base"])) for each in found
                )
                assert one.used == pytest.approx(float(most))
                assert one.holds
                seen += 1
    assert seen > 100
    failing = {one["limit"] for record in by_id.values() for verdict in record["verdicts"]
               for one in verdict.get("findings", []) if not one["holds"]}  # fmt: skip
    assert {name for name, row in days.headroom.rows.items() if row.beyond} == failing


def test_the_nearest_limit_bounds_an_amount(days: Days) -> None:
    rows = [row for row in days.headroom.rows.values() if row.limit.spec.form != "condition" and not row.beyond]
    near = days.headroom.nearest()
    assert near is not None
    assert near.limit in days.headroom.rows
    assert days.headroom.rows[near.limit].limit.spec.form != "condition"
    kept = [row.tightest.used for row in rows if row in days.headroom.tightest(len(days.headroom.rows))]
    assert near.used >= max(kept)


def test_a_day_that_passed_is_reported_as_it_was_then(shared: SharedRun, tmp_path: Path) -> None:
    """What came later changes nothing: a log that ends there gives the same page."""
    with LogReader.read(shared.store) as log:
        told = of(log, "2011-02-02", "2011-02-03")
        then, size, root = render(daily(told)), told.size, told.root
    with LogReader.read(shared.store) as log:
        assert root == log.root_at(size).hex()
        later = next(one for one in log.records() if one["seq"] == size)
    assert later["as_of"][:10] > "2011-02-03"
    assert later["record_id"] not in then
    assert "2011-02-04" not in then


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2011-01-04", "2011-01-04", "No fills"),
        ("2011-01-08", "2011-01-11", "No fills"),
    ],
)
def test_days_without_anything_have_a_page(shared: SharedRun, first: str, last: str | None, words: str) -> None:
    with LogReader.read(shared.store) as log:
        found = daily(of(log, first, last))
    assert words in " ".join(found.lead)
    sound(render(found))


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2011-01-08", "2011-01-08", "`2011-01-08`.* the one before is 2011-01-07 and the one after is 2011-01-10"),
        ("2011-01-08", "2011-01-09", "the one before is 2011-01-07 and the one after is 2011-01-10"),
        ("2001-01-01", "2001-12-31", "no session in these days; the one after is 2011-01-03$"),
        ("2030-01-01", None, "`2030-01-01`.* the one before is 2011-03-04$"),
    ],
)
def test_days_without_a_session_are_refused(shared: SharedRun, first: str, last: str | None, words: str) -> None:
    with LogReader.read(shared.store) as log, pytest.raises(Faulty, match=words):
        daily(of(log, first, last))


def test_days_that_are_none_are_refused(shared: SharedRun) -> None:
    with LogReader.read(shared.store) as log:
        with pytest.raises(Faulty, match="after"):
            of(log, "2011-02-02", "2011-02-01")
        with pytest.raises(Faulty, match="no date"):
            of(log, "yesterday")


def start(at: str) -> Json:
    return {"account": "A", "capital": "1000", "currency": "USD", "costs": {}, "versions": {}, **body(at)}


def test_a_desk_that_was_stopped_and_lied_to_tells_it_in_plain_words(tmp_path: Path) -> None:
    """Hostile words in every field that a person or a venue fills in."""
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        log.append("start", start("2026-03-02T09:00:00Z"))
        log.append("fault", body("2026-03-02T20:00:00Z", cycle_id="c", fault=HOSTILE, period="2026-03-02"))
        log.append("state", body("2026-03-02T20:01:00Z", state="killed", who=HOSTILE, why=HOSTILE))
        missed = {"label": "2026-03-04", "cycles": 3, "cause": "machine", "reason": HOSTILE}
        log.append("missed", body("2026-03-02T20:02:00Z", **missed))
        log.append("state", body("2026-03-02T20:03:00Z", state="active", who="ada", why="seen", ends=[HOSTILE]))
    with LogReader.read(tmp_path / "log.sqlite") as log:
        found = daily(of(log))
        known = {one["record_id"] for one in log}
    read_page = sound(render(found))
    assert found.lead[2] == (
        "No limit was used. 1 fault, 3 missed cycles, no trading state; no changes of limits, rules or keys."
    )
    assert len(read_page.records) == 4
    assert set(read_page.records) <= known
    told = [words for words in read_page.words if HOSTILE in words]
    assert any(words == f"no decision: {HOSTILE}" for words in told)
    assert any(words == f"killed: {HOSTILE}" for words in told)
    assert any("3 cycles up to 2026-03-04 never run" in words for words in told)


def test_the_command_writes_the_same_file_twice_and_says_where(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = ["--desk", str(shared.folder)]
    assert cli.run(["report", "daily", *desk]) == 0
    assert "daily report of 2011-03-04" in capsys.readouterr().out
    made = tmp_path / "daily-2011-03-04.html"
    once = made.read_bytes()
    assert b"warrant report daily --from 2011-03-04 --to 2011-03-04 --format html" in once
    assert str(shared.folder).encode() not in once
    assert not re.search(rb"\b20(1[2-9]|2[0-9])-[0-9]{2}-[0-9]{2}", once), "no clock"
    assert cli.run(["report", "daily", *desk]) == 0
    assert made.read_bytes() == once
    assert cli.run(["report", "daily", *desk, "--out", str(tmp_path / "no" / "where.html")]) == 3
    assert "name another file with `--out`" in capsys.readouterr().err


def test_signs_are_spelled_out() -> None:
    values = (Fraction(5, 2), Fraction(-1, 1000), Fraction(-12345))
    assert [change(value) for value in values] == ["+2.50", "0.00", "−12,345.00"]
