"""What a person may type for a record, a day or an instrument, and what is said where it means nothing."""

from __future__ import annotations

import pytest

from adapters import cli
from adapters.answers.lookup import is_date
from tests.shared_run import SharedRun


def asked(shared: SharedRun, *words: str) -> int:
    return cli.run([*words, "--desk", str(shared.desk.folder)])


def a_day(shared: SharedRun) -> str:
    return next(one["as_of"][:10] for one in shared.records if one["kind"] == "decision")


@pytest.mark.parametrize(
    ("words", "date"),
    [("2011-03-01", True), ("2012-02-29", True), ("2011-02-29", False), ("2011-13-01", False), ("20110301", False),
     ("tomorrow", False), ("2011-03-01T00", False), ("", False)],
)  # fmt: skip
def test_a_date_is_one_of_the_calendar(words: str, date: bool) -> None:
    assert is_date(words) is date


def test_a_day_names_its_decision(shared: SharedRun, capsys: pytest.CaptureFixture[str]) -> None:
    day = a_day(shared)
    record = next(one for one in shared.records if one["kind"] == "decision")
    assert asked(shared, "explain", day) == 0
    by_day = capsys.readouterr().out
    assert asked(shared, "explain", record["record_id"]) == 0
    assert capsys.readouterr().out == by_day
    assert f"\n\ndecision {record['record_id']} " in by_day


@pytest.mark.parametrize("command", ["explain", "why-not"])
def test_a_symbol_that_was_not_there_is_no_silence(
    shared: SharedRun, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    day = a_day(shared)
    words = (command, day, "--symbol", "APPL") if command == "explain" else (command, "APPL", "--at", day)
    assert asked(shared, *words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "`APPL`: this was not in the universe" in said.err and "did you mean `AAPL`?" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("explain", "nosuch"), "no record, order or warrant has this id"),
        (("why-not", "AAPL", "--at", "2011-02-30"), "this is no date; write one such as 2011-03-01"),
        (("why-not", "AAPL", "--at", "1999-01-04"), "the log has no decision of this date"),
        (("explain", "2011-01-08"), "the one before is of 2011-01-07"),
    ],
)
def test_what_means_nothing_is_told_with_what_to_do(
    shared: SharedRun, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert asked(shared, *words) == 2
    assert sentence in capsys.readouterr().err
