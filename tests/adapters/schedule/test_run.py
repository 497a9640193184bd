"""`warrant run`: a replay through the running desk's own loop decides what a backtest decides."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from adapters import cli
from adapters.audit.log import LogReader
from adapters.running.clock import ReplayClock
from adapters.running.session import opened
from adapters.schedule.driving import drive
from adapters.schedule.loop import Loop
from adapters.schedule.revealed import RevealedWorld
from adapters.schedule.timetable import Timetable
from adapters.verifying.verify import verify
from engine.orders.warrants import instant
from tests.shared_run import LAST, SharedRun


def test_a_replay_has_the_log_of_a_backtest(shared: SharedRun, tmp_path: Path) -> None:
    desk, world = shared.bare(tmp_path), shared.world()
    clock = ReplayClock(instant(f"{world.first_decision}T00:00:00Z"))
    seen = RevealedWorld.over(world, clock)
    with opened(desk, seen, clock=clock) as runner:
        loop = Loop(runner, Timetable(world.calendar, desk.settings.schedule), clock)
        drive(loop, clock, lambda: loop.next_cycle is None or loop.next_cycle.session > LAST)
        assert runner.log.root == shared.root


def test_what_has_not_closed_is_hidden(shared: SharedRun) -> None:
    world = shared.world()
    clock = ReplayClock(instant("2011-01-04T20:59:59Z"))
    seen = RevealedWorld.over(world, clock)
    assert seen.sessions("2011-01-03", LAST) == ("2011-01-03",)
    for ask in (seen.bars, seen.snapshot):
        with pytest.raises(LookupError, match="2011-01-04 has not closed"):
            ask("2011-01-04")
    clock.wait_until(instant("2011-01-04T21:00:00Z"))
    assert seen.sessions("2011-01-03", LAST) == ("2011-01-03", "2011-01-04")
    assert seen.bars("2011-01-04") == world.bars("2011-01-04")


def test_the_command_runs_and_goes_on_where_it_stopped(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.bare(tmp_path)
    words = ["run", "--desk", str(desk.folder), "--replay", "feed", "--json"]
    assert cli.run([*words, "--cycles", "3"]) == 0
    assert cli.run([*words, "--until", "2011-01-10"]) == 0
    decided = [json.loads(line)["as_of"][:10] for line in capsys.readouterr().out.splitlines()]
    assert decided == ["2011-01-03", "2011-01-04", "2011-01-05", "2011-01-06", "2011-01-07", "2011-01-10"]
    assert verify(desk.store).holds
    with LogReader.read(desk.store) as log, LogReader.read(shared.store) as other:
        assert log.root == other.root_at(log.size)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], 'only a desk with `mode = "paper"` runs by the clock'),
        (["--replay", "nowhere"], "there is no file or folder `nowhere`"),
        (["--replay", "feed", "--speed", "fast"], "`fast` is no speed"),
        (["--replay", "feed", "--speed", "0"], "`0` is no speed"),
        (["--replay", "feed", "--until", "2011-13-01"], "`2011-13-01` is no date"),
    ],
)
def test_what_can_not_be_run_is_said(
    words: list[str], said: str, shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.bare(tmp_path)
    assert cli.run(["run", "--desk", str(desk.folder), *words]) == 2
    assert said in capsys.readouterr().err
    assert not desk.store.exists()


def test_the_unit_for_systemd_starts_a_command_that_there_is() -> None:
    unit = (Path(__file__).parents[3] / "docs" / "warrant.service").read_text(encoding="utf-8")
    start = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    path, rest = cli.split(start.split()[1:])
    assert path == ["run"]
    known = {option for one in typer.main.get_command(cli.app(path)).commands["run"].params for option in one.opts}  # type: ignore[attr-defined]
    assert {word for word in rest if word.startswith("--")} <= known


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_for_systemd_is_sound(tmp_path: Path) -> None:
    unit = (Path(__file__).parents[3] / "docs" / "warrant.service").read_text(encoding="utf-8")
    # What a machine must have: the program and the user.
    here = unit.replace("/opt/warrant/bin/warrant", "/bin/true").replace("User=warrant", "User=root")
    (tmp_path / "warrant.service").write_text(here.replace("Group=warrant", "Group=root"), encoding="utf-8")
    command = ["systemd-analyze", "verify", str(tmp_path / "warrant.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
