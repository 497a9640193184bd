from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisors.actions import Action, derive_actions, factors, unexplained
from tests.advisors.sample import FEED, sample


def actions(instrument):
    return {(one.session, one.kind, one.amount) for one in sample().actions if one.instrument == instrument}


def test_the_known_actions_of_apple():
    assert actions("AAPL") == {
        ("2000-06-21", "split", Decimal(2)),
        ("2005-02-28", "split", Decimal(2)),
        ("2012-08-09", "dividend", Decimal("2.65")),
        ("2012-11-07", "dividend", Decimal("2.65")),
        ("2013-02-07", "dividend", Decimal("2.65")),
    }


def test_the_known_actions_of_microsoft():
    found = actions("MSFT")
    assert {one for one in found if one[1] == "split"} == {("2003-02-18", "split", Decimal(2))}
    assert ("2004-11-15", "dividend", Decimal("3.08")) in found
    assert ("2003-02-19", "dividend", Decimal("0.08")) in found
    assert len(found) == 38


def test_ibm_pays_every_quarter_and_never_splits():
    found = actions("IBM")
    assert {kind for _, kind, _ in found} == {"dividend"}
    assert len(found) == 52
    assert ("2012-08-08", "dividend", Decimal("0.85")) in found
    assert {len(str(amount)) for _, _, amount in found} <= {3, 4}, "amounts are round cents, as declared"


def test_google_and_facebook_have_none_although_google_is_adjusted_for_a_later_split():
    assert actions("GOOG") == actions("FB") == set()


def test_the_other_rule_does_not_fit_the_sample():
    """Under the rule of `previous-close` the special dividend of 3.08 would read 3.029458."""
    (rows,) = [rows for rows in FEED.series() if rows.instrument == "MSFT"]
    found = derive_actions("MSFT", rows.dates, rows.close, rows.adj_close, "previous-close")
    (special,) = [one for one in found if one.session == "2004-11-15"]
    assert special.amount == Decimal("3.029458")


@st.composite
def histories(draw):
    """Closes in cents, and actions with their true amounts, at least one session apart."""
    count = draw(st.integers(3, 40))
    closes = [Decimal(draw(st.integers(500, 90_000))) / 100 for _ in range(count)]
    rows = draw(st.lists(st.integers(1, count - 1), unique=True, max_size=4))
    amounts = st.one_of(
        st.sampled_from(
            [
                ("split", Decimal(2)),
                ("split", Decimal(3)),
                ("split", Decimal("1.5")),
                ("split", Decimal("0.1")),
                ("split", Decimal(7)),
            ]
        ),
        st.integers(1, 49).map(lambda cents: ("dividend", Decimal(cents) / 100)),
    )
    return closes, {row: draw(amounts) for row in sorted(rows)}


def adjust(closes, acts, rule):
    """Adjusted closes as a vendor makes them: from the last row backwards, in exact arithmetic.

    Actions after the last row are in them too, so that all digits are in use from the first row on.
    """
    adjusted, factor = [], 1 / Decimal("1.23456789")
    for row in range(len(closes) - 1, -1, -1):
        adjusted.append(closes[row] * factor)
        kind, amount = acts.get(row, ("split", Decimal(1)))
        if kind == "split":
            factor /= amount
        elif rule == "ex-close":
            factor /= 1 + amount / closes[row]
        else:
            factor *= 1 - amount / closes[row - 1]
    return adjusted[::-1]


@given(histories(), st.sampled_from(["ex-close", "previous-close"]), st.sampled_from([10, 12, 14]))
def test_actions_survive_adjusting_and_rounding(history, rule, places):
    closes, acts = history
    adjusted = np.array([float(round(value, places)) for value in adjust(closes, acts, rule)])
    sessions = [f"{row:04}" for row in range(len(closes))]
    found = derive_actions("X", sessions, np.array([float(close) for close in closes]), adjusted, rule)
    assert [(int(one.session), one.kind, one.amount) for one in found] == [
        (row, kind, amount) for row, (kind, amount) in acts.items()
    ]


@given(histories(), st.integers(1, 40))
def test_actions_are_causal(history, cut):
    closes, acts = history
    adjusted = np.array([float(round(value, 10)) for value in adjust(closes, acts, "ex-close")])
    sessions = [f"{row:04}" for row in range(len(closes))]
    close = np.array([float(one) for one in closes])
    whole = derive_actions("X", sessions, close, adjusted)
    known = derive_actions("X", sessions[:cut], close[:cut], adjusted[:cut])
    assert known == tuple(one for one in whole if int(one.session) < cut)


def test_a_step_down_that_is_no_split_is_not_explained():
    close = np.array([10.0, 10.0, 10.0])
    adjusted = np.array([10.00001, 9.1237, 9.1237])
    assert derive_actions("X", "abc", close, adjusted) == ()
    assert unexplained(close, adjusted) == (1,)


def test_a_step_that_is_not_known_sharply_is_not_taken_for_a_split():
    close = np.array([1.0, 1.0, 1.0])
    adjusted = np.array([0.1, 0.2, 0.2])
    assert derive_actions("X", "abc", close, adjusted) != (Action("b", "X", "split", Decimal(2)),)


def test_a_ratio_without_an_end_carries_15_digits():
    close = np.array([40.0, 30.0])
    adjusted = np.array([22.500000000001, 22.5])
    (split,) = derive_actions("X", "ab", close, adjusted)
    assert str(split.amount) == "1.33333333333333"


def test_rows_without_numbers_are_passed_over():
    close = np.array([10.0, np.nan, 5.0, 5.0])
    adjusted = np.array([5.0, 5.0, 5.0, np.nan])
    assert derive_actions("X", "abcd", close, adjusted) == (Action("c", "X", "split", Decimal(2)),)


def test_adjusted_returns_are_total_returns():
    close = np.array([100.0, 102.0, 51.0, 50.0])
    acts = [Action("b", "X", "dividend", Decimal(2)), Action("c", "X", "split", Decimal(2))]
    factor, split = factors("abcd", close, acts)
    adjusted = close * factor
    assert adjusted[1] / adjusted[0] == pytest.approx((102 + 2) / 100)
    assert adjusted[2] / adjusted[1] == pytest.approx(1.0)
    assert split.tolist() == [1, 1, 2, 2]


def test_a_dividend_without_a_close_is_reinvested_at_the_first_after():
    act = [Action("b", "X", "dividend", Decimal(1))]
    assert factors("abcd", np.array([1.0, np.nan, 4.0, 5.0]), act)[0].tolist() == [1, 1, 1.25, 1.25]
    assert factors("ab", np.array([1.0, np.nan]), act)[0].tolist() == [1, 1]
