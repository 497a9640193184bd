"""A backtest, single cycles and a replayed schedule are one run; it can stop anywhere, and disturbs nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.audit.log import LogReader
from adapters.backtest import ahead
from adapters.backtest.ahead import AheadWorld, Published, published_ahead
from adapters.backtest.place import files_digest
from adapters.backtest.run import Asked, Backtest, backtest, sessions
from adapters.desk.folder import Desk, read_desk
from adapters.running.clock import ReplayClock
from adapters.running.session import opened
from adapters.running.world import World
from adapters.schedule.driving import drive
from adapters.schedule.loop import Loop
from adapters.schedule.revealed import RevealedWorld
from adapters.schedule.timetable import Timetable
from engine.orders.warrants import instant
from knowledge.faults import Faulty
from knowledge.values import canonical
from tests.shared_run import LAST, SharedRun

pytestmark = pytest.mark.sqlite_file  # a backtest keeps its log in a file

SOME = "2011-01-21"
"""The last session of a short run."""


class Silent:
    """Progress that nobody watches."""

    def phase(self, words: str) -> None: ...
    def step(self, done: int, total: int, day: str) -> None: ...


def stopping_after(number: int) -> Callable[[], object]:
    """Asks to stop when so many sessions have been decided."""

    @contextmanager
    def stopping() -> Iterator[Callable[[], bool]]:
        left = iter(range(number))
        yield lambda: next(left, None) is None

    return stopping


def run(desk: Desk, jobs: int = 1, last: str = SOME, **more: object) -> Backtest:
    return backtest(desk, Asked(last=last, jobs=jobs, **more), Silent())


def root_after(shared: SharedRun, records: int) -> str:
    """The root of the shared run's log when it had so many records."""
    with LogReader.read(shared.store) as log:
        return log.root_at(records).hex()


@pytest.fixture
def desk(shared: SharedRun, tmp_path: Path) -> Desk:
    """A desk that has decided nothing, with the trained heads of the shared run."""
    return shared.bare(tmp_path / "desk")


@pytest.fixture
def heard(shared: SharedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests about files and folders: the market is not measured again, nor the heads heard, for each start."""
    monkeypatch.setattr(World, "survey", shared.world().survey)
    monkeypatch.setattr(World, "council", shared.world().council)


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_backtest_has_the_log_of_cycles_one_by_one_however_many_processes(
    desk: Desk, shared: SharedRun, jobs: int
) -> None:
    ended = run(desk, jobs)
    assert ended.results is not None
    assert (ended.done, ended.total, ended.last) == (14, 14, SOME)
    assert ended.results.root == root_after(shared, ended.results.records)
    assert ended.results.tally.cycles == 14


def test_single_cycles_a_replayed_schedule_and_a_backtest_write_the_same_bytes(
    desk: Desk, shared: SharedRun, tmp_path: Path
) -> None:
    last = "2011-01-05"
    made = run(desk, last=last).folder

    cycles = shared.bare(tmp_path / "cycles")
    for day in shared.world().sessions("2011-01-03", last):
        # each in a start of its own, as `warrant cycle` does it
        with opened(cycles, shared.world_of(cycles)) as runner:
            runner.cycle(day)

    replayed = shared.bare(tmp_path / "replayed")
    world = shared.world_of(replayed)
    clock = ReplayClock(instant(world.calendar.open_instant(world.first_decision)), None)
    with opened(replayed, RevealedWorld.over(world, clock), clock=clock) as runner:
        loop = Loop(runner, Timetable(world.calendar, replayed.settings.schedule), clock)
        drive(loop, clock, lambda: runner.standing.last_session == last)

    assert records(cycles.folder) == records(made)
    assert records(replayed.folder) == records(made)


def records(folder: Path) -> list[bytes]:
    """The canonical bytes of every record."""
    with LogReader.read(read_desk(folder).store) as log:
        return [canonical(record) for record in log]


def test_a_run_that_was_stopped_goes_on_and_is_the_run_that_never_was(desk: Desk, shared: SharedRun) -> None:
    first = backtest(desk, Asked(last=SOME, jobs=2), Silent(), stopping=stopping_after(5))
    assert (first.done, first.total, first.last, first.results) == (5, 14, "2011-01-07", None)
    again = run(desk, jobs=3)
    assert again.results is not None
    assert (again.done, again.folder) == (14, first.folder)
    assert again.results.root == root_after(shared, again.results.records)
    # and a third call has nothing to decide, and tells the same
    assert run(desk).results.to_json() == again.results.to_json()


@pytest.mark.usefixtures("heard")
def test_the_desk_itself_is_left_as_it_was(desk: Desk) -> None:
    before = files_digest(desk.folder)
    made = run(desk, last="2011-01-04").folder
    assert files_digest(desk.folder) == before
    assert not desk.store.exists()
    assert made == desk.folder / "runs" / "2011-01-03--2011-01-04"
    assert read_desk(made).settings.desk.name == desk.settings.desk.name


@pytest.mark.usefixtures("heard")
def test_a_paper_desk_of_its_own_bars_is_run_back_as_a_backtest(desk: Desk, tmp_path: Path) -> None:
    settings = desk.folder / "warrant.toml"
    text = settings.read_text().replace('mode = "backtest"', 'mode = "paper"').replace("[store]\npath", "[store]\n#")
    settings.write_text(text)
    made = run(read_desk(desk.folder), last="2011-01-04", into=tmp_path / "elsewhere")
    copy = read_desk(tmp_path / "elsewhere")
    assert (made.folder, copy.settings.desk.mode) == (tmp_path / "elsewhere", "backtest")
    assert "# " in (copy.folder / "warrant.toml").read_text(), "what people wrote beside the settings stays"


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda desk: append(desk.folder / "rules/book/entry.clp"), "the desk's files have changed since"),
    ],
)
def test_a_run_does_not_go_on_over_another_law_unless_told_to_begin_anew(
    desk: Desk, change: Callable[[Desk], None], words: str
) -> None:
    last = "2011-01-04"
    run(desk, last=last)
    change(desk)
    with pytest.raises(Faulty, match=rf"can not go on: {words}; make it anew with --fresh"):
        run(desk, last=last)
    assert run(desk, last=last, fresh=True).results is not None


def append(file: Path) -> None:
    with file.open("a") as text:
        text.write("\n")


def test_a_folder_that_is_not_a_backtests_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    with pytest.raises(Faulty, match="is no backtest's folder, so it is left alone"):
        run(desk, into=tmp_path / "mine", fresh=True)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter"]
    with pytest.raises(Faulty, match="is a file; name a folder"):
        run(desk, into=tmp_path / "mine" / "letter")


def test_sessions_are_those_between_two_dates_that_the_schedule_decides(shared: SharedRun) -> None:
    world = shared.world()
    assert sessions(world, None, None)[0] == "2011-01-03"
    assert sessions(world, None, None)[-1] == LAST
    # a weekend's ends are the sessions inside
    assert sessions(world, "2011-01-08", "2011-01-16") == tuple(f"2011-01-{day}" for day in (10, 11, 12, 13, 14))
    for first, last, words in [
        ("2010-12-01", None, "`2010-12-01` is too early: the heads train on bars up to 2010-12-31"),
        ("2012-01-01", None, "there is no session to decide from 2012-01-01"),
        ("2011-02-01", "2011-01-01", "there is no session to decide from 2011-02-01 to 2011-01-01"),
        ("2011-02-30", None, "this is no date"),
    ]:
        with pytest.raises(Faulty, match=words):
            sessions(world, first, last)


def test_a_weekly_desk_is_run_back_weekly(shared: SharedRun, tmp_path: Path) -> None:
    desk = shared.bare(tmp_path / "weekly")
    with (desk.folder / "warrant.toml").open("a") as settings:
        settings.write('\n[schedule]\nevery = "week"\n')
    world = shared.world_of(read_desk(desk.folder))
    assert sessions(world, None, "2011-01-31") == ("2011-01-07", "2011-01-14", "2011-01-21", "2011-01-28")


# --- facts published ahead --------------------------------------------------------------------------------------


@pytest.fixture
def world(shared: SharedRun) -> AheadWorld:
    return AheadWorld.over(shared.world(), shared.desk, shared.desk.models, LAST)


def test_what_another_process_made_is_the_snapshot_this_one_would_make(world: AheadWorld, shared: SharedRun) -> None:
    days = shared.world().sessions("2011-01-03", "2011-01-11")
    with published_ahead(world, days, 2):
        for day in days:
            found, own = world.snapshot(day), shared.world().snapshot(day)
            assert isinstance(found, Published)
            assert (found.as_of, found.universe, found.digest, found.encoded) == (
                own.as_of, own.universe, own.digest, own.encoded,
            )  # fmt: skip
            assert (found.all("bar"), found.all("head")) == (own.all("bar"), own.all("head"))
            with pytest.raises(KeyError):
                found.all("indicator")
            with pytest.raises(KeyError):
                found.find("quality", "AAPL")
        assert not isinstance(world.snapshot(days[0]), Published), "a second time it is made here"


def test_what_other_processes_can_not_give_is_made_here(
    world: AheadWorld, shared: SharedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = shared.world().sessions("2011-01-03", "2011-01-06")
    made = AheadWorld.snapshot

    def failing(self: AheadWorld, day: str) -> object:
        if os.getpid() != here and day == days[1]:
            raise RuntimeError("a surprise")
        if os.getpid() != here and day == days[2]:
            os.kill(os.getpid(), signal.SIGKILL)
        return made(self, day)

    here = os.getpid()
    monkeypatch.setattr(AheadWorld, "snapshot", failing)
    with published_ahead(world, days, 1):
        found = [world.snapshot(day) for day in days]
    assert [isinstance(one, Published) for one in found] == [True, False, False, False]
    assert [one.digest for one in found] == [shared.world().snapshot(day).digest for day in days]


def test_heads_trained_side_by_side_say_what_heads_say_that_were_trained_one_by_one(
    shared: SharedRun, tmp_path: Path
) -> None:
    world = AheadWorld.over(shared.world(), shared.desk, tmp_path / "models", LAST)
    ahead.train(world, 2)
    kept = {path.name for path in (tmp_path / "models").iterdir()}
    assert kept == {path.name for path in (shared.desk.models).iterdir()}
    assert world.council.advise(LAST) == shared.world().council.advise(LAST)
    assert {path.name for path in (tmp_path / "models").iterdir()} == kept, "nothing was left to train"
