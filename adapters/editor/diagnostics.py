"""Checks as an editor asks for them: a moment after the last change, the newest text only, one desk after another.

A change that comes while a check is under way ends that check where it is slow, and its answer is never shown: what is
shown was found in the text that the editor has. Where no check comes about, the editor's user is told why, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from adapters.editor.checker import Answer, Checker
from adapters.editor.desks import Desks
from engine.verdicts import surprise

REST = 0.15
"""Seconds without a change after which a check begins: about the time between two keys."""


class Diagnostics:
    """Runs checks beside the event loop. Every method is called on the loop; `show` and `complain` are, too."""

    def __init__(
        self,
        desks: Desks,
        show: Callable[[Path, Answer], None],
        complain: Callable[[str], None],
        checker: Checker | None = None,
        rest: float = REST,
    ) -> None:
        self._desks = desks
        self._show = show
        self._complain = complain
        self._checker = checker or Checker()
        self._rest = rest
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="check")
        self._wanted: dict[Path, int] = {}
        self._running: set[Path] = set()
        self._waiting: dict[Path, asyncio.TimerHandle] = {}
        self._told = ""

    def want(self, desk: Path) -> None:
        """The texts of a desk have changed."""
        self._wanted[desk] = self._wanted.get(desk, 0) + 1
        if desk in self._running:
            self._checker.interrupt()
        if waiting := self._waiting.pop(desk, None):
            waiting.cancel()
        self._waiting[desk] = asyncio.get_running_loop().call_later(self._rest, self._begin, desk)

    async def trial(self, desk: Path, unsaved: Mapping[str, str]) -> Answer | None:
        """What a check finds in texts that nobody has yet; None where a newer text has interrupted it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._checker.check, desk, unsaved)

    def close(self) -> None:
        """End what is under way, for good."""
        for waiting in self._waiting.values():
            waiting.cancel()
        self._checker.interrupt(-1.0)
        self._thread.submit(self._checker.close)
        self._thread.shutdown()

    def _begin(self, desk: Path) -> None:
        del self._waiting[desk]
        if desk not in self._running:
            self._running.add(desk)
            task = asyncio.get_running_loop().create_task(self._check(desk))
            task.add_done_callback(partial(self._end, desk))

    def _end(self, desk: Path, task: asyncio.Task[None]) -> None:
        self._running.discard(desk)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._complain(f"the check broke: {surprise(error)}")

    async def _check(self, desk: Path) -> None:
        """Check until nothing has changed meanwhile."""
        loop = asyncio.get_running_loop()
        asked = -1
        while asked != self._wanted[desk]:
            asked = self._wanted[desk]
            answer = await loop.run_in_executor(self._thread, self._checker.check, desk, self._desks.unsaved(desk))
            if answer is not None and asked == self._wanted[desk]:
                self._tell(desk, answer)

    def _tell(self, desk: Path, answer: Answer) -> None:
        if answer.failed and answer.failed != self._told:
            self._complain(answer.failed)
        self._told = answer.failed
        if not answer.failed:
            self._show(desk, answer)
