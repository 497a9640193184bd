"""Miss Manners: the row of a dinner, checked by its own rules, and against a search of our own."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.knowledge.classics.running import read, run

PROGRAM = read("manners.clp")
Guests = dict[str, tuple[str, frozenset[str]]]


def seated(guests: Guests, limit: int = 200_000) -> list[str] | None:
    """Who sits where, from the left; None where the program ends without a full row."""
    facts: list[tuple[str, dict[str, str | int]]] = [
        ("guest", {"name": name, "sex": sex, "hobby": hobby})
        for name, (sex, hobbies) in guests.items()
        for hobby in sorted(hobbies)
    ]
    facts += [("places", {"wanted": len(guests)}), ("serial", {"next": 1}), ("dinner", {"phase": "open"})]
    standing, fired = run(PROGRAM, facts, limit)
    assert fired < limit
    if standing["dinner"][0]["phase"] != "over":
        return None
    (full,) = [one["row"] for one in standing["place"] if one["number"] == len(guests)]
    row = {int(one["number"]): str(one["guest"]) for one in standing["sits"] if one["row"] == full}
    return [row[number] for number in range(1, len(guests) + 1)]


def suits(guests: Guests, left: str, right: str) -> bool:
    return guests[left][0] != guests[right][0] and bool(guests[left][1] & guests[right][1])


def can_be_seated(guests: Guests) -> bool:
    """Whether a row exists that begins with the first guest by name, by search over sets of guests."""

    @cache
    def goes_on(last: str, left: frozenset[str]) -> bool:
        return not left or any(suits(guests, last, one) and goes_on(one, left - {one}) for one in left)

    first = min(guests)
    return goes_on(first, frozenset(guests) - {first})


def sixteen() -> Guests:
    """The published dinner in its smallest size: 16 guests, half of each sex, with 2 or 3 of 3 hobbies."""
    hobbies = (frozenset("ab"), frozenset("bc"), frozenset("abc"), frozenset("ac"))
    return {f"guest-{n:02}": ("m" if n % 2 else "f", hobbies[n * 7 % 4]) for n in range(16)}


def test_sixteen_guests_sit_beside_somebody_of_the_other_sex_who_shares_a_hobby() -> None:
    guests = sixteen()
    row = seated(guests)
    assert row is not None
    assert sorted(row) == sorted(guests)
    assert all(suits(guests, left, right) for left, right in pairwise(row))


def test_a_dead_end_is_left_and_another_way_taken() -> None:
    guests: Guests = {
        "a": ("f", frozenset("x")),
        "b": ("m", frozenset("x")),
        "c": ("m", frozenset("xy")),
        "d": ("f", frozenset("xy")),
    }
    row = seated(guests)
    assert row is not None
    assert row in (["a", "b", "d", "c"], ["a", "c", "d", "b"])


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("fm"), st.frozensets(st.sampled_from("xyz"), min_size=1)), min_size=1, max_size=6
    )
)
def test_a_row_is_found_exactly_where_there_is_one(people: list[tuple[str, frozenset[str]]]) -> None:
    guests = {f"g{number}": person for number, person in enumerate(people)}
    row = seated(guests)
    assert (row is not None) == can_be_seated(guests)
    if row is not None:
        assert sorted(row) == sorted(guests)
        assert all(suits(guests, left, right) for left, right in pairwise(row))
