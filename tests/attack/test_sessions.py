"""Sessions whose last bar never comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.calendars.periods import Period, period, periods
from adapters.paper.venue import Bar, Session
from adapters.running.worker import Worker
from adapters.verifying.verify import verify
from knowledge.door import freeze
from knowledge.facts import Snapshot
from tests.attack.stage import (
    SESSIONS,
    SETTINGS,
    Stage,
    desk,
    instrument_facts,
    limits,
    records,
    rulebook,
    running,
    shared_facts,
    usual,
)

HALVES = "195m"
FIRST, SECOND, THIRD = SESSIONS[:3]


@pytest.fixture(scope="module")
def worker():
    with Worker(rulebook(), limits()) as one:
        yield one


@dataclass
class Halves(Stage):
    """Two bars a session, of which the feed never had those in `lost`."""

    lost: frozenset[str] = frozenset()

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(one.label for one in periods(self.calendar, HALVES, SESSIONS[0], SESSIONS[-1]))

    def period(self, day: str) -> Period:
        return period(self.calendar, HALVES, day)

    def session(self, day: str) -> Session:
        found = self.period(day)
        return Session(found.session, found.opens_at, found.closes_at, found.last)

    def sessions(self, first: str, last: str) -> tuple[str, ...]:
        return tuple(one for one in self.labels if first <= one <= f"{last}~" and one not in self.lost)

    def bars(self, day: str) -> dict[str, Bar]:
        return {name: self.quotes.get((day, name), usual(name)) for name in self.names}

    def snapshot(self, day: str) -> Snapshot:
        following, facts = self.calendar.next_session(day[:10]), shared_facts(self.names)
        for name in self.names:
            facts += instrument_facts(name, day[:10], following, self.moods.get((day, name), "flat"))
        return freeze(self.period(day).closes_at, self.names, facts)


def stage_of(folder: Path, *lost: str) -> Halves:
    settings = SETTINGS + f'\n[feed]\nkind = "csv"\npath = "bars"\ninterval = "{HALVES}"\n'
    stage = Halves(desk(folder, settings + "\n[broker]\nsettlement_days = 1\n"))
    labels = stage.labels
    # A gain of the first session, after which nothing moves: no part of it is the second one's.
    high = Bar(*(Decimal("505"),) * 4, 8_000_000)
    quotes = {(label, "AAPL"): high for label in labels[2:]}
    return replace(
        stage, moods={(labels[0], "AAPL"): "long"}, quotes=quotes, lost=frozenset(lost), first_decision=labels[0]
    )


def test_a_session_whose_last_bar_never_came_ends_before_the_next_begins(tmp_path: Path, worker: Worker):
    labels = stage_of(tmp_path).labels
    stage = stage_of(tmp_path, labels[3])
    with running(stage, worker) as runner:
        for label in stage.sessions(labels[0], labels[2]):
            runner.cycle(label)
        books = runner.standing.books
        assert books.session == SECOND and not books.ended and books.holdings, "something is held meanwhile"
        gained = Fraction(books.cash) + sum(held.units * held.last_price for held in books.holdings.values())
        runner.cycle(labels[4])
        books = runner.standing.books
        assert (books.session, books.before, books.opening_nav) == (THIRD, SECOND, gained)
        assert books.closing_nav == books.high_water_mark == books.opening_nav
        assert [held.sessions_held for held in books.holdings.values()] == [2]
        assert runner.standing.executing == {}, "what counts by session begins anew"
        assert not runner.standing.differences()
    ends = [one for one in records(stage, "books") if one["entry"] == "session"]
    assert [(one["session"], one["as_of"]) for one in ends] == [
        (day, stage.calendar.close_instant(day)) for day in (FIRST, SECOND)
    ]
    assert ends[1]["closes"] == {} and ends[1]["period"] == labels[2]
    assert verify(stage.desk.store).holds
    with running(stage, worker) as again:
        assert again.standing.books == books


def test_nothing_of_it_is_seen_where_every_bar_comes(tmp_path: Path, worker: Worker):
    stage = stage_of(tmp_path)
    with running(stage, worker) as runner:
        for label in stage.labels[:5]:
            runner.book(label)
    ends = [one for one in records(stage, "books") if one["entry"] == "session"]
    assert [one["session"] for one in ends] == [FIRST, SECOND] and all(one["closes"] for one in ends)
