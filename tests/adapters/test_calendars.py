import exchange_calendars
import pytest

from adapters.bars.calendars import EXCHANGES, ExchangeCalendar, NoSession, calendars_of

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
