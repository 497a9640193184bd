"""The summary of a real short run, counted a second time by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from adapters.audit.log import LogReader
from adapters.demo.run import Demonstration
from adapters.reports.performance import wilson
from adapters.reports.results import HeadRecord, Results, percent, worth
from adapters.reports.results_text import result_lines
from adapters.reports.summary import Tally
from knowledge.values import Json

pytestmark = pytest.mark.sqlite_file  # a demonstration keeps its log in a file

pytest_plugins = ["tests.adapters.demo_sample"]


@pytest.fixture(scope="module")
def records(shown: Demonstration) -> Iterator[list[Json]]:
    with LogReader.read(shown.folder / "store/warrant.sqlite") as log:
        yield list(log.records())


@pytest.fixture(scope="module")
def results(shown: Demonstration) -> Results:
    assert shown.results is not None
    return shown.results


@pytest.fixture(scope="module")
def tally(results: Results) -> Tally:
    return results.tally


def verdicts(records: list[Json]) -> list[Json]:
    return [verdict for record in records if record["kind"] == "decision" for verdict in record["verdicts"]]


def test_every_verdict_is_counted_once(tally: Tally, records: list[Json]) -> None:
    every = verdicts(records)
    assert tally.outcomes == Counter(one["outcome"] for one in every)
    assert len(tally.fates) + len(tally.silences) == len(every)
    assert tally.cycles == sum(record["kind"] == "decision" for record in records) == len(tally.sessions)


def test_the_run_has_what_the_tests_need(tally: Tally) -> None:
    assert min(tally.outcomes[name] for name in ("cut", "denied", "no-candidate")) > 0
    assert tally.fills["entry"] > 0


def test_refusals_add_up_to_the_reasons_of_the_denied(tally: Tally, records: list[Json]) -> None:
    denied = [one for one in verdicts(records) if one["outcome"] == "denied"]
    reasons = Counter(reason for one in denied for reason in one["reasons"])
    assert {one.reason: one.times for one in tally.refusals()} == reasons
    by_month = sum((counts for counts in tally.refusals_by_month().values()), Counter())
    assert sum(by_month.values()) == sum(reasons.values())
    assert all(1 <= one.layer <= 7 for one in tally.refusals())


def test_every_month_of_the_run_has_its_row(tally: Tally) -> None:
    assert list(tally.refusals_by_month()) == ["2011-01", "2011-02"]


def test_crowded_out_is_what_no_core_forbids_alone(tally: Tally, records: list[Json]) -> None:
    for fate in tally.denied():
        record = next(one for one in records if one["record_id"] == fate.record_id)
        verdict = next(one for one in record["verdicts"] if one["instrument"] == fate.instrument)
        assert fate.crowded_out == all(core["grants"] for core in verdict["cores"])


def test_nav_is_cash_and_holdings_at_the_closes(results: Results, records: list[Json]) -> None:
    """From nothing but fills, dividends and closes: no books."""
    cash, held, at = Fraction(1_000_000), Counter[str](), 0
    for record in records:
        if record["kind"] == "fill":
            sign = 1 if record["side"] == "buy" else -1
            cash -= sign * Fraction(record["quantity"]) * Fraction(record["price"]) + Fraction(record["commission"])
            held[record["instrument"]] += sign * int(record["quantity"])
        elif record["kind"] == "books" and record["entry"] == "dividend":
            cash += held[record["instrument"]] * Fraction(record["per_share"])
        elif record["kind"] == "books" and record["entry"] == "session":
            values = {name: count * Fraction(record["closes"][name]) for name, count in held.items() if count}
            nav = cash + sum(values.values())
            assert results.tally.navs[at] == nav
            assert sum(results.tally.exposures[at].values()) == sum(map(abs, values.values())) / nav
            at += 1
    assert at == len(results.tally.sessions) == len(results.navs) == len(results.benchmark)


def test_costs_are_those_of_the_fills(tally: Tally, records: list[Json]) -> None:
    fills = [one for one in records if one["kind"] == "fill"]
    assert tally.commission == sum((Decimal(one["commission"]) for one in fills), Decimal(0))
    assert tally.slippage == sum((Decimal(one["slippage"]) * Decimal(one["quantity"]) for one in fills), Decimal(0))
    assert sum(tally.fills.values()) == len(fills)


def test_permitted_candidates_name_their_order(tally: Tally, records: list[Json]) -> None:
    orders = {one["order"]["client_order_id"] for record in records for one in record.get("warrants", [])}
    for fate in tally.fates:
        assert (fate.order_id in orders) == (fate.outcome in ("granted", "cut"))


def test_both_series_begin_with_the_capital(results: Results) -> None:
    assert results.navs[0] == results.benchmark[0] == 1_000_000
    assert results.held == ("AAPL", "GOOG", "IBM", "MSFT"), "FB was not listed then"


def test_the_text_says_what_it_is_worth(results: Results) -> None:
    text = "\n".join(result_lines(results))
    for words in ("survive", "no promise of returns", "dividends reinvested, no costs", "crowded out", "95 %"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 120


def test_json_is_finite(results: Results) -> None:
    import json

    value = results.to_json()
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert value["candidates"] == len(results.tally.fates)


@pytest.mark.parametrize(
    ("share", "bets", "brier", "skilled"),
    [(0.52, 6000, 0.2494, False), (0.60, 6000, 0.24, True), (0.60, 6000, 0.2501, False), (0.40, 6000, 0.24, False)],
)
def test_a_head_has_skill_only_where_its_interval_says_so(share: float, bets: int, brier: float, skilled: bool) -> None:
    head = HeadRecord("one", "healthy", bets, wilson(share, bets / 5), 1.0, brier)
    assert head.skilled is skilled


def test_a_head_without_a_record_has_no_interval(results: Results) -> None:
    silent = {head.name for head in results.heads if not head.speaks}
    assert silent == {"sentiment"}
    assert any("Sentiment had nothing to say" in sentence for sentence in worth(results))


def test_percent_has_no_minus_before_a_zero() -> None:
    assert [percent(-0.00001), percent(-0.0123), percent(0.5, 0)] == ["0.00 %", "−1.23 %", "50 %"]


def test_of_bars_of_a_persons_own_nothing_is_claimed_that_we_do_not_know(results: Results) -> None:
    first = next(worth(replace(results, own_bars=True)))
    assert "are those of this desk. If whoever picked them knew" in first and "well-known" not in first
