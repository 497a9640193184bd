"""`warrant books`: a real run's books add up, its journal balances, and the page's example is what records make."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.audit.log import LogReader
from adapters.cli import run
from adapters.reports.account import plain_lines, read_statement
from engine.books.ledger import Ledger
from engine.orders.order import Side
from knowledge.values import fraction
from tests.engine.test_ledger import lived
from tests.shared_run import LAST, SharedRun, shared

__all__ = ["shared"]

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_example_is_what_these_records_make() -> None:
    told = [
        ([("fill", "AAPL", Side.BUY, 100, Decimal(50))], {"AAPL": Decimal(51)}),
        ([("fill", "AAPL", Side.SELL, 100, Decimal(52))], {}),
        ([], {}),
    ]
    ledger = Ledger()
    entries = [entry for one, _ in lived((1, "0", told)) if (entry := ledger.take(one)) is not None]
    example = (DOCS / "books.md").read_text(encoding="utf-8").split("```")[1]
    assert "\n".join(plain_lines(entries, "USD")).strip() == example.strip()


def test_the_books_of_a_run_add_up_at_every_session(shared: SharedRun) -> None:
    with LogReader.read(shared.store) as log:
        days = [one["session"] for one in log.records(["books"]) if one["entry"] == "session"]
        for day in days[::7] + days[-1:]:
            told = read_statement(log, day)
            assert told is not None and told.books.session == day and told.differences == []
            total = sum(parts["total"] for parts in told.results().values())
            assert total == told.books.closing_nav - Fraction(told.books.deposited)
        assert read_statement(log, "2001-01-01") is None


def test_the_command_writes_the_statement_and_the_journal(
    shared: SharedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["books", "--desk", str(shared.folder)]) == 0
    assert "trial balance" in capsys.readouterr().out
    assert run(["books", "--desk", str(shared.folder), "--json", "--at", LAST]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["differences"] == [] and told["session"] == LAST
    assert run(["books", "--desk", str(shared.folder), "--journal", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    sums: dict[str, Fraction] = defaultdict(Fraction)
    balances: dict[str, Fraction] = defaultdict(Fraction)
    for row in rows:
        value = fraction(row["debit"] or "0") - fraction(row["credit"] or "0")
        sums[row["entry"]] += value
        balances[f"{row['account']} {row['instrument']}".strip()] += value
    assert len(sums) > 20 and set(sums.values()) == {0}
    assert {name: value for name, value in balances.items() if value} == {
        name: fraction(value) for name, value in told["trial_balance"].items()
    }


def test_a_date_that_is_none_and_a_log_without_books_are_faults(
    shared: SharedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["books", "--desk", str(shared.folder), "--at", "yesterday"]) == 2
    assert run(["books", "--desk", str(shared.folder), "--at", "2001-01-01"]) == 2
    assert "the log has no books before the end of 2001-01-01" in capsys.readouterr().err
