"""What a book is beyond, in whole numbers: the same as in fractions, and what rests on it is as it was without it."""

from __future__ import annotations

from fractions import Fraction
from unittest.mock import patch

from hypothesis import given

from engine import obligations
from engine.decision import ExitVerdict
from engine.exits import worsened
from engine.gate.beyond import beyond
from engine.gate.circumstances import Circumstances
from engine.gate.measures import measures
from engine.gate.reach import Book, State, read_book, state_of
from engine.gate.scope import Scope
from engine.limits.kinds import OBLIGING
from engine.limits.model import Limit
from engine.obligations import oblige
from knowledge.facts import Snapshot
from knowledge.values import text
from tests.engine.books_strategy import SESSION, Desk, desks
from tests.engine.test_obligations import small_books


def scoped(here: Desk, book: Book) -> tuple[Scope, State]:
    return Scope(book, (), here.market, here.limits, here.regime), state_of(book, (), here.market, here.limits)


@given(desks())
def test_the_same_limits_as_in_fractions_are_exceeded(here: Desk) -> None:
    """By positions with all orders, and by positions alone."""
    alone = Book(**{**here.book.__dict__, "legs": ()})
    for book in (here.book, alone):
        scope, state = scoped(here, book)
        slow = {one.key: one.limit for one in measures(scope) if one.value(state) > one.bound(state)}
        assert list(beyond(scope, state).items()) == list(slow.items())


def everything(scope: Scope, base: State) -> dict[str, Limit]:
    return {one.key: one.limit for one in measures(scope)}


@given(small_books())
def test_obligations_are_those_that_reading_every_limit_finds(here: Desk) -> None:
    exits, duty = oblige((), here.portfolio, here.market, here.limits, here.regime, "active")
    with patch.object(obligations, "beyond", everything):
        slow, slow_duty = oblige((), here.portfolio, here.market, here.limits, here.regime, "active")
    assert exits == slow
    assert duty == slow_duty


@given(desks(kinds=sorted(OBLIGING)))
def test_they_are_in_odd_desks_too(here: Desk) -> None:
    exits, duty = oblige((), here.portfolio, here.market, here.limits, here.regime, "active")
    with patch.object(obligations, "beyond", everything):
        slow, slow_duty = oblige((), here.portfolio, here.market, here.limits, here.regime, "active")
    assert exits == slow
    assert duty == slow_duty


@given(desks())
def test_an_exit_worsens_what_is_beyond_its_bound_and_further_with_it(here: Desk) -> None:
    nothing = Snapshot(f"{SESSION}T21:00:00Z", (), ())
    around = Circumstances(
        nothing, here.portfolio, here.market, here.book, here.exits, here.limits, (), here.regime, "active"
    )
    ruled = tuple(ExitVerdict(one, text(Fraction(one.quantity)), (), ()) for one in here.exits)
    scope, state = scoped(here, here.book)
    scope = Scope(scope.book, (), scope.market, scope.limits, scope.regime, "active")
    for one in worsened(ruled, around):
        others = [other for other in here.exits if other is not one.exit]
        without = read_book(here.portfolio, others, here.market, here.limits)
        base = state_of(without, (), here.market, here.limits)
        assert one.worsens == tuple(
            each.key
            for each in measures(scope)
            if each.value(state) > each.bound(state) and each.value(state) > each.value(base)
        )
