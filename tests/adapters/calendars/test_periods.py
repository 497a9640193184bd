from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendars.calendar import ExchangeCalendar, NoSession
from adapters.calendars.periods import Period, bars_a_year, minutes_of, period, periods, periods_of

CALENDARS = {code: ExchangeCalendar(code) for code in ("XNYS", "XBOM", "24/7")}
NEW_YORK = CALENDARS["XNYS"]
SPECIAL = ("2024-03-02", "2024-11-01", "2025-10-21", "2025-11-28", "2025-03-10", "2025-11-03", "2002-09-11")


@st.composite
def sessions(draw):
    calendar = CALENDARS[draw(st.sampled_from(sorted(CALENDARS)))]
    special = [day for day in SPECIAL if calendar.kind(day) != "closed"]
    days = calendar.sessions("2024-01-01", "2026-12-31")
    return calendar, draw(st.sampled_from(special) | st.sampled_from(days))


@given(
    sessions(),
    st.integers(1, 999).map(lambda n: f"{n}m") | st.integers(1, 24).map(lambda n: f"{n}h") | st.just("1d"),
)
@settings(max_examples=200, deadline=None)
def test_periods_tile_a_session(case, interval):
    calendar, session = case
    found, windows = periods_of(calendar, interval, session), calendar.windows(session)
    assert [one.last for one in found] == [False] * (len(found) - 1) + [True]
    assert {one.session for one in found} == {session}
    assert all(one.label[:10] == session == one.closes_at[:10] for one in found)
    assert all(a.label < b.label and a.closes_at <= b.opens_at for a, b in pairwise(found))
    assert all(period(calendar, interval, one.label) == one for one in found[:: max(1, len(found) // 5)])
    if interval == "1d":
        assert found == (Period(session, session, windows[0][0], windows[-1][1], True),)
        return
    for begin, end in windows:
        inside = [one for one in found if begin <= one.opens_at < end]
        assert inside[0].opens_at == begin
        assert inside[-1].closes_at == end
        assert all(a.closes_at == b.opens_at for a, b in pairwise(inside))
        lengths = [_seconds(one) for one in inside]
        whole = minutes_of(interval) * 60
        assert all(length == whole for length in lengths[:-1])
        assert 0 < lengths[-1] <= whole
    assert sum(map(_seconds, found)) == sum(_between(*window) for window in windows)


def _seconds(one):
    return _between(one.opens_at, one.closes_at)


def _between(begin, end):
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


@pytest.mark.parametrize(
    "session, first, last, count",
    [
        ("2026-03-06", "2026-03-06T14:30", "2026-03-06T20:45", 26),
        ("2026-03-09", "2026-03-09T13:30", "2026-03-09T19:45", 26),
        ("2026-10-30", "2026-10-30T13:30", "2026-10-30T19:45", 26),
        ("2026-11-02", "2026-11-02T14:30", "2026-11-02T20:45", 26),
        ("2026-11-27", "2026-11-27T14:30", "2026-11-27T17:45", 14),
    ],
)
def test_quarters_of_an_hour_over_both_daylight_saving_changes_and_a_half_day(session, first, last, count):
    found = periods_of(NEW_YORK, "15m", session)
    assert (found[0].label, found[-1].label, len(found)) == (first, last, count)


def test_the_last_bar_is_cut_at_the_close():
    assert [(one.label, one.closes_at) for one in periods_of(NEW_YORK, "1h", "2026-03-02")][-2:] == [
        ("2026-03-02T19:30", "2026-03-02T20:30:00Z"),
        ("2026-03-02T20:30", "2026-03-02T21:00:00Z"),
    ]


def test_what_never_closes_has_288_bars_of_five_minutes_every_day():
    always = CALENDARS["24/7"]
    days = always.sessions("2026-01-01", "2026-12-31")
    assert {len(periods_of(always, "5m", day)) for day in days} == {288}
    assert periods_of(always, "5m", days[0])[-1].closes_at == "2026-01-01T23:59:59Z"


def test_bars_a_year():
    years = {
        (code, interval): bars_a_year(CALENDARS[code], interval)
        for code in ("XNYS", "24/7")
        for interval in ("1d", "5m")
    }
    assert years == {("XNYS", "1d"): 252, ("XNYS", "5m"): 252 * 78, ("24/7", "1d"): 365, ("24/7", "5m"): 365 * 288}
    assert bars_a_year(NEW_YORK, "60m") == 252 * 7


@pytest.mark.parametrize("wrong", ["", "5", "m", "0m", "05m", "1000m", "25h", "2d", "1d\n", "1.5h"])
def test_what_is_no_interval(wrong):
    with pytest.raises(ValueError, match="no interval of bars"):
        periods(NEW_YORK, wrong, "2026-03-02", "2026-03-02")


def test_a_label_that_no_bar_has():
    for label in ("2026-03-02T14:31", "2026-03-01T14:30", "2026-03-02"):
        with pytest.raises(NoSession):
            period(NEW_YORK, "5m", label)
