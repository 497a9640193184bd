"""What a file writes for a bar's time, and the session or minute it means; with the library's own reading as oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars.calendar import ExchangeCalendar
from adapters.importing.moments import AS_WRITTEN, Form, Moments, Unreadable, guess_form

NEW_YORK, BOMBAY, ALWAYS = ExchangeCalendar("XNYS"), ExchangeCalendar("XBOM"), ExchangeCalendar("24/7")
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def label(
    written: str, form: Form = "iso", zone: str = "", calendar: ExchangeCalendar = NEW_YORK, interval: str = "1d",
    now: datetime = NOW,
) -> str:  # fmt: skip
    return Moments(form, zone, calendar, interval, now).label(written)


@pytest.mark.parametrize(
    "written, form",
    [
        ("2011-01-04", "iso"), ("2011/01/04", "iso"), ("20110104", "ymd"), ("04.01.2011", "dmy"), ("4/1/2011", "dmy"),
        ("01/04/2011", "mdy"), ("2011-01-04T00:00:00", "iso"), ("2011-01-04 00:00:00-05:00", "iso"),
        ("2011-01-04T05:00:00Z", "iso"), ("2011-01-04 21:00:00+00", "iso"), ("2011-01-04T05:00:00.000Z", "iso"),
        ("20110104 000000", "ymd"), ("1294117200", "s"), ("1294117200000", "ms"), ("1294117200000000", "us"),
        ("1294117200000000000", "ns"),
    ],
)  # fmt: skip
def test_a_daily_bar_is_of_its_date_at_the_exchange(written: str, form: Form) -> None:
    assert label(written, form) == "2011-01-04"


def test_an_instant_is_of_the_day_it_is_where_the_exchange_is() -> None:
    late = "2011-01-04T20:00:00Z"
    assert [label(late, calendar=one) for one in (NEW_YORK, BOMBAY, ALWAYS)] == [
        "2011-01-04",
        "2011-01-05",
        "2011-01-04",
    ]
    assert label("2011-01-04T00:00:00Z") == "2011-01-03"
    assert label("2011-01-04T00:00:00Z", zone=AS_WRITTEN) == "2011-01-04"


def test_a_time_without_an_offset_needs_its_zone() -> None:
    with pytest.raises(Unreadable, match=r"has no offset; give its zone: `--zone America/New_York` or another"):
        label("2011-01-04 16:00:00")
    assert label("2011-01-04 16:00", zone="America/New_York") == "2011-01-04"
    assert label("2011-01-04 23:30", zone="Asia/Tokyo") == "2011-01-04"
    assert label("2011-01-05 05:00", zone="Asia/Tokyo") == "2011-01-04"


@pytest.mark.parametrize("written", ["2011-03-13 02:30", "2011-11-06 01:30"])
def test_a_time_that_a_clock_skips_or_shows_twice_is_none(written: str) -> None:
    with pytest.raises(Unreadable, match="skipped or comes twice"):
        label(written, zone="America/New_York")


def test_a_shorter_bar_is_called_by_its_minute_in_utc() -> None:
    assert label("2026-03-02 09:35", zone="America/New_York", interval="5m") == "2026-03-02T14:35"
    assert label("2025-07-02T09:35:00-04:00", interval="5m") == "2025-07-02T13:35"
    for written in ("2026-03-02", "2026-03-02T14:35:30Z"):
        with pytest.raises(Unreadable):
            label(written, interval="5m")


@pytest.mark.parametrize(
    "written, form",
    [
        ("2011-02-30", "iso"), ("2011-1-3", "iso"), ("11-01-03", "iso"), ("2011-01-03x", "iso"), ("", "iso"),
        ("2011-01-03T25:00:00Z", "iso"), ("2011-01-03T10:00:00+25:00", "iso"), ("31.02.2011", "dmy"),
        ("13/13/2011", "mdy"),
        ("1e9", "s"), ("99999999999999999", "s"), ("٢٠١١-٠١-٠٣", "iso"),
    ],
)  # fmt: skip
def test_anything_else_is_unreadable(written: str, form: Form) -> None:
    with pytest.raises(Unreadable):
        label(written, form)


def test_a_bar_that_has_not_ended_is_none() -> None:
    before, after = (datetime(2026, 3, 2, hour, 30, tzinfo=UTC) for hour in (20, 21))
    assert label("2026-03-02", now=after) == "2026-03-02"
    for written, now in (("2026-03-02", before), ("2026-03-03", after), ("2062-03-02", after)):
        with pytest.raises(Unreadable, match="has not ended"):
            label(written, now=now)
    assert label("2026-03-02T20:25:00Z", interval="5m", now=before) == "2026-03-02T20:25"
    with pytest.raises(Unreadable, match="has not ended"):
        label("2026-03-02T20:30:00Z", interval="5m", now=before)


@pytest.mark.parametrize(
    "cells, form",
    [
        (["2011-01-03", "2011-01-04 00:00:00"], "iso"), (["20110103"], "ymd"), (["03.01.2011"], "dmy"),
        (["03/01/2011", "13/01/2011"], "dmy"), (["01/03/2011", "01/13/2011"], "mdy"), (["01/03/2011"], None),
        (["13/13/2011"], None), (["1294117200"], "s"), (["1294117200000"], "ms"), (["1294117200", "20110103"], None),
        (["123"], None), ([], None), (["Jan 3 2011"], None),
    ],
)  # fmt: skip
def test_a_form_is_guessed_only_where_one_fits(cells: list[str], form: Form | None) -> None:
    assert guess_form(cells) == form


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2025, 12, 31)),
    st.sampled_from([NEW_YORK, BOMBAY, ALWAYS]),
    st.integers(-12 * 60, 14 * 60),
)
def test_instants_are_read_as_pandas_reads_them(naive: datetime, calendar: ExchangeCalendar, minutes: int) -> None:
    aware = naive.replace(microsecond=0, tzinfo=UTC) + timedelta()
    sign, (hours, rest) = "+" if minutes >= 0 else "-", divmod(abs(minutes), 60)
    written = (aware + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S") + f"{sign}{hours:02}:{rest:02}"
    zone = {"XNYS": "America/New_York", "XBOM": "Asia/Kolkata", "24/7": "UTC"}[calendar.exchange]
    assert label(written, calendar=calendar) == str(pd.Timestamp(written).tz_convert(ZoneInfo(zone)).date())
