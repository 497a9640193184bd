from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendars.calendar import ExchangeCalendar, calendars_of
from adapters.desk.instruments import load_instruments
from advisors import market_facts as market_facts_of
from advisors.indicators import correlations, measure_panel
from advisors.market_facts import Desk, market_facts, survey
from advisors.quality import Market, clean
from knowledge.door import freeze
from knowledge.facts import ordered
from tests.advisors.sample import FEED, sample, until

ROOT = Path(__file__).parents[2]
INSTRUMENTS = load_instruments(ROOT / "instruments.yaml")
CALENDARS = calendars_of(one.exchange for one in INSTRUMENTS)
DECIDED = tuple(session for session in sample().panel.sessions if session >= "2011-01-03")


@cache
def desk():
    return survey(sample(), INSTRUMENTS, CALENDARS)


def snapshot(desk, session):
    return freeze("2011-01-03T21:00:00Z", [one.symbol for one in INSTRUMENTS], market_facts(desk, session))


def test_a_session_as_facts():
    found = snapshot(desk(), "2012-08-09")
    bar = found.find("bar", "AAPL")
    assert [bar[name] for name in ("session", "close", "volume")] == ["2012-08-09", Decimal("620.73"), 7915800]
    assert found.find("reference", "FB")["shortable"] == "no"
    assert found.find("reference", "IBM")["tick"] == Decimal("0.01")
    assert found.find("rate", "USD")["value"] == 1
    assert found.find("calendar", "GOOG")["next"] == "2012-08-10"
    assert found.find("correlations", "AAPL").words("others") == ("FB", "GOOG", "IBM", "MSFT")
    assert found.find("correlations", "IBM").words("others") == ("MSFT",)
    assert found.find("correlations", "MSFT") is None
    assert found.all("quality") == ()
    assert len(found.all("indicator")) == 18 * 5 - 4, "Facebook has been listed for 57 sessions"
    assert len(found.all("market")) == 5


def test_the_eve_of_a_half_day_and_the_half_day_itself():
    assert snapshot(desk(), "2011-11-25").find("calendar", "IBM")["session"] == "half"
    assert snapshot(desk(), "2011-11-23").find("calendar", "IBM")["next"] == "2011-11-25"


def test_earnings_count_sessions_to_the_release():
    sessions = {
        session: snapshot(desk(), session).find("earnings", "AAPL")["sessions"]
        for session in ("2011-01-12", "2011-01-14", "2011-01-18", "2011-01-19")
    }
    assert sessions == {"2011-01-12": 3, "2011-01-14": 1, "2011-01-18": 0, "2011-01-19": 64}


def test_a_listing_to_come_is_missing_and_says_nothing_else():
    found = snapshot(desk(), "2011-01-03")
    assert found.find("quality", "FB", "missing") is not None
    assert found.find("bar", "FB") is None
    assert not [one for one in found.all("indicator") if one["instrument"] == "FB"]


@given(st.sampled_from(DECIDED))
@settings(max_examples=15)
def test_a_session_reads_the_same_with_the_future_cut_off(session):
    series = [until(rows, session) for rows in FEED.series()]
    sessions = tuple(one for one in FEED.sessions() if one <= session)
    market = clean(series, until(FEED.index(), session), sessions)
    assert snapshot(survey(market, INSTRUMENTS, CALENDARS), session).digest == snapshot(desk(), session).digest


def bend(**indicators) -> Desk:
    """The desk with one indicator of Apple's set, whatever it is."""
    panel = sample().panel
    measures = measure_panel(panel)
    found = dict(measures.indicators)
    for name, value in indicators.items():
        grid = found[name.replace("_", "-")].copy()
        grid[:, panel.column("AAPL")] = value
        found[name.replace("_", "-")] = grid
    return replace(desk(), measures=replace(measures, indicators=MappingProxyType(found)))


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, 25.0, -21.0])
def test_what_the_door_refuses_is_a_quality_fact(value):
    found = snapshot(bend(beta_252=value), "2011-06-01")
    assert found.find("indicator", "AAPL", "beta-252") is None
    assert "beta-252" in found.find("quality", "AAPL", "refused").word("detail")
    assert found.find("quality", "IBM", "refused") is None


def test_what_is_not_known_is_absent_without_a_complaint():
    found = snapshot(bend(beta_252=np.nan), "2011-06-01")
    assert found.find("indicator", "AAPL", "beta-252") is None
    assert [one["instrument"] for one in found.all("quality")] == ["FB"]


def test_a_correlation_that_is_refused_costs_its_own_pair(monkeypatch):
    def bent(panel, session):
        rho = correlations(panel, session)
        apple, ibm = panel.column("AAPL"), panel.column("IBM")
        rho[apple, ibm] = rho[ibm, panel.column("MSFT")] = np.inf
        return rho

    monkeypatch.setattr(market_facts_of, "correlations", bent)
    found = snapshot(desk(), "2012-08-09")
    known = found.find("correlations", "AAPL")
    assert known.words("others") == ("FB", "GOOG", "MSFT")
    assert len(known.numbers("values")) == 3
    assert found.find("correlations", "IBM") is None
    assert "`IBM`" in found.find("quality", "AAPL", "refused").word("detail")
    assert found.find("quality", "GOOG", "refused") is None


def test_a_refused_number_about_the_market_concerns_everyone():
    market = {**desk().measures.market, "index-momentum-63": np.full(len(sample().panel.sessions), np.inf)}
    bent = replace(desk(), measures=replace(desk().measures, market=market))
    found = snapshot(bent, "2011-06-01")
    assert found.find("market", "index-momentum-63") is None
    assert [one["instrument"] for one in found.all("quality") if one["issue"] == "refused"] == [
        one.symbol for one in INSTRUMENTS
    ]


def test_what_is_heard_part_by_part_is_what_there_is(monkeypatch):
    monkeypatch.setattr(market_facts_of, "WORTH_HEARING", 20)
    monkeypatch.setattr(market_facts_of, "AT_ONCE", 2)
    parts = []
    whole = market_facts(desk(), "2012-08-09", parts.append)
    assert len(parts) > 2
    heard = [one for part in parts for one in part]
    assert [id(one) for one in heard] == [id(one) for one in whole] == [id(one) for one in ordered(whole)]
    assert whole == market_facts(desk(), "2012-08-09")


def test_a_volume_that_is_no_whole_number_is_refused_not_rounded():
    panel = sample().panel
    bent = replace(desk(), market=Market(replace(panel, volume=panel.volume + 0.5), (), ()))
    found = snapshot(bent, "2011-06-01")
    assert found.all("bar") == ()
    assert "whole number" in found.find("quality", "AAPL", "refused").word("detail")


def test_a_calendar_that_ends_is_a_refusal_and_not_a_crash():
    short = {code: ExchangeCalendar(code, "1990-01-01", "2011-06-01") for code in CALENDARS}
    found = snapshot(replace(desk(), calendars=short), "2011-06-01")
    assert found.all("calendar") == found.all("earnings") == ()
    assert "2011-06-01" in found.find("quality", "IBM", "refused").word("detail")


def test_a_session_outside_the_panel_is_an_error():
    with pytest.raises(KeyError):
        market_facts(desk(), "2011-01-02")
