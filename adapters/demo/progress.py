"""How far a long run has come, on standard error: a bar where a person watches, else a line at every tenth.

Nothing here is recorded: the wall clock serves only to say how long it may still take.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID

PARTS = 10
"""Lines that a whole run writes where nobody watches."""


class Progress(Protocol):
    """Told by a run how far it is."""

    def phase(self, words: str) -> None:
        """A part of the run begins whose length is not known."""

    def step(self, done: int, total: int, day: str) -> None:
        """`done` of `total` sessions are decided, the last one `day`."""


class Lines:
    """Plain lines: the phases, and a line whenever another tenth is done."""

    def __init__(self, sink: IO[str]) -> None:
        self._sink = sink
        self._begun: tuple[int, float] | None = None
        self._told = 0

    def phase(self, words: str) -> None:
        """One line."""
        self._write(words)

    def step(self, done: int, total: int, day: str) -> None:
        """One line for each tenth."""
        if self._begun is None:
            self._begun, self._told = (done - 1, monotonic()), (done - 1) * PARTS // total
        if done * PARTS // total > self._told:
            self._told = done * PARTS // total
            already, since = self._begun
            left = (monotonic() - since) / (done - already) * (total - done)
            rest = f"; about {left:.0f} s left" if done < total else ""
            self._write(f"decided {done} of {total} sessions, up to {day}{rest}")

    def _write(self, words: str) -> None:
        self._sink.write(words + "\n")
        self._sink.flush()


@contextmanager
def shown() -> Iterator[Progress]:
    """Progress on standard error, in the form that suits it."""
    if not sys.stderr.isatty():
        yield Lines(sys.stderr)
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.SpinnerColumn(finished_text="✓"),
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TextColumn("{task.fields[count]}"),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
        progress.TextColumn("{task.fields[unit]}"),
    )
    with progress.Progress(*columns, console=Console(stderr=True)) as display:
        yield _Bar(display)


class _Bar:
    """A line of the display for each phase; the last one has a length."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._phase: TaskID | None = None
        self._deciding: TaskID | None = None

    def phase(self, words: str) -> None:
        self._end()
        self._phase = self._display.add_task(words, total=None, count="", unit="")

    def step(self, done: int, total: int, day: str) -> None:
        if self._deciding is None:
            self._end()
            # What an earlier run decided counts as done, and not as speed.
            self._deciding = self._display.add_task("deciding", total=total, completed=done - 1, count="", unit="left")
        self._display.update(
            self._deciding, completed=done, description=f"deciding {day}", count=f"{done}/{total}",
            unit="left" if done < total else "",
        )  # fmt: skip

    def _end(self) -> None:
        if self._phase is not None:
            self._display.update(self._phase, total=1, completed=1)
            self._phase = None
