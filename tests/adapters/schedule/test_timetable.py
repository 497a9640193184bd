"""Every cycle at the right instant: a year of two exchanges against their published hours, and the rules of grace."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars.calendar import ExchangeCalendar
from adapters.desk.settings import ScheduleSection
from adapters.schedule.timetable import Timetable

NEW_YORK, BOMBAY = ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
YEAR = 2024
NYSE_CLOSED = {
    "2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04", "2024-09-02",
    "2024-11-28", "2024-12-25",
}  # fmt: skip
"""As the exchange published them for 2024; early closes at 13:00 below."""
NYSE_EARLY = {"2024-07-03", "2024-11-29", "2024-12-24"}
BSE_CLOSED = {
    "2024-01-22", "2024-01-26", "2024-03-08", "2024-03-25", "2024-03-29", "2024-04-11", "2024-04-17", "2024-05-01",
    "2024-05-20", "2024-06-17", "2024-07-17", "2024-08-15", "2024-10-02", "2024-11-01", "2024-11-15", "2024-11-20",
    "2024-12-25",
}  # fmt: skip


def timetable(
    exchange: str, every: str = "close", delay: int = 60, grace: int = 900, interval: str = "1d"
) -> Timetable:
    section = ScheduleSection(every=every, delay_seconds=delay, grace_seconds=grace)
    return Timetable(ExchangeCalendar(exchange), section, interval)


def weekdays(closed: set[str]) -> list[date]:
    days = (date(YEAR, 1, 1) + timedelta(days=number) for number in range(366))
    return [day for day in days if day.weekday() < 5 and day.isoformat() not in closed]


def at(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def test_a_year_in_new_york_with_half_days_and_both_changes_of_the_clock() -> None:
    expected = [at(day, 13 if day.isoformat() in NYSE_EARLY else 16, 0, NEW_YORK) for day in weekdays(NYSE_CLOSED)]
    cycles = timetable("XNYS").between(f"{YEAR}-01-01", f"{YEAR}-12-31")
    assert [one.as_of for one in cycles] == expected
    assert [one.due_at - one.as_of for one in cycles] == [timedelta(seconds=60)] * 252
    assert [one.latest_at - one.due_at for one in cycles] == [timedelta(seconds=900)] * 252
    # The year has closes at 20:00Z, 21:00Z, and early ones at 17:00Z and 18:00Z.
    assert {one.as_of.hour for one in cycles} == {17, 18, 20, 21}


def test_a_year_in_bombay() -> None:
    """Special sessions (2024-01-20, 2024-03-02, 2024-05-18 and the evening of 2024-11-01) are told apart by name."""
    special = {"2024-01-20", "2024-03-02", "2024-05-18", "2024-11-01"}
    expected = [at(day, 15, 30, BOMBAY) for day in weekdays(BSE_CLOSED)]
    cycles = timetable("XBOM").between(f"{YEAR}-01-01", f"{YEAR}-12-31")
    assert [one.as_of for one in cycles if one.session not in special] == expected
    evening = [one.as_of for one in cycles if one.session == "2024-11-01"]
    assert evening == [at(date(2024, 11, 1), 19, 0, BOMBAY)]


def test_a_week_is_decided_at_its_last_session() -> None:
    cycles = timetable("XNYS", "week").between("2024-03-18", "2024-04-06")
    # Good Friday closes the week of March 25 on Thursday.
    assert [one.session for one in cycles] == ["2024-03-22", "2024-03-28", "2024-04-05"]


def test_every_day_is_a_session_of_what_never_closes() -> None:
    cycles = timetable("24/7").between("2024-02-27", "2024-03-02")
    assert [one.label for one in cycles] == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]
    weekly = timetable("24/7", "week").between("2024-02-01", "2024-02-29")
    assert {date.fromisoformat(one.session).isoweekday() for one in weekly} == {7}


def test_minutes_are_counted_from_the_open_and_end_with_the_session() -> None:
    cycles = timetable("XNYS", "90 minutes", interval="30m").between("2024-11-29", "2024-11-29")
    new_york = [one.as_of.astimezone(NEW_YORK).strftime("%H:%M") for one in cycles]
    assert new_york == ["11:00", "12:30", "13:00"]
    # A label is the beginning of the bar that ends there.
    assert [one.label for one in cycles] == ["2024-11-29T15:30", "2024-11-29T17:00", "2024-11-29T17:30"]


@pytest.mark.parametrize(("every", "interval"), [("15 minutes", "1d"), ("15 minutes", "10m"), ("15 minutes", "30m")])
def test_a_schedule_that_the_bars_can_not_follow_is_refused(every: str, interval: str) -> None:
    with pytest.raises(ValueError, match=f"the feed has bars of `{interval}`"):
        timetable("XNYS", every, interval=interval)


def test_a_close_is_stale_once_the_next_one_has_come() -> None:
    cycles = timetable("XNYS", "5 minutes", delay=60, grace=3600, interval="5m").between("2024-03-11", "2024-03-11")
    assert len(cycles) == 78
    assert {one.latest_at - one.as_of for one in cycles[:-1]} == {timedelta(minutes=5)}
    assert cycles[-1].latest_at - cycles[-1].as_of == timedelta(minutes=61)


@given(st.integers(0, 3 * 366 * 24 * 60), st.sampled_from(["XNYS", "XBOM", "24/7"]), st.sampled_from(["close", "week"]))
def test_after_is_between_without_what_lies_before(minutes: int, exchange: str, every: str) -> None:
    table = TABLES[exchange, every]
    moment = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    first = next(table.after(moment))
    assert first.as_of > moment
    around = table.between(
        (moment - timedelta(days=12)).date().isoformat(), (moment + timedelta(days=12)).date().isoformat()
    )
    assert first == next(one for one in around if one.as_of > moment)
    assert first.as_of <= first.due_at <= first.latest_at


TABLES = {
    (exchange, every): timetable(exchange, every)
    for exchange in ("XNYS", "XBOM", "24/7")
    for every in ("close", "week")
}


def test_the_end_of_the_calendar_is_the_end_of_the_cycles() -> None:
    table = timetable("XBOM")
    assert list(table.after(datetime(2026, 12, 31, 23, tzinfo=UTC))) == []
