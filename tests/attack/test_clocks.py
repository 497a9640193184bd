"""A replay, or a cycle asked for by hand, into the log of a desk that runs by the machine's clock; and the reverse."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import cli
from adapters.audit.log import AuditLog
from adapters.desk.folder import Desk, read_desk
from adapters.running.continuity import check_clock
from knowledge.faults import Faulty


def desk_of(folder: Path, mode: str, *clocks: str) -> Desk:
    """A desk whose log began by these clocks."""
    assert cli.run(["init", str(folder)]) == 0
    settings = folder / "warrant.toml"
    settings.write_text(settings.read_text().replace('mode = "backtest"', f'mode = "{mode}"'))
    desk = read_desk(folder)
    with AuditLog.open(desk.store) as log:
        for number, clock in enumerate(clocks):
            around = {"as_of": "2011-01-03T14:30:00Z", "recorded_at": "2011-01-03T14:30:00Z"}
            body = {**around, "desk": "shipped", "mode": mode, **({"clock": clock} if clock else {})}
            log.append("start", body, after=number)
    return desk


@pytest.mark.parametrize(
    ("began", "refused"),
    [
        (("machine",), ("replay", "")),
        (("replay",), ("machine", "")),
        (("", "machine"), ("replay", "")),
        (("",), ()),
        ((), ()),
    ],
)
def test_one_clock_goes_on_with_a_log(tmp_path: Path, began: tuple[str, ...], refused: tuple[str, ...]):
    desk = desk_of(tmp_path / "desk", "paper", *began)
    for clock in ("machine", "replay", ""):
        if clock in refused:
            with pytest.raises(Faulty, match=f"runs by the clock of the {began[-1]}"):
                check_clock(desk, clock)
        else:
            check_clock(desk, clock)


def test_a_backtest_has_no_clock(tmp_path: Path):
    check_clock(desk_of(tmp_path / "desk", "backtest", "machine"), "replay")


@pytest.mark.parametrize("words", [["run", "--replay", "feed"], ["cycle"]])
def test_the_commands_refuse_before_they_write(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]):
    desk = desk_of(tmp_path / "desk", "paper", "machine")
    assert cli.run([*words, "--desk", str(desk.folder)]) == 2
    assert "give anything else a desk of its own" in capsys.readouterr().err
    with AuditLog.open(desk.store) as log:
        assert log.size == 1
