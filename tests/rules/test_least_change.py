"""The smallest change: it fires, no part of it can go, no number need move less, and trying all finds no fewer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.door import fact
from knowledge.facts import Fact, ordered
from knowledge.facts_file import read_facts
from rules.change import Change, moved_numbers, step_of, with_value
from rules.least_change import least_change

BOOK = """
(defrule rising "q | ?i rises" (declare (salience 300))
  (indicator (instrument ?i) (name adx-14) (value ?v&:(>= ?v 20.0)))
  (indicator (instrument ?i) (name rsi-14) (value ?w&:(> ?w 50.0)))
  => (assert (trend (instrument ?i) (direction up))))
(defrule calm "q | ?i is calm" (declare (salience 300))
  (indicator (instrument ?i) (name zscore-20) (value ?v&:(and (> ?v -1.0) (< ?v 1.0))))
  => (assert (trend (instrument ?i) (direction up))))
(defrule hot "q | ?i is hot" (declare (salience 100))
  (indicator (instrument ?i) (name rsi-14) (value ?v&:(> ?v 80.0)))
  => (assert (veto (instrument ?i) (rule hot))))
(defrule go "q | buy ?i" (declare (salience 0))
  (trend (instrument ?i) (direction up))
  (indicator (instrument ?i) (name volume-ratio) (value ?v&:(>= ?v 1.5)))
  (not (veto (instrument ?i)))
  (not (position (instrument ?i)))
  => (assert (candidate (instrument ?i) (side long) (horizon swing) (conviction 0.8) (rule go))))
"""
PROGRAM = parse(BOOK, "book.clp")
IMAGE = ClipsImage(PROGRAM)
GRIDS = {
    "adx-14": ("19.99", "20", "60"),
    "rsi-14": ("10", "50", "50.01", "80.01"),
    "zscore-20": ("-3", "-1", "0", "0.9999", "1"),
    "volume-ratio": ("0.2", "1.4999", "1.5"),
}
POSITION = """
- position: {instrument: AAPL, side: long, quantity: 5, entry-price: 9, return: 0, best-close: 9, sessions-held: 1,
             horizon: swing, strategy: q}
"""


def indicator(name: str, value: str) -> Fact:
    return fact("indicator", instrument="AAPL", name=name, value=Decimal(value))


def fires(facts: Sequence[Fact], rule: str = "go") -> bool:
    return any(firing.rule == rule for firing in IMAGE.infer(ordered(facts)).firings)


def after(facts: Sequence[Fact], changes: Sequence[Change]) -> list[Fact]:
    known = {one.ref: one for one in facts}
    for change in changes:
        known.pop(change.ref, None)
        if change.after is not None:
            known[change.after.ref] = change.after
    return list(known.values())


worlds = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in GRIDS.items()} | {"held": st.booleans()}
)


def facts_of(world: dict[str, str | bool]) -> list[Fact]:
    held = world.pop("held", False)
    facts = [indicator(name, str(value)) for name, value in world.items()]
    return facts + (list(read_facts(POSITION, "f")) if held else [])


def fewest(facts: Sequence[Fact]) -> int:
    """How few changes do, by trying every set of them on the grids."""
    known = {one.ref: one for one in facts}
    options: list[list[Fact | None]] = [[indicator(name, value) for value in values] for name, values in GRIDS.items()]
    refs = [f"indicator(AAPL,{name})" for name in GRIDS]
    if "position(AAPL)" in known:
        options, refs = [*options, [None]], [*refs, "position(AAPL)"]
    for count in range(len(refs) + 1):
        for some in combinations(range(len(refs)), count):
            for choice in product(*(options[one] for one in some)):
                changed = dict(known)
                for place, value in zip(some, choice, strict=True):
                    changed.pop(refs[place], None)
                    if value is not None:
                        changed[refs[place]] = value
                if fires(list(changed.values())):
                    return count
    raise AssertionError("nothing fires it")


@settings(max_examples=8, deadline=None)
@given(worlds)
def test_no_fewer_changes_do(world: dict[str, str | bool]) -> None:
    facts = facts_of(world)
    found = least_change(PROGRAM, facts, "go", "AAPL", IMAGE.infer)
    assert found is not None
    assert len(found) == fewest(facts)


@settings(max_examples=20, deadline=None)
@given(worlds)
def test_it_fires_and_nothing_of_it_can_be_left_out(world: dict[str, str | bool]) -> None:
    facts = facts_of(world)
    found = least_change(PROGRAM, facts, "go", "AAPL", IMAGE.infer)
    assert found is not None
    assert fires(after(facts, found))
    for less in _less(found):
        assert not fires(after(facts, less)), [one.words for one in less]


def _less(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Each change left out, and each number moved a step less."""
    for place, change in enumerate(changes):
        yield [*changes[:place], *changes[place + 1 :]]
        for name in moved_numbers(change):
            assert change.before is not None and change.after is not None
            end, start = change.after.number(name), change.before.number(name)
            step = step_of(change.before, name)
            value = end - step if end > start else end + step
            nearer = with_value(change.after, name, format(value, "f"))
            if nearer is not None and value != start:
                yield [*changes[:place], Change(change.before, nearer), *changes[place + 1 :]]


def test_a_rule_that_fires_needs_no_change() -> None:
    facts = [indicator("zscore-20", "0"), indicator("volume-ratio", "2")]
    assert least_change(PROGRAM, facts, "go", "AAPL", IMAGE.infer) == ()


def test_what_a_portfolio_holds_is_not_made_up() -> None:
    close = parse(
        '(defrule close "q | close ?i" (position (instrument ?i) (sessions-held ?n&:(>= ?n 5)))'
        " => (assert (exit (instrument ?i) (rule close))))",
        "close.clp",
    )
    image = ClipsImage(close)
    assert least_change(close, [], "close", "AAPL", image.infer) is None
    (change,) = least_change(close, read_facts(POSITION, "f"), "close", "AAPL", image.infer) or ()
    assert change.words == "position(AAPL): sessions-held 5 in place of 1"


def test_a_budget_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.least_change.MOST_RUNS", 2)
    facts = [indicator("rsi-14", "95"), indicator("adx-14", "1")]
    assert least_change(PROGRAM, facts, "go", "AAPL", IMAGE.infer) is None
