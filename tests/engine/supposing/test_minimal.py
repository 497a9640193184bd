"""The smallest sets that make a difference, beside a search through all sets."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from engine.supposing.intervals import Spent
from engine.supposing.minimal import Makes, causes

NAMES = tuple("abcdefg")
SETS = st.sets(st.frozensets(st.sampled_from(NAMES), min_size=1), min_size=1, max_size=4)


@given(SETS)
def test_where_more_never_hurts_the_smallest_sets_are_those_of_all_sets(enough: set[frozenset[str]]) -> None:
    def makes(some: frozenset[str]) -> bool:
        return some == frozenset(NAMES) or any(one <= some for one in enough)

    found = causes(NAMES, makes)
    size = next(size for size in range(1, 8) if any(makes(frozenset(one)) for one in combinations(NAMES, size)))
    smallest = tuple(one for one in combinations(NAMES, size) if makes(frozenset(one)))
    if size <= 2:
        assert found.sets == smallest and found.all_of_size
    else:
        assert not found.all_of_size and len(found.sets) == 1
    assert found.joint == (size > 1)
    assert_irreducible(found.sets, makes)


@given(st.sets(st.frozensets(st.sampled_from(NAMES))))
def test_of_any_answers_what_is_found_makes_it_and_no_member_can_be_left_out(sets: set[frozenset[str]]) -> None:
    def makes(some: frozenset[str]) -> bool:
        return some == frozenset(NAMES) or (some in sets and bool(some))

    found = causes(NAMES, makes)
    assert found.sets and not found.spent
    assert_irreducible(found.sets, makes)


def assert_irreducible(sets: tuple[tuple[str, ...], ...], makes: Makes) -> None:
    for one in sets:
        assert makes(frozenset(one))
        assert len(one) == 1 or not any(makes(frozenset(one) - {member}) for member in one)


@given(SETS, st.integers(0, 30))
def test_a_spent_budget_says_so_and_tells_what_is_known_to_do(enough: set[frozenset[str]], budget: int) -> None:
    asked = 0

    def makes(some: frozenset[str]) -> bool:
        nonlocal asked
        asked += 1
        if asked > budget:
            raise Spent
        return any(one <= some for one in enough)

    found = causes(NAMES, makes)
    for one in found.sets:
        assert any(each <= frozenset(one) for each in enough)
    if asked > budget:
        assert found.spent or found.all_of_size is False


def test_many_names_are_shrunk_without_asking_for_all_pairs() -> None:
    names = tuple(f"n{at}" for at in range(200))
    asked: list[frozenset[str]] = []

    def makes(some: frozenset[str]) -> bool:
        asked.append(some)
        return {"n3", "n77", "n150"} <= some

    assert causes(names, makes).sets == (("n3", "n77", "n150"),)
    assert len(asked) < 400
