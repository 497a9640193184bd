"""The arithmetic verdict in several processes, for long logs: the walk over the store hands decisions on in bundles.

A `Recheck` for `adapters.verifying.verify`, as `adapters.verifying.replay` is one: asked about a record it only takes
it, and the values that it names; `findings` waits for the answers. Each process keeps the limits it has read.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from adapters.verifying.collecting import SELDOM
from adapters.verifying.findings import Surveyed
from adapters.verifying.recheck import Arithmetic
from adapters.verifying.verification import Check, Finding, finding_of
from knowledge.values import Json

BUNDLE = 24
"""Decisions that are handed on together."""
WAITING = 3
"""Bundles that may wait for each process; beyond it the walk waits, so that memory stays flat."""
INPUTS = ("snapshot", "portfolio", "limits")

Bundle = tuple[list[Json], dict[str, bytes]]
"""Records, and what they name, by digest."""


class ArithmeticInParallel:
    """Re-evaluates decision records in `jobs` processes. Use it as a context manager, for one walk or several."""

    def __init__(self, jobs: int) -> None:
        # Not forked: whoever asks may have threads, and engines that do not bear it.
        self._pool = ProcessPoolExecutor(jobs, get_context("spawn"), _settle)
        self._seats = threading.Semaphore(jobs * (1 + WAITING))
        self._surveyed = Surveyed()
        self._records: list[Json] = []
        self._values: dict[str, bytes] = {}
        self._asked: list[Future[list[list[str]]]] = []
        self._names: list[list[tuple[int, str]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __call__(self, record: Json, blob: Callable[[str], bytes]) -> list[str]:
        """What can be said at once; a decision is handed on, and what it shows is among the `findings`."""
        # It hangs on the records before it, which are all seen here alone.
        surveyed = self._surveyed(record, blob)
        if record.get("kind") != "decision":
            return surveyed
        for name in {record["inputs"][each] for each in INPUTS} - self._values.keys():
            try:
                self._values[name] = blob(name)
            except KeyError:
                # The check itself says what is missing.
                continue
        self._records.append(record)
        if len(self._records) == BUNDLE:
            self._hand_on()
        return surveyed

    def findings(self) -> list[Finding]:
        """Wait for every decision that was handed on, and return what does not hold. The next walk begins anew."""
        self._hand_on()
        found = []
        for names, future in zip(self._names, self._asked, strict=True):
            for (seq, name), sentences in zip(names, future.result(), strict=True):
                found += [finding_of(Check.ARITHMETIC, seq, name, sentence) for sentence in sentences]
        self._asked, self._names = [], []
        return found

    def _hand_on(self) -> None:
        if not self._records:
            return
        self._seats.acquire()
        self._names.append([(one["seq"], one["record_id"]) for one in self._records])
        future = self._pool.submit(_check, (self._records, self._values))
        future.add_done_callback(lambda _: self._seats.release())
        self._asked.append(future)
        self._records, self._values = [], {}


def _settle() -> None:
    """Look for cycles of references seldom: a decision that was checked leaves few."""
    gc.freeze()
    gc.set_threshold(*SELDOM)


@cache
def _arithmetic() -> Arithmetic:
    return Arithmetic()


def _check(bundle: Bundle) -> list[list[str]]:
    records, values = bundle
    return [_said(record, values) for record in records]


def _said(record: Json, values: dict[str, bytes]) -> list[str]:
    try:
        return _arithmetic().decided(record, values.__getitem__)
    except Exception as fault:  # noqa: BLE001  a record that cannot be re-evaluated is a finding, the next is read
        return [f"the re-evaluation failed: {type(fault).__name__}: {fault}"]
