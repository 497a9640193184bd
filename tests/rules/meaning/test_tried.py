"""What is said of two rules, beside trying them on every set of facts that their thresholds tell apart."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.clips.text import parse
from knowledge.door import fact
from knowledge.facts import Fact
from knowledge.templates import vocabulary
from rules.conditions import WorkingMemory
from rules.matching import matches
from rules.meaning.difference import difference
from rules.meaning.ground import Ground
from rules.meaning.inquiry import Bench
from rules.meaning.regions import Search
from tests.rules import desk
from tests.rules.meaning.books import book, candidate, of, rsi, rule

RSI = (None, "29.99", "30", "30.01", "69.99", "70", "70.01")
HELD = (None, *product(("long", "short"), (2, 3, 4, 5)))
ORDERS = ((), ("buy",), ("sell",), ("buy", "sell"))
signs = st.sampled_from(("<", "<=", ">", ">="))


@cache
def worlds() -> tuple[WorkingMemory, ...]:
    """Every set of facts: an RSI or none, a position or none, orders or none."""
    return tuple(WorkingMemory(_world(*one)) for one in product(RSI, HELD, ORDERS))


def _world(value: str | None, held: tuple[str, int] | None, orders: tuple[str, ...]) -> list[Fact]:
    found = [] if value is None else [desk.indicator("AAPL", "rsi-14", value)]
    if held is not None:
        found.append(desk.position("AAPL", side=held[0], **{"sessions-held": held[1]}))
    slots = {"instrument": "AAPL", "role": "entry", "quantity": 1}
    return [*found, *(fact("working", order=side, side=side, **slots) for side in orders)]


@st.composite
def conditions(draw: st.DrawFn) -> str:
    """A position or an RSI, bounded somehow, and perhaps no order or some order."""
    bound = st.builds("({} ?rsi {})".format, signs, st.sampled_from(("30.0", "30.01", "70.0")))
    tests = "&:".join(draw(st.lists(bound, min_size=1, max_size=2)))
    side = draw(st.sampled_from(("", "(side long)", "(side ~long)")))
    held = f"(sessions-held ?n&:({draw(signs)} ?n {draw(st.sampled_from((3, 4)))}))"
    parts = draw(st.sampled_from(((0,), (1,), (0, 1), (1, 0))))
    found = [(rsi(tests), f"(position (instrument ?i) {side} {held})")[part] for part in parts]
    order = st.sampled_from(("", "", "(not {})", "(exists {})"))
    which = draw(st.sampled_from(("(working (instrument ?i))", "(working (instrument ?i) (side buy))")))
    return " ".join((*found, draw(order).format(which)))


def fires(text: str) -> frozenset[int]:
    """The sets of facts on which a rule fires."""
    (read,) = parse(text, "rules.clp").rules
    return frozenset(place for place, world in enumerate(worlds()) if matches(read, world))


def made(name: str, asked: str) -> str:
    return rule(name, asked, f"(exit (instrument ?i) (rule {name}))")


@settings(max_examples=15)
@given(conditions(), conditions())
def test_dead_and_shadowed_are_what_trying_says(one: str, other: str) -> None:
    rulebook = book(made("one", one) + made("other", other))
    first, second = fires(made("one", one)), fires(made("other", other))
    dead = [name for name, some in (("one", first), ("other", second)) if not some]
    assert [found.rule for found in of(rulebook, "M101")] == dead
    shadowed = ["one"] if first and first < second else ["other"] if second and second <= first else []
    assert [found.rule for found in of(rulebook, "M102")] == shadowed


@settings(max_examples=15)
@given(conditions(), conditions())
def test_wider_and_narrower_are_what_trying_says(one: str, other: str) -> None:
    first, second = fires(made("a", one)), fires(made("a", other))
    kinds = {(False, False): "same", (True, False): "narrower", (False, True): "wider", (True, True): "other"}
    expected = kinds[bool(first - second), bool(second - first)]
    found = [change.kind for change in difference(book(made("a", one)).program, book(made("a", other)).program)]
    assert (found or ["same"]) == [expected]


@settings(max_examples=15)
@given(conditions(), conditions())
def test_opposite_proposals_meet_where_trying_says(one: str, other: str) -> None:
    rulebook = book(candidate("one", "long", one) + candidate("other", "short", other))
    assert bool(of(rulebook, "M103")) is bool(fires(made("one", one)) & fires(made("other", other)))


@settings(max_examples=15)
@given(conditions(), conditions())
def test_gaps_are_where_trying_says(one: str, other: str) -> None:
    rulebook = book(candidate("one", "long", one) + candidate("other", "short", other))
    search = Search(Ground(rulebook.program, vocabulary(), {}), Bench(rulebook.program), "candidate")
    boxes = [region.box for region in search.regions()]
    assert search.untold == []
    proposed = fires(made("one", one)) | fires(made("other", other))
    by_rsi = [value for value, _, _ in product(RSI, HELD, ORDERS)]
    for value in RSI[1:]:
        assert value is not None
        count = Fraction(value) * 100
        covered = any(by_rsi[place] == value for place in proposed)
        inside = any(box["rsi-14"][0] <= count <= box["rsi-14"][1] for box in boxes if "rsi-14" in box)
        assert inside is not covered or not search.space, value
