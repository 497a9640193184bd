"""The demonstration: whose folder it may touch, that it repeats itself, and that it goes on where it was stopped."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import LogReader
from adapters.demo import run as demo
from adapters.demo.desk import CHANGES, MARKER, Change, claimed, demonstrated, prepare
from adapters.demo.progress import PARTS, Lines
from adapters.demo.run import Demonstration, demonstrate, typed
from adapters.desk.folder import read_desk
from adapters.installation import SHIPPED
from adapters.running.world import World
from engine.books.books import Books, fold
from engine.limits.text import read_limits
from engine.orders.portfolio import Mode
from knowledge.faults import Faulty

pytestmark = pytest.mark.sqlite_file  # a demonstration keeps its log in a file

pytest_plugins = ["tests.adapters.demo_sample"]

Again = Callable[..., Demonstration]
STORE = "store/warrant.sqlite"
LIMITS = (SHIPPED / "limits.yaml").read_text(encoding="utf-8")


def root_of(folder: Path) -> str:
    with LogReader.read(folder / STORE) as log:
        return log.root.hex()


def books_of(folder: Path) -> Books:
    settings = read_desk(folder).settings.desk
    with LogReader.read(folder / STORE) as log:
        start = Books.open(settings.account, Mode(settings.mode), settings.currency, settings.capital)
        return fold(start, log.records())


def after(steps: int) -> Callable[[], object]:
    """Stops a run after so many sessions."""

    @contextmanager
    def stopping() -> Iterator[Callable[[], bool]]:
        left = [steps]

        def stopped() -> bool:
            left[0] -= 1
            return left[0] < 0

        yield stopped

    return stopping


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- it repeats itself ------------------------------------------------------------------------------------------


def test_two_runs_give_the_same_log_and_the_same_report(shown: Demonstration, tmp_path: Path) -> None:
    """Nothing is shared between the two: both measure the market and train the heads."""
    second = demonstrate(tmp_path / "other", Lines(io.StringIO()), until=shown.last)
    assert shown.results is not None and second.results is not None
    assert second.results.root == shown.results.root == root_of(shown.folder)
    assert second.report.read_bytes() == shown.report.read_bytes()


def test_a_run_that_was_stopped_goes_on_to_the_same_log(shown: Demonstration, again: Again, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = again(folder, stopping=after(20))
    assert first.results is None
    assert (first.done, first.last) == (20, "2011-01-31")
    assert books_of(folder).holdings, "it is stopped while it holds something"
    second = again(folder, stopping=after(2))
    assert (second.done, second.results) == (22, None)
    third = again(folder)
    assert third.results is not None and shown.results is not None
    assert third.results.root == shown.results.root
    assert third.report.read_bytes() == shown.report.read_bytes()
    assert books_of(folder) == books_of(shown.folder)


def test_ctrl_c_lets_the_session_end_and_the_run_be_resumed(
    shown: Demonstration, shown_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "survey", shown_world.survey)
    monkeypatch.setattr(World, "council", shown_world.council)

    class Impatient(Lines):
        def step(self, done: int, total: int, day: str) -> None:
            if done == 3:
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    ended = demonstrate(tmp_path / "demo", Impatient(io.StringIO()), until=shown.last)
    assert (ended.done, ended.results) == (3, None)
    assert signal.getsignal(signal.SIGINT) is before
    assert demonstrate(tmp_path / "demo", Lines(io.StringIO()), until=shown.last).results is not None
    assert shown.results is not None
    assert root_of(tmp_path / "demo") == shown.results.root


def test_the_second_ctrl_c_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), demo.interrupted() as stopped:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("name", ["limits.yaml", "rules/book/entry.clp"])
def test_a_desk_that_somebody_edited_is_not_lost(again: Again, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "demo"
    again(folder, stopping=after(2))
    file = folder / name
    ours = file.read_bytes()
    file.write_bytes(ours + b"\n")
    before = content(tmp_path)
    with pytest.raises(Faulty, match="were changed since the demo made them"):
        again(folder, stopping=after(1))
    # Reading a log in WAL mode leaves its two companions; nothing that was there has changed.
    assert before.items() <= content(tmp_path).items()
    file.write_bytes(ours)
    assert again(folder, stopping=after(1)).done == 3, "as it was, it goes on"


def test_a_stopped_run_of_another_program_is_begun_anew(again: Again, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    again(folder, stopping=after(2))
    marker = folder / MARKER
    marker.write_text(marker.read_text(encoding="utf-8").replace("sha256:", "sha256:0", 1), encoding="utf-8")
    assert again(folder, stopping=after(1)).done == 1


def test_a_damaged_log_is_begun_anew(again: Again, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    again(folder, stopping=after(2))
    (folder / STORE).write_bytes(b"no log at all")
    assert again(folder, stopping=after(1)).done == 1


def test_a_finished_run_is_made_anew_and_what_it_did_not_make_stays(again: Again, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    again(folder, until="2011-01-05")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert again(folder, until="2011-01-04").done == 2
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    (folder / "rules/book/mine.clp").write_text("; mine", encoding="utf-8")
    with pytest.raises(Faulty, match="were changed since the demo made them"):
        again(folder, until="2011-01-04")
    assert (folder / "rules/book/mine.clp").exists()


# --- whose folder -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["letter.txt", "limits.yaml", "store/warrant.sqlite", ".hidden"])
def test_a_folder_of_somebody_else_is_never_touched(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "there" / name
    file.parent.mkdir(parents=True)
    file.write_text("not yours", encoding="utf-8")
    before = content(tmp_path)
    assert cli.run(["demo", "--into", str(tmp_path / "there")]) == 2
    assert "was not made by `warrant demo`" in capsys.readouterr().err
    assert content(tmp_path) == before


def test_a_marker_of_other_words_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("my own notes", encoding="utf-8")
    with pytest.raises(Faulty, match="was not made by"), claimed(tmp_path):
        pass


def test_the_shipped_desk_is_not_a_demonstration() -> None:
    with pytest.raises(Faulty, match="was not made by"), claimed(SHIPPED):
        pass


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("", encoding="utf-8")
    with pytest.raises(Faulty, match="is a file"), claimed(tmp_path / "demo"):
        pass


def test_two_demonstrations_do_not_share_a_folder(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(Faulty, match="another demonstration"), claimed(tmp_path):
        pass
    with claimed(tmp_path), (tmp_path / MARKER).open() as held, pytest.raises(BlockingIOError):
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_demonstration_that_ended_while_it_began_can_begin_again(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("made by `war", encoding="utf-8")
    with claimed(tmp_path):
        assert prepare(tmp_path, None, None).resumes_after == ""


def test_a_date_before_the_first_session_is_refused(again: Again, tmp_path: Path) -> None:
    with pytest.raises(Faulty, match="2011-01-03"):
        again(tmp_path / "demo", until="2010-12-30")


# --- its limits -------------------------------------------------------------------------------------------------


def test_only_the_named_bounds_differ_from_those_that_ship(shown: Demonstration) -> None:
    here = read_limits((shown.folder / "limits.yaml").read_text(encoding="utf-8"))
    ships = read_limits(LIMITS)
    differs = {}
    for ours, theirs in zip(here.limits, ships.limits, strict=True):
        fields = {name for name in ours.__slots__ if getattr(ours, name) != getattr(theirs, name)}
        if fields:
            differs[ours.id] = fields
            assert ours.source.startswith("demonstration: ")
    assert differs == {one.limit: {"bound", "source"} for one in CHANGES}
    assert (here.parameters, here.scenarios) == (ships.parameters, ships.scenarios)
    assert here.regime_multipliers == ships.regime_multipliers
    assert {one.limit.id: one.shipped for one in shown.changed} == {
        one.id: one.bound for one in ships.limits if one.id in differs
    }


def test_every_other_file_is_the_one_that_ships(shown: Demonstration) -> None:
    for path in (shown.folder / "rules").rglob("*.*"):
        assert path.read_bytes() == (SHIPPED / path.relative_to(shown.folder)).read_bytes()
    for name in ("rules.clp", "policies.pl", "instruments.yaml"):
        assert (shown.folder / name).read_bytes() == (SHIPPED / name).read_bytes()
    ours, theirs = read_desk(shown.folder).settings, read_desk(SHIPPED).settings
    assert ours.desk.name == "demo"
    assert ours.model_copy(update={"desk": theirs.desk}) == theirs


def test_a_limits_file_without_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.demo.desk.CHANGES", (Change("order.nothing", "1 %", "why"),))
    with pytest.raises(Faulty, match=r"there is no limit `order\.nothing`"):
        demonstrated(LIMITS, "limits.yaml")


@pytest.mark.parametrize(
    ("before", "wrong", "words"),
    [('kind = "sample"', 'kind = "csv"\npath = "bars"', "sample"), ('mode = "backtest"', 'mode = "paper"', "backtest")],
)
def test_a_desk_that_could_not_repeat_itself_is_refused(tmp_path: Path, before: str, wrong: str, words: str) -> None:
    from adapters.desk.making import make_desk

    make_desk(tmp_path / "mine")
    settings = tmp_path / "mine/warrant.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(before, wrong), encoding="utf-8")
    with claimed(tmp_path / "demo"), pytest.raises(Faulty, match=words):
        prepare(tmp_path / "demo", tmp_path / "mine", None)


# --- what it says -----------------------------------------------------------------------------------------------


def test_the_commands_it_proposes_work(
    shown_world: World,
    shown: Demonstration,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(World, "survey", shown_world.survey)
    monkeypatch.setattr(World, "council", shown_world.council)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["demo", "--until", shown.last, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert shown.results is not None
    assert told["root"] == shown.results.root
    assert [one["limit"] for one in told["changed"]] == [one.limit for one in CHANGES]
    assert len(told["commands"]) == 3
    for command, said in zip(told["commands"], ("what came of it", "denied", "arithmetic   holds"), strict=True):
        program, *words = shlex.split(command)
        assert Path(program).resolve() == SHIPPED / "warrant"
        assert words[-2:] == ["--desk", "demo"]
        assert cli.run(words) == 0
        assert said in capsys.readouterr().out


def test_paths_are_written_as_one_would_type_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert typed(tmp_path / "here/demo/report.html") == "demo/report.html"
    assert typed(tmp_path / "there") == "../there"
    assert typed(Path("/")) == "/"


@pytest.mark.parametrize(("already", "total"), [(0, 543), (0, 7), (400, 543), (0, 1)])
def test_plain_progress_says_each_tenth_once(already: int, total: int) -> None:
    sink = io.StringIO()
    progress = Lines(sink)
    for done in range(already + 1, total + 1):
        progress.step(done, total, "2011-01-03")
    told = sink.getvalue().splitlines()
    assert len(told) == min(PARTS, total) - already * PARTS // total
    assert told[-1] == f"decided {total} of {total} sessions, up to 2011-01-03"
    assert all("s left" in line for line in told[:-1])
