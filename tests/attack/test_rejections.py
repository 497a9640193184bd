"""A venue that refuses: its reason is recorded, books stay, the next cycle runs; what repeats itself is throttled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.running.runner import Runner
from adapters.running.worker import Worker
from engine.limits.text import read_limits
from tests.attack.stage import SESSIONS, SHIPPED, Stage, desk, entries, explained, records, rulebook, running

MON, TUE, WED, THU = SESSIONS[:4]


def strict():
    """The shipped limits with two executions allowed."""
    text = (SHIPPED / "limits.yaml").read_text(encoding="utf-8")
    return read_limits(text.replace("bound: 5, unit: executions", "bound: 2, unit: executions"))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), strict()) as one:
        yield one


def refusing(runner: Runner, *names: str) -> None:
    """From now on the venue has no listing of these."""
    state = runner.standing.broker.state
    state.listings = {name: one for name, one in state.listings.items() if name not in names}


def test_a_refused_entry_is_recorded_and_changes_nothing_else(tmp_path: Path, worker: Worker) -> None:
    stage = Stage(desk(tmp_path), moods={(MON, "AAPL"): "long", (TUE, "IBM"): "long"})
    with running(stage, worker, strict()) as runner:
        refusing(runner, "AAPL")
        assert set(entries(runner.cycle(MON))) == {"AAPL"}
        before = runner.standing.books
        assert runner.standing.broker.working() == () and runner.standing.orders.orders == {}
        assert set(entries(runner.cycle(TUE))) == {"IBM"}, "the next cycle goes on"
        assert replace(runner.standing.books, session="", before="", ended=True) == replace(
            before, session="", before="", ended=True
        )
        assert runner.standing.differences() == ()
    (refusal,) = records(stage, "rejection")
    assert (refusal["reason"], refusal["stray"]) == ("not-listed", False) and "AAPL" in refusal["detail"]


def test_entries_refused_one_after_another_are_throttled_until_a_person_resumes(tmp_path: Path, worker: Worker) -> None:
    moods = {(day, "AAPL"): "long" for day in SESSIONS}
    stage = Stage(desk(tmp_path), moods=moods)
    with running(stage, worker, strict()) as runner:
        refusing(runner, "AAPL")
        assert set(entries(runner.cycle(MON))) == set(entries(runner.cycle(TUE))) == {"AAPL"}
    with running(stage, worker, strict()) as runner:
        assert runner.standing.rejected == {"AAPL": 2}, "a restart counts on"
        third = runner.cycle(WED)
        assert entries(third) == {}
        verdict = next(one for one in third["verdicts"] if one["instrument"] == "AAPL")
        assert verdict["reasons"] == ["operations.repeated"]
        assert runner.standing.throttled == {"AAPL": 2}
    (latched,) = records(stage, "state")
    told = explained(stage)
    assert all("was rejected: " in one and "; rejected" in one for one in told["rejection"])
    assert "the engine latched AAPL: 2 entries of AAPL were refused" in " ".join(told["state"][0].split())
    assert latched["why"].startswith("2 entries of AAPL were refused by the venue one after another")


def test_an_entry_that_is_taken_ends_the_count(tmp_path: Path, worker: Worker) -> None:
    stage = Stage(desk(tmp_path), moods={(day, "AAPL"): "long" for day in SESSIONS})
    with running(stage, worker, strict()) as runner:
        listings = runner.standing.broker.state.listings
        refusing(runner, "AAPL")
        runner.cycle(MON)
        assert runner.standing.rejected == {"AAPL": 1}
        runner.standing.broker.state.listings = listings
        assert set(entries(runner.cycle(TUE))) == {"AAPL"}
        assert runner.standing.rejected == {}
