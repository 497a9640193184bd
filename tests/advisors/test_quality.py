from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisors.actions import Action
from advisors.indicators import measure_panel
from advisors.panel import GRIDS
from advisors.quality import COLUMNS, JUMP_WINDOW, Report, clean
from knowledge.templates import vocabulary
from tests.advisors.sample import FEED, plain_rows, sample, take, until

SESSIONS = tuple(f"2011-01-{day:02}" for day in range(3, 29))
CLOSES = 100 + np.sin(np.arange(len(SESSIONS)))
INDEX = plain_rows(CLOSES * 10, SESSIONS, "SPX")


def said(rows, sessions=SESSIONS):
    """(session, issue) of every report about X."""
    market = clean([rows], INDEX, sessions)
    return [(one.session, one.issue) for one in market.reports if one.instrument == "X"]


def bar_of(rows, session):
    panel = clean([rows], INDEX, SESSIONS).panel
    return [getattr(panel, name)[panel.row(session), 0] for name in COLUMNS]


def bent(session, **cells):
    """Good rows but for these cells of one session."""
    rows = plain_rows(CLOSES, SESSIONS)
    place = SESSIONS.index(session)
    changed = {}
    for name, value in cells.items():
        column = getattr(rows, name).copy()
        column[place] = value
        changed[name] = column
    return replace(rows, **changed)


def test_good_rows_are_not_complained_about():
    assert said(plain_rows(CLOSES, SESSIONS)) == []


@pytest.mark.parametrize(
    "cells, issues",
    [
        ({"close": np.nan}, ["not-a-number"]),
        ({"open": np.inf}, ["crossed", "not-a-number"]),
        ({"volume": np.nan}, ["not-a-number"]),
        ({"low": 0.0}, ["non-positive"]),
        ({"volume": -1.0}, ["non-positive"]),
        ({"high": 1.0}, ["crossed"]),
        ({"open": 200.0}, ["crossed"]),
        ({"close": 1.0}, ["crossed"]),
        ({"close": -1.0}, ["crossed", "non-positive"]),
        ({"close": -np.inf}, ["crossed", "non-positive", "not-a-number"]),
    ],
)
def test_a_faulty_bar_is_reported_and_never_used(cells, issues):
    rows = bent("2011-01-12", **cells)
    assert said(rows) == [("2011-01-12", issue) for issue in issues]
    assert np.isnan(bar_of(rows, "2011-01-12")).all(), "no cell of a faulty bar is used, the good ones neither"
    assert not np.isnan(bar_of(rows, "2011-01-13")).any()


def test_a_volume_of_zero_is_a_quiet_day():
    assert said(bent("2011-01-12", volume=0.0)) == []


def test_a_session_without_a_row_is_a_gap_and_a_second_one_is_stale():
    rows = take(plain_rows(CLOSES, SESSIONS), [place for place in range(len(SESSIONS)) if place not in (5, 6)])
    assert said(rows) == [(SESSIONS[5], "gap"), (SESSIONS[6], "gap"), (SESSIONS[6], "stale")]


def test_a_feed_that_ends_is_a_gap_at_once_and_stale_from_the_second_session():
    rows = until(plain_rows(CLOSES, SESSIONS), SESSIONS[-4])
    assert [issue for _, issue in said(rows)] == ["gap", "gap", "stale", "gap", "stale"]


def test_before_its_first_row_an_instrument_is_missing():
    rows = take(plain_rows(CLOSES, SESSIONS), range(3, len(SESSIONS)))
    assert said(rows) == [(session, "missing") for session in SESSIONS[:3]]


def test_a_date_twice_makes_neither_row_usable():
    rows = plain_rows(CLOSES, SESSIONS)
    doubled = take(rows, [*range(len(SESSIONS)), 9])
    assert said(doubled) == [(SESSIONS[9], "duplicate")]
    assert np.isnan(bar_of(doubled, SESSIONS[9])).all()


def test_a_row_on_a_closed_day_is_reported_on_the_session_after_it():
    rows = plain_rows(CLOSES, SESSIONS)
    sessions = SESSIONS[:9] + SESSIONS[10:]
    assert said(rows, sessions) == [(SESSIONS[10], "disorder")]
    beyond = SESSIONS[:-1]
    assert said(rows, beyond) == []


def test_a_bar_that_repeats_is_doubtful_and_stays():
    rows = bent("2011-01-12", **{name: getattr(plain_rows(CLOSES, SESSIONS), name)[8] for name in COLUMNS})
    assert said(rows) == [("2011-01-12", "stale")]
    assert not np.isnan(bar_of(rows, "2011-01-12")).any()


def test_a_jump_beyond_eight_deviations_is_doubtful_and_stays():
    sessions = tuple(f"{row:04}" for row in range(100))
    closes = 100 + np.sin(np.arange(100))
    closes[80] = 130
    market = clean([plain_rows(closes, sessions)], plain_rows(closes, sessions, "SPX"), sessions)
    assert [(one.session, one.issue) for one in market.reports if one.instrument == "X"] == [("0080", "outlier")]
    assert market.panel.close[80, 0] == 130


@pytest.mark.parametrize(
    "step, held", [(1.41, True), (1.39, False), (0.71, True), (0.72, False), (10, True), (0.1, True)]
)
def test_a_move_by_two_fifths_without_an_action_is_held_against_its_instrument_for_a_while(step, held):
    sessions = tuple(f"{row:04}" for row in range(50))
    closes = np.full(50, 100.0)
    closes[3:] *= step
    closes += np.arange(50) / 1000
    rows = plain_rows(closes, sessions)
    assert said(rows, sessions) == [(f"{row:04}", "outlier") for row in range(3, 3 + JUMP_WINDOW) if held]
    explained = replace(rows, actions=(Action("0003", "X", "split", 1 / Decimal(step)),))
    assert said(explained, sessions) == []


def test_a_move_by_two_fifths_is_seen_over_a_gap():
    closes = np.where(np.arange(len(SESSIONS)) < 10, 100.0, 160.0) + np.arange(len(SESSIONS)) / 100
    rows = take(plain_rows(closes, SESSIONS), [place for place in range(len(SESSIONS)) if place != 10])
    assert (SESSIONS[11], "outlier") in said(rows)


def test_given_actions_hold_in_place_of_those_behind_the_adjusted_close():
    rows = plain_rows(CLOSES, SESSIONS, adj_close=np.where(np.arange(len(SESSIONS)) < 10, CLOSES / 2, CLOSES))
    assert [one.kind for one in clean([rows], INDEX, SESSIONS).actions] == ["split"]
    given = replace(rows, actions=(Action(SESSIONS[5], "X", "dividend", Decimal("0.5")),))
    assert clean([given], INDEX, SESSIONS).actions == given.actions
    assert clean([replace(rows, actions=())], INDEX, SESSIONS).actions == ()


def test_a_given_action_on_a_day_without_a_session_moves_to_the_next_and_is_told():
    days = tuple(day for day in SESSIONS if day != SESSIONS[5])
    closes = CLOSES[: len(days)]
    given = tuple(Action(day, "X", "dividend", Decimal(1)) for day in ("2010-12-31", SESSIONS[5], "2012-01-01"))
    rows = replace(plain_rows(closes, days), actions=given)
    assert [one.session for one in clean([rows], None, days).actions] == [SESSIONS[6]]
    assert said(rows, days) == [(SESSIONS[6], "disorder")]


def test_without_an_index_nothing_is_measured_against_one():
    market = clean([plain_rows(CLOSES, SESSIONS)], None, SESSIONS)
    assert market.reports == ()
    assert np.isnan(market.panel.index_close).all()


def test_an_adjusted_close_that_steps_without_an_action_is_doubtful():
    adjusted = CLOSES.copy()
    adjusted[10:] *= 0.91237
    rows = plain_rows(CLOSES, SESSIONS, adj_close=adjusted)
    assert said(rows) == [(SESSIONS[10], "outlier")]
    assert clean([rows], INDEX, SESSIONS).actions == ()


def test_a_faulty_close_of_the_index_is_not_used_either():
    index = replace(INDEX, close=np.where(np.arange(len(SESSIONS)) == 4, np.nan, INDEX.close))
    market = clean([plain_rows(CLOSES, SESSIONS)], index, SESSIONS)
    detail = "a price or the volume is absent, not a number or infinite"
    assert market.reports == (Report(SESSIONS[4], "SPX", "not-a-number", detail),)
    assert np.flatnonzero(np.isnan(market.panel.index_close)).tolist() == [4]


def test_every_issue_is_a_word_of_the_template():
    words = vocabulary().templates["quality"].slots["issue"].allowed
    assert {one.issue for one in sample().reports} <= set(words)


def test_what_the_sample_has_wrong_with_it():
    found = [(one.session, one.instrument, one.issue) for one in sample().reports if one.issue != "missing"]
    halved = [one for one in found if one[1:] == ("AAPL", "outlier")]
    assert (len(halved), halved[0][0], halved[-1][0]) == (JUMP_WINDOW + 1, "2000-09-29", "2000-10-26")
    assert [one for one in found if one not in halved] == [
        ("2000-10-19", "MSFT", "outlier"),
        ("2005-04-15", "IBM", "outlier"),
        ("2005-10-21", "GOOG", "outlier"),
        ("2006-04-28", "MSFT", "outlier"),
        ("2007-02-27", "SPX", "outlier"),
        ("2010-10-15", "GOOG", "outlier"),
        ("2011-07-15", "GOOG", "outlier"),
    ]
    missing = [one.session for one in sample().reports if one.issue == "missing" and one.instrument == "FB"]
    assert (missing[0], missing[-1], len(missing)) == ("2000-03-01", "2012-05-17", 3074)


CELLS = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -3.0, 1e-9, 50.0, 100.5, 1e12])


@st.composite
def bad_rows(draw):
    """Rows of a month with faults of every kind, in any order."""
    rows = plain_rows(CLOSES, SESSIONS)
    columns = {name: getattr(rows, name).copy() for name in (*COLUMNS, "adj_close")}
    columns["adj_close"] = columns["close"] / 3
    for name, place, value in draw(
        st.lists(st.tuples(st.sampled_from([*columns]), st.integers(0, len(SESSIONS) - 1), CELLS), max_size=6)
    ):
        columns[name][place] = value
    places = draw(st.lists(st.integers(0, len(SESSIONS) - 1), max_size=4))
    dropped = draw(st.sets(st.integers(0, len(SESSIONS) - 1), max_size=4))
    kept = [place for place in range(len(SESSIONS)) if place not in dropped]
    return take(replace(rows, **columns), [*kept, *places])


def assert_same(left, right):
    assert left.reports == right.reports
    assert left.actions == right.actions
    assert left.panel.sessions == right.panel.sessions
    for name in (*GRIDS, "index_close"):
        np.testing.assert_array_equal(getattr(left.panel, name), getattr(right.panel, name))


@given(bad_rows(), st.randoms(use_true_random=False))
def test_permuting_rows_changes_nothing(rows, chance):
    places = list(range(len(rows.dates)))
    chance.shuffle(places)
    assert_same(clean([take(rows, places)], INDEX, SESSIONS), clean([rows], INDEX, SESSIONS))


@given(bad_rows(), st.sampled_from(SESSIONS))
def test_what_is_known_of_a_session_does_not_change_later(rows, session):
    whole = clean([rows], INDEX, SESSIONS)
    sessions = tuple(one for one in SESSIONS if one <= session)
    then = clean([until(rows, session)], until(INDEX, session), sessions)
    known = replace(
        whole,
        panel=whole.panel.until(session),
        actions=tuple(one for one in whole.actions if one.session <= session),
        reports=tuple(one for one in whole.reports if one.session <= session),
    )
    assert_same(then, known)


@given(bad_rows())
def test_a_panel_holds_whole_positive_ordered_bars_or_none(rows):
    panel = clean([rows], INDEX, SESSIONS).panel
    whole = panel.valid[:, 0]
    for name in COLUMNS:
        assert np.isnan(getattr(panel, name)[~whole]).all()
    assert (panel.low[whole] > 0).all()
    assert (panel.high[whole] >= np.maximum(panel.open[whole], panel.close[whole])).all()
    assert (panel.low[whole] <= np.minimum(panel.open[whole], panel.close[whole])).all()
    assert np.isfinite(panel.factor).all()


@given(bad_rows())
def test_a_session_without_a_usable_bar_has_a_report(rows):
    market = clean([rows], INDEX, SESSIONS)
    reported = {one.session for one in market.reports if one.instrument == "X"}
    unusable = {SESSIONS[row] for row in np.flatnonzero(~market.panel.valid[:, 0])}
    assert unusable <= reported


def test_permuting_the_sample_and_its_order_changes_no_measure():
    series = [take(rows, reversed(range(len(rows.dates)))) for rows in reversed(FEED.series())]
    market = clean(series, take(FEED.index(), reversed(range(len(FEED.index().dates)))), FEED.sessions())
    assert_same(market, sample())
    for left, right in zip(
        measure_panel(market.panel).indicators.values(), measure_panel(sample().panel).indicators.values(), strict=True
    ):
        np.testing.assert_array_equal(left, right)
