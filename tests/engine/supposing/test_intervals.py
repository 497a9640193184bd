"""The interval around a value, beside an oracle that answers at every place of the grid."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.supposing.intervals import Asked, Budget, Grid, Interval, interval


def found(answers: list[int], at: int, likely: list[int] | None = None, budget: int = 10_000) -> Interval:
    grid = Grid(Fraction(0), Fraction(1), len(answers))
    asked = Asked(lambda place: answers[place], Budget(budget))
    return interval(grid, at, asked, lambda answer: answer == answers[at], likely or [])


@given(st.data())
def test_ends_are_neighbours_that_answer_apart_and_one_change_a_side_is_found_exactly(data: st.DataObject) -> None:
    low, at, high = sorted(data.draw(st.tuples(*[st.integers(0, 400)] * 3)))
    answers = [int(low <= place <= high) for place in range(401)]
    one = found(answers, at)
    assert (one.low.last, one.high.last) == (low, high)
    assert one.low.beyond == (None if low == 0 else low - 1)
    assert one.high.beyond == (None if high == 400 else high + 1)
    assert one.whole == (low == 0 and high == 400)


@given(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=1, max_size=60), st.data())
def test_of_any_answers_ends_are_true_and_nothing_tried_inside_is_otherwise(
    answers: list[int], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(answers) - 1))
    likely = data.draw(st.lists(st.integers(-5, 70), max_size=5))
    grid = Grid(Fraction(0), Fraction(1), len(answers))
    asked = Asked(lambda place: answers[place], Budget(10_000))
    one = interval(grid, at, asked, lambda answer: answer == answers[at], likely)
    for end, edge in ((one.low, 0), (one.high, len(answers) - 1)):
        assert answers[end.last] == answers[at]
        assert end.last == edge if end.beyond is None else answers[end.beyond] != answers[at]
        assert end.beyond is None or abs(end.beyond - end.last) == 1
        assert all(answers[place] == answers[at] for place in end.again)
    assert all(answers[place] == answers[at] for place in asked.known if one.low.last <= place <= one.high.last)
    tried_again = {place for place, answer in asked.known.items() if answer == answers[at]}
    outside = {place for place in tried_again if not one.low.last <= place <= one.high.last}
    assert outside == {*one.low.again, *one.high.again}


def test_a_likely_place_finds_what_no_spread_would() -> None:
    answers = [0] * 1001
    answers[777] = 1
    assert found(answers, 500).whole
    one = found(answers, 500, [777])
    assert (one.high.last, one.high.beyond, one.high.again[-1]) == (776, 777, 1000)


def test_a_change_that_is_taken_back_is_told() -> None:
    answers = [0] * 350 + [1] * 250 + [0] * 400
    one = found(answers, 100)
    assert (one.high.last, one.high.beyond) == (349, 350)
    assert one.high.again and min(one.high.again) >= 600


def test_a_spent_budget_says_that_the_end_is_not_known() -> None:
    answers = [0] * 500 + [1] * 500
    for budget in range(40):
        one = found(answers, 100, budget=budget)
        assert one.high.last <= 499
        assert one.high.known == (one.high.last == 499 and one.high.beyond == 500) or one.high.beyond == 500
    assert not found(answers, 100, budget=3).high.known


def test_values_and_places_of_a_grid() -> None:
    grid = Grid(Fraction(-1), Fraction(1, 100), 201)
    assert (grid.value(150), grid.nearest(Fraction(1, 2)), grid.nearest(Fraction(9))) == (Fraction(1, 2), 150, 200)
    assert grid.nearest(Fraction(-9)) == 0
