"""The demonstration: two years of real daily bars become decisions, on a desk of its own.

Everything in it is the ordinary thing: the desk is a copy of the one that ships (`adapters/demo/desk.py` says what
differs), its cycles are those of `warrant cycle`, its summary and report are read back from its log. An interruption
ends it between two sessions; called again it goes on there, and the log is the one of a run that never stopped.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from adapters.answers.lookup import session_date
from adapters.demo.desk import CHECKPOINT, REPORT, Changed, claimed, prepare
from adapters.demo.progress import Progress
from adapters.reports.report import write_report
from adapters.reports.results import Results, read_results
from adapters.running.backtest import remaining, run
from adapters.running.session import opened
from adapters.running.world import World
from adapters.signing.log_key import log_signer, make_log_key
from adapters.signing.note import VerifierKey
from knowledge.faults import Fault, Faulty


@dataclass(frozen=True)
class Demonstration:
    """How a demonstration ended."""

    folder: Path
    changed: tuple[Changed, ...]
    done: int
    """Sessions decided so far."""
    total: int
    last: str
    """The last session decided, empty before the first."""
    results: Results | None
    """None where it was interrupted."""
    key: VerifierKey | None = None
    """The key made for it, by which the log as it ended is signed."""

    @property
    def checkpoint(self) -> Path:
        """Where the signed size and root of the log are, once there are results."""
        return self.folder / CHECKPOINT

    @property
    def report(self) -> Path:
        """Where the report is, once there are results."""
        return self.folder / REPORT


Stopping = Callable[[], AbstractContextManager[Callable[[], bool]]]


@contextmanager
def interrupted() -> Iterator[Callable[[], bool]]:
    """Within, the first Ctrl-C only asks to stop between two sessions; the second one ends at once."""
    asked = False

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def demonstrate(
    folder: Path,
    progress: Progress,
    *,
    source: Path | None = None,
    until: str | None = None,
    stopping: Stopping = interrupted,
) -> Demonstration:
    """Run the demonstration in `folder` up to the session `until` (default: the last one of the feed).

    While it decides, `stopping` says before each session whether to stop there. Raises `Faulty` for a folder or a desk
    that can not be used, `Failed` for the store and the engines.
    """
    with claimed(folder):
        stage = prepare(folder, source, until)
        if stage.fresh:
            progress.phase(f"an earlier run is here, but {stage.fresh}: beginning anew")
        if stage.resumes_after:
            progress.phase(f"an interrupted run is here: going on after {stage.resumes_after}")
        world = World.of(stage.desk)
        progress.phase("reading bars and measuring the market")
        last = session_date(until, world) or world.survey.market.panel.sessions[-1]
        days = _sessions(world, last)
        progress.phase(f"training the heads on bars up to {world.trained_until}")
        heads = world.council.seats
        if log_signer(stage.desk) is None:
            make_log_key(stage.desk)
        progress.phase(f"checking the desk, starting the engines ({len(heads)} heads are ready)")
        with opened(stage.desk, world) as runner:
            left = remaining(runner, days[0], last)
            done = len(days) - len(left)
            with stopping() as stopped:
                for day, _ in _unless(stopped, run(runner, left)):
                    done += 1
                    progress.step(done, len(days), day)
            reached = runner.standing.last_session
            if done < len(days):
                return Demonstration(folder, stage.changed, done, len(days), reached, None)
            progress.phase("reading the log back, drawing the report")
            results = read_results(runner.log, world)
            write_report(folder / REPORT, results, runner.log, stage.changed)
            signed, key = runner.sign(), runner.signer.key if runner.signer else None
            if signed is not None:
                (folder / CHECKPOINT).write_bytes(signed.content)
        return Demonstration(folder, stage.changed, done, len(days), reached, results, key)


def typed(path: Path) -> str:
    """A path as one would type it from here: relative where it lies below or beside, else whole."""
    relative = Path(os.path.relpath(path))
    return str(path.resolve() if relative.parts[:2] == ("..", "..") else relative)


def _unless(stopped: Callable[[], bool], steps: Iterator[tuple[str, object]]) -> Iterator[tuple[str, object]]:
    while not stopped():
        step = next(steps, None)
        if step is None:
            return
        yield step


def _sessions(world: World, last: str) -> tuple[str, ...]:
    days = world.sessions(world.first_decision, last)
    if not days:
        message = f"`{last}` is before {world.first_decision}, the first session that is decided; give a later date"
        raise Faulty(Fault("command line", 1, 1, message))
    return days
