from datetime import date

import exchange_calendars
import pytest

from adapters.calendars.calendar import ExchangeCalendar, NoSession, calendars_of
from adapters.calendars.exchanges import EXCHANGES

NEW_YORK = ExchangeCalendar("XNYS")


@pytest.mark.parametrize(
    "session, instant",
    [
        ("2011-01-03", "2011-01-03T21:00:00Z"),
        ("2011-03-11", "2011-03-11T21:00:00Z"),
        ("2011-03-14", "2011-03-14T20:00:00Z"),
        ("2011-11-04", "2011-11-04T20:00:00Z"),
        ("2011-11-07", "2011-11-07T21:00:00Z"),
        ("2011-11-25", "2011-11-25T18:00:00Z"),
        ("2012-07-03", "2012-07-03T17:00:00Z"),
    ],
)
def test_the_close_in_utc_follows_daylight_saving_and_half_days(session, instant):
    assert NEW_YORK.close_instant(session) == instant


def test_a_closed_day_has_no_close():
    with pytest.raises(NoSession, match="no session on 2012-10-29"):
        NEW_YORK.close_instant("2012-10-29")


def test_kinds_of_days():
    days = {"2011-01-03": "open", "2011-11-25": "half", "2011-11-24": "closed", "2012-10-29": "closed"}
    assert {day: NEW_YORK.kind(day) for day in days} == days


def test_the_next_session_steps_over_weekends_holidays_and_hurricanes():
    assert NEW_YORK.next_session("2010-12-31") == "2011-01-03"
    assert NEW_YORK.next_session("2011-01-14") == "2011-01-18"
    assert NEW_YORK.next_session("2012-10-26") == "2012-10-31"
    assert NEW_YORK.next_session("2012-10-28") == "2012-10-31"


def test_distance_counts_sessions():
    assert NEW_YORK.distance("2011-01-14", "2011-01-14") == 0
    assert NEW_YORK.distance("2011-01-14", "2011-01-18") == 1
    assert NEW_YORK.distance("2011-01-14", "2011-01-16") == 1, "a closed day counts to the session after it"
    with pytest.raises(NoSession, match="before"):
        NEW_YORK.distance("2011-01-14", "2011-01-13")


def test_distance_agrees_with_counting():
    sessions = NEW_YORK.sessions("2012-10-01", "2012-12-31")
    for place, session in enumerate(sessions):
        assert NEW_YORK.distance(sessions[0], session) == place


def test_outside_its_span_a_calendar_says_so():
    calendar = ExchangeCalendar("XNYS", "2011-01-01", "2011-12-31")
    for ask in (
        lambda: calendar.next_session("2011-12-30"),
        lambda: calendar.next_session("2010-06-01"),
        lambda: calendar.sessions("2011-06-01", "2012-06-01"),
        lambda: calendar.distance("2011-06-01", "2012-06-01"),
    ):
        with pytest.raises(NoSession, match="runs from 2011-01-01 to 2011-12-31"):
            ask()


def test_nasdaq_follows_new_york():
    assert calendars_of(["XNAS"])["XNAS"].all_sessions == NEW_YORK.all_sessions


def test_every_exchange_is_known_to_the_library():
    assert set(EXCHANGES.values()) <= set(exchange_calendars.get_calendar_names())


def test_an_unknown_exchange_is_refused():
    with pytest.raises(ValueError, match="`XFOO` has no calendar here"):
        ExchangeCalendar("XFOO")


BOMBAY = ExchangeCalendar("XBOM")


@pytest.mark.parametrize(
    "session, kind, windows",
    [
        ("2025-02-01", "open", (("2025-02-01T03:45:00Z", "2025-02-01T10:00:00Z"),)),
        ("2024-11-01", "half", (("2024-11-01T12:30:00Z", "2024-11-01T13:30:00Z"),)),
        ("2025-10-21", "half", (("2025-10-21T08:15:00Z", "2025-10-21T09:15:00Z"),)),
        (
            "2024-03-02",
            "half",
            (("2024-03-02T03:45:00Z", "2024-03-02T04:30:00Z"), ("2024-03-02T06:00:00Z", "2024-03-02T07:00:00Z")),
        ),
    ],
)
def test_special_sessions_of_bombay_are_in_the_table(session, kind, windows):
    for calendar in (BOMBAY, ExchangeCalendar("XNSE")):
        assert (calendar.kind(session), calendar.windows(session)) == (kind, windows)


def test_unscheduled_closures_and_the_late_opening_of_new_york():
    closed = ("2001-09-11", "2001-09-14", "2012-10-29", "2012-10-30", "2025-01-09")
    assert {NEW_YORK.kind(day) for day in closed} == {"closed"}
    assert NEW_YORK.windows("2002-09-11") == (("2002-09-11T16:00:00Z", "2002-09-11T20:00:00Z"),)
    assert NEW_YORK.kind("2001-09-17") == "open"


def test_what_never_closes_ends_its_day_on_the_day():
    always = ExchangeCalendar("24/7")
    assert always.windows("2026-12-25") == (("2026-12-25T00:00:00Z", "2026-12-25T23:59:59Z"),)
    assert always.sessions("2028-02-28", "2028-03-01") == ("2028-02-28", "2028-02-29", "2028-03-01")
    assert always.next_session("2026-12-31") == "2027-01-01"


def test_beyond_its_end_a_calendar_says_what_to_do():
    with pytest.raises(NoSession, match=r"XBOM runs from 1997-01-01 to 2026-12-31.*update exchange_calendars"):
        BOMBAY.next_session("2026-12-31")
    with pytest.raises(NoSession, match="2027-01-04; update exchange_calendars"):
        BOMBAY.close_instant("2027-01-04")
    assert ExchangeCalendar("XBOM", last="2030-01-01").last == "2026-12-31", "nobody knows them yet"


def test_the_holidays_of_new_york_that_it_has_published_up_to_2028():
    weekdays = set(ExchangeCalendar("24/7").sessions("2027-01-01", "2028-12-31"))
    weekdays = {day for day in weekdays if date.fromisoformat(day).weekday() < 5}
    assert sorted(weekdays - set(NEW_YORK.all_sessions)) == [
        *("2027-01-01", "2027-01-18", "2027-02-15", "2027-03-26", "2027-05-31", "2027-06-18", "2027-07-05"),
        *("2027-09-06", "2027-11-25", "2027-12-24"),
        *("2028-01-17", "2028-02-21", "2028-04-14", "2028-05-29", "2028-06-19", "2028-07-04"),
        *("2028-09-04", "2028-11-23", "2028-12-25"),
    ]
    half = [day for day in NEW_YORK.sessions("2027-01-01", "2028-12-31") if NEW_YORK.kind(day) == "half"]
    assert half == ["2027-11-26", "2028-07-03", "2028-11-24"]
