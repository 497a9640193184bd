"""Bars of minutes on the grid, and the facts that they bring."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from adapters.calendars.calendar import ExchangeCalendar, calendars_of
from adapters.calendars.periods import bars_a_year, period, periods
from advisors.indicators import measure_panel
from advisors.market_facts import Time, market_facts, survey
from advisors.quality import clean
from advisors.reference import Instrument
from tests.advisors.sample import plain_rows, sample

NEW_YORK = ExchangeCalendar("XNYS")
LABELS = tuple(one.label for one in periods(NEW_YORK, "15m", "2025-10-31", "2025-11-03"))
CLOSES = 100 + np.sin(np.arange(len(LABELS)))
INDEX = plain_rows(CLOSES * 10, LABELS, "SPX")
X = Instrument("X", "X", "x", "technology", "USD", "XNYS", "US", "yes", 1, Decimal("0.01"), Decimal(1), ("2026-01-20",))
BOMBAY = replace(X, symbol="Y", exchange="XBOM")


def facts(label, without=()):
    """By template, of X, at one bar; `without` are labels that X has no bar of."""
    kept = np.array([one not in without for one in LABELS])
    rows = plain_rows(CLOSES[kept], tuple(one for one in LABELS if one not in without))
    market = clean([rows, plain_rows(CLOSES, LABELS, "Y")], INDEX, LABELS)
    time = Time(bars_a_year(NEW_YORK, "15m"), lambda one: period(NEW_YORK, "15m", one))
    found = market_facts(survey(market, (X, BOMBAY), calendars_of(["XNYS", "XBOM"]), "USD", time), label)
    return {one.template: one for one in found if one.slots and dict(one.slots).get("instrument") == "X"}, found


def test_a_bar_has_the_date_of_its_session_and_its_time_beside_it():
    found, _ = facts("2025-11-03T15:00")
    assert found["bar"]["session"] == "2025-11-03"
    assert [found["period"][name] for name in ("begins", "ends", "last")] == [
        "2025-11-03T15:00:00Z", "2025-11-03T15:15:00Z", "no",
    ]  # fmt: skip
    assert found["calendar"]["next"] == "2025-11-03", "the next bar lies in this session"


def test_after_the_last_bar_the_next_session_is_another_day():
    found, every = facts("2025-10-31T19:45")
    assert (found["period"]["last"], found["calendar"]["next"]) == ("yes", "2025-11-03")
    (bombay,) = [one for one in every if one.ref == "calendar(Y)"]
    assert bombay["next"] == "2025-11-03"


def test_where_another_exchange_has_closed_already_its_next_session_is_another_day():
    _, every = facts("2025-11-03T15:00")
    (bombay,) = [one for one in every if one.ref == "calendar(Y)"]
    assert bombay["next"] == "2025-11-04"


@pytest.mark.parametrize("missing, issues", [(1, {"gap"}), (2, {"gap", "stale"}), (12, {"gap", "stale"})])
def test_an_instrument_whose_bars_stay_away_has_none_and_is_reported(missing, issues):
    """Three hours without bars of a quarter of an hour is a gap like days without daily ones."""
    at = LABELS.index("2025-10-31T18:30")
    found, every = facts(LABELS[at], without=LABELS[at - missing + 1 : at + 1])
    assert not {"bar", "period", "indicator"} & found.keys()
    assert {one["issue"] for one in every if one.template == "quality" and one["instrument"] == "X"} == issues


def test_a_row_that_begins_when_no_bar_does_is_reported_on_the_next_one():
    rows = plain_rows(np.append(CLOSES, 100.0), (*LABELS, "2025-10-31T15:01"))
    reports = [one for one in clean([rows], INDEX, LABELS).reports if one.instrument == "X"]
    assert [(one.session, one.issue) for one in reports] == [("2025-10-31T15:15", "disorder")]


def test_volatility_is_annual_by_the_bars_of_a_year():
    panel = sample().panel.until("2004-06-30")
    daily, always = measure_panel(panel), measure_panel(panel, bars_a_year(ExchangeCalendar("24/7"), "1d"))
    for name in ("volatility-20",):
        np.testing.assert_allclose(always.indicators[name], daily.indicators[name] * np.sqrt(365 / 252))
    np.testing.assert_array_equal(always.indicators["rsi-14"], daily.indicators["rsi-14"])
